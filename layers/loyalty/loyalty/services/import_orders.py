"""Bulk files of orders and returns: cut into chunks, accepted line by line, safe to run twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, Literal
from uuid import uuid4

from pydantic import TypeAdapter, ValidationError

from loyalty.contracts.imports import (
    ChunkLine,
    ChunkReport,
    ImportPlan,
    ImportProgress,
    ImportRequest,
    ImportSummary,
    ImportTicket,
    LineOfFile,
    OrderLineOfFile,
    RejectedLine,
)
from loyalty.domain.errors import DomainError, ImportFileInvalid, ImportNotFound, MemberBusy
from loyalty.services.accept_order import accept_order
from loyalty.services.accept_return import accept_return
from loyalty.services.import_files import numbered_lines
from loyalty.services.ports import (
    Clock,
    Executions,
    Ids,
    JourneyStore,
    MemberStore,
    ObjectStore,
    ProgramStore,
    ReportStore,
)

MACHINE: Final = "order_import"
UPLOADS: Final = "orders/"
HISTORIC_UPLOADS: Final = "orders/historic/"
UPLOAD_SECONDS: Final = 3600
LINES_PER_CHUNK: Final = 500

Outcome = Literal["accepted", "duplicates", "returns", "waiting"]
_LINE: Final[TypeAdapter[LineOfFile]] = TypeAdapter(LineOfFile)


def open_import(
    request: ImportRequest, *, objects: ObjectStore, reports: ReportStore, ids: Ids
) -> ImportTicket:
    """Give a place to upload a file to; its arrival starts the import. Requests: 1 write."""
    folder = HISTORIC_UPLOADS if request.historic else UPLOADS
    key = f"{folder}{uuid4().hex}.{request.format}"
    import_id = import_id_of(key, ids)
    reports.put(_name(import_id), "ticket", {"key": key})
    return ImportTicket(
        import_id=import_id, key=key, upload_url=objects.upload_url(key, UPLOAD_SECONDS)
    )


def import_id_of(key: str, ids: Ids) -> str:
    """Return the id of the import of the object `key`, known before the object is there."""
    return ids.derive("i", f"import/{key}")


def start_import(
    key: str,
    etag: str,
    *,
    bucket: str,
    journeys: JourneyStore,
    executions: Executions,
    clock: Clock,
    ids: Ids,
) -> bool:
    """Start the import of an object that has arrived, once for its content.

    Requests: 1 claim, 1 start, 1 mark. A crash in between is made good by calling again.

    Returns
    -------
    bool
        False for an object that is no upload, and when an earlier call started it.
    """
    if not key.startswith(UPLOADS):
        return False
    import_id = import_id_of(key, ids)
    run = f"{import_id}-{etag[:12]}"
    if not journeys.claim_run(MACHINE, run):
        return False
    payload = {
        "import_id": import_id,
        "bucket": bucket,
        "key": key,
        "historic": key.startswith(HISTORIC_UPLOADS),
    }
    executions.start(MACHINE, run, payload)
    journeys.mark_run_started(MACHINE, run, clock.now())
    return True


def plan_import(
    import_id: str, key: str, *, objects: ObjectStore, reports: ReportStore
) -> ImportPlan:
    """Cut a file into chunks of `LINES_PER_CHUNK` lines and list them in the manifest.

    Requests: 1 object read, 1 object written per chunk and 1 for the manifest, 1 write.

    Raises
    ------
    ImportFileInvalid
        The file cannot be read at all; that is kept in the plan.
    ImportNotFound
        The file is gone.
    """
    run = uuid4().hex
    manifest, lines = [], 0
    try:
        numbered = numbered_lines(key, objects.read_lines(key))
        for chunk, part in enumerate(_chunks(numbered), start=1):
            chunk_key = f"imports/{import_id}/chunks/{chunk:05}.jsonl"
            objects.write_lines(chunk_key, (line.model_dump_json() for line in part))
            manifest.append({"chunk": chunk, "key": chunk_key})
            lines += len(part)
    except ImportFileInvalid as refusal:
        refused = ImportPlan(import_id=import_id, run=run, chunks=0, lines=0, refused=str(refusal))
        reports.put(_name(import_id), "plan", refused.model_dump())
        raise
    objects.write_json(f"imports/{import_id}/manifest.json", manifest)
    plan = ImportPlan(import_id=import_id, run=run, chunks=len(manifest), lines=lines)
    reports.put(_name(import_id), "plan", plan.model_dump())
    return plan


def import_chunk(
    import_id: str,
    chunk: int,
    key: str,
    *,
    historic: bool,
    objects: ObjectStore,
    reports: ReportStore,
    store: MemberStore,
    program: ProgramStore,
    clock: Clock,
    ids: Ids,
) -> ChunkReport:
    """Accept a chunk's orders and returns; lines that are wrong are rejected with their reasons.

    Requests: those of each order and return; 1 object read, 1 read and 1 write, and 1 object
    written when lines were rejected.

    Raises
    ------
    MemberBusy
        The chunk is to be done again as a whole: what it accepted before counts as duplicates.
    """
    counts: Counter[Outcome] = Counter()
    rejected: list[RejectedLine] = []
    for text in objects.read_lines(key):
        line = ChunkLine.model_validate_json(text)
        try:
            if line.error is not None:
                raise ImportFileInvalid(line.error)
            event = _LINE.validate_json(line.text)
            outcome = _accept(
                event, historic=historic, store=store, program=program, clock=clock, ids=ids
            )
        except MemberBusy:
            raise
        except (DomainError, ValidationError) as refusal:
            rejected.append(_rejected(line.line, refusal))
        else:
            counts[outcome] += 1
    report = ChunkReport(
        run=_plan(import_id, reports).run,
        chunk=chunk,
        accepted=counts["accepted"],
        duplicates=counts["duplicates"],
        returns=counts["returns"],
        waiting=counts["waiting"],
        rejected=len(rejected),
        rejected_report=_write_rejected(import_id, chunk, rejected, objects),
    )
    reports.put(_chunks_name(import_id), f"chunk-{chunk:05}", report.model_dump())
    return report


def summarize_import(
    import_id: str, failed_chunks: Iterable[int], *, reports: ReportStore
) -> ImportProgress:
    """Close the import and return its totals. Requests: those of `progress`, 1 read and 1 write."""
    summary = ImportSummary(
        run=_plan(import_id, reports).run, failed_chunks=tuple(sorted(failed_chunks))
    )
    reports.put(_name(import_id), "summary", summary.model_dump(mode="json"))
    return progress(import_id, reports=reports)


def progress(import_id: str, *, reports: ReportStore) -> ImportProgress:
    """Return how far an import is. Requests: 2 reads and 1 query.

    Raises
    ------
    ImportNotFound
        There is no such import.
    """
    planned = reports.get(_name(import_id), "plan")
    if planned is None:
        if reports.get(_name(import_id), "ticket") is None:
            raise ImportNotFound(import_id)
        return _progress(import_id, "planned", None, [])
    plan = ImportPlan.model_validate(planned)
    closed = reports.get(_name(import_id), "summary")
    summary = ImportSummary.model_validate(closed) if closed else None
    parts = map(ChunkReport.model_validate, reports.parts(_chunks_name(import_id)))
    done = sorted((part for part in parts if part.run == plan.run), key=lambda part: part.chunk)
    return _progress(import_id, _state(plan, summary), plan, done)


def _state(
    plan: ImportPlan, summary: ImportSummary | None
) -> Literal["running", "finished", "failed"]:
    if plan.refused is not None:
        return "failed"
    if summary is None or summary.run != plan.run:
        return "running"
    return "failed" if summary.failed_chunks else "finished"


def _progress(
    import_id: str,
    state: Literal["planned", "running", "finished", "failed"],
    plan: ImportPlan | None,
    done: list[ChunkReport],
) -> ImportProgress:
    return ImportProgress(
        import_id=import_id,
        state=state,
        lines=plan.lines if plan else 0,
        chunks=plan.chunks if plan else 0,
        chunks_done=len(done),
        accepted=sum(part.accepted for part in done),
        duplicates=sum(part.duplicates for part in done),
        returns=sum(part.returns for part in done),
        waiting=sum(part.waiting for part in done),
        rejected=sum(part.rejected for part in done),
        rejected_reports=tuple(part.rejected_report for part in done if part.rejected_report),
    )


def _plan(import_id: str, reports: ReportStore) -> ImportPlan:
    planned = reports.get(_name(import_id), "plan")
    if planned is None:
        raise ImportNotFound(import_id)
    return ImportPlan.model_validate(planned)


def _accept(
    line: LineOfFile,
    *,
    historic: bool,
    store: MemberStore,
    program: ProgramStore,
    clock: Clock,
    ids: Ids,
) -> Outcome:
    if isinstance(line, OrderLineOfFile):
        order = line.data.to_domain(historic=historic)
        customer = line.data.customer.to_domain()
        sold = accept_order(order, customer, store=store, program=program, clock=clock, ids=ids)
        return "accepted" if sold.created else "duplicates"
    back = accept_return(
        line.data.key, line.data.to_domain(), store=store, program=program, clock=clock
    )
    if not back.created:
        return "duplicates"
    return "waiting" if back.waiting else "returns"


def _rejected(line: int, refusal: DomainError | ValidationError) -> RejectedLine:
    if isinstance(refusal, DomainError):
        return RejectedLine(line=line, code=refusal.code, reason=str(refusal))
    reasons = (
        f"{'.'.join(map(str, error['loc']))}: {error['msg']}"
        for error in refusal.errors(include_url=False, include_context=False, include_input=False)
    )
    return RejectedLine(line=line, code="invalid_request", reason="; ".join(reasons))


def _write_rejected(
    import_id: str, chunk: int, rejected: list[RejectedLine], objects: ObjectStore
) -> str | None:
    if not rejected:
        return None
    key = f"imports/{import_id}/rejected/{chunk:05}.jsonl"
    objects.write_lines(key, (line.model_dump_json() for line in rejected))
    return key


def _chunks(lines: Iterator[ChunkLine]) -> Iterator[list[ChunkLine]]:
    while part := list(islice(lines, LINES_PER_CHUNK)):
        yield part


def _name(import_id: str) -> str:
    return f"import-{import_id}"


def _chunks_name(import_id: str) -> str:
    return f"import-{import_id}-chunks"
