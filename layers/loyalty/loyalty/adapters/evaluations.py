"""Evaluations of single members, run to their end."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Final, cast

from botocore.config import Config

from loyalty.adapters.aws import CONNECT_TIMEOUT_SECONDS
from loyalty.services.report_ports import EvaluationOutcome

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

    from loyalty.adapters.aws import Aws

# API Gateway waits for 29 seconds.
READ_TIMEOUT_SECONDS: Final = 27


class StepFunctionsEvaluations:
    """Implements `loyalty.services.report_ports.Evaluations` by synchronous executions."""

    def __init__(self, aws: Aws, machine_arn: str) -> None:
        self._aws = aws
        self._machine_arn = machine_arn

    def evaluate(self, member_id: str, month: str | None) -> EvaluationOutcome:
        given = {"member_id": member_id, **({"month": month} if month else {})}
        answer = self._client.start_sync_execution(
            stateMachineArn=self._machine_arn, input=json.dumps(given)
        )
        if answer["status"] != "SUCCEEDED":
            reason = f"{answer.get('error') or answer['status']}: {answer.get('cause', '')}"
            return EvaluationOutcome(None, reason)
        return EvaluationOutcome(json.loads(answer["output"]))

    @cached_property
    def _client(self) -> SFNClient:
        """A client that waits long; AWS answers this one call under a host of its own."""
        client = self._made(has_own_host=True)
        if "amazonaws.com" not in client.meta.endpoint_url:
            return self._made(has_own_host=False)
        return client

    def _made(self, *, has_own_host: bool) -> SFNClient:
        config = Config(
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            read_timeout=READ_TIMEOUT_SECONDS,
            # An evaluation may be repeated, but not while the first one runs.
            retries={"total_max_attempts": 1},
            inject_host_prefix=has_own_host,
        )
        client: object = self._aws.session.create_client(
            "stepfunctions",
            region_name=self._aws.region,
            endpoint_url=self._aws.endpoint_url,
            config=config,
        )
        return cast("SFNClient", client)
