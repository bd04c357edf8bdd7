"""Composition of the members' portal, and who visits it; beside `composition` and `web`."""

from __future__ import annotations

from datetime import tzinfo
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypedDict

from loyalty.contracts.problems import Problem
from loyalty.domain.errors import MemberBusy, SessionOver
from loyalty.runtime import composition, web
from loyalty.runtime.messaging import catalogue
from loyalty.runtime.observability import logger
from loyalty.runtime.rewarding import voucher_store
from loyalty.runtime.routing import Request, Response
from loyalty.runtime.tasking import task_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from loyalty.domain.member import Member
    from loyalty.services.console_ports import MemberHistory
    from loyalty.services.invitations import AnswerOutcome
    from loyalty.services.letters import Outbox
    from loyalty.services.portal_ports import PortalTokens, Session, Wallet
    from loyalty.services.ports import Clock, MemberStore, ProgramStore
    from loyalty.services.statement import RewardCatalogue
    from loyalty.services.task_ports import TaskStore
    from loyalty.services.voucher_ports import VoucherStore

COOKIE: Final = "session"
HOME: Final = "/portal"
SIGN_IN: Final = "/portal/sign-in"


class SignInPorts(TypedDict):
    store: MemberStore
    tokens: PortalTokens
    clock: Clock


class LinkPorts(TypedDict):
    outbox: Outbox
    tokens: PortalTokens
    program: ProgramStore


class PagePorts(TypedDict):
    store: MemberStore
    program: ProgramStore
    catalogue: RewardCatalogue
    clock: Clock


class RewardedPorts(TypedDict):
    store: MemberStore
    catalogue: RewardCatalogue


class WalletPorts(TypedDict):
    wallet: Wallet
    clock: Clock


class AccountPorts(TypedDict):
    store: MemberStore
    program: ProgramStore
    clock: Clock


class LeavingPorts(TypedDict):
    store: MemberStore
    vouchers: VoucherStore
    clock: Clock


class ExportPorts(TypedDict):
    store: MemberHistory
    vouchers: VoucherStore
    tasks: TaskStore
    clock: Clock


@cache
def tokens() -> PortalTokens:
    """Return what signs links and sessions of the portal."""
    from loyalty.adapters.web_sessions import JwtPortalTokens

    return JwtPortalTokens(composition.link_secret())


def sign_in_ports() -> SignInPorts:
    """Return what signing in and out need."""
    return {
        "store": composition.member_store(),
        "tokens": tokens(),
        "clock": composition.clock(),
    }


def mail_link(email: str) -> None:
    """Mail a link to whom this address is; who asked learns of no failure, as of no address.

    A failure with a member's mail would tell that the address is a member's.
    """
    from loyalty.services.messages import MessageUnsettled
    from loyalty.services.ports import EmailRefused
    from loyalty.services.sign_in import request_link

    try:
        request_link(email, **link_ports())
    except (EmailRefused, MessageUnsettled, MemberBusy) as error:
        # Not its message: the mail service's may hold the address.
        logger.error("sign-in link not mailed", reason=type(error).__name__)


def link_ports() -> LinkPorts:
    """Return what mailing a link needs."""
    return {
        "outbox": composition.outbox(),
        "tokens": tokens(),
        "program": composition.program_store(),
    }


def page_ports() -> PagePorts:
    """Return what home and rewards need."""
    return {**account_ports(), "catalogue": catalogue()}


def rewarded_ports() -> RewardedPorts:
    """Return what the history of points, and asking for a reward, need."""
    return {"store": composition.member_store(), "catalogue": catalogue()}


def wallet_ports() -> WalletPorts:
    """Return what the list of vouchers needs."""
    return {"wallet": voucher_store(), "clock": composition.clock()}


def account_ports() -> AccountPorts:
    """Return what showing and changing what a member told us need."""
    return {
        "store": composition.member_store(),
        "program": composition.program_store(),
        "clock": composition.clock(),
    }


def leaving_ports() -> LeavingPorts:
    """Return what leaving needs."""
    return {
        "store": composition.member_store(),
        "vouchers": voucher_store(),
        "clock": composition.clock(),
    }


def export_ports() -> ExportPorts:
    """Return what taking all data along needs."""
    return {
        "store": composition.member_store(),
        "vouchers": voucher_store(),
        "tasks": task_store(),
        "clock": composition.clock(),
    }


