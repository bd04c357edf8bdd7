"""An upgrade of the tier that needs a manager's yes, or brings a gift: from proposal to parcel."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from loyalty.contracts.evaluation import UpgradeTask
from loyalty.contracts.tier_upgrades import (
    ContinueStep,
    TaskStatus,
    UpgradeInput,
    UpgradeOutcome,
)
from loyalty.domain.calendar import month_of, program_day
from loyalty.domain.program import Gift, ProgramDefinition
from loyalty.domain.tasks import Task, gift_task
from loyalty.domain.tier_upgrades import approve, is_in_review, reject, stands
from loyalty.services.cancel_voucher import withdraw_voucher
from loyalty.services.customers import commit_step, current_member
from loyalty.services.ports import (
    Clock,
    Executions,
    Ids,
    JourneyStore,
    MemberChange,
    MemberStore,
    ProgramStore,
)
from loyalty.services.retrying import with_retries
from loyalty.services.task_ports import TaskStore
from loyalty.services.task_waits import status_of, withdraw_task
from loyalty.services.voucher_ports import VoucherStore

MACHINE: Final = "tier_upgrade"


def review_task_id(ids: Ids, upgrade_id: str) -> str:
    """Return the id of the task to review an upgrade."""
    return ids.derive("t", f"tier_review/{upgrade_id}")


def gift_task_id(ids: Ids, upgrade_id: str) -> str:
    """Return the id of the task to send an upgrade's gift."""
    return ids.derive("t", f"tier_gift/{upgrade_id}")


def redeemed_gift_task_id(ids: Ids, redemption_id: str, member_id: str) -> str:
    """Return the id of the task to send a gift that was redeemed for points."""
    return ids.derive("t", f"redemption/{redemption_id}/{member_id}")


def start_upgrade(
    upgrade: UpgradeInput,
    *,
    journeys: JourneyStore,
    executions: Executions,
    program: ProgramStore,
    clock: Clock,
) -> bool:
    """Start the execution of an upgrade, once for ever; one without a task needs none.

    Requests: 1 claim, 1 start, 1 mark. A crash in between is made good by calling again.

    Parameters
    ----------
    upgrade
        The execution's input.
    journeys, executions, program, clock
        The claims, Step Functions, the program, now.

    Returns
    -------
    bool
        False when an earlier call started it, or there is nothing to do.
    """
    definition = program.current(clock.now())
    if upgrade.reason == "upgraded" and _gift(definition, upgrade.to_tier) is None:
        return False
    return _start_once(upgrade, journeys, executions, clock)


def start_dispatch(
    member_id: str,
    redemption_id: str,
    *,
    correlation_id: str,
    tasks: TaskStore,
    journeys: JourneyStore,
    executions: Executions,
    clock: Clock,
    ids: Ids,
) -> bool:
    """Start the execution that waits for a redeemed gift to be sent, once for ever.

    Requests: 1 read, and those of `start_upgrade`.

    Parameters
    ----------
    member_id, redemption_id
        Who redeemed what; the redemption's own transaction opened the task.
    correlation_id
        What the execution says that it belongs to.

    Returns
    -------
    bool
        False when an earlier call started it, or there is no task: nothing is to be sent.
    """
    task_id = redeemed_gift_task_id(ids, redemption_id, member_id)
    if tasks.task(task_id) is None:
        return False
    dispatch = UpgradeInput(
        upgrade_id=f"{member_id}-gift-{task_id}",
        member_id=member_id,
        to_tier=None,
        reason="redeemed",
        correlation_id=correlation_id,
        started_at=clock.now(),
        task_id=task_id,
    )
    return _start_once(dispatch, journeys, executions, clock)


def continue_upgrade(step: ContinueStep, *, executions: Executions, clock: Clock) -> str:
    """Start the execution that waits on where this one, almost a year old, ends; return its name.

    Requests: 1 start.
    """
    part = step.upgrade.part + 1
    successor = step.upgrade.model_copy(
        update={
            "part": part,
            "continues": step.continues,
            "started_at": clock.now(),
        }
    )
    name = f"{step.upgrade.upgrade_id}.{part}"
    executions.start(MACHINE, name, successor.model_dump(mode="json"))
    return name


def open_review_task(
    upgrade: UpgradeTask,
    *,
    tasks: TaskStore,
    store: MemberStore,
    program: ProgramStore,
    clock: Clock,
    ids: Ids,
) -> TaskStatus:
    """Open the task to review an upgrade, if it still waits for a decision.

    Requests: 2 reads, 1 transaction.

    Returns
    -------
    TaskStatus
        As the task stands; `withdrawn` for an upgrade that waits no more and has no task.

    Raises
    ------
    MemberNotFound
        Unknown, left or erased.
    MemberBusy
        Others kept changing the member.
    """
    task_id = review_task_id(ids, upgrade.upgrade_id)

    def attempt() -> TaskStatus:
        now = clock.now()
        definition = program.current(now)
        known = tasks.task(task_id)
        if known is not None:
            return status_of(known, definition)
        member = current_member(store, upgrade.member_id)
        review = member.standing.review
        opened = Task(task_id, "tier_review", (member.member_id,), now, _cause(upgrade))
        if review is None or not is_in_review(member, upgrade.upgrade_id):
            return status_of(replace(opened, state="withdrawn"), definition)
        data = {
            "upgrade_id": review.upgrade_id,
            "from_tier": member.tier,
            "to_tier": review.tier,
            "month": review.month,
        }
        opened = replace(opened, data=data)
        # The member's version holds this off from a withdrawal at the same time.
        after = replace(member, version=member.version + 1)
        store.commit(MemberChange(after, expected_version=member.version, tasks=(opened,)))
        return status_of(opened, definition)

    return with_retries(attempt)


