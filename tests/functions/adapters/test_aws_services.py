"""SES, SNS, Step Functions, EventBridge, SQS, S3 and Secrets Manager behind their ports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError
from botocore.stub import ANY, Stubber

from loyalty.adapters.aws import Aws
from loyalty.adapters.email import SesEmailSender
from loyalty.adapters.event_bus import BATCH_LIMIT_BYTES, EventBridgeBus
from loyalty.adapters.executions import StepFunctionsExecutions
from loyalty.adapters.objects import CHUNK_BYTES, S3Objects
from loyalty.adapters.queues import MessagesNotTaken, SqsDeadLetters, SqsQueue
from loyalty.adapters.secrets import secret
from loyalty.adapters.sms import SnsSmsSender
from loyalty.domain.errors import ImportFileInvalid, ImportNotFound
from loyalty.services.message_ports import Sms, SmsInDoubt, SmsRefused
from loyalty.services.ports import Email, EmailInDoubt, EmailRefused

MACHINE = "arn:aws:states:eu-central-1:000000000000:stateMachine:elite"
MAIL = Email(
    "ada@example.org",
    "Join us",
    "text",
    "<p>html</p>",
    headers={"List-Unsubscribe": "<https://example.org/u>"},
    tags={"message_id": "invite"},
)


class TestEmail:
    @pytest.fixture
    def ses(self, aws: Aws) -> Iterator[Stubber]:
        with Stubber(aws.client("sesv2")) as stubber:
            yield stubber

    @pytest.fixture
    def sender(self, aws: Aws) -> SesEmailSender:
        return SesEmailSender(aws, sender_address="club@example.org")

    def test_sends_both_parts_with_headers_and_tags(
        self, ses: Stubber, sender: SesEmailSender
    ) -> None:
        content = {
            "Subject": {"Data": "Join us", "Charset": "UTF-8"},
            "Body": {
                "Text": {"Data": "text", "Charset": "UTF-8"},
                "Html": {"Data": "<p>html</p>", "Charset": "UTF-8"},
            },
            "Headers": [{"Name": "List-Unsubscribe", "Value": "<https://example.org/u>"}],
        }
        expected = {
            "FromEmailAddress": "club@example.org",
            "Destination": {"ToAddresses": ["ada@example.org"]},
            "Content": {"Simple": content},
            "EmailTags": [{"Name": "message_id", "Value": "invite"}],
        }
        ses.add_response("send_email", {"MessageId": "1"}, expected)
        sender.send(MAIL)
        ses.assert_no_pending_responses()

    @pytest.mark.parametrize(
        ("code", "status", "takes_none"),
        [
            ("MessageRejected", 400, False),
            ("TooManyRequestsException", 429, True),
            ("LimitExceededException", 400, True),
        ],
    )
    def test_a_refusal_is_certain(
        self, ses: Stubber, sender: SesEmailSender, code: str, status: int, takes_none: bool
    ) -> None:
        ses.add_client_error("send_email", service_error_code=code, http_status_code=status)
        with pytest.raises(EmailRefused) as refused:
            sender.send(MAIL)
        assert refused.value.takes_none is takes_none

    def test_a_failure_of_the_service_is_doubt(self, ses: Stubber, sender: SesEmailSender) -> None:
        ses.add_client_error("send_email", "InternalFailure", http_status_code=500)
        with pytest.raises(EmailInDoubt):
            sender.send(MAIL)

    def test_without_a_connection_nothing_was_sent(
        self, aws: Aws, sender: SesEmailSender, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def unreachable(*_: object) -> None:
            raise EndpointConnectionError(endpoint_url="ses")

        monkeypatch.setattr(aws.client("sesv2"), "_make_api_call", unreachable)
        with pytest.raises(EmailRefused):
            sender.send(MAIL)

    def test_the_client_never_repeats_a_mail(self, aws: Aws) -> None:
        assert aws.client("sesv2").meta.config.retries == {  # type: ignore[attr-defined]
            "total_max_attempts": 1,
            "mode": "standard",
        }


class TestSms:
    TEXT = Sms("+4915112345678", "51 points for you.")

    @pytest.fixture
    def sns(self, aws: Aws) -> Iterator[Stubber]:
        with Stubber(aws.client("sns")) as stubber:
            yield stubber

    @pytest.fixture
    def sender(self, aws: Aws) -> SnsSmsSender:
        return SnsSmsSender(aws, sender_id="Club", max_price="0.20")

    def test_sends_to_the_number_with_sender_and_price_limit(
        self, sns: Stubber, sender: SnsSmsSender
    ) -> None:
        expected = {
            "PhoneNumber": "+4915112345678",
            "Message": "51 points for you.",
            "MessageAttributes": {
                "AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"},
                "AWS.SNS.SMS.MaxPrice": {"DataType": "Number", "StringValue": "0.20"},
                "AWS.SNS.SMS.SenderID": {"DataType": "String", "StringValue": "Club"},
            },
        }
        sns.add_response("publish", {"MessageId": "1"}, expected)
        sender.send(self.TEXT)
        sns.assert_no_pending_responses()

    def test_without_a_name_the_networks_number_is_the_sender(self, aws: Aws) -> None:
        sender = SnsSmsSender(aws, sender_id=None, max_price="0.20")
        assert "AWS.SNS.SMS.SenderID" not in sender._attributes

    @pytest.mark.parametrize(
        ("code", "status", "takes_none"),
        [("InvalidParameter", 400, False), ("Throttled", 429, True)],
    )
    def test_a_refusal_is_certain(
        self, sns: Stubber, sender: SnsSmsSender, code: str, status: int, takes_none: bool
    ) -> None:
        sns.add_client_error("publish", service_error_code=code, http_status_code=status)
        with pytest.raises(SmsRefused) as refused:
            sender.send(self.TEXT)
        assert refused.value.takes_none is takes_none

    def test_a_failure_of_the_service_is_doubt(self, sns: Stubber, sender: SnsSmsSender) -> None:
        sns.add_client_error("publish", "InternalError", http_status_code=500)
        with pytest.raises(SmsInDoubt):
            sender.send(self.TEXT)

    @pytest.mark.parametrize(
        ("error", "expected"),
        [
            (EndpointConnectionError(endpoint_url="sns"), SmsRefused),
            (ReadTimeoutError(endpoint_url="sns"), SmsInDoubt),
        ],
    )
    def test_an_answer_that_never_comes_is_doubt_but_no_connection_is_not(
        self,
        aws: Aws,
        sender: SnsSmsSender,
        monkeypatch: pytest.MonkeyPatch,
        error: Exception,
        expected: type[Exception],
    ) -> None:
        def fail(*_: object) -> None:
            raise error

        monkeypatch.setattr(aws.client("sns"), "_make_api_call", fail)
        with pytest.raises(expected):
            sender.send(self.TEXT)

    def test_the_client_never_repeats_a_message(self, aws: Aws) -> None:
        assert aws.client("sns").meta.config.retries == {  # type: ignore[attr-defined]
            "total_max_attempts": 1,
            "mode": "standard",
        }


class TestExecutions:
    @pytest.fixture
    def step_functions(self, aws: Aws) -> Iterator[Stubber]:
        with Stubber(aws.client("stepfunctions")) as stubber:
            yield stubber

    @pytest.fixture
    def executions(self, aws: Aws) -> StepFunctionsExecutions:
        return StepFunctionsExecutions(aws, {"elite_journey": MACHINE})

    def test_starts_by_name(
        self, step_functions: Stubber, executions: StepFunctionsExecutions
    ) -> None:
        expected = {"stateMachineArn": MACHINE, "name": "ada", "input": '{"member_id": "ada"}'}
        answer = {"executionArn": "arn:aws:states:::execution:ada", "startDate": 0}
        step_functions.add_response("start_execution", answer, expected)
        executions.start("elite_journey", "ada", {"member_id": "ada"})

    def test_one_that_runs_already_is_success(
        self, step_functions: Stubber, executions: StepFunctionsExecutions
    ) -> None:
        step_functions.add_client_error("start_execution", "ExecutionAlreadyExists")
        executions.start("elite_journey", "ada", {})

    @pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
    def test_a_token_no_longer_awaited_is_success(
        self, step_functions: Stubber, executions: StepFunctionsExecutions, code: str
    ) -> None:
        step_functions.add_client_error("send_task_success", code)
        executions.wake("token")

    def test_other_failures_are_told(
        self, step_functions: Stubber, executions: StepFunctionsExecutions
    ) -> None:
        step_functions.add_client_error("start_execution", "StateMachineDoesNotExist")
        step_functions.add_client_error("send_task_success", "AccessDeniedException")
        with pytest.raises(ClientError):
            executions.start("elite_journey", "ada", {})
        with pytest.raises(ClientError):
            executions.wake("token")


class TestEventBus:
    @pytest.fixture
    def put(self, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> list[list[dict[str, Any]]]:
        """The batches put; events of a type that begins with Bad are refused."""
        batches: list[list[dict[str, Any]]] = []

        def put_events(*, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
            batches.append(Entries)
            results = [
                {"ErrorCode": "InternalFailure"}
                if entry["DetailType"].startswith("Bad")
                else {"EventId": "1"}
                for entry in Entries
            ]
            failed = sum("ErrorCode" in result for result in results)
            return {"FailedEntryCount": failed, "Entries": results}

        monkeypatch.setattr(aws.client("events"), "put_events", put_events)
        return batches

    def event(self, kind: str = "PointsPosted", padding: int = 0) -> dict[str, object]:
        return {
            "source": "loyalty",
            "detail_type": kind,
            "detail": {"data": "x" * padding},
            "time": "2017-01-01T00:00:00Z",
        }

    def test_puts_ten_at_a_time_and_names_the_refused(
        self, aws: Aws, put: list[list[dict[str, Any]]]
    ) -> None:
        events = [self.event("Bad" if index in (3, 12) else "Good") for index in range(23)]
        assert EventBridgeBus(aws, bus_name="loyalty").publish(events) == {3, 12}
        assert [len(batch) for batch in put] == [10, 10, 3]
        assert put[0][0]["EventBusName"] == "loyalty"

    def test_no_batch_is_larger_than_the_bus_takes(
        self, aws: Aws, put: list[list[dict[str, Any]]]
    ) -> None:
        EventBridgeBus(aws, bus_name="loyalty").publish([self.event(padding=100_000)] * 5)
        sizes = [sum(len(entry["Detail"]) for entry in batch) for batch in put]
        assert [len(batch) for batch in put] == [2, 2, 1]
        assert max(sizes) < BATCH_LIMIT_BYTES

    def test_nothing_is_put_without_events(self, aws: Aws, put: list[list[dict[str, Any]]]) -> None:
        assert EventBridgeBus(aws, bus_name="loyalty").publish([]) == set()
        assert put == []


class TestQueues:
    def test_sends_all_messages(self, aws: Aws) -> None:
        client = aws.client("sqs")
        url = client.create_queue(QueueName="due")["QueueUrl"]
        SqsQueue(aws, queue_url=url).send({"shard": shard} for shard in range(12))
        received = [
            json.loads(message["Body"])["shard"]
            for _ in range(2)
            for message in client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
        ]
        assert sorted(received) == list(range(12))

    def test_messages_may_be_delayed(self, aws: Aws) -> None:
        client = aws.client("sqs")
        url = client.create_queue(QueueName="later")["QueueUrl"]
        SqsQueue(aws, queue_url=url).send([{"shard": 1}], delay=timedelta(minutes=15))
        assert "Messages" not in client.receive_message(QueueUrl=url)
        delayed = "ApproximateNumberOfMessagesDelayed"
        counted = client.get_queue_attributes(QueueUrl=url, AttributeNames=[delayed])
        assert counted["Attributes"][delayed] == "1"

    def test_messages_not_taken_are_told(self, aws: Aws) -> None:
        with Stubber(aws.client("sqs")) as sqs:
            failed = [{"Id": "0", "Code": "InternalError", "SenderFault": False}]
            answer = {"Successful": [], "Failed": failed}
            sqs.add_response("send_message_batch", answer, {"QueueUrl": "q", "Entries": ANY})
            with pytest.raises(MessagesNotTaken):
                SqsQueue(aws, queue_url="q").send([{"shard": 1}])

    def test_dead_letters_keep_their_reason(self, aws: Aws) -> None:
        client = aws.client("sqs")
        url = client.create_queue(QueueName="dead")["QueueUrl"]
        SqsDeadLetters(aws, queue_url=url).put("{}", reason="member_not_found")
        (message,) = client.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
        assert message["Body"] == "{}"
        assert message["MessageAttributes"]["reason"]["StringValue"] == "member_not_found"


class TestObjects:
    @pytest.fixture
    def objects(self, aws: Aws) -> S3Objects:
        location = {"LocationConstraint": "eu-central-1"}
        aws.client("s3").create_bucket(Bucket="imports", CreateBucketConfiguration=location)  # type: ignore[arg-type]
        return S3Objects(aws, bucket="imports")

    def put(self, aws: Aws, body: bytes) -> None:
        aws.client("s3").put_object(Bucket="imports", Key="file", Body=BytesIO(body))

    def test_lines_come_back_as_written(self, objects: S3Objects) -> None:
        lines = ["first", "zweite Zeile: ä€𝄞", "", "last"]
        objects.write_lines("file", lines)
        assert list(objects.read_lines("file")) == lines

    def test_reads_what_other_systems_write(self, aws: Aws, objects: S3Objects) -> None:
        self.put(aws, b"\xef\xbb\xbfone\r\ntwo\xc2\x85still two\r\n\r\nlast")
        assert list(objects.read_lines("file")) == ["one", "two\x85still two", "", "last"]

    def test_characters_may_lie_across_chunks(self, aws: Aws, objects: S3Objects) -> None:
        line = "x" * (CHUNK_BYTES - 1) + "€"
        self.put(aws, f"{line}\nend\n".encode())
        assert list(objects.read_lines("file")) == [line, "end"]

    @pytest.mark.parametrize("body", [b"ok\n\xff\xfe", b"cut off \xe2\x82"])
    def test_what_is_not_text_is_refused(self, aws: Aws, objects: S3Objects, body: bytes) -> None:
        self.put(aws, body)
        with pytest.raises(ImportFileInvalid):
            list(objects.read_lines("file"))

    def test_a_missing_object_is_not_found(self, objects: S3Objects) -> None:
        with pytest.raises(ImportNotFound):
            list(objects.read_lines("nowhere"))

    def test_another_content_is_another_version(self, objects: S3Objects) -> None:
        assert objects.version("file") is None
        objects.write_lines("file", ["first"])
        first = objects.version("file")
        objects.write_lines("file", ["second"])
        assert first is not None
        assert objects.version("file") not in {None, first}

    def test_writes_json(self, aws: Aws, objects: S3Objects) -> None:
        objects.write_json("manifest.json", [{"chunk": 1}])
        body = aws.client("s3").get_object(Bucket="imports", Key="manifest.json")["Body"].read()
        assert json.loads(body) == [{"chunk": 1}]

    @pytest.mark.parametrize("region", ["eu-central-1", "us-east-1"])
    def test_an_upload_url_is_signed_and_expires(self, aws: Aws, region: str) -> None:
        objects = S3Objects(Aws(region=region), bucket="imports")
        url = urlsplit(objects.upload_url("orders/a.jsonl", 3600))
        query = parse_qs(url.query)
        assert url.path.endswith("/orders/a.jsonl")
        assert query["X-Amz-Expires"] == ["3600"]
        assert query["X-Amz-Signature"]


def test_a_secret_is_bytes(aws: Aws) -> None:
    created = aws.client("secretsmanager").create_secret(Name="identity", SecretString="s3cret")
    assert secret(aws, created["ARN"]) == b"s3cret"
