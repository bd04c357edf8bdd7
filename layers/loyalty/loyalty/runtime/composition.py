"""Which adapter stands behind which port; each is made when it is first asked for, and kept.

Heavy adapters are imported inside their functions: a handler pays at its cold start only for what
it uses.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypedDict

from loyalty.runtime.settings import settings

if TYPE_CHECKING:
    from loyalty.adapters.aws import Aws
    from loyalty.adapters.dynamodb.tables import Tables
    from loyalty.adapters.rendering import JinjaRenderer
    from loyalty.services.console_ports import MemberHistory
    from loyalty.services.letters import Outbox
    from loyalty.services.ports import (
        Clock,
        DeadLetters,
        EmailSender,
        EventBus,
        Executions,
        Ids,
        InviteLimiter,
        JourneyStore,
        LinkSigner,
        MemberStore,
        ObjectStore,
        ReportStore,
        WorkQueue,
    )
    from loyalty.services.program_ports import ProgramArchive


@cache
def aws() -> Aws:
    """Return the AWS clients of this process."""
    from loyalty.adapters.aws import Aws

    return Aws()


@cache
def tables() -> Tables:
    """Return the tables, with the models bound to them."""
    from loyalty.adapters.dynamodb.tables import bind

    return bind(
        aws(), members_table=settings().members_table, program_table=settings().program_table
    )


@cache
def identity_secret() -> bytes:
    """Return what keys the hashes of identities."""
    from loyalty.adapters.secrets import secret

    return secret(aws(), settings().identity_secret_arn)


@cache
def member_store() -> MemberHistory:
    """Return the store of customers, orders and due items."""
    from loyalty.adapters.dynamodb.member_store import DynamoMemberStore

    return DynamoMemberStore(tables(), identity_secret)


@cache
def journey_store() -> JourneyStore:
    """Return the store of task tokens and run claims."""
    from loyalty.adapters.dynamodb.journey_store import DynamoJourneyStore

    tables()
    return DynamoJourneyStore()


@cache
def program_store() -> ProgramArchive:
    """Return the versions of the program definition."""
    from loyalty.adapters.dynamodb.program_store import DynamoProgramStore

    tables()
    return DynamoProgramStore(cache_seconds=settings().program_cache_seconds)


@cache
def invite_limiter() -> InviteLimiter:
    """Return the count of invites by the hour."""
    from loyalty.adapters.dynamodb.invite_limiter import DynamoInviteLimiter

    tables()
    return DynamoInviteLimiter()


@cache
def report_store() -> ReportStore:
    """Return the results of jobs."""
    from loyalty.adapters.dynamodb.report_store import DynamoReportStore

    return DynamoReportStore(tables(), clock())


@cache
def clock() -> Clock:
    """Return the program's clock."""
    from loyalty.adapters.clock import FileClock, SystemClock

    file = settings().clock_file
    return FileClock(file) if file else SystemClock()


@cache
def ids() -> Ids:
    """Return the source of derived ids."""
    from loyalty.adapters.ids import DerivedIds

    return DerivedIds(identity_secret)


@cache
def email_sender() -> EmailSender:
    """Return the way to send mail."""
    from loyalty.adapters.email import SesEmailSender

    return SesEmailSender(aws(), sender_address=settings().sender_address)


@cache
def renderer() -> JinjaRenderer:
    """Return the renderer of mails and text messages."""
    from loyalty.adapters.rendering import JinjaRenderer

    return JinjaRenderer()


@cache
def link_secret() -> bytes:
    """Return what signs links and sessions."""
    from loyalty.adapters.secrets import secret

    return secret(aws(), settings().link_secret_arn)


@cache
def link_signer() -> LinkSigner:
    """Return the signer of invitation and unsubscribe links."""
    from loyalty.adapters.links import JwtLinkSigner

    return JwtLinkSigner(link_secret())


@cache
def executions() -> Executions:
    """Return the state machines that this function may start or wake."""
    from loyalty.adapters.executions import StepFunctionsExecutions

    return StepFunctionsExecutions(aws(), settings().machine_arns)


@cache
def event_bus() -> EventBus:
    """Return the bus of the program's events."""
    from loyalty.adapters.event_bus import EventBridgeBus

    return EventBridgeBus(aws(), bus_name=settings().bus_name)


@cache
def due_queue() -> WorkQueue:
    """Return the queue of what is due."""
    from loyalty.adapters.queues import SqsQueue

    return SqsQueue(aws(), queue_url=settings().due_queue_url)


@cache
def order_dead_letters() -> DeadLetters:
    """Return where order events go that can never be accepted."""
    from loyalty.adapters.queues import SqsDeadLetters

    return SqsDeadLetters(aws(), queue_url=settings().orders_dlq_url)


