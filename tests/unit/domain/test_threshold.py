"""Who is past the Elite threshold, and whether it has become lower for anybody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loyalty.domain.journey import draw_variant
from loyalty.domain.member import EliteStatus, Member
from loyalty.domain.program import JourneyVariant, ProgramDefinition
from loyalty.domain.threshold import is_past, may_have_fallen
from tests.support.examples import HOLD_OUT, NOW, PROGRAM, STANDARD

WARM = replace(STANDARD, name="warm", weight=90, threshold_minor=80_000)
TWO_ARMS = replace(PROGRAM, variants=(STANDARD, WARM))


def with_thresholds(*thresholds_minor: int) -> ProgramDefinition:
    variants = zip((STANDARD, HOLD_OUT), thresholds_minor, strict=True)
    return replace(
        PROGRAM, variants=tuple(replace(arm, threshold_minor=minor) for arm, minor in variants)
    )


def with_variants(*variants: JourneyVariant, seed: str = "seed") -> ProgramDefinition:
    return replace(PROGRAM, variants=variants, assignment_seed=seed)


class TestIsPast:
    @pytest.mark.parametrize(("spend_minor", "past"), [(49_999, False), (50_000, True)])
    def test_the_threshold_itself_is_past_it(self, spend_minor: int, past: bool) -> None:
        member = Member("ada", 1, NOW, lifetime_spend_minor=spend_minor)
        assert is_past(member, PROGRAM) is past

    def test_everybody_has_the_threshold_of_the_variant_drawn(self) -> None:
        past = {
            draw_variant(TWO_ARMS, name).name: is_past(
                Member(name, 1, NOW, lifetime_spend_minor=60_000), TWO_ARMS
            )
            for name in map(str, range(20))
        }
        assert past == {"standard": True, "warm": False}

    @pytest.mark.parametrize("status", ["left", "merged", "erased"])
    def test_whoever_is_gone_is_not(self, status: EliteStatus) -> None:
        gone = Member("ada", 1, NOW, status=status, lifetime_spend_minor=99_999)
        assert not is_past(gone, PROGRAM)

    def test_whoever_crossed_is_not_any_more(self) -> None:
        crossed = Member(
            "ada", 1, NOW, lifetime_spend_minor=99_999, threshold_crossed_at=NOW, status="inactive"
        )
        assert not is_past(crossed, PROGRAM)


class TestMayHaveFallen:
    @pytest.mark.parametrize(
        ("after", "fallen"),
        [
            (with_thresholds(50_000, 50_000), False),
            (with_thresholds(49_999, 50_000), True),
            (with_thresholds(60_000, 49_999), True),
            (with_thresholds(60_000, 50_001), False),
        ],
        ids=["the same", "lower for most", "lower for the hold-out", "raised"],
    )
    def test_with_the_same_lots_each_variant_is_compared_with_itself(
        self, after: ProgramDefinition, fallen: bool
    ) -> None:
        assert may_have_fallen(PROGRAM, after) is fallen

    def test_another_name_is_no_other_threshold(self) -> None:
        renamed = with_variants(replace(STANDARD, name="classic"), HOLD_OUT)
        assert not may_have_fallen(PROGRAM, renamed)

    @pytest.mark.parametrize(
        "after",
        [
            with_variants(STANDARD, WARM, seed="another"),
            with_variants(WARM, STANDARD),
            with_variants(replace(STANDARD, weight=50), WARM),
            with_variants(STANDARD),
        ],
        ids=["another seed", "another order", "other weights", "a variant less"],
    )
    def test_with_other_lots_somebody_may_have_got_a_lower_one(
        self, after: ProgramDefinition
    ) -> None:
        assert may_have_fallen(TWO_ARMS, after)

    def test_with_other_lots_nobody_falls_below_the_highest_of_before(self) -> None:
        assert not may_have_fallen(PROGRAM, with_variants(STANDARD, HOLD_OUT, WARM, seed="another"))
