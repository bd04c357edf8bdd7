"""Bulk imports: what the API answers, and the lines of a file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool

from loyalty.contracts.orders import GoodsReturned, OrderRequest
from loyalty.contracts.values import Contract


class ImportRequest(Contract):
    """Asks for a place to upload a file; `historic` files invite nobody whose crossing is old."""

    format: Literal["jsonl", "csv"]
    historic: StrictBool = False


class ImportTicket(Contract):
    """Where to PUT the file (once, for an hour); the import starts when it has arrived."""

    import_id: str
    key: str
    upload_url: str


class ImportProgress(Contract):
    """How far an import is; `failed` when its file was refused or chunks failed for good.

    `rejected_reports` name the objects with the refused lines and their reasons.
    """

    import_id: str
    state: Literal["planned", "running", "finished", "failed"]
    lines: int
    chunks: int
    chunks_done: int
    accepted: int
    duplicates: int
    returns: int
    waiting: int
    rejected: int
    rejected_reports: tuple[str, ...]


class ImportPlan(Contract):
    """What a file was cut into; `run` tells the plans of one import apart."""

    import_id: str
    run: str
    chunks: int
    lines: int
    refused: str | None = None


class ChunkReport(Contract):
    """What became of a chunk's lines; `rejected_report` names the object with the refused ones."""

    run: str
    chunk: int
    accepted: int
    duplicates: int
    returns: int
    waiting: int
    rejected: int
    rejected_report: str | None


class ImportSummary(Contract):
    """The end of the plan `run`."""

    run: str
    failed_chunks: tuple[int, ...]


class ChunkLine(Contract):
    """A line of a file, as a chunk holds it: the JSON of an event, or why it cannot be one."""

    line: int
    text: str = ""
    error: str | None = None


class RejectedLine(Contract):
    """Why a line was not accepted; no value of the line is repeated."""

    line: int
    code: str
    reason: str


class OrderLineOfFile(Contract):
    """A JSON Lines line; `metadata` of the event it may come from is read over."""

    type: Literal["OrderFulfilled"]
    data: OrderRequest
    metadata: dict[str, Any] | None = None


class ReturnLineOfFile(Contract):
    type: Literal["GoodsReturned"]
    data: GoodsReturned
    metadata: dict[str, Any] | None = None


LineOfFile = Annotated[OrderLineOfFile | ReturnLineOfFile, Field(discriminator="type")]
