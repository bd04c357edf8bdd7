"""Dead-letter queues and executions as operators see them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from loyalty.adapters.aws import Aws
from loyalty.adapters.dead_letter_queues import SqsDeadLetterQueues
from loyalty.adapters.execution_log import StepFunctionsExecutionLog

MACHINE = "arn:aws:states:eu-central-1:000000000000:stateMachine:elite"
EXECUTION = "arn:aws:states:eu-central-1:000000000000:execution:elite:m-1"
STARTED = datetime(2017, 3, 1, 12, tzinfo=UTC)
DLQ_ARN = "arn:aws:sqs:eu-central-1:123456789012:orders-dlq"
QUEUE_ARN = "arn:aws:sqs:eu-central-1:123456789012:orders"


class TestDeadLetterQueues:
    @pytest.fixture
    def urls(self, aws: Aws) -> dict[str, str]:
        sqs = aws.client("sqs")
        names = ("orders", "orders-dlq", "events-dlq")
        return {name: sqs.create_queue(QueueName=name)["QueueUrl"] for name in names}

    @pytest.fixture
    def queues(self, aws: Aws, urls: dict[str, str]) -> SqsDeadLetterQueues:
        return SqsDeadLetterQueues(
            aws,
            {"orders": (urls["orders-dlq"], urls["orders"]), "events": (urls["events-dlq"], None)},
        )

    def put(self, aws: Aws, url: str, body: object, **attributes: str) -> None:
        aws.client("sqs").send_message(
            QueueUrl=url,
            MessageBody=body if isinstance(body, str) else json.dumps(body),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
            },
        )

    def test_tells_kind_and_cause_but_nothing_of_people(
        self, aws: Aws, urls: dict[str, str], queues: SqsDeadLetterQueues
    ) -> None:
        event = {
            "detail-type": "OrderFulfilled",
            "source": "retail.shop",
            "detail": {
                "metadata": {"correlation_id": "order/shop/1"},
                "data": {"customer": {"email": "ada@example.org", "name": "Ada"}},
            },
        }
        self.put(aws, urls["orders-dlq"], event, reason="order_conflict", note="ada@example.org")
        [letter] = queues.letters("orders")
        assert letter.about == {
            "reason": "order_conflict",
            "detail_type": "OrderFulfilled",
            "source": "retail.shop",
            "correlation_id": "order/shop/1",
        }
        # Ids of messages are random, and may spell anything.
        assert "ada" not in repr(replace(letter, message_id="")).lower()

    @pytest.mark.parametrize("body", ["no json", "[1]", '{"detail": "text"}', '{"detail": null}'])
    def test_whatever_lies_there_is_told(
        self, aws: Aws, urls: dict[str, str], queues: SqsDeadLetterQueues, body: str
    ) -> None:
        self.put(aws, urls["orders-dlq"], body)
        [letter] = queues.letters("orders")
        assert letter.about == {}

    def test_looking_takes_nothing_away(
        self, aws: Aws, urls: dict[str, str], queues: SqsDeadLetterQueues
    ) -> None:
        self.put(aws, urls["orders-dlq"], {"shard": 3})
        for _ in range(2):
            [letter] = queues.letters("orders")
            assert letter.about == {"shard": "3"}

    def test_a_queue_that_feeds_none_cannot_be_redriven(self, queues: SqsDeadLetterQueues) -> None:
        for name in ("events", "unknown"):
            with pytest.raises(KeyError):
                queues.redrive(name)

    def test_a_redrive_names_its_destination(self, aws: Aws) -> None:
        queues = SqsDeadLetterQueues(aws, {"orders": ("https://q/orders-dlq", "https://q/orders")})
        with Stubber(aws.client("sqs")) as sqs:
            self.knows_both(sqs)
            moved = {"SourceArn": DLQ_ARN, "DestinationArn": QUEUE_ARN}
            sqs.add_response("start_message_move_task", {"TaskHandle": "t"}, moved)
            queues.redrive("orders")

    def test_a_redrive_under_way_goes_on(self, aws: Aws) -> None:
        queues = SqsDeadLetterQueues(aws, {"orders": ("https://q/orders-dlq", "https://q/orders")})
        with Stubber(aws.client("sqs")) as sqs:
            self.refuses_to_move(sqs, "RUNNING")
            queues.redrive("orders")

    def test_a_redrive_that_cannot_begin_is_an_error(self, aws: Aws) -> None:
        queues = SqsDeadLetterQueues(aws, {"orders": ("https://q/orders-dlq", "https://q/orders")})
        with Stubber(aws.client("sqs")) as sqs:
            self.refuses_to_move(sqs, "COMPLETED")
            with pytest.raises(ClientError):
                queues.redrive("orders")

    def knows_both(self, sqs: Stubber) -> None:
        for arn in (DLQ_ARN, QUEUE_ARN):
            sqs.add_response("get_queue_attributes", {"Attributes": {"QueueArn": arn}})

    def refuses_to_move(self, sqs: Stubber, latest: str) -> None:
        self.knows_both(sqs)
        sqs.add_client_error("start_message_move_task", "InvalidParameterValue")
        tasks = {"Results": [{"Status": latest}]}
        asked = {"SourceArn": DLQ_ARN, "MaxResults": 1}
        sqs.add_response("list_message_move_tasks", tasks, asked)

    def test_depth_and_redrives_under_way_are_told(self, aws: Aws) -> None:
        queues = SqsDeadLetterQueues(aws, {"orders": ("https://q/orders-dlq", "https://q/orders")})
        with Stubber(aws.client("sqs")) as sqs:
            sqs.add_response(
                "get_queue_attributes",
                {"Attributes": {"QueueArn": DLQ_ARN, "ApproximateNumberOfMessages": "7"}},
            )
            sqs.add_response("list_message_move_tasks", {"Results": [{"Status": "RUNNING"}]})
            [queue] = queues.queues()
        assert (queue.waiting, queue.feeds, queue.moving) == (7, "orders", True)


class TestExecutionLog:
    @pytest.fixture
    def states(self, aws: Aws) -> Iterator[Stubber]:
        with Stubber(aws.client("stepfunctions")) as stubber:
            yield stubber

    def log(self, aws: Aws, *, in_aws: bool = True) -> StepFunctionsExecutionLog:
        return StepFunctionsExecutionLog(aws, {"elite_journey": MACHINE}, in_aws=in_aws)

    def described(self, **more: Any) -> dict[str, Any]:
        return {
            "executionArn": EXECUTION,
            "stateMachineArn": MACHINE,
            "status": "RUNNING",
            "startDate": STARTED,
            **more,
        }

    def test_an_execution_is_found_by_its_name(self, aws: Aws, states: Stubber) -> None:
        states.add_response("describe_execution", self.described(), {"executionArn": EXECUTION})
        found = self.log(aws).execution("elite_journey", "m-1")
        assert found is not None
        assert (found.status, found.started_at, found.stopped_at) == ("RUNNING", STARTED, None)
        assert found.address is not None
        assert found.address.endswith(f"#/v2/executions/details/{EXECUTION}")

    def test_outside_aws_there_is_no_address(self, aws: Aws, states: Stubber) -> None:
        states.add_response("describe_execution", self.described())
        found = self.log(aws, in_aws=False).execution("elite_journey", "m-1")
        assert found is not None
        assert found.address is None

    def test_what_is_not_there_is_nothing(self, aws: Aws, states: Stubber) -> None:
        log = self.log(aws)
        states.add_client_error("describe_execution", "ExecutionDoesNotExist")
        assert log.execution("elite_journey", "m-1") is None
        states.add_client_error("get_execution_history", "ExecutionDoesNotExist")
        assert log.steps("elite_journey", "m-1", limit=10) == ()
        assert log.execution("unknown", "m-1") is None
        assert log.steps("unknown", "m-1", limit=10) == ()

    def test_steps_are_states_and_failures(self, aws: Aws, states: Stubber) -> None:
        def event(number: int, kind: str, **details: Any) -> dict[str, Any]:
            return {"id": number, "type": kind, "timestamp": STARTED, **details}

        events = [
            event(
                5,
                "TaskFailed",
                taskFailedEventDetails={
                    "resourceType": "lambda",
                    "resource": "invoke",
                    "error": "MemberBusy",
                    "cause": "x" * 5_000,
                },
            ),
            event(4, "TaskScheduled"),
            event(3, "TaskStateEntered", stateEnteredEventDetails={"name": "SendInvite"}),
            event(2, "PassStateExited", stateExitedEventDetails={"name": "Begin"}),
            event(1, "ExecutionStarted"),
        ]
        states.add_response("get_execution_history", {"events": events})
        steps = self.log(aws).steps("elite_journey", "m-1", limit=10)
        assert [(step.kind, step.state, step.error) for step in steps] == [
            ("failed", None, "MemberBusy"),
            ("entered", "SendInvite", None),
            ("started", None, None),
        ]
        assert len(steps[0].cause or "") == 600
