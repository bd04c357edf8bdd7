"""Who may use which offer, and the offers in a member's portal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty.domain.errors import DomainError
from loyalty.domain.member import EliteStatus, InactiveReason, Member
from loyalty.domain.month_uses import MonthUses
from loyalty.domain.offer_errors import (
    OfferIsOver,
    OfferLimitReached,
    OfferNotForMember,
    OfferNotInStore,
    OfferNotYetValid,
    OfferUsedUp,
    TooManyOffersActivated,
)
from loyalty.domain.offer_rules import (
    OFFERS_KEPT,
    OWN_CHOICE,
    activated,
    deactivated,
    require_eligible,
    require_left,
    require_store,
    segments_of,
    with_use,
)
from loyalty.domain.offers import MemberOffer, Offer, Reason
from loyalty.domain.tiers import TierSpan, TierStanding
from tests.support.examples import NOW, PROGRAM

LONG_AGO = NOW - timedelta(days=400)
LATER = NOW + timedelta(days=5)
POPULAR = Reason("popular")


def an_offer(**more: object) -> Offer:
    plain = Offer("coffee", 1, "Coffee", "percent", NOW, LATER, percent=10)
    return replace(plain, **more)  # type: ignore[arg-type]


def a_member(
    status: EliteStatus = "active", reason: InactiveReason | None = None, **more: object
) -> Member:
    spans = (TierSpan("member", LONG_AGO), TierSpan("gold", NOW + timedelta(days=2)))
    plain = Member(
        member_id="ada",
        version=1,
        created_at=LONG_AGO,
        status=status,
        inactive_reason=reason,
        joined_at=LONG_AGO,
        standing=TierStanding(spans),
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def is_eligible(offer: Offer, member: Member, *, days: float = 0) -> bool:
    try:
        require_eligible(offer, member, PROGRAM, NOW + timedelta(days=days))
    except DomainError:
        return False
    return True


def test_an_offer_holds_from_its_beginning_until_its_end() -> None:
    require_eligible(an_offer(), a_member(), PROGRAM, NOW)
    require_eligible(an_offer(), a_member(), PROGRAM, LATER - timedelta(microseconds=1))
    with pytest.raises(OfferNotYetValid):
        require_eligible(an_offer(), a_member(), PROGRAM, NOW - timedelta(microseconds=1))
    with pytest.raises(OfferIsOver):
        require_eligible(an_offer(), a_member(), PROGRAM, LATER)
    retired = an_offer(retired_at=NOW + timedelta(days=1))
    assert is_eligible(retired, a_member(), days=0.99)
    assert not is_eligible(retired, a_member(), days=1)


@pytest.mark.parametrize(
    ("status", "reason", "eligible"),
    [
        ("active", None, True),
        ("inactive", "lapsed", True),
        ("inactive", "silent", False),
        ("prospect", None, False),
        ("invited", None, False),
        ("not_interested", None, False),
    ],
)
def test_offers_are_for_members_of_elite(
    status: EliteStatus, reason: InactiveReason | None, eligible: bool
) -> None:
    assert is_eligible(an_offer(), a_member(status, reason)) is eligible


def test_nobody_uses_an_offer_before_they_joined() -> None:
    joined = a_member(joined_at=NOW + timedelta(days=1))
    assert not is_eligible(an_offer(), joined)
    assert is_eligible(an_offer(), joined, days=1)
    assert not is_eligible(an_offer(), a_member(joined_at=None))


def test_the_tier_is_that_of_the_use() -> None:
    gold = an_offer(tiers=("gold", "platinum"))
    assert not is_eligible(gold, a_member(), days=1.99)
    assert is_eligible(gold, a_member(), days=2)


@pytest.mark.parametrize(
    ("member", "segments"),
    [
        (a_member(), set()),
        (a_member(joined_at=NOW), {"new"}),
        (a_member(joined_at=NOW - timedelta(days=30)), set()),
        (a_member(joined_at=NOW - timedelta(days=30) + timedelta(microseconds=1)), {"new"}),
        (a_member("inactive", "lapsed"), {"lapsed"}),
        (a_member("inactive", "silent"), set()),
        (a_member(uses=(MonthUses("2017-03", 3, 3),)), {"top"}),
        (a_member(uses=(MonthUses("2017-02", 3, 3),)), {"top"}),
        (a_member(uses=(MonthUses("2017-03", 2, 9), MonthUses("2017-01", 3, 3))), set()),
    ],
)
def test_segments(member: Member, segments: set[str]) -> None:
    assert segments_of(member, PROGRAM, NOW) == segments
    for segment in ("top", "lapsed", "new"):
        assert is_eligible(an_offer(segments=(segment,)), member) is (segment in segments)


def test_one_of_its_segments_is_enough_and_an_activated_offer_needs_none() -> None:
    member = a_member("inactive", "lapsed")
    assert is_eligible(an_offer(segments=("top", "lapsed")), member)
    promised = activated(a_member(), "coffee", NOW)
    assert is_eligible(an_offer(segments=("lapsed",)), promised)
    assert not is_eligible(an_offer(segments=("lapsed",)), deactivated(promised, "coffee"))
    with pytest.raises(OfferNotForMember):
        require_eligible(an_offer(tiers=("gold",)), promised, PROGRAM, NOW)


def test_an_offer_of_some_stores_needs_one_of_them() -> None:
    require_store(an_offer(), None)
    require_store(an_offer(stores=("S1", "S2")), "S2")
    for store_id in (None, "S3"):
        with pytest.raises(OfferNotInStore):
            require_store(an_offer(stores=("S1", "S2")), store_id)


def test_budget_and_limit() -> None:
    require_left(an_offer(), 1_000)
    require_left(an_offer(budget_uses=2, uses=1, per_member_limit=3), 2)
    with pytest.raises(OfferUsedUp):
        require_left(an_offer(budget_uses=2, uses=2), 0)
    with pytest.raises(OfferLimitReached):
        require_left(an_offer(per_member_limit=3), 3)
    with pytest.raises(OfferLimitReached):
        require_left(an_offer(per_member_limit=3), 4)


# ── The portal ────────────────────────────────────────────────────────────────────────────────────


def test_a_curated_offer_keeps_its_place_and_its_reason() -> None:
    curated = tuple(MemberOffer(name, POPULAR, LONG_AGO) for name in ("tea", "coffee"))
    member = a_member(offers=curated)
    after = with_use(activated(member, "coffee", NOW), "coffee", NOW)
    assert after.offers == (
        curated[0],
        MemberOffer("coffee", POPULAR, LONG_AGO, activated_at=NOW, uses=1),
    )
    assert activated(after, "coffee", LATER) == after
    assert deactivated(with_use(after, "coffee", NOW, sign=-1), "coffee") == member
    assert deactivated(member, "coffee") is member


def test_what_a_member_found_stays_as_long_as_it_says_something() -> None:
    found = activated(a_member(), "coffee", NOW)
    assert found.offers == (MemberOffer("coffee", OWN_CHOICE, NOW, activated_at=NOW),)
    used = deactivated(with_use(found, "coffee", LATER), "coffee")
    assert used.offers == (MemberOffer("coffee", OWN_CHOICE, NOW, uses=1),)
    assert with_use(used, "coffee", LATER, sign=-1) == a_member()
    assert with_use(a_member(), "coffee", LATER, sign=-1) == a_member()


def test_a_portal_is_never_over_full() -> None:
    full = a_member(
        offers=tuple(MemberOffer(f"offer-{n}", POPULAR, NOW) for n in range(OFFERS_KEPT))
    )
    with pytest.raises(TooManyOffersActivated):
        activated(full, "coffee", NOW)
    assert with_use(full, "coffee", NOW) is full
    assert len(activated(full, "offer-1", NOW).offers) == OFFERS_KEPT
