"""Saving program versions: based on the latest one, never in the past."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from loyalty.contracts.program import ProgramUpdate, default_definition
from loyalty.contracts.values import iso
from loyalty.domain.errors import ProgramInvalid, ProgramVersionConflict, ProgramVersionNotFound
from loyalty.domain.member import Member
from loyalty.domain.program import ProgramDefinition
from loyalty.services import program_definition
from loyalty.services.program_ports import SavedProgram
from tests.support.fakes import FakeClock, FakeMemberStore
from tests.support.journey_fakes import NOON


class FakeArchive:
    def __init__(self) -> None:
        self.versions = [SavedProgram(default_definition(), None, None)]

    def current(self, at: Any) -> ProgramDefinition:
        return [v.definition for v in self.versions if v.definition.effective_from <= at][-1]

    def version(self, number: int) -> ProgramDefinition:
        return self.saved(number).definition

    def saved(self, number: int) -> SavedProgram:
        if number >= len(self.versions):
            raise ProgramVersionNotFound(number)
        return self.versions[number]

    def latest_version(self) -> int:
        return len(self.versions) - 1

    def save(self, program: SavedProgram) -> None:
        if program.definition.version != len(self.versions):
            raise ProgramVersionConflict(program.definition.version)
        self.versions.append(program)


@pytest.fixture
def ports() -> dict[str, Any]:
    return {"program": FakeArchive(), "clock": FakeClock(NOON)}


def update(based_on: int = 0, **fields: Any) -> ProgramUpdate:
    definition = fields.pop("definition", {"pending_days": 7})
    return ProgramUpdate.model_validate(
        {"based_on_version": based_on, "definition": definition, **fields}
    )


def saving(store: FakeMemberStore | None = None) -> dict[str, Any]:
    return {"saved_by": "ann", "schedule_zone": "UTC", "store": store or FakeMemberStore()}


def save(change: ProgramUpdate, ports: dict[str, Any]) -> Any:
    return program_definition.save(change, **saving(), **ports)


def test_without_a_saved_version_the_built_in_one_holds(ports: dict[str, Any]) -> None:
    view = program_definition.current(**ports)
    assert (view.version, view.saved_by, view.saved_at) == (0, None, None)


def test_a_saved_version_holds_from_now_on(ports: dict[str, Any]) -> None:
    view = save(update(), ports)
    assert (view.version, view.saved_by, view.saved_at) == (1, "ann", NOON)
    assert view.effective_from == NOON
    current = program_definition.current(**ports)
    assert (current.version, current.latest_version) == (1, 1)
    assert current.definition == view.definition
    assert program_definition.version(1, **ports).definition.pending_days == 7


def test_a_version_may_hold_later(ports: dict[str, Any]) -> None:
    save(update(effective_from=iso(NOON + timedelta(days=1))), ports)
    assert program_definition.current(**ports).version == 0
    ports["clock"].advance(timedelta(days=1))
    assert program_definition.current(**ports).version == 1


def test_validating_saves_nothing(ports: dict[str, Any]) -> None:
    checked = program_definition.validate(update(), **saving(), **ports)
    assert checked.version == 1
    assert program_definition.current(**ports).version == 0


def test_of_two_updates_of_one_version_one_is_saved(ports: dict[str, Any]) -> None:
    save(update(), ports)
    with pytest.raises(ProgramVersionConflict):
        save(update(), ports)


@pytest.mark.parametrize(
    "change",
    [
        update(effective_from=iso(NOON - timedelta(seconds=1))),
        update(definition={"currency": "XQQ"}),
    ],
)
def test_the_past_and_unknown_currencies_are_refused(
    ports: dict[str, Any], change: ProgramUpdate
) -> None:
    with pytest.raises(ProgramInvalid):
        save(change, ports)


def test_the_accounting_currency_stays(ports: dict[str, Any]) -> None:
    save(update(definition={"currency": "USD"}), ports)
    with pytest.raises(ProgramInvalid, match="cannot change"):
        save(update(1, definition={"currency": "EUR"}), ports)


def test_the_currency_is_chosen_before_the_first_customer(ports: dict[str, Any]) -> None:
    store = FakeMemberStore()
    store.members["m1"] = Member("m1", version=1, created_at=NOON)
    with pytest.raises(ProgramInvalid, match="cannot change"):
        program_definition.save(update(definition={"currency": "USD"}), **saving(store), **ports)
    same = program_definition.save(update(), **saving(store), **ports)
    assert same.definition.currency == "EUR"


def tiers(*names: str) -> dict[str, Any]:
    return {"tiers": [{"name": name, "threshold": at} for at, name in enumerate(names)]}


def test_a_tier_that_members_may_be_in_is_neither_renamed_nor_removed(
    ports: dict[str, Any],
) -> None:
    save(update(definition=tiers("blue", "gold")), ports)
    for names in (("blue", "or"), ("blue",)):
        with pytest.raises(ProgramInvalid, match="tiers cannot be renamed or removed: gold"):
            save(update(1, definition=tiers(*names)), ports)
    assert save(update(1, definition=tiers("blue", "red", "gold")), ports).version == 2


def test_the_names_of_tiers_are_chosen_before_the_first_customer(ports: dict[str, Any]) -> None:
    store = FakeMemberStore()
    store.members["m1"] = Member("m1", version=1, created_at=NOON)
    change = update(definition=tiers("blue"))
    with pytest.raises(ProgramInvalid, match="tiers cannot be"):
        program_definition.save(change, **saving(store), **ports)
    assert save(change, ports).version == 1


def test_the_schedules_run_in_the_programs_time_zone(ports: dict[str, Any]) -> None:
    with pytest.raises(ProgramInvalid, match="time zone UTC"):
        save(update(definition={"time_zone": "Europe/Berlin"}), ports)


def test_an_unknown_version_is_not_found(ports: dict[str, Any]) -> None:
    with pytest.raises(ProgramVersionNotFound):
        program_definition.version(7, **ports)
