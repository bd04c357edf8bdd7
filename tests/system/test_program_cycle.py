"""A month of the program on the deployed cloud: evaluation, reports, and the same once more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from loyalty.contracts.values import iso
from tests.support.program import SHORT_PROGRAM, Customer, Json, Program

# Several nights go by, each with all of its jobs.
pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

MARCH = "2017-03"
MARCH_31 = datetime(2017, 3, 31, 12, tzinfo=UTC)
# The schedule starts the cycle of March at three in the night.
APRIL_3 = datetime(2017, 4, 3, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """A cloud of its own, as reports are of the whole program."""
    with Program(tmp_path_factory.mktemp("cycle")) as program:
        program.cloud.set_clock(iso(MARCH_31))
        program.put("/v1/program", {"based_on_version": 0, "definition": SHORT_PROGRAM})
        yield program


@pytest.fixture(scope="module")
def members(program: Program) -> tuple[Customer, Customer]:
    """Ann bought enough in March for the next tier, Bob did not; it is April."""
    ann, bob = a_member(program), a_member(program)
    program.buys(ann, 120_000)
    program.buys(bob, 30_000)
    program.advance_to(APRIL_3)
    return ann, bob


def a_member(program: Program) -> Customer:
    email = f"member-{program.number()}@example.com"
    return Customer(program.post("/v1/members", {"email": email})["member_id"], email)


def run_cycle(program: Program) -> Json:
    """Start a cycle for March, and let the minute pass in which totals arrive."""
    started = program.post("/v1/reports/cycles", {"month": MARCH}, role="manager")
    program.advance(timedelta(minutes=2))
    progress = program.get(f"/v1/reports/cycles/{started['cycle_id']}")
    assert progress["state"] == "done", progress
    return progress


def reports(program: Program) -> tuple[Json, Json]:
    """Return the reports on health and return of March."""
    health, roi = (
        program.get(f"/v1/reports/{name}?month={MARCH}", role="finance")
        for name in ("health", "roi")
    )
    return health, roi


def test_a_month_is_evaluated_and_reported_by_itself(
    program: Program, members: tuple[Customer, Customer]
) -> None:
    ann, bob = members

    health, roi = reports(program)

    assert [program.profile(member)["tier"] for member in (ann, bob)] == ["gold", "silver"]
    assert (health["members"], health["members_moved_up"]) == (2, 1)
    assert health["members_by_tier"] == {"silver": 1, "gold": 1, "platinum": 0}
    assert health["points_distributed"] == 150
    assert health["participation_rate"] == 1.0
    assert roi["revenue"] == {"amount_minor": 150_000, "currency": "EUR"}
    assert roi["average_spend_by_tier"]["silver"]["amount_minor"] == 75_000


def test_the_same_cycle_again_changes_nothing(
    program: Program, members: tuple[Customer, Customer]
) -> None:
    before = [program.items_of(member) for member in members], reports(program)

    progress = run_cycle(program)

    assert (progress["members"], progress["evaluated"], progress["failed"]) == (2, 2, [])
    assert ([program.items_of(member) for member in members], reports(program)) == before


def test_a_failing_member_is_reported_and_evaluated_alone(
    program: Program, members: tuple[Customer, Customer]
) -> None:
    _, broken = members
    table = program.cloud.client("dynamodb")
    where = {"TableName": program.outputs["MembersTable"]}
    key = {"pk": {"S": f"MEMBER#{broken.member_id}"}, "sk": {"S": "PROFILE"}}
    item = table.get_item(**where, Key=key, ConsistentRead=True)["Item"]
    table.put_item(**where, Item={**item, "months": {"S": "not months"}})

    progress = run_cycle(program)

    [failed] = progress["failed"]
    assert failed["member_id"] == broken.member_id
    assert failed["reason"].startswith("EvaluationFailed: ")
    assert (progress["failed_members"], progress["evaluated"]) == (1, 1)

    table.put_item(**where, Item=item)
    path = f"/v1/members/{broken.member_id}/evaluations"
    again = program.post(path, {"month": MARCH}, role="manager")
    assert (again["state"], again["spend_minor"], again["tier"]) == ("evaluated", 30_000, "silver")
    ad_hoc = program.post(path, {}, role="manager")
    assert (ad_hoc["state"], ad_hoc["spend_minor"], ad_hoc["month"]) == ("evaluated", 30_000, None)


def test_a_cycle_goes_on_after_a_crash(
    program: Program, members: tuple[Customer, Customer]
) -> None:
    before = [program.items_of(member) for member in members], reports(program)
    started = program.post("/v1/reports/cycles", {"month": MARCH}, role="manager")
    program.until_saved()

    program.crash()
    program.advance(timedelta(minutes=2))

    progress = program.get(f"/v1/reports/cycles/{started['cycle_id']}")
    assert (progress["state"], progress["evaluated"]) == ("done", 2)
    assert ([program.items_of(member) for member in members], reports(program)) == before


def test_a_late_order_makes_a_new_revision_the_next_morning(
    program: Program, members: tuple[Customer, Customer]
) -> None:
    _, bob = members
    program.buys(bob, 5_000, occurred_at=iso(MARCH_31))
    program.advance(timedelta(days=1))

    health, roi = reports(program)

    assert (health["revision"], roi["revision"]) == (2, 2)
    assert roi["revenue"]["amount_minor"] == 155_000


def test_totals_are_exact_however_the_cloud_behaves(program: Program) -> None:
    """Sixteen at once buy, while transactions are refused and answers get lost."""
    before = totals(program)
    customers = [{"email": f"buyer-{number % 5}@example.com"} for number in range(64)]
    orders = [program.an_order(customer, 1_000) for customer in customers]
    transaction = {"service": "dynamodb", "operation": "TransactWriteItems", "share": 0.2}
    with (
        program.faults(
            transaction | {"kind": "conflict", "seed": 7},
            transaction | {"kind": "lost_response", "seed": 4},
        ),
        ThreadPoolExecutor(16) as pool,
    ):
        assert all(pool.map(lambda order: bought(program, order), orders))
        program.settle()

    counted = totals(program) - before
    assert counted["orders:-"] == counted["facts:OrderAccepted"] == len(orders)
    assert counted["spend:-"] == 1_000 * len(orders)
    assert counted["buyers:customer"] == 5


def bought(program: Program, order: Json) -> bool:
    """Post an order as tills do: again while the answer is that somebody else is at it."""
    return any(
        program.request("POST", "/v1/orders", order).status_code in (200, 201) for _ in range(30)
    )


def totals(program: Program) -> Counter[str]:
    """Return everything counted in all months."""
    counts: Counter[str] = Counter()
    for item in program.items("ProgramTable"):
        if item["item_type"] == "flows":
            counts.update({name: int(n) for name, n in item.items() if ":" in name})
    return counts
