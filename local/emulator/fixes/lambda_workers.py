"""Python Lambdas run in our own worker processes.

Raw MiniStack turns every exception into ``Runtime.HandlerError`` and kills the worker, so
no Catch or Retry by exception name matches and the next call starts cold; it waits 50 ms
per warm call for a log line that may not come; it starts a process per parallel call
without a bound; and it leaves a copy of code and layers in /tmp for each worker that a
``kill -9`` orphans.

Here, as on AWS, an error answer carries class name, message, stack and request id, and the
process lives on. All workers of one code version share one unpacked, byte-compiled copy
under the emulator's directory. Parallel calls of one function beyond
``LOYALTY_LAMBDA_WORKERS`` (default 4, which suits two cores and still lets calls race) wait
for a free worker, for at most the function's own timeout; then they are throttled as AWS
does.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime
from ministack.core.persistence import STATE_DIR
from ministack.services import lambda_svc

from local.emulator import faults
from local.emulator.python_worker import Answer, PythonWorker
from local.emulator.unpacked_code import CodeStore

WORKERS_PER_FUNCTION = int(os.environ.get("LOYALTY_LAMBDA_WORKERS") or 4)

_free_worker = threading.Condition()
_execute_other_runtime = lambda_svc._execute_function_warm


def _acquire(func: dict[str, Any], config: dict[str, Any]) -> PythonWorker | None:
    """Lease a worker, waiting for one when the function has as many as it may."""
    deadline = time.monotonic() + config["Timeout"]
    with _free_worker:
        while True:
            leased, _ = lambda_runtime.acquire_worker(
                config["FunctionName"],
                config,
                func["code_zip"],
                qualifier=config.get("Version", "$LATEST"),
                max_concurrency=WORKERS_PER_FUNCTION,
            )
            if leased is not None:
                return leased  # type: ignore[no-any-return]
            if not _free_worker.wait(deadline - time.monotonic()):
                return None


def _release(leased: PythonWorker) -> None:
    lambda_runtime.release_worker(leased)
    with _free_worker:
        _free_worker.notify()


def _throttled(function_name: str) -> dict[str, Any]:
    return lambda_svc._throttle_response(  # type: ignore[no-any-return]
        reason_code="ConcurrentInvocationLimitExceeded",
        msg=f"Rate Exceeded: no free worker for {function_name}",
    )


def _as_result(answer: Answer, log_stream: str) -> dict[str, Any]:
    result = {"body": answer.body, "log": answer.log, "log_source": log_stream}
    if answer.failed:
        result |= {"error": True, "function_error": "Unhandled"}
    return result


def _execute(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
    config = func.get("config") or func
    if not config["Runtime"].startswith("python") or not func.get("code_zip"):
        return _execute_other_runtime(func, event, request_id)  # type: ignore[no-any-return]
    name = config["FunctionName"]
    fault = faults.take("lambda", "Invoke", name)
    if fault == "throttle":
        return _throttled(name)
    if fault == "error":
        return _as_result(Answer.failure("InjectedFault", "refused before it ran"), "faults")
    lambda_svc._ensure_reaper_thread()
    leased = _acquire(func, config)
    if leased is None:
        return _throttled(name)
    try:
        answer = leased.run(event, request_id, lambda_svc._xray_trace_id_for_invocation(config))
    finally:
        _release(leased)
    if fault == "lost_response":
        answer = Answer.failure("InjectedFault", "ran, but its answer was lost", answer.log)
    return _as_result(answer, leased.log_stream)


def apply() -> None:
    PythonWorker.code = CodeStore(Path(STATE_DIR) / "lambda-code")
    PythonWorker.code.prune()
    worker_class_for = lambda_runtime._worker_class_for

    def choose_class(config: dict[str, Any]) -> Any:
        is_python = str(config.get("Runtime", "")).startswith("python")
        return PythonWorker if is_python else worker_class_for(config)

    lambda_runtime._worker_class_for = choose_class
    lambda_svc._execute_function_warm = _execute