@cache
def object_store() -> ObjectStore:
    """Return the imports bucket."""
    from loyalty.adapters.objects import S3Objects

    return S3Objects(aws(), bucket=settings().imports_bucket)


def public_url() -> str:
    """Return where people reach the API, without a slash at the end."""
    return settings().public_url


# ── Groups: the keyword arguments of use cases ────────────────────────────────────────────────────


class ProgramPorts(TypedDict):
    program: ProgramArchive
    clock: Clock


class HistoryPorts(TypedDict):
    store: MemberStore


class StorePorts(TypedDict):
    store: MemberStore
    clock: Clock


class MemberPorts(StorePorts):
    program: ProgramArchive


class OrderPorts(MemberPorts):
    ids: Ids


class InvitationPorts(MemberPorts):
    links: LinkSigner


class StartPorts(TypedDict):
    journeys: JourneyStore
    executions: Executions
    clock: Clock


class AwaitPorts(StartPorts):
    store: MemberStore


class DuePorts(TypedDict):
    store: MemberStore
    clock: Clock
    queue: WorkQueue


class ReportPorts(TypedDict):
    reports: ReportStore


class UploadPorts(ReportPorts):
    objects: ObjectStore
    ids: Ids


class ImportStartPorts(StartPorts):
    ids: Ids


class ImportPlanPorts(ReportPorts):
    objects: ObjectStore


class ImportChunkPorts(OrderPorts):
    objects: ObjectStore
    reports: ReportStore


class LedgerStartPorts(TypedDict):
    executions: Executions


class LedgerShardPorts(ReportPorts):
    store: MemberStore


class LedgerSummaryPorts(ReportPorts):
    clock: Clock


def program_ports() -> ProgramPorts:
    """Return what reading and saving the program definition needs."""
    return {"program": program_store(), "clock": clock()}


def history_ports() -> HistoryPorts:
    """Return what the lists of a customer need."""
    return {"store": member_store()}


def transfer_ports() -> StorePorts:
    """Return what transfers of points need."""
    return {"store": member_store(), "clock": clock()}


def member_ports() -> MemberPorts:
    """Return what returns, profiles, quotes and consents need."""
    return {"store": member_store(), "clock": clock(), "program": program_store()}


return_ports = quote_ports = consent_ports = action_ports = merge_ports = member_ports


def order_ports() -> OrderPorts:
    """Return what accepting an order, enrolling and adjusting points need."""
    return {**member_ports(), "ids": ids()}


enrolment_ports = adjustment_ports = order_ports


def invitation_ports() -> InvitationPorts:
    """Return what answering an invitation and unsubscribing need."""
    return {**member_ports(), "links": link_signer()}


def start_ports() -> StartPorts:
    """Return what starting and waking journeys need."""
    return {"journeys": journey_store(), "executions": executions(), "clock": clock()}


def await_ports() -> AwaitPorts:
    """Return what waiting for an answer needs."""
    return {**start_ports(), "store": member_store()}


def outbox() -> Outbox:
    """Return what writing and sending a mail needs."""
    from loyalty.services.letters import Outbox

    return Outbox(
        store=member_store(),
        clock=clock(),
        renderer=renderer(),
        links=link_signer(),
        sender=email_sender(),
        public_url=public_url(),
    )


def due_ports() -> DuePorts:
    """Return what planning and doing the day's releases and expiries needs."""
    return {"store": member_store(), "clock": clock(), "queue": due_queue()}


def progress_ports() -> ReportPorts:
    """Return what telling and closing an import, and telling the last ledger check, need."""
    return {"reports": report_store()}


ledger_report_ports = progress_ports


def upload_ports() -> UploadPorts:
    """Return what opening an import needs."""
    return {**progress_ports(), "objects": object_store(), "ids": ids()}


def import_start_ports() -> ImportStartPorts:
    """Return what starting an import needs."""
    return {**start_ports(), "ids": ids()}


def import_plan_ports() -> ImportPlanPorts:
    """Return what planning an import needs."""
    return {**progress_ports(), "objects": object_store()}


def import_chunk_ports() -> ImportChunkPorts:
    """Return what importing a chunk needs."""
    return {**order_ports(), "objects": object_store(), "reports": report_store()}


def ledger_start_ports() -> LedgerStartPorts:
    """Return what starting a ledger check needs."""
    return {"executions": executions()}


def ledger_shard_ports() -> LedgerShardPorts:
    """Return what checking a shard of members needs."""
    return {**progress_ports(), "store": member_store()}


def ledger_summary_ports() -> LedgerSummaryPorts:
    """Return what summing up a ledger check needs."""
    return {**progress_ports(), "clock": clock()}


def reset() -> None:
    """Forget everything made so far; for tests that change the environment."""
    for made in list(globals().values()):
        if hasattr(made, "cache_clear"):
            made.cache_clear()
