from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from loyalty.domain.member import Member
from loyalty.domain.tier_changes import apply
from loyalty.domain.tiers import (
    SPANS_KEPT,
    TierDecision,
    TierReview,
    TierSpan,
    TierStanding,
)
from tests.support.examples import NOW

MARCH = "2017-03"
BEGIN = TierSpan("member", NOW)
ADA = Member("ada", version=5, created_at=NOW, standing=TierStanding((BEGIN,)))
GOLD_ID = "ada-2017-03-gold-5"
PLATINUM_ID = "ada-2017-03-platinum-5"


def test_an_upgrade_begins_now_and_is_named_after_its_month() -> None:
    moved, (fact,) = apply(ADA, TierDecision("gold", 100_000, reason="upgraded"), MARCH, NOW)
    assert moved.standing == TierStanding((BEGIN, TierSpan("gold", NOW, MARCH, GOLD_ID)))
    assert (fact.event, fact.member_version) == ("TierChanged", 5)
    assert fact.data == {
        "from_tier": "member",
        "to_tier": "gold",
        "reason": "upgraded",
        "month": MARCH,
        "qualifying": 100_000,
        "upgrade_id": GOLD_ID,
        "undone_upgrade_id": None,
    }


def test_a_return_names_the_upgrade_that_it_undid() -> None:
    gold = replace(ADA, standing=TierStanding((BEGIN, TierSpan("gold", NOW, MARCH, GOLD_ID))))
    moved, (fact,) = apply(gold, TierDecision("member", 1, reason="return"), MARCH, NOW)
    assert (moved.tier, fact.data["undone_upgrade_id"], fact.data["upgrade_id"]) == (
        "member",
        GOLD_ID,
        None,
    )


def test_who_falls_back_is_again_in_the_upgrade_below() -> None:
    gold = TierSpan("gold", NOW, MARCH, GOLD_ID)
    platinum = TierSpan("platinum", NOW, MARCH, PLATINUM_ID)
    member = replace(ADA, standing=TierStanding((BEGIN, gold, platinum)))
    decision = TierDecision("gold", 1, reason="return", back_in=gold)
    then = NOW + timedelta(days=1)
    moved, (fact,) = apply(member, decision, "2017-04", then)
    assert moved.standing.spans == (
        BEGIN,
        gold,
        replace(platinum, undone=True),
        replace(gold, since=then),
    )
    assert (fact.data["undone_upgrade_id"], fact.data["upgrade_id"]) == (PLATINUM_ID, None)


def test_a_proposal_waits_and_moves_nobody() -> None:
    decision = TierDecision("member", 300_000, proposed="platinum")
    proposed, (fact,) = apply(ADA, decision, MARCH, NOW)
    review = TierReview("platinum", MARCH, PLATINUM_ID)
    assert proposed.standing == TierStanding((BEGIN,), review=review)
    assert fact.event == "TierUpgradeProposed"
    assert fact.data["upgrade_id"] == PLATINUM_ID


def test_an_approved_upgrade_keeps_the_name_that_it_was_proposed_by() -> None:
    review = TierReview("platinum", MARCH, PLATINUM_ID)
    waiting = replace(ADA, version=9, standing=TierStanding((BEGIN,), review=review))
    decision = TierDecision("platinum", 300_000, reason="approved")
    moved, (fact,) = apply(waiting, decision, MARCH, NOW)
    span = TierSpan("platinum", NOW, MARCH, PLATINUM_ID)
    assert moved.standing == TierStanding((BEGIN, span))
    assert (fact.data["reason"], fact.data["upgrade_id"]) == ("approved", PLATINUM_ID)


def test_the_same_upgrade_again_in_a_month_has_another_name() -> None:
    decision = TierDecision("member", 300_000, proposed="platinum")
    _, (first,) = apply(ADA, decision, MARCH, NOW)
    _, (again,) = apply(replace(ADA, version=9), decision, MARCH, NOW)
    assert first.data["upgrade_id"] != again.data["upgrade_id"]


def test_a_withdrawal_ends_the_review() -> None:
    review = TierReview("platinum", MARCH, PLATINUM_ID)
    waiting = replace(ADA, standing=TierStanding((BEGIN,), review=review))
    after, (fact,) = apply(waiting, TierDecision("member", 1, withdrawn=True), MARCH, NOW)
    assert after.standing == TierStanding((BEGIN,))
    assert (fact.event, fact.data["upgrade_id"]) == ("TierUpgradeWithdrawn", review.upgrade_id)


def test_a_warning_is_noted_and_lifted_without_an_event() -> None:
    warned, facts = apply(ADA, TierDecision("member", 1, grace_until="2017-04"), MARCH, NOW)
    assert (warned.standing.grace_until, facts) == ("2017-04", ())
    lifted, facts = apply(warned, TierDecision("member", 1), MARCH, NOW)
    assert (lifted.standing, facts) == (ADA.standing, ())


def test_old_tiers_are_forgotten() -> None:
    member = ADA
    for _ in range(SPANS_KEPT):
        member, _ = apply(member, TierDecision("gold", 1, reason="upgraded"), MARCH, NOW)
    assert len(member.standing.spans) == SPANS_KEPT
