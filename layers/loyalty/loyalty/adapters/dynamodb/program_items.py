"""Items of ProgramTable: models and mapping."""

from __future__ import annotations

from pynamodb.attributes import UnicodeAttribute

from loyalty.adapters.dynamodb.attributes import (
    DocumentAttribute,
    InstantAttribute,
    IntegerAttribute,
)
from loyalty.adapters.dynamodb.tables import ProgramItem

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


class InviteCountItem(ProgramItem, discriminator="invite_count"):
    """How many invites were taken in one hour."""

    taken = IntegerAttribute()
    expires_at_epoch = IntegerAttribute()


class ReportItem(ProgramItem, discriminator="report"):
    """One part of a job's result."""

    document = DocumentAttribute(dict[str, object])
    expires_at_epoch = IntegerAttribute(null=True)
