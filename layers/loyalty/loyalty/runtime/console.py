"""Composition of the staff's console, and who works in it; beside `composition` and `web`.

Somebody of the staff is whom the identity provider says: its ID token is the session, kept in a
cookie and verified at every request.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypedDict

from loyalty.contracts.problems import Problem
from loyalty.domain.errors import SessionOver
from loyalty.runtime import composition, tasking, web
from loyalty.runtime.auth import STAFF, Forbidden, Principal, TokenRefused, verify
from loyalty.runtime.routing import Request, Response
from loyalty.runtime.settings import settings

if TYPE_CHECKING:
    from loyalty.adapters.oidc import Provider
    from loyalty.services.charts import Chart
    from loyalty.services.console_ports import DeadLetterQueues, ExecutionLog, MemberHistory
    from loyalty.services.ports import MemberStore, ProgramStore
    from loyalty.services.voucher_ports import VoucherStore

COOKIE: Final = "console"
PENDING_COOKIE: Final = "console_sign_in"
HOME: Final = "/console"
SIGN_IN: Final = "/console/sign-in"
CALLBACK: Final = "/console/sign-in/callback"
# The token itself says when the session is over; the cookie need not outlive a working day.
_COOKIE_SECONDS: Final = 12 * 3600
_LANGUAGE: Final = "en"

# Who may go where; each page asks, and the navigation shows nothing else.
AREAS: Final[Mapping[str, frozenset[str]]] = {
    "reports": frozenset({"finance", "manager", "marketer", "admin"}),
    "tasks": frozenset(role for roles in tasking.READERS.values() for role in roles),
    "members": frozenset({"service", "marketer", "manager", "finance", "admin"}),
    "names": frozenset({"service", "manager", "admin"}),
    "executions": frozenset({"service", "manager", "admin"}),
    "program": STAFF,
    "program_change": frozenset({"manager", "admin"}),
    "queues": frozenset({"manager", "admin"}),
    "redrive": frozenset({"admin"}),
}


class StoryPorts(TypedDict):
    store: MemberHistory
    vouchers: VoucherStore
    program: ProgramStore


class ExecutionPorts(TypedDict):
    store: MemberStore
    program: ProgramStore
    log: ExecutionLog


class LogPorts(TypedDict):
    log: ExecutionLog


class QueuePorts(TypedDict):
    queues: DeadLetterQueues


def execution_log() -> ExecutionLog:
    """Return what Step Functions tells of executions."""
    from loyalty.adapters.execution_log import StepFunctionsExecutionLog

    in_aws = settings().stage != "local"
    return StepFunctionsExecutionLog(composition.aws(), settings().machine_arns, in_aws=in_aws)


def dead_letter_queues() -> DeadLetterQueues:
    """Return the dead-letter queues."""
    from loyalty.adapters.dead_letter_queues import SqsDeadLetterQueues

    return SqsDeadLetterQueues(composition.aws(), settings().dead_letter_queues)


def story_ports() -> StoryPorts:
    """Return what telling a member's story needs."""
    from loyalty.runtime.rewarding import voucher_store

    return {
        "store": composition.member_store(),
        "vouchers": voucher_store(),
        "program": composition.program_store(),
    }


def execution_ports() -> ExecutionPorts:
    """Return what finding a member's executions needs."""
    return {
        "store": composition.member_store(),
        "program": composition.program_store(),
        "log": execution_log(),
    }


def log_ports() -> LogPorts:
    """Return what showing an execution needs."""
    return {"log": execution_log()}


def queue_ports() -> QueuePorts:
    """Return what looking into dead-letter queues needs."""
    return {"queues": dead_letter_queues()}


# ── Signing in ────────────────────────────────────────────────────────────────────────────────────


def provider() -> Provider:
    """Return the identity provider, and what it knows us as."""
    from loyalty.adapters.oidc import Provider

    config = settings()
    return Provider(
        client_id=config.oidc_client_id,
        authorize_url=config.oidc_authorize_url,
        token_url=config.oidc_token_url,
        redirect_uri=composition.public_url() + CALLBACK,
    )


