"""Vouchers by HTTP: issued, validated, reserved, redeemed, rolled back, cancelled, expired."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

import schedules.remove_expired_vouchers
import streams.publish_events
from loyalty.contracts.values import iso
from loyalty.domain.voucher_codes import ALPHABET, read
from loyalty.runtime import composition
from tests.functions.test_publish_events import stream_of
from tests.support.counting import counting_requests
from tests.support.examples import NOW
from tests.support.http import Answer, call, is_problem
from tests.support.journey_fakes import FakeBus
from tests.support.moto_app import MotoApp, lambda_context

EXPIRES_AT = NOW + timedelta(days=30)
Json = dict[str, Any]


def euros(amount_minor: int) -> Json:
    return {"amount_minor": amount_minor, "currency": "EUR"}


def a_voucher(voucher_id: str = "V-1", **more: Any) -> Json:
    """Return the request for a voucher of 10.00 EUR, unless it says otherwise."""
    asked: Json = {"voucher_id": voucher_id, "expires_at": iso(EXPIRES_AT)} | more
    return asked if "kind" in asked else asked | {"kind": "amount", "amount": euros(1_000)}


def issue(request: Json | None = None, roles: str = "service", **who: str) -> Answer:
    return call("vouchers", "POST", "/v1/vouchers", request or a_voucher(), roles=roles, **who)


def code_of(request: Json | None = None) -> str:
    answer = issue(request)
    assert answer.status == 201, answer.text
    return str(answer.body["code"])


def use(code: str, action: str, redemption_id: str = "R-1", **more: Any) -> Answer:
    """Ask for a reservation, a redemption or a roll-back."""
    body = {"redemption_id": redemption_id, "order_id": "O-1"} | more
    return call("vouchers", "POST", f"/v1/vouchers/{code}/{action}", body)


def get(code: str) -> Answer:
    return call("vouchers", "GET", f"/v1/vouchers/{code}")


def validate(code: str, order: Mapping[str, Any]) -> Json:
    answer = call("vouchers", "POST", f"/v1/vouchers/{code}/validate", {"order": order})
    assert answer.status == 200, answer.text
    found: Json = answer.body
    return found


def cancel(code: str) -> Answer:
    path = f"/v1/vouchers/{code}/cancellations"
    return call("vouchers", "POST", path, {"reason": "goodwill withdrawn"}, roles="manager")


def a_member(email: str = "ada@example.com") -> str:
    answer = call("members", "POST", "/v1/members", {"email": email})
    return str(answer.body["member_id"])


def test_a_voucher_is_issued_once_per_id(app: MotoApp) -> None:
    first = issue()
    assert first.status == 201
    assert (first.body["state"], first.body["remaining"]) == ("issued", euros(1_000))
    assert read(first.body["code"]) is not None
    app.set_clock(NOW + timedelta(hours=1))
    again = issue()
    assert (again.status, again.body) == (200, first.body)
    is_problem(issue(a_voucher(amount=euros(1_001), kind="amount")), 409, "voucher_conflict")
    is_problem(issue(a_voucher(expires_at=iso(NOW + timedelta(days=9)))), 409, "voucher_conflict")


def test_a_code_is_understood_however_it_is_typed(app: MotoApp) -> None:
    code = code_of()
    for typed in (code, code.replace("-", ""), code.lower(), code.replace("-", "%20").lower()):
        answer = get(typed.replace("%20", " "))
        assert (answer.status, answer.body["code"]) == (200, code)


def test_a_mistyped_code_is_refused_without_a_read(app: MotoApp) -> None:
    code = code_of()
    first, second = code[0], code[1]
    other = ALPHABET[(ALPHABET.index(first) + 1) % 32]
    typos = [other + code[1:], *([second + first + code[2:]] if first != second else [])]
    for typed in [*typos, code[:-1], "nonsense", "U" * 18]:
        with counting_requests() as requests:
            is_problem(get(typed), 404, "voucher_not_found")
            is_problem(use(typed, "redemptions"), 404, "voucher_not_found")
            is_problem(cancel(typed), 404, "voucher_not_found")
        assert requests.total == 0


def test_an_amount_is_redeemed_in_parts(app: MotoApp) -> None:
    code = code_of()
    first = use(code, "redemptions", "R-1", amount_minor=400)
    assert first.status == 201
    assert (first.body["state"], first.body["remaining"]) == ("issued", euros(600))
    again = use(code, "redemptions", "R-1", amount_minor=400)
    assert (again.status, again.body) == (200, first.body)
    is_problem(use(code, "redemptions", "R-1", amount_minor=1), 409, "redemption_conflict")
    is_problem(use(code, "redemptions", "R-2", amount_minor=601), 409, "voucher_amount_exceeded")
    last = use(code, "redemptions", "R-2")
    assert (last.status, last.body["state"]) == (201, "redeemed")
    assert (last.body["amount"], last.body["remaining"]) == (euros(600), euros(0))
    is_problem(use(code, "redemptions", "R-3"), 409, "voucher_already_redeemed")


def test_a_reservation_keeps_others_away_until_its_time_out(app: MotoApp) -> None:
    code = code_of()
    kept = use(code, "reservations", "R-1")
    assert (kept.status, kept.body["state"]) == (201, "reserved")
    assert kept.body["reserved_until"] == iso(NOW + timedelta(minutes=30))
    assert use(code, "reservations", "R-1").status == 200
    is_problem(use(code, "reservations", "R-2"), 409, "voucher_reserved")
    is_problem(use(code, "redemptions", "R-2"), 409, "voucher_reserved")
    is_problem(cancel(code), 409, "voucher_reserved")
    app.set_clock(NOW + timedelta(minutes=30) - timedelta(microseconds=1))
    is_problem(use(code, "redemptions", "R-2"), 409, "voucher_reserved")
    app.set_clock(NOW + timedelta(minutes=30))
    assert get(code).body["state"] == "issued"
    assert use(code, "redemptions", "R-2").status == 201
    is_problem(use(code, "redemptions", "R-1"), 409, "voucher_already_redeemed")


def test_a_roll_back_undoes_a_redemption_and_uses_up_its_id(app: MotoApp) -> None:
    code = code_of()
    use(code, "redemptions", "R-1")
    undone = use(code, "rollbacks", "R-1")
    assert (undone.status, undone.body["state"], undone.body["remaining"]) == (
        201,
        "issued",
        euros(1_000),
    )
    assert use(code, "rollbacks", "R-1").status == 200
    is_problem(use(code, "redemptions", "R-1"), 409, "redemption_rolled_back")
    is_problem(use(code, "rollbacks", "R-9"), 404, "redemption_not_found")
    assert use(code, "redemptions", "R-2").status == 201
    other = use(code, "rollbacks", "R-2", order_id="O-2")
    is_problem(other, 409, "redemption_conflict")
    part = use(code, "rollbacks", "R-2", amount_minor=1)
    is_problem(part, 409, "redemption_conflict")
    assert use(code, "rollbacks", "R-2", amount_minor=1_000).status == 201


def test_what_is_rolled_back_after_its_period_is_counted_as_expired(app: MotoApp) -> None:
    code = code_of()
    use(code, "redemptions", "R-1")
    app.set_clock(EXPIRES_AT + timedelta(days=3))
    undone = use(code, "rollbacks", "R-1")
    assert (undone.status, undone.body["state"]) == (201, "expired")
    assert use(code, "rollbacks", "R-1").status == 200
    clear = schedules.remove_expired_vouchers.handler
    assert clear({}, lambda_context()) == {"expired": 0, "more": False}
    items = app.items("VouchersTable")
    events = [item["event"]["S"] for item in items if item["item_type"]["S"] == "voucher_fact"]
    assert events.count("VoucherExpired") == 1


def test_who_has_reserved_it_may_end_it(app: MotoApp) -> None:
    code = code_of()
    use(code, "reservations", "R-1")
    path = f"/v1/vouchers/{code}/cancellations"
    for redemption_id, status in (("R-2", 409), ("R-1", 200)):
        body = {"redemption_id": redemption_id, "order_id": "O-1"}
        assert call("vouchers", "POST", path, body, roles="manager").status == status
    assert get(code).body["state"] == "cancelled"


def test_it_expires_at_its_very_instant_and_the_job_clears_it_away(app: MotoApp) -> None:
    code, other = code_of(), code_of(a_voucher("V-2", expires_at=iso(NOW + timedelta(days=31))))
    app.set_clock(EXPIRES_AT - timedelta(microseconds=1))
    assert get(code).body["state"] == "issued"
    app.set_clock(EXPIRES_AT)
    assert get(code).body["state"] == "expired"
    is_problem(use(code, "redemptions"), 409, "voucher_expired")
    clear = schedules.remove_expired_vouchers.handler
    assert clear({}, lambda_context()) == {"expired": 1, "more": False}
    assert clear({}, lambda_context()) == {"expired": 0, "more": False}
    assert get(code).body["state"] == "expired"
    assert get(other).body["state"] == "issued"
    facts = [
        item for item in app.items("VouchersTable") if item["item_type"]["S"] == "voucher_fact"
    ]
    assert sorted(fact["event"]["S"] for fact in facts) == [
        "VoucherExpired",
        "VoucherIssued",
        "VoucherIssued",
    ]


def test_cancelled_is_cancelled(app: MotoApp) -> None:
    code = code_of()
    assert cancel(code).body["state"] == "cancelled"
    assert cancel(code).status == 200
    is_problem(use(code, "redemptions"), 409, "voucher_cancelled")
    used = code_of(a_voucher("V-2"))
    use(used, "redemptions", "R-1")
    is_problem(cancel(used), 409, "voucher_already_redeemed")


@pytest.mark.parametrize(
    ("voucher", "order", "reason", "discount"),
    [
        ({}, {}, None, 1_000),
        ({"kind": "percent", "percent": 10}, {}, None, 300),
        ({"minimum_order": euros(3_000)}, {}, None, 1_000),
        ({"minimum_order": euros(3_001)}, {}, "minimum_order_not_met", 0),
        ({"categories": ["dairy"]}, {}, None, 1_000),
        ({"categories": ["toys"]}, {}, "no_eligible_goods", 0),
        ({"stores": ["berlin"]}, {"store_id": "berlin"}, None, 1_000),
        ({"stores": ["berlin"]}, {"store_id": "hamburg"}, "store_not_included", 0),
        ({"kind": "product", "sku": "milk"}, {}, None, 1_000),
        ({"kind": "gift", "sku": "mug"}, {}, None, 0),
        (
            {"valid_from": iso(NOW + timedelta(seconds=1))},
            {},
            "voucher_not_yet_valid",
            0,
        ),
    ],
)
def test_validation_tells_what_it_is_worth_and_changes_nothing(
    app: MotoApp, voucher: Json, order: Json, reason: str | None, discount: int
) -> None:
    code = code_of(a_voucher(**voucher))
    before = app.items("VouchersTable")
    lines = [
        {"sku": "milk", "quantity": 1, "amount_minor": 1_000, "category": "dairy"},
        {"sku": "wine", "quantity": 1, "amount_minor": 2_000, "category": "drinks"},
    ]
    found = validate(code, {"total": euros(3_000), "lines": lines} | order)
    assert found == {"valid": reason is None, "reason": reason, "discount": euros(discount)}
    assert app.items("VouchersTable") == before


def test_a_batch_gives_every_member_one_voucher_once(app: MotoApp) -> None:
    members = [f"m-{number}" for number in range(40)]
    batch = {
        "batch_id": "spring",
        "kind": "percent",
        "percent": 10,
        "expires_at": iso(EXPIRES_AT),
        "member_ids": members,
    }
    answer = call("vouchers", "POST", "/v1/vouchers/batches", batch, roles="marketer")
    assert answer.status == 201
    assert len(set(answer.body["codes"])) == answer.body["count"] == 40
    before = app.items("VouchersTable")
    app.set_clock(NOW + timedelta(hours=1))
    again = call("vouchers", "POST", "/v1/vouchers/batches", batch, roles="marketer")
    assert again.body == answer.body
    assert app.items("VouchersTable") == before
    assert get(answer.body["codes"][39]).body["member_id"] == "m-39"
    other = batch | {"percent": 11}
    refused = call("vouchers", "POST", "/v1/vouchers/batches", other, roles="marketer")
    is_problem(refused, 409, "voucher_conflict")


def test_a_member_uses_a_batch_no_more_than_its_limit(app: MotoApp) -> None:
    batch = {
        "batch_id": "flyer",
        "kind": "percent",
        "percent": 10,
        "expires_at": iso(EXPIRES_AT),
        "count": 3,
        "per_member_limit": 1,
    }
    answer = call("vouchers", "POST", "/v1/vouchers/batches", batch, roles="marketer")
    first, second, third = answer.body["codes"]
    is_problem(use(first, "redemptions"), 409, "voucher_member_needed")
    assert use(first, "redemptions", member_id="ada").status == 201
    is_problem(use(second, "redemptions", member_id="ada"), 409, "voucher_limit_reached")
    assert use(second, "redemptions", member_id="bob").status == 201
    assert use(first, "rollbacks").status == 201
    assert use(third, "redemptions", member_id="ada").status == 201


def test_nobody_gives_themselves_a_voucher(app: MotoApp) -> None:
    ada = a_member()
    is_problem(issue(a_voucher(member_id=ada), member_id=ada), 403, "own_account")
    is_problem(issue(a_voucher(member_id="m-nobody")), 404, "member_not_found")


BAD_VOUCHERS: dict[str, Json] = {
    "no expiry": {"expires_at": None},
    "an amount for a percentage": {"kind": "percent", "amount": euros(100)},
    "a percentage for an amount": {"kind": "amount", "percent": 10},
    "both": {"kind": "percent", "percent": 10, "amount": euros(100)},
    "0 %": {"kind": "percent", "percent": 0},
    "101 %": {"kind": "percent", "percent": 101},
    "10.5 %": {"kind": "percent", "percent": 10.5},
    "an amount of nothing": {"kind": "amount", "amount": euros(0)},
    "an amount below zero": {"kind": "amount", "amount": euros(-1)},
    "a product of no name": {"kind": "product"},
    "two currencies": {"minimum_order": {"amount_minor": 1, "currency": "USD"}},
    "an end before its beginning": {"valid_from": iso(EXPIRES_AT)},
    "an unknown kind": {"kind": "bribe"},
    "an unknown field": {"colour": "gold"},
    "an id with a slash": {"voucher_id": "a/b"},
    "an id with our separator": {"voucher_id": "a#b"},
    "no id": {"voucher_id": None},
}


@pytest.mark.parametrize("name", BAD_VOUCHERS)
def test_a_bad_voucher_is_a_problem_and_writes_nothing(app: MotoApp, name: str) -> None:
    is_problem(issue(a_voucher(**BAD_VOUCHERS[name])), 422, "invalid_request")
    assert app.items("VouchersTable") == []


def test_a_voucher_that_is_over_is_not_issued(app: MotoApp) -> None:
    is_problem(issue(a_voucher(expires_at=iso(NOW))), 422, "voucher_invalid")
    assert app.items("VouchersTable") == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"redemption_id": "R-1"},
        {"redemption_id": "R-1", "order_id": "O-1", "amount_minor": 0},
        {"redemption_id": "R-1", "order_id": "O-1", "amount_minor": -1},
        {"redemption_id": "R-1", "order_id": "O-1", "amount_minor": 1.5},
        {"redemption_id": "R-1", "order_id": "O-1", "amount_minor": "1"},
        {"redemption_id": "R/1", "order_id": "O-1"},
        {"redemption_id": "R-1", "order_id": "O-1", "surprise": 1},
    ],
)
def test_a_bad_use_is_a_problem_and_writes_nothing(app: MotoApp, body: Json) -> None:
    code = code_of()
    before = app.items("VouchersTable")
    for action in ("reservations", "redemptions"):
        answer = call("vouchers", "POST", f"/v1/vouchers/{code}/{action}", body)
        is_problem(answer, 422, "invalid_request")
    assert app.items("VouchersTable") == before


def test_every_step_publishes_its_event_and_no_event_has_the_code(
    app: MotoApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = FakeBus()
    monkeypatch.setattr(composition, "event_bus", lambda: bus)
    code = code_of()
    use(code, "reservations", "R-1", amount_minor=300)
    use(code, "redemptions", "R-1")
    use(code, "rollbacks", "R-1")
    cancel(code)
    facts = [
        item for item in app.items("VouchersTable") if item["item_type"]["S"] == "voucher_fact"
    ]
    facts.sort(key=lambda item: item["sk"]["S"])
    answer = streams.publish_events.handler(stream_of(facts), lambda_context())
    assert answer == {"batchItemFailures": []}
    assert [event["detail_type"] for event in bus.events] == [
        "VoucherIssued",
        "VoucherReserved",
        "VoucherRedeemed",
        "VoucherRolledBack",
        "VoucherCancelled",
    ]
    assert code not in str(bus.events)
    assert str(read(code)) not in str(bus.events)


def test_a_use_takes_two_requests_and_a_repeat_one(app: MotoApp) -> None:
    code = code_of()
    with counting_requests() as first:
        assert use(code, "redemptions").status == 201
    assert first.operations == ["BatchGetItem", "TransactWriteItems"]
    with counting_requests() as again:
        assert use(code, "redemptions").status == 200
    assert again.operations == ["BatchGetItem"]
