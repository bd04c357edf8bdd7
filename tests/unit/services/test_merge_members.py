"""Two profiles become one and two again, and nothing that they have is lost or doubled."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty.contracts.merges import MergeView
from loyalty.domain.errors import (
    MemberBusy,
    MemberNotFound,
    MergeConflict,
    MergeIsFinal,
    MergeNotFound,
    OwnAccount,
    SameMember,
)
from loyalty.domain.ledger import spendable
from loyalty.domain.member import Consent, Identity, Member
from loyalty.domain.tasks import Decision
from loyalty.services.customers import current_member
from loyalty.services.decide_task import decide_task
from loyalty.services.merge_members import merge_members, undo_merge
from tests.support.examples import NOW, PROGRAM, an_order
from tests.support.fakes import FakeTaskStore
from tests.support.shop import Shop, customer, money_back

ADAS_CARD, BOBS_CARD = Identity("card", "ada"), Identity("card", "bob")


@pytest.fixture
def shop() -> Shop:
    """Ada and bob have 10 points each to spend; bob has 10 more pending."""
    shop = Shop()
    for number, card in enumerate(("ada", "bob")):
        shop.a_member(card)
        shop.sell(an_order(f"O-{number}"), customer(card=card))
    shop.clock.advance(timedelta(days=20))
    shop.release_what_is_due()
    shop.sell(an_order("O-2", occurred_at=shop.clock.now()), customer(card="bob"))
    return shop


@pytest.fixture
def ada(shop: Shop) -> str:
    return shop.id_of("ada")


@pytest.fixture
def bob(shop: Shop) -> str:
    return shop.id_of("bob")


def merge(
    shop: Shop, ada: str, bob: str, merge_id: str = "M-1", *, by: str | None = None
) -> MergeView:
    return merge_members(
        ada,
        merge_id=merge_id,
        other_member_id=bob,
        merged_by="staff",
        own_member_id=by,
        store=shop.store,
        program=shop.program,
        clock=shop.clock,
    )


def undo(shop: Shop, ada: str, merge_id: str = "M-1", *, by: str | None = None) -> MergeView:
    return undo_merge(
        ada,
        merge_id,
        undone_by="staff",
        own_member_id=by,
        store=shop.store,
        program=shop.program,
        clock=shop.clock,
    )


def decide_on_the_held_order(shop: Shop, decision: Decision) -> None:
    decide_task(
        next(iter(shop.store.tasks)),
        decision,
        decided_by="staff",
        own_member_id=None,
        kinds=("fraud_review",),
        tasks=FakeTaskStore(shop.store),
        store=shop.store,
        program=shop.program,
        clock=shop.clock,
    )


def come_to_owe(shop: Shop, card: str, points: int) -> None:
    """Let somebody spend all that they have, and bring goods of their first order back then."""
    shop.adjust(shop.id_of(card), -10)
    order_id = {"ada": "O-0", "bob": "O-1"}[card]
    shop.take_back(money_back(points * 1_000, f"R-{card}"), order_id=order_id)
    assert shop.member(shop.id_of(card)).account.owed == points


def points(shop: Shop, member_id: str) -> tuple[int, int, int]:
    account = shop.member(member_id).account
    return spendable(account, shop.clock.now()), account.points_pending, account.owed


def unversioned(member: Member) -> Member:
    account = replace(member.account, entries=0)
    pending = tuple(part for part in account.pending if part.points)
    return replace(member, version=0, account=replace(account, pending=pending))


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
        decide_on_the_held_order(shop, decision)
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
        decide_on_the_held_order(shop, "rejected")
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
