"""Items of ProgramTable: models and mapping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pynamodb.attributes import UnicodeAttribute

from loyalty.adapters.dynamodb.attributes import (
    DocumentAttribute,
    InstantAttribute,
    IntegerAttribute,
)
from loyalty.adapters.dynamodb.tables import ProgramItem
from loyalty.services.ports import MergeTask

if TYPE_CHECKING:
    from pynamodb.expressions.update import Action

VERSIONS = "PROGRAM"


def version_key(number: int) -> tuple[str, str]:
    """Return the key of a version of the program; versions sort by their number."""
    return VERSIONS, f"VERSION#{number:06}"


class VersionItem(ProgramItem, discriminator="program_version"):
    """One saved version of the program; written once."""

    number = IntegerAttribute()
    effective_from = InstantAttribute()
    definition = UnicodeAttribute()
    saved_by = UnicodeAttribute()
    saved_at = InstantAttribute()


class TaskItem(ProgramItem, discriminator="task"):
    """Something for staff to decide."""

    task_id = UnicodeAttribute()
    kind = UnicodeAttribute()
    member_ids = DocumentAttribute(tuple[str, ...])
    opened_at = InstantAttribute()
    cause = UnicodeAttribute()

    @classmethod
    def of(cls, task: MergeTask) -> TaskItem:
        return cls(
            f"TASK#{task.task_id}",
            "TASK",
            task_id=task.task_id,
            kind="merge",
            member_ids=task.member_ids,
            opened_at=task.opened_at,
            cause=task.cause,
        )

    def opening(self) -> list[Action]:
        """Return what opens the task, and leaves one alone that is there already."""
        attributes = self.get_attributes()
        return [
            attributes[name].set(attributes[name] | value)
            for name, value in self.attribute_values.items()
            if name not in ("pk", "sk")
        ]


class InviteCountItem(ProgramItem, discriminator="invite_count"):
    """How many invites were taken in one hour."""

    taken = IntegerAttribute()
    expires_at_epoch = IntegerAttribute()


class ReportItem(ProgramItem, discriminator="report"):
    """One part of a job's result."""

    document = DocumentAttribute(dict[str, object])
    expires_at_epoch = IntegerAttribute(null=True)
