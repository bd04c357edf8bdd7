"""The execution environment of a Python function, as MiniStack's pool of workers sees it."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from local.emulator.unpacked_code import CodeStore
from local.emulator.worker_process import Forker, ProcessEndedError, WorkerProcess

_INIT_SECONDS = 60.0
_EXIT_SECONDS = 2.0
# Enough for SDKs and locale; anything else of the host stays out, as on AWS.
_HOST_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH")
_host = {name: os.environ[name] for name in _HOST_VARIABLES if name in os.environ}
_forker = Forker(_host)
# A cold start is all CPU: more at once than there are cores slows all of them.
_starting = threading.BoundedSemaphore(max(1, os.cpu_count() or 1))


@dataclass(frozen=True)
class Answer:
    """What one invocation gave: the handler's result or AWS's error body, and its log."""

    body: Any
    failed: bool
    log: str

    @classmethod
    def failure(cls, error_type: str, message: str, log: str = "") -> Answer:
        return cls({"errorType": error_type, "errorMessage": message}, failed=True, log=log)


class InitError(Exception):
    """The function's module could not be loaded; carries the error body."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__(body["errorMessage"])
        self.body = body


class PythonWorker(lambda_runtime.Worker):  # type: ignore[misc]
    """A process that runs one function, one invocation at a time.

    MiniStack's pool leases, ends and reaps it like its own workers; starting it and talking
    to it are ours.
    """

    code: ClassVar[CodeStore]

    def __init__(self, func_name: str, config: dict[str, Any], code_zip: bytes) -> None:
        super().__init__(func_name, config, code_zip)
        self.log_stream = ""
        self._proc: WorkerProcess | None = None

    def run(self, event: Any, request_id: str, trace_id: str | None) -> Answer:
        """Invoke the handler, starting the process first when there is none."""
        with self._lock:
            process = self._proc
            try:
                if process is None or process.poll() is not None:
                    process = self._start()
                return self._invoke(process, event, request_id, trace_id)
            except InitError as error:
                return Answer(error.body, failed=True, log=str(error))

    def _invoke(
        self, process: WorkerProcess, event: Any, request_id: str, trace_id: str | None
    ) -> Answer:
        timeout_seconds = float(self.config["Timeout"])
        message = {
            "event": event,
            "request_id": request_id,
            "function_arn": self.config["FunctionArn"],
            "timeout_seconds": timeout_seconds,
            "trace_id": trace_id,
        }
        try:
            answer = process.exchange(message, timeout_seconds)
        except TimeoutError:
            self._end(process)
            text = f"Task timed out after {timeout_seconds:.2f} seconds"
            body = f"RequestId: {request_id} Error: {text}"
            return Answer.failure("Sandbox.Timedout", body, process.take_log())
        except ProcessEndedError:
            self._end(process)
            body = f"RequestId: {request_id} Error: Runtime exited without providing a reason"
            return Answer.failure("Runtime.ExitError", body, process.take_log())
        failed = "error" in answer
        body = answer["error"] if failed else answer["result"]
        return Answer(body, failed, process.take_log())

    def _start(self) -> WorkerProcess:
        """Start the process and wait until the function's module is loaded."""
        self.log_stream = f"{time.strftime('%Y/%m/%d')}/[$LATEST]{uuid4().hex}"
        code_paths = self._code_paths()
        init = {"code_paths": list(map(str, code_paths)), "handler": self.config["Handler"]}
        with _starting:
            variables = self._environment(code_paths[0])
            process = WorkerProcess(_forker, variables, self.code.directory)
            self._proc = process
            try:
                answer = process.exchange(init, _INIT_SECONDS)
            except (TimeoutError, ProcessEndedError):
                answer = {"error": Answer.failure("Runtime.ExitError", process.take_log()).body}
        if "error" in answer:
            self._end(process)
            raise InitError(answer["error"])
        return process

    def _end(self, process: WorkerProcess) -> None:
        """End the process at once."""
        self._proc = None
        process.kill()
        process.wait(_EXIT_SECONDS)

    def _code_paths(self) -> list[Path]:
        """Return directories for ``sys.path``: the function's code first, then its layers."""
        paths = [self.code.unpack(self.code_zip)]
        for layer in self.config.get("Layers", []):
            content = lambda_svc._resolve_layer_zip(layer)
            if content:
                paths.append(self.code.unpack(content) / "python")
        return paths

    def _environment(self, code_path: Path) -> dict[str, str]:
        config = self.config
        _, region = lambda_runtime._account_region_from_function_config(config)
        function_name = config["FunctionName"]
        defaults = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
            "POWERTOOLS_TRACE_DISABLED": "true",  # there is no X-Ray daemon
        }
        own: dict[str, str] = config.get("Environment", {}).get("Variables", {})
        runtime = {
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_LAMBDA_FUNCTION_NAME": function_name,
            "AWS_LAMBDA_FUNCTION_VERSION": config.get("Version", "$LATEST"),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.get("MemorySize", 128)),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function_name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream,
            "LAMBDA_TASK_ROOT": str(code_path),
            "TZ": ":UTC",
            "_HANDLER": config["Handler"],
        }
        credentials: dict[str, str] = lambda_runtime.execution_credentials(config)
        return {**_host, **defaults, **own, **runtime, **credentials}
