"""Parallel and inline Map.

Raw MiniStack lets branches share and overwrite their parent's variables and context, starts one
thread per item however many there are, and writes nothing of the iterations into the history. On
AWS a failing branch stops its sisters; here those that run go on to their end, but no further item
is started, and the state fails with the first error.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from local.emulator.fixes import stepfunctions_history as history
from local.emulator.fixes.stepfunctions_distributed_map import run_distributed_map
from local.emulator.fixes.stepfunctions_items import Item, inline_items
from local.emulator.fixes.stepfunctions_pauses import (
    ExecutionError,
    Steps,
    Work,
    drive,
    run_concurrently,
)
from local.emulator.fixes.stepfunctions_scope import Scope, State
from local.emulator.fixes.stepfunctions_states import Interpreter

# Each concurrent call of a Lambda is a process of its own; a laptop has few cores.
MAX_BRANCHES = 4

Record = dict[str, Any]


def parallel(execution: Record, state: State, data: Any, scope: Scope) -> Steps:
    """Run all branches of a Parallel on the same input; the result is the list of outputs."""
    argument = scope.evaluate(state["Arguments"], data) if "Arguments" in state else data
    branches = state["Branches"]
    results = [None] * len(branches)
    errors: dict[int, ExecutionError] = {}
    history.add_event(execution, "ParallelStateStarted")

    def run(index: int) -> None:
        branch = branches[index]
        interpreter = Interpreter(execution, branch["States"], scope.inner())
        try:
            results[index] = drive(interpreter.run(branch["StartAt"], argument))
        except ExecutionError as error:
            errors[index] = error

    # All branches run at once, as one may wait for days while another works.
    outcome = yield _all(run, len(branches), len(branches))
    outcome.unwrap()
    _raise_first(errors)
    history.add_event(execution, "ParallelStateSucceeded")
    return results


def map_items(execution: Record, state: State, data: Any, scope: Scope) -> Steps:
    """Run a Map over its items; the result is the list of outputs, or what its writer made."""
    processor = state["ItemProcessor"]
    if processor.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED":
        work = Work(partial(run_distributed_map, execution, state, data, scope))
        return (yield work).unwrap()
    items = inline_items(state, data, scope)
    history.add_event(
        execution, "MapStateStarted", {"mapStateStartedEventDetails": {"length": len(items)}}
    )
    results = [None] * len(items)
    errors: dict[int, ExecutionError] = {}

    def run(index: int) -> None:
        if not errors:
            _run_item(execution, state, scope, items[index], results, errors)

    limit = int(scope.field(state, "MaxConcurrency", data, "number", default=0)) or MAX_BRANCHES
    outcome = yield _all(run, len(items), min(limit, MAX_BRANCHES))
    outcome.unwrap()
    _raise_first(errors)
    history.add_event(execution, "MapStateSucceeded")
    return results


def _run_item(
    execution: Record,
    state: State,
    scope: Scope,
    item: Item,
    results: list[Any],
    errors: dict[int, ExecutionError],
) -> None:
    processor = state["ItemProcessor"]
    where = {"name": scope.context["State"]["Name"], "index": item.index}
    _iteration(execution, "Started", where)
    interpreter = Interpreter(execution, processor["States"], scope.inner(Map=item.context))
    try:
        results[item.index] = drive(interpreter.run(processor["StartAt"], item.argument))
    except ExecutionError as error:
        errors[item.index] = error
        _iteration(execution, "Failed", where)
    else:
        _iteration(execution, "Succeeded", where)


def _iteration(execution: Record, how: str, where: Record) -> None:
    kind = f"MapIteration{how}"
    history.add_event(execution, kind, {f"mapIteration{how}EventDetails": where})


def _all(run: Callable[[int], None], count: int, limit: int) -> Work:
    return Work(partial(run_concurrently, [partial(run, index) for index in range(count)], limit))


def _raise_first(errors: dict[int, ExecutionError]) -> None:
    if errors:
        raise errors[min(errors)]
