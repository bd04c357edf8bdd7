"""Drives the program through the year.

Orders and returns in time order, customers who answer their mail.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from itertools import count
from typing import Any

from local.clock import epoch, iso
from local.replay import behaviour
from local.replay.answers import FirstAnswers
from local.replay.behaviour import Answer, GoodsBack, OfferUse
from local.replay.dataset import CURRENCY, SOURCE, Basket
from local.replay.doors import Doors
from local.replay.journal import Journal, OfferUsed

# Customers read their mail twice a day; no answer comes sooner than a day, so none is found too
# late.
_MAIL_EVERY = timedelta(hours=12)
# Upgrades are proposed by the month's evaluation alone, in the night to this day; a manager's yes
# opens the task of the gift at once.
_REVIEW_DAY = 3
# The journey asks in this order; from the third time on it is outreach.
_ASKED = ("invite", "reminder", "outreach")


def email_of(household: int) -> str:
    return f"household-{household}@example.com"


class Simulation:
    """One run; `offers` has the bonus points of each offer that members may use.

    `progress` is called once for each order and return that was sent.
    """

    def __init__(
        self,
        doors: Doors,
        baskets: list[Basket],
        offers: Mapping[str, int],
        seed: int,
        answers: FirstAnswers,
        progress: Callable[[], None],
    ) -> None:
        self._doors = doors
        self._baskets = baskets
        self._offers = offers
        self._seed = seed
        self._answers = answers
        self._progress = progress
        self._tie = count()
        self._plan: list[tuple[datetime, int, Callable[[datetime], None]]] = []
        self._asked: Counter[int] = Counter()
        self._known_tasks: set[str] = set()
        self._active: set[int] = set()
        self._journal = Journal()

    def run(self, start: datetime, end: datetime) -> Journal:
        """Enrol, then do everything that is planned before `end`.

        The clock stands at `end` afterwards.
        """
        now = self._doors.now()
        self._enrol_half(start)
        self._plan_deliveries()
        self._plan_visits(start, end)
        while self._plan and self._plan[0][0] < end:
            at, _, act = heapq.heappop(self._plan)
            if at > now:
                self._doors.advance(at)
                now = at
            act(at)
        if end > now:
            self._doors.advance(end)
        return self._journal

    def _at(self, moment: datetime, act: Callable[[datetime], None]) -> None:
        heapq.heappush(self._plan, (moment, next(self._tie), act))

    def _enrol_half(self, at: datetime) -> None:
        members = behaviour.enrolled_at_start(
            {basket.household for basket in self._baskets}, self._seed
        )
        for household in members:
            self._doors.enrol({"email": email_of(household), "consent": {"email": True}})
        self._journal.enrolled_at_start.update(members)

    def _plan_deliveries(self) -> None:
        for basket in self._baskets:
            self._at(basket.occurred_at, partial(self._send_order, basket))
            if goods := behaviour.goods_back(basket, self._seed):
                self._at(goods.at, partial(self._send_return, goods))

    def _plan_visits(self, start: datetime, end: datetime) -> None:
        at = start + _MAIL_EVERY
        while at < end:
            self._at(at, self._read_mail)
            if (at.day, at.hour) == (_REVIEW_DAY, 12):
                self._at(at, self._look_at_reviews)
            at += _MAIL_EVERY

    def _send_order(self, basket: Basket, _: datetime) -> None:
        member_id = self._doors.order(order_body(basket))["member_id"]
        self._journal.sent.append(basket)
        self._progress()
        if basket.household in self._active:
            for use in behaviour.offers_used(basket, list(self._offers), self._seed):
                tell = partial(self._use_offer, basket, use, member_id)
                self._at(basket.occurred_at + use.told_after, tell)

    def _use_offer(self, basket: Basket, use: OfferUse, member_id: str, at: datetime) -> None:
        self._doors.use_offer(use.offer_id, use_body(basket, use, member_id))
        points = self._offers[use.offer_id]
        used = OfferUsed(
            basket.household, use.offer_id, basket.order_id, basket.occurred_at, points
        )
        self._journal.uses.append(used)
        if use.taken_back_after is not None:
            self._at(at + use.taken_back_after, partial(self._take_use_back, use, used))

    def _take_use_back(self, use: OfferUse, used: OfferUsed, at: datetime) -> None:
        self._doors.take_use_back(use.offer_id, use.use_id)
        used.taken_back_at = at

    def _send_return(self, goods: GoodsBack, _: datetime) -> None:
        self._doors.goods_back(SOURCE, goods.basket.order_id, return_body(goods))
        self._journal.sent.append(goods)
        self._progress()

    def _read_mail(self, at: datetime) -> None:
        for mail in self._doors.mails(since=at - _MAIL_EVERY):
            links = [link for link in mail["links"] if "/v1/invitations/" in link]
            if not links or _time(mail["sent_at"]) >= at:
                continue
            household = int(mail["to"][0].split("@")[0].removeprefix("household-"))
            self._asked[household] += 1
            asked = self._asked[household]
            kind = _ASKED[min(asked, len(_ASKED)) - 1]
            if drawn := behaviour.answer_to(kind, household, asked, self._seed):
                answer, delay = drawn
                link = _link_for(answer, mail["links"])
                when = _time(mail["sent_at"]) + delay
                self._at(when, partial(self._answer, household, answer, link))

    def _look_at_reviews(self, at: datetime) -> None:
        for task in self._new_tasks("tier_review", at):
            verdict, delay = behaviour.decision_on(task["task_id"], self._seed)
            self._at(at + delay, partial(self._review, task["task_id"], verdict))

    def _review(self, task_id: str, verdict: str, at: datetime) -> None:
        self._doors.decide(task_id, {"decision": verdict, "comment": "Qualifies."})
        self._at(at + _MAIL_EVERY, self._look_at_gifts)

    def _look_at_gifts(self, at: datetime) -> None:
        for task in self._new_tasks("gift_dispatch", at):
            delay = behaviour.dispatch_of(task["task_id"], self._seed)
            self._at(at + delay, partial(self._dispatch, task["task_id"]))

    def _dispatch(self, task_id: str, _: datetime) -> None:
        self._doors.decide(task_id, {"decision": "dispatched", "tracking": f"T-{task_id}"})

    def _new_tasks(self, kind: str, at: datetime) -> Iterator[dict[str, Any]]:
        """Yield what was there by then: a repeated replay has all of the year's before it."""
        for task in self._doors.open_tasks(kind):
            if task["task_id"] not in self._known_tasks and _time(task["opened_at"]) <= at:
                self._known_tasks.add(task["task_id"])
                yield task

    def _answer(self, household: int, answer: Answer, link: str, at: datetime) -> None:
        status = self._answers.first(household, at, self._doors.follow(link))
        self._journal.answers.append((household, answer, status, at))
        if answer == "accept" and status == HTTPStatus.OK:
            self._active.add(household)


