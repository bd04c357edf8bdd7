"""Every use case that asks something of DynamoDB, by section of `docs/requests.md`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.figures.use_cases.console import CONSOLE
from tests.figures.use_cases.jobs import IMPORTS, JOBS, PROGRAM, REPORTS
from tests.figures.use_cases.journey import JOURNEY, MESSAGES
from tests.figures.use_cases.members import MEMBERS, ORDERS
from tests.figures.use_cases.offers import OFFERS
from tests.figures.use_cases.points import MERGES, POINTS
from tests.figures.use_cases.portal import PORTAL
from tests.figures.use_cases.rewards import REWARDS, VOUCHERS
from tests.figures.use_cases.tasks import TASKS, UPGRADES
from tests.figures.use_cases.world import Section

SECTIONS: Final[Mapping[str, Section]] = {
    "Orders and returns": ORDERS,
    "Members": MEMBERS,
    "Points": POINTS,
    "Merges": MERGES,
    "Vouchers": VOUCHERS,
    "Rewards": REWARDS,
    "Offers": OFFERS,
    "Portal": PORTAL,
    "Console": CONSOLE,
    "Elite journey and outreach": JOURNEY,
    "Service messages": MESSAGES,
    "Tasks": TASKS,
    "Upgrades that wait for staff": UPGRADES,
    "Totals, monthly cycle and reports": REPORTS,
    "Checks, reviews and sweeps over shards": JOBS,
    "Imports": IMPORTS,
    "Program": PROGRAM,
}
