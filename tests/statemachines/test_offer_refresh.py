"""The weekly refresh of offers as Step Functions runs it, with scripted functions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.state_machines import (
    Coverage,
    StateMachine,
    StateMachines,
    raises,
    returns,
    sequence,
)

OFFER_REFRESH = Path(__file__).parents[2] / "statemachines/offer_refresh.asl.yaml"
COVERAGE = Coverage(OFFER_REFRESH)
SHARDS = [{"refresh_id": "r-1", "shard": shard} for shard in range(32)]
REPORT = {"looked_at": 3, "refreshed": 2, "failed": []}


@pytest.fixture
def offer_refresh(machines: StateMachines) -> StateMachine:
    """All goes well."""
    machines.register(
        ExportTastesFunction=returns({"customers": 1}),
        CountCoPurchasesFunction=returns({"skus": 5, "categories": 2}),
        RefreshOffersFunction=returns({"refreshed": 1}),
        SummarizeOfferRefreshFunction=returns(REPORT),
    )
    return machines.load(OFFER_REFRESH, coverage=COVERAGE)


def test_all_tastes_are_counted_before_the_first_member_is_curated(
    machines: StateMachines, offer_refresh: StateMachine
) -> None:
    run = offer_refresh.run({"scheduled_at": "2017-03-06T04:00:00Z"}, name="r-1")

    assert run.status == "SUCCEEDED", run.cause
    assert run.output == REPORT
    assert machines.events_of("ExportTastesFunction") == SHARDS
    assert machines.events_of("CountCoPurchasesFunction") == [{"refresh_id": "r-1"}]
    assert machines.events_of("RefreshOffersFunction") == SHARDS
    assert machines.events_of("SummarizeOfferRefreshFunction") == [{"refresh_id": "r-1"}]


@pytest.mark.parametrize(
    ("given", "exported"),
    [
        ({"scheduled_at": "2017-05-01T04:00:00Z"}, 32),
        ({"scheduled_at": "2017-08-07T04:00:00Z"}, 32),
        ({"scheduled_at": "2017-05-08T04:00:00Z"}, 0),
        ({"scheduled_at": "2017-07-31T04:00:00Z"}, 0),
        ({}, 32),
    ],
)
def test_tastes_are_counted_on_the_first_monday_and_when_staff_asks(
    machines: StateMachines, offer_refresh: StateMachine, given: dict[str, str], exported: int
) -> None:
    assert offer_refresh.run(given).status == "SUCCEEDED"
    assert len(machines.events_of("ExportTastesFunction")) == exported
    assert len(machines.events_of("CountCoPurchasesFunction")) == bool(exported)
    assert len(machines.events_of("RefreshOffersFunction")) == 32


@pytest.mark.parametrize("function", ["ExportTastesFunction", "RefreshOffersFunction"])
def test_a_shard_is_tried_again(
    machines: StateMachines, offer_refresh: StateMachine, function: str
) -> None:
    machines.register(**{function: sequence(raises("ChangeRefused"), *[returns({})] * 32)})

    assert offer_refresh.run({}).status == "SUCCEEDED"
    assert len(machines.events_of(function)) == 33


@pytest.mark.parametrize(
    ("function", "following"),
    [
        ("ExportTastesFunction", "CountCoPurchasesFunction"),
        ("RefreshOffersFunction", "SummarizeOfferRefreshFunction"),
    ],
)
def test_a_shard_that_fails_is_named_and_stops_what_needs_it(
    machines: StateMachines, offer_refresh: StateMachine, function: str, following: str
) -> None:
    def work(event: dict[str, Any], context: object) -> object:
        script = raises("KeyError") if event["shard"] == 1 else returns({})
        return script(event, context)

    machines.register(**{function: work})

    run = offer_refresh.run({})

    assert (run.status, run.error) == ("FAILED", "OfferRefreshIncomplete")
    assert run.cause == "Shards that failed: [1]"
    assert {event["shard"] for event in machines.events_of(function)} == set(range(32))
    assert machines.events_of(following) == []


def test_members_who_failed_are_named(machines: StateMachines, offer_refresh: StateMachine) -> None:
    machines.register(
        SummarizeOfferRefreshFunction=returns(REPORT | {"failed": ["m1", "m2"]}),
    )

    run = offer_refresh.run({})

    assert (run.status, run.error) == ("FAILED", "MembersNotRefreshed")
    assert run.cause == 'Members that failed: ["m1","m2"]'


@pytest.mark.parametrize(
    ("function", "state"),
    [
        ("CountCoPurchasesFunction", "CountCoPurchases"),
        ("SummarizeOfferRefreshFunction", "SummarizeOfferRefresh"),
    ],
)
def test_a_refresh_that_cannot_be_done_fails(
    machines: StateMachines, offer_refresh: StateMachine, function: str, state: str
) -> None:
    machines.register(**{function: raises("RefreshIncomplete")})

    run = offer_refresh.run({})

    assert (run.status, run.error) == ("FAILED", "OfferRefreshFailed")
    assert run.states[-2:] == [state, "OfferRefreshFailed"]


def test_every_state_and_every_catch_was_executed() -> None:
    assert COVERAGE.missing() == []
