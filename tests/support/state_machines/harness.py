"""Execute the repository's state machines in-process: moto's interpreter, simulated time."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import botocore.client
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.stepfunctions.parser.asl.component.common.catch.catcher_decl import CatcherDecl
from moto.stepfunctions.parser.asl.component.common.catch.catcher_outcome import (
    CatcherOutcomeCaught,
)
from moto.stepfunctions.parser.asl.component.state.state import CommonStateField
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication
from moto.stepfunctions.parser.models import stepfunctions_parser_backends
from moto.stepfunctions.parser.utils import TMP_THREADS

from tests.support.state_machines import (
    moto_expressions,
    moto_failures,
    moto_maps,
    moto_tasks,
    moto_time,
    moto_tokens,
)
from tests.support.state_machines.coverage import Coverage
from tests.support.state_machines.definitions import CatchEdge, read_definition
from tests.support.state_machines.scripts import LambdaFunction
from tests.support.state_machines.simulated_clock import SimulatedClock

REGION = "eu-central-1"
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
    # Botocore would otherwise send some calls to hosts of an account, which moto does not know.
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",
    "AWS_EC2_METADATA_DISABLED": "true",
}

_parsed: dict[str, Any] = {}


class Execution:
    """One execution: where it has been, and how it ended."""

    def __init__(self, machines: StateMachines, execution: Any) -> None:
        self._machines = machines
        self._execution = execution
        self.ended = machines.clock.signal()
        self.states: list[str] = []
        self.caught: list[CatchEdge] = []

    @property
    def arn(self) -> str:
        return str(self._execution.exec_arn)

    @property
    def name(self) -> str:
        return str(self._execution.name)

    @property
    def status(self) -> str:
        """``RUNNING``, ``SUCCEEDED``, ``FAILED``, ``TIMED_OUT`` or ``ABORTED``."""
        return str(self._execution.exec_status.value)

    @property
    def is_running(self) -> bool:
        return self.status == "RUNNING"

    @property
    def output(self) -> Any:
        return self._execution.output

    @property
    def error(self) -> str | None:
        return self._execution.error  # type: ignore[no-any-return]

    @property
    def cause(self) -> str | None:
        return self._execution.cause  # type: ignore[no-any-return]

    @property
    def stopped_at(self) -> datetime | None:
        return self._execution.stop_date  # type: ignore[no-any-return]

    @property
    def history(self) -> list[dict[str, Any]]:
        """The events that GetExecutionHistory answers."""
        return list(self._execution.to_history_output()["events"])

    def wait(self) -> Execution:
        """Let time pass until the execution has ended."""
        self._machines.clock.run_until(lambda: not self.is_running)
        return self


class StateMachine:
    """An ASL file that was created in moto."""

    def __init__(self, machines: StateMachines, name: str, arn: str, coverage: Coverage) -> None:
        self._machines = machines
        self.name = name
        self.arn = arn
        self.coverage = coverage

    def start(self, input: Any, name: str | None = None) -> Execution:  # noqa: A002 - AWS's word
        """Start an execution; nothing of it runs before time does (``wait``, ``clock.advance``)."""
        return self._machines.start(self.arn, input, name)

    def run(self, input: Any, name: str | None = None) -> Execution:  # noqa: A002
        """Start an execution and let time pass until it has ended."""
        return self.start(input, name).wait()


class StateMachines:
    """State machines, the functions they call and the tokens they wait for, on one clock."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.clock = clock
        self.lambdas = moto_tasks.LambdaFunctions(clock)
        self.tokens = moto_tokens.TaskTokens()
        self._machines: dict[str, StateMachine] = {}
        self._sync_scripts: dict[str, LambdaFunction] = {}
        self._executions: dict[str, Execution] = {}
        self._execution_count = 0

    # ── set-up ──
    def load(
        self,
        path: Path,
        *,
        name: str | None = None,
        substitutions: Mapping[str, str] | None = None,
        coverage: Coverage | None = None,
    ) -> StateMachine:
        """Create a machine from its file.

        Parameters
        ----------
        path
            ``statemachines/<name>.asl.yaml``.
        substitutions
            Values of DefinitionSubstitutions. One that is left out stands for its own name, so that
            functions are registered as the file names them: ``SendInviteFunction``.
        coverage
            Where to add up what runs; its own when left out.
        """
        name = name or path.name.removesuffix(".asl.yaml")
        definition = read_definition(path).as_json(substitutions or {})
        created = self._backend.create_state_machine(
            name=name, definition=definition, roleArn=f"arn:aws:iam::{DEFAULT_ACCOUNT_ID}:role/test"
        )
        machine = StateMachine(self, name, created.arn, coverage or Coverage(path))
        self._machines[created.arn] = machine
        return machine

    def register(self, **functions: LambdaFunction) -> None:
        """Route invocations of functions, by name, to handlers or to ``scripts``."""
        for name, function in functions.items():
            self.lambdas.register(name, function)

    def register_sync(self, arn: str, script: LambdaFunction) -> None:
        """Route ``startSyncExecution`` of a machine that is not loaded to a script."""
        self._sync_scripts[arn] = script

    # ── running ──
    def start(self, arn: str, input: Any, name: str | None = None) -> Execution:  # noqa: A002
        if name is None:
            self._execution_count += 1
            name = f"execution-{self._execution_count}"
        started = self._backend.start_execution(arn, name, json.dumps(input))
        return self.execution(started.exec_arn, started)

    def execution(self, arn: str, started: Any = None) -> Execution:
        """The execution with an ARN, also when a handler started it through boto3."""
        if arn not in self._executions:
            found = started or self._backend.describe_execution(arn)
            self._executions[arn] = Execution(self, found)
        return self._executions[arn]

    def events_of(self, function: str) -> list[Any]:
        """The events that a function was invoked with, in order."""
        return list(self.lambdas.events.get(function, []))

    def takes(self, seconds: float, then: LambdaFunction) -> LambdaFunction:
        """A function that needs simulated time before it answers."""

        def slow(event: Any, context: Any) -> Any:
            self.clock.sleep(seconds)
            return then(event, context)

        return slow

    # ── answers ──
    def succeed(self, token: str, output: Any = None) -> None:
        """SendTaskSuccess; raises TaskTimedOut when the token is closed."""
        self.tokens.succeed(token, json.dumps(output))

    def fail(self, token: str, error: str, cause: str = "") -> None:
        """SendTaskFailure."""
        self.tokens.fail(token, error, cause)

    def beat(self, token: str) -> None:
        """SendTaskHeartbeat."""
        self.tokens.beat(token)

    # ── seams ──
    @property
    def _backend(self) -> Any:
        return stepfunctions_parser_backends[DEFAULT_ACCOUNT_ID][REGION]

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Take over moto's interpreter; undone by ``patch``."""
        moto_time.install(patch, self.clock)
        moto_expressions.install(patch, self.clock)
        moto_failures.install(patch)
        moto_maps.install(patch)
        moto_tasks.install(patch, self.lambdas, self._start_sync)
        self.tokens.install(patch)
        patch.setattr(AmazonStateLanguageParser, "parse", staticmethod(_parse_once))
        patch.setattr(
            CommonStateField, "_eval_body", self._noting_states(CommonStateField._eval_body)
        )
        patch.setattr(CatcherDecl, "_eval_body", self._noting_catches(CatcherDecl._eval_body))
        worker = BaseExecutionWorkerCommunication
        patch.setattr(worker, "terminated", self._noting_ends(worker.terminated))

    def interleave_requests(self, patch: pytest.MonkeyPatch) -> None:
        """Let actors take turns at every AWS request, in the order that the clock's seed draws."""
        original = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined]

        def call(client: Any, operation_name: str, api_params: Any) -> Any:
            self.clock.pause()
            return original(client, operation_name, api_params)

        patch.setattr(botocore.client.BaseClient, "_make_api_call", call)

    def _start_sync(self, arn: str, given: Any) -> dict[str, Any]:
        """StartSyncExecution answers also when the execution failed; its Status tells."""
        if arn in self._sync_scripts:
            try:
                output = self._sync_scripts[arn](given, None)
            except Exception as error:  # noqa: BLE001 - any exception is a failed execution
                return {"Status": "FAILED", "Error": type(error).__name__, "Cause": str(error)}
            return {"Status": "SUCCEEDED", "Output": json.dumps(output)}
        if arn not in self._machines:
            error = {"Code": "StateMachineDoesNotExist", "Message": arn}
            metadata = {"HTTPStatusCode": 400, "RequestId": "simulated"}
            response = {"Error": error, "ResponseMetadata": metadata}
            raise ClientError(response, "StartSyncExecution")  # type: ignore[arg-type]
        execution = self.start(arn, given)
        execution.ended.wait()
        answer = {"ExecutionArn": execution.arn, "Status": execution.status}
        if execution.status == "SUCCEEDED":
            return answer | {"Output": json.dumps(execution.output)}
        return answer | {"Error": execution.error, "Cause": execution.cause}

    def _noting_states(self, original: Callable[..., None]) -> Callable[..., None]:
        def evaluate(state: Any, env: Any) -> None:
            execution, coverage = self._observed(env)
            execution.states.append(state.name)
            coverage.states.add(state.name)
            original(state, env)

        return evaluate

    def _noting_catches(self, original: Callable[..., None]) -> Callable[..., None]:
        def evaluate(catcher: Any, env: Any) -> None:
            original(catcher, env)
            if not isinstance(env.stack[-1], CatcherOutcomeCaught):
                return
            execution, coverage = self._observed(env)
            context = env.states.context_object.context_object_data
            errors = tuple(name.error_name for name in catcher.error_equals.error_names)
            edge = CatchEdge(context["State"]["Name"], errors, catcher.next_decl.name)
            execution.caught.append(edge)
            coverage.catch_edges.add(edge)

        return evaluate

    def _noting_ends(self, original: Callable[..., None]) -> Callable[..., None]:
        def terminated(worker: Any) -> None:
            original(worker)
            self.execution(worker.execution.exec_arn, worker.execution).ended.set()

        return terminated

    def _observed(self, env: Any) -> tuple[Execution, Coverage]:
        context = env.states.context_object.context_object_data
        machine = self._machines[context["StateMachine"]["Id"]]
        return self.execution(context["Execution"]["Id"]), machine.coverage


@contextmanager
def state_machines(
    start: datetime | None = None, seed: int | None = None
) -> Iterator[StateMachines]:
    """A fresh moto with execution on, a simulated clock at ``start``, and no network.

    With a ``seed``, what is due at the same moment happens in a random, repeatable order.
    """
    clock = SimulatedClock(seed=seed) if start is None else SimulatedClock(start, seed)
    machines = StateMachines(clock)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _ENVIRONMENT.items():
            patch.setenv(name, value)
        patch.setattr(socket.socket, "connect", _refuse_network)
        with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
            machines.install(patch)
            try:
                yield machines
            finally:
                clock.close()
                TMP_THREADS.clear()


def _refuse_network(_socket: socket.socket, address: Any) -> None:
    raise OSError(f"no network in these tests; something connects to {address}")


_parse_file = AmazonStateLanguageParser.parse


def _parse_once(definition: str) -> Any:
    """Moto parses the file again for every execution, which takes longer than running it."""
    if definition not in _parsed:
        _parsed[definition] = _parse_file(definition)
    return _parsed[definition]
