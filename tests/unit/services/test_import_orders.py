"""Bulk files: every line is accepted, counted before, or rejected with a reason; twice is once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from loyalty.contracts.imports import ImportProgress, ImportRequest
from loyalty.domain.errors import ImportFileInvalid, ImportNotFound, MemberBusy
from loyalty.services.import_files import LONGEST_LINE_BYTES
from loyalty.services.import_orders import (
    LINES_PER_CHUNK,
    import_chunk,
    import_id_of,
    open_import,
    plan_import,
    progress,
    start_import,
    summarize_import,
)
from tests.support.examples import NOW
from tests.support.job_fakes import FakeObjects, FakeReports
from tests.support.journey_fakes import FakeExecutions, FakeJourneyStore
from tests.support.shop import Shop, customer

KEY = "orders/march.jsonl"


def order(order_id: str, amount_minor: int = 10_000, **changes: Any) -> str:
    data = {
        "source": "erp",
        "order_id": order_id,
        "occurred_at": "2017-03-15T10:00:00Z",
        "customer": {"card": "4711"},
        "total": {"amount_minor": amount_minor, "currency": "EUR"},
        **changes,
    }
    return json.dumps({"type": "OrderFulfilled", "data": data, "metadata": {"event_id": "1"}})


def back(order_id: str, return_id: str = "R-1", amount_minor: int = 4_000) -> str:
    data = {
        "source": "erp",
        "order_id": order_id,
        "return_id": return_id,
        "occurred_at": "2017-03-15T11:00:00Z",
        "amount": {"amount_minor": amount_minor, "currency": "EUR"},
    }
    return json.dumps({"type": "GoodsReturned", "data": data})


class Importer:
    """Runs the import as its machine does."""

    def __init__(self) -> None:
        self.shop = Shop()
        self.objects = FakeObjects()
        self.reports = FakeReports()

    def run(
        self, lines: Sequence[str], key: str = KEY, *, historic: bool = False
    ) -> ImportProgress:
        self.objects.files[key] = list(lines)
        import_id = import_id_of(key, self.shop.ids)
        plan_import(import_id, key, objects=self.objects, reports=self.reports)
        for item in self.manifest(import_id):
            self.chunk(import_id, item["chunk"], item["key"], historic=historic)
        return summarize_import(import_id, [], reports=self.reports)

    def manifest(self, import_id: str) -> list[dict[str, Any]]:
        (text,) = self.objects.files[f"imports/{import_id}/manifest.json"]
        items: list[dict[str, Any]] = json.loads(text)
        return items

    def chunk(self, import_id: str, chunk: int, key: str, *, historic: bool = False) -> None:
        import_chunk(
            import_id,
            chunk,
            key,
            historic=historic,
            objects=self.objects,
            reports=self.reports,
            store=self.shop.store,
            program=self.shop.program,
            clock=self.shop.clock,
            ids=self.shop.ids,
        )

    def rejected(self, found: ImportProgress) -> list[tuple[int, str]]:
        lines = [line for key in found.rejected_reports for line in self.objects.files[key]]
        return [(line["line"], line["code"]) for line in map(json.loads, lines)]

    def spend(self) -> dict[str, int]:
        return {m.member_id: m.lifetime_spend_minor for m in self.shop.store.members.values()}


@pytest.fixture
def importer() -> Importer:
    return Importer()


def counts(found: ImportProgress) -> tuple[int, int, int, int, int]:
    return (found.accepted, found.duplicates, found.returns, found.waiting, found.rejected)


class TestLines:
    def test_orders_and_returns_count_like_at_any_other_door(self, importer: Importer) -> None:
        found = importer.run([back("O-2"), order("O-1"), "", order("O-2"), back("O-1")])
        assert counts(found) == (2, 0, 1, 1, 0)
        assert (found.state, found.lines, found.chunks) == ("finished", 4, 1)
        assert list(importer.spend().values()) == [12_000]

    def test_the_same_file_again_changes_nothing(self, importer: Importer) -> None:
        lines = [order("O-1"), back("O-1"), order("O-2", 500), back("O-3")]
        importer.run(lines)
        before = importer.spend()
        again = importer.run(lines[::-1], "orders/again.jsonl")
        assert counts(again) == (0, 4, 0, 0, 0)
        assert importer.spend() == before

    def test_bad_lines_are_rejected_with_their_number_and_code(self, importer: Importer) -> None:
        found = importer.run(
            [
                order("O-1"),
                "{not json",
                order("O-2", -1),
                order("O-3", nickname="x"),
                order("O-4", total={"amount_minor": 1, "currency": "GBP"}),
                order("O-5", occurred_at="2017-03-16T10:00:00Z"),
                order("O-6", customer={"member_id": "nobody"}),
                order("O-1", 5),
                json.dumps({"type": "SomethingElse", "data": {}}),
                back("O-1", amount_minor=10_001),
                "[1, 2]",
                '{"type": "OrderFulfilled", "data": {"source": "\\ud800"}}',
                "[" * 100_000,
            ]
        )
        assert importer.rejected(found) == [
            (2, "invalid_request"),
            (3, "invalid_request"),
            (4, "invalid_request"),
            (5, "unknown_currency"),
            (6, "future_date"),
            (7, "member_not_found"),
            (8, "order_conflict"),
            (9, "invalid_request"),
            (10, "return_exceeds_order"),
            (11, "invalid_request"),
            (12, "invalid_request"),
            (13, "invalid_request"),
        ]
        assert counts(found) == (1, 0, 0, 0, 12)

    def test_a_line_too_long_to_be_kept_spoils_itself_only(self, importer: Importer) -> None:
        too_long = order("E-1", store_id="x" * LONGEST_LINE_BYTES)
        done = importer.run([too_long, order("E-2")])
        assert (done.accepted, done.rejected) == (1, 1)

    def test_reasons_repeat_no_values(self, importer: Importer) -> None:
        found = importer.run([order("O-1", customer={"email": "ada at example", "name": 7})])
        (line,) = importer.objects.files[found.rejected_reports[0]]
        assert "data.customer.email" in line
        assert "ada" not in line

    def test_history_invites_nobody_old(self, importer: Importer) -> None:
        old = order("O-1", 60_000, occurred_at="2016-12-15T10:00:00Z")
        importer.run([old], "orders/historic/2016.jsonl", historic=True)
        (ada,) = importer.shop.store.members.values()
        assert (ada.lifetime_spend_minor, ada.threshold_crossed_at) == (60_000, None)


class TestCsv:
    HEADER = "source,order_id,occurred_at,total_minor,currency,card,name,sku,category,quantity"

    def test_a_row_is_an_order(self, importer: Importer) -> None:
        importer.shop.enrol(customer(card="4711"))
        found = importer.run(
            [
                self.HEADER,
                "erp,O-1,2017-03-15T10:00:00Z,10000,EUR,4711,Ada,milk,dairy,2",
                'erp,O-2,2017-03-15T10:00:00Z,500,EUR,4711,"Lovelace, Ada",,,',
            ],
            "orders/march.csv",
        )
        assert counts(found) == (2, 0, 0, 0, 0)
        (first, second) = importer.shop.store.accepted_orders.values()
        assert [(line.sku, line.quantity, line.category) for line in first.lines] == [
            ("milk", 2, "dairy")
        ]
        assert [line.amount_minor for line in second.lines] == [500]

    def test_bad_rows_are_rejected(self, importer: Importer) -> None:
        found = importer.run(
            [
                self.HEADER,
                "erp,O-1,2017-03-15T10:00:00Z,ten,EUR,4711,,,,",
                "erp,O-2,2017-03-15T10:00:00Z,1",
                "erp,O-3,2017-03-15T10:00:00Z,1,EUR,4711,,,,,,,",
                "erp,O-4,2017-03-15T10:00:00Z,-1,EUR,4711,,,,",
                "erp,O-5,2017-03-15T10:00:00Z," + "9" * 5_000 + ",EUR,4711,,,,",
                'erp,O-6,"x"y,1,EUR,4711,,,,',
                'erp,O-8,2017-03-15T10:00:00Z,1,EUR,4711,"never closed,,,',
                "erp,O-7,2017-03-15T10:00:00Z,1,EUR,4711,,,,",
            ],
            "orders/march.csv",
        )
        assert counts(found) == (1, 0, 0, 0, 7)
        assert [line for line, _ in importer.rejected(found)] == [2, 3, 4, 5, 6, 7, 8]

    @pytest.mark.parametrize(
        "header", ["", "source,order_id", HEADER + ",shoe_size", HEADER + ",sku", '"a"b']
    )
    def test_a_foreign_header_is_refused_as_a_whole(self, importer: Importer, header: str) -> None:
        with pytest.raises(ImportFileInvalid):
            importer.run([header, "a,b,c"], "orders/march.csv")
        found = progress(
            import_id_of("orders/march.csv", importer.shop.ids), reports=importer.reports
        )
        assert (found.state, found.lines) == ("failed", 0)


class TestRun:
    def test_a_large_file_is_cut_into_chunks(self, importer: Importer) -> None:
        lines = [order(f"O-{number}", 100) for number in range(LINES_PER_CHUNK + 1)]
        found = importer.run(lines)
        assert (found.chunks, found.chunks_done, found.accepted) == (2, 2, len(lines))
        assert list(importer.spend().values()) == [100 * len(lines)]

    def test_an_empty_file_is_an_import_of_nothing(self, importer: Importer) -> None:
        found = importer.run([])
        assert (found.state, found.chunks, found.lines) == ("finished", 0, 0)

    def test_another_format_is_refused(self, importer: Importer) -> None:
        with pytest.raises(ImportFileInvalid):
            importer.run([], "orders/march.xlsx")

    def test_a_busy_member_has_the_chunk_done_again(self, importer: Importer) -> None:
        importer.objects.files[KEY] = [order("O-1"), order("O-2")]
        plan_import("i", KEY, objects=importer.objects, reports=importer.reports)
        (item,) = importer.manifest("i")
        importer.chunk("i", 1, item["key"])
        importer.objects.files[KEY].append(order("O-3"))
        plan_import("i", KEY, objects=importer.objects, reports=importer.reports)
        importer.shop.store.refusals = 6
        with pytest.raises(MemberBusy):
            importer.chunk("i", 1, item["key"])
        assert progress("i", reports=importer.reports).chunks_done == 0
        importer.chunk("i", 1, item["key"])
        found = summarize_import("i", [], reports=importer.reports)
        assert counts(found) == (1, 2, 0, 0, 0)

    def test_progress_is_told_from_the_ticket_on(self, importer: Importer) -> None:
        ids, reports = importer.shop.ids, importer.reports
        ticket = open_import(
            ImportRequest(format="jsonl"), objects=importer.objects, reports=reports, ids=ids
        )
        assert ticket.import_id == import_id_of(ticket.key, ids)
        assert ticket.key in ticket.upload_url
        assert progress(ticket.import_id, reports=reports).state == "planned"
        importer.objects.files[ticket.key] = [order("O-1")]
        plan_import(ticket.import_id, ticket.key, objects=importer.objects, reports=reports)
        running = progress(ticket.import_id, reports=reports)
        assert (running.state, running.chunks, running.chunks_done) == ("running", 1, 0)
        failed = summarize_import(ticket.import_id, [1], reports=reports)
        assert failed.state == "failed"
        with pytest.raises(ImportNotFound):
            progress("unknown", reports=reports)

    def test_a_new_plan_forgets_what_the_last_one_did(self, importer: Importer) -> None:
        importer.run([order(f"O-{number}", 100) for number in range(LINES_PER_CHUNK + 1)])
        found = importer.run([order("O-1", 100)])
        assert (found.chunks_done, found.accepted, found.duplicates) == (1, 0, 1)


class TestStart:
    def start(self, key: str, journeys: FakeJourneyStore, executions: FakeExecutions) -> bool:
        shop = Shop(at=NOW)
        return start_import(
            key,
            "0123456789abcdef",
            bucket="imports",
            journeys=journeys,
            executions=executions,
            clock=shop.clock,
            ids=shop.ids,
        )

    @pytest.mark.parametrize(
        ("key", "historic"), [(KEY, False), ("orders/historic/2016.csv", True)]
    )
    def test_an_upload_starts_one_import(self, key: str, historic: bool) -> None:
        journeys, executions = FakeJourneyStore(), FakeExecutions()
        assert self.start(key, journeys, executions)
        assert not self.start(key, journeys, executions)
        ((name, payload),) = executions.inputs.items()
        assert name == f"{payload['import_id']}-0123456789ab"
        assert (payload["bucket"], payload["key"]) == ("imports", key)
        assert payload["historic"] is historic

    def test_other_objects_start_nothing(self) -> None:
        executions = FakeExecutions()
        assert not self.start("imports/i/chunks/00001.jsonl", FakeJourneyStore(), executions)
        assert executions.inputs == {}
