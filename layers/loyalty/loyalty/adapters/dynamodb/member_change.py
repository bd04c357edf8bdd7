"""A `MemberChange` as one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loyalty.adapters.dynamodb import keys
from loyalty.adapters.dynamodb.member_items import (
    DueItem,
    EntryItem,
    GuardItem,
    IdentityItem,
    MessageItem,
    StatusChangeItem,
)
from loyalty.adapters.dynamodb.order_items import AcceptedReturnItem, OrderItem, OrderReturnsItem
from loyalty.adapters.dynamodb.profile_item import ProfileItem
from loyalty.adapters.dynamodb.tables import MembersItem
from loyalty.adapters.dynamodb.transaction import (
    CONDITION_FAILED,
    LabelledTransaction,
    TransactionRefused,
)
from loyalty.domain.member import Member
from loyalty.services.ports import ChangeRefused, Due, MemberChange, OrderExists

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pynamodb.connection import Connection

_ORDER = "order"
_IS_NEW = MembersItem.pk.does_not_exist()
_EXISTS = MembersItem.pk.exists()


def commit(
    connection: Connection, changes: Iterable[MemberChange], *, identity_secret: bytes
) -> None:
    """Write `changes`: one TransactWriteItems (2 capacity units per KB and item).

    Raises
    ------
    OrderExists
        The order was there already; the refused transaction itself says what it is.
    ChangeRefused
        Another condition failed, somebody else's transaction was on the same items, or the outcome
        is unknown.
    """
    transaction = LabelledTransaction(connection)
    for change in changes:
        _write_member(transaction, change)
        _write_claims(transaction, change, identity_secret)
        _write_order(transaction, change)
        _write_due(transaction, change)
        _write_guards(transaction, change)
        _write_merges(transaction, change)
        _write_tasks(transaction, change)
        _write_redemption(transaction, change)
        _write_offer_use(transaction, change)
    try:
        transaction.commit()
    except TransactionRefused as refused:
        reason = refused.reasons.get(_ORDER)
        if reason is not None and reason.code == CONDITION_FAILED and reason.raw_item:
            raise OrderExists(OrderItem.from_raw_data(reason.raw_item).order()) from refused
        raise ChangeRefused(str(refused)) from refused


def remove_due(connection: Connection, due: Due, seen: Member | None) -> None:
    """Delete a due item if its member is still as `seen`; raise `ChangeRefused` if not."""
    transaction = LabelledTransaction(connection)
    unchanged = ProfileItem.version == seen.version if seen else _IS_NEW
    transaction.check("profile", ProfileItem, keys.profile(due.member_id), unchanged)
    transaction.delete("due", DueItem.of(due))
    try:
        transaction.commit()
    except TransactionRefused as refused:
        raise ChangeRefused(str(refused)) from refused


def _write_member(transaction: LabelledTransaction, change: MemberChange) -> None:
    if change.member is not None and change.only:
        profile = ProfileItem.of(change.member)
        unchanged = ProfileItem.version == change.expected_version
        transaction.update("profile", profile, profile.setting(change.only), unchanged)
    elif change.member is not None:
        unchanged = ProfileItem.version == change.expected_version
        transaction.put(
            f"profile {change.member.member_id}",
            ProfileItem.of(change.member),
            unchanged if change.expected_version else _IS_NEW,
        )
    for entry in change.entries:
        transaction.put(f"entry {entry.member_id} {entry.sequence}", EntryItem.of(entry), _IS_NEW)
    for number, status_change in enumerate(change.status_changes):
        item = StatusChangeItem.of(status_change, number)
        label = f"status change {status_change.member_id} {number}"
        transaction.put(label, item, _IS_NEW)


def _write_claims(transaction: LabelledTransaction, change: MemberChange, secret: bytes) -> None:
    for number, identity in enumerate(change.claims):
        if change.member is None:
            raise ValueError("an identity is claimed for a customer")
        member_id = change.member.member_id
        free_or_own = _IS_NEW | (IdentityItem.customer_id == member_id)
        if change.claims_from is not None:
            free_or_own |= IdentityItem.customer_id == change.claims_from
        transaction.put(
            f"claim {member_id} {number}", IdentityItem.of(secret, identity, member_id), free_or_own
        )


def _write_order(transaction: LabelledTransaction, change: MemberChange) -> None:
    if change.order is not None:
        transaction.put(_ORDER, OrderItem.of(change.order), _IS_NEW, tell_existing=True)
    if change.requires_no_order is not None:
        transaction.check("no order", OrderItem, keys.order(change.requires_no_order), _IS_NEW)
    if change.returns is not None:
        before = change.returns.version - 1
        unchanged = OrderReturnsItem.version == before
        transaction.put(
            "returns", OrderReturnsItem.of(change.returns), unchanged if before else _IS_NEW
        )
    elif change.order is not None:
        transaction.check("no returns", OrderReturnsItem, keys.returns(change.order.key), _IS_NEW)
    for accepted in change.accepted_returns:
        transaction.put(f"return {accepted.return_id}", AcceptedReturnItem.of(accepted), _IS_NEW)


def _write_due(transaction: LabelledTransaction, change: MemberChange) -> None:
    for number, due in enumerate(change.due):
        transaction.put(f"due {due.member_id} {number}", DueItem.of(due))
    for number, done in enumerate(change.due_done):
        transaction.delete(f"due done {done.member_id} {number}", DueItem.of(done), _EXISTS)


def _write_guards(transaction: LabelledTransaction, change: MemberChange) -> None:
    if change.message is not None:
        # A message that was certainly not sent may be claimed again.
        free = _IS_NEW | (MessageItem.state == "failed")
        transaction.put("message", MessageItem.of(change.message), free)
    for guard in change.guards:
        transaction.put(
            f"{guard.kind} {guard.member_id} {guard.guard_id}", GuardItem.of(guard), _IS_NEW
        )


def _write_merges(transaction: LabelledTransaction, change: MemberChange) -> None:
    if not change.merges:
        return
    from loyalty.adapters.dynamodb.merge_items import MergeItem

    for merge in change.merges:
        transaction.put(f"merge {merge.merge_id}", MergeItem.of(merge))


def _write_tasks(transaction: LabelledTransaction, change: MemberChange) -> None:
    if not change.tasks:
        return
    # Imported where it is needed: few orders open a task, and every cold start would pay for it.
    from loyalty.adapters.dynamodb.task_items import TaskAboutItem, TaskItem

    for task in change.tasks:
        item = TaskItem.of(task)
        if task.version == 1:
            transaction.update(f"task {task.task_id}", item, item.opening())
            for about in TaskAboutItem.of(task):
                transaction.put(f"task about {about.pk} {task.task_id}", about)
        else:
            transaction.put(f"task {task.task_id}", item, TaskItem.version == task.version - 1)


def _write_redemption(transaction: LabelledTransaction, change: MemberChange) -> None:
    if change.redemption is None:
        return
    # Orders, the most frequent change, load nothing of rewards and vouchers.
    from loyalty.adapters.dynamodb.redemption_change import write_redemption

    write_redemption(transaction, change.redemption)


def _write_offer_use(transaction: LabelledTransaction, change: MemberChange) -> None:
    if change.offer_use is None:
        return
    from loyalty.adapters.dynamodb.offer_change import write_offer_use

    write_offer_use(transaction, change.offer_use)
