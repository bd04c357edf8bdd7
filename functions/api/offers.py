"""Offers over HTTP: the catalogue, uses, and the offers of a member."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from loyalty.contracts.offer_refreshes import RefreshStarted
from loyalty.contracts.offers import (
    MemberOfferPage,
    MemberOfferView,
    OfferPage,
    OfferRequest,
    OfferUpdate,
    OfferUseAnswer,
    OfferUseRequest,
    OfferUseReversalAnswer,
    OfferView,
)
from loyalty.contracts.values import Cursor, Key, PageLimit
from loyalty.runtime import composition, http, offering
from loyalty.runtime.auth import MACHINES, STAFF
from loyalty.runtime.observability import instrumented
from loyalty.runtime.routing import Response
from loyalty.services import member_offers, offers
from loyalty.services.refresh_offers import start_refresh
from loyalty.services.reverse_offer_use import reverse_offer_use
from loyalty.services.use_offer import use_offer

app = http.Api()
_KEEPERS = ("marketer", "manager", "admin")
_TILLS = ("pos", "shop", "erp", "service", "manager", "admin")
_VIEW = {**http.PROBLEMS, 200: http.returns("The offer", OfferView)}
_OF_MEMBER = {**http.PROBLEMS, 200: http.returns("The member's offer", MemberOfferView)}


@app.post(
    "/v1/offers",
    summary="Add an offer",
    tags=["offers"],
    responses={**_VIEW, 201: http.returns("Added", OfferView)},
)
def post_offer(request: OfferRequest) -> Response:
    http.caller(app).require(*_KEEPERS)
    offer, is_new = offers.add_offer(request, **offering.offer_ports())
    return http.answer(_created(is_new), offer)


@app.post(
    "/v1/offers/refreshes",
    summary="Curate the offers of all members anew",
    tags=["offers"],
    responses={**http.PROBLEMS, 202: http.returns("Started", RefreshStarted)},
)
def post_refresh() -> Response:
    http.caller(app).require(*_KEEPERS)
    started = start_refresh(executions=composition.executions())
    return http.answer(HTTPStatus.ACCEPTED, started)


@app.get(
    "/v1/offers",
    summary="The catalogue by id, retired offers too",
    tags=["offers"],
    responses={**http.PROBLEMS, 200: http.returns("A page", OfferPage)},
)
def get_offers(limit: PageLimit = 50, cursor: Cursor = None) -> Response:
    http.caller(app).require(*STAFF, *MACHINES)
    found = offers.list_offers(limit=limit, cursor=cursor, **offering.offer_ports())
    return http.answer(HTTPStatus.OK, found)


@app.get("/v1/offers/<offer_id>", summary="One offer", tags=["offers"], responses=_VIEW)
def get_offer(offer_id: Key) -> Response:
    http.caller(app).require(*STAFF, *MACHINES)
    return http.answer(HTTPStatus.OK, offers.get_offer(offer_id, **offering.offer_ports()))


@app.patch(
    "/v1/offers/<offer_id>",
    summary="Change what is named; what is absent stays",
    tags=["offers"],
    responses=_VIEW,
)
def patch_offer(offer_id: Key, update: OfferUpdate) -> Response:
    http.caller(app).require(*_KEEPERS)
    changed = offers.change_offer(offer_id, update, **offering.offer_ports())
    return http.answer(HTTPStatus.OK, changed)


@app.delete(
    "/v1/offers/<offer_id>",
    summary="Retire the offer for good; what members made of it stays",
    tags=["offers"],
    responses=_VIEW,
)
def delete_offer(offer_id: Key) -> Response:
    http.caller(app).require(*_KEEPERS)
    return http.answer(HTTPStatus.OK, offers.retire_offer(offer_id, **offering.offer_ports()))


@app.post(
    "/v1/offers/<offer_id>/uses",
    summary="Use the offer; each use_id counts once. Members themselves use early access only, now",
    tags=["offers"],
    responses={
        **http.PROBLEMS,
        201: http.returns("Used", OfferUseAnswer),
        200: http.returns("Used before: the first answer; or the order told of it", OfferUseAnswer),
    },
)
def post_use(offer_id: Key, request: OfferUseRequest) -> Response:
    caller = http.caller(app)
    caller.require(*_TILLS, member_id=request.member_id)
    used, is_new = use_offer(
        offer_id,
        request,
        own_member_id=caller.own_member_id(),
        by_member=not caller.roles & set(_TILLS),
        **offering.offer_use_ports(),
    )
    return http.answer(_created(is_new), used)


@app.post(
    "/v1/offers/<offer_id>/uses/<use_id>/reversal",
    summary="Take a use back: budget, counts and bonus points",
    tags=["offers"],
    responses={**http.PROBLEMS, 200: http.returns("Reversed", OfferUseReversalAnswer)},
)
def post_reversal(offer_id: Key, use_id: Key) -> Response:
    caller = http.caller(app)
    caller.require(*_TILLS)
    reversed_ = reverse_offer_use(
        offer_id, use_id, own_member_id=caller.own_member_id(), **offering.offer_use_ports()
    )
    return http.answer(HTTPStatus.OK, reversed_)


@app.get(
    "/v1/members/<member_id>/offers",
    summary="The offers that are for the member now, those curated for them first",
    tags=["offers"],
    responses={**http.PROBLEMS, 200: http.returns("A page", MemberOfferPage)},
)
def get_member_offers(member_id: Key, limit: PageLimit = 50, cursor: Cursor = None) -> Response:
    http.caller(app).require(*_TILLS, "marketer", "crm", member_id=member_id)
    found = member_offers.list_member_offers(
        member_id, limit=limit, cursor=cursor, **offering.member_offer_ports()
    )
    return http.answer(HTTPStatus.OK, found)


@app.post(
    "/v1/members/<member_id>/offers/<offer_id>/activation",
    summary="Activate the offer: it stays the member's until it is over",
    tags=["offers"],
    responses=_OF_MEMBER,
)
def post_activation(member_id: Key, offer_id: Key) -> Response:
    http.caller(app).require(*_TILLS, member_id=member_id)
    offer = member_offers.activate_offer(member_id, offer_id, **offering.offer_use_ports())
    return http.answer(HTTPStatus.OK, offer)


@app.delete(
    "/v1/members/<member_id>/offers/<offer_id>/activation",
    summary="Take the activation back",
    tags=["offers"],
    responses=_OF_MEMBER,
)
def delete_activation(member_id: Key, offer_id: Key) -> Response:
    http.caller(app).require(*_TILLS, member_id=member_id)
    offer = member_offers.deactivate_offer(member_id, offer_id, **offering.offer_use_ports())
    return http.answer(HTTPStatus.OK, offer)


def _created(is_new: bool) -> HTTPStatus:
    return HTTPStatus.CREATED if is_new else HTTPStatus.OK


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event)
