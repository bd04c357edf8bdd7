"""Invitations and unsubscribing: links that work without logging in.

GET shows a page and changes nothing, so that a mail scanner answers nothing; only the
page's POST does.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Literal

from loyalty.contracts.invitations import InvitationView, LinkToken, UnsubscribeView
from loyalty.domain.errors import DomainError, InvitationAnswered
from loyalty.runtime import composition, http, portal, web
from loyalty.runtime.observability import instrumented
from loyalty.runtime.routing import Response
from loyalty.services import invitations

app = http.Api(takes_forms=True)
_INVITATION = {
    **http.PROBLEMS,
    410: http.GONE,
    200: http.returns("The invitation's state", InvitationView),
}
_UNSUBSCRIBE = {**http.PROBLEMS, 200: http.returns("Whether marketing is off", UnsubscribeView)}


@app.get(
    "/v1/invitations/<token>",
    summary="The invitation's state",
    tags=["invitations"],
    responses=_INVITATION,
)
def get_invitation(token: LinkToken, answer: Literal["accept", "decline"] = "accept") -> Response:
    view = invitations.state(token, **composition.invitation_ports())
    return _shown(HTTPStatus.OK, "invitation", view, token=token, answer=answer)


@app.post(
    "/v1/invitations/<token>/accept", summary="Accept", tags=["invitations"], responses=_INVITATION
)
def accept(token: LinkToken) -> Response:
    accepted = invitations.accept(token, **composition.invitation_ports())
    if not http.wants_html(app):
        return http.answer(HTTPStatus.OK, accepted.view)
    return _page(
        HTTPStatus.OK,
        "accepted",
        opens_account=accepted.opens_account,
        portal_url=portal.url_after_acceptance(accepted),
    )


@app.post(
    "/v1/invitations/<token>/decline",
    summary="Decline",
    tags=["invitations"],
    responses=_INVITATION,
)
def decline(token: LinkToken) -> Response:
    return _shown(
        HTTPStatus.OK, "declined", invitations.decline(token, **composition.invitation_ports())
    )


@app.get(
    "/v1/unsubscribe/<token>",
    summary="Ask before unsubscribing",
    tags=["invitations"],
    responses=_UNSUBSCRIBE,
)
def get_unsubscribe(token: LinkToken) -> Response:
    view = invitations.unsubscribe_state(token, **composition.invitation_ports())
    return _shown(HTTPStatus.OK, "unsubscribe", view, token=token)


@app.post(
    "/v1/unsubscribe/<token>",
    summary="Turn marketing mail off; also the one-click target of RFC 8058",
    tags=["invitations"],
    responses=_UNSUBSCRIBE,
)
def unsubscribe(token: LinkToken) -> Response:
    return _shown(
        HTTPStatus.OK,
        "unsubscribed",
        invitations.unsubscribe(token, **composition.invitation_ports()),
    )


def _shown(
    status: int, template: str, view: InvitationView | UnsubscribeView, **context: Any
) -> Response:
    if http.wants_html(app):
        return _page(status, template, view=view, **context)
    return http.answer(status, view)


def refused(error: DomainError) -> Response:
    """A browser gets a page that says so in plain words, with the problem's status."""
    if not http.wants_html(app):
        return http.domain_refusal(error)
    content = http.problem_of(error)
    return _page(content.status, "refused", problem=content)


def answered_before(error: InvitationAnswered) -> Response:
    """Who pressed a button twice reads that the first answer holds, and finds the way on."""
    if not http.wants_html(app):
        return http.domain_refusal(error)
    content = http.problem_of(error)
    return _page(content.status, "answered", is_declined=error.is_declined)


def _page(status: int, template: str, **context: Any) -> Response:
    language = web.language_of(app.request)
    html = web.pages().render(
        f"invitation/{template}", {"csrf": None, **context}, language=language
    )
    return web.page(html, status)


app.on_refusal(DomainError, refused)
app.on_refusal(InvitationAnswered, answered_before)


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event)
