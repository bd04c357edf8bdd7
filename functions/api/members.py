"""Members over HTTP: enrolment, profile, consents, ledger, orders, journey."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from loyalty.contracts.members import (
    ConsentsRequest,
    EmailRequest,
    EnrolmentRequest,
    JourneyPage,
    LedgerPage,
    LookupRequest,
    MemberView,
    OrderPage,
    PreferencesRequest,
    ProfileRequest,
)
from loyalty.contracts.values import Cursor, Key, PageLimit
from loyalty.runtime import composition, http, messaging, portal
from loyalty.runtime.auth import Principal
from loyalty.runtime.observability import instrumented
from loyalty.runtime.routing import Response
from loyalty.services import members
from loyalty.services.change_profile import change_profile, confirm_email
from loyalty.services.consents import change_consents
from loyalty.services.enrol_member import enrol_member
from loyalty.services.export_member import export_member
from loyalty.services.preferences import record_preferences

app = http.Api()
_TILLS = ("pos", "shop", "erp", "service", "manager", "admin")
_READERS = ("pos", "shop", "crm", "service", "marketer", "manager", "finance", "admin")


@app.post(
    "/v1/members",
    summary="Enrol a customer at the till or by sign-up",
    tags=["members"],
    responses={
        **http.PROBLEMS,
        201: http.returns("Enrolled", MemberView),
        200: http.returns("Was a member already", MemberView),
    },
)
def post_member(enrolment: EnrolmentRequest) -> Response:
    http.caller(app).require(*_TILLS)
    outcome = enrol_member(enrolment.to_domain(), **composition.enrolment_ports())
    return http.answer(HTTPStatus.CREATED if outcome.created else HTTPStatus.OK, outcome.member)


@app.post(
    "/v1/members/lookups",
    summary="Find a member by an identity, which stays out of URLs and logs",
    tags=["members"],
    responses={**http.PROBLEMS, 200: http.returns("The profile", MemberView)},
)
def post_lookup(lookup: LookupRequest) -> Response:
    http.caller(app).require(*_READERS, "erp")
    return http.answer(
        HTTPStatus.OK, members.look_up(lookup.to_domain(), **messaging.profile_ports())
    )


@app.get(
    "/v1/members/<member_id>",
    summary="The profile with balances and Elite status",
    tags=["members"],
    responses={**http.PROBLEMS, 200: http.returns("The profile", MemberView)},
)
def get_member(member_id: Key) -> Response:
    caller = http.caller(app)
    caller.require(*_READERS, member_id=member_id)
    return http.answer(HTTPStatus.OK, _profile_for(caller, member_id))


@app.patch(
    "/v1/members/<member_id>",
    summary="Change name or address; what is absent stays, null takes away",
    tags=["members"],
    responses={**http.PROBLEMS, 200: http.returns("The profile", MemberView)},
)
def patch_member(member_id: Key, change: ProfileRequest) -> Response:
    caller = http.caller(app)
    caller.require("service", "crm", "shop", "manager", "admin", member_id=member_id)
    change_profile(member_id, change.model_dump(exclude_unset=True), **composition.history_ports())
    return http.answer(HTTPStatus.OK, _profile_for(caller, member_id))


@app.put(
    "/v1/members/<member_id>/email",
    summary="Note that an address is the member's: mail and sign-in links go there",
    tags=["members"],
    responses={**http.PROBLEMS, 200: http.returns("The profile", MemberView)},
)
def put_email(member_id: Key, confirmed: EmailRequest) -> Response:
    caller = http.caller(app)
    caller.require("service", "manager", "admin")
    confirm_email(member_id, confirmed.email, **composition.history_ports())
    return http.answer(HTTPStatus.OK, _profile_for(caller, member_id))


@app.put(
    "/v1/members/<member_id>/consents",
    summary="Record consents or opt-outs per channel; an opt-out holds at once",
    tags=["members"],
    responses={**http.PROBLEMS, 200: http.returns("The profile", MemberView)},
)
def put_consents(member_id: Key, consents: ConsentsRequest) -> Response:
    caller = http.caller(app)
    caller.require("service", "crm", "admin", member_id=member_id)
    said = consents.to_domain(composition.clock().now())
    change_consents(member_id, said, **composition.consent_ports())
    return http.answer(HTTPStatus.OK, _profile_for(caller, member_id))


@app.put(
    "/v1/members/<member_id>/preferences",
    summary="Switch service messages on or off; what is absent stays as it is",
    tags=["members"],
    responses={**http.PROBLEMS, 200: http.returns("The profile", MemberView)},
)
def put_preferences(member_id: Key, preferences: PreferencesRequest) -> Response:
    caller = http.caller(app)
    caller.require("service", "crm", "admin", member_id=member_id)
    record_preferences(member_id, preferences.to_domain(), **composition.member_ports())
    return http.answer(HTTPStatus.OK, _profile_for(caller, member_id))


@app.get(
    "/v1/members/<member_id>/ledger",
    summary="The points ledger, newest entry first",
    tags=["members"],
    responses={**http.PROBLEMS, 200: http.returns("A page", LedgerPage)},
)
def get_ledger(member_id: Key, limit: PageLimit = 50, cursor: Cursor = None) -> Response:
    http.caller(app).require(*_READERS, member_id=member_id)
    found = members.ledger(member_id, limit=limit, cursor=cursor, **composition.history_ports())
    return http.answer(HTTPStatus.OK, found)


@app.get(
    "/v1/members/<member_id>/orders",
    summary="Accepted orders, newest first",
    tags=["members"],
    responses={**http.PROBLEMS, 200: http.returns("A page", OrderPage)},
)
def get_orders(member_id: Key, limit: PageLimit = 50, cursor: Cursor = None) -> Response:
    http.caller(app).require(*_READERS, member_id=member_id)
    found = members.orders(member_id, limit=limit, cursor=cursor, **composition.history_ports())
    return http.answer(HTTPStatus.OK, found)


@app.get(
    "/v1/members/<member_id>/journey",
    summary="What happened to the customer and why, newest first; for staff",
    tags=["members"],
    responses={**http.PROBLEMS, 200: http.returns("A page", JourneyPage)},
)
def get_journey(member_id: Key, limit: PageLimit = 50, cursor: Cursor = None) -> Response:
    http.caller(app).require(*_READERS)
    found = members.journey(member_id, limit=limit, cursor=cursor, **composition.history_ports())
    return http.answer(HTTPStatus.OK, found)


@app.get(
    "/v1/members/<member_id>/export",
    summary="All that is kept of a member, with the reasons for what was decided",
    tags=["members"],
    responses={
        **http.PROBLEMS,
        200: {
            "description": "Profile, points, orders, returns, vouchers, messages, tasks, journey"
        },
    },
)
def get_export(member_id: Key) -> Response:
    http.caller(app).require("privacy", "admin", member_id=member_id)
    return http.answer(HTTPStatus.OK, export_member(member_id, **portal.export_ports()))


def _profile_for(caller: Principal, member_id: str) -> MemberView:
    view = members.profile(member_id, **messaging.profile_ports())
    if caller.is_staff_or_machine:
        return view
    # Who knows their group, the hold-out above all, behaves as its member.
    return view.model_copy(update={"variant": None})


@instrumented
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return app.resolve(event)
