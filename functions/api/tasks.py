"""Tasks over HTTP: what staff has to decide or to do."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from loyalty.contracts.tasks import DecisionRequest, KindFilter, StateFilter, TaskPage, TaskView
from loyalty.contracts.values import Cursor, Key, PageLimit
from loyalty.domain.tasks import TaskKind
from loyalty.runtime import http, tasking
from loyalty.runtime.auth import Principal
from loyalty.runtime.observability import instrumented
from loyalty.runtime.routing import Response
from loyalty.services import tasks
from loyalty.services.decide_task import decide_task

app = http.Api()

_DECIDERS: Final[Mapping[TaskKind, frozenset[str]]] = {
    "tier_review": frozenset({"manager", "admin"}),
    "gift_dispatch": frozenset({"warehouse", "admin"}),
    "merge": frozenset({"service", "manager", "admin"}),
    "fraud_review": frozenset({"manager", "admin"}),
    "adjustment_approval": frozenset({"manager", "admin"}),
}
# Managers see what the warehouse leaves lying.
_READERS: Final = {**_DECIDERS, "gift_dispatch": _DECIDERS["gift_dispatch"] | {"manager"}}


@app.get(
    "/v1/tasks",
    summary="Tasks by kind and state, the oldest first",
    tags=["tasks"],
    responses={**http.PROBLEMS, 200: http.returns("A page", TaskPage)},
)
def get_tasks(
    kind: KindFilter = None,
    state: StateFilter = "open",
    limit: PageLimit = 50,
    cursor: Cursor = None,
) -> Response:
    caller = http.caller(app)
    asked = [kind] if kind else list(_READERS)
    caller.require(*(role for each in asked for role in _READERS[each]))
    page = tasks.list_tasks(
        kinds=[each for each in asked if each in _kinds(caller, _READERS)],
        state=state,
        limit=limit,
        cursor=cursor,
        only_to_send=_only_sends(caller),
        **tasking.task_ports(),
    )
    return http.answer(HTTPStatus.OK, page)


@app.get(
    "/v1/tasks/<task_id>",
    summary="A task; of a gift, what it takes to send it",
    tags=["tasks"],
    responses={**http.PROBLEMS, 200: http.returns("The task", TaskView)},
)
def get_task(task_id: Key) -> Response:
    caller = http.caller(app)
    caller.require(*(role for roles in _READERS.values() for role in roles))
    return http.answer(HTTPStatus.OK, _view(caller, task_id))


@app.post(
    "/v1/tasks/<task_id>/decision",
    summary="Decide on a task, once; the same decision again is answered again",
    tags=["tasks"],
    responses={**http.PROBLEMS, 200: http.returns("Decided, or decided so before", TaskView)},
)
def post_decision(task_id: Key, request: DecisionRequest) -> Response:
    caller = http.caller(app)
    caller.require(*(role for roles in _DECIDERS.values() for role in roles))
    decide_task(
        task_id,
        request.decision,
        decided_by=caller.subject,
        own_member_id=caller.member_id,
        kinds=_kinds(caller, _DECIDERS),
        comment=request.comment,
        tracking=request.tracking,
        **tasking.decision_ports(),
    )
    return http.answer(HTTPStatus.OK, _view(caller, task_id))


def _view(caller: Principal, task_id: str) -> TaskView:
    return tasks.read_task(
        task_id,
        kinds=_kinds(caller, _READERS),
        only_to_send=_only_sends(caller),
        **tasking.task_ports(),
    )


def _kinds(caller: Principal, allowed: Mapping[TaskKind, frozenset[str]]) -> list[TaskKind]:
    return [kind for kind, roles in allowed.items() if caller.roles & roles]


def _only_sends(caller: Principal) -> bool:
    """Tell whether the caller is to learn of a gift what it takes to send it, and no more."""
    return not caller.roles & {"manager", "admin"}


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event)
