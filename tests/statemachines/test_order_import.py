"""The import of a file as Step Functions runs it, with scripted functions and S3 from moto."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.support.state_machines import (
    Coverage,
    StateMachine,
    StateMachines,
    raises,
    returns,
    sequence,
)

ORDER_IMPORT = Path(__file__).parents[2] / "statemachines/order_import.asl.yaml"
COVERAGE = Coverage(ORDER_IMPORT)
BUCKET = "imports-bucket"
GIVEN = {"import_id": "i1", "bucket": BUCKET, "key": "orders/may.jsonl", "historic": False}
COUNTS = {"accepted": 500, "duplicates": 0, "returns": 0, "waiting": 0, "rejected": 0}
SUMMARY = {"lines": 1_500, "accepted": 1_500}


def chunk_key(chunk: int) -> str:
    return f"imports/i1/chunks/{chunk:05}.jsonl"


@pytest.fixture
def order_import(machines: StateMachines) -> StateMachine:
    """A file of three chunks, all of them good."""
    s3 = boto3.client("s3")
    s3.create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )

    def write_manifest(event: dict[str, Any], _context: object) -> dict[str, Any]:
        manifest = [{"chunk": chunk, "key": chunk_key(chunk)} for chunk in (1, 2, 3)]
        key = f"imports/{event['import_id']}/manifest.json"
        s3.put_object(Bucket=event["bucket"], Key=key, Body=json.dumps(manifest))
        return {"import_id": event["import_id"], "chunks": 3, "lines": 1_500}

    machines.register(
        PlanImportFunction=write_manifest,
        ImportChunkFunction=returns(COUNTS),
        SummarizeImportFunction=returns(SUMMARY),
    )
    return machines.load(ORDER_IMPORT, coverage=COVERAGE)


def test_every_chunk_is_imported_and_summed(
    machines: StateMachines, order_import: StateMachine
) -> None:
    run = order_import.run(GIVEN)

    assert run.status == "SUCCEEDED", run.cause
    assert run.output == SUMMARY
    assert machines.events_of("PlanImportFunction") == [GIVEN]
    assert machines.events_of("ImportChunkFunction") == [
        GIVEN | {"chunk": chunk, "key": chunk_key(chunk)} for chunk in (1, 2, 3)
    ]
    assert machines.events_of("SummarizeImportFunction") == [
        {"import_id": "i1", "failed_chunks": []}
    ]


def test_a_busy_member_makes_the_chunk_run_again(
    machines: StateMachines, order_import: StateMachine
) -> None:
    machines.register(
        ImportChunkFunction=sequence(
            returns(COUNTS), raises("MemberBusy"), returns(COUNTS), returns(COUNTS)
        )
    )

    assert order_import.run(GIVEN).status == "SUCCEEDED"


def test_a_failed_chunk_is_named_and_the_others_are_imported(
    machines: StateMachines, order_import: StateMachine
) -> None:
    def import_chunk(event: dict[str, Any], context: object) -> object:
        script = raises("KeyError") if event["chunk"] == 2 else returns(COUNTS)
        return script(event, context)

    machines.register(ImportChunkFunction=import_chunk)

    run = order_import.run(GIVEN)

    assert (run.status, run.error) == ("FAILED", "ImportIncomplete")
    assert run.cause == "Chunks that failed: [2]"
    assert machines.events_of("SummarizeImportFunction") == [
        {"import_id": "i1", "failed_chunks": [2]}
    ]


def test_a_file_that_is_no_list_of_orders_is_refused(
    machines: StateMachines, order_import: StateMachine
) -> None:
    machines.register(PlanImportFunction=raises("ImportFileInvalid", "not UTF-8"))

    run = order_import.run(GIVEN)

    assert (run.status, run.error) == ("FAILED", "ImportFileInvalid")
    assert "not UTF-8" in str(run.cause)
    assert run.states == ["PlanImport", "FileRefused"]


@pytest.mark.parametrize(
    ("function", "script", "state"),
    [
        ("PlanImportFunction", raises("KeyError"), "PlanImport"),
        ("PlanImportFunction", returns({"import_id": "i1"}), "ImportChunks"),
        ("SummarizeImportFunction", raises("KeyError"), "SummarizeImport"),
    ],
    ids=["no plan", "no manifest", "no summary"],
)
def test_an_import_that_cannot_be_done_fails(
    machines: StateMachines, order_import: StateMachine, function: str, script: Any, state: str
) -> None:
    machines.register(**{function: script})

    run = order_import.run(GIVEN)

    assert (run.status, run.error) == ("FAILED", "ImportFailed")
    assert run.states[-2:] == [state, "ImportFailed"]


def test_every_state_and_every_catch_was_executed() -> None:
    assert COVERAGE.missing() == []
