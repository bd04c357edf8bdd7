"""What evaluating a member takes, and what a million members cost."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Template

from tests.figures.conftest import DOCS, Hold
from tests.figures.evaluation import Evaluated, evaluation_cloud

MILLION = 1_000_000
GIGABYTE = 1024


@pytest.mark.parametrize("past_orders", [10, 1_000, 10_000])
def test_everything_in_one_month_takes_four_reads_and_seven_writes(
    tmp_path: Path, past_orders: int
) -> None:
    with evaluation_cloud(tmp_path, accrual_mode="monthly") as cloud:
        evaluated = cloud.evaluate(cloud.member(200_000, past_orders=past_orders))
    assert evaluated.output["upgraded_to"] == "gold"
    assert evaluated.output["points_posted"] == 200
    requests = evaluated.requests
    assert (requests.reads, requests.writes) == (4, 7), requests.operations


def test_again_nothing_is_written(tmp_path: Path) -> None:
    with evaluation_cloud(tmp_path, accrual_mode="monthly") as cloud:
        member_id = cloud.member(200_000)
        cloud.evaluate(member_id)
        before = cloud.app.items(cloud.app.members_table)
        again = cloud.evaluate(member_id)
        assert again.output["points_posted"] == 0
        assert cloud.app.items(cloud.app.members_table) == before


def test_the_cost_of_a_million_members(tmp_path: Path, hold: Hold) -> None:
    (tmp_path / "usual").mkdir()
    (tmp_path / "full").mkdir()
    with evaluation_cloud(tmp_path / "usual") as cloud:
        usual = cloud.evaluate(cloud.member(10_000))
    with evaluation_cloud(tmp_path / "full", accrual_mode="monthly") as cloud:
        full = cloud.evaluate(cloud.member(200_000))
    prices = json.loads((DOCS / "prices.json").read_text())
    hold("cost.md", document(usual, full, prices))


def document(usual: Evaluated, full: Evaluated, prices: dict[str, Any]) -> str:
    """Return `docs/cost.md`."""
    both = [(usual, costs(usual, 0, prices)), (full, costs(full, 1, prices))]
    taken = [
        ("states entered", [str(month.states) for month, _ in both]),
        ("Lambda invocations", [str(month.invocations) for month, _ in both]),
        ("DynamoDB reads", [str(month.requests.reads) for month, _ in both]),
        ("DynamoDB writes", [str(month.requests.writes) for month, _ in both]),
        ("capacity units", [f"{month.requests.capacity_units:g}" for month, _ in both]),
    ]
    priced = [(name, [f"{cost[name]:,.2f}" for _, cost in both]) for name in both[0][1]]
    totals = [f"**{sum(cost.values()):,.2f}**" for _, cost in both]
    text = Path(__file__).with_name("cost.md.j2").read_text()
    template = Template(text, keep_trailing_newline=True, autoescape=False)
    return template.render(prices=prices, taken=taken, priced=priced, totals=totals)


def costs(month: Evaluated, emails: int, prices: dict[str, Any]) -> dict[str, Decimal]:
    """Return what a million such months cost, by service."""
    each = {name: Decimal(price) for name, price in prices["per_million"].items()}
    second = {name: Decimal(price) for name, price in prices["per_gb_second"].items()}
    assumed = prices["assumed"]
    lambda_gb = gigabyte_seconds(
        month.invocations * assumed["lambda_milliseconds"], assumed["lambda_memory_mb"]
    )
    express_gb = gigabyte_seconds(
        month.states * assumed["express_milliseconds_per_step"], assumed["express_memory_mb"]
    )
    return {
        "DynamoDB": _capacity(month, each),
        "Lambda": month.invocations * each["lambda_request"] + lambda_gb * second["lambda_arm64"],
        "Step Functions": 2 * each["express_request"] + express_gb * second["express"],
        "SES": emails * each["email"],
    }


def gigabyte_seconds(milliseconds: int, memory_mb: int) -> Decimal:
    """Return GB-seconds of a million."""
    return Decimal(milliseconds) / 1000 * memory_mb / GIGABYTE * MILLION


def _capacity(month: Evaluated, each: dict[str, Decimal]) -> Decimal:
    reads = Decimal(str(month.requests.read_units))
    writes = Decimal(str(month.requests.write_units))
    return reads * each["dynamodb_read_unit"] + writes * each["dynamodb_write_unit"]
