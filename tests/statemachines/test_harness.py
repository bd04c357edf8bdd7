"""The harness itself, on a sample machine that uses what the program's own machines use."""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support.state_machines import (
    Coverage,
    NothingLeftToHappen,
    StateMachine,
    StateMachines,
    TaskTimedOut,
    raises,
    returns,
    sequence,
    state_machines,
)

SAMPLE = Path(__file__).parent / "sample.asl.yaml"
COVERAGE = Coverage(SAMPLE)
START = datetime(2017, 1, 1, tzinfo=UTC)
WEEK_SECONDS = 7 * 86_400
GREETED = {"greeting": 'Say "hi"', "window_seconds": WEEK_SECONDS}


class MemberNotFound(Exception):
    """A domain error, caught by its class's name."""


@pytest.fixture
def sample(machines: StateMachines) -> StateMachine:
    machines.register(GreetFunction=returns(GREETED), AwaitAnswerFunction=returns(None))
    return machines.load(SAMPLE, coverage=COVERAGE)


def answered_by(machines: StateMachines, after: timedelta, answer: dict[str, Any]) -> None:
    """Answer the token of the next AwaitAnswer, some time after it was given out."""

    def give_out(event: dict[str, Any], _context: object) -> None:
        machines.clock.at(after, lambda: machines.succeed(event["task_token"], answer))

    machines.register(AwaitAnswerFunction=give_out)


def answer_and_time_out_together(seed: int) -> tuple[str, str]:
    """What the machine and the one who answers each believe happened."""
    with state_machines(seed=seed) as machines:
        beliefs: list[str] = []

        def answer(token: str) -> None:
            try:
                machines.succeed(token, {"answer": "yes"})
                beliefs.append("accepted")
            except TaskTimedOut:
                beliefs.append("refused")

        def give_out(event: dict[str, Any], _context: object) -> None:
            machines.clock.at(timedelta(days=1), lambda: answer(event["task_token"]))

        machines.register(GreetFunction=returns(GREETED), AwaitAnswerFunction=give_out)
        run = machines.load(SAMPLE).run({"name": "Ann"})
        machines.clock.settle()
        return run.output["answer"], beliefs[0]


def test_an_answer_ends_the_wait(machines: StateMachines, sample: StateMachine) -> None:
    answered_by(machines, timedelta(hours=3), {"answer": "yes"})

    run = sample.run({"name": "Ann"})

    assert run.status == "SUCCEEDED"
    assert run.stopped_at == START + timedelta(hours=3)
    assert run.output == {"doubled": [2, 4, 6], "answer": "yes", "greeting": 'Say "hi"'}
    assert run.states == [
        "Greet", "AwaitAnswer", "HowAnswered", "EachItem", "Double", "Double", "Double", "Done",
    ]  # fmt: skip
    assert machines.events_of("GreetFunction") == [{"name": "Ann", "execution": run.name}]
    assert run.history[0]["type"] == "ExecutionStarted"


def test_no_answer_times_out_and_thirty_days_pass_at_once(
    machines: StateMachines, sample: StateMachine
) -> None:
    def keep_beating(event: dict[str, Any], _context: object) -> None:
        for beat in range(1, 9):
            machines.clock.at(
                timedelta(hours=20 * beat), lambda: machines.beat(event["task_token"])
            )

    machines.register(AwaitAnswerFunction=keep_beating)

    run = sample.run({"name": "Ann"})

    assert run.output["answer"] == "silent"
    assert run.stopped_at == START + timedelta(days=37)


def test_a_missed_heartbeat_is_caught(machines: StateMachines, sample: StateMachine) -> None:
    run = sample.run({"name": "Ann"})

    assert run.output["answer"] == "quiet"
    assert run.stopped_at == START + timedelta(days=1)


def test_a_timestamp_is_waited_for(machines: StateMachines, sample: StateMachine) -> None:
    until = START + timedelta(days=3, milliseconds=250)
    answered_by(machines, timedelta(), {"answer": "later", "until": until.isoformat()})

    assert sample.run({"name": "Ann"}).stopped_at == until


def test_a_transient_error_is_retried_with_jittered_pauses(
    machines: StateMachines, sample: StateMachine
) -> None:
    answered_by(machines, timedelta(), {"answer": "yes"})
    machines.register(
        GreetFunction=sequence(raises("MemberBusy"), raises("MemberBusy"), returns(GREETED))
    )

    run = sample.run({"name": "Ann"})

    assert run.status == "SUCCEEDED"
    assert run.stopped_at is not None
    assert START < run.stopped_at <= START + timedelta(seconds=60 + 120)


def test_a_domain_error_is_caught_by_its_class(
    machines: StateMachines, sample: StateMachine
) -> None:
    machines.register(GreetFunction=raises(MemberNotFound))

    run = sample.run({"name": "Ann"})

    assert run.output == {"reason": "MemberNotFound"}
    assert run.states == ["Greet", "Gone"]


def test_an_exhausted_retry_fails_with_error_and_cause(
    machines: StateMachines, sample: StateMachine
) -> None:
    machines.register(GreetFunction=raises("MemberBusy", "too many writers"))

    run = sample.run({"name": "Ann"})

    assert (run.status, run.error) == ("FAILED", "SampleFailed")
    assert run.cause is not None
    assert "MemberBusy" in run.cause
    assert "too many writers" in run.cause


