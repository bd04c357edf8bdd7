"""Composition of the staff's console, and who works in it; beside `composition` and `web`.

Somebody of the staff is whom the identity provider says: its ID token is the session, kept in a
cookie and verified at every request.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypedDict
from urllib.parse import urlsplit

from loyalty.contracts.problems import Problem
from loyalty.domain.errors import SessionOver
from loyalty.runtime import composition, tasking, web
from loyalty.runtime.auth import STAFF, Forbidden, Principal, TokenRefused, verify
from loyalty.runtime.observability import logger
from loyalty.runtime.routing import Request, Response
from loyalty.runtime.settings import settings

if TYPE_CHECKING:
    from loyalty.adapters.oidc import Provider
    from loyalty.services.charts import Chart
    from loyalty.services.console_ports import DeadLetterQueues, ExecutionLog, StoryStore
    from loyalty.services.ports import MemberStore, ProgramStore

COOKIE: Final = "console"
PENDING_COOKIE: Final = "console_sign_in"
HOME: Final = "/console"
SIGN_IN: Final = "/console/sign-in"
CALLBACK: Final = "/console/sign-in/callback"
# However long the provider's tokens last: roles are no older than this.
SESSION: Final = timedelta(hours=1)
# What the cookie holds after signing out: the next one has to prove who they are.
_SIGNED_OUT: Final = "signed-out"
_SIGNED_OUT_FOR: Final = timedelta(days=30)
_LANGUAGE: Final = "en"
_CSP: Final = "Content-Security-Policy"

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
    story: StoryStore
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
    from loyalty.runtime.rewarding import story_store

    return {"story": story_store(), "program": composition.program_store()}


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
        end_session_url=config.oidc_end_session_url,
    )


def begin_sign_in(request: Request, back_to: str) -> Response:
    """Send the browser to the provider, with a cookie for its way back."""
    from loyalty.adapters import oidc

    address, pending = oidc.begin(provider(), back_to, anew=_has_signed_out(request))
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
    return web.see_other(pending.back_to, _kept(token, SESSION))


def end_session(request: Request) -> Response:
    """Sign out here, and at the provider where it has an end of its session."""
    from loyalty.adapters import oidc

    staff = staff_in(request)
    if staff is not None:
        note(staff, "sign_out")
    left = _kept(_SIGNED_OUT, _SIGNED_OUT_FOR)
    elsewhere = oidc.end_session(provider(), composition.public_url() + SIGN_IN)
    return web.see_other(elsewhere or f"{SIGN_IN}?notice=signed_out", left)


def _has_signed_out(request: Request) -> bool:
    return web.cookie(request, COOKIE) == _SIGNED_OUT


def _kept(value: str, lasts: timedelta) -> dict[str, str]:
    return web.set_cookie(COOKIE, value, int(lasts.total_seconds()))


def _principal(token: str) -> Principal:
    config = settings()
    found = verify(
        f"Bearer {token}",
        jwks_url=config.oidc_jwks_url,
        issuer=config.oidc_issuer,
        audience=config.oidc_client_id,
        lasts=SESSION,
    )
    found.require(*STAFF)
    return found


# ── Visits ────────────────────────────────────────────────────────────────────────────────────────


def session_id_in(request: Request) -> str | None:
    """Return the id of the session that a request comes with; whether it holds, the token says."""
    token = _token_in(request)
    return hashlib.sha256(token.encode()).hexdigest() if token else None


def staff_in(request: Request) -> Principal | None:
    """Return who of the staff sends a request, None for nobody."""
    token = _token_in(request)
    try:
        return _principal(token) if token else None
    except (TokenRefused, Forbidden):
        return None


def staff_for(
    request: Request, area: str, act: str | None = None, about: str | None = None
) -> Principal:
    """Return who sends a request, and log who does what.

    Parameters
    ----------
    request
        What came.
    area
        Where it leads, one of `AREAS`.
    act, about
        What is done or seen, and the id of what it is done to; never personal data. Without an act
        nothing is logged.

    Raises
    ------
    SessionOver
        Nobody is signed in.
    Forbidden
        Their roles have no business there.
    """
    staff = staff_in(request)
    if staff is None:
        raise SessionOver
    staff.require(*AREAS[area])
    if act is not None:
        note(staff, act, about)
    return staff


def note(staff: Principal, act: str, about: str | None = None) -> None:
    """Log that somebody of the staff does something, as `staff_for` does."""
    logger.info("staff act", staff=staff.subject, act=act, about=about)


def _token_in(request: Request) -> str | None:
    return None if _has_signed_out(request) else web.cookie(request, COOKIE)


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
    return _leading_out(web.page(html, status))


def _leading_out(shown: Response) -> Response:
    """Let the page's form for signing out lead to the provider.

    Browsers hold what a form is redirected to against `form-action` too.
    """
    url = urlsplit(settings().oidc_end_session_url or "")
    if not url.netloc:
        return shown
    policy = shown.headers[_CSP]
    own = "form-action 'self'"
    wider = policy.replace(own, f"{own} {url.scheme}://{url.netloc}")
    return shown._replace(headers={**shown.headers, _CSP: wider})


def refused(request: Request, problem: Problem) -> Response:
    """Return the page that says why a request was refused; without a session, to sign in."""
    if problem.code == SessionOver.code:
        told = f"?back_to={request.path}"
        if request.method != "GET":
            # It is not sent again by itself; whoever sent it has to know that it did nothing.
            part = request.path.split("/")[2]
            told = "?notice=over" + (f"&back_to={HOME}/{part}" if part in AREAS else "")
        forget = {} if _has_signed_out(request) else web.drop_cookie(COOKIE)
        return web.see_other(SIGN_IN + told, forget)
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
    return web.page(svg(chart), headers={_CSP: policy})._replace(content_type="image/svg+xml")


def _areas(staff: Principal | None) -> frozenset[str]:
    if staff is None:
        return frozenset()
    return frozenset(name for name, roles in AREAS.items() if staff.roles & roles)
