"""What ProgramTable and the journeys' items keep."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loyalty.adapters.dynamodb.invite_limiter import DynamoInviteLimiter
from loyalty.adapters.dynamodb.journey_store import DynamoJourneyStore
from loyalty.adapters.dynamodb.program_store import DynamoProgramStore
from loyalty.adapters.dynamodb.report_store import DynamoReportStore
from loyalty.adapters.dynamodb.tables import Tables
from loyalty.contracts.program import default_definition
from loyalty.domain.errors import ProgramVersionConflict, ProgramVersionNotFound
from loyalty.services.program_ports import SavedProgram
from tests.support.counting import counting_requests
from tests.support.fakes import FakeClock

NEW_YEAR = datetime(2017, 1, 1, tzinfo=UTC)


def a_version(number: int, effective_from: datetime) -> SavedProgram:
    definition = replace(default_definition(), version=number, effective_from=effective_from)
    return SavedProgram(definition, saved_by="grace", saved_at=NEW_YEAR)


@pytest.fixture
def program(tables: Tables) -> DynamoProgramStore:
    return DynamoProgramStore(cache_seconds=0)


class TestProgram:
    def test_works_before_anybody_saved_one(self, program: DynamoProgramStore) -> None:
        assert program.current(NEW_YEAR) == default_definition()
        assert program.latest_version() == 0
        assert program.saved(0) == SavedProgram(default_definition(), None, None)

    def test_keeps_what_was_saved(self, program: DynamoProgramStore) -> None:
        saved = a_version(1, NEW_YEAR)
        program.save(saved)
        assert DynamoProgramStore(cache_seconds=0).saved(1) == saved

    def test_the_newest_version_in_force_counts(self, program: DynamoProgramStore) -> None:
        for number, days in ((1, 0), (2, 10), (3, 5), (4, 90)):
            program.save(a_version(number, NEW_YEAR + timedelta(days=days)))
        in_force = [
            program.current(NEW_YEAR + timedelta(days=day)).version for day in (0, 4, 5, 10, 90)
        ]
        assert in_force == [1, 1, 3, 3, 4]

    def test_before_the_first_version_the_first_counts(self, program: DynamoProgramStore) -> None:
        program.save(a_version(1, NEW_YEAR))
        assert program.current(NEW_YEAR - timedelta(days=400)).version == 1

    def test_one_of_two_that_save_the_same_number_wins(self, program: DynamoProgramStore) -> None:
        program.save(a_version(1, NEW_YEAR))
        with pytest.raises(ProgramVersionConflict):
            DynamoProgramStore(cache_seconds=0).save(a_version(1, NEW_YEAR + timedelta(days=1)))
        assert program.saved(1) == a_version(1, NEW_YEAR)

    def test_an_unknown_version_is_not_found(self, program: DynamoProgramStore) -> None:
        with pytest.raises(ProgramVersionNotFound):
            program.version(7)

    def test_asks_once_while_its_cache_is_fresh(self, tables: Tables) -> None:
        DynamoProgramStore(cache_seconds=0).save(a_version(1, NEW_YEAR))
        cached = DynamoProgramStore(cache_seconds=60)
        with counting_requests() as requests:
            for day in range(5):
                assert cached.current(NEW_YEAR + timedelta(days=day)).version == 1
            cached.version(1)
        assert requests.operations == ["Query"]


class TestInviteLimiter:
    def test_counts_each_hour_from_one(self, tables: Tables) -> None:
        limiter = DynamoInviteLimiter()
        later = NEW_YEAR + timedelta(hours=1)
        taken = [limiter.take(hour) for hour in (NEW_YEAR, NEW_YEAR, later, NEW_YEAR)]
        assert taken == [1, 2, 1, 3]

    def test_its_counts_expire(self, tables: Tables, dynamodb: Any) -> None:
        DynamoInviteLimiter().take(NEW_YEAR)
        (item,) = dynamodb.scan(TableName=tables.program)["Items"]
        assert int(item["expires_at_epoch"]["N"]) == 1483228800 + 2 * 24 * 3600


class TestReports:
    def test_a_job_run_twice_leaves_one_result(self, tables: Tables) -> None:
        reports = DynamoReportStore(tables, FakeClock(NEW_YEAR))
        reports.put("import-1", "chunk-00001", {"accepted": 1})
        reports.put("import-1", "chunk-00001", {"accepted": 2, "reasons": [{"line": 1}]})
        reports.put("import-1", "summary", {"accepted": 2})
        reports.put("import-2", "summary", {"accepted": 9})
        assert reports.get("import-1", "summary") == {"accepted": 2}
        assert reports.get("import-1", "chunk-00002") is None
        assert list(reports.parts("import-1")) == [
            {"accepted": 2, "reasons": [{"line": 1}]},
            {"accepted": 2},
        ]

    def test_only_the_lasting_ones_are_kept_for_ever(self, tables: Tables, dynamodb: Any) -> None:
        reports = DynamoReportStore(tables, FakeClock(NEW_YEAR))
        reports.put("ledger", "latest", {}, is_lasting=True)
        reports.put("import-1", "summary", {})
        items = dynamodb.scan(TableName=tables.program)["Items"]
        expiries = {item["sk"]["S"]: item.get("expires_at_epoch") for item in items}
        assert expiries == {"latest": None, "summary": {"N": str(1483228800 + 30 * 24 * 3600)}}


class TestJourneys:
    def test_a_run_may_start_until_it_was_started(self, tables: Tables) -> None:
        journeys = DynamoJourneyStore()
        assert journeys.claim_run("elite_journey", "ada")
        assert journeys.claim_run("elite_journey", "ada"), "the first never got as far as starting"
        journeys.mark_run_started("elite_journey", "ada", NEW_YEAR)
        assert not journeys.claim_run("elite_journey", "ada")
        assert journeys.claim_run("elite_journey", "bob")

    def test_the_newest_token_is_kept(self, tables: Tables) -> None:
        journeys = DynamoJourneyStore()
        assert journeys.token("ada") is None
        journeys.store_token("ada", "first", NEW_YEAR)
        journeys.store_token("ada", "second", NEW_YEAR)
        assert journeys.token("ada") == "second"
