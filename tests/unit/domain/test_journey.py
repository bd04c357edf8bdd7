"""The status words of the Elite journey and how each leads to the next."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from loyalty.contracts.program import default_definition
from loyalty.domain.errors import AlreadyEnrolled, InvitationAnswered
from loyalty.domain.journey import (
    Answer,
    Step,
    answer,
    draw_variant,
    enrol,
    fall_silent,
    invite,
    may_answer,
    may_be_invited,
    remind,
    start,
    suppress_invite,
)
from loyalty.domain.member import EliteStatus, Member
from loyalty.domain.tiers import TierSpan, TierStanding

NOW = datetime(2017, 3, 1, 12, tzinfo=UTC)
PROGRAM = default_definition()
CROSSED = Member(
    "m1",
    version=4,
    created_at=NOW,
    threshold_crossed_at=NOW,
    variant="standard",
    journey_program_version=0,
)


def customer(**fields: Any) -> Member:
    return replace(CROSSED, **fields)


def names(step: Step | None) -> list[str]:
    return [fact.event for fact in step.changes] if step else []


def test_variants_are_drawn_by_weight_and_stay() -> None:
    drawn = {f"m{number}": draw_variant(PROGRAM, f"m{number}").name for number in range(5000)}
    shares = Counter(drawn.values())
    assert 0.08 < shares["hold_out"] / 5000 < 0.12
    assert all(draw_variant(PROGRAM, member_id).name == name for member_id, name in drawn.items())


def test_another_seed_draws_anew() -> None:
    other = replace(PROGRAM, assignment_seed="other")
    ids = [f"m{number}" for number in range(500)]
    assert [draw_variant(PROGRAM, i) for i in ids] != [draw_variant(other, i) for i in ids]


def test_a_journey_starts_with_the_variant_that_the_crossing_order_drew() -> None:
    assert start(CROSSED, PROGRAM, NOW) is None


def test_a_journey_without_a_variant_draws_one() -> None:
    step = start(customer(variant=None, journey_program_version=None), PROGRAM, NOW)
    assert step is not None
    assert step.member.variant == draw_variant(PROGRAM, "m1").name
    assert step.member.journey_program_version == 0


def test_the_hold_out_is_marked_once() -> None:
    step = start(customer(variant="hold_out"), PROGRAM, NOW)
    assert step is not None
    assert step.member.held_out
    assert names(step) == ["CustomerHeldOut"]
    assert not may_be_invited(step.member)
    assert start(step.member, PROGRAM, NOW) is None


@pytest.mark.parametrize("enrolled", [False, True])
def test_prospects_and_members_alike_are_invited(enrolled: bool) -> None:
    step = invite(customer(joined_at=NOW if enrolled else None), NOW)
    assert step.member.status == "invited"
    assert step.member.version == 5
    assert step.changes[0].member_version == 5
    assert (step.changes[0].from_status, step.changes[0].to_status) == ("prospect", "invited")
    assert step.changes[0].data == {"variant": "standard", "program_version": 0}


@pytest.mark.parametrize(
    "fields",
    [
        {"threshold_crossed_at": None},
        {"held_out": True},
        *({"status": status} for status in get_args(EliteStatus) if status != "prospect"),
    ],
)
def test_nobody_else_is_invited(fields: dict[str, Any]) -> None:
    assert not may_be_invited(customer(**fields))
    with pytest.raises(ValueError, match="may not be invited"):
        invite(customer(**fields), NOW)


def test_only_the_invited_are_reminded() -> None:
    step = remind(customer(status="invited"), NOW)
    assert (step.member.status, names(step)) == ("reminded", ["CustomerReminded"])
    for status in set(get_args(EliteStatus)) - {"invited"}:
        with pytest.raises(ValueError, match="not invited"):
            remind(customer(status=status), NOW)


def test_a_suppressed_invite_is_noted_once() -> None:
    step = suppress_invite(CROSSED, NOW)
    assert step is not None
    assert step.member.invite_suppressed
    assert step.member.status == "prospect"
    assert names(step) == ["InviteSuppressed"]
    assert suppress_invite(step.member, NOW) is None


@pytest.mark.parametrize("status", get_args(EliteStatus))
def test_only_those_who_owe_an_answer_fall_silent(status: EliteStatus) -> None:
    step = fall_silent(customer(status=status), NOW)
    if status in {"invited", "reminded"}:
        assert step is not None
        assert (step.member.status, step.member.inactive_reason) == ("inactive", "silent")
        assert names(step) == ["CustomerInactive"]
    else:
        assert step is None


OPEN: list[dict[str, Any]] = [
    {"status": "invited"},
    {"status": "reminded"},
    {"status": "inactive", "inactive_reason": "silent"},
]


@pytest.mark.parametrize("fields", OPEN)
def test_accepting_makes_an_active_member(fields: dict[str, Any]) -> None:
    step = answer(customer(**fields), "accept", PROGRAM, NOW)
    assert step.member.status == "active"
    assert step.member.inactive_reason is None
    assert (step.member.joined_at, step.member.tier) == (NOW, PROGRAM.entry_tier)
    assert names(step) == ["InviteAccepted", "MemberEnrolled"]
    assert step.changes[0].from_status == fields["status"]
    assert {fact.member_version for fact in step.changes} == {step.member.version}


def test_a_member_who_accepts_stays_enrolled_as_before() -> None:
    joined_at = datetime(2016, 5, 1, tzinfo=UTC)
    member = customer(
        status="invited", joined_at=joined_at, standing=TierStanding((TierSpan("gold", joined_at),))
    )
    step = answer(member, "accept", PROGRAM, NOW)
    assert (step.member.joined_at, step.member.tier) == (joined_at, "gold")
    assert names(step) == ["InviteAccepted"]


@pytest.mark.parametrize("fields", OPEN)
def test_declining_ends_the_journey(fields: dict[str, Any]) -> None:
    step = answer(customer(**fields), "decline", PROGRAM, NOW)
    assert (step.member.status, names(step)) == ("not_interested", ["InviteDeclined"])
    assert step.member.inactive_reason is None
    assert not step.member.enrolled
    assert not may_be_invited(step.member)


@pytest.mark.parametrize("given", get_args(Answer))
@pytest.mark.parametrize(
    "fields",
    [
        *({"status": s} for s in ("prospect", "active", "not_interested", "left", "erased")),
        {"status": "inactive", "inactive_reason": "lapsed"},
    ],
)
def test_an_invitation_that_is_not_open_takes_no_answer(
    fields: dict[str, Any], given: Answer
) -> None:
    assert not may_answer(customer(**fields))
    with pytest.raises(InvitationAnswered):
        answer(customer(**fields), given, PROGRAM, NOW)


def test_enrolling_gives_the_entry_tier_and_leaves_elite_alone() -> None:
    step = enrol(CROSSED, PROGRAM, NOW)
    assert (step.member.joined_at, step.member.tier) == (NOW, "silver")
    assert step.member.status == "prospect"
    assert names(step) == ["MemberEnrolled"]
    with pytest.raises(AlreadyEnrolled):
        enrol(step.member, PROGRAM, NOW)


def test_open_elite_lets_sign_ups_in_at_once() -> None:
    step = enrol(CROSSED, replace(PROGRAM, open_elite=True), NOW)
    assert step.member.status == "active"
    assert (step.changes[0].from_status, step.changes[0].to_status) == ("prospect", "active")
