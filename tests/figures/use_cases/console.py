"""The console: its pages and its forms, for an admin who has signed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.figures.use_cases.jobs import reported
from tests.figures.use_cases.world import Act, Section, World, visit

FUNCTION: Final = "console.pages"


def page(world: World, path: str) -> Act:
    browser = world.console.browser("admin")
    return visit(lambda: browser.ask("GET", path), FUNCTION)


def form(world: World, path: str, fields: Mapping[str, str]) -> Act:
    """Return the sending of a form; the page that follows is another use case."""
    browser = world.console.browser("admin")
    csrf = browser.page.text.split('name="csrf" value="')[1].split('"')[0]
    return visit(lambda: browser.send(path, {"csrf": csrf, **fields}), FUNCTION)


def with_reports(world: World, path: str) -> Act:
    reported(world, lambda: None)
    return page(world, path)


CONSOLE: Final[Section] = {
    "overview": lambda world: with_reports(world, "/console"),
    "months": lambda world: with_reports(world, "/console/months"),
    "plot of months": lambda world: with_reports(world, "/console/plots/points.svg"),
    "month": lambda world: with_reports(world, "/console/months/2017-03"),
    "funnel of half a year": lambda world: with_reports(world, "/console/funnel"),
    "tasks of a kind": lambda world: page(world, "/console/tasks"),
    "member found by e-mail": lambda world: form(
        world, "/console/members", {"by": "email", "value": "ada@example.com"}
    ),
    "member found by member id": lambda world: form(
        world, "/console/members", {"by": "member_id", "value": world.ada}
    ),
    "story of a member": lambda world: page(world, f"/console/members/{world.ada}"),
    "points of a story": lambda world: page(world, f"/console/members/{world.ada}?show=points"),
    "executions of a member": lambda world: page(world, f"/console/members/{world.ada}/executions"),
    "program's page": lambda world: page(world, "/console/program"),
}
