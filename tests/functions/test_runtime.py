"""Settings, composition and what is around every handler."""

from __future__ import annotations

import json
import subprocess
import sys
from io import StringIO
from typing import Any

import pytest

from loyalty.runtime import composition
from loyalty.runtime.observability import instrumented, logger, metrics
from loyalty.runtime.settings import SettingMissing, Settings
from tests.support.counting import counting_requests
from tests.support.moto_app import MotoApp, lambda_context


class TestSettings:
    def test_a_missing_one_is_named_when_it_is_asked_for(self) -> None:
        settings = Settings({"MEMBERS_TABLE": ""})
        with pytest.raises(SettingMissing, match="MEMBERS_TABLE"):
            _ = settings.members_table

    def test_a_function_knows_the_machines_that_it_may_start(self) -> None:
        settings = Settings({"ELITE_JOURNEY_ARN": "arn:elite", "LEDGER_CHECK_ARN": ""})
        assert settings.machine_arns == {"elite_journey": "arn:elite"}

    def test_time_is_real_and_untraced_unless_said(self) -> None:
        settings = Settings({})
        assert settings.clock_file is None
        assert not settings.tracing
        assert settings.program_cache_seconds == 60

    def test_no_caching_is_a_choice(self) -> None:
        assert Settings({"PROGRAM_CACHE_SECONDS": "0"}).program_cache_seconds == 0


class TestComposition:
    def test_adapters_are_made_once(self, app: MotoApp) -> None:
        assert composition.member_store() is composition.member_store()
        assert composition.order_ports()["store"] is composition.member_store()

    def test_nothing_is_asked_for_before_it_is_needed(self, app: MotoApp) -> None:
        with counting_requests() as requests:
            composition.order_ports()
            composition.import_chunk_ports()
            composition.await_ports()
        assert requests.total == 0


class TestInstrumented:
    def test_each_line_has_the_ids_of_its_own_request(
        self, app: MotoApp, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        written = StringIO()
        monkeypatch.setattr(logger.registered_handler, "stream", written)

        @instrumented
        def handler(event: dict[str, Any], context: Any) -> str:
            logger.append_keys(**event)
            logger.info("worked")
            return "done"

        assert handler({"member_id": "ada"}, lambda_context()) == "done"
        assert handler({"order_id": "O-1"}, lambda_context()) == "done"
        lines = [json.loads(line) for line in written.getvalue().splitlines()]
        first, second = lines
        assert first["member_id"] == "ada"
        assert "member_id" not in second
        assert first["function_request_id"] != second["function_request_id"]

    def test_a_logger_that_comes_late_knows_its_invocation(self, app: MotoApp) -> None:
        code = """
from types import SimpleNamespace
from loyalty.runtime.observability import instrumented, logger

@instrumented
def handler(event, context):
    if event["writes"]:
        logger.info("worked")

names = ("function_name", "memory_limit_in_mb", "invoked_function_arn")
for number, writes in enumerate((False, True)):
    context = dict.fromkeys(names, "any") | {"aws_request_id": f"request {number}"}
    handler({"writes": writes}, SimpleNamespace(**context))
"""
        line = json.loads(_run(code))
        assert line["function_request_id"] == "request 1"
        assert line["cold_start"] is False

    def test_metrics_are_written_also_when_the_handler_fails(
        self, app: MotoApp, capsys: pytest.CaptureFixture[str]
    ) -> None:
        @instrumented
        def handler(event: dict[str, Any], context: Any) -> None:
            metrics.add_metric("Attempts", "Count", 1)
            raise RuntimeError("injected")

        with pytest.raises(RuntimeError):
            handler({}, lambda_context())
        written = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [line["Attempts"] for line in written if "Attempts" in line] == [[1.0]]


HEAVY = ("boto3", "aws_xray_sdk", "jinja2", "jwt", "cryptography")


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("queues.orders", HEAVY),
        ("streams.publish_events", HEAVY),
        ("api.orders", (*HEAVY, "aws_lambda_powertools", "asyncio")),
    ],
)
def test_a_cold_start_pays_only_for_what_is_used(module: str, heavy: tuple[str, ...]) -> None:
    code = f"""
import sys
import {module}, loyalty.adapters.dynamodb.member_store
print(sorted(set({heavy!r}) & set(sys.modules)))
"""
    assert _run(code) == "[]"


def _run(code: str) -> str:
    """Return what the code prints in a process of its own."""
    paths = [path for path in sys.path if path]
    program = f"import sys; sys.path[:0] = {paths!r}\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
