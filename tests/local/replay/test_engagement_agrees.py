"""A year of simulated households: the product's rules and the recomputation say the same.

Uses come late and are taken back as `local.replay.behaviour` has it, only far more often.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count

import pytest

from local.replay.engagement import Engagement, engagement, reviews
from local.replay.journal import OfferUsed
from loyalty.domain.engagement import is_lapsed, judge, take_back, use_benefit
from loyalty.domain.journey import Step
from loyalty.domain.member import Member
from tests.support.examples import PROGRAM

START = datetime(2017, 1, 1, tzinfo=UTC)
END = datetime(2018, 1, 3, tzinfo=UTC)
IN_UTC = replace(PROGRAM, time_zone=UTC)  # type: ignore[arg-type]
HOUSEHOLDS = 300
A_YEAR_OF_HOURS = 360 * 24


@dataclass
class Household:
    """One member, all that is to happen to them in time order, and what they used."""

    number: int
    uses: list[OfferUsed] = field(default_factory=list)
    events: list[tuple[datetime, int, Callable[[], None]]] = field(default_factory=list)
    order: count[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.draw = random.Random(f"engagement/{self.number}")
        self.accepted_at = START + self.hours(0, A_YEAR_OF_HOURS // 2)
        self.member = Member(
            "m", 1, START, status="active", status_since=self.accepted_at, joined_at=START
        )
        for _ in range(self.draw.choice([0, 2, 5, 12, 40])):
            self.plan_use(self.accepted_at + self.hours(0, A_YEAR_OF_HOURS))
        for at, month in reviews(START, END):
            self.plan(at, partial(self.judged, month, at))

    def hours(self, least: int, most: int) -> timedelta:
        return timedelta(hours=self.draw.randint(least, most))

    def plan(self, at: datetime, happens: Callable[[], None]) -> None:
        heapq.heappush(self.events, (at, next(self.order), happens))

    def plan_use(self, at: datetime) -> None:
        told_at = at + (self.hours(24, 120) if self.draw.random() < 0.3 else timedelta())
        order_id = f"o-{self.draw.randint(1, 60)}"
        used = OfferUsed(self.number, self.draw.choice("ab"), order_id, at, 0)
        self.plan(told_at, partial(self.use, used, told_at))
        if self.draw.random() < 0.15:
            back_at = told_at + self.hours(48, 240)
            self.plan(back_at, partial(self.take_back, used, back_at))

    def live(self) -> None:
        while self.events and self.events[0][0] <= END:
            heapq.heappop(self.events)[2]()

    def use(self, used: OfferUsed, now: datetime) -> None:
        is_first = not self.has_same(used)
        self.uses.append(used)
        step = use_benefit(self.member, used.at, IN_UTC, now, is_offer=is_first, by="offer")
        self.take(step)

    def take_back(self, used: OfferUsed, now: datetime) -> None:
        used.taken_back_at = now
        is_last = not self.has_same(used)
        self.take(take_back(self.member, used.at, IN_UTC, now, is_offer=is_last))

    def judged(self, month: str, now: datetime) -> None:
        if step := judge(self.member, month, IN_UTC, now):
            self.take(step)

    def take(self, step: Step) -> None:
        self.member = step.member

    def has_same(self, used: OfferUsed) -> bool:
        """Tell whether another use of the offer with the order is left in the month."""
        key = (used.offer_id, used.order_id, used.at.month)
        return any(
            (other.offer_id, other.order_id, other.at.month) == key
            for other in self.uses
            if other is not used and other.taken_back_at is None
        )

    def found(self) -> Engagement:
        top = (used.month for used in self.member.uses if used.top)
        lapsed = (used.month for used in self.member.uses if used.lapsed)
        elite = "lapsed" if is_lapsed(self.member) else "active"
        return Engagement(" ".join(top), " ".join(lapsed), elite)


@pytest.fixture(scope="module")
def households() -> list[Household]:
    households = [Household(number) for number in range(HOUSEHOLDS)]
    for household in households:
        household.live()
    return households


def expected(household: Household) -> Engagement:
    return engagement(household.accepted_at, household.uses, 3, list(reviews(START, END)))


def test_top_and_lapsed_members_of_every_month_are_as_recomputed(
    households: list[Household],
) -> None:
    for household in households:
        assert household.found() == expected(household), f"household {household.number}"


def test_the_year_had_something_of_everything(households: list[Household]) -> None:
    found = [household.found() for household in households]
    assert sum(len(one.top.split()) for one in found) > 50
    assert sum(len(one.lapsed.split()) > 1 for one in found) > 50
    assert {one.elite for one in found} == {"active", "lapsed"}
