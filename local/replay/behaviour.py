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
| uses of offers | by those who accepted: 30 % of the households use one with every second basket,
40 % with one in ten, the others with one in fifty; with one in four of these another one, with one
in twenty the same one twice |
| a till that was offline | tells one use in ten 1–5 days later |
| a use is taken back | 3 %, 2–10 days after it was told |
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from local.replay.dataset import Basket, Line

Answer = Literal["accept", "decline", "unsubscribe"]

# Up to which chance a household is how fond of offers: what share of its baskets comes with one.
_FONDNESS = ((0.30, 0.50), (0.70, 0.10), (1.00, 0.02))
SECOND_OFFER_SHARE = 0.25
SAME_AGAIN_SHARE = 0.05
LATE_USE_SHARE = 0.10
USE_BACK_SHARE = 0.03
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
class OfferUse:
    """An offer to use with a basket; `told_after` it, and taken back so long after that, or not."""

    use_id: str
    offer_id: str
    told_after: timedelta
    taken_back_after: timedelta | None


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


def offers_used(basket: Basket, offer_ids: Sequence[str], seed: int) -> list[OfferUse]:
    """Return which offers an active member uses with a basket."""
    chance = random.Random(f"{seed}/fondness/{basket.household}").random()
    share = next(share for below, share in _FONDNESS if chance < below)
    draw = random.Random(f"{seed}/offers/{basket.order_id}")
    if draw.random() >= share:
        return []
    chosen = draw.sample(offer_ids, 2 if draw.random() < SECOND_OFFER_SHARE else 1)
    if draw.random() < SAME_AGAIN_SHARE:
        chosen.append(chosen[0])
    return [
        OfferUse(f"{basket.order_id}-{number}", offer_id, *_told_and_taken_back(draw))
        for number, offer_id in enumerate(chosen)
    ]


def _told_and_taken_back(draw: random.Random) -> tuple[timedelta, timedelta | None]:
    is_late = draw.random() < LATE_USE_SHARE
    told_after = timedelta(hours=draw.randint(24, 5 * 24)) if is_late else timedelta()
    is_taken_back = draw.random() < USE_BACK_SHARE
    return told_after, timedelta(hours=draw.randint(48, 240)) if is_taken_back else None


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
