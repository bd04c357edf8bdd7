"""Two profiles become one, and nothing that they have is lost or doubled."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty.domain.errors import (
    MemberBusy,
    MemberNotFound,
    MergeConflict,
    OwnAccount,
    SameMember,
    TooManyMerged,
)
from loyalty.domain.merging import MAX_ABSORBED
from loyalty.services.customers import current_member
from tests.support.examples import PROGRAM, an_order
from tests.support.merged_shop import (
    ADAS_CARD,
    BOBS_CARD,
    merge,
    points,
    two_members,
    undo,
)
from tests.support.shop import Shop, customer, money_back


@pytest.fixture
def shop() -> Shop:
    return two_members()


@pytest.fixture
def ada(shop: Shop) -> str:
    return shop.id_of("ada")


@pytest.fixture
def bob(shop: Shop) -> str:
    return shop.id_of("bob")


class TestMerge:
    def test_all_is_the_survivors_at_once(self, shop: Shop, ada: str, bob: str) -> None:
        shop.store.requests = 0
        merged = merge(shop, ada, bob)
        assert shop.store.requests == 4
        assert merged.state == "merged"
        assert merged.undoable_until == shop.clock.now() + timedelta(days=30)
        assert points(shop, ada) == (20, 10, 0)
        assert points(shop, bob) == (0, 0, 0)
        assert shop.member(ada).lifetime_spend_minor == 30_000
        assert sum(month.orders for month in shop.member(ada).months) == 3
        assert shop.store.identity_owners == {ADAS_CARD: ada, BOBS_CARD: ada}
        tombstone = shop.member(bob)
        assert (tombstone.status, tombstone.merged_into) == ("merged", ada)
        shop.require_sound_books()

    def test_it_is_told_once_to_each(self, shop: Shop, ada: str, bob: str) -> None:
        merge(shop, ada, bob)
        told = {
            (change.member_id, change.event, change.data["tier"])
            for change in shop.store.history.values()
            if "merge_id" in change.data
        }
        tier = shop.member(bob).tier
        assert told == {(ada, "MemberAbsorbed", None), (bob, "MemberMerged", tier)}

    def test_again_it_changes_nothing(self, shop: Shop, ada: str, bob: str) -> None:
        first = merge(shop, ada, bob)
        before = shop.member(ada)
        assert merge(shop, ada, bob) == first
        assert shop.member(ada) == before

    def test_look_ups_follow(self, shop: Shop, ada: str, bob: str) -> None:
        merge(shop, ada, bob)
        assert current_member(shop.store, bob) == shop.member(ada)

    def test_orders_that_name_the_other_one_are_the_survivors(
        self, shop: Shop, ada: str, bob: str
    ) -> None:
        merge(shop, ada, bob)
        for number, who in enumerate(
            (customer(bob), customer(card="bob"), customer(bob, card="ada"))
        ):
            sold = shop.sell(an_order(f"O-{9 + number}"), who).answer
            assert sold["member_id"] == ada
            assert "identity_conflict" not in sold
        shop.require_sound_books()

    def test_returns_of_the_others_orders_are_the_survivors(
        self, shop: Shop, ada: str, bob: str
    ) -> None:
        shop.take_back(money_back(10_000, "R-9"), order_id="O-9")
        merge(shop, ada, bob)
        shop.take_back(money_back(5_000), order_id="O-2")
        assert points(shop, ada) == (20, 5, 0)
        assert shop.member(ada).lifetime_spend_minor == 25_000
        shop.sell(an_order("O-9"), customer(card="bob"))
        assert points(shop, ada) == (20, 5, 0)
        shop.require_sound_books()

    def test_what_is_due_is_done_at_the_survivor(self, shop: Shop, ada: str, bob: str) -> None:
        merge(shop, ada, bob)
        shop.clock.advance(timedelta(days=20))
        shop.release_what_is_due()
        assert points(shop, ada) == (30, 0, 0)
        shop.clock.advance(timedelta(days=500))
        shop.expire_what_is_due()
        assert shop.member(ada).account.points_available == 0
        shop.require_sound_books()

    def test_what_one_owes_the_other_repays(self, shop: Shop, ada: str, bob: str) -> None:
        shop.store.members[ada] = replace(
            shop.member(ada), account=replace(shop.member(ada).account, lots=(), owed=7)
        )
        merge(shop, ada, bob)
        assert points(shop, ada) == (3, 10, 0)

    def test_a_membership_is_taken_over(self, shop: Shop, bob: str) -> None:
        shop.sell(an_order("O-7"), customer(card="cyd"))
        cyd = shop.id_of("cyd")
        merge(shop, cyd, bob)
        survivor = shop.member(cyd)
        assert survivor.enrolled
        assert survivor.tier == shop.member(bob).tier
        assert points(shop, cyd) == (10, 10, 0)
        shop.require_sound_books()

    @pytest.mark.parametrize(
        ("survivors", "others", "status"),
        [
            ("prospect", "active", "active"),
            ("invited", "not_interested", "not_interested"),
            ("active", "not_interested", "active"),
            ("prospect", "invited", "prospect"),
        ],
    )
    def test_what_the_customer_decided_holds(
        self, shop: Shop, ada: str, bob: str, survivors: str, others: str, status: str
    ) -> None:
        for member_id, stands in ((ada, survivors), (bob, others)):
            shop.store.members[member_id] = replace(shop.member(member_id), status=stands)
        merge(shop, ada, bob)
        assert shop.member(ada).status == status
        undo(shop, ada)
        assert (shop.member(ada).status, shop.member(bob).status) == (survivors, others)

    def test_refusals(self, shop: Shop, ada: str, bob: str) -> None:
        cyd = shop.a_member("cyd")
        with pytest.raises(SameMember):
            merge(shop, ada, ada)
        for own in (ada, bob):
            with pytest.raises(OwnAccount):
                merge(shop, ada, bob, by=own)
        with pytest.raises(MemberNotFound):
            merge(shop, ada, "nobody")
        merge(shop, ada, bob)
        with pytest.raises(MergeConflict):
            merge(shop, ada, cyd)
        with pytest.raises(MergeConflict):
            merge(shop, cyd, bob, "M-2")
        with pytest.raises(MergeConflict):
            merge(shop, bob, cyd, "M-2")

    def test_a_person_has_so_many_profiles_at_most(self, shop: Shop, ada: str, bob: str) -> None:
        others = tuple(f"m-{number}" for number in range(MAX_ABSORBED - 1))
        shop.store.members[ada] = replace(shop.member(ada), absorbed=others[:9])
        shop.store.members[bob] = replace(shop.member(bob), absorbed=others[9:])
        merge(shop, ada, bob)
        assert set(shop.member(ada).absorbed) == {*others, bob}
        cyd = shop.a_member("cyd")
        for survivor, other in ((ada, cyd), (cyd, ada)):
            with pytest.raises(TooManyMerged):
                merge(shop, survivor, other, "M-2")
        assert shop.member(cyd).merged_into is None
        undo(shop, ada)
        merge(shop, ada, cyd, "M-3")

    def test_windows_too_many_for_one_transaction_move_too(self) -> None:
        shop = Shop(replace(PROGRAM, pending_days=200))
        ada, bob = shop.a_member("ada"), shop.a_member("bob")
        for number in range(160):
            shop.clock.advance(timedelta(days=1))
            order = an_order(f"N-{number}", occurred_at=shop.clock.now())
            shop.sell(order, customer(card="bob"))
        merge(shop, ada, bob)
        shop.require_sound_books()
        undo(shop, ada)
        shop.require_sound_books()
        shop.clock.advance(timedelta(days=120))
        with pytest.raises(MemberBusy):
            merge(shop, shop.a_member("cyd"), bob)
