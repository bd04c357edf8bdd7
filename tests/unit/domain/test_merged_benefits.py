"""Uses and offers of two profiles that become one, and two again."""

from __future__ import annotations

from datetime import timedelta

from loyalty.domain.merged_benefits import (
    offers_apart,
    offers_together,
    uses_apart,
    uses_together,
)
from loyalty.domain.month_uses import MONTHS_KEPT, MonthUses
from loyalty.domain.offer_rules import OFFERS_KEPT, OWN_CHOICE
from loyalty.domain.offers import MemberOffer, Reason
from tests.support.examples import NOW

POPULAR = Reason("popular")
EARLIER = NOW - timedelta(days=1)


def offer(name: str, reason: Reason = POPULAR, **more: object) -> MemberOffer:
    return MemberOffer(name, reason, NOW, **more)  # type: ignore[arg-type]


def test_months_add_up_and_come_apart() -> None:
    own = (MonthUses("2017-01", 1, 2), MonthUses("2017-03", 2, 2))
    others = (MonthUses("2017-02", 1, 1), MonthUses("2017-03", 1, 4))
    together = uses_together(own, others)
    assert together == (
        MonthUses("2017-01", 1, 2),
        MonthUses("2017-02", 1, 1),
        MonthUses("2017-03", 3, 6),
    )
    assert uses_apart(together, others) == own
    assert uses_apart(own, others) == (MonthUses("2017-01", 1, 2), MonthUses("2017-03", 1, 0))


def test_who_used_something_has_not_lapsed() -> None:
    lapsed = (MonthUses("2017-03", lapsed=True),)
    assert uses_together(lapsed, lapsed) == lapsed
    assert uses_together(lapsed, (MonthUses("2017-03", 0, 1),)) == (MonthUses("2017-03", 0, 1),)
    assert uses_together((), (MonthUses("2017-03", 3, 3, top=True),))[0].top


def test_no_more_months_are_kept_than_of_one() -> None:
    own = tuple(MonthUses(f"2016-{month:02}", 1, 1) for month in range(1, 13))
    others = tuple(MonthUses(f"2017-{month:02}", 1, 1) for month in range(1, 13))
    together = uses_together(own, others)
    assert (len(together), together[-1].month) == (MONTHS_KEPT, "2017-12")


def test_what_the_other_activated_or_used_is_taken_over_and_given_back() -> None:
    own = (
        offer("a", activated_at=NOW),
        offer("b", uses=1),
        offer("c", OWN_CHOICE, uses=2),
    )
    others = (
        offer("a", activated_at=EARLIER, uses=1),
        offer("b", activated_at=EARLIER),
        offer("c", uses=3),
        offer("d"),
        offer("e", activated_at=NOW),
    )
    together = offers_together(own, others)
    assert together == (
        offer("a", activated_at=NOW, uses=1),
        offer("b", activated_at=EARLIER, uses=1),
        offer("c", OWN_CHOICE, uses=5),
        offer("e", OWN_CHOICE, activated_at=NOW),
    )
    assert offers_apart(together, others) == own


def test_a_full_portal_takes_over_no_more() -> None:
    own = tuple(offer(f"offer-{number}") for number in range(OFFERS_KEPT))
    others = (offer("offer-1", uses=1), offer("other", uses=1))
    together = offers_together(own, others)
    assert (len(together), together[1].uses) == (OFFERS_KEPT, 1)
