"""When messages may go out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.contracts.program import default_definition
from loyalty.domain.member import Member
from loyalty.domain.messaging import (
    after_quiet_hours,
    after_weekly_limit,
    earliest_marketing,
    hour_of,
    hourly_slot,
    in_quiet_hours,
    suppress,
    with_marketing_sent,
)
from loyalty.domain.program import ProgramDefinition

BERLIN = replace(default_definition(), time_zone=ZoneInfo("Europe/Berlin"))
MIDNIGHT = datetime(2017, 1, 1, tzinfo=UTC)
MEMBER = Member("m1", version=3, created_at=MIDNIGHT)


def berlin(text: str, *, fold: int = 0) -> datetime:
    local = datetime.fromisoformat(text).replace(tzinfo=BERLIN.time_zone, fold=fold)
    return local.astimezone(UTC)


def quiet(start: str, end: str) -> ProgramDefinition:
    return replace(
        BERLIN, quiet_from=time.fromisoformat(start), quiet_until=time.fromisoformat(end)
    )


@pytest.mark.parametrize(
    ("at", "allowed_at"),
    [
        ("2017-05-03T12:00", "2017-05-03T12:00"),
        ("2017-05-03T20:59:59", "2017-05-03T20:59:59"),
        ("2017-05-03T21:00", "2017-05-04T08:00"),
        ("2017-05-03T23:59", "2017-05-04T08:00"),
        ("2017-05-04T00:00", "2017-05-04T08:00"),
        ("2017-05-04T07:59:59", "2017-05-04T08:00"),
        ("2017-05-04T08:00", "2017-05-04T08:00"),
        ("2017-12-31T22:00", "2018-01-01T08:00"),
        # the night before and after the clock is changed
        ("2017-03-25T22:00", "2017-03-26T08:00"),
        ("2017-10-28T22:00", "2017-10-29T08:00"),
    ],
)
def test_quiet_hours_span_midnight_on_the_programs_clock(at: str, allowed_at: str) -> None:
    assert after_quiet_hours(BERLIN, berlin(at)) == berlin(allowed_at)


def test_quiet_hours_of_one_day() -> None:
    lunch = quiet("12:00", "13:30")
    assert after_quiet_hours(lunch, berlin("2017-05-03T12:10")) == berlin("2017-05-03T13:30")
    assert after_quiet_hours(lunch, berlin("2017-05-03T13:30")) == berlin("2017-05-03T13:30")


def test_equal_ends_mean_no_quiet_hours() -> None:
    assert not in_quiet_hours(quiet("08:00", "08:00"), berlin("2017-05-03T08:00"))


def test_an_end_that_the_clock_skips_moves_with_it() -> None:
    # On 26 March 2017 Berlin goes from 02:00 straight to 03:00.
    ends_in_gap = quiet("22:00", "02:30")
    assert after_quiet_hours(ends_in_gap, berlin("2017-03-26T01:00")) == berlin("2017-03-26T03:30")


def test_an_hour_that_comes_twice_is_quiet_twice() -> None:
    # On 29 October 2017 Berlin has the hour from 02:00 to 03:00 twice.
    ends_in_fold = quiet("22:00", "02:30")
    first_end = berlin("2017-10-29T02:30", fold=0)
    again_quiet = berlin("2017-10-29T02:10", fold=1)
    assert after_quiet_hours(ends_in_fold, berlin("2017-10-29T01:00")) == first_end
    assert after_quiet_hours(ends_in_fold, again_quiet) == berlin("2017-10-29T02:30", fold=1)


@given(
    st.integers(0, 3 * 365 * 24 * 60).map(lambda minutes: MIDNIGHT + timedelta(minutes=minutes)),
    st.times(),
    st.times(),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
)
def test_quiet_hours_end_at_the_first_moment_that_is_not_quiet(
    moment: datetime, start: time, end: time, zone: str
) -> None:
    definition = replace(BERLIN, time_zone=ZoneInfo(zone), quiet_from=start, quiet_until=end)
    allowed = after_quiet_hours(definition, moment)
    assert moment <= allowed <= moment + timedelta(hours=26)
    assert not in_quiet_hours(definition, allowed)
    minutes = range(int((allowed - moment) / timedelta(minutes=1)))
    loud = [m for m in minutes if not in_quiet_hours(definition, moment + timedelta(minutes=m))]
    assert len(loud) <= 60  # none, but where the clock skips the end


def test_the_third_marketing_message_of_a_week_waits_for_the_first_to_be_a_week_old() -> None:
    first, second = berlin("2017-05-01T10:00"), berlin("2017-05-03T10:00")
    member = with_marketing_sent(with_marketing_sent(MEMBER, BERLIN, first), BERLIN, second)
    now = berlin("2017-05-05T10:00")
    assert after_weekly_limit(member, BERLIN, now) == first + timedelta(days=7)
    assert after_weekly_limit(member, BERLIN, first + timedelta(days=8)) == first + timedelta(8)


def test_a_limit_that_was_lowered_counts_the_latest_messages() -> None:
    sent = tuple(berlin(f"2017-05-0{day}T10:00") for day in (1, 2, 3))
    member = replace(MEMBER, marketing_sent_at=sent)
    one_a_week = replace(BERLIN, marketing_per_week=1)
    now = berlin("2017-05-04T10:00")
    assert after_weekly_limit(member, one_a_week, now) == sent[-1] + timedelta(days=7)


def test_the_weeks_limit_may_end_in_quiet_hours() -> None:
    late = berlin("2017-05-01T20:59") + timedelta(minutes=10)
    member = replace(MEMBER, marketing_sent_at=(late, late))
    now = berlin("2017-05-05T10:00")
    assert earliest_marketing(member, BERLIN, now) == berlin("2017-05-09T08:00")


@pytest.mark.parametrize(
    ("place", "hours"), [(1, 0), (100, 0), (101, 1), (200, 1), (201, 2), (1000, 9)]
)
def test_a_flood_of_invites_drains_hour_by_hour(place: int, hours: int) -> None:
    hour = hour_of(berlin("2017-05-03T12:34:56"))
    assert hour == berlin("2017-05-03T12:00")
    assert hourly_slot(hour, place, 100) == hour + timedelta(hours=hours)


def test_a_channel_is_suppressed_once() -> None:
    step = suppress(MEMBER, "email", "bounce", MIDNIGHT)
    assert step is not None
    assert step.member.suppressed == {"email": "bounce"}
    assert [fact.event for fact in step.changes] == ["ChannelSuppressed"]
    assert suppress(step.member, "email", "complaint", MIDNIGHT) is None
