from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty.domain.errors import DecisionInvalid, OwnAccount, OwnRequest, TaskAlreadyDecided
from loyalty.domain.tasks import (
    Decision,
    Task,
    TaskDecision,
    TaskKind,
    TaskState,
    decide,
    gift_task,
    remind,
    withdraw,
)
from tests.support.examples import NOW

DAY = timedelta(days=1)
REVIEW = Task("t-1", "tier_review", ("ada",), NOW, "upgrade/u-1")
GIFT = gift_task(
    "t-2", "ada", sku="gift-box", item="Gift box", quantity=2, opened_at=NOW, cause="upgrade/u-1"
)


def taken(decision: Decision, by: str = "staff-1", tracking: str | None = None) -> TaskDecision:
    return TaskDecision(decision, by, NOW + DAY, "because", tracking)


def in_state(task: Task, *decisions: Decision) -> Task:
    for decision in decisions:
        task = decided(task, decision)
    return task


def decided(task: Task, decision: Decision) -> Task:
    after = decide(task, taken(decision))
    assert after is not None
    return after


@pytest.mark.parametrize("kind", ["tier_review", "merge", "fraud_review", "adjustment_approval"])
@pytest.mark.parametrize("word", ["approved", "rejected"])
def test_a_question_is_answered_with_yes_or_no(kind: TaskKind, word: Decision) -> None:
    task = replace(REVIEW, kind=kind)
    assert decide(task, taken(word)) == replace(
        task, version=2, state=word, decisions=(taken(word),)
    )


@pytest.mark.parametrize("word", ["packed", "dispatched", "returned", "cancelled"])
def test_a_question_cannot_be_sent(word: Decision) -> None:
    with pytest.raises(DecisionInvalid):
        decide(REVIEW, taken(word))


def test_a_gift_cannot_be_approved() -> None:
    with pytest.raises(DecisionInvalid):
        decide(GIFT, taken("approved"))


@pytest.mark.parametrize(
    "way",
    [
        ("dispatched",),
        ("packed", "dispatched"),
        ("packed", "dispatched", "returned"),
        ("dispatched", "undeliverable"),
        ("packed", "undeliverable"),
        ("undeliverable",),
        ("packed", "cancelled"),
        ("cancelled",),
    ],
)
def test_the_ways_of_a_gift(way: tuple[Decision, ...]) -> None:
    task = in_state(GIFT, *way)
    assert task.state == way[-1]
    assert [one.decision for one in task.decisions] == list(way)
    assert task.version == 1 + len(way)


@pytest.mark.parametrize("way", [("returned",), ("packed", "returned")])
def test_what_was_not_sent_does_not_come_back(way: tuple[Decision, ...]) -> None:
    task = in_state(GIFT, *way[:-1])
    with pytest.raises(DecisionInvalid):
        decide(task, taken("returned"))


@pytest.mark.parametrize(
    ("way", "word"),
    [
        (("dispatched",), "packed"),
        (("dispatched",), "cancelled"),
        (("cancelled",), "dispatched"),
        (("undeliverable",), "returned"),
        (("dispatched", "returned"), "undeliverable"),
    ],
)
def test_what_is_over_is_not_decided_otherwise(way: tuple[Decision, ...], word: Decision) -> None:
    with pytest.raises(TaskAlreadyDecided):
        decide(in_state(GIFT, *way), taken(word))


class TestOnce:
    def test_the_same_decision_again_changes_nothing(self) -> None:
        approved = in_state(REVIEW, "approved")
        assert decide(approved, taken("approved")) is None
        assert decide(approved, taken("approved", by="staff-2")) is None

    def test_another_decision_is_refused(self) -> None:
        with pytest.raises(TaskAlreadyDecided):
            decide(in_state(REVIEW, "approved"), taken("rejected"))

    def test_a_late_repetition_of_an_earlier_step_changes_nothing(self) -> None:
        assert decide(in_state(GIFT, "packed", "dispatched"), taken("packed")) is None

    def test_a_parcel_keeps_its_tracking(self) -> None:
        sent = decide(GIFT, taken("dispatched", tracking="1Z"))
        assert sent is not None
        assert decide(sent, taken("dispatched", tracking="1Z")) is None
        assert decide(sent, taken("dispatched")) is None
        with pytest.raises(TaskAlreadyDecided):
            decide(sent, taken("dispatched", tracking="2Z"))

    def test_what_was_withdrawn_is_not_decided(self) -> None:
        withdrawn = withdraw(REVIEW)
        assert withdrawn is not None
        with pytest.raises(TaskAlreadyDecided):
            decide(withdrawn, taken("approved"))


