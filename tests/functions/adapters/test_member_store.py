"""The DynamoDB member store: the contract of all stores, and what is DynamoDB's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.stub import Stubber
from pynamodb.exceptions import TransactWriteError

from loyalty.adapters.dynamodb import pages, reading
from loyalty.adapters.dynamodb.member_store import DynamoMemberStore
from loyalty.adapters.dynamodb.tables import Tables
from loyalty.domain.errors import CursorInvalid
from loyalty.domain.ledger import Entry, LedgerLine
from loyalty.domain.member import Identity
from loyalty.domain.tasks import Task
from loyalty.services.ports import (
    ChangeRefused,
    Due,
    MemberChange,
    OrderExists,
)
from tests.support.counting import counting_requests
from tests.support.history_contract import MemberHistoryContract
from tests.support.points_store_contract import PointsStoreContract
from tests.support.store_contract import (
    CARD,
    EMAIL,
    KEY,
    NOON,
    ORDER,
    MemberStoreContract,
    member,
    new_member,
    status_change,
)


class TestDynamoMemberStore(MemberStoreContract, MemberHistoryContract, PointsStoreContract):
    """On moto; tests/system/test_member_store.py runs the same on the laptop cloud."""


def an_entry(sequence: int) -> Entry:
    lines = (LedgerLine("issued", -1), LedgerLine("member:ada:available", 1))
    key = f"order/pos/{sequence}"
    return Entry("ada", sequence, "accrual", key, NOON, NOON, "order", lines, 1, sequence)


@pytest.fixture
def answers(tables: Tables) -> Iterator[Stubber]:
    """What DynamoDB answers next, instead of what it would."""
    with Stubber(tables.connection.client) as stubber:
        yield stubber


def cancelled(*codes: str) -> dict[str, Any]:
    reasons = [{"Code": code, "Message": "made up"} for code in codes]
    return {
        "method": "transact_write_items",
        "service_error_code": "TransactionCanceledException",
        "modeled_fields": {"CancellationReasons": reasons},
    }


class TestRequests:
    def test_an_order_of_a_named_member_takes_two(self, store: DynamoMemberStore) -> None:
        store.commit(new_member("ada", CARD))
        with counting_requests() as requests:
            store.order_context(KEY, return_id="R-1", member_id="ada", identities=[CARD, EMAIL])
            entries = (an_entry(1), an_entry(2))
            change = MemberChange(member(version=2), 1, entries, claims=(CARD, EMAIL), order=ORDER)
            store.commit(replace(change, due=(Due("release", NOON, "ada"),)))
        assert requests.operations == ["BatchGetItem", "TransactWriteItems"]

    def test_a_raced_duplicate_is_told_by_the_refusal(self, store: DynamoMemberStore) -> None:
        store.commit(replace(new_member(), order=ORDER))
        with counting_requests() as requests, pytest.raises(OrderExists) as refused:
            store.commit(MemberChange(member(version=2), 1, order=replace(ORDER, points=99)))
        assert refused.value.order == ORDER
        assert requests.operations == ["TransactWriteItems"]

    def test_reads_take_one_and_a_page_of_orders_two(self, store: DynamoMemberStore) -> None:
        store.commit(replace(new_member("ada", CARD), order=ORDER, entries=(an_entry(1),)))
        with counting_requests() as requests:
            store.member("ada")
            store.owners([CARD, EMAIL])
            store.entries("ada", limit=5)
            store.orders("ada", limit=5)
            list(store.all_entries("ada", up_to_sequence=1))
        expected = ["GetItem", "BatchGetItem", "Query", "Query", "BatchGetItem", "Query"]
        assert requests.operations == expected

    def test_nobody_is_looked_up_without_identities(self, store: DynamoMemberStore) -> None:
        with counting_requests() as requests:
            assert store.owners([]) == {}
        assert requests.total == 0


class TestRefusals:
    def test_reasons_keep_to_their_operations(self, store: DynamoMemberStore) -> None:
        """PynamoDB sends deletes before puts: the due item's reason comes before the order's."""
        store.commit(replace(new_member(), order=ORDER))
        missing = Due("release", NOON, "ada")
        change = MemberChange(member(version=2), 1, order=ORDER, due_done=(missing,))
        with pytest.raises(OrderExists):
            store.commit(change)
        with pytest.raises(ChangeRefused, match="due done ada 0") as refused:
            store.commit(replace(change, order=None))
        assert not isinstance(refused.value, OrderExists)

    @pytest.mark.parametrize(
        "code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]
    )
    def test_bad_luck_asks_to_decide_again(
        self, store: DynamoMemberStore, answers: Stubber, code: str
    ) -> None:
        answers.add_client_error(**cancelled(code))
        with pytest.raises(ChangeRefused, match=code):
            store.commit(new_member())

    @pytest.mark.parametrize("code", ["TransactionInProgressException", "InternalServerError"])
    def test_an_unavailable_table_asks_to_decide_again(
        self, store: DynamoMemberStore, answers: Stubber, code: str
    ) -> None:
        answers.add_client_error("transact_write_items", service_error_code=code)
        with pytest.raises(ChangeRefused):
            store.commit(new_member())

    def test_a_lost_answer_asks_to_decide_again(
        self, store: DynamoMemberStore, tables: Tables, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        commit = tables.connection.client._make_api_call

        def lose_answer(operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
            commit(operation, parameters)
            raise ReadTimeoutError(endpoint_url="dynamodb")

        with monkeypatch.context() as lost:
            lost.setattr(tables.connection.client, "_make_api_call", lose_answer)
            with pytest.raises(ChangeRefused):
                store.commit(replace(new_member(), order=ORDER))
        assert store.order_context(KEY).order == ORDER

    def test_a_mistake_of_ours_is_not_retried(
        self, store: DynamoMemberStore, answers: Stubber
    ) -> None:
        answers.add_client_error(**cancelled("ValidationError"))
        with pytest.raises(TransactWriteError):
            store.commit(new_member())


class TestThrottledReads:
    @pytest.fixture(autouse=True)
    def no_waiting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reading, "BASE_DELAY_SECONDS", 0)

    def left_out(self, tables: Tables) -> dict[str, Any]:
        key = {"pk": {"S": "MEMBER#ada"}, "sk": {"S": "PROFILE"}}
        return {"Responses": {}, "UnprocessedKeys": {tables.members: {"Keys": [key]}}}

    def test_what_was_left_out_is_asked_for_again(
        self, store: DynamoMemberStore, tables: Tables, dynamodb: Any
    ) -> None:
        store.commit(new_member())
        profile = dynamodb.get_item(
            TableName=tables.members, Key={"pk": {"S": "MEMBER#ada"}, "sk": {"S": "PROFILE"}}
        )["Item"]
        with Stubber(tables.connection.client) as answers:
            answers.add_response("batch_get_item", self.left_out(tables))
            full = {"Responses": {tables.members: [profile]}, "UnprocessedKeys": {}}
            answers.add_response("batch_get_item", full)
            assert store.order_context(KEY, member_id="ada").member == member()

    def test_a_table_without_capacity_refuses(
        self, store: DynamoMemberStore, tables: Tables, answers: Stubber
    ) -> None:
        for _ in range(reading.ATTEMPTS):
            answers.add_response("batch_get_item", self.left_out(tables))
        with pytest.raises(ChangeRefused):
            store.order_context(KEY, member_id="ada")


class TestItems:
    def stored(self, dynamodb: Any, table: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = dynamodb.scan(TableName=table)["Items"]
        return items

    def test_personal_data_is_in_the_profile_only(
        self, store: DynamoMemberStore, tables: Tables, dynamodb: Any
    ) -> None:
        ada = replace(member(), name="Ada Lovelace", identities=(EMAIL, CARD))
        changes = (status_change("MemberEnrolled"),)
        store.commit(
            MemberChange(ada, 0, (an_entry(1),), changes, claims=(EMAIL, CARD), order=ORDER)
        )
        with_names = {
            item["item_type"]["S"]
            for item in self.stored(dynamodb, tables.members)
            if any(word in str(item) for word in ("Lovelace", EMAIL.value, CARD.value))
        }
        assert with_names == {"profile"}

    def test_an_order_of_nobody_is_in_no_index(
        self, store: DynamoMemberStore, tables: Tables, dynamodb: Any
    ) -> None:
        store.commit(MemberChange(None, order=replace(ORDER, member_id=None)))
        (item,) = self.stored(dynamodb, tables.members)
        assert not {"orders_of", "order_time"} & item.keys()

    def test_a_merge_task_is_opened_once(
        self, store: DynamoMemberStore, tables: Tables, dynamodb: Any
    ) -> None:
        task = Task("t-ada-bob", "merge", ("ada", "bob"), NOON, "order/pos/O-1")
        store.commit(replace(new_member(), tasks=(task,)))
        later = replace(task, opened_at=NOON + timedelta(days=1), cause="order/pos/O-2")
        store.commit(MemberChange(member(version=2), 1, tasks=(later,)))
        (item,) = self.stored(dynamodb, tables.program)
        assert item["opened_at"]["S"] == "2017-03-01T12:00:00Z"
        assert item["cause"]["S"] == "order/pos/O-1"

    def test_other_secrets_make_other_identity_keys(
        self, store: DynamoMemberStore, tables: Tables
    ) -> None:
        store.commit(new_member("ada", CARD))
        other = DynamoMemberStore(tables, lambda: b"another secret")
        assert other.owners([CARD]) == {}


class TestCursors:
    def test_pages_hold_all_entries_once(self, store: DynamoMemberStore) -> None:
        entries = tuple(an_entry(sequence) for sequence in range(1, 6))
        store.commit(replace(new_member(), entries=entries))
        pages_read, cursor = [], None
        while True:
            page, cursor = store.entries("ada", limit=2, cursor=cursor)
            pages_read.append([entry.sequence for entry in page])
            if cursor is None:
                break
        assert pages_read == [[5, 4], [3, 2], [1]]

    @pytest.mark.parametrize(
        "cursor", ["%%%", "//79", pages.encode_cursor("PROFILE"), pages.encode_cursor("ENTRY#1")]
    )
    def test_a_made_up_cursor_is_refused(self, store: DynamoMemberStore, cursor: str) -> None:
        with pytest.raises(CursorInvalid):
            store.status_changes("ada", limit=2, cursor=cursor)
        with pytest.raises(CursorInvalid):
            store.orders("ada", limit=2, cursor=cursor)

    def test_order_ids_with_separators_survive_paging(self, store: DynamoMemberStore) -> None:
        first = replace(ORDER, key=replace(KEY, order_id="A#1"))
        second = replace(ORDER, key=replace(KEY, order_id="B#2"))
        store.commit(replace(new_member(), order=first))
        store.commit(MemberChange(member(version=2), 1, order=second))
        page, cursor = store.orders("ada", limit=1)
        rest, end = store.orders("ada", limit=1, cursor=cursor)
        assert ([*page, *rest], end) == ([second, first], None)


def test_an_identity_kind_is_part_of_its_key(store: DynamoMemberStore) -> None:
    store.commit(new_member("ada", CARD))
    assert store.owners([Identity("external_id", CARD.value)]) == {}
