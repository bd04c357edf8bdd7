"""Orders in: once for ever, for the right customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.domain.errors import (
    FutureDate,
    MemberBusy,
    MemberNotFound,
    OrderConflict,
    UnknownCurrency,
)
from loyalty.domain.identity import MAX_IDENTITIES, CustomerRef
from loyalty.domain.member import Consent, Identity
from loyalty.domain.orders import OrderKey
from loyalty.domain.tasks import Task
from loyalty.services.ports import ChangeRefused, MemberChange
from tests.support.examples import NOW, PROGRAM, an_order
from tests.support.shop import Shop, customer


@pytest.fixture
def shop() -> Shop:
    return Shop()


class TestOnce:
    def test_a_duplicate_gets_the_first_answer(self, shop: Shop) -> None:
        ada = shop.a_member()
        first = shop.sell(an_order(), customer(card="4711"))
        shop.sell(an_order("O-2"), customer(card="4711"))
        again = shop.sell(replace(an_order(), occurred_at=NOW - timedelta(hours=1)), customer(ada))
        assert (first.created, again.created) == (True, False)
        assert again.answer == first.answer
        assert shop.member(ada).account.points_pending == 20

    def test_another_total_under_the_same_key_is_a_conflict(self, shop: Shop) -> None:
        shop.sell(an_order(), customer(card="4711"))
        with pytest.raises(OrderConflict):
            shop.sell(an_order(amount_minor=1), customer(card="4711"))
        with pytest.raises(OrderConflict):
            shop.sell(an_order(currency="USD"), customer(card="4711"))

    def test_the_same_number_of_another_source_is_another_order(self, shop: Shop) -> None:
        shop.sell(an_order(), customer(card="4711"))
        assert shop.sell(an_order(source="web"), customer(card="4711")).created

    def test_a_racing_duplicate_learns_the_answer_from_its_refusal(self, shop: Shop) -> None:
        other = Shop()
        other.store = shop.store
        first = None

        def be_faster() -> None:
            nonlocal first
            first = other.sell(an_order(), customer(card="4711"))

        shop.store.meanwhile = be_faster
        before = shop.store.requests
        second = shop.sell(an_order(), customer(card="4711"))
        assert shop.store.requests - before == 4  # two for each of them
        assert first is not None
        assert (first.created, second.created) == (True, False)
        assert second.answer == first.answer
        assert len(shop.store.members) == 1


class TestCustomer:
    def test_an_unknown_customer_becomes_a_prospect(self, shop: Shop) -> None:
        answer = shop.sell(an_order(), customer(card="4711", email="ada@example.org")).answer
        ada = shop.member(str(answer["member_id"]))
        assert (ada.version, ada.status, ada.enrolled) == (1, "prospect", False)
        assert ada.identities == (Identity("card", "4711"), Identity("email", "ada@example.org"))
        assert ada.lifetime_spend_minor == 10_000
        assert ada.account.points_pending == 0

    def test_is_found_again_by_any_identity_and_learns_new_ones(self, shop: Shop) -> None:
        first = shop.sell(an_order("O-1"), customer(card="4711"))
        shop.sell(an_order("O-2"), customer(card="4711", email="ada@example.org"))
        third = shop.sell(an_order("O-3"), customer(email="Ada@Example.org"))
        assert third.answer["member_id"] == first.answer["member_id"]
        assert third.answer["lifetime_spend"] == {"amount_minor": 30_000, "currency": "EUR"}

    def test_two_first_orders_at_the_same_moment_make_one_customer(self, shop: Shop) -> None:
        other = Shop()
        other.store = shop.store
        shop.store.meanwhile = lambda: other.sell(an_order("O-2"), customer(card="4711"))
        shop.sell(an_order("O-1"), customer(card="4711"))
        (ada,) = shop.store.members.values()
        assert (ada.lifetime_spend_minor, ada.version) == (20_000, 2)

    def test_an_order_without_identity_is_kept_for_nobody(self, shop: Shop) -> None:
        answer = shop.sell(an_order(), customer()).answer
        assert answer["member_id"] is None
        assert shop.store.members == {}
        assert shop.store.accepted_orders[OrderKey("pos", "O-1")].member_id is None

    def test_a_named_member_must_exist(self, shop: Shop) -> None:
        with pytest.raises(MemberNotFound):
            shop.sell(an_order(), customer("nobody", card="4711"))
        assert shop.store.members == {}
        assert shop.store.accepted_orders == {}

    def test_conflicting_identities_go_to_the_strongest_and_open_a_task(self, shop: Shop) -> None:
        ada = shop.a_member(card="4711")
        bob = shop.enrol(customer(email="bob@example.org")).member.member_id
        for order_id in ("O-1", "O-2"):
            outcome = shop.sell(an_order(order_id), customer(email="bob@example.org", card="4711"))
            assert outcome.created
            assert outcome.answer["member_id"] == ada
            assert outcome.answer["identity_conflict"] is True
        first, second = sorted((ada, bob))
        task_id = f"t-merge-{first}-{second}"
        assert shop.store.tasks == {
            task_id: Task(task_id, "merge", (first, second), NOW, "order/pos/O-1")
        }
        assert shop.member(bob).lifetime_spend_minor == 0

    def test_one_task_is_opened_whoever_of_the_two_wins(self, shop: Shop) -> None:
        shop.a_member(card="4711")
        bob = shop.enrol(customer(email="bob@example.org")).member.member_id
        shop.sell(an_order("O-1"), customer(card="4711", email="bob@example.org"))
        shop.sell(an_order("O-2"), customer(bob, card="4711"))
        assert len(shop.store.tasks) == 1

    def test_a_task_is_opened_for_each_further_customer(self, shop: Shop) -> None:
        ada = shop.a_member(card="4711")
        bob = shop.enrol(customer(email="bob@example.org")).member.member_id
        eve = shop.enrol(customer(phone="+491701234567")).member.member_id
        shop.sell(an_order(), customer(card="4711", email="bob@example.org", phone="+491701234567"))
        pairs = {task.member_ids for task in shop.store.tasks.values()}
        assert pairs == {tuple(sorted((ada, bob))), tuple(sorted((ada, eve)))}

    def test_agreeing_identities_are_no_conflict(self, shop: Shop) -> None:
        shop.enrol(customer(card="4711", email="ada@example.org"))
        answer = shop.sell(an_order(), customer(card="4711", email="ada@example.org")).answer
        assert "identity_conflict" not in answer
        assert shop.store.tasks == {}

    def test_a_customer_has_at_most_twenty_identities(self, shop: Shop) -> None:
        ada = shop.a_member(card="0")
        for number in range(1, MAX_IDENTITIES + 5):
            shop.sell(an_order(f"O-{number}"), customer(ada, card=str(number)))
        assert len(shop.member(ada).identities) == MAX_IDENTITIES
        assert shop.member(ada).lifetime_spend_minor == (MAX_IDENTITIES + 4) * 10_000
        assert Identity("card", str(MAX_IDENTITIES)) not in shop.store.identity_owners

    def test_a_name_fills_an_empty_one_only(self, shop: Shop) -> None:
        shop.sell(an_order("O-1"), customer(card="4711"))
        shop.sell(an_order("O-2"), customer(card="4711", name="Ada"))
        shop.sell(an_order("O-3"), customer(card="4711", name="Bob"))
        (ada,) = shop.store.members.values()
        assert ada.name == "Ada"

    def test_a_yes_along_with_an_order_lifts_no_opt_out(self, shop: Shop) -> None:
        ada = shop.a_member(card="4711")
        shop.enrol(customer(card="4711", consents={"email": False}))
        shop.clock.advance(timedelta(days=1))
        order = an_order(occurred_at=shop.clock.now())
        shop.sell(order, customer(card="4711", consents={"email": True, "sms": True}))
        consents = shop.member(ada).consents
        assert (consents["email"].granted, consents["sms"].granted) == (False, True)

    def test_consents_are_recorded_with_their_source_and_time(self, shop: Shop) -> None:
        at = NOW - timedelta(days=1)
        order = an_order(occurred_at=at)
        shop.sell(order, customer(card="4711", consents={"email": True, "sms": False}))
        (ada,) = shop.store.members.values()
        assert ada.consents == {"email": Consent(True, at, "pos"), "sms": Consent(False, at, "pos")}
        assert [change.event for change in shop.store.history.values()] == ["ConsentChanged"] * 2

    def test_an_old_order_does_not_undo_a_later_opt_out(self, shop: Shop) -> None:
        order = an_order("O-2", occurred_at=NOW)
        shop.sell(order, customer(card="4711", consents={"email": False}))
        late = an_order("O-1", occurred_at=NOW - timedelta(days=3))
        shop.sell(late, customer(card="4711", consents={"email": True}))
        (ada,) = shop.store.members.values()
        assert ada.consents["email"].granted is False


class TestPoints:
    def test_points_wait_and_a_release_falls_due_once_a_day(self, shop: Shop) -> None:
        ada = shop.a_member()
        shop.sell(an_order("O-1"), customer(ada))
        shop.sell(an_order("O-2", occurred_at=NOW + timedelta(minutes=5)), customer(ada))
        (due,) = shop.due()
        (part,) = shop.member(ada).account.pending
        assert (due.due_at, part.points) == (part.releases_at, 20)

    def test_an_order_earns_by_the_program_of_its_time(self) -> None:
        july = NOW + timedelta(days=10)
        doubled = replace(PROGRAM, version=2, effective_from=july, earn_rate=Decimal("0.2"))
        shop = Shop(PROGRAM, doubled)
        ada = shop.a_member()
        shop.clock.advance(timedelta(days=11))
        shop.sell(an_order("late", occurred_at=july - timedelta(microseconds=1)), customer(ada))
        shop.sell(an_order("new", occurred_at=july), customer(ada))
        late, new = shop.store.ledger.values()
        assert (late.points, new.points) == (10, 20)

    def test_what_is_refused_changes_nothing(self, shop: Shop) -> None:
        with pytest.raises(FutureDate):
            shop.sell(an_order(occurred_at=NOW + timedelta(minutes=6)), customer(card="4711"))
        with pytest.raises(UnknownCurrency):
            shop.sell(an_order(currency="GBP"), customer(card="4711"))
        assert shop.store.members == {}
        assert shop.store.accepted_orders == {}


class TestRequests:
    def test_two_when_the_member_is_named(self, shop: Shop) -> None:
        ada = shop.a_member()
        assert self.cost(shop, "O-1", customer(ada)) == 2

    def test_three_when_the_customer_is_found_by_identity(self, shop: Shop) -> None:
        shop.a_member(card="4711")
        assert self.cost(shop, "O-1", customer(card="4711", email="ada@example.org")) == 3

    def test_two_for_a_new_customer(self, shop: Shop) -> None:
        assert self.cost(shop, "O-1", customer(card="4711")) == 2

    def test_one_for_a_duplicate(self, shop: Shop) -> None:
        self.cost(shop, "O-1", customer(card="4711"))
        assert self.cost(shop, "O-1", customer(card="4711")) == 1

    def cost(self, shop: Shop, order_id: str, who: CustomerRef) -> int:
        before = shop.store.requests
        shop.sell(an_order(order_id), who)
        return shop.store.requests - before


class TestContention:
    def test_a_conflict_is_tried_again(self, shop: Shop) -> None:
        ada = shop.a_member()
        shop.store.refusals = 5
        assert shop.sell(an_order(), customer(ada)).created
        assert shop.member(ada).lifetime_spend_minor == 10_000

    def test_a_busy_member_is_told_and_nothing_is_written(self, shop: Shop) -> None:
        ada = shop.a_member()
        before = shop.member(ada)
        shop.store.refusals = 6
        with pytest.raises(MemberBusy):
            shop.sell(an_order(), customer(ada))
        assert shop.member(ada) == before

    def test_no_update_is_lost(self, shop: Shop) -> None:
        ada = shop.a_member()
        other = Shop()
        other.store = shop.store
        shop.store.meanwhile = lambda: other.sell(an_order("O-2"), customer(ada))
        shop.sell(an_order("O-1"), customer(ada))
        assert shop.member(ada).lifetime_spend_minor == 20_000
        assert shop.member(ada).account.points_pending == 20
        shop.require_sound_books()

    def test_a_commit_whose_answer_was_lost_is_found(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ada = shop.a_member()
        commit = shop.store.commit
        lost = iter([True])

        def commit_and_lose_the_answer(change: MemberChange) -> None:
            commit(change)
            if next(lost, False):
                raise ChangeRefused("the outcome is unknown")

        monkeypatch.setattr(shop.store, "commit", commit_and_lose_the_answer)
        outcome = shop.sell(an_order(), customer(ada))
        assert outcome.answer["points_earned"] == 10
        assert shop.member(ada).account.points_pending == 10


@pytest.mark.parametrize("days_late", [34, 35, 300])
def test_late_orders_of_a_day_stay_within_its_cap_however_late(days_late: int) -> None:
    shop = Shop(replace(PROGRAM, points_per_day_cap=15))
    shop.a_member()
    long_ago = shop.clock.now()
    shop.sell(an_order("O-1"), customer(card="4711"))
    shop.clock.advance(timedelta(days=days_late))
    shop.sell(an_order("O-2", occurred_at=shop.clock.now()), customer(card="4711"))
    earned = [
        shop.sell(an_order(order_id, occurred_at=long_ago), customer(card="4711")).answer[
            "points_earned"
        ]
        for order_id in ("O-3", "O-4")
    ]
    assert earned == [5, 0]


AGES = st.sampled_from([0, 1, 34, 35, 60, 61])
AMOUNTS = st.sampled_from([3_000, 10_000, 20_000])


@given(st.lists(st.tuples(AGES, AMOUNTS), max_size=8), st.data())
def test_what_imported_history_earns_does_not_depend_on_what_of_it_comes_first(
    bought: list[tuple[int, int]], data: st.DataObject
) -> None:
    def months_of(orders: Sequence[tuple[int, int]]) -> object:
        shop = Shop(replace(PROGRAM, points_per_day_cap=15))
        member_id = shop.a_member()
        shop.clock.advance(timedelta(days=90))
        for number, (age, amount_minor) in enumerate(orders):
            occurred_at = shop.clock.now() - timedelta(days=age)
            order = an_order(f"O-{number}", amount_minor, occurred_at=occurred_at, historic=True)
            shop.sell(order, customer(card="4711"))
        return shop.member(member_id).months

    assert months_of(bought) == months_of(data.draw(st.permutations(bought)))


@pytest.mark.parametrize(("age", "earned"), [(34, [10, 5, 0]), (35, [10, 10, 10])])
def test_imported_history_keeps_to_the_cap_of_the_latest_days(age: int, earned: list[int]) -> None:
    shop = Shop(replace(PROGRAM, points_per_day_cap=15))
    shop.a_member()
    long_ago = shop.clock.now()
    shop.clock.advance(timedelta(days=age))
    for order_id, points in zip(("O-1", "O-2", "O-3"), earned, strict=True):
        order = an_order(order_id, occurred_at=long_ago, historic=True)
        assert shop.sell(order, customer(card="4711")).answer["points_earned"] == points