def reject_upgrade(
    upgrade: UpgradeTask, *, store: MemberStore, program: ProgramStore, clock: Clock
) -> None:
    """Let a manager's no take effect: it holds for the qualification period.

    Requests: 1 read, 1 transaction.

    Raises
    ------
    MemberNotFound
        Unknown, left or erased.
    MemberBusy
        Others kept changing the member.
    """

    def attempt() -> None:
        now = clock.now()
        member = current_member(store, upgrade.member_id)
        step = reject(member, upgrade.upgrade_id, program.current(now), now)
        if step is not None:
            commit_step(store, member, step)

    with_retries(attempt)


def upgrade_tier(
    upgrade: UpgradeTask, *, store: MemberStore, program: ProgramStore, clock: Clock
) -> UpgradeOutcome:
    """Let a manager's yes take effect, if the member still qualifies.

    Requests: 1 read, 1 transaction.

    Returns
    -------
    UpgradeOutcome
        The same when called again.

    Raises
    ------
    MemberNotFound
        Unknown, left or erased.
    MemberBusy
        Others kept changing the member.
    """

    def attempt() -> UpgradeOutcome:
        now = clock.now()
        definition = program.current(now)
        member = current_member(store, upgrade.member_id)
        month = month_of(program_day(now, definition.time_zone))
        step = approve(member, upgrade.upgrade_id, definition, month, now)
        if step is not None:
            commit_step(store, member, step)
            member = step.member
        if not stands(member.standing.spans, upgrade.upgrade_id):
            return UpgradeOutcome(member_id=member.member_id, outcome="withdrawn", has_gift=False)
        gift = _gift(definition, upgrade.to_tier)
        return UpgradeOutcome(
            member_id=member.member_id, outcome="upgraded", has_gift=gift is not None
        )

    return with_retries(attempt)


def open_gift_task(
    upgrade: UpgradeTask,
    *,
    tasks: TaskStore,
    store: MemberStore,
    program: ProgramStore,
    clock: Clock,
    ids: Ids,
) -> TaskStatus:
    """Open the task to send an upgrade's gift, if the upgrade was not undone meanwhile.

    Requests and errors as for `open_review_task`. Nobody keeps stock of these gifts.
    """
    task_id = gift_task_id(ids, upgrade.upgrade_id)

    def attempt() -> TaskStatus:
        now = clock.now()
        definition = program.current(now)
        known = tasks.task(task_id)
        if known is not None:
            return status_of(known, definition)
        member = current_member(store, upgrade.member_id)
        gift = _gift(definition, upgrade.to_tier)
        if gift is None or not stands(member.standing.spans, upgrade.upgrade_id):
            never = Task(task_id, "gift_dispatch", (member.member_id,), now, _cause(upgrade))
            return status_of(replace(never, state="withdrawn"), definition)
        opened = gift_task(
            task_id,
            member.member_id,
            sku=gift.sku,
            item=gift.name,
            quantity=gift.quantity,
            opened_at=now,
            cause=_cause(upgrade),
            data={"upgrade_id": upgrade.upgrade_id},
        )
        # The member's version holds this off from a return that undoes the upgrade.
        after = replace(member, version=member.version + 1)
        store.commit(MemberChange(after, expected_version=member.version, tasks=(opened,)))
        return status_of(opened, definition)

    return with_retries(attempt)


def withdraw_review(
    upgrade_id: str, *, tasks: TaskStore, store: MemberStore, clock: Clock, ids: Ids
) -> bool:
    """Withdraw the task to review an upgrade that is no longer qualified for.

    Requests and errors as for `withdraw_task`. Without a task there is nothing to do: whoever opens
    it reads the member first.
    """
    task_id = review_task_id(ids, upgrade_id)
    return withdraw_task(task_id, tasks=tasks, store=store, clock=clock)


def undo_upgrade(
    upgrade_id: str,
    *,
    tasks: TaskStore,
    store: MemberStore,
    clock: Clock,
    ids: Ids,
    vouchers: VoucherStore,
) -> bool:
    """Take back what came with an upgrade that a return undid: a voucher unused, a gift not sent.

    Requests and errors as for `withdraw_voucher` and `withdraw_task`.

    Returns
    -------
    bool
        Whether a gift waited that will not be sent now.
    """
    task_id = gift_task_id(ids, upgrade_id)
    # The gift first: what is sent is gone, and a voucher that tills keep busy must not hold it up.
    is_withdrawn = withdraw_task(task_id, tasks=tasks, store=store, clock=clock)
    withdraw_voucher(upgrade_id, reason="upgrade undone", vouchers=vouchers, clock=clock)
    return is_withdrawn


def _start_once(
    upgrade: UpgradeInput, journeys: JourneyStore, executions: Executions, clock: Clock
) -> bool:
    if not journeys.claim_run(MACHINE, upgrade.upgrade_id):
        return False
    executions.start(MACHINE, upgrade.upgrade_id, upgrade.model_dump(mode="json"))
    journeys.mark_run_started(MACHINE, upgrade.upgrade_id, clock.now())
    return True


def _cause(upgrade: UpgradeTask) -> str:
    return f"upgrade/{upgrade.upgrade_id}"


def _gift(definition: ProgramDefinition, tier_name: str | None) -> Gift | None:
    """Return what comes with a tier; the program may not have the tier any more."""
    return next((tier.gift for tier in definition.tiers if tier.name == tier_name), None)
