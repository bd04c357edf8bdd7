"""Every page of portal and console, by its address, for somebody who has signed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from loyalty.services.story import STRANDS
from tests.figures.use_cases import console, portal
from tests.figures.use_cases.offers import offered
from tests.figures.use_cases.world import Section, UseCase, visit
from tests.support.browser import Browser
from tests.support.console import RUNNING

STORY: Final = "/console/members/<member_id>"


def of_portal(path: str) -> UseCase:
    return lambda world: portal.page(offered(world), path)


def of_console(path: str) -> UseCase:
    return lambda world: console.page(world, path.replace("<member_id>", world.ada))


def of_reports(path: str) -> UseCase:
    return lambda world: console.with_reports(world, path)


PORTAL: Final[Section] = {
    "/portal/sign-in": of_portal("/portal/sign-in"),
    "/portal/sign-in/<token>": lambda _: visit(lambda: Browser().ask("GET", "/portal/sign-in/t")),
    **{
        path: of_portal(path)
        for path in (
            "/portal",
            "/portal/offers",
            "/portal/rewards",
            "/portal/vouchers",
            "/portal/history",
            "/portal/account",
            "/portal/account/export",
            "/portal/account/leave",
        )
    },
    "/portal/rewards/<reward_id>": of_portal("/portal/rewards/mug"),
}
CONSOLE: Final[Section] = {
    "/console/sign-in": of_console("/console/sign-in"),
    "/console": of_reports("/console"),
    "/console/months": of_reports("/console/months"),
    "/console/months/<month>": of_reports("/console/months/2017-03"),
    "/console/plots/<name>": of_reports("/console/plots/points.svg"),
    "/console/funnel": of_reports("/console/funnel"),
    "/console/plots/funnel.svg": of_reports("/console/plots/funnel.svg"),
    "/console/tasks": of_console("/console/tasks"),
    "/console/members": of_console("/console/members"),
    STORY: of_console(STORY),
    **{f"{STORY}?show={strand}": of_console(f"{STORY}?show={strand}") for strand in STRANDS},
    f"{STORY}/executions": of_console(f"{STORY}/executions"),
    "/console/executions/<machine>/<name>": of_console(
        f"/console/executions/elite_journey/{RUNNING}"
    ),
    "/console/program": of_console("/console/program"),
    "/console/queues": of_console("/console/queues"),
    "/console/queues/<name>": of_console("/console/queues/orders"),
}
SITES: Final[Mapping[str, Section]] = {"Portal": PORTAL, "Console": CONSOLE}
