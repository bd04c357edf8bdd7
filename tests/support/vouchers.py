"""Vouchers and rewards to test with; a test says only what it is about."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from loyalty.domain.orders import Money, OrderLine
from loyalty.domain.rewards import Reward
from loyalty.domain.voucher_codes import RANDOM_CHARACTERS, complete
from loyalty.domain.voucher_terms import Basket, Terms
from loyalty.domain.voucher_uses import UseRequest
from loyalty.domain.vouchers import Voucher, issue
from tests.support.examples import NOW

EXPIRES_AT = NOW + timedelta(days=60)


def a_code(number: int = 1) -> str:
    """Return the code of a number below 32."""
    return complete([0] * (RANDOM_CHARACTERS - 1) + [number])


def amount_terms(amount_minor: int = 1_000, **more: Any) -> Terms:
    return Terms("amount", "EUR", NOW, EXPIRES_AT, amount_minor=amount_minor, **more)


def percent_terms(percent: int = 10, **more: Any) -> Terms:
    return Terms("percent", "EUR", NOW, EXPIRES_AT, percent=percent, **more)


def a_voucher(
    terms: Terms | None = None,
    *,
    number: int = 1,
    member_id: str | None = None,
    at: datetime = NOW,
    batch_id: str | None = None,
) -> Voucher:
    """Return a new voucher, of 10.00 EUR unless its terms say otherwise."""
    step = issue(
        a_code(number),
        f"V-{number}",
        terms or amount_terms(),
        member_id=member_id,
        cause="staff",
        at=at,
        batch_id=batch_id,
    )
    return step.voucher


def a_request(
    redemption_id: str = "R-1", amount_minor: int | None = None, **more: Any
) -> UseRequest:
    return UseRequest(redemption_id, more.pop("order_id", "O-1"), amount_minor, **more)


def a_basket(*amounts_minor: int, **more: Any) -> Basket:
    """Return a basket with one line of milk per amount."""
    lines = tuple(OrderLine("milk", 1, amount, category="dairy") for amount in amounts_minor)
    return Basket(Money(sum(amounts_minor), more.pop("currency", "EUR")), lines, **more)


def a_reward(points: int = 100, **more: Any) -> Reward:
    fields: dict[str, Any] = {"reward_id": "mug", "revision": 1, "name": "Mug", "kind": "product"}
    return Reward(**(fields | {"points": points} | more))
