"""Composition of profiles, text messages and due messages; beside `composition`."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, TypedDict

from loyalty.runtime import composition
from loyalty.runtime.settings import settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loyalty.adapters.dynamodb.tables import Tables
    from loyalty.services.due_messages import Send
    from loyalty.services.message_ports import SmsSender
    from loyalty.services.points_sms import SmsOutbox
    from loyalty.services.ports import Clock, DueKind, MemberStore, ProgramStore, WorkQueue
    from loyalty.services.statement import RewardCatalogue
    from loyalty.services.statement_mail import StatementOutbox
    from loyalty.services.voucher_reminder import ReminderOutbox
    from loyalty.services.win_back import WinBackOutbox


class ProfilePorts(TypedDict):
    store: MemberStore
    program: ProgramStore
    catalogue: RewardCatalogue
    clock: Clock


class DueMessagePlanPorts(TypedDict):
    store: MemberStore
    clock: Clock
    queue: WorkQueue


class DueMessagePorts(TypedDict):
    sends: Mapping[DueKind, Send]
    store: MemberStore
    queue: WorkQueue


def catalogue() -> RewardCatalogue:
    """Return the rewards as profiles and statements show them."""
    return _catalogue(composition.tables())


@cache
def _catalogue(tables: Tables) -> RewardCatalogue:
    """Return the catalogue in these tables: kept as long as they are."""
    from loyalty.adapters.catalogue import CachedCatalogue
    from loyalty.runtime.rewarding import reward_store

    return CachedCatalogue(reward_store(), cache_seconds=settings().program_cache_seconds)


def profile_ports() -> ProfilePorts:
    """Return what showing a customer needs."""
    return {
        "store": composition.member_store(),
        "program": composition.program_store(),
        "catalogue": catalogue(),
        "clock": composition.clock(),
    }


def statement_outbox() -> StatementOutbox:
    """Return what writing and sending statements needs."""
    from loyalty.services.statement_mail import StatementOutbox

    return StatementOutbox(composition.outbox(), composition.program_store(), catalogue())


def reminder_outbox() -> ReminderOutbox:
    """Return what writing and sending reminders of vouchers needs."""
    from loyalty.runtime.rewarding import voucher_store
    from loyalty.services.voucher_reminder import ReminderOutbox

    return ReminderOutbox(composition.outbox(), composition.program_store(), voucher_store())


def win_back_outbox() -> WinBackOutbox:
    """Return what writing and sending win-back messages needs."""
    from loyalty.services.win_back import WinBackOutbox

    return WinBackOutbox(composition.outbox(), composition.program_store())


def sms_sender() -> SmsSender:
    """Return the way to send text messages."""
    from loyalty.adapters.sms import SnsSmsSender

    return SnsSmsSender(
        composition.aws(),
        sender_id=settings().sms_sender_id,
        max_price=settings().sms_max_price,
    )


def sms_outbox() -> SmsOutbox:
    """Return what writing and sending text messages needs."""
    from loyalty.services.points_sms import SmsOutbox

    return SmsOutbox(
        store=composition.member_store(),
        program=composition.program_store(),
        clock=composition.clock(),
        renderer=composition.renderer(),
        sender=sms_sender(),
    )


def messages_queue() -> WorkQueue:
    """Return the queue of due messages."""
    from loyalty.adapters.queues import SqsQueue

    return SqsQueue(composition.aws(), queue_url=settings().messages_queue_url)


def due_message_plan_ports() -> DueMessagePlanPorts:
    """Return what planning the day's messages needs."""
    return {
        "store": composition.member_store(),
        "clock": composition.clock(),
        "queue": messages_queue(),
    }


def due_message_ports() -> DueMessagePorts:
    """Return what sending due messages needs."""
    from loyalty.services.points_sms import send_bundle
    from loyalty.services.statement_mail import send_statement
    from loyalty.services.tier_upgrade_mail import send_tier_mail_again
    from loyalty.services.voucher_reminder import send_reminder
    from loyalty.services.win_back import send_win_back

    return {
        "sends": {
            "points_sms": partial(send_bundle, outbox=sms_outbox()),
            "statement": partial(send_statement, outbox=statement_outbox()),
            "voucher_reminder": partial(send_reminder, outbox=reminder_outbox()),
            "tier_mail": partial(
                send_tier_mail_again,
                outbox=composition.outbox(),
                program=composition.program_store(),
            ),
            "win_back": partial(send_win_back, outbox=win_back_outbox()),
        },
        "store": composition.member_store(),
        "queue": messages_queue(),
    }
