"""Whatever is earned, spent, given, expired, merged, held and undone, twice: no point is lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from loyalty.domain.errors import (
    ActionLimitReached,
    InsufficientPoints,
    MergeConflict,
    MergeIsFinal,
    ReturnExceedsOrder,
    SameMember,
    TaskAlreadyDecided,
)
from loyalty.domain.ledger import Entry, LotChange, Posting, spendable
from loyalty.domain.orders import Money, Return
from loyalty.domain.program import ActionReward
from loyalty.domain.spending import give_back, redeem
from loyalty.domain.tasks import Decision
from loyalty.services.customers import current_member, enrolled_member
from loyalty.services.dues import newly_due
from loyalty.services.merge_members import merge_members, undo_merge
from loyalty.services.ports import MemberChange
from loyalty.services.reward_action import reward_action
from loyalty.services.transfer_points import transfer_points
from tests.support.examples import PROGRAM, an_order
from tests.support.shop import Shop, customer, money_back

CARDS = ("ada", "bob", "cyd")
AMOUNTS = st.sampled_from([99, 3_333, 10_000, 29_999])
RUNS = 2_000
STEPS = 12
OWN_ACCOUNTS = ("issued", "redeemed", "expired", "adjusted", "transferred")

# Short windows, so that a few steps see points released, expired, restored and merges final.
SHORT = replace(
    PROGRAM,
    expiry_months=1,
    earns_per_card_and_day=1,
    action_rewards=(ActionReward("review", 7, 2),),
)


class Books(RuleBasedStateMachine):
    """Three members of one program; every change may be repeated by its caller."""

    def __init__(self) -> None:
        super().__init__()
        self.shop = Shop(SHORT)
        self.numbers = count(1)
        self.member_ids: list[str] = []
        self.redeemed: list[tuple[str, tuple[LotChange, ...]]] = []
        self.merges: list[tuple[str, str]] = []
        self.given = 0
        self.spent = 0

    @initialize(owes=st.booleans(), is_held=st.booleans())
    def three_members(self, owes: bool, is_held: bool) -> None:
        """Ada has points to spend, bob may owe some, and cyd may have some held."""
        self.member_ids = [self.shop.a_member(card) for card in CARDS]
        for card in ("ada", "bob"):
            self.buy(card)
        self.time_passes(days=16, expires=False)
        if owes:
            self.redeem(who=1, points=10)
            self.shop.take_back(money_back(10_000), order_id="O-2")
        for _ in range(1 + is_held):
            self.buy("cyd")

    def buy(self, card: str, amount_minor: int = 10_000, *, times: int = 1) -> None:
        number = next(self.numbers)
        order = an_order(f"O-{number}", amount_minor, occurred_at=self.shop.clock.now())
        for _ in range(times):
            self.shop.sell(order, customer(card=card))

    @rule(card=st.sampled_from(CARDS), amount_minor=AMOUNTS, twice=st.booleans())
    def sell(self, card: str, amount_minor: int, twice: bool) -> None:
        self.buy(card, amount_minor, times=1 + twice)

    @rule(data=st.data(), amount_minor=AMOUNTS, twice=st.booleans())
    def take_back(self, data: st.DataObject, amount_minor: int, twice: bool) -> None:
        key = data.draw(st.sampled_from(sorted(self.shop.store.accepted_orders, key=str)))
        money = Money(amount_minor, "EUR")
        return_ = Return(f"R-{next(self.numbers)}", self.shop.clock.now(), amount=money)
        for _ in range(1 + twice):
            try:
                self.shop.take_back(return_, order_id=key.order_id)
            except ReturnExceedsOrder:
                return

    @rule(days=st.sampled_from([0, 1, 16, 31, 45]), expires=st.booleans())
    def time_passes(self, days: int, expires: bool) -> None:
        self.shop.clock.advance(timedelta(days=days))
        self.shop.release_what_is_due()
        if expires:
            self.shop.expire_what_is_due()

    @rule(who=st.integers(0, 2), points=st.integers(-30, 30).filter(bool), twice=st.booleans())
    def adjust(self, who: int, points: int, twice: bool) -> None:
        adjustment_id = f"A-{next(self.numbers)}"
        for _ in range(1 + twice):
            try:
                self.shop.adjust(self.member_ids[who], points, adjustment_id)
            except InsufficientPoints:
                return

    @rule(who=st.integers(0, 2), points=st.integers(1, 40))
    def redeem(self, who: int, points: int) -> None:
        before = enrolled_member(self.shop.store, self.member_ids[who])
        posting = self._posting(before.member_id, f"redemption/{next(self.numbers)}")
        try:
            account, entry = redeem(before.account, posting, points)
        except InsufficientPoints:
            return
        self._commit(before.member_id, account, entry)
        self.spent += points
        self.redeemed.append((self.member_ids[who], entry.lot_changes))

    @precondition(lambda self: self.redeemed)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(self.redeemed) - 1))
        member_id, taken = self.redeemed.pop(place)
        before = enrolled_member(self.shop.store, member_id)
        posting = self._posting(before.member_id, f"redemption/{next(self.numbers)}/reversal")
        until = self.shop.clock.now() + timedelta(days=SHORT.reversal_grace_days)
        account, entry = give_back(before.account, posting, taken, restored_until=until)
        self._commit(before.member_id, account, entry)
        self.spent += sum(change.points for change in taken)

    @rule(giver=st.integers(0, 2), taker=st.integers(0, 2), points=st.integers(1, 30))
    def transfer(self, giver: int, taker: int, points: int) -> None:
        transfer_id = f"T-{next(self.numbers)}"
        for _ in range(2):
            try:
                transfer_points(
                    self.member_ids[giver],
                    transfer_id=transfer_id,
                    to_member_id=self.member_ids[taker],
                    points=points,
                    made_by="staff",
                    own_member_id=None,
                    store=self.shop.store,
                    clock=self.shop.clock,
                )
            except (InsufficientPoints, SameMember):
                return

    @rule(who=st.integers(0, 2), twice=st.booleans())
    def review(self, who: int, twice: bool) -> None:
        action_id = f"V-{next(self.numbers)}"
        for _ in range(1 + twice):
            try:
                reward_action(
                    self.member_ids[who],
                    action="review",
                    action_id=action_id,
                    occurred_at=self.shop.clock.now(),
                    made_by="shop",
                    own_member_id=None,
                    store=self.shop.store,
                    program=self.shop.program,
                    clock=self.shop.clock,
                )
            except ActionLimitReached:
                return
        self.given += 7

    @precondition(lambda self: self.shop.store.tasks)
    @rule(data=st.data(), decision=st.sampled_from(["approved", "rejected"]))
    def decide(self, data: st.DataObject, decision: Decision) -> None:
        task_id = data.draw(st.sampled_from(sorted(self.shop.store.tasks)))
        try:
            self.shop.decide_hold(decision, task_id)
        except TaskAlreadyDecided:
            return

    @rule(survivor=st.integers(0, 2), other=st.integers(0, 2), twice=st.booleans())
    def merge(self, survivor: int, other: int, twice: bool) -> None:
        merge_id = f"M-{next(self.numbers)}"
        for _ in range(1 + twice):
            try:
                merge_members(
                    self.member_ids[survivor],
                    merge_id=merge_id,
                    other_member_id=self.member_ids[other],
                    merged_by="staff",
                    own_member_id=None,
                    store=self.shop.store,
                    program=self.shop.program,
                    clock=self.shop.clock,
                )
            except (MergeConflict, SameMember):
                return
        self.merges.append((self.member_ids[survivor], merge_id))

    @precondition(lambda self: self.merges)
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        member_id, merge_id = data.draw(st.sampled_from(self.merges))
        try:
            undo_merge(
                member_id,
                merge_id,
                undone_by="staff",
                own_member_id=None,
                store=self.shop.store,
                program=self.shop.program,
                clock=self.shop.clock,
            )
        except MergeIsFinal:
            return

    @invariant()
    def who_was_merged_has_nothing(self) -> None:
        for member in self.shop.store.members.values():
            account = member.account
            if member.merged_into is not None:
                assert (account.points_available, account.points_pending, account.owed) == (0, 0, 0)
                assert not member.months
                assert member.lifetime_spend_minor == 0

    @invariant()
    def nobody_owes_what_they_could_pay(self) -> None:
        for member in self.shop.store.members.values():
            assert not (member.account.owed and spendable(member.account, self.shop.clock.now()))

    def teardown(self) -> None:
        self.shop.require_sound_books()
        self._no_point_is_lost()
        self._everybody_together_has_what_orders_earned()
        self._everybody_has_spent_what_they_bought()

    def _no_point_is_lost(self) -> None:
        totals: Counter[str] = Counter()
        for entry in self.shop.store.ledger.values():
            for line in entry.lines:
                totals[line.account] += line.points
        held = sum(
            member.account.balance + member.account.points_pending
            for member in self.shop.store.members.values()
        )
        assert totals["transferred"] == 0
        assert totals["redeemed"] == self.spent
        assert sum(totals[account] for account in OWN_ACCOUNTS) + held == 0

    def _everybody_together_has_what_orders_earned(self) -> None:
        store = self.shop.store
        earned = sum(order.points for order in store.accepted_orders.values())
        back = sum(returns.points for returns in store.order_returns.values())
        forfeited = self._forfeited()
        for key, returns in store.order_returns.items():
            taken = returns.points + forfeited[key.cause]
            assert taken <= store.accepted_orders[key].points
        issued = -sum(
            line.points
            for entry in store.ledger.values()
            for line in entry.lines
            if line.account == "issued"
        )
        assert issued == earned + self.given - back - forfeited.total()
        due = sum(month.points_due for member in store.members.values() for month in member.months)
        assert due == earned - back - forfeited.total()

    def _everybody_has_spent_what_they_bought(self) -> None:
        """Also while they are merged, and after that was undone."""
        store = self.shop.store
        spent: Counter[str] = Counter()
        earned: Counter[str] = Counter()
        forfeited = self._forfeited()
        for key, order in store.accepted_orders.items():
            back = store.order_returns.get(key)
            whose = current_member(store, str(order.member_id)).member_id
            spent[whose] += order.eligible_minor - (back.eligible_minor if back else 0)
            earned[whose] += order.points - (back.points if back else 0) - forfeited[key.cause]
        for member_id, member in store.members.items():
            assert member.lifetime_spend_minor == spent[member_id]
            assert sum(month.net_spend_minor for month in member.months) == spent[member_id]
            assert sum(month.points_due for month in member.months) == earned[member_id]

    def _forfeited(self) -> Counter[str]:
        """Return the points of held orders that were rejected, by the order's business key."""
        forfeited: Counter[str] = Counter()
        for entry in self.shop.store.ledger.values():
            if entry.business_key.startswith("hold/") and entry.kind == "reversal":
                forfeited[entry.business_key.removeprefix("hold/")] -= entry.points
        return forfeited

    def _posting(self, member_id: str, business_key: str) -> Posting:
        now = self.shop.clock.now()
        return Posting(member_id, business_key, now, now, "test")

    def _commit(self, member_id: str, account: object, entry: Entry) -> None:
        before = self.shop.member(member_id)
        after = replace(before, version=before.version + 1, account=account)
        self.shop.store.commit(
            MemberChange(
                after,
                before.version,
                entries=(entry,),
                due=newly_due(before.account, after),
            )
        )


Books.TestCase.settings = settings(max_examples=RUNS, stateful_step_count=STEPS, deadline=None)
TestBooks = Books.TestCase
