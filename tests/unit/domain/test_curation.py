"""Which offers a member sees, in which order, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from loyalty.domain.curation import curate, rank
from loyalty.domain.member import Member
from loyalty.domain.offer_rules import OFFERS_KEPT
from loyalty.domain.offers import MemberOffer, Offer, Reason
from loyalty.domain.taste_statistics import (
    Companion,
    ItemStatistics,
    Statistics,
    count_statistics,
)
from loyalty.domain.tastes import HALF_LIFE_DAYS, Taste, Tastes
from loyalty.domain.tiers import TierSpan, TierStanding
from tests.support.examples import NOW, PROGRAM

TODAY = date(2017, 3, 15)
SILVER = TierStanding((TierSpan("silver", NOW - timedelta(days=60)),))
ADA = Member(
    "ada",
    version=3,
    created_at=NOW - timedelta(days=60),
    status="active",
    joined_at=NOW - timedelta(days=60),
    standing=SILVER,
)
DAIRY = Tastes(TODAY, (Taste("milk", 3.0, 7),), (Taste("dairy", 3.0, 7),))
STATISTICS = Statistics(
    skus={
        "milk": ItemStatistics(2.0, 4.0, (Companion("butter", 0.9), Companion("salt", 0.01))),
        "salt": ItemStatistics(0.5, 1.0),
        "butter": ItemStatistics(0.4, 1.5),
        "bread": ItemStatistics(1.0, 2.0),
    },
    categories={"dairy": ItemStatistics(3.0, 5.0), "bakery": ItemStatistics(2.0, 3.0)},
)


def an_offer(offer_id: str, sku: str | None = None, *categories: str) -> Offer:
    return Offer(
        offer_id,
        revision=1,
        name=offer_id,
        kind="product" if sku else "percent",
        valid_from=NOW - timedelta(days=1),
        expires_at=NOW + timedelta(days=30),
        sku=sku,
        percent=None if sku else 10,
        categories=categories,
    )


def offers_of(*skus: str) -> list[Offer]:
    return [an_offer(sku, sku) for sku in skus]


def ranked(tastes: Tastes | None, *offers: Offer) -> list[tuple[str, Reason]]:
    found = rank(offers, tastes, STATISTICS, TODAY)
    return [(one.offer.offer_id, one.reason) for one in found]


def test_what_was_bought_comes_before_what_goes_with_it_and_what_is_popular():
    found = ranked(DAIRY, *offers_of("tea", "bread", "butter", "milk"))
    assert found == [
        ("milk", Reason("bought_before", "milk", times=7)),
        ("butter", Reason("bought_together", "butter", "milk", times=7)),
        ("bread", Reason("popular", "bread")),
        ("tea", Reason("popular", "tea")),
    ]


def test_a_weak_companion_is_shown_for_its_popularity():
    assert ranked(DAIRY, *offers_of("salt")) == [("salt", Reason("popular", "salt"))]


def test_without_tastes_popularity_decides():
    found = ranked(None, *offers_of("butter", "bread", "milk"))
    assert [offer_id for offer_id, _ in found] == ["milk", "bread", "butter"]
    assert {reason.kind for _, reason in found} == {"popular"}


def test_what_is_bought_faithfully_comes_before_what_is_bought_once():
    tastes = Tastes(TODAY, (Taste("bread", 1.0, 1), Taste("salt", 1.2, 1)))
    assert [name for name, _ in ranked(tastes, *offers_of("salt", "bread"))] == ["bread", "salt"]


def test_tastes_fade_until_today():
    bread = Tastes(TODAY, (Taste("bread", 1.0, 1),))
    old = bread._replace(as_of=TODAY - timedelta(days=4 * HALF_LIFE_DAYS))
    assert [name for name, _ in ranked(bread, *offers_of("milk", "bread"))] == ["bread", "milk"]
    assert [name for name, _ in ranked(old, *offers_of("milk", "bread"))] == ["milk", "bread"]


def test_an_offer_on_categories_is_worth_what_is_bought_in_all_of_them():
    one, both = an_offer("one", None, "dairy"), an_offer("two", None, "bakery", "dairy")
    assert ranked(DAIRY, one, both) == [
        ("two", Reason("bought_before", "dairy", times=7)),
        ("one", Reason("bought_before", "dairy", times=7)),
    ]


def test_an_offer_on_everything_comes_first():
    found = ranked(DAIRY, *offers_of("milk"), an_offer("everything"))
    assert found[0] == ("everything", Reason("popular"))


def test_equal_offers_are_in_the_order_of_their_ids():
    found = ranked(DAIRY, an_offer("b", "milk"), an_offer("a", "milk"))
    assert [name for name, _ in found] == ["a", "b"]


# ── Curating ──────────────────────────────────────────────────────────────────────────────────────

CATALOGUE = offers_of("milk", "butter", "bread", "salt", *(f"tea-{number}" for number in range(20)))


def curated(member: Member, *, shown: int = 10, explored: str = "0.2", now=NOW, offers=CATALOGUE):
    definition = replace(PROGRAM, offers_shown=shown, exploration_share=Decimal(explored))
    return curate(member, offers, STATISTICS, definition, now)


def test_the_best_offers_are_shown_and_some_that_the_member_would_not_find():
    offers = curated(replace(ADA, tastes=DAIRY)).offers
    assert [own.offer_id for own in offers[:4]] == ["milk", "butter", "bread", "salt"]
    assert [own.reason.kind for own in offers].count("new_to_you") == 2
    assert len({own.offer_id for own in offers}) == len(offers) == 10


@pytest.mark.parametrize(("share", "drawn"), [("0", 0), ("0.04", 0), ("0.05", 1), ("1", 10)])
def test_the_share_of_drawn_offers_is_rounded(share, drawn):
    offers = curated(replace(ADA, tastes=DAIRY), explored=share).offers
    assert [own.reason.kind for own in offers].count("new_to_you") == drawn


def test_what_is_drawn_depends_on_the_member_and_the_week():
    def drawn(member_id: str, days: int) -> list[str]:
        member = replace(ADA, member_id=member_id, tastes=DAIRY)
        offers = curated(member, now=NOW + timedelta(days=days)).offers
        return [own.offer_id for own in offers if own.reason.kind == "new_to_you"]

    assert drawn("ada", 0) == drawn("ada", 4)  # Wednesday and Sunday
    assert len({tuple(drawn("ada", 7 * week)) for week in range(5)}) > 1
    assert len({tuple(drawn(f"member-{number}", 0)) for number in range(5)}) > 1


def test_who_objects_to_profiling_gets_what_is_popular():
    objecting = replace(ADA, tastes=DAIRY, preferences={"profiling": False})
    offers = curated(objecting).offers
    assert [own.offer_id for own in offers[:4]] == ["milk", "bread", "salt", "butter"]
    assert {own.reason.kind for own in offers} == {"popular"}
    assert len(offers) == 10


def test_what_was_activated_or_used_stays_beside_what_is_curated():
    before = (
        MemberOffer("tea-1", Reason("own_choice"), curated_at=NOW, activated_at=NOW),
        MemberOffer("milk", Reason("popular", "milk"), curated_at=NOW, uses=1),
        MemberOffer("tea-2", Reason("new_to_you", "tea-2"), curated_at=NOW),
    )
    offers = curated(replace(ADA, tastes=DAIRY, offers=before), explored="0").offers
    assert offers[:2] == before[:2]
    assert [own.offer_id for own in offers[2:5]] == ["butter", "bread", "salt"]
    assert len(offers) == 2 + 10


def test_a_portal_that_is_nearly_full_takes_as_many_as_there_is_room_for():
    catalogue = offers_of(*(f"sku-{number:02}" for number in range(OFFERS_KEPT + 10)))
    own = [
        MemberOffer(offer.offer_id, Reason("own_choice"), curated_at=NOW, activated_at=NOW)
        for offer in catalogue[: OFFERS_KEPT - 3]
    ]
    offers = curated(replace(ADA, offers=tuple(own)), offers=catalogue).offers
    assert len(offers) == OFFERS_KEPT
    full = curated(replace(ADA, offers=(*own, *offers[-3:])), offers=catalogue)
    assert len(full.offers) == OFFERS_KEPT


ACTIVATED = MemberOffer("tea", Reason("own_choice"), curated_at=NOW, activated_at=NOW)
USED = MemberOffer("tea", Reason("own_choice"), curated_at=NOW, uses=1)


@pytest.mark.parametrize("own", [ACTIVATED, USED])
@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"budget_uses": 3, "uses": 3}, id="budget used up"),
        pytest.param({"per_member_limit": 1}, id="limit reached"),
        pytest.param({"segments": ("new",)}, id="segment left"),
        pytest.param({"valid_from": NOW + timedelta(days=1)}, id="begins later"),
        pytest.param({"retired_at": NOW + timedelta(seconds=1)}, id="retired in a second"),
        pytest.param({"expires_at": NOW + timedelta(seconds=1)}, id="expires in a second"),
    ],
)
def test_what_was_activated_or_used_stays_though_it_cannot_be_used_now(own, changed):
    tea = replace(an_offer("tea", "tea"), **changed)
    assert curated(replace(ADA, offers=(own,)), offers=[tea]).offers == (own,)


@pytest.mark.parametrize("own", [ACTIVATED, USED])
def test_what_was_activated_or_used_stays_though_the_catalogue_is_too_old_to_have_it(own):
    assert own in curated(replace(ADA, offers=(own,))).offers


@pytest.mark.parametrize("own", [ACTIVATED, USED])
@pytest.mark.parametrize(
    "changed", [{"retired_at": NOW}, {"expires_at": NOW}, {"tiers": ("gold", "platinum")}]
)
def test_what_is_over_or_for_other_tiers_goes_though_it_was_activated_or_used(own, changed):
    tea = replace(an_offer("tea", "tea"), **changed)
    assert curated(replace(ADA, offers=(own,)), offers=[tea]).offers == ()


def test_curating_again_changes_nothing():
    once = curated(replace(ADA, tastes=DAIRY))
    assert curated(once, now=NOW + timedelta(days=1)) is once


def test_an_offer_with_a_new_reason_is_curated_anew():
    once = curated(replace(ADA, tastes=DAIRY))
    more = DAIRY._replace(skus=(Taste("milk", 4.0, 8),))
    again = curated(replace(once, tastes=more), now=NOW + timedelta(days=1))
    changed = set(again.offers) - set(once.offers)
    assert {own.offer_id for own in changed} == {"milk", "butter"}
    assert {own.curated_at for own in changed} == {NOW + timedelta(days=1)}


# ── Statistics ────────────────────────────────────────────────────────────────────────────────────


def counted(*customers: Tastes) -> Statistics:
    return count_statistics(lambda: iter(customers))


def test_rates_are_means_over_all_customers():
    statistics = counted(DAIRY, Tastes(TODAY, (Taste("milk", 1.0, 1),)), Tastes(TODAY))
    assert statistics.skus["milk"].rate == pytest.approx(4 / 3)
    assert statistics.skus["milk"].faith == pytest.approx((8 + 5) / (2 + 5))
    assert statistics.categories["dairy"].rate == 1.0


def test_companions_are_what_the_buyers_of_an_item_buy_more_than_others():
    tea = Tastes(TODAY, (Taste("tea", 2.0, 2), Taste("lemon", 1.0, 1), Taste("milk", 1.0, 1)))
    milk = Tastes(TODAY, (Taste("milk", 1.0, 1),))
    statistics = counted(*[tea] * 5, *[milk] * 5)
    assert statistics.skus["tea"].companions == (
        Companion("lemon", pytest.approx((5 - 5 * 0.5) / (5 + 5))),
    )
    assert {one.name for one in statistics.skus["lemon"].companions} == {"tea"}
    assert statistics.skus["milk"].companions == ()


def test_nobody_has_no_statistics():
    assert counted() == Statistics({}, {})
