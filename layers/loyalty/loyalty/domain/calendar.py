"""Program days and months: all of them begin at midnight in the program's time zone, DST or not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

_MOMENT: Final = timedelta(microseconds=1)


def program_day(at: datetime, zone: ZoneInfo) -> date:
    """Return the calendar day of the program in which the instant `at` lies."""
    return at.astimezone(zone).date()


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of a program day, UTC, also where DST skips or repeats midnight."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def last_day(ends_at: datetime, zone: tzinfo) -> date:
    """Return the last program day on which something still holds that is over at `ends_at`.

    People count days: what ends with the midnight after 31 May is good until 31 May.
    """
    return (ends_at - _MOMENT).astimezone(zone).date()


def return_window_end(occurred_at: datetime, pending_days: int, zone: ZoneInfo) -> datetime:
    """Return when points of an order become available.

    The window is `pending_days` whole program days after the order's own day, so it ends with the
    midnight after the last of them.
    """
    return day_start(program_day(occurred_at, zone) + timedelta(days=pending_days + 1), zone)


def lot_expiry(occurred_at: datetime, expiry_months: int, zone: ZoneInfo) -> datetime:
    """Return when points expire: at the end of the month `expiry_months` after their own, UTC."""
    earned = program_day(occurred_at, zone)
    month_number = earned.year * 12 + (earned.month - 1) + expiry_months + 1
    year, month_index = divmod(month_number, 12)
    return day_start(date(year, month_index + 1, 1), zone)


def month_of(day: date) -> str:
    """Return the month of a program day as `YYYY-MM`; months sort as they follow."""
    return f"{day.year:04}-{day.month:02}"


def month_after(month: str, months: int = 1) -> str:
    """Return the month `months` after (before, when negative) `month`."""
    number = int(month[:4]) * 12 + int(month[5:]) - 1 + months
    return f"{number // 12:04}-{number % 12 + 1:02}"


def month_start(month: str, zone: ZoneInfo) -> datetime:
    """Return the first instant of a program month, UTC."""
    return day_start(date(int(month[:4]), int(month[5:]), 1), zone)


def month_end(month: str, zone: ZoneInfo) -> datetime:
    """Return the last whole second of a program month, UTC."""
    return month_start(month_after(month), zone) - timedelta(seconds=1)
