"""Every route of the API, asked by every role: who may, and who may not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.identity import MACHINE_ROLES, STAFF_ROLES
from tests.support.ministack import ROOT
from tests.support.program import Json, Program

pytestmark = pytest.mark.system

OPENAPI = json.loads((ROOT / "layers/loyalty/loyalty/contracts/openapi.json").read_text())
METHODS = {"get", "put", "post", "patch", "delete"}

NOBODY = "no-such-member"
OWN = f"member:{NOBODY}"
ANOTHER = "member:somebody-else"
ROLES = (*STAFF_ROLES, *MACHINE_ROLES, OWN, ANOTHER)

TILLS = {"pos", "shop", "erp", "service", "manager", "admin"}
READERS = {"pos", "shop", "crm", "service", "marketer", "manager", "finance", "admin"}
STAFF = set(STAFF_ROLES)
# Each of them decides on some kinds of tasks only; tests/functions/test_tasks_api.py has which.
TASK_STAFF = {"service", "manager", "warehouse", "admin"}
EVERYBODY = None  # without a token too

ORDER: Json = {
    "source": "shop",
    "order_id": "of-the-role-matrix",
    "occurred_at": "2017-03-01T12:00:00Z",
    "customer": {"email": "roles@example.com"},
    "total": {"amount_minor": 100, "currency": "EUR"},
}
# Well formed, and refused or harmless for who may: routes are asked by many.
UPDATE: Json = {"based_on_version": 999_999, "definition": {}}
RETURN: Json = {
    "return_id": "r",
    "occurred_at": "2017-03-01T12:00:00Z",
    "amount": {"amount_minor": 0, "currency": "EUR"},
}
# A voucher that would be over already.
VOUCHER: Json = {"kind": "percent", "percent": 10, "expires_at": "2017-01-01T00:00:00Z"}
USE: Json = {"redemption_id": "r", "order_id": "o"}
BASKET: Json = {"order": {"total": {"amount_minor": 100, "currency": "EUR"}}}
REWARD: Json = {"reward_id": "r", "name": "Mug", "kind": "product", "points": 1, "tiers": ["none"]}
# An offer that would be over before it begins.
OFFER: Json = {
    "offer_id": "o",
    "name": "Coffee",
    "kind": "access",
    "valid_from": "2017-01-02T00:00:00Z",
    "expires_at": "2017-01-01T00:00:00Z",
}
OFFER_USE: Json = {"use_id": "u", "member_id": NOBODY, "occurred_at": "2017-03-01T12:00:00Z"}
ISSUERS = {"service", "marketer", "manager", "admin"}
KEEPERS = {"marketer", "manager", "admin"}
REPORT_READERS = {"finance", "manager", "marketer", "admin"}
# Of a month that is not over nothing is evaluated or closed.
OPEN_MONTH = "2199-11"
MATRIX: dict[tuple[str, str], tuple[set[str] | None, Any]] = {
    ("GET", "/v1/health"): (EVERYBODY, None),
    ("GET", "/v1/invitations/{token}"): (EVERYBODY, None),
    ("POST", "/v1/invitations/{token}/accept"): (EVERYBODY, None),
    ("POST", "/v1/invitations/{token}/decline"): (EVERYBODY, None),
    ("GET", "/v1/unsubscribe/{token}"): (EVERYBODY, None),
    ("POST", "/v1/unsubscribe/{token}"): (EVERYBODY, None),
    ("POST", "/v1/orders"): (TILLS, ORDER),
    ("POST", "/v1/orders/{source}/{order_id}/returns"): (TILLS, RETURN),
    ("POST", "/v1/points/quotes"): (TILLS, ORDER),
    ("POST", "/v1/members"): (TILLS, {"email": "roles@example.com"}),
    ("POST", "/v1/members/lookups"): (READERS | {"erp"}, {"email": "roles@example.com"}),
    ("GET", "/v1/members/{member_id}"): (READERS | {OWN}, None),
    ("PATCH", "/v1/members/{member_id}"): (
        {"service", "crm", "shop", "manager", "admin", OWN},
        {"address": "1 High Street"},
    ),
    ("GET", "/v1/members/{member_id}/ledger"): (READERS | {OWN}, None),
    ("GET", "/v1/members/{member_id}/orders"): (READERS | {OWN}, None),
    ("GET", "/v1/members/{member_id}/journey"): (READERS, None),
    ("GET", "/v1/members/{member_id}/export"): ({"privacy", "admin", OWN}, None),
    ("PUT", "/v1/members/{member_id}/consents"): ({"service", "crm", "admin", OWN}, {}),
    ("PUT", "/v1/members/{member_id}/email"): (
        {"service", "manager", "admin"},
        {"email": "roles@example.com"},
    ),
    ("PUT", "/v1/members/{member_id}/preferences"): ({"service", "crm", "admin", OWN}, {}),
    ("POST", "/v1/members/{member_id}/adjustments"): (
        {"service", "manager", "admin"},
        {"adjustment_id": "a", "points": 1, "reason": "a gesture"},
    ),
    ("POST", "/v1/members/{member_id}/transfers"): (
        {"service", "manager", "admin", OWN},
        {"transfer_id": "t", "to_member_id": "m-2", "points": 1},
    ),
    ("POST", "/v1/members/{member_id}/actions"): (
        {"shop", "crm", "service", "manager", "admin"},
        {"action_id": "a", "action": "review", "occurred_at": "2017-01-01T00:00:00Z"},
    ),
    ("POST", "/v1/members/{member_id}/merges"): (
        {"service", "manager", "admin"},
        {"merge_id": "m", "other_member_id": "m-2"},
    ),
    ("POST", "/v1/members/{member_id}/merges/{merge_id}/undo"): (
        {"service", "manager", "admin"},
        None,
    ),
    ("POST", "/v1/members/{member_id}/redemptions"): (
        TILLS | {OWN},
        {"redemption_id": "r", "reward_id": "no-such-reward"},
    ),
    ("POST", "/v1/members/{member_id}/redemptions/{redemption_id}/reversal"): (TILLS, None),
    ("GET", "/v1/members/{member_id}/vouchers"): (TILLS | {OWN}, None),
    ("POST", "/v1/vouchers"): (ISSUERS, VOUCHER | {"voucher_id": "v"}),
    ("POST", "/v1/vouchers/batches"): (KEEPERS, VOUCHER | {"batch_id": "b", "count": 1}),
    ("GET", "/v1/vouchers/{code}"): (TILLS | {"marketer"}, None),
    ("POST", "/v1/vouchers/{code}/validate"): (TILLS, BASKET),
    ("POST", "/v1/vouchers/{code}/reservations"): (TILLS, USE),
    ("POST", "/v1/vouchers/{code}/redemptions"): (TILLS, USE),
    ("POST", "/v1/vouchers/{code}/rollbacks"): (TILLS, USE),
    ("POST", "/v1/vouchers/{code}/cancellations"): ({"service", "manager", "admin"}, {}),
    ("POST", "/v1/rewards"): (KEEPERS, REWARD),
    ("GET", "/v1/rewards"): (set(ROLES), None),
    ("GET", "/v1/rewards/{reward_id}"): (set(ROLES), None),
    ("PATCH", "/v1/rewards/{reward_id}"): (KEEPERS, {"points": 1}),
    ("DELETE", "/v1/rewards/{reward_id}"): (KEEPERS, None),
    ("POST", "/v1/offers"): (KEEPERS, OFFER),
    ("GET", "/v1/offers"): (STAFF | set(MACHINE_ROLES), None),
    ("GET", "/v1/offers/{offer_id}"): (STAFF | set(MACHINE_ROLES), None),
    ("PATCH", "/v1/offers/{offer_id}"): (KEEPERS, {"name": "Tea"}),
    ("DELETE", "/v1/offers/{offer_id}"): (KEEPERS, None),
    ("POST", "/v1/offers/{offer_id}/uses"): (TILLS | {OWN}, OFFER_USE),
    ("POST", "/v1/offers/{offer_id}/uses/{use_id}/reversal"): (TILLS, None),
    ("GET", "/v1/members/{member_id}/offers"): (TILLS | {"marketer", "crm", OWN}, None),
    ("POST", "/v1/members/{member_id}/offers/{offer_id}/activation"): (TILLS | {OWN}, None),
    ("DELETE", "/v1/members/{member_id}/offers/{offer_id}/activation"): (TILLS | {OWN}, None),
    ("GET", "/v1/tasks"): (TASK_STAFF, None),
    ("GET", "/v1/tasks/{task_id}"): (TASK_STAFF, None),
    ("POST", "/v1/tasks/{task_id}/decision"): (TASK_STAFF, {"decision": "approved"}),
    ("GET", "/v1/program"): (STAFF, None),
    ("GET", "/v1/program/versions/{version}"): (STAFF, None),
    ("PUT", "/v1/program"): ({"manager", "admin"}, UPDATE),
    ("POST", "/v1/program/validate"): ({"manager", "admin"}, UPDATE),
    ("GET", "/v1/reports/ledger"): ({"finance", "manager", "admin"}, None),
    ("POST", "/v1/reports/ledger/checks"): ({"finance", "admin"}, None),
    ("GET", "/v1/reports/health"): (REPORT_READERS, None),
    ("GET", "/v1/reports/roi"): (REPORT_READERS, None),
    ("POST", "/v1/reports/months/{month}/lock"): ({"finance", "admin"}, None),
    ("POST", "/v1/reports/cycles"): ({"manager", "finance", "admin"}, {"month": OPEN_MONTH}),
    ("GET", "/v1/reports/cycles/{cycle_id}"): ({"manager", "finance", "admin"}, None),
    ("POST", "/v1/reports/engagement-reviews"): (
        {"manager", "finance", "admin"},
        {"month": OPEN_MONTH},
    ),
    ("GET", "/v1/reports/engagement-reviews/{review_id}"): (
        {"manager", "finance", "admin"},
        None,
    ),
    ("GET", "/v1/reports/funnel"): (REPORT_READERS, None),
    ("POST", "/v1/offers/refreshes"): (KEEPERS, None),
    ("POST", "/v1/members/{member_id}/evaluations"): (
        {"manager", "finance", "admin"},
        {"month": OPEN_MONTH},
    ),
    ("POST", "/v1/imports"): ({"erp", "manager", "admin"}, {"format": "jsonl"}),
    ("GET", "/v1/imports/{import_id}"): ({"erp", "manager", "admin"}, None),
}
GUARDED = {route: cell for route, cell in MATRIX.items() if cell[0] is not EVERYBODY}
OPEN = [route for route in MATRIX if route not in GUARDED]


def concrete(path: str) -> str:
    values = {"code": "no-such-code", "redemption_id": "r", "reward_id": "no-such-reward"}
    values |= {"member_id": NOBODY, "version": "0", "token": "t", "source": "shop"}
    values |= {"month": OPEN_MONTH, "cycle_id": "no-such-cycle"}
    values |= {"offer_id": "no-such-offer", "use_id": "no-such-use"}
    values |= {"review_id": "no-such-review"}
    if path in ("/v1/reports/health", "/v1/reports/roi"):
        path += "?month={month}"
    if path == "/v1/reports/funnel":
        path += "?from={month}&to={month}"
    return path.format_map(
        values
        | {
            "order_id": "no-such-order",
            "task_id": "no-such-task",
            "import_id": "no-such-import",
            "merge_id": "m",
        }
    )


def test_the_matrix_names_every_route_of_the_api() -> None:
    routes = {
        (method.upper(), path)
        for path, operations in OPENAPI["paths"].items()
        for method in operations.keys() & METHODS
    }
    assert set(MATRIX) == routes


@pytest.mark.parametrize("route", GUARDED, ids=" ".join)
def test_only_these_roles_may(program: Program, route: tuple[str, str]) -> None:
    method, path = route
    allowed, body = GUARDED[route]

    answers = {role: program.request(method, concrete(path), body, role=role) for role in ROLES}

    assert allowed is not None
    assert {role for role, answer in answers.items() if answer.status_code != 403} == allowed
    assert all(answer.status_code < 500 for answer in answers.values())
    assert all(answer.status_code != 401 for answer in answers.values())
    refusals = [answers[role].json() for role in ROLES if role not in allowed]
    assert {refusal["code"] for refusal in refusals} <= {"forbidden"}


@pytest.mark.parametrize("route", GUARDED, ids=" ".join)
def test_nobody_may_without_a_token(program: Program, route: tuple[str, str]) -> None:
    method, path = route

    answer = program.request(method, concrete(path), GUARDED[route][1], role=None)

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 401


@pytest.mark.parametrize("route", OPEN, ids=" ".join)
def test_links_and_health_need_no_token(program: Program, route: tuple[str, str]) -> None:
    method, path = route

    assert program.request(method, concrete(path), role=None).status_code in (200, 404)
