"""Which postings a member is told of at once, and what of a day is left to be told later."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from loyalty.domain.calendar import day_start, program_day
from loyalty.domain.consents import has_opted_out
from loyalty.domain.evaluation import EVALUATION
from loyalty.domain.ledger import Entry
from loyalty.domain.member import Member
from loyalty.domain.messaging import after_quiet_hours
from loyalty.domain.preferences import wants
from loyalty.domain.program import ProgramDefinition

# What was bought longer ago is history that somebody imports: no news to the member.
NEWS_FOR: Final = timedelta(days=2)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class PostedPoints:
    """What of a ledger entry decides whether its member is told."""

    sequence: int
    points: int
    occurred_at: datetime
    recorded_at: datetime
    is_silent: bool


def is_news(posting: PostedPoints | Entry) -> bool:
    """Tell whether a posting is worth a message: it brings points, and for something recent."""
    is_recent = posting.recorded_at - posting.occurred_at <= NEWS_FOR
    return posting.points > 0 and is_recent and not posting.is_silent


def sms_reaches(member: Member) -> bool:
    """Tell whether a service text may be sent: to a phone whose owner did not say no."""
    return (
        member.identity("phone") is not None
        and "sms" not in member.suppressed
        and not has_opted_out(member, "sms")
    )


def hears_of_points(member: Member, definition: ProgramDefinition) -> bool:
    """Tell whether a member gets text messages on their points."""
    return definition.points_sms and sms_reaches(member) and wants(member, "points_sms")


def evaluated(entries: Iterable[Entry]) -> Sequence[tuple[str, int]]:
    """Return what each evaluation posted, with the evaluated month."""
    points: dict[str, int] = {}
    for entry in entries:
        if entry.business_key.startswith(EVALUATION):
            evaluation, _, _ = entry.business_key.rpartition("/")
            points[evaluation] = points.get(evaluation, 0) + entry.points
    return [(evaluation.split("/")[1], posted) for evaluation, posted in points.items()]


def bundle_time(definition: ProgramDefinition, day: date) -> datetime:
    """Return when what was not told on a program day is told: after it, outside quiet hours."""
    return after_quiet_hours(definition, day_start(day + _DAY, definition.time_zone))


def bundled_day(definition: ProgramDefinition, due_at: datetime) -> date:
    """Return the program day that is told of at `due_at`."""
    return program_day(due_at.astimezone(UTC), definition.time_zone) - _DAY
