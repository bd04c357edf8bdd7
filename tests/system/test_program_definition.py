"""The program's numbers are data: checked, kept in versions, and in force when they say."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from loyalty.contracts.values import iso
from tests.support.mails import INVITE, REMINDER
from tests.support.program import DAY, SHORT_PROGRAM, THRESHOLD_MINOR, Json, Program

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def own_program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with Program(tmp_path_factory.mktemp("program")) as program:
        yield program


@pytest.fixture
def program(own_program: Program) -> Program:
    """A program of this module's own, back at the short definition and at noon."""
    own_program.advance_to_noon()
    save(own_program)
    return own_program


def update(program: Program, **changes: Any) -> Json:
    """Return an update of the latest version to the short program with some changes."""
    latest = program.get("/v1/program")["latest_version"]
    return {"based_on_version": latest, "definition": deepcopy(SHORT_PROGRAM) | changes}


def save(program: Program, **changes: Any) -> Json:
    return program.put("/v1/program", update(program, **changes), role="manager")


def with_variants(**changes: Any) -> list[Json]:
    return [variant | changes for variant in deepcopy(SHORT_PROGRAM["variants"])]


def test_a_version_is_saved_served_and_kept(program: Program) -> None:
    before = program.get("/v1/program")

    saved = save(program, earn_rate="0.25")

    assert saved["version"] == before["version"] + 1
    assert saved["saved_by"] == "manager"
    assert saved["saved_at"] == iso(program.now)
    assert saved["definition"]["earn_rate"] == "0.25"
    assert program.get("/v1/program") == saved | {"latest_version": saved["version"]}
    assert program.get(f"/v1/program/versions/{saved['version']}") == saved
    earlier = program.get(f"/v1/program/versions/{before['version']}")
    assert earlier.items() <= before.items()
    assert program.get("/v1/program/versions/0")["saved_by"] is None
    missing = program.request("GET", f"/v1/program/versions/{saved['version'] + 1}", role="admin")
    assert (missing.status_code, missing.json()["code"]) == (404, "program_version_not_found")


def test_validation_saves_nothing(program: Program) -> None:
    before = program.get("/v1/program")

    checked = program.post("/v1/program/validate", update(program, earn_rate="0.5"), role="manager")

    assert (checked["version"], checked["definition"]["earn_rate"]) == (
        before["version"] + 1,
        "0.5",
    )
    assert program.get("/v1/program") == before


@pytest.mark.parametrize(
    "changes",
    [
        {"earn_rate": "-0.1"},
        {"earn_rate": 0.1},
        {"currency": "XYZ"},
        {"currency": "USD"},
        {"time_zone": "Mars/Olympus"},
        {"pending_days": -1},
        {"pending_days": "14"},
        {"variants": []},
        {"variants": [{"name": "all", "weight": 1, "hold_out": True}]},
        {"variants": with_variants(name="same")},
        {"variants": with_variants(threshold_minor=-1)},
        {"link_valid_days": 3},
        {"quiet_from": "25:00"},
        {"marketing_per_week": 0},
        {"colour": "red"},
        {"exchange_rates": [{"currency": "EUR", "valid_from": "2017-01-01", "rate": "1"}]},
    ],
    ids=str,
)
@pytest.mark.parametrize("route", [("PUT", "/v1/program"), ("POST", "/v1/program/validate")])
def test_nonsense_is_refused_and_not_saved(
    program: Program, changes: Json, route: tuple[str, str]
) -> None:
    before = program.get("/v1/program")

    refused = program.request(*route, update(program, **changes), role="admin")

    assert refused.status_code == 422, refused.text
    assert refused.json()["code"] in ("invalid_request", "program_invalid")
    assert program.get("/v1/program") == before


def test_of_two_updates_of_one_version_one_is_saved(program: Program) -> None:
    stale = update(program)

    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: program.request("PUT", "/v1/program", stale, role="admin"), range(8))
        )

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    codes = {answer.json()["code"] for answer in answers if answer.status_code == 409}
    assert codes == {"program_version_conflict"}


def test_a_version_holds_from_its_time_on(program: Program) -> None:
    later = program.now + timedelta(hours=1)
    before = program.get("/v1/program")

    soon = program.put(
        "/v1/program", update(program, earn_rate="0.5") | {"effective_from": iso(later)}
    )

    latest = {"latest_version": soon["version"]}
    assert program.get("/v1/program") == before | latest
    program.advance_to(later)
    assert program.get("/v1/program") == soon | latest
    past = update(program) | {"effective_from": "2016-01-01T00:00:00Z"}
    refused = program.request("PUT", "/v1/program", past, role="admin")
    assert (refused.status_code, refused.json()["code"]) == (422, "program_invalid")


def test_a_journey_keeps_the_version_it_started_with(program: Program) -> None:
    early = program.an_invited_customer()
    save(program, variants=with_variants(invite_window_days=4, texts="warm"))
    late = program.an_invited_customer()

    program.advance(2 * DAY)
    assert program.subjects(early) == [INVITE, REMINDER]
    assert program.status(late) == "invited"
    program.advance(2 * DAY)

    assert program.status(late) == "reminded"
    [first, reminder] = program.mails(late)
    assert reminder.sent_at - first.sent_at == 4 * DAY


def test_a_lower_threshold_counts_from_the_next_order_on(program: Program) -> None:
    customer = program.a_customer()
    program.buys(customer, THRESHOLD_MINOR * 3 // 5)
    assert program.status(customer) == "prospect"

    save(program, variants=with_variants(threshold_minor=THRESHOLD_MINOR // 2))

    assert program.buys(customer, 1)["threshold_crossed"] is True
    assert program.status(customer) == "invited"


def test_a_lower_threshold_invites_without_a_new_order(program: Program) -> None:
    past, below = program.a_customer(), program.a_customer()
    held_out = program.a_customer("hold_out")
    for customer in (past, held_out):
        program.buys(customer, THRESHOLD_MINOR // 2)
    program.buys(below, THRESHOLD_MINOR // 2 - 101)  # the first order was of 1 EUR
    in_force = program.now + timedelta(hours=1)
    lower = update(program, variants=with_variants(threshold_minor=THRESHOLD_MINOR // 2))

    program.put("/v1/program", lower | {"effective_from": iso(in_force)})
    program.advance_to(in_force)
    assert program.events(past) == []
    program.advance(DAY)

    assert (program.status(past), program.subjects(past)) == ("invited", [INVITE])
    assert program.events(past) == ["ThresholdCrossed", "CustomerInvited"]
    assert program.events(held_out) == ["ThresholdCrossed", "CustomerHeldOut"]
    assert (program.events(below), program.subjects(held_out)) == ([], [])
    program.advance(DAY)
    assert program.subjects(past) == [INVITE]


def test_paused_journeys_write_to_nobody_and_go_on_afterwards(program: Program) -> None:
    save(program, journeys_paused=True)
    customer = program.an_invited_customer()
    program.advance(timedelta(hours=3))
    assert program.subjects(customer) == []

    save(program, journeys_paused=False)
    program.advance(timedelta(hours=1))

    assert program.subjects(customer) == [INVITE]
