"""A file of orders, from its arrival to the report."""

from __future__ import annotations

import json
from typing import Any

import pytest

import order_import.import_chunk
import order_import.plan_import
import order_import.start_import
import order_import.summarize_import
from loyalty.contracts.values import iso
from loyalty.domain.errors import ImportFileInvalid
from loyalty.runtime import composition
from tests.support.examples import NOW
from tests.support.moto_app import MotoApp, lambda_context

KEY = "orders/may.jsonl"
IMPORT_ID = "i-may"


def an_order(order_id: str, **more: object) -> dict[str, object]:
    data = {
        "source": "pos",
        "order_id": order_id,
        "occurred_at": iso(NOW),
        "customer": {"card": "4711"},
        "total": {"amount_minor": 1_000, "currency": "EUR"},
        "lines": [{"sku": "milk", "quantity": 2, "amount_minor": 1_000}],
    }
    return {"type": "OrderFulfilled", "data": data | more}


def a_return(order_id: str) -> dict[str, object]:
    data = {
        "source": "pos",
        "order_id": order_id,
        "return_id": "R-1",
        "occurred_at": iso(NOW),
        "lines": [{"sku": "milk", "quantity": 1}],
    }
    return {"type": "GoodsReturned", "data": data}


def upload(app: MotoApp, *lines: object) -> None:
    body = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    app.client("s3").put_object(Bucket=app.bucket, Key=KEY, Body=body.encode())


def run_import(app: MotoApp) -> dict[str, Any]:
    """Do what the state machine does."""
    task = {"import_id": IMPORT_ID, "bucket": app.bucket, "key": KEY, "historic": False}
    order_import.plan_import.handler(task, lambda_context())
    manifest = app.client("s3").get_object(
        Bucket=app.bucket, Key=f"imports/{IMPORT_ID}/manifest.json"
    )
    for chunk in json.loads(manifest["Body"].read()):
        order_import.import_chunk.handler(task | chunk, lambda_context())
    closing = {"import_id": IMPORT_ID, "failed_chunks": []}
    return order_import.summarize_import.handler(closing, lambda_context())


def test_an_import_run_twice_counts_once(app: MotoApp) -> None:
    upload(app, a_return("O-1"), an_order("O-1"), an_order("O-2"), an_order("O-1"), "{broken")
    first = run_import(app)
    assert {name: first[name] for name in ("accepted", "duplicates", "waiting", "rejected")} == {
        "accepted": 2,
        "duplicates": 1,
        "waiting": 1,
        "rejected": 1,
    }
    again = run_import(app)
    assert (again["accepted"], again["rejected"], again["state"]) == (0, 1, "finished")
    (member_id,) = {
        item["member_id"]["S"]
        for item in app.items(app.members_table)
        if item["item_type"]["S"] == "profile"
    }
    member = composition.member_store().member(member_id)
    assert member is not None
    assert member.lifetime_spend_minor == 1_500


def test_rejected_lines_are_told_without_their_data(app: MotoApp) -> None:
    upload(app, an_order("O-1", customer={"email": "ada@example"}, total={"amount_minor": -1}))
    summary = run_import(app)
    (report,) = summary["rejected_reports"]
    body = app.client("s3").get_object(Bucket=app.bucket, Key=report)["Body"].read().decode()
    assert json.loads(body)["line"] == 1
    assert "ada" not in body


def test_a_file_that_is_not_text_is_refused(app: MotoApp) -> None:
    app.client("s3").put_object(Bucket=app.bucket, Key=KEY, Body=b"\xff\xfe\x00")
    task = {"import_id": IMPORT_ID, "bucket": app.bucket, "key": KEY, "historic": False}
    with pytest.raises(ImportFileInvalid):
        order_import.plan_import.handler(task, lambda_context())


def test_an_arrival_that_is_told_twice_starts_one_import(
    app: MotoApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[str, str]] = []
    executions = composition.executions()
    monkeypatch.setattr(
        executions, "start", lambda machine, name, _payload: started.append((machine, name))
    )
    arrival = {
        "detail-type": "Object Created",
        "detail": {
            "bucket": {"name": app.bucket},
            "object": {"key": KEY, "etag": "0123456789abcdef"},
        },
    }
    for _ in range(2):
        order_import.start_import.handler(arrival, lambda_context())
    ((machine, name),) = started
    assert machine == "order_import"
    assert name.endswith("-0123456789ab")
