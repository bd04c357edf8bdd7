"""The DynamoDB member store on the laptop cloud, also with many writers at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest

from local.workspace import REGION
from loyalty.adapters.aws import Aws
from loyalty.adapters.dynamodb.member_store import DynamoMemberStore
from loyalty.adapters.dynamodb.story_store import DynamoStoryStore
from loyalty.adapters.dynamodb.tables import Tables, bind
from loyalty.adapters.dynamodb.voucher_store import DynamoVoucherStore
from loyalty.adapters.dynamodb.voucher_tables import bind_vouchers
from loyalty.adapters.ids import DerivedIds
from loyalty.domain.errors import MemberBusy
from loyalty.domain.identity import CustomerRef, identities
from loyalty.domain.ledger_check import check
from loyalty.services.accept_order import OrderOutcome, accept_order
from loyalty.services.enrol_member import enrol_member
from tests.support.dynamodb import create_tables
from tests.support.examples import NOW, PROGRAM, an_order
from tests.support.fakes import FakeClock, FakeProgramStore
from tests.support.history_contract import MemberHistoryContract
from tests.support.ministack import Cloud
from tests.support.points_store_contract import PointsStoreContract
from tests.support.store_contract import MemberStoreContract
from tests.support.story_contract import StoryStoreContract

pytestmark = pytest.mark.system

WRITERS = 16
NUMBERS = count()


def secret() -> bytes:
    return b"identity-secret-of-the-tests"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with Cloud(tmp_path_factory.mktemp("cloud")) as started:
        yield started


@pytest.fixture
def tables(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Tables:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    names = create_tables(cloud.client("dynamodb"), prefix=f"store-{next(NUMBERS)}-")
    bound = bind(
        Aws(region=REGION, endpoint_url=cloud.url),
        members_table=names["MEMBERS_TABLE"],
        program_table=names["PROGRAM_TABLE"],
    )
    assert bound.connection.client, "made before there are threads"
    return bound


@pytest.fixture
def store(tables: Tables) -> DynamoMemberStore:
    return DynamoMemberStore(tables, secret)


@pytest.fixture
def vouchers(tables: Tables) -> DynamoVoucherStore:
    prefix, _, _ = tables.members.rpartition("MembersTable")
    return DynamoVoucherStore(tables, bind_vouchers(tables, f"{prefix}VouchersTable"))


@pytest.fixture
def story(tables: Tables) -> DynamoStoryStore:
    return DynamoStoryStore(tables)


class TestDynamoMemberStore(MemberStoreContract, MemberHistoryContract, PointsStoreContract):
    """The contract on an engine whose transactions are exact under threads."""


class TestDynamoStoryStore(StoryStoreContract):
    """Indexes are the engine's own."""


FAULTS: list[dict[str, object]] = [
    {},
    {"kind": "conflict", "share": 0.3, "seed": 1},
    {"kind": "lost_response", "share": 0.3, "seed": 2},
]


class TestManyWriters:
    """On a healthy table, one with many conflicts, and one whose answers get lost."""

    ports: dict[str, Any]

    @pytest.fixture(autouse=True, params=FAULTS, ids=["healthy", "conflicts", "lost answers"])
    def faults(self, request: pytest.FixtureRequest, cloud: Cloud, world: None) -> Iterator[None]:
        if request.param:
            transaction = {"service": "dynamodb", "operation": "TransactWriteItems"}
            cloud.post("/_local/faults", transaction | request.param)
        yield
        cloud.delete("/_local/faults")

    @pytest.fixture
    def world(self, store: DynamoMemberStore) -> None:
        self.store = store
        self.ports = {
            "store": store,
            "program": FakeProgramStore(PROGRAM),
            "clock": FakeClock(NOW),
            "ids": DerivedIds(secret),
        }

    def sell(self, order_id: str) -> OrderOutcome:
        """Accept an order as a queue would: one that finds its member busy comes again."""
        while True:
            try:
                customer = CustomerRef(None, identities(card="4711"))
                return accept_order(an_order(order_id), customer, **self.ports)
            except MemberBusy:
                continue

    def at_once(self, work: Callable[[int], OrderOutcome]) -> list[OrderOutcome]:
        with ThreadPoolExecutor(WRITERS) as pool:
            return list(pool.map(work, range(WRITERS)))

    def balanced_points(self, member_id: str) -> int:
        member = self.store.member(member_id)
        assert member is not None
        entries = list(self.store.all_entries(member_id, up_to_sequence=member.account.entries))
        assert check(member_id, member.account, entries).violations == ()
        return member.account.points_pending

    def test_the_same_order_counts_once(self) -> None:
        enrol_member(CustomerRef(None, identities(card="4711")), **self.ports)
        outcomes = self.at_once(lambda _: self.sell("O-1"))
        assert sum(outcome.created for outcome in outcomes) == 1
        assert len({str(outcome.answer) for outcome in outcomes}) == 1
        assert self.balanced_points(str(outcomes[0].answer["member_id"])) == 10

    def test_no_order_of_one_customer_is_lost(self) -> None:
        enrol_member(CustomerRef(None, identities(card="4711")), **self.ports)
        outcomes = self.at_once(lambda number: self.sell(f"O-{number}"))
        (member_id,) = {str(outcome.answer["member_id"]) for outcome in outcomes}
        assert self.balanced_points(member_id) == 10 * WRITERS
        orders, _ = self.store.orders(member_id, limit=100)
        assert len(orders) == WRITERS

    def test_first_orders_of_an_unknown_customer_make_one(self) -> None:
        outcomes = self.at_once(lambda number: self.sell(f"O-{number}"))
        (member_id,) = {str(outcome.answer["member_id"]) for outcome in outcomes}
        member = self.store.member(member_id)
        assert member is not None
        assert member.lifetime_spend_minor == 10_000 * WRITERS
