"""What every `VoucherStore` does; the fake and DynamoDB are held to it alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty.domain.reward_errors import VoucherLimitReached
from loyalty.domain.voucher_uses import redeem, reserve, roll_back
from loyalty.domain.vouchers import VoucherStep, cancel, end, issue, withdraw
from loyalty.services.ports import ChangeRefused
from loyalty.services.voucher_ports import (
    EXPIRY_SHARDS,
    VoucherBatch,
    VoucherContext,
    VoucherIdTaken,
    VoucherStore,
)
from tests.support.examples import NOW
from tests.support.vouchers import EXPIRES_AT, a_code, a_request, amount_terms, percent_terms

LIMITED = percent_terms(member_limit=1, stores=("berlin",), categories=("dairy",))


def issued(number: int = 1, **more: object) -> VoucherStep:
    """Return the step that issues a voucher."""
    fields = {"member_id": None, "cause": "staff", "at": NOW} | more
    terms = fields.pop("terms", amount_terms())
    return issue(a_code(number), f"V-{number}", terms, **fields)  # type: ignore[arg-type]


def expiring(vouchers: VoucherStore, until: object) -> list[str]:
    """Return the codes in all shards of the day of the examples' expiry."""
    return [
        code
        for shard in range(EXPIRY_SHARDS)
        for code in vouchers.expiring(EXPIRES_AT.date(), shard, until=until, limit=10)  # type: ignore[arg-type]
    ]


