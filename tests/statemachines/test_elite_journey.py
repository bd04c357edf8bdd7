"""The Elite journey as Step Functions runs it: scripted functions, every state, every Catch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.state_machines import (
    Coverage,
    Execution,
    StateMachine,
    StateMachines,
    raises,
    returns,
    sequence,
)

ELITE_JOURNEY = Path(__file__).parents[2] / "statemachines/elite_journey.asl.yaml"
COVERAGE = Coverage(ELITE_JOURNEY)
START = datetime(2017, 1, 1, tzinfo=UTC)
CROSSED = {"member_id": "m1", "reason": "threshold_crossed", "correlation_id": "c1"}
LATE = CROSSED | {"reason": "late_acceptance"}
INVITE_WINDOW = timedelta(days=14)
REMINDER_WINDOW = timedelta(days=7)
VARIANT = {
    "variant": "standard",
    "program_version": 3,
    "held_out": False,
    "invite_window_seconds": INVITE_WINDOW.total_seconds(),
    "reminder_window_seconds": REMINDER_WINDOW.total_seconds(),
}
SENT = returns({"outcome": "sent", "not_before": None})
SUPPRESSED = returns({"outcome": "suppressed", "not_before": None})
ANSWERED = returns({"outcome": "answered", "not_before": None})
TO_THE_INVITE = ["WhyStarted", "AssignVariant", "IsHeldOut", "SendInvite", "WasInviteSent"]
TO_THE_REMINDER = [*TO_THE_INVITE, "AwaitAnswer", "ReadStatus", "HasAnswered", "SendReminder"]
WELCOMED = ["CurateOffers", "SendWelcome", "Activated"]


def not_before(moment: datetime) -> Callable[[Any, Any], Any]:
    return returns({"outcome": "not_before", "not_before": moment.isoformat()})


def statuses(*values: str) -> Callable[[Any, Any], Any]:
    return sequence(*(returns({"status": value}) for value in values))


@pytest.fixture
def journey(machines: StateMachines) -> StateMachine:
    """A journey on which everything works and nobody answers."""
    machines.register(
        AssignVariantFunction=returns(VARIANT),
        SendInviteFunction=SENT,
        AwaitAnswerFunction=returns(None),
        ReadStatusFunction=statuses("invited", "reminded"),
        SendReminderFunction=SENT,
        MarkInactiveFunction=returns({"status": "inactive"}),
        CurateOffersFunction=returns({"curated": True}),
        SendWelcomeFunction=returns({"outcome": "sent"}),
    )
    return machines.load(ELITE_JOURNEY, coverage=COVERAGE)


def woken_after(machines: StateMachines, span: timedelta) -> None:
    """Wake the journey's next wait, as WakeJourney does when an answer was stored."""

    def store_token(event: dict[str, Any], _context: object) -> None:
        machines.clock.at(span, lambda: machines.succeed(event["task_token"]))

    machines.register(AwaitAnswerFunction=store_token)


def outcome(run: Execution) -> str:
    assert run.status == "SUCCEEDED", run.cause
    return str(run.output["outcome"])


def test_an_accepted_invitation_is_welcomed(machines: StateMachines, journey: StateMachine) -> None:
    woken_after(machines, timedelta(days=2))
    machines.register(ReadStatusFunction=statuses("active"))

    run = journey.run(CROSSED, name="m1")

    assert outcome(run) == "activated"
    assert run.states == [*TO_THE_INVITE, "AwaitAnswer", "ReadStatus", "HasAnswered", *WELCOMED]
    assert run.stopped_at == START + timedelta(days=2)


def test_functions_get_ids_only(machines: StateMachines, journey: StateMachine) -> None:
    woken_after(machines, timedelta())
    machines.register(ReadStatusFunction=statuses("active"))

    journey.run(CROSSED)

    ids = {"member_id": "m1", "correlation_id": "c1"}
    for function in ("AssignVariant", "SendInvite", "ReadStatus", "CurateOffers", "SendWelcome"):
        assert machines.events_of(f"{function}Function") == [ids]
    [awaiting] = machines.events_of("AwaitAnswerFunction")
    assert awaiting == ids | {"task_token": machines.tokens.issued[0]}


def test_a_declined_invitation_ends_the_journey(
    machines: StateMachines, journey: StateMachine
) -> None:
    woken_after(machines, timedelta(days=1))
    machines.register(ReadStatusFunction=statuses("not_interested"))

    run = journey.run(CROSSED)

    assert outcome(run) == "declined"
    assert machines.events_of("SendWelcomeFunction") == []


def test_silence_brings_one_reminder_and_then_inactive(
    machines: StateMachines, journey: StateMachine
) -> None:
    run = journey.run(CROSSED)

    assert outcome(run) == "inactive"
    assert run.states == [
        *TO_THE_REMINDER, "WasReminderSent", "AwaitLateAnswer", "ReadLateStatus", "HasAnsweredLate",
        "MarkInactive", "BecameInactive", "Inactive",
    ]  # fmt: skip
    assert run.stopped_at == START + INVITE_WINDOW + REMINDER_WINDOW
    assert len(machines.events_of("SendReminderFunction")) == 1


