"""Repairs to moto's Map states: many items per worker, and failures beyond what is tolerated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from moto.stepfunctions.parser.asl.component.common.query_language import (
    QueryLanguage,
    QueryLanguageMode,
)
from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringJSONata
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component import (  # noqa: E501
    DistributedIterationComponent,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor.distributed_item_processor_worker import (  # noqa: E501
    DistributedItemProcessorWorker,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor.inline_item_processor_worker import (  # noqa: E501
    InlineItemProcessorWorker,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.result_writer.result_writer_decl import (  # noqa: E501
    ResultWriter,
)
from moto.stepfunctions.parser.asl.parse.preprocessor import Preprocessor

from tests.support.state_machines.moto_failures import failure_event


def install(patch: pytest.MonkeyPatch) -> None:
    """Make Map states behave as on AWS where moto's do not."""
    patch.setattr(InlineItemProcessorWorker, "eval", _work_inline)
    patch.setattr(DistributedItemProcessorWorker, "eval", _work_distributed)
    component = DistributedIterationComponent
    patch.setattr(component, "_map_run", _failing_beyond_tolerance(component._map_run))
    patch.setattr(ResultWriter, "_eval_body", _write_where_expressions_say)
    visit = Preprocessor.visitResult_writer_decl
    patch.setattr(Preprocessor, "visitResult_writer_decl", _as_in_json_path(visit))


def _work_inline(self: Any) -> None:
    """Moto recurses once per item, so a long list ends at Python's recursion limit, silently."""
    worker_frame = self._env.open_frame()
    job = self._job_pool.next_job()
    while job is not None:
        job_frame = worker_frame.open_inner_frame()
        self._eval_job(env=job_frame, job=job)
        worker_frame.close_frame(job_frame)
        worker_frame.event_history_context.source_event_id = (
            job_frame.event_history_context.last_published_event_id
        )
        is_last = isinstance(job.job_output, Exception) or self.stopped()
        finished_job, job = job, None if is_last else self._job_pool.next_job()
        if job is None:
            self._env.close_frame(worker_frame)
        self._job_pool.close_job(finished_job)


def _work_distributed(self: Any) -> None:
    worker_frame = self._env
    job = self._job_pool.next_job()
    while job is not None:
        job_frame = worker_frame.open_inner_frame()
        self._eval_job(env=job_frame, job=job)
        worker_frame.delete_frame(job_frame)
        self._job_pool.close_job(job)
        if isinstance(job.job_output, Exception) or self.stopped():
            return
        job = self._job_pool.next_job()


def _as_in_json_path(original: Callable[..., Any]) -> Callable[..., Any]:
    """Moto's grammar has a ResultWriter with ``Parameters`` only, which JSONata refuses."""

    def visit(self: Any, ctx: Any) -> Any:
        self._query_language_per_scope.append(QueryLanguage(QueryLanguageMode.JSONPath))
        try:
            return original(self, ctx)
        finally:
            self._query_language_per_scope.pop()

    return visit


def _write_where_expressions_say(self: Any, env: Any) -> None:
    """Moto takes a ResultWriter's expressions for bucket and prefix as plain text."""
    self.parargs.eval(env=env)
    parameters = env.stack.pop()
    for name, value in parameters.items():
        if value.startswith("{%"):
            StringJSONata(value.removeprefix("{%").removesuffix("%}")).eval(env=env)
            parameters[name] = env.stack.pop()
    env.stack.append(parameters)
    self.resource_eval.eval_resource(env=env)


def _failing_beyond_tolerance(original: Callable[..., None]) -> Callable[..., None]:
    """Moto reads the tolerated failures and never compares them; AWS tolerates none by default."""

    def map_run(self: Any, env: Any, eval_input: Any) -> None:
        original(self, env=env, eval_input=eval_input)
        counts = eval_input.map_run_record.item_counter
        failed = counts.failed.get() + counts.timed_out.get()
        if failed and not _is_tolerated(failed, counts.total.get(), eval_input):
            raise _exceeded(env)

    return map_run


def _is_tolerated(failed: int, total: int, eval_input: Any) -> bool:
    count, percentage = (
        eval_input.tolerated_failure_count,
        eval_input.tolerated_failure_percentage,
    )
    if not count and not percentage:
        return False
    return (not count or failed <= count) and (not percentage or failed * 100 <= percentage * total)


def _exceeded(env: Any) -> FailureEventException:
    return FailureEventException(
        failure_event(
            env,
            StatesErrorNameType.StatesExceedToleratedFailureThreshold,
            HistoryEventType.ExecutionFailed,
            "The specified tolerated failure threshold was exceeded",
        )
    )