def url_after_acceptance(accepted: AnswerOutcome) -> str:
    """Return where somebody goes on who has just accepted: into their pages, or to sign in first.

    A new member's account is empty; of anybody else's, holding an invitation proves nothing.
    """
    from loyalty.services.sign_in import link_url

    if not accepted.opens_account:
        return f"{composition.public_url()}{SIGN_IN}"
    now = composition.clock().now()
    return link_url(accepted.member, tokens(), composition.public_url(), now)


def zone() -> tzinfo:
    """Return the time zone that the program's days are in."""
    return composition.program_store().current(composition.clock().now()).time_zone


# ── Visits ────────────────────────────────────────────────────────────────────────────────────────


def session_in(request: Request) -> Session | None:
    """Return the session that a request comes with; whether it still holds, the profile says."""
    token = web.cookie(request, COOKIE)
    return tokens().session(token, now=composition.clock().now()) if token else None


def session_id_in(request: Request) -> str | None:
    """Return the id of the session that a request comes with."""
    session = session_in(request)
    return session.session_id if session else None


def session_of(request: Request) -> Session:
    """Return the session that a request comes with; raise `SessionOver` without one."""
    session = session_in(request)
    if session is None:
        raise SessionOver
    return session


def signed_in_before(request: Request) -> Response | None:
    """Return the way home for who presses a link's button again: it has signed them in already.

    The page that the button is on was made before that session, and does not have its token.
    """
    from loyalty.services.sign_in import is_begun_by

    path, _, token = request.path.rpartition("/")
    if request.method != "POST" or path != SIGN_IN:
        return None
    session = session_in(request)
    if session is None or not is_begun_by(
        session, token, tokens=tokens(), clock=composition.clock()
    ):
        return None
    return web.see_other(HOME)


def session_cookie(session: Session) -> dict[str, str]:
    """Return the header that keeps a session, for another half an hour from now."""
    from dataclasses import replace

    from loyalty.domain.portal import session_ends_at

    now = composition.clock().now()
    renewed = replace(session, expires_at=session_ends_at(session.started_at, now))
    seconds = int((renewed.expires_at - now).total_seconds())
    return web.set_cookie(COOKIE, tokens().sign_session(renewed), seconds)


def page(
    request: Request, template: str, member: Member, status: int = HTTPStatus.OK, **context: Any
) -> Response:
    """Return a page of a member who is signed in, whose session it prolongs."""
    session = session_of(request)
    html = _rendered(
        request,
        template,
        language=member.portal.language,
        csrf=web.csrf_token(session.session_id),
        member=member,
        **context,
    )
    return web.page(html, status, session_cookie(session))


def open_page(
    request: Request, template: str, status: int = HTTPStatus.OK, **context: Any
) -> Response:
    """Return a page that needs no session."""
    session = session_in(request)
    csrf = web.csrf_token(session.session_id) if session else None
    return web.page(
        _rendered(request, template, language=None, csrf=csrf, member=None, **context), status
    )


def refused(request: Request, problem: Problem) -> Response:
    """Return the page that says why a request was refused; a session that is over begins anew."""
    if problem.code == SessionOver.code:
        return _begun_anew(request)
    return open_page(request, "portal/refused", problem.status, problem=problem)


def unless_over(request: Request, show: Callable[[], Response]) -> Response:
    """Return the page with which a form is answered that was refused, while the session holds."""
    try:
        return show()
    except SessionOver:
        return _begun_anew(request)


def _begun_anew(request: Request) -> Response:
    place = SIGN_IN
    # Who sent a form must not take it for done.
    if request.method != "GET":
        place += "?notice=over"
    return web.see_other(place, web.drop_cookie(COOKIE))


def _rendered(
    request: Request,
    template: str,
    *,
    language: str | None,
    problem: Problem | None = None,
    **context: Any,
) -> str:
    """Render a page; on one that tells of a `problem`, forms hold what was `typed` there.

    `faulty` are the names of the fields that were refused.
    """
    errors = (problem and problem.errors) or ()
    return web.pages().render(
        template,
        {
            "zone": zone(),
            "notice": request.query.get("notice"),
            "path": request.path,
            "problem": problem,
            "typed": request.form if problem else {},
            "faulty": {error.pointer.removeprefix("/body/").split("/")[0] for error in errors},
            **context,
        },
        language=web.language_of(request, language),
    )