@pytest.mark.parametrize(
    ("status", "ending"), [("active", "activated"), ("not_interested", "declined")]
)
def test_the_reminder_is_answered(
    machines: StateMachines, journey: StateMachine, status: str, ending: str
) -> None:
    machines.register(
        AwaitAnswerFunction=sequence(returns(None), returns(None)),
        ReadStatusFunction=statuses("invited", status),
    )
    run = journey.start(CROSSED)
    machines.clock.advance(INVITE_WINDOW + timedelta(days=3))
    [token] = machines.tokens.open
    machines.succeed(token)

    assert outcome(run.wait()) == ending
    assert run.stopped_at == START + INVITE_WINDOW + timedelta(days=3)


def test_an_answer_stored_without_a_wake_up_is_found_at_the_time_out(
    machines: StateMachines, journey: StateMachine
) -> None:
    machines.register(ReadStatusFunction=statuses("active"))

    run = journey.run(CROSSED)

    assert outcome(run) == "activated"
    assert run.stopped_at == START + INVITE_WINDOW


@pytest.mark.parametrize(
    ("status", "ending"), [("active", "activated"), ("not_interested", "declined")]
)
def test_an_answer_that_beats_the_marking_holds(
    machines: StateMachines, journey: StateMachine, status: str, ending: str
) -> None:
    machines.register(MarkInactiveFunction=returns({"status": status}))

    run = journey.run(CROSSED)

    assert outcome(run) == ending
    assert "MarkInactive" in run.states


def test_the_hold_out_group_gets_nothing(machines: StateMachines, journey: StateMachine) -> None:
    machines.register(AssignVariantFunction=returns(VARIANT | {"held_out": True}))

    run = journey.run(CROSSED)

    assert outcome(run) == "held_out"
    assert machines.events_of("SendInviteFunction") == []


def test_an_invitation_that_is_not_allowed_ends_the_journey(
    machines: StateMachines, journey: StateMachine
) -> None:
    machines.register(SendInviteFunction=SUPPRESSED)

    assert outcome(journey.run(CROSSED)) == "invite_suppressed"


def test_quiet_hours_are_waited_for(machines: StateMachines, journey: StateMachine) -> None:
    morning, next_morning = START + timedelta(hours=8), START + INVITE_WINDOW + timedelta(hours=20)
    machines.register(
        SendInviteFunction=sequence(not_before(morning), SENT),
        SendReminderFunction=sequence(not_before(next_morning), SENT),
    )

    run = journey.run(CROSSED)

    assert outcome(run) == "inactive"
    assert "WaitToInvite" in run.states
    assert "WaitToRemind" in run.states
    assert run.stopped_at == next_morning + REMINDER_WINDOW


def test_an_answer_before_the_invitation_left_is_read(
    machines: StateMachines, journey: StateMachine
) -> None:
    machines.register(SendInviteFunction=ANSWERED, ReadStatusFunction=statuses("active"))

    run = journey.run(CROSSED)

    assert outcome(run) == "activated"
    assert machines.tokens.issued == []


def test_an_answer_before_the_reminder_left_is_read(
    machines: StateMachines, journey: StateMachine
) -> None:
    machines.register(
        SendReminderFunction=ANSWERED, ReadStatusFunction=statuses("invited", "not_interested")
    )

    assert outcome(journey.run(CROSSED)) == "declined"


def test_a_reminder_that_is_not_allowed_still_leaves_its_window(
    machines: StateMachines, journey: StateMachine
) -> None:
    machines.register(SendReminderFunction=SUPPRESSED)

    run = journey.run(CROSSED)

    assert outcome(run) == "inactive"
    assert run.stopped_at == START + INVITE_WINDOW + REMINDER_WINDOW


def test_a_late_acceptance_is_only_welcomed(machines: StateMachines, journey: StateMachine) -> None:
    run = journey.run(LATE, name="m1-welcome-7")

    assert run.states == ["WhyStarted", *WELCOMED]


def test_a_refused_mail_is_tried_again_later(
    machines: StateMachines, journey: StateMachine
) -> None:
    woken_after(machines, timedelta())
    machines.register(
        SendInviteFunction=sequence(raises("EmailRefused"), raises("EmailRefused"), SENT),
        ReadStatusFunction=statuses("active"),
    )

    run = journey.run(CROSSED)

    assert outcome(run) == "activated"
    assert run.stopped_at is not None
    assert START < run.stopped_at <= START + timedelta(minutes=5)


