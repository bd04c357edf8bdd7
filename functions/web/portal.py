"""The members' portal."""

from __future__ import annotations

from typing import Any

from loyalty.contracts.portal import SignInForm, SignInToken
from loyalty.runtime import portal, web
from loyalty.runtime.observability import instrumented
from loyalty.runtime.routing import Response
from loyalty.services import sign_in

app = web.Site(session_id=portal.session_id_in, refused=portal.refused)


@app.get("/portal/sign-in")
def get_sign_in() -> Response:
    return portal.open_page(app.request, "portal/sign_in")


@app.post("/portal/sign-in")
def post_sign_in(form: SignInForm) -> Response:
    sign_in.request_link(form.email, **portal.link_ports())
    return web.see_other(f"{portal.SIGN_IN}?notice=link_sent")


@app.get("/portal/sign-in/<token>")
def get_link(token: SignInToken) -> Response:
    # Only the form on this page signs in: scanners of mail open every link.
    return portal.open_page(app.request, "portal/link")


@app.post("/portal/sign-in/<token>")
def post_link(token: SignInToken) -> Response:
    session = sign_in.sign_in(token, **portal.sign_in_ports())
    return web.see_other(portal.HOME, portal.session_cookie(session))


@app.post("/portal/sign-out")
def post_sign_out() -> Response:
    sign_in.sign_out(portal.session_of(app.request), **portal.sign_in_ports())
    return web.see_other(f"{portal.SIGN_IN}?notice=signed_out", web.drop_cookie(portal.COOKIE))


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event)
