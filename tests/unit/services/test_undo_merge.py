"""One profile becomes two again, and each gets back what it had."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty.domain.errors import (
    MergeIsFinal,
    MergeNotFound,
    OwnAccount,
)
from loyalty.domain.member import Consent
from loyalty.domain.tasks import Decision
from tests.support.examples import NOW, PROGRAM, an_order
from tests.support.merged_shop import (
    ADAS_CARD,
    BOBS_CARD,
    come_to_owe,
    merge,
    points,
    two_members,
    undo,
    unversioned,
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


class TestUndo:
    def test_both_are_as_they_were(self, shop: Shop, ada: str, bob: str) -> None:
        before = unversioned(shop.member(ada)), unversioned(shop.member(bob))
        merge(shop, ada, bob)
        shop.store.requests = 0
        assert undo(shop, ada).state == "undone"
        assert shop.store.requests == 4
        assert (unversioned(shop.member(ada)), unversioned(shop.member(bob))) == before
        assert shop.store.identity_owners == {ADAS_CARD: ada, BOBS_CARD: bob}
        shop.require_sound_books()

    def test_again_it_changes_nothing(self, shop: Shop, ada: str, bob: str) -> None:
        merge(shop, ada, bob)
        first = undo(shop, ada)
        assert undo(shop, ada) == first
        assert merge(shop, ada, bob) == first
        merge(shop, ada, bob, "M-2")
        assert undo(shop, ada) == first
        assert shop.member(bob).status == "merged"

    def test_what_was_spent_meanwhile_is_spent(self, shop: Shop, ada: str, bob: str) -> None:
        merge(shop, ada, bob)
        shop.adjust(ada, -15)
        undo(shop, ada)
        assert points(shop, ada) == (0, 0, 0)
        assert points(shop, bob) == (5, 10, 0)
        shop.require_sound_books()

    @pytest.mark.parametrize("debtors", [("ada",), ("bob",), ("ada", "bob")])
    @pytest.mark.parametrize("debt", [4, 10])
    @pytest.mark.parametrize("spent", [0, 3])
    def test_what_one_repaid_for_the_other_is_owed_again(
        self, shop: Shop, ada: str, bob: str, debtors: tuple[str, ...], debt: int, spent: int
    ) -> None:
        for card in ("ada", "bob"):
            if card in debtors:
                come_to_owe(shop, card, debt)
            elif spent:
                shop.adjust(shop.id_of(card), -spent)
        before = unversioned(shop.member(ada)), unversioned(shop.member(bob))
        merge(shop, ada, bob)
        undo(shop, ada)
        assert (unversioned(shop.member(ada)), unversioned(shop.member(bob))) == before
        shop.require_sound_books()

    def test_who_owes_again_repays_with_what_came_meanwhile(
        self, shop: Shop, ada: str, bob: str
    ) -> None:
        come_to_owe(shop, "ada", 4)
        merge(shop, ada, bob)
        shop.adjust(ada, 3, "A-2")
        undo(shop, ada)
        assert points(shop, ada) == (0, 0, 1)
        assert points(shop, bob) == (10, 10, 0)
        shop.require_sound_books()

    def test_points_that_repaid_come_back_expired_when_their_time_is_over(
        self, shop: Shop, ada: str, bob: str
    ) -> None:
        shop.take_back(money_back(10_000, "R-2"), order_id="O-2")
        come_to_owe(shop, "bob", 4)
        (lot,) = shop.member(ada).account.lots
        shop.clock.at = lot.expires_at - timedelta(days=1)
        merge(shop, ada, bob)
        shop.clock.advance(timedelta(days=2))
        shop.expire_what_is_due()
        undo(shop, ada)
        assert shop.member(ada).account.expired == (lot,)
        assert (points(shop, ada), points(shop, bob)) == ((0, 0, 0), (0, 0, 4))
        shop.require_sound_books()

    def test_what_was_released_meanwhile_goes_back_as_a_lot(
        self, shop: Shop, ada: str, bob: str
    ) -> None:
        merge(shop, ada, bob)
        shop.clock.advance(timedelta(days=20))
        shop.release_what_is_due()
        undo(shop, ada)
        assert points(shop, ada) == (10, 0, 0)
        assert points(shop, bob) == (20, 0, 0)
        assert {due.member_id for due in shop.due("expiry")} == {ada, bob}
        shop.require_sound_books()

    @pytest.mark.parametrize(("decision", "left"), [("approved", 10), ("rejected", 0)])
    def test_what_was_held_goes_back_as_it_is_by_then(
        self, shop: Shop, ada: str, bob: str, decision: Decision, left: int
    ) -> None:
        shop.program.definitions = [replace(PROGRAM, earns_per_card_and_day=1)]
        shop.sell(an_order("O-3", occurred_at=shop.clock.now()), customer(card="bob"))
        merge(shop, ada, bob)
        shop.decide_hold(decision)
        undo(shop, ada)
        assert points(shop, ada) == (10, 0, 0)
        assert points(shop, bob) == (10, 10 + left, 0)
        assert sum(month.points_due for month in shop.member(ada).months) == 10
        assert sum(month.points_due for month in shop.member(bob).months) == 20 + left
        shop.take_back(money_back(10_000, "R-3"), order_id="O-3")
        assert points(shop, bob) == (10, 10, 0)
        shop.require_sound_books()

    def test_a_hold_rejected_at_the_end_of_a_chain_is_of_its_own_order(
        self, shop: Shop, ada: str, bob: str
    ) -> None:
        cyd = shop.a_member("cyd")
        shop.program.definitions = [replace(PROGRAM, earns_per_card_and_day=1)]
        shop.sell(an_order("O-3", occurred_at=shop.clock.now()), customer(card="bob"))
        merge(shop, ada, bob)
        merge(shop, cyd, ada, "M-2")
        shop.adjust(cyd, 20)
        shop.decide_hold("rejected")
        undo(shop, cyd, "M-2")
        undo(shop, ada)
        assert points(shop, cyd) == (20, 0, 0)
        assert points(shop, ada) == (10, 0, 0)
        assert points(shop, bob) == (10, 10, 0)
        for member_id, due in ((cyd, 0), (ada, 10), (bob, 20)):
            assert sum(month.points_due for month in shop.member(member_id).months) == due
        shop.require_sound_books()

    def test_what_came_back_meanwhile_is_not_given_back(
        self, shop: Shop, ada: str, bob: str
    ) -> None:
        merge(shop, ada, bob)
        shop.take_back(money_back(10_000), order_id="O-1")
        shop.take_back(money_back(5_000), order_id="O-2")
        undo(shop, ada)
        assert points(shop, ada) == (10, 0, 0)
        assert points(shop, bob) == (0, 5, 0)
        assert shop.member(ada).lifetime_spend_minor == 10_000
        assert shop.member(bob).lifetime_spend_minor == 5_000
        assert sum(month.net_spend_minor for month in shop.member(bob).months) == 5_000
        shop.require_sound_books()

    def test_what_was_earned_meanwhile_stays(self, shop: Shop, ada: str, bob: str) -> None:
        merge(shop, ada, bob)
        sold_at = shop.clock.now()
        shop.sell(an_order("O-9", occurred_at=sold_at), customer(card="bob"))
        undo(shop, ada)
        assert points(shop, ada) == (10, 10, 0)
        assert points(shop, bob) == (10, 10, 0)
        shop.take_back(money_back(10_000, at=sold_at), order_id="O-9")
        shop.take_back(money_back(10_000, at=sold_at), order_id="O-2")
        assert points(shop, ada) == (10, 0, 0)
        assert points(shop, bob) == (10, 0, 0)
        shop.require_sound_books()

    def test_a_consent_that_came_from_the_other_goes_back(
        self, shop: Shop, ada: str, bob: str
    ) -> None:
        said = Consent(granted=True, recorded_at=NOW, source="shop")
        shop.store.members[bob] = replace(shop.member(bob), consents={"email": said})
        merge(shop, ada, bob)
        assert shop.member(ada).consents == {"email": said}
        undo(shop, ada)
        assert shop.member(ada).consents == {}
        assert shop.member(bob).consents == {"email": said}

    def test_it_is_possible_for_thirty_days(self, shop: Shop, ada: str, bob: str) -> None:
        merge(shop, ada, bob)
        shop.clock.advance(timedelta(days=30))
        shop.store.meanwhile = lambda: shop.clock.advance(timedelta(seconds=1))
        undo(shop, ada)
        merge(shop, ada, bob, "M-2")
        shop.clock.advance(timedelta(days=30, seconds=1))
        with pytest.raises(MergeIsFinal):
            undo(shop, ada, "M-2")

    def test_a_chain_is_undone_from_its_end(self, shop: Shop, ada: str, bob: str) -> None:
        cyd = shop.a_member("cyd")
        merge(shop, ada, bob)
        merge(shop, cyd, ada, "M-2")
        shop.take_back(money_back(5_000), order_id="O-2")
        assert points(shop, cyd) == (20, 5, 0)
        with pytest.raises(MergeIsFinal):
            undo(shop, ada)
        undo(shop, cyd, "M-2")
        undo(shop, ada)
        assert points(shop, ada) == (10, 0, 0)
        assert points(shop, bob) == (10, 5, 0)
        assert points(shop, cyd) == (0, 0, 0)
        shop.require_sound_books()

    def test_refusals(self, shop: Shop, ada: str, bob: str) -> None:
        with pytest.raises(MergeNotFound):
            undo(shop, ada)
        merge(shop, ada, bob)
        for own in (ada, bob):
            with pytest.raises(OwnAccount):
                undo(shop, ada, by=own)
