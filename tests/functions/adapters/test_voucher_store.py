"""Vouchers in DynamoDB."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty.adapters.dynamodb.member_store import DynamoMemberStore
from loyalty.adapters.dynamodb.tables import Tables
from loyalty.adapters.dynamodb.voucher_items import shard_of
from loyalty.adapters.dynamodb.voucher_store import DynamoVoucherStore
from loyalty.adapters.dynamodb.voucher_tables import bind_vouchers
from loyalty.adapters.voucher_codes import RandomVoucherCodes
from loyalty.domain.errors import CursorInvalid
from loyalty.domain.member import Member
from loyalty.domain.voucher_codes import ALPHABET, RANDOM_CHARACTERS, read
from loyalty.services.ports import MemberChange
from loyalty.services.voucher_ports import EXPIRY_SHARDS
from tests.support.counting import counting_requests
from tests.support.examples import NOW
from tests.support.voucher_store_contract import VoucherStoreContract, issued


@pytest.fixture
def vouchers(tables: Tables) -> DynamoVoucherStore:
    return DynamoVoucherStore(tables, bind_vouchers(tables, "VouchersTable"))


class TestDynamoVoucherStore(VoucherStoreContract):
    def test_no_item_but_the_voucher_s_own_partition_and_its_id_has_the_code(
        self, vouchers: DynamoVoucherStore, dynamodb: Any
    ) -> None:
        step = issued(member_id="ada")
        vouchers.commit(step)
        items = dynamodb.scan(TableName="VouchersTable")["Items"]
        facts = [item for item in items if item["item_type"] == {"S": "voucher_fact"}]
        assert [sorted(fact) for fact in facts if step.voucher.code in str(fact["data"])] == []
        assert len(items) == 3

    @pytest.mark.parametrize("cursor", ["x", "%%%", "bm9uc2Vuc2U"])
    def test_a_forged_cursor_is_refused(self, vouchers: DynamoVoucherStore, cursor: str) -> None:
        with pytest.raises(CursorInvalid):
            vouchers.vouchers_of(["ada"], limit=2, cursor=cursor)


def a_member(member_id: str, **fields: Any) -> MemberChange:
    return MemberChange(Member(member_id, version=1, created_at=NOW, status="active", **fields))


def test_a_wallet_is_the_member_with_vouchers_in_two_requests(
    tables: Tables, vouchers: DynamoVoucherStore
) -> None:
    DynamoMemberStore(tables, lambda: b"").commit(a_member("ada"))
    mine = [issued(number, member_id="ada").voucher for number in range(3)]
    for number in range(3):
        vouchers.commit(issued(number, member_id="ada"))
    vouchers.commit(issued(9, member_id="ben"))
    with counting_requests() as requests:
        member, found, cursor = vouchers.wallet("ada", limit=2)
    assert requests.operations == ["Query", "BatchGetItem"]
    assert member is not None
    assert member.member_id == "ada"
    _, rest, end = vouchers.wallet("ada", limit=2, cursor=cursor)
    assert {voucher.code for voucher in (*found, *rest)} == {voucher.code for voucher in mine}
    assert end is None
    assert vouchers.wallet("nobody", limit=2) == (None, [], None)


def test_a_wallet_has_the_vouchers_of_who_was_merged_in(
    tables: Tables, vouchers: DynamoVoucherStore
) -> None:
    DynamoMemberStore(tables, lambda: b"").commit(a_member("ada", absorbed=("ben",)))
    vouchers.commit(issued(1, member_id="ada"))
    vouchers.commit(issued(2, member_id="ben"))
    _, found, _ = vouchers.wallet("ada", limit=10)
    assert {voucher.member_id for voucher in found} == {"ada", "ben"}


def test_codes_are_random_well_formed_and_spread_over_the_shards() -> None:
    codes = [RandomVoucherCodes().new() for _ in range(1_000)]
    assert len(set(codes)) == len(codes)
    assert all(read(code) == code for code in codes)
    for place in range(RANDOM_CHARACTERS):
        assert {code[place] for code in codes} == set(ALPHABET)
    assert {shard_of(code) for code in codes} == set(range(EXPIRY_SHARDS))
