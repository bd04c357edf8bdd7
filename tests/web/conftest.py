"""A Chromium, visitors who use it, and the deployed program that they visit."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.support import chromium
from tests.support.program import SHORT_PROGRAM, Program
from tests.support.visitor import Visitor

Visit = Callable[..., Visitor]

PLATINUM_MINOR = 300_000
DEFINITION = SHORT_PROGRAM | {
    "tier_upgrade": "at_once",
    "tiers": [
        {"name": "silver", "threshold": 0},
        {"name": "gold", "threshold": 100_000, "multiplier": "1.25"},
        {
            "name": "platinum",
            "threshold": PLATINUM_MINOR,
            "multiplier": "1.5",
            "needs_approval": True,
            "voucher": {"kind": "amount", "amount_minor": 2_500, "valid_days": 60},
            "gift": {"sku": "gift-box", "name": "Gift box", "quantity": 1},
        },
    ],
}


@pytest.fixture(scope="session")
def shared_program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with Program(tmp_path_factory.mktemp("program")) as program:
        program.put("/v1/program", {"based_on_version": 0, "definition": DEFINITION})
        yield program


@pytest.fixture
def program(shared_program: Program) -> Program:
    """The shared program at noon; every test brings its own customers."""
    shared_program.advance_to_noon()
    return shared_program


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One Chromium per module: Playwright's event loop is in the way of other folders' tests."""
    with chromium.launched() as running:
        yield running


@pytest.fixture
def visit(browser: Browser, program: Program) -> Iterator[Visit]:
    """Return new visitors of the program; what goes wrong on their pages fails the test."""
    visitors: list[Visitor] = []

    def come(**how: bool | str) -> Visitor:
        visitors.append(Visitor(browser, program.workspace.url, **how))
        return visitors[-1]

    yield come
    for visitor in visitors:
        visitor.leave()
