"""Uses of offers: counted once, by month and order, within budgets and limits, and taken back."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count, product

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from loyalty.domain.errors import DomainError, MemberBusy, MemberNotFound, OwnAccount
from loyalty.domain.month_uses import MonthUses
from loyalty.domain.offer_errors import (
    OfferLimitReached,
    OfferUseConflict,
    OfferUsedUp,
)
from loyalty.domain.use_counts import USES_PER_ORDER
from loyalty.services import retrying
from tests.support.examples import NOW
from tests.support.offer_shop import OfferShop, an_offer

# The last second of March in Berlin.
MARCH_ENDS = datetime(2017, 3, 31, 21, 59, 59, tzinfo=UTC)
YEAR = an_offer(expires_at=NOW + timedelta(days=365))


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrying, "sleep", lambda _: None)


@pytest.fixture
def shop() -> OfferShop:
    return OfferShop(YEAR)


@pytest.fixture
def ada(shop: OfferShop) -> str:
    return shop.a_member("ada")


def test_a_use_takes_one_read_and_one_transaction_a_repeat_one_read(
    shop: OfferShop, ada: str
) -> None:
    shop.store.requests = 0
    first, is_new = shop.use(ada)
    assert (is_new, shop.store.requests) == (True, 2)
    assert shop.use(ada) == (first, False)
    assert shop.store.requests == 3
    assert shop.uses(ada) == MonthUses("2017-03", 1, 1)


def test_several_uses_with_one_order_are_one_towards_top(shop: OfferShop, ada: str) -> None:
    shop.use(ada, "U-1", order_id="O-1")
    shop.use(ada, "U-2", order_id="O-1")
    assert shop.uses(ada) == MonthUses("2017-03", 1, 2)
    shop.use(ada, "U-3", order_id="O-2")
    assert shop.uses(ada) == MonthUses("2017-03", 2, 3)


def test_uses_of_an_offer_without_an_order_are_one_towards_top_each_month(
    shop: OfferShop, ada: str
) -> None:
    shop.clock.at = MARCH_ENDS + timedelta(days=2)
    shop.offers.add(replace(YEAR, offer_id="tea"))
    for number in (1, 2, 3):
        shop.use(ada, f"U-{number}", at=MARCH_ENDS)
    assert shop.uses(ada) == MonthUses("2017-03", 1, 3)
    shop.use(ada, "U-4", at=MARCH_ENDS + timedelta(seconds=1))
    assert shop.uses(ada, "2017-04") == MonthUses("2017-04", 1, 1)
    shop.use(ada, "U-5", "tea", at=MARCH_ENDS)
    assert shop.uses(ada) == MonthUses("2017-03", 2, 4)
    shop.reverse("U-1")
    shop.reverse("U-2")
    assert shop.uses(ada) == MonthUses("2017-03", 2, 2)
    shop.reverse("U-3")
    assert shop.uses(ada) == MonthUses("2017-03", 1, 1)


def test_the_other_use_of_an_order_counts_when_the_first_is_taken_back(
    shop: OfferShop, ada: str
) -> None:
    shop.use(ada, "U-1", order_id="O-1")
    shop.use(ada, "U-2", order_id="O-1")
    shop.reverse("U-1")
    assert shop.uses(ada) == MonthUses("2017-03", 1, 1)
    shop.reverse("U-2")
    assert shop.uses(ada) == MonthUses("2017-03", 0, 0)


def test_a_use_belongs_to_the_program_s_month(shop: OfferShop, ada: str) -> None:
    shop.clock.at = MARCH_ENDS + timedelta(days=2)
    shop.use(ada, "U-1", at=MARCH_ENDS, order_id="O-1")
    shop.use(ada, "U-2", at=MARCH_ENDS + timedelta(seconds=1), order_id="O-1")
    assert shop.uses(ada) == MonthUses("2017-03", 1, 1)
    assert shop.uses(ada, "2017-04") == MonthUses("2017-04", 1, 1)
    shop.reverse("U-2")
    assert shop.uses(ada) == MonthUses("2017-03", 1, 1)
    assert shop.uses(ada, "2017-04") == MonthUses("2017-04")


def test_the_third_late_use_names_a_top_customer_and_its_reversal_takes_that_back(
    shop: OfferShop, ada: str
) -> None:
    shop.clock.at = MARCH_ENDS + timedelta(days=2)
    for number in (1, 2, 3):
        shop.use(ada, f"U-{number}", at=MARCH_ENDS, order_id=f"O-{number}")
    assert shop.facts(ada)[-2:] == ["OfferUsed", "TopCustomerNamed"]
    shop.reverse("U-2")
    assert shop.facts(ada)[-2:] == ["OfferUseReversed", "EngagementCorrected"]


def test_a_use_makes_a_lapsed_member_active_and_its_reversal_leaves_them_so(
    shop: OfferShop, ada: str
) -> None:
    lapsed = replace(shop.member(ada), status="inactive", inactive_reason="lapsed")
    shop.store.members[ada] = lapsed
    assert shop.use(ada)[0].status == "active"
    assert shop.facts(ada)[-2:] == ["OfferUsed", "MemberReactivated"]
    shop.reverse()
    assert shop.member(ada).status == "active"


def test_bonus_points_are_released_and_taken_back_wherever_they_are(
    ada: str, shop: OfferShop
) -> None:
    shop.offers.add(replace(YEAR, offer_id="bonus", kind="points", percent=None, points=50))
    shop.use(ada, "U-1", "bonus")
    shop.use(ada, "U-2", "bonus")
    shop.reverse("U-1", "bonus")
    assert shop.member(ada).account.points_pending == 50
    shop.clock.advance(timedelta(days=15))
    shop.release_what_is_due()
    assert shop.member(ada).account.points_available == 50
    shop.require_sound_books()
    assert shop.reverse("U-2", "bonus").points_available == 0
    shop.require_sound_books()


def test_a_limit_is_held_though_the_portal_forgets_the_offer(ada: str, shop: OfferShop) -> None:
    shop.offers.add(replace(YEAR, offer_id="once", per_member_limit=1))
    shop.use(ada, "U-1", "once")
    shop.store.members[ada] = replace(shop.member(ada), offers=())
    with pytest.raises(OfferLimitReached):
        shop.use(ada, "U-2", "once")
    shop.reverse("U-1", "once")
    assert shop.use(ada, "U-2", "once")[0].uses_left == 0


def test_when_somebody_else_is_faster_it_is_decided_again(shop: OfferShop, ada: str) -> None:
    shop.offers.add(replace(YEAR, offer_id="one", budget_uses=1))
    bob = shop.a_member("bob")
    shop.store.meanwhile = lambda: shop.use(bob, "U-2", "one")
    with pytest.raises(OfferUsedUp):
        shop.use(ada, "U-1", "one")
    assert shop.budget_taken("one") == 1
    shop.store.meanwhile = lambda: shop.use(ada, "U-3")
    answer, is_new = shop.use(ada, "U-3")
    assert (answer.uses, is_new) == (1, False)
    shop.store.refusals = 5
    assert shop.use(ada, "U-4")[0].uses == 2
    shop.store.refusals = 6
    with pytest.raises(MemberBusy):
        shop.use(ada, "U-5")
    shop.store.meanwhile = lambda: shop.reverse("U-3")
    shop.reverse("U-3")
    assert shop.uses(ada).offers == 1


def test_who_was_merged_uses_as_the_survivor(shop: OfferShop, ada: str) -> None:
    shop.offers.add(replace(YEAR, offer_id="twice", per_member_limit=2))
    bob = shop.a_member("bob")
    shop.use(bob, "U-1", "twice", order_id="O-1")
    shop.merge(ada, bob)
    answer, _ = shop.use(bob, "U-2", "twice")
    assert (answer.member_id, answer.uses_left) == (ada, 0)
    assert shop.use(bob, "U-2", "twice") == (answer, False)
    with pytest.raises(OfferLimitReached):
        shop.use(ada, "U-3", "twice")
    assert shop.uses(ada) == MonthUses("2017-03", 2, 2)
    shop.reverse("U-1", "twice")
    assert shop.uses(ada) == MonthUses("2017-03", 1, 1)
    shop.store.members[ada] = replace(shop.member(ada), status="left")
    with pytest.raises(MemberNotFound):
        shop.use(bob, "U-4", "twice")
    shop.store.members[ada] = replace(shop.member(ada), status="erased")
    with pytest.raises(MemberNotFound):
        shop.reverse("U-2", "twice")


def test_a_member_who_left_still_loses_what_is_taken_back(shop: OfferShop, ada: str) -> None:
    shop.offers.add(replace(YEAR, offer_id="bonus", kind="points", percent=None, points=50))
    shop.use(ada, "U-1", "bonus")
    shop.store.members[ada] = replace(shop.member(ada), status="left")
    assert shop.reverse("U-1", "bonus").points == 50
    assert shop.member(ada).account.points_pending == 0
    shop.require_sound_books()


def test_nobody_uses_or_takes_back_for_themselves_under_any_of_their_ids(
    shop: OfferShop, ada: str
) -> None:
    bob = shop.a_member("bob")
    shop.use(bob, "U-1")
    shop.merge(ada, bob)
    for own, named in product((ada, bob), (ada, bob)):
        with pytest.raises(OwnAccount):
            shop.use(named, "U-2", by=own)
        with pytest.raises(OwnAccount):
            shop.reverse("U-1", by=own)
    cleo = shop.a_member("cleo")
    shop.use(bob, "U-2", by=cleo)
    shop.reverse("U-1", by=cleo)


def test_no_more_uses_with_one_order_than_are_kept(shop: OfferShop, ada: str) -> None:
    for number in range(USES_PER_ORDER):
        shop.use(ada, f"U-{number}", order_id="O-1")
    with pytest.raises(OfferLimitReached):
        shop.use(ada, "U-more", order_id="O-1")
    shop.use(ada, "U-more", order_id="O-2")


# ── Merged, and two again ─────────────────────────────────────────────────────────────────────────


@pytest.fixture
def bonus(shop: OfferShop) -> str:
    """An offer of 50 points."""
    shop.offers.add(replace(YEAR, offer_id="bonus", kind="points", percent=None, points=50))
    return "bonus"


def test_a_use_is_taken_back_from_whom_it_was_counted_for(
    shop: OfferShop, ada: str, bonus: str
) -> None:
    bob = shop.a_member("bob")
    shop.merge(ada, bob)
    shop.use(bob, "U-1", bonus, order_id="O-1")
    shop.undo_merge(ada)
    shop.reverse("U-1", bonus)
    for member_id in (ada, bob):
        assert shop.uses(member_id) == MonthUses("2017-03")
        account = shop.member(member_id).account
        assert (account.points_pending, account.owed) == (0, 0)
    shop.require_sound_books()


def test_uses_with_one_order_stay_one_pair_after_a_merge(shop: OfferShop, ada: str) -> None:
    bob = shop.a_member("bob")
    shop.use(bob, "U-1", order_id="O-1")
    shop.use(bob, "U-2", order_id="O-1")
    shop.merge(ada, bob)
    shop.reverse("U-1")
    assert shop.uses(ada) == MonthUses("2017-03", 1, 1)
    shop.reverse("U-2")
    assert shop.uses(ada) == MonthUses("2017-03")


@pytest.mark.parametrize("taken_back", [1, 2])
def test_an_undo_gives_back_nothing_that_was_taken_back_meanwhile(
    shop: OfferShop, ada: str, bonus: str, taken_back: int
) -> None:
    """Bob is merged into Cleo, and she into Ada, who has points of her own to lose."""
    bob, cleo = shop.a_member("bob"), shop.a_member("cleo")
    shop.use(ada, "U-0", bonus, order_id="O-0")
    for number in (1, 2):
        shop.use(bob, f"U-{number}", bonus, order_id=f"O-{number}")
    shop.merge(cleo, bob, "M-1")
    shop.merge(ada, cleo, "M-2")
    for number in range(1, 1 + taken_back):
        shop.reverse(f"U-{number}", bonus)
    left = 2 - taken_back
    shop.undo_merge(ada, "M-2")
    shop.undo_merge(cleo, "M-1")
    for member_id, uses in ((ada, 1), (cleo, 0), (bob, left)):
        member = shop.member(member_id)
        assert shop.uses(member_id) == MonthUses("2017-03", uses, uses)
        assert (member.account.points_pending, member.account.owed) == (50 * uses, 0)
        assert sum(offer.uses for offer in member.offers) == uses
    shop.require_sound_books()


def test_who_was_top_before_a_merge_is_not_so_again_when_a_use_was_taken_back(
    shop: OfferShop, ada: str
) -> None:
    bob = shop.a_member("bob")
    shop.clock.at = MARCH_ENDS + timedelta(days=2)
    for number in (1, 2, 3):
        shop.use(bob, f"U-{number}", at=MARCH_ENDS, order_id=f"O-{number}")
    assert shop.uses(bob).top
    shop.merge(ada, bob)
    shop.reverse("U-1")
    assert not shop.uses(ada).top
    shop.undo_merge(ada)
    assert shop.uses(bob) == MonthUses("2017-03", 2, 2)


OFFERS = (
    replace(YEAR, offer_id="few", budget_uses=4),
    replace(YEAR, offer_id="limited", per_member_limit=2),
    replace(YEAR, offer_id="bonus", kind="points", percent=None, points=7),
)


class Using(RuleBasedStateMachine):
    """Members use offers at tills and by orders, things come twice, and are taken back."""

    def __init__(self) -> None:
        super().__init__()
        self.shop = OfferShop(*OFFERS)
        self.numbers = count(1)
        # Unreversed uses: their id, and the offer, member and order.
        self.uses: dict[tuple[str, str], tuple[str, str, str]] = {}

    @initialize()
    def two_members(self) -> None:
        self.members = [self.shop.a_member(card) for card in ("ada", "bob")]

    @rule(
        nth=st.integers(0, 1),
        offer_id=st.sampled_from([offer.offer_id for offer in OFFERS]),
        order=st.integers(0, 3),
        twice=st.booleans(),
    )
    def use(self, nth: int, offer_id: str, order: int, twice: bool) -> None:
        use_id = f"U-{next(self.numbers)}"
        member_id, order_id = self.members[nth], f"O-{order}" if order else None
        asked = (member_id, use_id, offer_id)
        try:
            answer, is_new = self.shop.use(*asked, order_id=order_id)
        except (OfferUsedUp, OfferLimitReached):
            return
        assert is_new
        self.uses[offer_id, use_id] = (offer_id, member_id, order_id or "")
        if twice:
            assert self.shop.use(*asked, order_id=order_id) == (answer, False)
            with pytest.raises(OfferUseConflict):
                self.shop.use(*asked, order_id="O-9")

    @precondition(lambda self: self.uses)
    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        offer_id, use_id = data.draw(st.sampled_from(sorted(self.uses)))
        first = self.shop.reverse(use_id, offer_id)
        assert self.shop.reverse(use_id, offer_id) == first
        del self.uses[offer_id, use_id]

    @invariant()
    def all_is_counted(self) -> None:
        taken = Counter(offer_id for offer_id, _, _ in self.uses.values())
        assert self.shop.budget_taken("few") == taken["few"] <= 4
        for member_id in getattr(self, "members", ()):
            own = [use for use in self.uses.values() if use[1] == member_id]
            month = self.shop.uses(member_id)
            assert (month.offers, month.benefits) == (len(set(own)), len(own))
            by_offer = Counter(offer_id for offer_id, _, _ in own)
            assert by_offer["limited"] <= 2
            shown = {offer.offer_id: offer.uses for offer in self.shop.member(member_id).offers}
            assert shown == by_offer
            assert self.shop.member(member_id).account.points_pending == 7 * by_offer["bonus"]
        self.shop.require_sound_books()


TestUsing = Using.TestCase


def test_nothing_is_written_when_the_rules_refuse(shop: OfferShop, ada: str) -> None:
    shop.offers.add(replace(YEAR, offer_id="gold", tiers=("gold",)))
    before = (shop.member(ada), dict(shop.offers.uses), dict(shop.store.history))
    with pytest.raises(DomainError):
        shop.use(ada, "U-1", "gold")
    assert (shop.member(ada), shop.offers.uses, shop.store.history) == before
