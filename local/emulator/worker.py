"""One Lambda execution environment, as its own process; standard library only.

Started with names of modules, this script imports them and then forks a worker for each request
on standard input, a socket: so a cold start costs the function's own imports, not a second for
the SDK and its like. A request is a line of JSON with the worker's variables, and the two
descriptors that become its standard input and output (a socket) and its standard error (a file).

A worker gets one JSON line per message and answers with one. Whatever the handler prints or logs
goes to standard error: when the answer is there, so is the whole log. Error answers have the
shapes of the AWS runtime.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_REQUEST_BYTES = 1 << 16
# All workers wait for the one emulator, so that goes first where cores are few.
_NICENESS = 5

Handler = Callable[[Any, "Context"], Any]


@dataclass
class Context:
    """The attributes of the AWS Lambda context object."""

    function_name: str
    function_version: str
    invoked_function_arn: str
    memory_limit_in_mb: str
    aws_request_id: str
    log_group_name: str
    log_stream_name: str
    deadline: float
    identity: None = None
    client_context: None = None
    tenant_id: None = None

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self.deadline - time.time()) * 1000))


def error_payload(error: BaseException, request_id: str) -> dict[str, Any]:
    """The body that AWS answers for an exception: class name, message, stack."""
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "requestId": request_id,
        "stackTrace": traceback.format_tb(error.__traceback__),
    }


def load_handler(code_paths: list[str], handler: str) -> Handler:
    """Import ``<package>.<module>.<function>`` from the function's code and layers."""
    sys.path[:0] = code_paths
    module_name, _, function_name = handler.replace("/", ".").rpartition(".")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise InitError(
            "Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}"
        ) from error
    function = getattr(module, function_name, None)
    if function is None:
        raise InitError(
            "Runtime.HandlerNotFound", f"Handler '{function_name}' missing on '{module_name}'"
        )
    return function  # type: ignore[no-any-return]


class InitError(Exception):
    """The function could not be loaded; carries the AWS error type."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


def make_context(message: dict[str, Any]) -> Context:
    environ = os.environ
    return Context(
        function_name=environ["AWS_LAMBDA_FUNCTION_NAME"],
        function_version=environ["AWS_LAMBDA_FUNCTION_VERSION"],
        invoked_function_arn=message["function_arn"],
        memory_limit_in_mb=environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
        aws_request_id=message["request_id"],
        log_group_name=environ["AWS_LAMBDA_LOG_GROUP_NAME"],
        log_stream_name=environ["AWS_LAMBDA_LOG_STREAM_NAME"],
        deadline=time.time() + message["timeout_seconds"],
    )


def invoke(handler: Handler, message: dict[str, Any]) -> str:
    """Run one invocation and return the answer line."""
    if message.get("trace_id"):
        os.environ["_X_AMZN_TRACE_ID"] = message["trace_id"]
    request_id = message["request_id"]
    try:
        result = handler(message["event"], make_context(message))
    except Exception as error:  # noqa: BLE001 - whatever the handler raises is its answer
        body = error_payload(error, request_id)
        print(f"[ERROR] {body['errorType']}: {body['errorMessage']}", file=sys.stderr)
        traceback.print_exception(error)
        return json.dumps({"error": body})
    try:
        return json.dumps({"result": result})
    except (TypeError, ValueError) as error:
        body = error_payload(error, request_id) | {
            "errorType": "Runtime.MarshalError",
            "errorMessage": f"Unable to marshal response: {error}",
        }
        return json.dumps({"error": body})


def run_worker() -> None:
    """Load the function that the first message names, then answer the others."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    messages = os.fdopen(0)
    init = json.loads(messages.readline())
    try:
        handler = load_handler(init["code_paths"], init["handler"])
    except Exception as error:  # noqa: BLE001 - whatever the module raises is the answer
        traceback.print_exception(error)
        body = error_payload(error, "")
        body["errorType"] = getattr(error, "error_type", body["errorType"])
        print(json.dumps({"error": body}), file=answers)
        return
    print(json.dumps({"ready": True}), file=answers)
    for line in messages:
        print(invoke(handler, json.loads(line)), file=answers)


def become_worker(descriptors: list[int], variables: dict[str, str]) -> None:
    """Turn a fresh fork into a worker; does not return."""
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        talk, log = descriptors
        for descriptor, source in enumerate((talk, talk, log)):
            os.dup2(source, descriptor)
        os.closerange(3, max(talk, log) + 1)
        os.environ.clear()
        os.environ.update(variables)
        time.tzset()
        os.chdir(variables["LAMBDA_TASK_ROOT"])
        run_worker()
        status = 0
    except BaseException:  # noqa: BLE001 - a fork must never go on as a second forker
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def fork_workers(preloaded: list[str]) -> None:
    """Answer each request with the process id of a new worker, until the socket is closed.

    Then the launcher is gone, and all workers with it: one that lived on would go on writing into
    the world that the next launcher restores.
    """
    os.setpgid(0, 0)
    os.nice(_NICENESS)
    try:
        _fork_on_request(preloaded)
    finally:
        os.killpg(0, signal.SIGKILL)


def _fork_on_request(preloaded: list[str]) -> None:
    for name in preloaded:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()  # keeps the memory of all workers shared
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the launcher, which ends them
    # A killed launcher resets the connection.
    with socket.socket(fileno=os.dup(0)) as requests, contextlib.suppress(ConnectionError):
        while True:
            content, descriptors, _, _ = socket.recv_fds(requests, _REQUEST_BYTES, 2)
            if not content:
                return
            while not content.endswith(b"\n"):
                content += requests.recv(_REQUEST_BYTES)
            pid = os.fork()
            if pid == 0:
                requests.close()
                become_worker(descriptors, json.loads(content))
            for descriptor in descriptors:
                os.close(descriptor)
            requests.sendall(b"%d\n" % pid)


if __name__ == "__main__":
    fork_workers(sys.argv[1:])
