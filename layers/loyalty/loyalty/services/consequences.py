"""What a decision on a task brings about in the decision's own transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from loyalty.domain.program import ProgramDefinition
from loyalty.domain.tasks import Task, TaskKind
from loyalty.services.adjust_points import post_approved
from loyalty.services.holds import settle_hold
from loyalty.services.ports import MemberChange

# Takes the change that writes the decision (its member is one version further already), the decided
# task and the program of now; returns the change with what follows from the decision.
Consequence: TypeAlias = Callable[[MemberChange, Task, ProgramDefinition], MemberChange]

CONSEQUENCES: Final[Mapping[TaskKind, Consequence]] = {
    "adjustment_approval": post_approved,
    "fraud_review": settle_hold,
}
