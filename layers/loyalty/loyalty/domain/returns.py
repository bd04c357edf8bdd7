"""What a return takes back.

Everything here is a function of what has come back *in all*, and one return takes the difference to
what was taken before. That is why any split of the goods over returns, in any order, ends at the
same points and the same spend.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from loyalty.domain.errors import ReturnConflict, ReturnExceedsOrder, TooManyReturnsWaiting
from loyalty.domain.orders import AcceptedOrder, EarningLine, OrderReturns, Return, ReturnLine
from loyalty.domain.totals import Purchase

# An order counts its waiting returns in its own transaction, which has room for 100 items: two for
# each of them.
MAX_WAITING = 30
# What waits is one item of at most 400 KB; a line takes some 200 bytes of it.
MAX_WAITING_LINES = 1000


class TakenBack(NamedTuple):
    """What one return takes back: eligible minor units (program's currency) and points.

    `is_all` tells that nothing of the order is left.
    """

    returns: OrderReturns
    eligible_minor: int
    points: int
    is_all: bool = False


def fingerprint(return_: Return) -> str:
    """Return what all deliveries of one return have in common, whatever their timestamps."""
    amount = return_.amount and (return_.amount.amount_minor, return_.amount.currency)
    lines = sorted(
        json.dumps((line.sku, line.quantity, line.amount_minor)) for line in return_.lines
    )
    return hashlib.sha256(json.dumps((amount, lines)).encode()).hexdigest()


def wait_for_order(returns: OrderReturns, return_: Return) -> OrderReturns | None:
    """Let a return wait until its order comes.

    Returns
    -------
    OrderReturns or None
        The next version of `returns`; None when this return waits already.

    Raises
    ------
    ReturnConflict
        Another return of the same id waits.
    TooManyReturnsWaiting
        `MAX_WAITING` returns wait already, or `MAX_WAITING_LINES` lines.
    """
    for waiting in returns.waiting:
        if waiting.return_id == return_.return_id:
            if fingerprint(waiting) != fingerprint(return_):
                raise ReturnConflict(f"return {return_.return_id} waits with another content")
            return None
    if len(returns.waiting) >= MAX_WAITING:
        raise TooManyReturnsWaiting(f"{MAX_WAITING} returns wait for this order already")
    if sum(len(waiting.lines) for waiting in (*returns.waiting, return_)) > MAX_WAITING_LINES:
        raise TooManyReturnsWaiting(f"over {MAX_WAITING_LINES} lines would wait for this order")
    return replace(returns, version=returns.version + 1, waiting=(*returns.waiting, return_))


def take_back(order: AcceptedOrder, returns: OrderReturns, return_: Return) -> TakenBack:
    """Count a return.

    Parameters
    ----------
    order
        The order that the goods belong to.
    returns
        What of it came back so far; its version is left to the caller.
    return_
        Goods by line, or an amount in the order's currency.

    Raises
    ------
    ReturnExceedsOrder
        More than the order would have come back, or something that is not of it.
    """
    untouched = (0,) * len(order.lines)
    counted = replace(
        returns,
        line_amounts_minor=returns.line_amounts_minor or untouched,
        line_quantities=returns.line_quantities or untouched,
    )
    for line in return_.lines:
        counted = _with_line(order, counted, line)
    if return_.amount is not None:
        if return_.amount.currency != order.total.currency:
            raise ReturnExceedsOrder(f"the order is in {order.total.currency}")
        unassigned_minor = counted.unassigned_minor + return_.amount.amount_minor
        counted = replace(counted, unassigned_minor=unassigned_minor)
    if _returned_minor(counted) > _returnable_minor(order):
        raise ReturnExceedsOrder(
            f"more than the order's {_returnable_minor(order)} minor units would be back"
        )
    eligible_minor, points, is_all = _worth_back(order, counted)
    return TakenBack(
        returns=replace(counted, eligible_minor=eligible_minor, points=points),
        eligible_minor=eligible_minor - returns.eligible_minor,
        points=points - returns.points,
        is_all=is_all,
    )


def purchase_back(order: AcceptedOrder, eligible_minor: int, points: int) -> Purchase:
    """Return how a return of an order counts: minor units of the program's currency, points."""
    return Purchase(
        returned_minor=eligible_minor,
        points_due=-points,
        points_posted=-points if order.releases_at else 0,
    )


def _returned_minor(returns: OrderReturns) -> int:
    return sum(returns.line_amounts_minor) + returns.unassigned_minor


def _returnable_minor(order: AcceptedOrder) -> int:
    # Lines need not add up to the total (deposits, rounding); a return may follow either.
    return max(order.total.amount_minor, sum(line.amount_minor for line in order.lines))


def _with_line(order: AcceptedOrder, returns: OrderReturns, back: ReturnLine) -> OrderReturns:
    """Count goods of one SKU; they fill the order's lines of that SKU from the first one on."""
    places = [place for place, line in enumerate(order.lines) if line.sku == back.sku]
    lines = [order.lines[place] for place in places]
    quantity = sum(returns.line_quantities[place] for place in places)
    amount_minor = sum(returns.line_amounts_minor[place] for place in places)
    if back.amount_minor is None:
        amount_minor -= _worth_minor(lines, quantity)
        quantity += back.quantity
        amount_minor += _worth_minor(lines, quantity)
    else:
        amount_minor += back.amount_minor
    quantities = [line.quantity for line in lines]
    amounts_minor = [line.amount_minor for line in lines]
    if max(quantity, back.quantity) > sum(quantities) or amount_minor > sum(amounts_minor):
        raise ReturnExceedsOrder(f"more of {back.sku!r} would be back than the order has")
    return replace(
        returns,
        line_quantities=_put(returns.line_quantities, places, _pour(quantity, quantities)),
        line_amounts_minor=_put(
            returns.line_amounts_minor, places, _pour(amount_minor, amounts_minor)
        ),
    )


def _worth_minor(lines: Sequence[EarningLine], quantity: int) -> int:
    """Return what the first `quantity` pieces of `lines` cost, each line's amount in proportion."""
    taken = _pour(quantity, [line.quantity for line in lines])
    return sum(
        line.amount_minor * pieces // line.quantity
        for line, pieces in zip(lines, taken, strict=True)
    )


def _pour(amount: int, capacities: Sequence[int]) -> tuple[int, ...]:
    """Fill `capacities` with `amount`, from the first one on."""
    filled = []
    for capacity in capacities:
        filled.append(min(amount, capacity))
        amount -= filled[-1]
    return tuple(filled)


def _put(values: Sequence[int], places: Sequence[int], new: Sequence[int]) -> tuple[int, ...]:
    changed = dict(zip(places, new, strict=True))
    return tuple(changed.get(place, value) for place, value in enumerate(values))


def _worth_back(order: AcceptedOrder, returns: OrderReturns) -> tuple[int, int, bool]:
    """Return the eligible minor units and the points of all that came back so far, if it is all.

    An amount without lines is taken to be goods; only what exceeds them is shipping, fees and the
    like. Everything is back when all goods are, or when all of the money is.
    """
    goods = [
        (line, back_minor)
        for line, back_minor in zip(order.lines, returns.line_amounts_minor, strict=True)
        if line.kind == "product" and line.amount_minor
    ]
    goods_minor = sum(line.amount_minor for line, _ in goods)
    missing_minor = goods_minor - sum(back_minor for _, back_minor in goods)
    unassigned_minor = min(returns.unassigned_minor, missing_minor)
    money_is_back = (
        returns.unassigned_minor > 0 and _returned_minor(returns) >= order.total.amount_minor
    )
    if unassigned_minor == missing_minor or money_is_back:
        return order.eligible_minor, order.points, True
    eligible_minor = order.eligible_minor * unassigned_minor // goods_minor
    points = order.points * unassigned_minor // goods_minor
    for line, back_minor in goods:
        eligible_minor += line.eligible_minor * back_minor // line.amount_minor
        points += line.points * back_minor // line.amount_minor
    return min(eligible_minor, order.eligible_minor), min(points, order.points), False
