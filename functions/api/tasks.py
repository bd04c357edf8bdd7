"""Tasks over HTTP: what staff has to decide or to do."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from loyalty.contracts.tasks import DecisionRequest, KindFilter, StateFilter, TaskPage, TaskView
from loyalty.contracts.values import Cursor, Key, PageLimit
from loyalty.runtime import http, tasking
from loyalty.runtime.auth import Principal
from loyalty.runtime.observability import instrumented
from loyalty.runtime.routing import Response
from loyalty.services import tasks
from loyalty.services.decide_task import decide_task

app = http.Api()


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
    asked = [kind] if kind else list(tasking.READERS)
    caller.require(*(role for each in asked for role in tasking.READERS[each]))
    page = tasks.list_tasks(
        kinds=[each for each in asked if each in tasking.kinds(caller.roles, tasking.READERS)],
        state=state,
        limit=limit,
        cursor=cursor,
        only_to_send=tasking.only_sends(caller.roles),
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
    caller.require(*(role for roles in tasking.READERS.values() for role in roles))
    return http.answer(HTTPStatus.OK, _view(caller, task_id))


@app.post(
    "/v1/tasks/<task_id>/decision",
    summary="Decide on a task, once; the same decision again is answered again",
    tags=["tasks"],
    responses={**http.PROBLEMS, 200: http.returns("Decided, or decided so before", TaskView)},
)
def post_decision(task_id: Key, request: DecisionRequest) -> Response:
    caller = http.caller(app)
    caller.require(*(role for roles in tasking.DECIDERS.values() for role in roles))
    decide_task(
        task_id,
        request.decision,
        decided_by=caller.subject,
        own_member_id=caller.own_member_id(),
        kinds=tasking.kinds(caller.roles, tasking.DECIDERS),
        comment=request.comment,
        tracking=request.tracking,
        **tasking.decision_ports(),
    )
    return http.answer(HTTPStatus.OK, _view(caller, task_id))


def _view(caller: Principal, task_id: str) -> TaskView:
    return tasks.read_task(
        task_id,
        kinds=tasking.kinds(caller.roles, tasking.READERS),
        only_to_send=tasking.only_sends(caller.roles),
        **tasking.task_ports(),
    )


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event)