def test_a_slow_function_times_out(machines: StateMachines, sample: StateMachine) -> None:
    machines.register(GreetFunction=machines.takes(31, returns(GREETED)))

    run = sample.run({"name": "Ann"})

    assert run.cause is not None
    assert "States.Timeout" in run.cause
    assert run.stopped_at == START + timedelta(seconds=30)


def test_an_undefined_expression_is_an_evaluation_error(
    machines: StateMachines, sample: StateMachine
) -> None:
    run = sample.run({})

    assert run.cause is not None
    assert "States.QueryEvaluationError" in run.cause


def test_every_state_and_catch_of_the_sample_was_executed() -> None:
    assert COVERAGE.missing() == []


def test_coverage_names_what_is_missing(machines: StateMachines) -> None:
    machines.register(GreetFunction=raises(MemberNotFound))
    sample = machines.load(SAMPLE)

    sample.run({"name": "Ann"})

    missing = sample.coverage.missing()
    assert "AwaitAnswer" in missing
    assert "Gone" not in missing
    assert "AwaitAnswer --[States.Timeout]--> HowAnswered" in missing


class TestTokens:
    def test_a_late_answer_is_refused(self, machines: StateMachines, sample: StateMachine) -> None:
        sample.run({"name": "Ann"})
        client = boto3.client("stepfunctions")

        with pytest.raises(client.exceptions.TaskTimedOut):
            client.send_task_success(taskToken=machines.tokens.issued[0], output="{}")

    def test_a_second_answer_is_refused(
        self, machines: StateMachines, sample: StateMachine
    ) -> None:
        run = sample.start({"name": "Ann"})
        machines.clock.settle()
        [token] = machines.tokens.open
        client = boto3.client("stepfunctions")
        client.send_task_success(taskToken=token, output='{"answer": "yes"}')

        with pytest.raises(client.exceptions.TaskTimedOut):
            client.send_task_success(taskToken=token, output='{"answer": "no"}')
        assert run.wait().output["answer"] == "yes"

    def test_an_unknown_token_is_invalid(self, machines: StateMachines) -> None:
        with pytest.raises(ClientError, match="InvalidToken"):
            boto3.client("stepfunctions").send_task_success(taskToken="forged", output="{}")

    def test_an_answer_inside_the_token_function_is_not_lost(
        self, machines: StateMachines, sample: StateMachine
    ) -> None:
        def answer_at_once(event: dict[str, Any], _context: object) -> None:
            boto3.client("stepfunctions").send_task_success(
                taskToken=event["task_token"], output='{"answer": "at once"}'
            )

        machines.register(AwaitAnswerFunction=answer_at_once)

        run = sample.run({"name": "Ann"})

        assert run.output["answer"] == "at once"
        assert run.stopped_at == START

    def test_a_failed_answer_keeps_its_cause(
        self, machines: StateMachines, sample: StateMachine
    ) -> None:
        run = sample.start({"name": "Ann"})
        machines.clock.settle()
        boto3.client("stepfunctions").send_task_failure(
            taskToken=machines.tokens.open[0], error="Withdrawn", cause="customer left"
        )

        run.wait()

        assert (run.status, run.error, run.cause) == ("FAILED", "Withdrawn", "customer left")

    def test_an_answer_at_the_very_time_out_goes_either_way_by_seed(self) -> None:
        endings = {answer_and_time_out_together(seed) for seed in range(20)}

        assert endings == {("yes", "accepted"), ("quiet", "refused")}


class TestHonesty:
    def test_a_function_that_is_not_registered_fails_the_test(
        self, machines: StateMachines
    ) -> None:
        with pytest.raises(AssertionError, match="GreetFunction, which is not registered"):
            machines.load(SAMPLE).run({"name": "Ann"})

    def test_an_assertion_inside_a_function_fails_the_test(
        self, machines: StateMachines, sample: StateMachine
    ) -> None:
        machines.register(GreetFunction=sequence())

        with pytest.raises(AssertionError, match="more than the 0 times"):
            sample.run({"name": "Ann"})

    def test_waiting_for_what_never_comes_is_told(
        self, machines: StateMachines, sample: StateMachine
    ) -> None:
        run = sample.run({"name": "Ann"})

        with pytest.raises(NothingLeftToHappen):
            machines.clock.run_until(lambda: run.status == "FAILED")

    def test_nothing_reaches_the_network(self, machines: StateMachines) -> None:
        with pytest.raises(OSError, match="no network"):
            socket.create_connection(("192.0.2.1", 80), timeout=1)

    def test_the_same_seed_gives_the_same_history(self) -> None:
        def stamps(seed: int) -> list[str]:
            with state_machines(seed=seed) as machines:
                machines.register(
                    GreetFunction=sequence(raises("MemberBusy"), returns(GREETED)),
                    AwaitAnswerFunction=returns(None),
                )
                run = machines.load(SAMPLE).run({"name": "Ann"})
                return [str(event["timestamp"]) for event in run.history]

        assert stamps(7) == stamps(7)
        assert stamps(7) != stamps(8)

    def test_a_journey_of_days_sleeps_for_nothing(
        self, machines: StateMachines, sample: StateMachine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def sleep(seconds: float) -> None:
            raise AssertionError(f"slept {seconds} s of the wall clock")

        monkeypatch.setattr(time, "sleep", sleep)
        machines.register(GreetFunction=sequence(raises("MemberBusy"), returns(GREETED)))
        run = sample.run({"name": "Ann"})

        assert (run.status, run.output["answer"]) == ("SUCCEEDED", "quiet")
