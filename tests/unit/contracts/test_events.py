"""Events: every sample ever published still parses, and the schemas are those of the contracts."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from loyalty.contracts.export import export, schemas
from loyalty.contracts.facts import event_of
from loyalty.contracts.registry import REGISTRY, UnknownEvent, model_of, parse_event
from loyalty.domain.ledger import Entry
from loyalty.domain.member import StatusChange
from loyalty.domain.orders import AcceptedOrder, AcceptedReturn, Money, OrderKey

EVENTS = Path(__file__).parents[3] / "events"
SAMPLES = sorted((EVENTS / "samples").glob("*.json"))
NOW = datetime(2017, 3, 1, 12, tzinfo=UTC)
KEY = OrderKey("shop", "1")


def sample(path: Path) -> dict[str, Any]:
    envelope: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return envelope


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_every_sample_still_parses_and_matches_its_schema(path: Path) -> None:
    envelope = sample(path)
    event = parse_event(envelope)
    assert f"{type(event).__name__}.v{event.version}" == path.stem
    schema = json.loads((EVENTS / "schemas" / path.name).read_text(encoding="utf-8"))
    jsonschema.Draft4Validator(schema).validate(envelope["detail"])


def test_every_event_has_a_sample() -> None:
    names = {f"{name}.v{version}" for _, name, version in REGISTRY}
    assert {path.stem for path in SAMPLES} >= names


def test_the_schemas_are_up_to_date() -> None:
    stored = {
        path.name: path.read_text(encoding="utf-8") for path in (EVENTS / "schemas").iterdir()
    }
    assert stored == schemas(), "run `make schemas`"


def test_schemas_are_draft_4() -> None:
    for text in schemas().values():
        jsonschema.Draft4Validator.check_schema(json.loads(text))
        assert '"$defs"' not in text
        assert '"const"' not in text


def test_a_schema_refuses_what_its_contract_refuses() -> None:
    schema = json.loads(schemas()["OrderFulfilled.v1.json"])
    detail = sample(EVENTS / "samples/OrderFulfilled.v1.json")["detail"]
    detail["data"]["total"]["amount_minor"] = -1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(schema).validate(detail)


def test_exporting_removes_schemas_of_events_that_are_gone(tmp_path: Path) -> None:
    (tmp_path / "Forgotten.v1.json").write_text("{}", encoding="utf-8")
    export(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(schemas())


def test_what_a_later_version_adds_is_ignored() -> None:
    envelope = sample(EVENTS / "samples/InviteAccepted.v1.json")
    envelope["detail"]["data"]["new_field"] = 1
    assert "new_field" not in parse_event(envelope).model_dump()["data"]


@pytest.mark.parametrize(
    ("source", "name", "version"),
    [
        ("loyalty", "Unheard", 1),
        ("loyalty", "OrderAccepted", 2),
        ("retail.shop", "PointsPosted", 1),
    ],
)
def test_an_unknown_event_is_refused(source: str, name: str, version: int) -> None:
    with pytest.raises(UnknownEvent):
        model_of(source, name, version)


def test_any_retail_system_may_send_orders() -> None:
    assert model_of("retail.pos.berlin", "OrderFulfilled", 1).__name__ == "OrderFulfilled"


ORDER = AcceptedOrder(
    key=KEY,
    member_id="m1",
    occurred_at=NOW,
    recorded_at=NOW,
    store_id=None,
    total=Money(5000, "EUR"),
    lines=(),
    eligible_minor=4500,
    points=4,
    releases_at=None,
    lot_expires_at=None,
    program_version=2,
    answer={},
)
RETURN = AcceptedReturn(
    key=KEY,
    return_id="R1",
    member_id=None,
    occurred_at=NOW,
    recorded_at=NOW,
    fingerprint="f",
    eligible_minor=100,
    points=0,
    answer={},
)
ENTRY = Entry("m1", 3, "accrual", "order/shop/1", NOW, NOW, "an order", (), 4, 7)
CROSSED = StatusChange(
    "m1",
    5,
    "ThresholdCrossed",
    NOW,
    NOW,
    "prospect",
    "prospect",
    {"source": "shop", "order_id": "1", "lifetime_spend_minor": 50_000, "variant": "standard"},
)


@pytest.mark.parametrize(
    ("fact", "name", "cause", "data"),
    [
        (ORDER, "OrderAccepted", "order/shop/1", {"points": 4, "order_id": "1", "member_id": "m1"}),
        (replace(ORDER, held=True), "OrderAccepted", "order/shop/1", {"held": True}),
        (RETURN, "ReturnAccepted", "order/shop/1", {"return_id": "R1", "member_id": None}),
        (ENTRY, "PointsPosted", "order/shop/1", {"sequence": 3, "balance_after": 7}),
        (CROSSED, "ThresholdCrossed", "order/shop/1", {"member_version": 5, "source": "shop"}),
        (
            replace(CROSSED, event="MemberEnrolled", data={}),
            "MemberEnrolled",
            "member/m1",
            {"from_status": "prospect"},
        ),
    ],
)
def test_every_fact_is_an_event(fact: Any, name: str, cause: str, data: dict[str, Any]) -> None:
    event = event_of(fact, "e1")
    assert type(event).__name__ == name
    assert event.metadata.correlation_id == cause
    assert (event.metadata.event_id, event.metadata.occurred_at) == ("e1", NOW)
    assert event.model_dump()["data"].items() >= data.items()
    again = parse_event(
        {"source": "loyalty", "detail-type": name, "detail": event.model_dump(mode="json")}
    )
    assert again == event


def test_a_fact_without_a_contract_is_refused() -> None:
    with pytest.raises(KeyError):
        event_of(replace(CROSSED, event="Unheard"), "e1")
