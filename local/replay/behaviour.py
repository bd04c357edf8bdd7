"""The only invented part of the replay: what simulated customers do beside buying.

Every choice is drawn from its own generator, seeded by the run's seed and what is decided, so that
it depends neither on the order of other choices nor on when it is asked.

| choice | model |
| --- | --- |
| enrolled at the start | a seeded half of the households |
| goods come back | 4 % of the baskets worth something, 1–10 days later; 1 in 10 of these arrives
before its order |
| what comes back | the whole basket (30 %), one line (50 %), or an amount of money (20 %) |
| invite | accepted 45 %, declined 15 %, else silent |
| reminder | accepted 30 %, declined 10 %, else silent |
| outreach | accepted 10 %, unsubscribed 5 %, else silent |
| an answer takes | 1–5 days |
| an upgrade that needs a yes | approved 80 %, else rejected, after 1–21 days |
| a gift | dispatched 1–4 days after its task was opened |
"""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from local.replay.dataset import Basket, Line

Answer = Literal["accept", "decline", "unsubscribe"]

RETURN_SHARE = 0.04
EARLY_RETURN_SHARE = 0.10
EARLY_BY = timedelta(hours=1)
SHORTEST_ANSWER = timedelta(days=1)
_ANSWERS: dict[str, tuple[tuple[float, Answer], ...]] = {
    "invite": ((0.45, "accept"), (0.60, "decline")),
    "reminder": ((0.30, "accept"), (0.40, "decline")),
    "outreach": ((0.10, "accept"), (0.15, "unsubscribe")),
}


@dataclass(frozen=True, slots=True)
class GoodsBack:
    """A simulated return: either whole lines or an amount in cents."""

    basket: Basket
    at: datetime
    lines: tuple[Line, ...] = ()
    amount_minor: int = 0

    @property
    def return_id(self) -> str:
        return f"r-{self.basket.order_id}"


def decision_on(task_id: str, seed: int) -> tuple[Literal["approved", "rejected"], timedelta]:
    """Return what a manager says to an upgrade, and how long that takes."""
    draw = random.Random(f"{seed}/review/{task_id}")
    verdict: Literal["approved", "rejected"] = "approved" if draw.random() < 0.8 else "rejected"
    return verdict, timedelta(hours=draw.randint(24, 21 * 24))


def dispatch_of(task_id: str, seed: int) -> timedelta:
    """Return how long the warehouse takes for a gift."""
    return timedelta(hours=random.Random(f"{seed}/gift/{task_id}").randint(24, 96))


def enrolled_at_start(households: Collection[int], seed: int) -> list[int]:
    """Return the half of the households who are members from the first moment."""
    ordered = sorted(households)
    return sorted(random.Random(f"{seed}/enrolled").sample(ordered, len(ordered) // 2))


def goods_back(basket: Basket, seed: int) -> GoodsBack | None:
    """Return what comes back of a basket, if anything."""
    draw = random.Random(f"{seed}/return/{basket.order_id}")
    paid = [line for line in basket.lines if line.amount_minor > 0]
    if not paid or draw.random() >= RETURN_SHARE:
        return None
    early = draw.random() < EARLY_RETURN_SHARE
    at = (
        basket.occurred_at - EARLY_BY
        if early
        else basket.occurred_at + timedelta(hours=draw.randint(24, 240))
    )
    kind = draw.random()
    if kind < 0.3:
        return GoodsBack(basket, at, lines=basket.lines)
    if kind < 0.8:
        return GoodsBack(basket, at, lines=(draw.choice(paid),))
    return GoodsBack(basket, at, amount_minor=draw.randint(1, basket.total_minor))


def answer_to(kind: str, household: int, number: int, seed: int) -> tuple[Answer, timedelta] | None:
    """Return how a customer answers their `number`th message of this kind and after how long.

    Or None.
    """
    draw = random.Random(f"{seed}/{kind}/{household}/{number}")
    chance = draw.random()
    for below, answer in _ANSWERS.get(kind, ()):
        if chance < below:
            return answer, SHORTEST_ANSWER + timedelta(minutes=draw.randint(0, 4 * 24 * 60))
    return None
