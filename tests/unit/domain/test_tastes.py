"""What orders tell of a customer's tastes: kept few, fading, and forgotten on objection."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.domain.member import Member
from loyalty.domain.offers import MemberOffer, Reason
from loyalty.domain.orders import OrderLine
from loyalty.domain.preferences import change_preferences
from loyalty.domain.tastes import (
    CATEGORIES_KEPT,
    HALF_LIFE_DAYS,
    LONGEST_NAME,
    SKUS_KEPT,
    Taste,
    Tastes,
    faded,
    together,
    with_tastes_of,
)
from tests.support.examples import NOW, PROGRAM, an_order

ADA = Member("ada", version=1, created_at=NOW)
TODAY = date(2017, 3, 15)
HALF_LIFE = timedelta(days=HALF_LIFE_DAYS)


def line(sku: str, category: str | None = "dairy", **fields: object) -> OrderLine:
    return OrderLine(
        **{"sku": sku, "quantity": 3, "amount_minor": 100, "category": category, **fields}
    )


def bought(member: Member, *lines: OrderLine, days_later: float = 0) -> Member:
    order = an_order(occurred_at=NOW + timedelta(days=days_later), lines=lines)
    return with_tastes_of(order, member, PROGRAM)


def test_an_order_counts_once_for_each_product_and_category():
    ada = bought(ADA, line("milk"), line("butter"), line("milk"), line("salt", category=None))
    assert ada.tastes == Tastes(
        TODAY,
        skus=(Taste("butter", 1.0, 1), Taste("milk", 1.0, 1), Taste("salt", 1.0, 1)),
        categories=(Taste("dairy", 1.0, 1),),
    )
    assert ada.version == ADA.version


def test_the_day_is_the_programs():
    late = an_order(occurred_at=NOW.replace(hour=23, minute=30), lines=[line("milk")])
    assert with_tastes_of(late, ADA, PROGRAM).tastes.as_of == date(2017, 3, 16)


@pytest.mark.parametrize("kind", ["shipping", "gift_card", "fee"])
def test_only_products_are_liked(kind):
    assert bought(ADA, line("x", kind=kind)) == ADA


@pytest.mark.parametrize(
    ("length", "is_learned"), [(LONGEST_NAME, True), (LONGEST_NAME + 1, False)]
)
def test_names_that_are_too_long_are_not_learned(length, is_learned):
    assert (bought(ADA, line("x" * length, category=None)).tastes is not None) is is_learned


def test_a_taste_counts_half_after_its_half_life():
    ada = bought(bought(ADA, line("milk")), line("bread", "bakery"), days_later=HALF_LIFE_DAYS)
    assert ada.tastes.as_of == TODAY + HALF_LIFE
    assert ada.tastes.skus == (Taste("bread", 1.0, 1), Taste("milk", 0.5, 1))
    assert ada.tastes.categories == (Taste("bakery", 1.0, 1), Taste("dairy", 0.5, 1))


def test_a_late_order_counts_as_much_as_if_it_had_come_in_time():
    late = bought(bought(ADA, line("bread")), line("milk"), days_later=-HALF_LIFE_DAYS)
    in_time = bought(bought(ADA, line("milk"), days_later=-HALF_LIFE_DAYS), line("bread"))
    assert late.tastes == in_time.tastes


def test_small_weights_fade_in_daily_orders_too():
    ada = bought(ADA, line("milk"))
    for day in range(1, HALF_LIFE_DAYS + 1):
        ada = bought(ada, line("bread"), days_later=day)
    milk = next(taste for taste in ada.tastes.skus if taste.name == "milk")
    assert milk.weight == pytest.approx(0.5, abs=0.01)
    assert milk.orders == 1


def test_the_weakest_tastes_make_room():
    many = [line(f"sku-{number:03}", f"category-{number:03}") for number in range(SKUS_KEPT)]
    ada = bought(bought(ADA, *many), line("milk", "dairy"), days_later=1)
    assert len(ada.tastes.skus) == SKUS_KEPT
    assert len(ada.tastes.categories) == CATEGORIES_KEPT
    assert ada.tastes.skus[0].name == "milk"
    assert f"sku-{SKUS_KEPT - 1:03}" not in {taste.name for taste in ada.tastes.skus}


def test_a_first_order_of_very_many_lines_is_bounded_too():
    ada = bought(ADA, *[line(f"sku-{number}", None) for number in range(SKUS_KEPT + 1)])
    assert len(ada.tastes.skus) == SKUS_KEPT


def test_nothing_is_learned_of_who_objects():
    objecting = replace(ADA, preferences={"profiling": False})
    assert bought(objecting, line("milk")) == objecting
    allowing = replace(ADA, preferences={"profiling": True})
    assert bought(allowing, line("milk")).tastes is not None


def test_who_objects_is_forgotten_at_once():
    milk = Reason("bought_before", "milk", times=4)
    ada = replace(
        bought(ADA, line("milk")),
        offers=(
            MemberOffer("activated", milk, curated_at=NOW, activated_at=NOW),
            MemberOffer("used", milk, curated_at=NOW, uses=1),
            MemberOffer("shown", milk, curated_at=NOW),
        ),
    )
    changed = change_preferences(ada, {"profiling": False}, NOW).member
    assert changed.tastes is None
    assert [offer.offer_id for offer in changed.offers] == ["activated", "used"]
    assert {offer.reason for offer in changed.offers} == {Reason("own_choice")}


def test_another_preference_forgets_nothing():
    ada = bought(ADA, line("milk"))
    assert change_preferences(ada, {"statement": True}, NOW).member.tastes == ada.tastes


def some(names: str) -> st.SearchStrategy[tuple[Taste, ...]]:
    weights = st.integers(1, 20).map(float)
    found = st.lists(
        st.builds(Taste, st.sampled_from(names), weights, st.just(2)),
        unique_by=lambda taste: taste.name,
        min_size=1,
        max_size=8,
    )
    return found.map(tuple)


tastes = st.builds(
    Tastes, st.dates(TODAY, TODAY + timedelta(days=400)), some("abcdefgh"), some("xyz")
)


@given(tastes, tastes)
def test_tastes_add_up_whichever_comes_first(one, other):
    assert together(one, other) == together(other, one)


@given(tastes, tastes)
def test_what_was_added_can_be_taken_out_again(one, other):
    both = together(one, other)
    left = together(both, other, sign=-1)
    before = faded(one, max(one.as_of, other.as_of))
    weights = {taste.name: taste.weight for taste in left.skus} if left else {}
    for taste in before.skus:
        assert weights.pop(taste.name, 0) == pytest.approx(taste.weight, abs=0.001)
    assert not weights


def test_nothing_is_taken_out_of_nothing():
    assert together(None, Tastes(TODAY, (Taste("milk", 1.0, 1),)), sign=-1) is None
    assert together(None, None) is None