def test_an_address_that_refuses_all_mail_ends_in_silence(
    machines: StateMachines, journey: StateMachine
) -> None:
    machines.register(
        SendInviteFunction=raises("EmailRefused"), SendReminderFunction=raises("EmailRefused")
    )

    run = journey.run(CROSSED)

    assert outcome(run) == "inactive"
    assert run.stopped_at is not None
    assert run.stopped_at >= START + INVITE_WINDOW + REMINDER_WINDOW


def test_an_unsettled_welcome_is_sent_again_after_a_quarter_of_an_hour(
    machines: StateMachines, journey: StateMachine
) -> None:
    machines.register(
        SendWelcomeFunction=sequence(raises("MessageUnsettled"), returns({"outcome": "sent"}))
    )

    run = journey.run(LATE)

    assert outcome(run) == "activated"
    assert run.stopped_at == START + timedelta(minutes=15)


def test_a_busy_member_is_tried_again(machines: StateMachines, journey: StateMachine) -> None:
    machines.register(
        MarkInactiveFunction=sequence(raises("MemberBusy"), returns({"status": "inactive"}))
    )

    assert outcome(journey.run(CROSSED)) == "inactive"


TASKS = [
    ("AssignVariant", {}),
    ("SendInvite", {}),
    ("AwaitAnswer", {}),
    ("ReadStatus", {}),
    ("SendReminder", {}),
    ("AwaitLateAnswer", {"AwaitAnswerFunction": [returns(None)]}),
    ("ReadLateStatus", {"ReadStatusFunction": [returns({"status": "invited"})]}),
    ("MarkInactive", {}),
]


def failing_at(
    machines: StateMachines, task: str, before: dict[str, list[Any]], error: str, attempts: int
) -> None:
    function = {"AwaitLateAnswer": "AwaitAnswer", "ReadLateStatus": "ReadStatus"}.get(task, task)
    name = f"{function}Function"
    failures = [raises(error, "the reason")] * attempts
    machines.register(**{name: sequence(*before.get(name, []), *failures)})


@pytest.mark.parametrize(("task", "before"), TASKS, ids=[task for task, _ in TASKS])
class TestFailures:
    def test_a_customer_who_is_gone_ends_the_journey_at_once(
        self,
        machines: StateMachines,
        journey: StateMachine,
        task: str,
        before: dict[str, list[Any]],
    ) -> None:
        failing_at(machines, task, before, "MemberNotFound", attempts=1)

        run = journey.run(CROSSED)

        assert outcome(run) == "member_gone"
        assert run.states[-2:] == [task, "MemberGone"]

    def test_an_unknown_failure_that_stays_fails_with_error_and_cause(
        self,
        machines: StateMachines,
        journey: StateMachine,
        task: str,
        before: dict[str, list[Any]],
    ) -> None:
        failing_at(machines, task, before, "KeyError", attempts=5)

        run = journey.run(CROSSED)

        assert (run.status, run.error) == ("FAILED", "JourneyFailed")
        assert str(run.cause).startswith("KeyError: ")
        assert "the reason" in str(run.cause)
        assert run.states[-2:] == [task, "JourneyFailed"]


def test_a_table_that_refuses_for_a_moment_does_not_end_the_journey(
    machines: StateMachines, journey: StateMachine
) -> None:
    throttled = raises("ProvisionedThroughputExceededException")
    machines.register(
        AwaitAnswerFunction=sequence(throttled, returns(None), throttled, returns(None)),
        MarkInactiveFunction=sequence(throttled, throttled, returns({"status": "inactive"})),
    )

    run = journey.run(CROSSED)

    assert outcome(run) == "inactive"
    assert len(machines.events_of("AwaitAnswerFunction")) == 4


@pytest.mark.parametrize(
    ("error", "ending"), [("MemberNotFound", "MemberGone"), ("KeyError", "JourneyFailed")]
)
def test_a_failing_welcome(
    machines: StateMachines, journey: StateMachine, error: str, ending: str
) -> None:
    machines.register(SendWelcomeFunction=raises(error))

    assert journey.run(LATE).states == ["WhyStarted", "CurateOffers", "SendWelcome", ending]


@pytest.mark.parametrize(
    ("error", "ending"), [("MemberNotFound", ["MemberGone"]), ("KeyError", WELCOMED[1:])]
)
def test_the_welcome_goes_without_offers_too(
    machines: StateMachines, journey: StateMachine, error: str, ending: list[str]
) -> None:
    machines.register(CurateOffersFunction=raises(error))
    assert journey.run(LATE).states == ["WhyStarted", "CurateOffers", *ending]


def test_a_hanging_function_is_not_waited_for_for_ever(
    machines: StateMachines, journey: StateMachine
) -> None:
    machines.register(AssignVariantFunction=machines.takes(3_600, returns(VARIANT)))

    run = journey.run(CROSSED)

    assert run.error == "JourneyFailed"
    assert str(run.cause).startswith("States.Timeout")
    assert len(machines.events_of("AssignVariantFunction")) == 7


def test_every_state_and_every_catch_was_executed() -> None:
    assert COVERAGE.missing() == []
