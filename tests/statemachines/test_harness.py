"""The harness itself, on a sample machine that uses what the program's own machines use."""

from __future__ import annotations

import json
import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support.dynamodb import create_tables
from tests.support.state_machines import (
    Coverage,
    Execution,
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

MAP = """
QueryLanguage: JSONata
StartAt: ForEachItem
States:
  ForEachItem:
    Type: Map
    {tolerance}
    MaxConcurrency: {concurrency}
    ItemReader:
      Resource: arn:aws:states:::s3:getObject
      ReaderConfig: {{InputType: JSON}}
      Arguments:
        Bucket: "{{% $states.input.bucket %}}"
        Key: items.json
    ItemSelector:
      number: "{{% $states.context.Map.Item.Value %}}"
      run: "{{% $states.input.run %}}"
    ItemProcessor:
      ProcessorConfig: {{Mode: DISTRIBUTED, ExecutionType: EXPRESS}}
      StartAt: Work
      States:
        Work:
          Type: Task
          Resource: arn:aws:states:::lambda:invoke
          Arguments:
            FunctionName: ${{WorkFunction}}
            Payload: "{{% $states.input %}}"
          Output: "{{% $states.result.Payload %}}"
          End: true
    End: true
"""

SYNC = """
QueryLanguage: JSONata
StartAt: Child
States:
  Child:
    Type: Task
    Resource: arn:aws:states:::aws-sdk:sfn:startSyncExecution
    Arguments:
      StateMachineArn: ${ChildMachine}
      Input: "{% $states.input %}"
    Output: "{% $states.result %}"
    End: true
"""


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
    started = time.perf_counter()

    run = sample.run({"name": "Ann"})

    assert run.output["answer"] == "silent"
    assert run.stopped_at == START + timedelta(days=37)
    assert time.perf_counter() - started < 5


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


class TestMaps:
    @pytest.fixture
    def bucket(self, machines: StateMachines) -> str:
        s3 = boto3.client("s3")
        s3.create_bucket(
            Bucket="imports", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        s3.put_object(Bucket="imports", Key="items.json", Body=json.dumps(list(range(40))))
        return "imports"

    def load(
        self, machines: StateMachines, folder: Path, tolerance: str = "", concurrency: int = 4
    ) -> StateMachine:
        path = folder / "map.asl.yaml"
        path.write_text(MAP.format(tolerance=tolerance, concurrency=concurrency))
        return machines.load(path)

    def test_distributed_children_read_their_items_from_s3(
        self, machines: StateMachines, bucket: str, tmp_path: Path
    ) -> None:
        machines.register(WorkFunction=returns(lambda event: event["number"] * 2))

        run = self.load(machines, tmp_path).run({"bucket": bucket, "run": 1})

        assert run.output == [number * 2 for number in range(40)]
        assert run.states == ["ForEachItem"] + ["Work"] * 40

    @pytest.mark.parametrize(
        ("tolerance", "status"),
        [
            ("", "FAILED"),
            ("ToleratedFailurePercentage: 5", "FAILED"),
            ("ToleratedFailurePercentage: 10", "SUCCEEDED"),
            ("ToleratedFailureCount: 3", "FAILED"),
            ("ToleratedFailureCount: 4", "SUCCEEDED"),
        ],
    )
    def test_failures_beyond_tolerance_fail_the_run(
        self, machines: StateMachines, bucket: str, tmp_path: Path, tolerance: str, status: str
    ) -> None:
        fail, work = raises("MemberBusy"), returns(1)
        machines.register(WorkFunction=lambda e, c: (fail if e["number"] < 4 else work)(e, c))

        run = self.load(machines, tmp_path, tolerance).run({"bucket": bucket, "run": 1})

        assert run.status == status
        if status == "FAILED":
            assert run.error == "States.ExceedToleratedFailureThreshold"

    def test_a_worker_takes_more_items_than_python_recurses(
        self, machines: StateMachines, bucket: str, tmp_path: Path
    ) -> None:
        boto3.client("s3").put_object(
            Bucket=bucket, Key="items.json", Body=json.dumps(list(range(1_500)))
        )
        machines.register(WorkFunction=returns(1))

        run = self.load(machines, tmp_path, concurrency=1).run({"bucket": bucket, "run": 1})

        assert len(run.output) == 1_500


class TestSynchronousExecutions:
    @pytest.fixture
    def parent(self, machines: StateMachines, tmp_path: Path) -> StateMachine:
        child = machines.load(SAMPLE, name="child")
        path = tmp_path / "parent.asl.yaml"
        path.write_text(SYNC)
        return machines.load(path, substitutions={"ChildMachine": child.arn})

    def test_a_child_machine_answers_its_output(
        self, machines: StateMachines, parent: StateMachine
    ) -> None:
        machines.register(GreetFunction=returns(GREETED))
        answered_by(machines, timedelta(), {"answer": "yes"})

        answer = parent.run({"name": "Ann"}).output

        assert answer["Status"] == "SUCCEEDED"
        assert json.loads(answer["Output"])["answer"] == "yes"

    def test_a_failed_child_is_an_answer_too(
        self, machines: StateMachines, parent: StateMachine
    ) -> None:
        machines.register(GreetFunction=raises("MemberBusy"))

        run = parent.run({"name": "Ann"})

        assert run.status == "SUCCEEDED"
        assert (run.output["Status"], run.output["Error"]) == ("FAILED", "SampleFailed")


class TestInterleaving:
    """Callers that read a balance and then write it, without guarding the write."""

    KEY = {"pk": {"S": "balance"}, "sk": {"S": "balance"}}  # noqa: RUF012

    @pytest.fixture
    def client(self, machines: StateMachines, monkeypatch: pytest.MonkeyPatch) -> Any:
        client = boto3.client("dynamodb")
        create_tables(client, only="ProgramTable")
        machines.interleave_requests(monkeypatch)
        return client

    def balance_after_two_deposits(self, machines: StateMachines, client: Any) -> int:
        def balance() -> int:
            item = client.get_item(TableName="ProgramTable", Key=self.KEY)["Item"]
            return int(item["points"]["N"])

        def put(points: int) -> None:
            client.put_item(
                TableName="ProgramTable", Item=self.KEY | {"points": {"N": str(points)}}
            )

        put(0)
        for _ in range(2):
            machines.clock.at(timedelta(), lambda: put(balance() + 1))
        machines.clock.settle()
        return balance()

    def test_some_seed_finds_the_lost_update(self, machines: StateMachines, client: Any) -> None:
        balances = set()
        for seed in range(20):
            machines.clock.reseed(seed)
            balances.add(self.balance_after_two_deposits(machines, client))

        assert balances == {1, 2}

    def test_the_same_seed_finds_it_again(self, machines: StateMachines, client: Any) -> None:
        def balances() -> list[int]:
            machines.clock.reseed(3)
            return [self.balance_after_two_deposits(machines, client) for _ in range(10)]

        assert balances() == balances()


class TestErrorNames:
    def run(self, machines: StateMachines, folder: Path, states: dict[str, Any]) -> Execution:
        path = folder / "machine.asl.json"
        machine = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
        path.write_text(json.dumps(machine))
        return machines.load(path, name="machine").run({})

    def test_a_choice_without_a_match_is_named(
        self, machines: StateMachines, tmp_path: Path
    ) -> None:
        run = self.run(
            machines,
            tmp_path,
            {
                "Never": {
                    "Type": "Choice",
                    "Choices": [{"Condition": "{% false %}", "Next": "End"}],
                },
                "End": {"Type": "Succeed"},
            },
        )

        assert (run.status, run.error) == ("FAILED", "States.NoChoiceMatched")

    def test_states_all_does_not_catch_what_is_terminal(
        self, machines: StateMachines, tmp_path: Path
    ) -> None:
        machines.register(Large=returns("x" * 300_000))
        run = self.run(
            machines,
            tmp_path,
            {
                "Large": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke",
                    "Arguments": {"FunctionName": "Large", "Payload": {}},
                    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "End"}],
                    "Next": "End",
                },
                "End": {"Type": "Succeed"},
            },
        )

        assert (run.status, run.error) == ("FAILED", "States.DataLimitExceeded")


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

    def test_a_journey_takes_milliseconds(
        self, machines: StateMachines, sample: StateMachine
    ) -> None:
        sample.run({"name": "Ann"})
        started = time.process_time()
        for _ in range(50):
            sample.run({"name": "Ann"})

        assert (time.process_time() - started) / 50 < 0.02
