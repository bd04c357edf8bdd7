"""From the stream to the bus: nothing is lost, and one bad record holds up no other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loyalty.contracts.events import Fact
from loyalty.domain.member import StatusChange
from loyalty.services.publish_events import StreamRecord, Unpublished, publish
from tests.support.journey_fakes import NOON, FakeBus

FACT = StatusChange("m1", 2, "MemberEnrolled", NOON, NOON, "prospect", "prospect")


def record(number: int, fact: Fact | str | None = FACT) -> StreamRecord:
    return StreamRecord(str(number), "MEMBER#m1", f"STATUS#{number}", {"fact": fact})


def read_fact(image: Mapping[str, Any]) -> Fact | None:
    if image["fact"] == "poison":
        raise ValueError("unreadable")
    fact: Fact | None = image["fact"]
    return fact


def test_every_fact_becomes_one_event() -> None:
    bus = FakeBus()
    assert publish([record(1), record(2)], read_fact=read_fact, bus=bus) == []
    assert [event["detail_type"] for event in bus.events] == ["MemberEnrolled"] * 2
    first = bus.events[0]
    assert (first["source"], first["time"]) == ("loyalty", "2017-03-01T12:00:00Z")
    assert first["detail"]["data"]["member_id"] == "m1"


def test_an_events_id_is_that_of_its_item() -> None:
    bus = FakeBus()
    publish([record(1), record(1), record(2)], read_fact=read_fact, bus=bus)
    ids = [event["detail"]["metadata"]["event_id"] for event in bus.events]
    assert ids[0] == ids[1] != ids[2]
    assert len(ids[0]) == 32


def test_items_that_are_no_events_are_passed_over() -> None:
    bus = FakeBus()
    assert publish([record(1, None)], read_fact=read_fact, bus=bus) == []
    assert bus.events == []


def test_a_poisoned_record_is_told_and_the_others_go_out() -> None:
    bus = FakeBus()
    failed = publish([record(1, "poison"), record(2)], read_fact=read_fact, bus=bus)
    assert failed == [Unpublished("1", "ValueError")]
    assert len(bus.events) == 1


def test_what_the_bus_does_not_take_comes_again() -> None:
    bus = FakeBus()
    bus.refused = {1}
    records = [record(1, None), record(2), record(3), record(4)]
    failed = publish(records, read_fact=read_fact, bus=bus)
    assert [item.sequence_number for item in failed] == ["3"]