def begin_sign_in(back_to: str) -> Response:
    """Send the browser to the provider, with a cookie for its way back."""
    from loyalty.adapters import oidc

    address, pending = oidc.begin(provider(), back_to)
    sealed = oidc.sealed(pending, composition.link_secret())
    seconds = int(oidc.PENDING_FOR.total_seconds())
    return web.see_other(address, web.set_cookie(PENDING_COOKIE, sealed, seconds))


def end_sign_in(request: Request, code: str, state: str) -> Response:
    """Take the provider's answer: whoever is of the staff has a session from now on."""
    from loyalty.adapters import oidc

    cookie = web.cookie(request, PENDING_COOKIE)
    try:
        pending = oidc.opened(cookie, state, composition.link_secret())
        token = oidc.redeem(provider(), code, pending.verifier)
        _principal(token)
    except (oidc.SignInRefused, TokenRefused, Forbidden):
        return web.see_other(f"{SIGN_IN}?notice=refused")
    return web.see_other(pending.back_to, web.set_cookie(COOKIE, token, _COOKIE_SECONDS))


def _principal(token: str) -> Principal:
    config = settings()
    found = verify(
        f"Bearer {token}",
        jwks_url=config.oidc_jwks_url,
        issuer=config.oidc_issuer,
        audience=config.oidc_client_id,
    )
    found.require(*STAFF)
    return found


# ── Visits ────────────────────────────────────────────────────────────────────────────────────────


def session_id_in(request: Request) -> str | None:
    """Return the id of the session that a request comes with; whether it holds, the token says."""
    token = web.cookie(request, COOKIE)
    return hashlib.sha256(token.encode()).hexdigest() if token else None


def staff_in(request: Request) -> Principal | None:
    """Return who of the staff sends a request, None for nobody."""
    token = web.cookie(request, COOKIE)
    try:
        return _principal(token) if token else None
    except (TokenRefused, Forbidden):
        return None


def staff_for(request: Request, area: str) -> Principal:
    """Return who sends a request; raise `SessionOver` for nobody, `Forbidden` outside the area."""
    staff = staff_in(request)
    if staff is None:
        raise SessionOver
    staff.require(*AREAS[area])
    return staff


def page(
    request: Request,
    staff: Principal | None,
    template: str,
    status: int = HTTPStatus.OK,
    **context: Any,
) -> Response:
    """Return a page of the console; `staff` is None on those that need no session."""
    session_id = session_id_in(request) if staff else None
    definition = composition.program_store().current(composition.clock().now())
    html = web.pages().render(
        f"console/{template}",
        {
            "zone": definition.time_zone,
            "currency": definition.currency,
            "csrf": web.csrf_token(session_id) if session_id else None,
            "notice": request.query.get("notice"),
            "path": request.path,
            "staff": staff,
            "areas": _areas(staff),
            **context,
        },
        language=_LANGUAGE,
    )
    return web.page(html, status)


def refused(request: Request, problem: Problem) -> Response:
    """Return the page that says why a request was refused; without a session, to sign in."""
    if problem.code == SessionOver.code:
        back = f"?back_to={request.path}" if request.method == "GET" else ""
        return web.see_other(SIGN_IN + back, web.drop_cookie(COOKIE))
    return page(request, staff_in(request), "refused", problem.status, problem=problem)


def this_month() -> str:
    """Return the program month of now."""
    from loyalty.domain.calendar import month_of, program_day

    now = composition.clock().now()
    return month_of(program_day(now, composition.program_store().current(now).time_zone))


def picture(chart: Chart) -> Response:
    """Return a chart as an SVG that is shown as a picture: its own styles, and nothing else."""
    # Imported only when used: pages without plots do not need to wait for it.
    from loyalty.adapters.plots import svg

    policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return web.page(svg(chart), headers={"Content-Security-Policy": policy})._replace(
        content_type="image/svg+xml"
    )


def _areas(staff: Principal | None) -> frozenset[str]:
    if staff is None:
        return frozenset()
    return frozenset(name for name, roles in AREAS.items() if staff.roles & roles)