class VoucherStoreContract:
    """Subclass it and give a fixture `vouchers`."""

    def test_a_voucher_is_read_as_it_was_written(self, vouchers: VoucherStore) -> None:
        step = issued(member_id="ada", terms=LIMITED, batch_id="B-1")
        vouchers.commit(step)
        kept = reserve(step.voucher, None, a_request(store_id="berlin"), at=NOW, until=EXPIRES_AT)
        vouchers.commit(kept)
        code = step.voucher.code
        assert vouchers.context(code, "R-1") == VoucherContext(kept.voucher, kept.use)
        assert vouchers.context(code, "R-2") == VoucherContext(kept.voucher, None)
        assert vouchers.voucher(code) == kept.voucher
        assert list(vouchers.vouchers([code, a_code(2)])) == [kept.voucher]
        assert vouchers.codes(["V-1", "V-2"]) == {"V-1": code}

    def test_what_is_not_there_is_nothing(self, vouchers: VoucherStore) -> None:
        assert vouchers.voucher(a_code()) is None
        assert vouchers.context(a_code(), "R-1") == VoucherContext(None, None)
        assert vouchers.codes(["V-1"]) == {}

    def test_a_voucher_id_is_issued_once(self, vouchers: VoucherStore) -> None:
        vouchers.commit(issued(1))
        again = replace(issued(2).voucher, voucher_id="V-1")
        with pytest.raises(VoucherIdTaken) as taken:
            vouchers.commit(replace(issued(2), voucher=again))
        assert taken.value.code == a_code(1)
        assert vouchers.voucher(a_code(2)) is None

    def test_a_barred_id_is_never_issued(self, vouchers: VoucherStore) -> None:
        vouchers.bar("V-1")
        vouchers.bar("V-1")
        with pytest.raises(VoucherIdTaken) as taken:
            vouchers.commit(issued(1))
        assert taken.value.code is None
        assert vouchers.codes(["V-1"]) == {}
        vouchers.commit(issued(2))
        with pytest.raises(ChangeRefused):
            vouchers.bar("V-2")

    def test_a_code_is_given_once(self, vouchers: VoucherStore) -> None:
        vouchers.commit(issued(1))
        other = replace(issued(1).voucher, voucher_id="V-2")
        with pytest.raises(ChangeRefused):
            vouchers.commit(replace(issued(1), voucher=other))
        assert vouchers.codes(["V-2"]) == {}

    def test_who_was_slower_is_refused(self, vouchers: VoucherStore) -> None:
        step = issued()
        vouchers.commit(step)
        first = redeem(step.voucher, None, a_request("R-1"), at=NOW)
        second = redeem(step.voucher, None, a_request("R-2"), at=NOW)
        vouchers.commit(first)
        with pytest.raises(ChangeRefused):
            vouchers.commit(second)
        code = step.voucher.code
        assert vouchers.context(code, "R-2") == VoucherContext(first.voucher, None)

    def test_many_are_issued_together_or_not_at_all(self, vouchers: VoucherStore) -> None:
        vouchers.commit(issued(3))
        with pytest.raises(VoucherIdTaken):
            vouchers.commit(issued(1), issued(2), issued(3))
        assert vouchers.codes(["V-1", "V-2"]) == {}
        vouchers.commit(issued(1), issued(2))
        assert set(vouchers.codes(["V-1", "V-2", "V-3"])) == {"V-1", "V-2", "V-3"}

    def test_a_member_stays_within_a_batch_s_limit(self, vouchers: VoucherStore) -> None:
        first, second = (issued(n, terms=LIMITED, batch_id="B-1") for n in (1, 2))
        vouchers.commit(first, second)
        request = a_request(store_id="berlin", member_id="ada")
        used = redeem(first.voucher, None, request, at=NOW)
        vouchers.commit(used)
        again = redeem(second.voucher, None, request, at=NOW)
        with pytest.raises(VoucherLimitReached):
            vouchers.commit(again)
        vouchers.commit(roll_back(used.voucher, used.use, "R-1", at=NOW))
        vouchers.commit(again)
        assert vouchers.voucher(a_code(2)) == again.voucher

    def test_a_member_s_vouchers_come_newest_first(self, vouchers: VoucherStore) -> None:
        for number in (1, 2, 3):
            at = NOW + timedelta(minutes=number)
            vouchers.commit(issued(number, member_id="ada", at=at))
        vouchers.commit(issued(4), issued(5, member_id="bob"))
        first, cursor = vouchers.vouchers_of(["ada"], limit=2)
        assert [voucher.voucher_id for voucher in first] == ["V-3", "V-2"]
        rest, end = vouchers.vouchers_of(["ada"], limit=2, cursor=cursor)
        assert ([voucher.voucher_id for voucher in rest], end) == (["V-1"], None)
        assert vouchers.vouchers_of(["cyd"], limit=2) == ([], None)

    @pytest.mark.parametrize("limit", [1, 2, 3, 4])
    def test_the_vouchers_of_several_come_newest_first(
        self, vouchers: VoucherStore, limit: int
    ) -> None:
        for number, member_id in enumerate(("ada", "bob", "bob", "ada", "bob", "cyd"), start=1):
            at = NOW + timedelta(minutes=number)
            vouchers.commit(issued(number, member_id=member_id, at=at))
        found: list[str] = []
        cursor = None
        while cursor is not None or not found:
            page, cursor = vouchers.vouchers_of(["ada", "bob"], limit=limit, cursor=cursor)
            assert 0 < len(page) <= limit
            found += [voucher.voucher_id for voucher in page]
        assert found == ["V-5", "V-4", "V-3", "V-2", "V-1"]

    def test_only_what_has_not_ended_expires(self, vouchers: VoucherStore) -> None:
        first, second, third, fourth = (issued(number) for number in (1, 2, 3, 4))
        vouchers.commit(first, second, third, fourth)
        vouchers.commit(redeem(first.voucher, None, a_request(), at=NOW))
        vouchers.commit(cancel(second.voucher, "undone", at=NOW, only_unused=True))
        vouchers.commit(reserve(third.voucher, None, a_request(), at=NOW, until=EXPIRES_AT))
        assert expiring(vouchers, EXPIRES_AT - timedelta(microseconds=1)) == []
        assert set(expiring(vouchers, EXPIRES_AT)) == {a_code(3), a_code(4)}
        gone = end(fourth.voucher, EXPIRES_AT)
        assert gone is not None
        vouchers.commit(gone)
        assert expiring(vouchers, EXPIRES_AT) == [a_code(3)]

    def test_what_ends_with_a_roll_back_expires_no_more(self, vouchers: VoucherStore) -> None:
        step = issued()
        vouchers.commit(step)
        spent = redeem(step.voucher, None, a_request("R-1"), at=NOW)
        vouchers.commit(spent)
        undone = roll_back(spent.voucher, spent.use, "R-1", at=EXPIRES_AT)
        vouchers.commit(undone)
        assert vouchers.voucher(a_code()) == undone.voucher
        assert expiring(vouchers, EXPIRES_AT) == []
        with pytest.raises(ChangeRefused):
            vouchers.commit(undone)

    def test_what_is_withdrawn_ends_with_its_reservation(self, vouchers: VoucherStore) -> None:
        step = issued()
        vouchers.commit(step)
        until = EXPIRES_AT - timedelta(hours=1)
        kept = reserve(step.voucher, None, a_request(), at=NOW, until=until)
        vouchers.commit(kept)
        assert expiring(vouchers, until) == []
        withdrawn = withdraw(kept.voucher, "undone", at=NOW)
        vouchers.commit(withdrawn)
        assert vouchers.voucher(a_code()) == withdrawn.voucher
        assert expiring(vouchers, until - timedelta(microseconds=1)) == []
        assert expiring(vouchers, until) == [a_code()]

    def test_a_batch_is_opened_once(self, vouchers: VoucherStore) -> None:
        batch = VoucherBatch("B-1", LIMITED, 2, ("ada", "bob"), "staff", NOW)
        assert vouchers.open_batch(batch) is batch
        assert vouchers.open_batch(replace(batch, count=3)) == batch
