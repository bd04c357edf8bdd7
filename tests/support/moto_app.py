"""The application's resources in moto, and an environment in which real handlers run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from uuid import uuid4

import boto3
import pytest
from moto import mock_aws

from loyalty.runtime import composition
from loyalty.services.program_ports import SavedProgram
from tests.support.dynamodb import create_tables
from tests.support.examples import NOW

REGION: Final = "eu-central-1"
PUBLIC_URL = "https://elite.example.org"


@dataclass(frozen=True)
class MotoApp:
    """Clients of the mocked cloud, what it holds, and the program's clock."""

    clock_file: Path
    members_table: str
    program_table: str
    orders_dlq_url: str
    due_queue_url: str
    messages_queue_url: str
    bucket: str

    def client(self, service: str) -> Any:
        return boto3.client(service, region_name=REGION)  # type: ignore[call-overload]

    def set_clock(self, now: datetime) -> None:
        """Make it `now` until it is set again."""
        setting = {"program_epoch": now.timestamp(), "wall_epoch": 0.0, "rate": 0.0}
        new = self.clock_file.with_suffix(".new")
        new.write_text(json.dumps(setting))
        new.rename(self.clock_file)

    def items(self, table: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.client("dynamodb").scan(TableName=table)["Items"]
        return items

    def messages(self, queue_url: str) -> list[dict[str, Any]]:
        """Receive everything that is on a queue."""
        received: list[dict[str, Any]] = []
        sqs = self.client("sqs")
        while batch := sqs.receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", []):
            received += batch
        return received


@contextmanager
def moto_app(directory: Path, now: datetime) -> Iterator[MotoApp]:
    """Mock the cloud, create the application's resources, and point the environment at them."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        _set(patch, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test")
        _set(patch, AWS_DEFAULT_REGION=REGION, AWS_ACCOUNT_ID_ENDPOINT_MODE="disabled")
        tables = create_tables(boto3.client("dynamodb"))
        sqs, secrets = boto3.client("sqs"), boto3.client("secretsmanager")
        app = MotoApp(
            clock_file=directory / "clock.json",
            members_table=tables["MEMBERS_TABLE"],
            program_table=tables["PROGRAM_TABLE"],
            orders_dlq_url=sqs.create_queue(QueueName="orders-dlq")["QueueUrl"],
            due_queue_url=sqs.create_queue(QueueName="due")["QueueUrl"],
            messages_queue_url=sqs.create_queue(QueueName="messages")["QueueUrl"],
            bucket="imports",
        )
        boto3.client("s3").create_bucket(
            Bucket=app.bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        app.set_clock(now)
        for name in ("IDENTITY", "LINK"):
            arn = secrets.create_secret(
                Name=name, SecretString=f"{name} secret, of 32 bytes or more"
            )
            _set(patch, **{f"{name}_SECRET_ARN": arn["ARN"]})
        _set(
            patch,
            **tables,
            ORDERS_DLQ_URL=app.orders_dlq_url,
            DUE_QUEUE_URL=app.due_queue_url,
            MESSAGES_QUEUE_URL=app.messages_queue_url,
            IMPORTS_BUCKET=app.bucket,
            BUS_NAME="default",
            PUBLIC_URL=PUBLIC_URL,
            SENDER_ADDRESS="club@example.org",
            SMS_SENDER_ID="Club",
            SMS_MAX_PRICE="0.20",
            LOYALTY_CLOCK_FILE=str(app.clock_file),
            PROGRAM_TIME_ZONE="UTC",
            # Longer than any test: however busy the machine is, none reads the program again.
            PROGRAM_CACHE_SECONDS="86400",
            STAGE="test",
            SERVICE_VERSION="test",
        )
        composition.reset()
        yield app
    composition.reset()


def lambda_context() -> Any:
    """Return what Lambda tells a handler about its invocation."""
    return SimpleNamespace(
        function_name="test",
        memory_limit_in_mb=512,
        invoked_function_arn=f"arn:aws:lambda:{REGION}:000000000000:function:test",
        aws_request_id=str(uuid4()),
        get_remaining_time_in_millis=lambda: 30_000,
    )


def _set(patch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        patch.setenv(name, value)


def change_program(**changes: Any) -> None:
    """Make the program in force say something else."""
    programs = composition.program_store()
    current = programs.current(composition.clock().now())
    version = replace(
        current, version=current.version + 1, effective_from=NOW - timedelta(days=9), **changes
    )
    programs.save(SavedProgram(version, saved_by="manager", saved_at=NOW))
    composition.reset()
