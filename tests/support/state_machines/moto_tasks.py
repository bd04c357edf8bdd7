"""Where a Task goes: a registered function or machine, or moto's mock of the service."""

from __future__ import annotations

import importlib
import io
import json
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import boto3
import pytest
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils

from tests.support.state_machines.scripts import LambdaFunction
from tests.support.state_machines.simulated_clock import ClockClosed, SimulatedClock, TimeIsUp

_EXEC = "moto.stepfunctions.parser.asl.component.state.exec"
_MODULES_WITH_CLIENTS = (
    f"{_EXEC}.state_map.item_reader.eval.resource_eval_s3",
    f"{_EXEC}.state_map.result_writer.resource_eval.resource_eval_s3",
    f"{_EXEC}.state_task.service.state_task_service_aws_sdk",
    f"{_EXEC}.state_task.service.state_task_service_dynamodb",
    f"{_EXEC}.state_task.service.state_task_service_events",
    f"{_EXEC}.state_task.service.state_task_service_sqs",
)

StartSync = Callable[[str, Any], dict[str, Any]]


@dataclass(frozen=True)
class LambdaContext:
    """What a handler may read of its invocation."""

    function_name: str
    aws_request_id: str
    memory_limit_in_mb: int = 512
    log_stream_name: str = "state-machine-test"

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:eu-central-1:123456789012:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


class LambdaFunctions:
    """The functions that machines may invoke, by name, and what they were invoked with."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._functions: dict[str, LambdaFunction] = {}
        self.events: dict[str, list[Any]] = {}

    def register(self, name: str, function: LambdaFunction) -> None:
        self._functions[name] = function

    def invoke(self, FunctionName: str, Payload: bytes, **_others: Any) -> dict[str, Any]:  # noqa: N803
        """The one call of a Lambda client that the interpreter makes."""
        name = FunctionName.partition(":function:")[2].split(":")[0] or FunctionName
        event = json.loads(Payload)
        self.events.setdefault(name, []).append(event)
        context = LambdaContext(name, str(uuid.UUID(int=self._clock.random.getrandbits(128))))
        try:
            answer = json.dumps(self._function(name)(event, context))
        except (ClockClosed, TimeIsUp):
            raise
        except AssertionError as mistake:
            # A test's own assertion must not be caught by the machine under test.
            self._clock.fail(mistake)
            raise
        except Exception as error:  # noqa: BLE001 - any exception is a failed invocation
            return {
                "StatusCode": 200,
                "FunctionError": "Unhandled",
                "Payload": _stream(_failure(error)),
            }
        return {"StatusCode": 200, "Payload": _stream(answer)}

    def _function(self, name: str) -> LambdaFunction:
        assert name in self._functions, f"the machine invokes {name}, which is not registered"
        return self._functions[name]


class _StepFunctionsClient:
    """``aws-sdk:sfn``: Express executions are started by the harness, all else by moto."""

    def __init__(self, start_sync: StartSync) -> None:
        self._start_sync = start_sync

    def start_sync_execution(self, **parameters: Any) -> dict[str, Any]:
        given = parameters.get("Input", parameters.get("input", "{}"))
        arn = parameters.get("StateMachineArn") or parameters["stateMachineArn"]
        return self._start_sync(arn, json.loads(given) if isinstance(given, str) else given)

    def __getattr__(self, operation: str) -> Any:
        return getattr(_client("stepfunctions", "eu-central-1"), operation)


def install(patch: pytest.MonkeyPatch, lambdas: LambdaFunctions, start_sync: StartSync) -> None:
    """Give the interpreter clients that reach the registered functions and machines."""
    _client.cache_clear()
    machines = _StepFunctionsClient(start_sync)

    def client_for(region: str, service: str, state_credentials: Any = None) -> Any:
        del state_credentials
        return machines if service == "stepfunctions" else _client(service, region)

    patch.setattr(lambda_eval_utils, "boto_client_for", lambda **_kwargs: lambdas)
    for module in _MODULES_WITH_CLIENTS:
        patch.setattr(importlib.import_module(module), "boto_client_for", client_for)


@lru_cache
def _client(service: str, region: str) -> Any:
    """One client per service: moto makes a new one for every task."""
    return boto3.client(service, region_name=region)  # type: ignore[call-overload]


def _stream(text: str) -> io.BytesIO:
    return io.BytesIO(text.encode())


def _failure(error: Exception) -> str:
    return json.dumps(
        {
            "errorMessage": str(error),
            "errorType": type(error).__name__,
            "stackTrace": traceback.format_tb(error.__traceback__),
        }
    )
