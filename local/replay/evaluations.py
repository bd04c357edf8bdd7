"""The year's monthly cycles: whether their reports are right, and whether they can be run again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from local.replay import live, months
from local.replay.doors import Doors
from local.replay.months import Months
from local.replay.standings import cycles
from local.workspace import Workspace

# A cycle waits some minutes for the totals. After three the nightly schedules have done what the
# beginning of a day brings, such as the end of vouchers, and till four no other one fires.
_QUIET_FROM = timedelta(hours=3, minutes=10)
_A_CYCLE = timedelta(minutes=30)


def close_year(doors: Doors, end: datetime) -> datetime:
    """Let the last month be evaluated too; return a quiet moment of the night after that.

    A replay of what was replayed already comes later still, and stays there.
    """
    closed_at = (end + timedelta(days=3)).replace(hour=0) + _QUIET_FROM
    if closed_at > doors.now():
        doors.advance(closed_at)
    return closed_at


def run_again(doors: Doors, workspace: Workspace, evaluated: Sequence[str]) -> Iterator[str]:
    """Run all cycles and reviews once more; yield what that changed of members and the rest."""
    before = live.read(workspace)
    for month in evaluated:
        doors.evaluate(month)
        doors.review(month)
    doors.advance(doors.now() + _A_CYCLE)
    after = live.read(workspace)
    for item_type in sorted(before.items.keys() | after.items.keys()):
        if _facts(before, item_type) != _facts(after, item_type):
            yield f"cycles and reviews run again changed items of type {item_type}"


def wrong_figures(doors: Doors, expected: Months, evaluated: Sequence[str]) -> Iterator[str]:
    """Yield the figures of the monthly reports that are not as recomputed."""
    for month in evaluated:
        for kind, names, figures in (
            ("health", months.HEALTH, expected.health(month)),
            ("roi", months.ROI, expected.roi(month)),
        ):
            report = doors.report(kind, month)
            for name in names:
                if report[name] != figures[name]:
                    yield f"{kind} {month}: {name} is {report[name]}, not {figures[name]}"


def evaluated_months(start: datetime, end: datetime) -> list[str]:
    """Return the months that were evaluated and had any of the replay in them."""
    return [month for _, month in cycles(start, end) if month >= f"{start:%Y-%m}"]


def _facts(state: live.LiveState, item_type: str) -> list[list[tuple[str, Any]]]:
    """Return the items of a type in an order of their own, but for claims of executions."""
    if item_type == "run":
        return []
    return sorted(
        sorted((name, repr(value)) for name, value in item.items()) for item in state.of(item_type)
    )
