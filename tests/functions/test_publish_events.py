"""The stream's function: what the tables hold as facts is on the bus afterwards."""

from __future__ import annotations

from typing import Any

import pytest

import streams.publish_events
from loyalty.contracts.registry import parse_event
from loyalty.runtime import composition
from tests.support.elite_journey import sample, store_customer
from tests.support.journey_fakes import FakeBus
from tests.support.moto_app import MotoApp, lambda_context


@pytest.fixture
def bus(app: MotoApp, monkeypatch: pytest.MonkeyPatch) -> FakeBus:
    made = FakeBus()
    monkeypatch.setattr(composition, "event_bus", lambda: made)
    return made


def stream_of(items: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the batch that the table's stream makes of newly written items."""
    return {
        "Records": [
            {
                "eventName": "INSERT",
                "dynamodb": {
                    "Keys": {"pk": item["pk"], "sk": item["sk"]},
                    "NewImage": item,
                    "SequenceNumber": str(number),
                },
            }
            for number, item in enumerate(items, 1)
        ]
    }


def stored_facts(app: MotoApp) -> list[dict[str, Any]]:
    items = app.items(app.members_table)
    return [item for item in items if item["item_type"] == {"S": "status_change"}]


def test_what_was_written_is_published(app: MotoApp, bus: FakeBus) -> None:
    store_customer()
    answer = streams.publish_events.handler(stream_of(stored_facts(app)), lambda_context())
    assert answer == {"batchItemFailures": []}
    [event] = bus.events
    parsed = parse_event(
        {
            "source": event["source"],
            "detail-type": event["detail_type"],
            "detail": event["detail"],
        }
    )
    assert type(parsed).__name__ == "ThresholdCrossed"
    assert parsed.metadata.correlation_id == "order/shop/O-1001"


def test_the_sample_batch_is_published(app: MotoApp, bus: FakeBus) -> None:
    answer = streams.publish_events.handler(sample("lambda/members_stream"), lambda_context())
    assert answer == {"batchItemFailures": []}
    assert [event["detail_type"] for event in bus.events] == ["ThresholdCrossed"]


def test_no_personal_data_is_published(app: MotoApp, bus: FakeBus) -> None:
    store_customer(name="Ann Example")
    streams.publish_events.handler(stream_of(app.items(app.members_table)), lambda_context())
    assert "ann" not in str(bus.events).lower()


def test_a_failed_record_comes_again(
    app: MotoApp, bus: FakeBus, capsys: pytest.CaptureFixture[str]
) -> None:
    store_customer()
    [good] = stored_facts(app)
    poisoned = {**good, "event": {"S": "Unheard"}, "sk": {"S": "STATUS#x"}}
    batch = stream_of([poisoned, good])
    answer = streams.publish_events.handler(batch, lambda_context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert len(bus.events) == 1
    assert '"EventsNotPublished":[1.0]' in capsys.readouterr().out.replace(" ", "")
