"""Outreach: from time to time, whoever never answered hears of the program again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from loyalty.contracts.journeys import (
    OutreachCounts,
    OutreachPage,
    OutreachPlan,
    OutreachRun,
    OutreachTask,
)
from loyalty.contracts.values import iso
from loyalty.domain.consents import may_market
from loyalty.domain.journey import Step, is_silent, status_change
from loyalty.domain.member import Member
from loyalty.domain.messaging import after_weekly_limit, in_quiet_hours, with_marketing_sent
from loyalty.domain.program import ProgramDefinition
from loyalty.services.customers import commit_step
from loyalty.services.journey_messages import journey_definition
from loyalty.services.letters import Outbox, compose
from loyalty.services.messages import ClaimedMail, claim, deliver, unchanged
from loyalty.services.ports import (
    DUE_SHARDS,
    Clock,
    Due,
    EmailRefused,
    MemberChange,
    MemberStore,
    ProgramStore,
    ReportStore,
)
from loyalty.services.retrying import with_retries

PAGE_SIZE: Final = 25


def plan_outreach(*, clock: Clock) -> OutreachPlan:
    """Return the shards to walk over and the run's time (no request).

    The time is cut to the minute: a weekly run that starts a second earlier than the last one did
    still finds whoever is due a whole number of weeks after it.
    """
    until = clock.now().replace(second=0, microsecond=0)
    return OutreachPlan(shards=tuple(range(DUE_SHARDS)), until=until)


def send_outreach(task: OutreachTask, *, outbox: Outbox, program: ProgramStore) -> OutreachPage:
    """Write to one page of a shard's due customers.

    Every customer of the page is written to, put off, or struck off, so that the next page is
    another one; with paused journeys or in quiet hours all stay due for the next run.

    Requests: 1 query; per customer 1 read, 1 transaction, 1 mail, 1 update; 1 read more of a
    customer who was written to before.

    Returns
    -------
    OutreachPage
        A mail that was refused counts as skipped.

    Raises
    ------
    EmailRefused
        The mail service takes no mails at present; whoever was not written to stays due.
    MemberBusy
        Others kept changing a member; calling again goes on where this call stopped.
    """
    now = outbox.clock.now()
    current = program.current(now)
    if current.journeys_paused or in_quiet_hours(current, now):
        return OutreachPage(more=False)
    page = outbox.store.due("outreach", task.shard, until=task.until, limit=PAGE_SIZE)
    sent = sum(_reach_out(due, task.until, outbox=outbox, program=program) for due in page)
    return OutreachPage(sent=sent, skipped=len(page) - sent, more=len(page) == PAGE_SIZE)


def summarize_outreach(run: OutreachRun, *, reports: ReportStore) -> OutreachCounts:
    """Add up the shards and keep the run's result in the report `outreach` (1 put)."""
    total = OutreachCounts(
        sent=sum(shard.sent for shard in run.shards),
        skipped=sum(shard.skipped for shard in run.shards),
    )
    reports.put("outreach", run.run_id, {**total.model_dump(), "until": iso(run.until)})
    return total


def _reach_out(due: Due, run_at: datetime, *, outbox: Outbox, program: ProgramStore) -> bool:
    """Write to one customer, at most once in a period; tell whether that was done.

    A mail that the mail service refuses is not tried again before the next period: one bad address
    must not hold up its shard. Where it takes none at all, the customer is due as before.
    """
    claimed = with_retries(lambda: _claim_outreach(due, run_at, outbox=outbox, program=program))
    if claimed is None:
        return False
    try:
        deliver(claimed.mail, outbox=outbox)
    except EmailRefused as refused:
        if not refused.takes_none:
            return False
        put_back = MemberChange(member=None, due=(due,), due_done=claimed.due)
        with_retries(lambda: outbox.store.commit(put_back))
        raise
    return True


@dataclass(frozen=True, slots=True)
class _Claimed:
    """A mail to send, and when its customer is due again after it."""

    mail: ClaimedMail
    due: tuple[Due, ...]


def _claim_outreach(
    due: Due, run_at: datetime, *, outbox: Outbox, program: ProgramStore
) -> _Claimed | None:
    now = outbox.clock.now()
    current = program.current(now)
    member = outbox.store.member(due.member_id)
    if member is None or not (is_silent(member) and may_market(member, "email", current)):
        outbox.store.remove_due(due, seen=member)
        return None
    # A mail that was put back has its number and its place in the week already.
    step = unchanged(member)
    if not _was_put_back(due, member, outbox.store):
        if member.outreach_sent >= current.outreach_limit:
            outbox.store.remove_due(due, seen=member)
            return None
        spare_at = after_weekly_limit(member, current, now)
        if spare_at > now:
            put_off = Due("outreach", spare_at, due.member_id)
            commit_step(outbox.store, member, step, due=(put_off,), due_done=(due,))
            return None
        step = _outreach_step(member, current, now)
    message_id = _last_message_id(step.member)
    definition = journey_definition(member, program)
    following = _next_due(step.member, current, run_at)
    mail = claim(
        member,
        step,
        "outreach",
        message_id,
        compose("outreach", message_id, member, definition, outbox=outbox, at=now),
        store=outbox.store,
        at=now,
        due=following,
        due_done=(due,),
    )
    return _Claimed(mail, following)


def _was_put_back(due: Due, member: Member, store: MemberStore) -> bool:
    """Tell whether the customer's last mail was claimed for this very item and not sent."""
    if not member.outreach_sent:
        return False
    last = store.message(member.member_id, _last_message_id(member))
    return last is not None and last.state == "failed" and due.due_at <= last.claimed_at


def _last_message_id(member: Member) -> str:
    return f"outreach-{member.outreach_sent}"


def _outreach_step(member: Member, current: ProgramDefinition, now: datetime) -> Step:
    reached = replace(
        with_marketing_sent(member, current, now),
        version=member.version + 1,
        outreach_sent=member.outreach_sent + 1,
    )
    data = {"outreach": reached.outreach_sent, "variant": member.variant}
    return Step(reached, (status_change(member, reached, "OutreachSent", now, data),))


def _next_due(member: Member, current: ProgramDefinition, run_at: datetime) -> tuple[Due, ...]:
    """Return when to write again: counted from the run's time, so that weekly runs keep step."""
    if member.outreach_sent >= current.outreach_limit:
        return ()
    period = timedelta(days=current.outreach_period_days)
    return (Due("outreach", run_at + period, member.member_id),)
