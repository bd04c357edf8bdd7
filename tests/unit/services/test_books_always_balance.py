"""Whatever happens in whatever order, and twice: the books balance and the sums are the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import TypeAlias

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from loyalty.domain.errors import InsufficientPoints, ReturnExceedsOrder, TooManyReturnsWaiting
from loyalty.domain.orders import Money, Order, OrderLine, Return, ReturnLine, Tender
from loyalty.services.adjust_points import adjust_points
from loyalty.services.release_points import release
from tests.support.examples import NOW, an_order
from tests.support.shop import Shop, customer

SKUS = ("milk", "wine", "tea")
CARDS = ("ada", "bob", "cyd")


@st.composite
def baskets(draw: st.DrawFn) -> list[OrderLine]:
    line = st.builds(
        OrderLine,
        sku=st.sampled_from(SKUS),
        quantity=st.integers(1, 4),
        amount_minor=st.integers(0, 20_000),
        kind=st.sampled_from(["product", "product", "product", "shipping"]),
    )
    return draw(st.lists(line, min_size=1, max_size=4))


def returned_goods() -> st.SearchStrategy[tuple[ReturnLine, ...]]:
    line = st.builds(
        ReturnLine,
        sku=st.sampled_from(SKUS),
        quantity=st.integers(1, 3),
        amount_minor=st.none() | st.integers(0, 10_000),
    )
    return st.lists(line, min_size=1, max_size=2).map(tuple)


class Program(RuleBasedStateMachine):
    """Customers buy, return, sign up; points fall due; staff adjust; and everything comes twice."""

    def __init__(self) -> None:
        super().__init__()
        self.shop = Shop()
        self.numbers = count(1)
        self.sold: list[tuple[Order, str]] = []
        self.back: list[tuple[str, Return]] = []
        self.adjusted: list[tuple[str, str, int]] = []

    @initialize()
    def ada_and_bob_are_members(self) -> None:
        self.member_ids = {card: self.shop.a_member(card) for card in CARDS[:2]}
        cyd = self.shop.sell(an_order("first", 1_000), customer(card="cyd")).answer
        self.member_ids["cyd"] = str(cyd["member_id"])

    @rule(
        lines=baskets(),
        card=st.sampled_from(CARDS),
        age_days=st.integers(0, 40),
        voucher_minor=st.sampled_from([0, 0, 1_999]),
    )
    def sell(self, lines: list[OrderLine], card: str, age_days: int, voucher_minor: int) -> None:
        order = an_order(
            f"O-{next(self.numbers)}",
            lines=lines,
            occurred_at=max(NOW, self.shop.clock.now() - timedelta(days=age_days)),
            tenders=[Tender("voucher", voucher_minor)] if voucher_minor else [],
        )
        assert self.shop.sell(order, customer(card=card)).created
        self.sold.append((order, card))

    @precondition(lambda self: self.sold)
    @rule(data=st.data())
    def sell_again(self, data: st.DataObject) -> None:
        order, card = data.draw(st.sampled_from(self.sold))
        later = replace(order, occurred_at=self.shop.clock.now())
        assert not self.shop.sell(later, customer(card=card)).created

    @rule(
        what=returned_goods() | st.integers(0, 30_000),
        ahead=st.integers(-5, 1),
    )
    def take_back(self, what: tuple[ReturnLine, ...] | int, ahead: int) -> None:
        order_id = f"O-{max(1, len(self.sold) + 1 + ahead)}"
        return_id = f"R-{next(self.numbers)}"
        now = self.shop.clock.now()
        if isinstance(what, int):
            return_ = Return(return_id, now, amount=Money(what, "EUR"))
        else:
            return_ = Return(return_id, now, lines=what)
        try:
            self.shop.take_back(return_, order_id=order_id)
        except (ReturnExceedsOrder, TooManyReturnsWaiting):
            return
        self.back.append((order_id, return_))

    @precondition(lambda self: self.sold)
    @rule(data=st.data())
    def take_back_all_that_is_left(self, data: st.DataObject) -> None:
        order, _ = data.draw(st.sampled_from(self.sold))
        returns = self.shop.store.order_returns.get(order.key)
        came_back = sum(returns.line_amounts_minor) + returns.unassigned_minor if returns else 0
        rest = Money(order.total.amount_minor - came_back, "EUR")
        return_ = Return(f"R-{next(self.numbers)}", self.shop.clock.now(), amount=rest)
        self.shop.take_back(return_, order_id=order.key.order_id)
        accepted, returns = (
            self.shop.store.accepted_orders[order.key],
            self.shop.store.order_returns[order.key],
        )
        assert returns.points == accepted.points
        assert returns.eligible_minor == accepted.eligible_minor

    @precondition(lambda self: self.back)
    @rule(data=st.data())
    def take_back_again(self, data: st.DataObject) -> None:
        order_id, return_ = data.draw(st.sampled_from(self.back))
        try:
            assert not self.shop.take_back(return_, order_id=order_id).created
        except ReturnExceedsOrder:  # it waited for its order and turned out too large
            assert (
                "refused"
                in self.shop.store.returns[an_order(order_id).key, return_.return_id].answer
            )

    @rule(days=st.integers(1, 20))
    def time_passes(self, days: int) -> None:
        self.shop.clock.advance(timedelta(days=days))

    @rule(twice=st.booleans())
    def release_what_is_due(self, twice: bool) -> None:
        for due in self.shop.due():
            if due.due_at <= self.shop.clock.now():
                for _ in range(1 + twice):
                    release(due, store=self.shop.store, clock=self.shop.clock)

    @rule(card=st.sampled_from(CARDS[:2]), points=st.integers(-30, 30).filter(bool))
    def adjust(self, card: str, points: int) -> None:
        adjustment = (f"A-{next(self.numbers)}", card, points)
        try:
            self.make(adjustment)
        except InsufficientPoints:
            return
        self.adjusted.append(adjustment)

    @precondition(lambda self: self.adjusted)
    @rule(data=st.data())
    def adjust_again(self, data: st.DataObject) -> None:
        self.make(data.draw(st.sampled_from(self.adjusted)))

    def make(self, adjustment: tuple[str, str, int]) -> None:
        adjustment_id, card, points = adjustment
        adjust_points(
            self.member_ids[card],
            adjustment_id=adjustment_id,
            points=points,
            reason="goodwill",
            made_by="staff",
            own_member_id=None,
            store=self.shop.store,
            program=self.shop.program,
            clock=self.shop.clock,
            ids=self.shop.ids,
        )

    @rule()
    def cyd_signs_up(self) -> None:
        assert self.shop.enrol(customer(card="cyd")).member.member_id == self.member_ids["cyd"]

    @invariant()
    def the_books_balance(self) -> None:
        self.shop.require_sound_books()

    @invariant()
    def everybody_has_what_their_orders_earned(self) -> None:
        store = self.shop.store
        for card, member_id in getattr(self, "member_ids", {}).items():
            orders = [o for o in store.accepted_orders.values() if o.member_id == member_id]
            returns = [store.order_returns[o.key] for o in orders if o.key in store.order_returns]
            given = sum(points for _, owner, points in self.adjusted if owner == card)
            member = self.shop.member(member_id)
            earned = sum(o.points for o in orders) - sum(r.points for r in returns)
            assert member.account.balance + member.account.points_pending == earned + given
            spent = sum(o.eligible_minor for o in orders)
            assert member.lifetime_spend_minor == spent - sum(r.eligible_minor for r in returns)


Program.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestProgram = Program.TestCase


@dataclass(frozen=True)
class Sale:
    order: Order
    card: str


@dataclass(frozen=True)
class GoodsBack:
    order_id: str
    return_: Return


Delivery: TypeAlias = Sale | GoodsBack


@st.composite
def two_deliveries_of_the_same(draw: st.DrawFn) -> tuple[list[Delivery], list[Delivery]]:
    """Return orders with fitting returns in two orders of delivery, the second with repeats."""
    deliveries: list[Delivery] = []
    for number in range(draw(st.integers(1, 4))):
        order = an_order(f"O-{number}", lines=draw(baskets()), occurred_at=NOW)
        deliveries.append(Sale(order, draw(st.sampled_from(CARDS))))
        left_minor = order.total.amount_minor
        for part in range(draw(st.integers(0, 4))):
            amount_minor = draw(st.integers(0, left_minor))
            left_minor -= amount_minor
            return_ = Return(f"R-{number}-{part}", NOW, amount=Money(amount_minor, "EUR"))
            deliveries.append(GoodsBack(order.key.order_id, return_))
    repeats = draw(st.lists(st.sampled_from(deliveries), max_size=5))
    return draw(st.permutations(deliveries)), draw(st.permutations(deliveries + repeats))


def outcome_of(deliveries: list[Delivery], *, at: datetime) -> dict[str, tuple[int, int, int]]:
    shop = Shop()
    member_ids = {card: shop.a_member(card) for card in CARDS}
    shop.clock.at = at
    for delivery in deliveries:
        if isinstance(delivery, Sale):
            shop.sell(delivery.order, customer(card=delivery.card))
        else:
            shop.take_back(delivery.return_, order_id=delivery.order_id)
    shop.require_sound_books()
    accounts = {card: shop.member(member_id) for card, member_id in member_ids.items()}
    return {
        card: (member.lifetime_spend_minor, member.account.points_pending, member.account.balance)
        for card, member in accounts.items()
    }


@given(
    two_deliveries_of_the_same(),
    st.sampled_from([NOW + timedelta(hours=1), NOW + timedelta(days=60)]),
)
def test_the_order_of_delivery_and_repeats_do_not_matter(
    deliveries: tuple[list[Delivery], list[Delivery]], at: datetime
) -> None:
    once, shuffled = deliveries
    assert outcome_of(once, at=at) == outcome_of(shuffled, at=at)
