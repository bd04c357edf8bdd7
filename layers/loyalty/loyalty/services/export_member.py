"""All that is kept of a member, for the member to take along."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final, TypeVar

from loyalty.contracts.values import iso
from loyalty.domain.member import Member, StatusChange
from loyalty.domain.orders import AcceptedOrder, AcceptedReturn
from loyalty.domain.tasks import Task
from loyalty.domain.voucher_codes import shown
from loyalty.services.console_ports import MemberHistory
from loyalty.services.customers import current_member
from loyalty.services.ports import Clock
from loyalty.services.task_ports import TaskStore
from loyalty.services.voucher_ports import VoucherStore

# As many orders as one batch has.
PAGE: Final = 100
# Who knows their arm of the experiment behaves as its member; who of the staff decided is theirs.
_NOT_TOLD: Final = frozenset({"variant", "variant_before", "held_out", "decided_by"})
# The fact tells nothing but the arm.
_TELLS_THE_ARM: Final = "CustomerHeldOut"

Row = TypeVar("Row")
Page = Callable[..., tuple[Sequence[Row], str | None]]


def export_member(
    member_id: str,
    *,
    store: MemberHistory,
    vouchers: VoucherStore,
    tasks: TaskStore,
    clock: Clock,
) -> dict[str, Any]:
    """Return all that is kept of a member, as JSON has it; after a merge it is all of both.

    `journey` has what was decided about the member and by which values, `offers` in the profile why
    each was chosen, `messages` what was sent, `tasks` what staff had to decide or do. Left out are
    which journey variant was drawn, the hold-out too, and who of the staff decided with which
    comment.

    Requests: 1 read; for each profile that was merged 2, and 1 or 2 for each 100 entries, orders,
    vouchers and facts, 1 for each 100 orders' returns, each order of which something came back,
    and each task.

    Raises
    ------
    MemberNotFound
        Unknown, left or erased.
    """
    member = current_member(store, member_id)
    whose = member.member_ids
    orders = _rows(store.orders, *whose)
    document = {
        "exported_at": clock.now(),
        "profile": asdict(member),
        "points": _documents(_rows(store.entries, *whose)),
        "orders": _documents(orders),
        "returns": _documents(_returns(orders, store)),
        "vouchers": [
            {**asdict(voucher), "code": shown(voucher.code)}
            for voucher in _rows(vouchers.vouchers_of, whose)
        ],
        "messages": _documents(
            sorted(
                (claim for one in whose for claim in store.message_claims(one)),
                key=lambda claim: claim.claimed_at,
                reverse=True,
            )
        ),
        "tasks": [_task(task) for task in _tasks(member, store, tasks)],
        "journey": _documents(_told(_rows(store.status_changes, *whose))),
    }
    exported: dict[str, Any] = _plain(document)
    return exported


def _returns(orders: Sequence[AcceptedOrder], store: MemberHistory) -> list[AcceptedReturn]:
    keys = [order.key for order in orders]
    batches = [keys[start : start + PAGE] for start in range(0, len(keys), PAGE)]
    found = [accepted for batch in batches for accepted in store.returns_of(batch)]
    return sorted(found, key=lambda accepted: accepted.recorded_at, reverse=True)


def _tasks(member: Member, store: MemberHistory, tasks: TaskStore) -> list[Task]:
    task_ids = {task_id for one in member.member_ids for task_id in store.task_ids(one)}
    found = [task for task_id in task_ids if (task := tasks.task(task_id)) is not None]
    return sorted(found, key=lambda task: (task.opened_at, task.task_id), reverse=True)


def _task(task: Task) -> dict[str, Any]:
    """Return a task without who is in it: staff, and the other one of a merge."""
    return {
        "task_id": task.task_id,
        "kind": task.kind,
        "opened_at": task.opened_at,
        "cause": task.cause,
        "data": task.data,
        "state": task.state,
        "decisions": [
            {
                "decision": decision.decision,
                "decided_at": decision.decided_at,
                "tracking": decision.tracking,
            }
            for decision in task.decisions
        ],
    }


def _told(changes: Sequence[StatusChange]) -> list[StatusChange]:
    return [change for change in changes if change.event != _TELLS_THE_ARM]


def _documents(rows: Sequence[Any]) -> list[dict[str, Any]]:
    return [asdict(row) for row in rows]


def _rows(page: Page[Row], *whose: object) -> list[Row]:
    return [row for one in whose for row in _all(page, one)]


def _all(page: Page[Row], whose: object) -> Iterator[Row]:
    cursor: str | None = None
    while True:
        rows, cursor = page(whose, limit=PAGE, cursor=cursor)
        yield from rows
        if cursor is None:
            return


def _plain(value: object) -> Any:
    """Return a value as JSON can hold it, without what the member is not told."""
    match value:
        case dict():
            return {
                str(name): _plain(part) for name, part in value.items() if name not in _NOT_TOLD
            }
        case list() | tuple():
            return [_plain(part) for part in value]
        case datetime():
            return iso(value)
        case None | bool() | int() | float() | str():
            return value
    return str(value)
