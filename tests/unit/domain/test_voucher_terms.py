"""What a voucher is worth on a basket, and where it does not hold."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from loyalty.domain.orders import Money, OrderLine
from loyalty.domain.program import VoucherRule
from loyalty.domain.reward_errors import (
    CurrencyMismatch,
    MinimumOrderNotMet,
    NoEligibleGoods,
    StoreNotIncluded,
    VoucherOfAnotherMember,
)
from loyalty.domain.voucher_terms import Basket, Terms, discount, require_applicable, terms_of
from tests.support.examples import NOW
from tests.support.vouchers import EXPIRES_AT, a_basket, amount_terms, percent_terms

BASKET = Basket(
    Money(3_490, "EUR"),
    (
        OrderLine("milk", 3, 1_000, category="dairy"),
        OrderLine("wine", 1, 2_000, category="drinks"),
        OrderLine("post", 1, 490, kind="shipping"),
    ),
    store_id="berlin",
    member_id="ada",
)


def product(sku: str, kind: Any = "product") -> Terms:
    return Terms(kind, "EUR", NOW, EXPIRES_AT, sku=sku)


@pytest.mark.parametrize(
    ("terms", "taken_off"),
    [
        (percent_terms(10), 300),
        (percent_terms(33, categories=("dairy",)), 330),
        (percent_terms(100), 3_000),
        (amount_terms(1_000), 1_000),
        (amount_terms(5_000), 3_000),
        (amount_terms(5_000, categories=("dairy",)), 1_000),
        (product("milk"), 333),
        (product("wine", "gift"), 2_000),
        (product("mug", "gift"), 0),
    ],
)
def test_what_a_voucher_takes_off(terms: Terms, taken_off: int) -> None:
    require_applicable(terms, None, BASKET)
    assert discount(terms, terms.amount_minor, BASKET) == taken_off


def test_no_more_than_what_is_left_is_taken_off() -> None:
    assert discount(amount_terms(1_000), 250, BASKET) == 250


def test_percentages_are_floored() -> None:
    assert discount(percent_terms(10), None, a_basket(19)) == 1


def test_a_basket_without_lines_is_all_goods() -> None:
    assert discount(percent_terms(10), None, Basket(Money(999, "EUR"))) == 99


@pytest.mark.parametrize(("minimum", "holds"), [(2_999, True), (3_000, True), (3_001, False)])
def test_the_minimum_order_counts_goods_and_may_be_met_exactly(minimum: int, holds: bool) -> None:
    terms = amount_terms(minimum_order_minor=minimum)
    if holds:
        require_applicable(terms, None, BASKET)
        return
    with pytest.raises(MinimumOrderNotMet):
        require_applicable(terms, None, BASKET)


@pytest.mark.parametrize(
    ("terms", "refusal"),
    [
        (percent_terms(categories=("toys",)), NoEligibleGoods),
        (amount_terms(categories=("toys",)), NoEligibleGoods),
        (product("mug"), NoEligibleGoods),
        (percent_terms(stores=("hamburg",)), StoreNotIncluded),
        (Terms("percent", "USD", NOW, EXPIRES_AT, percent=10), CurrencyMismatch),
    ],
)
def test_where_a_voucher_does_not_hold(terms: Terms, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        require_applicable(terms, None, BASKET)


def test_an_empty_basket_has_nothing_to_take_off() -> None:
    with pytest.raises(NoEligibleGoods):
        require_applicable(percent_terms(), None, Basket(Money(0, "EUR")))


def test_a_voucher_of_certain_stores_needs_to_know_the_store() -> None:
    terms = percent_terms(stores=("berlin", "hamburg"))
    with pytest.raises(StoreNotIncluded):
        require_applicable(terms, None, None)
    require_applicable(terms, None, None, "berlin")
    require_applicable(terms, None, BASKET)


def test_a_voucher_is_its_owner_s_where_somebody_is_named() -> None:
    require_applicable(percent_terms(), "ada", BASKET)
    require_applicable(percent_terms(), "ada", None)
    with pytest.raises(VoucherOfAnotherMember):
        require_applicable(percent_terms(), "bob", BASKET)
    with pytest.raises(VoucherOfAnotherMember):
        require_applicable(percent_terms(), "bob", None, member_id="ada")


def test_a_rule_s_voucher_holds_for_whole_program_days() -> None:
    rule = VoucherRule("percent", 60, percent=10, minimum_order_minor=500)
    terms = terms_of(rule, "EUR", NOW, ZoneInfo("Europe/Berlin"))
    assert terms.expires_at == datetime(2017, 5, 14, 22, tzinfo=UTC)
    assert (terms.valid_from, terms.percent, terms.minimum_order_minor) == (NOW, 10, 500)
