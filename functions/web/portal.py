"""The members' portal: its pages and their forms."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

from loyalty.contracts.portal import (
    LanguageForm,
    LeavingForm,
    MessagesForm,
    PersonForm,
    RedemptionForm,
    SignInForm,
    SignInToken,
)
from loyalty.contracts.problems import Problem
from loyalty.contracts.rewards import RedemptionRequest
from loyalty.contracts.values import Cursor, Key
from loyalty.domain.reward_errors import PriceChanged
from loyalty.runtime import composition, http, offering, portal, rewarding, web
from loyalty.runtime.observability import instrumented
from loyalty.runtime.routing import Request, Response
from loyalty.services import portal as pages
from loyalty.services import portal_changes, sign_in
from loyalty.services.change_profile import change_profile
from loyalty.services.export_member import export_member
from loyalty.services.leave import leave_program
from loyalty.services.member_offers import activate_offer, deactivate_offer
from loyalty.services.redeem_reward import redeem_reward

_PAGE = 20
_CODES_ON_A_PAGE = 10
# Where what was typed can be mended; other forms hold buttons alone.
_WITH_FIELDS = {
    portal.SIGN_IN: "portal/sign_in",
    "/portal/account/messages": "portal/account",
    "/portal/account/person": "portal/account",
    "/portal/account/language": "portal/account",
    "/portal/account/leave": "portal/leave",
}


def _refused(request: Request, problem: Problem) -> Response:
    template = _WITH_FIELDS.get(request.path)
    if template is None or problem.status != HTTPStatus.UNPROCESSABLE_ENTITY:
        return portal.refused(request, problem)
    if request.path == portal.SIGN_IN:
        return portal.open_page(request, template, problem.status, problem=problem)

    def again() -> Response:
        view = pages.account(portal.session_of(request), **portal.account_ports())
        return portal.page(
            request, template, view.member, problem.status, view=view, problem=problem
        )

    return portal.unless_over(request, again)


app = web.Site(session_id=portal.session_id_in, refused=_refused, repeated=portal.signed_in_before)


# ── Signing in and out ────────────────────────────────────────────────────────────────────────────


@app.get("/portal/sign-in")
def get_sign_in() -> Response:
    return portal.open_page(app.request, "portal/sign_in")


@app.post("/portal/sign-in")
def post_sign_in(form: SignInForm) -> Response:
    portal.mail_link(form.email)
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
    sign_in.sign_out(portal.session_of(app.request), store=composition.member_store())
    return web.see_other(f"{portal.SIGN_IN}?notice=signed_out", web.drop_cookie(portal.COOKIE))


# ── What the member has ───────────────────────────────────────────────────────────────────────────


@app.get("/portal")
def get_home() -> Response:
    view = pages.home(portal.session_of(app.request), **portal.page_ports())
    return portal.page(app.request, "portal/home", view.member, view=view)


@app.get("/portal/offers")
def get_offers() -> Response:
    session = portal.session_of(app.request)
    view = pages.offers(session, **offering.member_offer_ports())
    return portal.page(app.request, "portal/offers", view.member, view=view)


@app.post("/portal/offers/<offer_id>/activation")
def post_activation(offer_id: Key) -> Response:
    activate_offer(_present_member(), offer_id, **offering.offer_use_ports())
    return web.see_other("/portal/offers?notice=activated")


@app.post("/portal/offers/<offer_id>/deactivation")
def post_deactivation(offer_id: Key) -> Response:
    deactivate_offer(_present_member(), offer_id, **offering.offer_use_ports())
    return web.see_other("/portal/offers?notice=deactivated")


@app.get("/portal/rewards")
def get_rewards() -> Response:
    view = pages.rewards(portal.session_of(app.request), **portal.page_ports())
    return portal.page(app.request, "portal/rewards", view.member, view=view)


@app.get("/portal/rewards/<reward_id>")
def get_reward(reward_id: Key) -> Response:
    session = portal.session_of(app.request)
    view, offer = pages.reward(session, reward_id, **portal.page_ports())
    return portal.page(app.request, "portal/reward", view.member, view=view, offer=offer)


@app.post("/portal/rewards/<reward_id>")
def post_redemption(reward_id: Key, form: RedemptionForm) -> Response:
    session = portal.session_of(app.request)
    member_id = portal_changes.recipient(session, reward_id, **portal.rewarded_ports())
    cause = f"portal/{member_id}/{form.version}/{reward_id}"
    request = RedemptionRequest(
        redemption_id=composition.ids().derive("r", cause), reward_id=reward_id
    )
    answer, _ = redeem_reward(member_id, request, form.points, **rewarding.redemption_ports())
    place = "vouchers" if answer.vouchers else "rewards"
    return web.see_other(f"/portal/{place}?notice=redeemed")


def _at_new_price(error: PriceChanged) -> Response:
    problem = http.problem_of(error)

    def show() -> Response:
        session = portal.session_of(app.request)
        view, offer = pages.reward(session, error.reward_id, error.points, **portal.page_ports())
        return portal.page(
            app.request,
            "portal/reward",
            view.member,
            problem.status,
            view=view,
            offer=offer,
            problem=problem,
        )

    return portal.unless_over(app.request, show)


app.on_refusal(PriceChanged, _at_new_price)


@app.get("/portal/vouchers")
def get_vouchers(cursor: Cursor = None) -> Response:
    session = portal.session_of(app.request)
    view = pages.vouchers(session, cursor, limit=_CODES_ON_A_PAGE, **portal.wallet_ports())
    return portal.page(app.request, "portal/vouchers", view.member, view=view)


@app.get("/portal/history")
def get_history(cursor: Cursor = None) -> Response:
    session = portal.session_of(app.request)
    view = pages.history(session, cursor, limit=_PAGE, **portal.rewarded_ports())
    return portal.page(app.request, "portal/history", view.member, view=view)


# ── What the member told us ───────────────────────────────────────────────────────────────────────


@app.get("/portal/account")
def get_account() -> Response:
    view = pages.account(portal.session_of(app.request), **portal.account_ports())
    return portal.page(app.request, "portal/account", view.member, view=view)


@app.post("/portal/account/messages")
def post_messages(form: MessagesForm) -> Response:
    portal_changes.change_messages(
        portal.session_of(app.request),
        form.advertised,
        form.preferences,
        **portal.account_ports(),
    )
    return web.see_other("/portal/account?notice=saved")


@app.post("/portal/account/person")
def post_person(form: PersonForm) -> Response:
    change_profile(_present_member(), form.model_dump(), store=composition.member_store())
    return web.see_other("/portal/account?notice=saved")


@app.post("/portal/account/language")
def post_language(form: LanguageForm) -> Response:
    session = portal.session_of(app.request)
    portal_changes.choose_language(session, form.language, store=composition.member_store())
    return web.see_other("/portal/account?notice=saved")


@app.get("/portal/account/export")
def get_export() -> Response:
    document = export_member(_present_member(), **portal.export_ports())
    return web.download(json.dumps(document, indent=1, ensure_ascii=False), "elite.json")


@app.get("/portal/account/leave")
def get_leave() -> Response:
    view = pages.account(portal.session_of(app.request), **portal.account_ports())
    return portal.page(app.request, "portal/leave", view.member, view=view)


@app.post("/portal/account/leave")
def post_leave(form: LeavingForm) -> Response:
    leave_program(_present_member(), **portal.leaving_ports())
    return web.see_other(f"{portal.SIGN_IN}?notice=left", web.drop_cookie(portal.COOKIE))


def _present_member() -> str:
    session = portal.session_of(app.request)
    return portal_changes.present(session, store=composition.member_store())


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event)
