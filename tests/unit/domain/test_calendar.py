"""Program days and months: leap days, DST, month ends."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from loyalty.domain.calendar import (
    day_start,
    last_day,
    lot_expiry,
    program_day,
    return_window_end,
)

BERLIN = ZoneInfo("Europe/Berlin")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_program_day_begins_at_local_midnight() -> None:
    assert program_day(utc("2017-01-31T22:59:59"), BERLIN) == date(2017, 1, 31)
    assert program_day(utc("2017-01-31T23:00:00"), BERLIN) == date(2017, 2, 1)


def test_a_day_without_midnight_begins_when_its_clock_does() -> None:
    # São Paulo put its clocks from 00:00 to 01:00 on 2017-10-15.
    start = day_start(date(2017, 10, 15), SAO_PAULO)
    assert start == utc("2017-10-15T03:00:00")
    assert start.astimezone(SAO_PAULO).hour == 1


def test_a_midnight_that_comes_twice_counts_from_the_first() -> None:
    # São Paulo put its clocks back from 00:00 on 2017-02-19 to 23:00 on the 18th.
    assert day_start(date(2017, 2, 19), SAO_PAULO) == utc("2017-02-19T03:00:00")
    # Havana puts them back from 01:00 to 00:00: midnight of 2017-11-05 comes twice.
    havana = ZoneInfo("America/Havana")
    assert day_start(date(2017, 11, 5), havana) == utc("2017-11-05T04:00:00")


@pytest.mark.parametrize(
    ("ends_at", "day"),
    [
        ("2017-05-31T22:00:00", date(2017, 5, 31)),  # is midnight in Berlin
        ("2017-05-31T22:00:01", date(2017, 6, 1)),
        ("2017-05-31T21:59:59", date(2017, 5, 31)),
    ],
)
def test_what_ends_at_midnight_had_its_last_day_before(ends_at: str, day: date) -> None:
    assert last_day(utc(ends_at), BERLIN) == day


@pytest.mark.parametrize(
    ("occurred_at", "pending_days", "ends"),
    [
        ("2017-01-01T12:00:00", 14, "2017-01-15T23:00:00"),
        ("2017-01-01T12:00:00", 0, "2017-01-01T23:00:00"),
        ("2017-03-25T12:00:00", 1, "2017-03-26T22:00:00"),  # the clocks go forward on the 26th
        ("2017-10-28T12:00:00", 1, "2017-10-29T23:00:00"),  # and back on the 29th of October
        ("2020-02-28T12:00:00", 1, "2020-02-29T23:00:00"),
        ("2017-12-31T23:30:00", 0, "2018-01-01T23:00:00"),  # is 2018-01-01 in Berlin
    ],
)
def test_a_return_window_is_whole_days(occurred_at: str, pending_days: int, ends: str) -> None:
    assert return_window_end(utc(occurred_at), pending_days, BERLIN) == utc(ends)


@pytest.mark.parametrize(
    ("occurred_at", "months", "expires"),
    [
        ("2017-01-31T22:59:59", 12, "2018-01-31T23:00:00"),
        ("2017-01-31T23:00:00", 12, "2018-02-28T23:00:00"),  # is February in Berlin
        ("2017-02-01T12:00:00", 0, "2017-02-28T23:00:00"),
        ("2020-02-29T12:00:00", 12, "2021-02-28T23:00:00"),
        ("2017-11-30T12:00:00", 1, "2017-12-31T23:00:00"),
        ("2017-12-31T12:00:00", 6, "2018-06-30T22:00:00"),  # summer time
    ],
)
def test_points_expire_at_the_end_of_a_month(occurred_at: str, months: int, expires: str) -> None:
    assert lot_expiry(utc(occurred_at), months, BERLIN) == utc(expires)