class TestByOthers:
    @pytest.mark.parametrize("member_id", ["ada", "bob"])
    def test_nobody_decides_for_their_own_account(self, member_id: str) -> None:
        task = replace(REVIEW, kind="merge", member_ids=("ada", "bob"))
        with pytest.raises(OwnAccount):
            decide(task, taken("approved"), own_member_id=member_id)

    def test_not_even_again(self) -> None:
        with pytest.raises(OwnAccount):
            decide(in_state(REVIEW, "approved"), taken("approved"), own_member_id="ada")

    def test_a_member_of_staff_decides_for_others(self) -> None:
        assert decide(REVIEW, taken("approved"), own_member_id="eve") is not None

    def test_a_second_person_decides_on_a_request(self) -> None:
        asked = replace(REVIEW, kind="adjustment_approval", requested_by="staff-1")
        with pytest.raises(OwnRequest):
            decide(asked, taken("approved", by="staff-1"))
        assert decide(asked, taken("approved", by="staff-2")) is not None


class TestWithdrawing:
    @pytest.mark.parametrize("way", [(), ("packed",)])
    def test_what_waits_is_withdrawn(self, way: tuple[Decision, ...]) -> None:
        task = in_state(GIFT, *way)
        assert withdraw(task) == replace(task, version=task.version + 1, state="withdrawn")

    @pytest.mark.parametrize(
        "state", ["approved", "rejected", "dispatched", "undeliverable", "cancelled", "withdrawn"]
    )
    def test_what_is_over_stays(self, state: TaskState) -> None:
        assert withdraw(replace(GIFT, state=state)) is None


class TestReminders:
    def reminded(self, task: Task, days: float) -> tuple[Task, str] | None:
        return remind(task, NOW + days * DAY, reminder_days=3, escalation_days=14)

    def test_the_first_one_is_due_after_its_period(self) -> None:
        assert remind(REVIEW, NOW + 3 * DAY - timedelta(microseconds=1), **PERIODS) is None
        at = NOW + 3 * DAY
        assert remind(REVIEW, at, **PERIODS) == (
            replace(REVIEW, version=2, reminders=1, reminded_at=at),
            "TaskReminded",
        )

    def test_one_that_is_tried_again_counts_once(self) -> None:
        first = self.reminded(REVIEW, 3)
        assert first is not None
        assert self.reminded(first[0], 3) is None
        assert self.reminded(first[0], 5.9) is None
        assert self.reminded(first[0], 6) is not None

    def test_an_old_task_is_escalated_once(self) -> None:
        task, names = GIFT, []
        for day in range(3, 22, 3):
            result = self.reminded(task, day)
            assert result is not None
            task, name = result
            names.append(name)
        assert names == ["TaskReminded"] * 4 + ["TaskEscalated"] + ["TaskReminded"] * 2
        assert (task.reminders, task.escalated_at) == (7, NOW + 15 * DAY)

    def test_a_task_is_escalated_at_the_very_day(self) -> None:
        fourteen = remind(REVIEW, NOW + 14 * DAY, **PERIODS)
        assert fourteen is not None
        assert fourteen[1] == "TaskEscalated"

    def test_a_packed_gift_is_reminded_of(self) -> None:
        assert self.reminded(in_state(GIFT, "packed"), 3) is not None

    @pytest.mark.parametrize("state", ["approved", "dispatched", "withdrawn"])
    def test_what_is_over_is_not_reminded_of(self, state: TaskState) -> None:
        assert self.reminded(replace(REVIEW, state=state), 30) is None


PERIODS = {"reminder_days": 3, "escalation_days": 14}
