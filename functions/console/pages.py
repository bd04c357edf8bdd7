"""The staff's console."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from loyalty.contracts.console import (
    BackTo,
    DecisionForm,
    PlotName,
    ProgramForm,
    SearchForm,
    Shown,
    SignInAnswer,
    SomeMonth,
)
from loyalty.contracts.funnel import FunnelReport
from loyalty.contracts.members import LookupRequest
from loyalty.contracts.program import ProgramView
from loyalty.contracts.tasks import KindFilter, StateFilter
from loyalty.contracts.values import Cursor, Key, Month
from loyalty.domain.calendar import month_after
from loyalty.domain.errors import MemberNotFound
from loyalty.domain.funnel import STAGES
from loyalty.domain.tasks import choices
from loyalty.runtime import composition, console, messaging, reporting, tasking, web
from loyalty.runtime.auth import Principal
from loyalty.runtime.observability import instrumented
from loyalty.runtime.routing import Response, RouteNotFound
from loyalty.runtime.settings import settings
from loyalty.services import charts, members, program_definition, reports, tasks
from loyalty.services.charts import CHARTS
from loyalty.services.dead_letters import letters, redrive
from loyalty.services.decide_task import decide_task
from loyalty.services.executions import execution, executions_of
from loyalty.services.funnel import funnel_report
from loyalty.services.program_draft import Fault, as_text, attempt, difference, read_draft
from loyalty.services.story import STRANDS, find_by_id, read_story

app = web.Site(session_id=console.session_id_in, refused=console.refused)
MONTHS_SHOWN = 13


# ── Signing in and out ────────────────────────────────────────────────────────────────────────────


@app.get("/console/sign-in")
def get_sign_in(back_to: BackTo = console.HOME) -> Response:
    return console.page(app.request, None, "sign_in", back_to=back_to)


@app.get("/console/sign-in/begin")
def get_begin(back_to: BackTo = console.HOME) -> Response:
    return console.begin_sign_in(app.request, back_to)


@app.get("/console/sign-in/callback")
def get_callback(code: SignInAnswer = "", state: SignInAnswer = "") -> Response:
    return console.end_sign_in(app.request, code, state)


@app.post("/console/sign-out")
def post_sign_out() -> Response:
    return console.end_session(app.request)


@app.get("/console")
def get_home() -> Response:
    staff = console.staff_for(app.request, "program")
    latest: tuple[Any, ...] = ()
    if staff.roles & console.AREAS["reports"]:
        latest = reports.health_reports(months=1, reports=reporting.revision_store())
    return console.page(app.request, staff, "home", report=latest[0] if latest else None)


# ── Reports ───────────────────────────────────────────────────────────────────────────────────────


@app.get("/console/months")
def get_months() -> Response:
    staff = console.staff_for(app.request, "reports")
    store = reporting.revision_store()
    found = reports.health_reports(months=MONTHS_SHOWN, reports=store)
    returns = {roi.month: roi for roi in reports.roi_reports(months=MONTHS_SHOWN, reports=store)}
    return console.page(app.request, staff, "months", reports=found, returns=returns, charts=CHARTS)


@app.get("/console/months/<month>")
def get_month(month: Month) -> Response:
    staff = console.staff_for(app.request, "reports")
    ports = reporting.revision_ports()
    health, roi = reports.health_report(month, **ports), reports.roi_report(month, **ports)
    return console.page(app.request, staff, "month", health=health, roi=roi)


@app.get("/console/funnel")
def get_funnel(first: SomeMonth = None, last: SomeMonth = None) -> Response:
    staff = console.staff_for(app.request, "reports")
    return console.page(app.request, staff, "funnel", funnel=_funnel(first, last), stages=STAGES)


@app.get("/console/plots/<name>")
def get_plot(name: PlotName) -> Response:
    console.staff_for(app.request, "reports")
    chart = CHARTS.get(name.removesuffix(".svg"))
    if chart is None:
        raise RouteNotFound
    found = reports.health_reports(months=MONTHS_SHOWN, reports=reporting.revision_store())
    return console.picture(chart(found))


@app.get("/console/plots/funnel.svg")
def get_funnel_plot(first: SomeMonth = None, last: SomeMonth = None) -> Response:
    console.staff_for(app.request, "reports")
    return console.picture(charts.funnel(_funnel(first, last)))


def _funnel(first: str | None, last: str | None) -> FunnelReport:
    until = last or console.this_month()
    return funnel_report(first or month_after(until, -5), until, **reporting.funnel_ports())


# ── Tasks ─────────────────────────────────────────────────────────────────────────────────────────


@app.get("/console/tasks")
def get_tasks(
    kind: KindFilter = None, state: StateFilter = "open", cursor: Cursor = None
) -> Response:
    staff = console.staff_for(app.request, "tasks")
    kinds = tasking.kinds(staff.roles, tasking.READERS)
    shown = kind or kinds[0]
    page = tasks.list_tasks(
        kinds=[each for each in kinds if each == shown],
        state=state,
        limit=20,
        cursor=cursor,
        only_to_send=tasking.only_sends(staff.roles),
        **tasking.task_ports(),
    )
    return console.page(
        app.request,
        staff,
        "tasks",
        kinds=kinds,
        kind=shown,
        state=state,
        tasks=page,
        choices=choices,
        decides=shown in tasking.kinds(staff.roles, tasking.DECIDERS),
    )


@app.post("/console/tasks/<task_id>/decision")
def post_decision(task_id: Key, form: DecisionForm) -> Response:
    staff = console.staff_for(app.request, "tasks", form.decision, task_id)
    task = decide_task(
        task_id,
        form.decision,
        decided_by=staff.subject,
        own_member_id=staff.own_member_id(),
        kinds=tasking.kinds(staff.roles, tasking.DECIDERS),
        comment=form.comment,
        tracking=form.tracking,
        **tasking.decision_ports(),
    )
    follows = task.kind != "merge" or task.state != "approved"
    notice = "decided" if follows else "to_merge"
    return web.see_other(f"/console/tasks?kind={task.kind}&notice={notice}")


# ── Members ───────────────────────────────────────────────────────────────────────────────────────


@app.get("/console/members")
def get_search() -> Response:
    staff = console.staff_for(app.request, "members")
    return console.page(app.request, staff, "search", missed=None)


@app.post("/console/members")
def post_search(form: SearchForm) -> Response:
    # Whom they found, the story's line says.
    staff = console.staff_for(app.request, "members", f"search_by_{form.by}")
    try:
        if form.by == "member_id":
            member_id = find_by_id(form.value, store=composition.member_store())
        else:
            lookup = LookupRequest.model_validate({form.by: form.value})
            member_id = members.look_up(lookup.to_domain(), **messaging.profile_ports()).member_id
    except (MemberNotFound, ValueError):
        return console.page(app.request, staff, "search", missed=form.by)
    return web.see_other(f"/console/members/{quote(member_id, safe='')}")


@app.get("/console/members/<member_id>")
def get_story(member_id: Key, show: Shown = "all", cursor: Cursor = None) -> Response:
    staff = console.staff_for(app.request, "members")
    story = read_story(
        member_id,
        strands=STRANDS if show == "all" else (show,),
        cursor=cursor,
        **console.story_ports(),
    )
    # Only now: until somebody is found, what is in an address may be anything that was typed.
    console.note(staff, "read_story", member_id)
    now = composition.clock().now()
    definition = composition.program_store().current(now)
    return console.page(
        app.request,
        staff,
        "story",
        member=story.member,
        profile=members.view(story.member, definition, now),
        story=story,
        show=show,
        is_first=cursor is None,
    )


@app.get("/console/members/<member_id>/executions")
def get_executions(member_id: Key) -> Response:
    staff = console.staff_for(app.request, "executions")
    found = executions_of(member_id, **console.execution_ports())
    return console.page(app.request, staff, "executions", member_id=member_id, executions=found)


@app.get("/console/executions/<machine>/<name>")
def get_execution(machine: Key, name: Key) -> Response:
    staff = console.staff_for(app.request, "executions")
    found, steps = execution(machine, name, **console.log_ports())
    return console.page(app.request, staff, "execution", execution=found, steps=steps)


# ── The program ───────────────────────────────────────────────────────────────────────────────────


@app.get("/console/program")
def get_program() -> Response:
    staff = console.staff_for(app.request, "program")
    return _editor(staff)


@app.post("/console/program/check")
def post_check(form: ProgramForm) -> Response:
    """Show what is wrong, or what would change."""
    return _program(form, saves=False)


@app.post("/console/program")
def post_program(form: ProgramForm) -> Response:
    return _program(form, saves=True)


def _program(form: ProgramForm, *, saves: bool) -> Response:
    act = "save_program" if saves else "check_program"
    staff = console.staff_for(app.request, "program_change", act, str(form.based_on_version))
    ports = composition.program_ports()
    current = program_definition.current(**ports)
    draft = read_draft(
        form.definition,
        based_on_version=form.based_on_version,
        effective_from=form.effective_from,
        zone=ZoneInfo(current.definition.time_zone),
    )
    take = partial(
        program_definition.save if saves else program_definition.validate,
        saved_by=staff.subject,
        schedule_zone=settings().program_time_zone,
        store=composition.member_store(),
        **ports,
    )
    found = attempt(draft, take)
    if isinstance(found, tuple):
        return _editor(staff, form, found)
    if saves:
        return web.see_other("/console/program?notice=saved")
    before = program_definition.version(form.based_on_version, **ports)
    changes = difference(before.definition, found.definition)
    return console.page(
        app.request, staff, "program_check", form=form, checked=found, changes=changes
    )


def _editor(
    staff: Principal, form: ProgramForm | None = None, faults: tuple[Fault, ...] = ()
) -> Response:
    """Return the definition to be edited: the latest version, or what was typed with its faults."""
    ports = composition.program_ports()
    current = program_definition.current(**ports)
    latest = program_definition.version(current.latest_version, **ports)
    # What was typed stays based on the version that it began with, however often it is sent: with
    # the latest one's number it would undo what others have saved since.
    shown = form.model_dump() if form else _as_form(latest)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if faults else HTTPStatus.OK
    return console.page(
        app.request,
        staff,
        "program",
        status,
        current=current,
        latest=latest,
        form=shown,
        faults=faults,
    )


def _as_form(latest: ProgramView) -> dict[str, Any]:
    # No `ProgramForm`: a version that came over the API may be longer than a form takes.
    return {
        "based_on_version": latest.version,
        "effective_from": "",
        "definition": as_text(latest.definition),
    }


# ── Dead letters ──────────────────────────────────────────────────────────────────────────────────


@app.get("/console/queues")
def get_queues() -> Response:
    staff = console.staff_for(app.request, "queues")
    found = console.dead_letter_queues().queues()
    return console.page(app.request, staff, "queues", queues=found)


@app.get("/console/queues/<name>")
def get_queue(name: Key) -> Response:
    staff = console.staff_for(app.request, "queues")
    found = letters(name, **console.queue_ports())
    return console.page(app.request, staff, "queue", name=name, letters=found)


@app.post("/console/queues/<name>/redrive")
def post_redrive(name: Key) -> Response:
    console.staff_for(app.request, "redrive", "redrive", name)
    redrive(name, **console.queue_ports())
    return web.see_other("/console/queues?notice=redriven")


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event)
