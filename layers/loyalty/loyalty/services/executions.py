"""The executions of a member: those that their history names, and what each does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from loyalty.domain.errors import ExecutionNotFound
from loyalty.services.console_ports import Execution, ExecutionLog, ExecutionStep
from loyalty.services.customers import current_member
from loyalty.services.execution_names import started_by
from loyalty.services.ports import MemberStore, ProgramStore

FACTS_READ: Final = 100
EXECUTIONS_SHOWN: Final = 10
STEPS_SHOWN: Final = 200


def executions_of(
    member_id: str, *, store: MemberStore, program: ProgramStore, log: ExecutionLog
) -> Sequence[Execution]:
    """Return a member's latest executions, newest first, as far as Step Functions keeps them.

    Requests: 1 query, 1 per execution, of which the ten latest are asked for.

    Raises
    ------
    MemberNotFound
        There is no such customer.
    """
    facts, _ = store.status_changes(member_id, limit=FACTS_READ)
    if not facts:
        current_member(store, member_id)
    names = (started_by(fact, program.current(fact.recorded_at)) for fact in facts)
    latest = list(dict.fromkeys(name for name in names if name))[:EXECUTIONS_SHOWN]
    found = (log.execution(name.machine, name.name) for name in latest)
    return [execution for execution in found if execution is not None]


def execution(
    machine: str, name: str, *, log: ExecutionLog
) -> tuple[Execution, Sequence[ExecutionStep]]:
    """Return an execution with its latest steps, newest first. Requests: 2.

    Raises
    ------
    ExecutionNotFound
        There is none, or it ended more than 90 days ago.
    """
    found = log.execution(machine, name)
    if found is None:
        raise ExecutionNotFound(name)
    return found, log.steps(machine, name, limit=STEPS_SHOWN)
