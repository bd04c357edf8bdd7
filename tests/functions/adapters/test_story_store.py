"""Stories in DynamoDB."""

from __future__ import annotations

import pytest

from loyalty.adapters.dynamodb import story_store
from loyalty.adapters.dynamodb.member_store import DynamoMemberStore
from loyalty.adapters.dynamodb.story_store import DynamoStoryStore
from loyalty.adapters.dynamodb.tables import Tables
from loyalty.adapters.dynamodb.voucher_store import DynamoVoucherStore
from loyalty.adapters.dynamodb.voucher_tables import bind_vouchers
from loyalty.services.ports import MemberChange
from tests.support.counting import counting_requests
from tests.support.store_contract import NOON, new_member
from tests.support.story_contract import (
    ALL,
    EARNED,
    MAIL,
    VOUCHER,
    StoryStoreContract,
    an_entry,
    pages,
)


@pytest.fixture
def vouchers(tables: Tables) -> DynamoVoucherStore:
    return DynamoVoucherStore(tables, bind_vouchers(tables, "VouchersTable"))


@pytest.fixture
def story(tables: Tables) -> DynamoStoryStore:
    return DynamoStoryStore(tables)


class TestDynamoStoryStore(StoryStoreContract):
    """On moto; tests/system/test_member_store.py runs the same on the laptop cloud."""


def test_a_page_is_one_query_and_one_batch(
    story: DynamoStoryStore, store: DynamoMemberStore, vouchers: DynamoVoucherStore
) -> None:
    store.commit(MemberChange(new_member().member, 0, (EARNED,), message=MAIL))
    vouchers.commit(VOUCHER)
    with counting_requests() as requests:
        page = story.page("ada", strands=ALL, limit=10)
    assert len(page.told) == 3
    assert requests.operations == ["Query", "BatchGetItem"]


def test_no_cursor_has_a_voucher_s_code(
    story: DynamoStoryStore, store: DynamoMemberStore, vouchers: DynamoVoucherStore
) -> None:
    store.commit(MemberChange(new_member().member, 0, (an_entry(1, "action/A-1", 0),)))
    vouchers.commit(VOUCHER)
    cursor = story.page("ada", strands=ALL, limit=1).next_cursor
    assert cursor is not None
    position = story_store.pages.decode_cursor(cursor)
    assert VOUCHER.voucher.voucher_id in position
    assert VOUCHER.voucher.code not in position


def test_where_a_strand_is_rare_a_page_ends_and_says_where(
    story: DynamoStoryStore, store: DynamoMemberStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(story_store, "_KEYS_READ_AT_MOST", 3)
    adjusted = an_entry(1, "adjustment/A-1", 0)
    earned = tuple(an_entry(number, f"order/pos/{number}", number) for number in range(2, 8))
    store.commit(MemberChange(new_member().member, 0, (adjusted, *earned)))
    found = list(pages(story, ["points"], 10))
    assert [page.told for page in found] == [[], [], [adjusted]]
    assert [page.since for page in found] == [earned[3].recorded_at, earned[0].recorded_at, None]
    assert all(page.since is None or page.since > NOON for page in found)