def order_body(basket: Basket) -> dict[str, Any]:
    """Return the basket as `POST /v1/orders` takes it."""
    return {
        "source": SOURCE,
        "order_id": basket.order_id,
        "occurred_at": iso(basket.occurred_at.timestamp()),
        "store_id": basket.store_id,
        "customer": {"email": email_of(basket.household), "consent": {"email": True}},
        "total": {"amount_minor": basket.total_minor, "currency": CURRENCY},
        "lines": [
            {
                "sku": line.sku,
                "category": line.category,
                "quantity": line.quantity,
                "amount_minor": line.amount_minor,
            }
            for line in basket.lines
        ],
    }


def use_body(basket: Basket, use: OfferUse, member_id: str) -> dict[str, Any]:
    """Return a use as `POST /v1/offers/…/uses` takes it."""
    return {
        "use_id": use.use_id,
        "member_id": member_id,
        "order_id": basket.order_id,
        "store_id": basket.store_id,
        "occurred_at": iso(basket.occurred_at.timestamp()),
    }


def return_body(goods: GoodsBack) -> dict[str, Any]:
    """Return the goods as `POST …/returns` takes them."""
    body: dict[str, Any] = {"return_id": goods.return_id, "occurred_at": iso(goods.at.timestamp())}
    if goods.lines:
        body["lines"] = [{"sku": line.sku, "quantity": line.quantity} for line in goods.lines]
    else:
        body["amount"] = {"amount_minor": goods.amount_minor, "currency": CURRENCY}
    return body


def _link_for(answer: Answer, links: list[str]) -> str:
    if answer == "unsubscribe":
        return next(link for link in links if "/v1/unsubscribe/" in link)
    invitations = [link for link in links if "/v1/invitations/" in link]
    declining = [link for link in invitations if link.endswith("?answer=decline")]
    return (
        declining[0]
        if answer == "decline"
        else next(link for link in invitations if link not in declining)
    )


def _time(stamp: str) -> datetime:
    return datetime.fromtimestamp(epoch(stamp), UTC)
