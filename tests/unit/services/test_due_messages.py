"""Working through due messages: bounded pages, one bad one does not hold up the others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from loyalty.contracts.journeys import SendOutcome
from loyalty.domain.errors import MemberNotFound
from loyalty.services.due_messages import plan_due_messages, send_due_messages
from loyalty.services.messages import MessageUnsettled
from loyalty.services.ports import Due, EmailRefused, MessageClaim
from loyalty.services.shards import due_shard
from tests.support.fakes import FakeClock, FakeMemberStore
from tests.support.job_fakes import FakeQueue

NOW = datetime(2017, 3, 2, 10, tzinfo=UTC)
SENT = SendOutcome(outcome="sent")
UNSETTLED = MessageUnsettled(
    MessageClaim("statement-2017-02", "m-1", "email", "statement", False, "sending", NOW)
)
# Members of one shard.
MEMBERS = [name for name in map(str, range(200)) if due_shard(name) == 0][:5]


class Morning:
    """A shard of due statements; `answers` says what comes of a member's, else it is sent."""

    def __init__(self) -> None:
        self.store, self.queue = FakeMemberStore(), FakeQueue()
        self.store.due_items = {Due("statement", NOW, name) for name in MEMBERS}
        self.answers: dict[str, SendOutcome | Exception] = {}
        self.sent: list[str] = []

    def send(self, due: Due) -> SendOutcome:
        self.sent.append(due.member_id)
        answer = self.answers.get(due.member_id, SENT)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def run(self, limit: int = 10) -> int:
        return send_due_messages(
            0, NOW, sends={"statement": self.send}, store=self.store, queue=self.queue, limit=limit
        )

    def left(self) -> list[str]:
        return sorted(due.member_id for due in self.store.due_items)


@pytest.fixture
def morning() -> Morning:
    return Morning()


def test_a_plan_has_one_message_per_shard_in_which_something_is_due(morning: Morning) -> None:
    plan_due_messages(store=morning.store, clock=FakeClock(NOW), queue=morning.queue)
    assert morning.queue.messages == [{"shard": 0, "until": "2017-03-02T10:00:00Z"}]


def test_a_plan_leaves_what_is_due_later_or_of_another_kind(morning: Morning) -> None:
    later = NOW + timedelta(seconds=1)
    morning.store.due_items = {Due("statement", later, "m-1"), Due("release", NOW, "m-1")}
    plan_due_messages(store=morning.store, clock=FakeClock(NOW), queue=morning.queue)
    assert morning.queue.messages == []


def test_all_that_is_due_is_sent_and_done_with(morning: Morning) -> None:
    later = Due("statement", NOW + timedelta(seconds=1), MEMBERS[0])
    morning.store.due_items.add(later)
    assert morning.run() == len(MEMBERS)
    assert morning.store.due_items == {later}
    assert morning.queue.messages == []


def test_a_full_page_queues_the_shard_again(morning: Morning) -> None:
    assert morning.run(limit=3) == 3
    assert morning.queue.messages == [{"shard": 0, "until": "2017-03-02T10:00:00Z"}]
    assert morning.run(limit=3) == 2
    assert len(morning.queue.messages) == 1


@pytest.mark.parametrize("answer", [SendOutcome.later(NOW + timedelta(hours=1)), UNSETTLED])
def test_what_has_to_wait_stays_due_and_holds_nobody_up(
    morning: Morning, answer: SendOutcome | Exception
) -> None:
    morning.answers[MEMBERS[1]] = answer
    assert morning.run() == len(MEMBERS) - 1
    assert morning.left() == [MEMBERS[1]]


def test_what_is_in_doubt_is_tried_again_after_fifteen_minutes(morning: Morning) -> None:
    morning.answers = dict.fromkeys(MEMBERS[1:3], UNSETTLED)
    morning.run()
    [(delay, message)] = morning.queue.delayed
    assert delay == timedelta(minutes=15)
    assert message == {"shard": 0, "until": "2017-03-02T10:00:00Z", "kind": "statement"}
    assert morning.queue.messages == []


def test_only_the_kind_in_doubt_is_sent_again(morning: Morning) -> None:
    morning.store.due_items.add(Due("tier_mail", NOW, MEMBERS[0]))
    ports = {"store": morning.store, "queue": morning.queue, "limit": 1}
    sends = {"statement": morning.send, "tier_mail": morning.send}
    assert send_due_messages(0, NOW, "tier_mail", sends=sends, **ports) == 1
    assert morning.left() == sorted(MEMBERS)
    assert morning.queue.messages == [
        {"shard": 0, "until": "2017-03-02T10:00:00Z", "kind": "tier_mail"}
    ]


def test_what_waits_for_a_better_hour_is_left_to_the_next_plan(morning: Morning) -> None:
    morning.answers[MEMBERS[1]] = SendOutcome.later(NOW + timedelta(hours=1))
    morning.run()
    assert morning.queue.delayed == []


def test_a_page_that_can_only_wait_is_not_queued_for_ever(morning: Morning) -> None:
    morning.answers = dict.fromkeys(MEMBERS, SendOutcome.later(NOW + timedelta(hours=1)))
    assert morning.run(limit=len(MEMBERS)) == 0
    assert morning.queue.messages == []


@pytest.mark.parametrize("error", [MemberNotFound("gone"), EmailRefused("bad address")])
def test_what_can_never_be_sent_is_given_up(morning: Morning, error: Exception) -> None:
    morning.answers[MEMBERS[1]] = error
    assert morning.run() == len(MEMBERS)
    assert not morning.store.due_items


def test_a_service_that_takes_none_stops_the_shard(morning: Morning) -> None:
    stopped = sorted(MEMBERS)[2]
    morning.answers[stopped] = EmailRefused("paused", takes_none=True)
    with pytest.raises(EmailRefused):
        morning.run()
    assert morning.left() == sorted(MEMBERS)[2:]


def test_somebody_elses_removal_is_no_failure(morning: Morning) -> None:
    morning.store.refusals = 1
    assert morning.run() == len(MEMBERS)
    assert len(morning.store.due_items) == 1
    assert morning.run() == 1
