"""The harness where machines meet services: Maps over S3, child machines, DynamoDB, error names."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support.dynamodb import create_tables
from tests.support.state_machines import (
    Execution,
    StateMachine,
    StateMachines,
    raises,
    returns,
)

SAMPLE = Path(__file__).parent / "sample.asl.yaml"

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
        greeted = {"greeting": "Hello", "window_seconds": 3_600}
        machines.register(GreetFunction=returns(greeted), AwaitAnswerFunction=returns(None))

        answer = parent.run({"name": "Ann"}).output

        assert answer["Status"] == "SUCCEEDED"
        assert json.loads(answer["Output"])["answer"] == "silent"

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
