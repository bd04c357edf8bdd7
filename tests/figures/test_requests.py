"""What every use case asks of DynamoDB: a table, and the limits that it has to keep."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import pytest
from jinja2 import Environment, FileSystemLoader

from tests.figures.conftest import Hold
from tests.figures.evaluation import STEPS, evaluation_cloud
from tests.figures.use_cases import SECTIONS
from tests.figures.use_cases.world import CATALOGUE, LINES, LOTS, Taken, small_world
from tests.support.counting import Requests

Measured: TypeAlias = Mapping[str, Mapping[str, Taken]]

ROOT: Final = Path(__file__).parents[2]
OPENAPI: Final = ROOT / "layers/loyalty/loyalty/contracts/openapi.json"
AT_MOST: Final = {
    "order that names its member": 2,
    "order, customer found by e-mail, phone and card": 3,
    "order that came before": 2,
    "profile": 1,
    "voucher redeemed": 2,
    "voucher redeemed after its reservation": 2,
    "voucher redeemed that a member may use once": 2,
    "points redeemed for a product": 2,
    "points redeemed for a voucher": 2,
    "points redeemed for a gift": 2,
    "offer with a budget and a limit used with an order": 2,
    "offer of bonus points used": 2,
    "offers of a member": 1,
    "home": 2,
    "offers' page": 1,
    "rewards' page": 1,
    "vouchers' page": 2,
    "history": 2,
    "account": 1,
}
# They verify, publish, queue, start or pass on, and ask nothing of DynamoDB.
ASK_NOTHING: Final = {
    "GET /v1/health",
    "POST /v1/members/{member_id}/evaluations",
    "authorizer.authorize",
    "inactive_outreach.plan_outreach",
    "ledger_check.plan_ledger_check",
    "streams.publish_events",
    "tier_upgrade.continue_upgrade",
    "web.static",
}


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    with small_world(tmp_path_factory.mktemp("world")) as world:
        return {
            section: {name: world.measured(name, rows[name]) for name in rows}
            for section, rows in SECTIONS.items()
        }


@pytest.mark.parametrize("use_case", AT_MOST)
def test_a_use_case_keeps_its_limit(measured: Measured, use_case: str) -> None:
    [taken] = [rows[use_case] for rows in measured.values() if use_case in rows]
    assert taken.requests.total <= AT_MOST[use_case], taken.requests.operations


def test_every_function_and_route_is_measured(measured: Measured) -> None:
    called = {
        name for rows in measured.values() for taken in rows.values() for name in taken.called
    }
    called |= {f"member_evaluation.{step}" for step in STEPS}
    missing = {
        place
        for place in [*functions(), *routes()]
        if not any(re.fullmatch(re.sub(r"{\w+}", "[^/]+", place), name) for name in called)
    }
    assert missing == ASK_NOTHING, "add a use case in tests/figures/use_cases"


def test_the_document_says_what_was_measured(
    measured: Measured, hold: Hold, tmp_path: Path
) -> None:
    hold("requests.md", document(measured, evaluations(tmp_path)))


def functions() -> Iterator[str]:
    """Name the functions that are no door of the API."""
    for file in (ROOT / "functions").glob("*/[!_]*.py"):
        if file.parent.name != "api":
            yield f"{file.parent.name}.{file.stem}"


def routes() -> Iterator[str]:
    """Name the routes of the API."""
    for path, methods in json.loads(OPENAPI.read_text())["paths"].items():
        yield from (f"{method.upper()} {path}" for method in methods)


def evaluations(directory: Path) -> Mapping[str, Requests]:
    """Return what a member's evaluation takes, as in `docs/cost.md`."""
    (directory / "usual").mkdir()
    (directory / "full").mkdir()
    with evaluation_cloud(directory / "usual") as cloud:
        usual = cloud.evaluate(cloud.member(10_000))
    with evaluation_cloud(directory / "full", accrual_mode="monthly") as cloud:
        full = cloud.evaluate(cloud.member(200_000))
    return {
        "month in which the member stays in the tier": usual.requests,
        "month with points, upgrade, voucher, mail and SMS": full.requests,
    }


def document(measured: Measured, evaluated: Mapping[str, Requests]) -> str:
    """Return `docs/requests.md`."""
    sections = {
        section: {name: taken.requests for name, taken in rows.items()}
        for section, rows in measured.items()
    }
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters |= {"folded": folded, "units": "{:g}".format}
    text: str = environment.get_template("requests.md.j2").render(
        sections={**sections, "A member's monthly evaluation": evaluated},
        lots=LOTS,
        lines=LINES,
        rewards=len(CATALOGUE),
    )
    return text


def folded(operations: Sequence[str]) -> str:
    """Return operations in order, a group that comes several times in a row only once."""
    parts = []
    rest = list(operations)
    while rest:
        size, often = _longest_run(rest)
        group = ", ".join(rest[:size])
        parts.append(f"{f'({group})' if size > 1 else group} × {often}" if often > 1 else group)
        del rest[: size * often]
    return ", ".join(parts) or "none"


def _longest_run(operations: Sequence[str]) -> tuple[int, int]:
    """Return the size of the group that begins here and covers most by repeating, how often."""
    runs = []
    for size in (1, 2, 3):
        often = 1
        while operations[often * size : (often + 1) * size] == operations[:size]:
            often += 1
        runs.append((size, often) if often > 1 else (1, 1))
    return max(runs, key=lambda run: run[0] * run[1])


@pytest.mark.parametrize(
    ("operations", "text"),
    [
        ("", "none"),
        ("a", "a"),
        ("abb", "a, b × 2"),
        ("abab", "(a, b) × 2"),
        ("xabcabcaby", "x, (a, b, c) × 2, a, b, y"),
    ],
)
def test_what_repeats_is_folded(operations: str, text: str) -> None:
    assert folded(operations) == text
