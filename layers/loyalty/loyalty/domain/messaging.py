"""When a message may go out: quiet hours, weekly and hourly limits; channels that are closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Final

from loyalty.domain.journey import Step, status_change
from loyalty.domain.member import Channel, Member
from loyalty.domain.program import ProgramDefinition

WEEK: Final = timedelta(days=7)
HOUR: Final = timedelta(hours=1)


def in_quiet_hours(definition: ProgramDefinition, at: datetime) -> bool:
    """Tell whether `at` lies in the program's quiet hours, [from, until) on its local clock."""
    local = at.astimezone(definition.time_zone).time()
    start, end = definition.quiet_from, definition.quiet_until
    if start <= end:
        return start <= local < end
    return local >= start or local < end


def after_quiet_hours(definition: ProgramDefinition, at: datetime) -> datetime:
    """Return `at` outside quiet hours, else the instant when they end, UTC.

    Quiet hours may span midnight. Where the clock is put forward over their end, the end moves with
    it; where it is put back over it, the hour that comes twice is quiet twice.
    """
    moment = at
    while in_quiet_hours(definition, moment):
        moment = _next_local(definition, moment, definition.quiet_until)
    return moment.astimezone(UTC)


def _next_local(definition: ProgramDefinition, after: datetime, wanted: time) -> datetime:
    """Return the first instant after `after` when the program's clock shows `wanted`, UTC."""
    day = after.astimezone(definition.time_zone).date()
    for candidate_day in (day, day + timedelta(days=1)):
        for fold in (0, 1):
            local = datetime.combine(candidate_day, wanted, tzinfo=definition.time_zone)
            instant = local.replace(fold=fold).astimezone(UTC)
            if instant > after:
                return instant
    raise AssertionError("a local time comes within two days")


def after_weekly_limit(member: Member, definition: ProgramDefinition, at: datetime) -> datetime:
    """Return the first instant from `at` on with a marketing message to spare, UTC.

    A week is any 168 hours.
    """
    latest = member.marketing_sent_at[-definition.marketing_per_week :]
    if len(latest) < definition.marketing_per_week:
        return at
    return max(at, latest[0] + WEEK)


def earliest_marketing(member: Member, definition: ProgramDefinition, at: datetime) -> datetime:
    """Return the first instant from `at` on that is not quiet nor over the week's limit, UTC."""
    return after_quiet_hours(definition, after_weekly_limit(member, definition, at))


def hour_of(at: datetime) -> datetime:
    """Return the start of the UTC hour that holds `at`."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def hourly_slot(hour: datetime, place: int, invites_per_hour: int) -> datetime:
    """Return the start of the hour when the `place`-th invite (from 1) of `hour` may go out, UTC.

    The first `invites_per_hour` go out at once; those above wait so many hours that the queue
    drains at the limit.
    """
    return hour + HOUR * ((place - 1) // invites_per_hour)


def with_marketing_sent(member: Member, definition: ProgramDefinition, at: datetime) -> Member:
    """Return the member with one more marketing message counted.

    As many are kept as the weekly limit needs.
    """
    sent = (*member.marketing_sent_at, at)[-definition.marketing_per_week :]
    return replace(member, marketing_sent_at=sent)


def suppress(member: Member, channel: Channel, reason: str, at: datetime) -> Step | None:
    """Close a channel for good after a bounce or complaint; None when it is closed already."""
    if channel in member.suppressed:
        return None
    closed = replace(
        member, version=member.version + 1, suppressed={**member.suppressed, channel: reason}
    )
    data = {"channel": channel, "reason": reason}
    return Step(closed, (status_change(member, closed, "ChannelSuppressed", at, data),))
