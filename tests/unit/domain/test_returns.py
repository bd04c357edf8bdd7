"""Returns: any split, any order, the same end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.domain.earning import earn
from loyalty.domain.errors import ReturnConflict, ReturnExceedsOrder, TooManyReturnsWaiting
from loyalty.domain.orders import (
    AcceptedOrder,
    Money,
    Order,
    OrderLine,
    OrderReturns,
    Return,
    ReturnLine,
    Tender,
)
from loyalty.domain.returns import (
    MAX_WAITING,
    MAX_WAITING_LINES,
    fingerprint,
    take_back,
    wait_for_order,
)
from tests.support.examples import NOW, PROGRAM, an_order

BASKET = an_order(
    lines=[
        OrderLine("milk", 3, 1000),
        OrderLine("wine", 2, 4001),
        OrderLine("milk", 1, 450),
        OrderLine("post", 1, 490, kind="shipping"),
    ]
)


def accepted(order: Order) -> AcceptedOrder:
    earning = earn(order, PROGRAM, tier="member")
    return AcceptedOrder(
        key=order.key,
        member_id="ada",
        occurred_at=order.occurred_at,
        recorded_at=order.occurred_at,
        store_id=None,
        total=order.total,
        lines=earning.lines,
        eligible_minor=earning.eligible_minor,
        points=earning.points,
        releases_at=earning.releases_at,
        lot_expires_at=earning.lot_expires_at,
        program_version=1,
        answer={},
    )


def goods(sku: str, quantity: int = 1, amount_minor: int | None = None) -> Return:
    return Return("R", NOW, lines=(ReturnLine(sku, quantity, amount_minor),))


def amount(amount_minor: int, currency: str = "EUR") -> Return:
    return Return("R", NOW, amount=Money(amount_minor, currency))


def after(order: AcceptedOrder, returns: Sequence[Return]) -> OrderReturns:
    state = OrderReturns(order.key)
    for return_ in returns:
        state = take_back(order, state, return_).returns
    return state


def test_a_line_takes_back_what_it_earned() -> None:
    order = accepted(BASKET)
    assert (order.eligible_minor, order.points) == (5451, 5)
    taken = take_back(order, OrderReturns(order.key), goods("wine", 2))
    assert taken.eligible_minor == 4001
    assert taken.points == order.lines[1].points == 4


def test_a_share_of_a_line_is_rounded_down_and_the_last_share_is_the_rest() -> None:
    order = accepted(BASKET)
    shares = []
    state = OrderReturns(order.key)
    for _ in range(2):
        taken = take_back(order, state, goods("wine"))
        shares.append(taken.eligible_minor)
        state = taken.returns
    assert shares == [2000, 2001]


def test_goods_of_one_sku_fill_its_lines_in_order() -> None:
    order = accepted(BASKET)
    state = after(order, [goods("milk", 4)])
    assert state.line_amounts_minor == (1000, 0, 450, 0)
    assert state.line_quantities == (3, 0, 1, 0)


def test_shipping_takes_back_nothing() -> None:
    order = accepted(BASKET)
    taken = take_back(order, OrderReturns(order.key), goods("post"))
    assert (taken.eligible_minor, taken.points) == (0, 0)


def test_an_amount_is_goods_first() -> None:
    order = accepted(BASKET)
    taken = take_back(order, OrderReturns(order.key), amount(5451))
    assert (taken.eligible_minor, taken.points) == (order.eligible_minor, order.points)
    rest = take_back(order, taken.returns, amount(490))
    assert (rest.eligible_minor, rest.points) == (0, 0)


def test_what_a_voucher_paid_is_not_taken_back() -> None:
    order = accepted(an_order(amount_minor=2000, tenders=[Tender("voucher", 1000)]))
    half = take_back(order, OrderReturns(order.key), amount(1000))
    assert (order.eligible_minor, half.eligible_minor) == (1000, 500)


def test_never_more_is_taken_back_than_was_earned_however_shares_round() -> None:
    # Half of each line is paid by voucher, so four of eight single cents are eligible.
    lines = [OrderLine(str(number), 1, 1) for number in range(8)]
    order = accepted(an_order(lines=lines, tenders=[Tender("voucher", 4)]))
    assert [line.eligible_minor for line in order.lines] == [1, 1, 1, 1, 0, 0, 0, 0]
    state = after(order, [*(goods(str(number)) for number in range(4)), amount(3)])
    assert state.eligible_minor == order.eligible_minor == 4


def test_money_all_back_is_everything_back() -> None:
    discounted = accepted(an_order(amount_minor=2000, total_minor=1500))
    taken = take_back(discounted, OrderReturns(discounted.key), amount(1500))
    assert (taken.eligible_minor, taken.points) == (2000, 2)


def test_goods_all_back_by_line_are_judged_by_line() -> None:
    lines = [OrderLine("milk", 1, 1500), OrderLine("wine", 1, 500)]
    discounted = accepted(an_order(lines=lines, total_minor=1500))
    taken = take_back(discounted, OrderReturns(discounted.key), goods("milk"))
    assert taken.eligible_minor == 1500


@pytest.mark.parametrize(
    "beyond",
    [
        goods("milk", 5),
        goods("milk", 1, 1451),
        goods("milk", 5, 100),
        goods("tea"),
        amount(5942),
        amount(100, "USD"),
        Return("R", NOW, lines=(ReturnLine("wine", 2), ReturnLine("wine", 1))),
    ],
)
def test_beyond_the_order_is_refused(beyond: Return) -> None:
    order = accepted(BASKET)
    with pytest.raises(ReturnExceedsOrder):
        take_back(order, OrderReturns(order.key), beyond)


def test_the_total_limits_amounts_and_lines_together() -> None:
    order = accepted(BASKET)
    state = after(order, [goods("wine", 2), amount(1940)])
    with pytest.raises(ReturnExceedsOrder):
        take_back(order, state, amount(1))
    with pytest.raises(ReturnExceedsOrder):
        take_back(order, state, goods("milk"))


def test_an_order_of_nothing_can_be_returned() -> None:
    order = accepted(an_order(amount_minor=0))
    taken = take_back(order, OrderReturns(order.key), goods("milk"))
    assert (taken.eligible_minor, taken.points) == (0, 0)


def test_a_return_waits_once_and_only_so_many_wait() -> None:
    waiting = wait_for_order(OrderReturns(BASKET.key), goods("milk"))
    assert waiting is not None
    assert waiting.version == 1
    assert (
        wait_for_order(waiting, replace(goods("milk"), occurred_at=NOW.replace(year=2018))) is None
    )
    with pytest.raises(ReturnConflict):
        wait_for_order(waiting, goods("milk", 2))
    for number in range(MAX_WAITING - 1):
        waiting = wait_for_order(waiting, replace(goods("milk"), return_id=str(number)))
        assert waiting is not None
    with pytest.raises(TooManyReturnsWaiting):
        wait_for_order(waiting, replace(goods("milk"), return_id="one more"))


def test_no_more_lines_wait_than_an_item_holds() -> None:
    lines = (ReturnLine("milk", 1),) * (MAX_WAITING_LINES - 1)
    waiting = wait_for_order(OrderReturns(BASKET.key), Return("R-1", NOW, lines=lines))
    assert waiting is not None
    full = wait_for_order(waiting, Return("R-2", NOW, lines=lines[:1]))
    assert full is not None
    with pytest.raises(TooManyReturnsWaiting):
        wait_for_order(full, Return("R-3", NOW, lines=lines[:1]))


def test_the_order_of_lines_does_not_make_another_return() -> None:
    lines = (ReturnLine("milk", 1), ReturnLine("wine", 1, 0))
    there, back = Return("R", NOW, lines=lines), Return("R", NOW, lines=lines[::-1])
    assert fingerprint(there) == fingerprint(back)
    assert fingerprint(there) != fingerprint(
        Return("R", NOW, lines=(lines[0], ReturnLine("wine", 1)))
    )
    assert fingerprint(amount(0)) != fingerprint(amount(0, "USD"))


@st.composite
def baskets(draw: st.DrawFn) -> AcceptedOrder:
    lines = draw(
        st.lists(
            st.builds(
                OrderLine,
                sku=st.sampled_from(["milk", "wine", "tea"]),
                quantity=st.integers(1, 5),
                amount_minor=st.integers(0, 9999),
                kind=st.sampled_from(["product", "product", "shipping"]),
            ),
            min_size=1,
            max_size=5,
        )
    )
    voucher = Tender("voucher", draw(st.integers(0, 3000)))
    discount = draw(st.sampled_from([0, 0, 1, 500]))
    total = max(0, sum(line.amount_minor for line in lines) - discount)
    return accepted(an_order(lines=lines, total_minor=total, tenders=[voucher]))


@st.composite
def splits(draw: st.DrawFn) -> tuple[AcceptedOrder, list[Return], list[Return]]:
    """Return an order, returns of it that fit, and the same returns in another order."""
    order = draw(baskets())
    state, fitting = OrderReturns(order.key), []
    for sku, quantity, priced, plain in draw(
        st.lists(
            st.tuples(
                st.sampled_from([line.sku for line in order.lines]),
                st.integers(1, 3),
                st.none() | st.integers(0, 4000),
                st.none() | st.integers(0, 4000),
            ),
            max_size=8,
        )
    ):
        return_ = goods(sku, quantity, priced) if plain is None else amount(plain)
        try:
            state = take_back(order, state, return_).returns
        except ReturnExceedsOrder:
            continue
        fitting.append(return_)
    return order, fitting, draw(st.permutations(fitting))


@given(splits())
def test_the_order_of_returns_does_not_matter(
    split: tuple[AcceptedOrder, list[Return], list[Return]],
) -> None:
    order, there, elsewhere = split
    assert after(order, there) == after(order, elsewhere)


@given(splits())
def test_nothing_is_taken_twice_or_given_back(
    split: tuple[AcceptedOrder, list[Return], list[Return]],
) -> None:
    order, returns, _ = split
    state, eligible_minor, points = OrderReturns(order.key), 0, 0
    for return_ in returns:
        taken = take_back(order, state, return_)
        assert taken.eligible_minor >= 0
        assert taken.points >= 0
        state = taken.returns
        eligible_minor += taken.eligible_minor
        points += taken.points
    assert (eligible_minor, points) == (state.eligible_minor, state.points)
    assert eligible_minor <= order.eligible_minor
    assert points <= order.points


@given(splits())
def test_the_rest_of_the_goods_takes_back_the_rest(
    split: tuple[AcceptedOrder, list[Return], list[Return]],
) -> None:
    order, returns, _ = split
    state = after(order, returns)
    whole = max(order.total.amount_minor, sum(line.amount_minor for line in order.lines))
    missing = whole - sum(state.line_amounts_minor) - state.unassigned_minor
    state = take_back(order, state, amount(missing)).returns
    assert (state.eligible_minor, state.points) == (order.eligible_minor, order.points)
