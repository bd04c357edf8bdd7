"""The world in memory, for tests of the use cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from loyalty.domain.ledger import Entry
from loyalty.domain.member import Identity, Member, StatusChange
from loyalty.domain.merging import Merge
from loyalty.domain.orders import AcceptedOrder, AcceptedReturn, OrderKey, OrderReturns
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.tasks import Task, TaskKind, TaskState
from loyalty.services.ports import (
    ChangeRefused,
    Due,
    DueKind,
    Guard,
    GuardKind,
    MemberChange,
    MessageClaim,
    MessageState,
    OrderContext,
    OrderExists,
)
from loyalty.services.shards import due_shard, enrolled_shard, member_shard
from tests.support.offer_fakes import FakeOfferStore
from tests.support.reward_fakes import FakeRewardStore

T = TypeVar("T")


class FakeMemberStore:
    """A `MemberStore` that refuses what DynamoDB would; `store_contract` holds both to that.

    `requests` counts what would be DynamoDB requests. `refusals` lets the next commits fail as a
    conflicting transaction would. Somebody else is faster than the next commit when there is a
    change in `before_commit`; than the next commit or removal when `meanwhile` is set, which is
    called once.
    """

    def __init__(self) -> None:
        self.members: dict[str, Member] = {}
        self.identity_owners: dict[Identity, str] = {}
        self.accepted_orders: dict[OrderKey, AcceptedOrder] = {}
        self.order_returns: dict[OrderKey, OrderReturns] = {}
        self.returns: dict[tuple[OrderKey, str], AcceptedReturn] = {}
        self.ledger: dict[tuple[str, int], Entry] = {}
        self.history: dict[tuple[str, int, int], StatusChange] = {}
        self.messages: dict[tuple[str, str], MessageClaim] = {}
        self.guards: dict[tuple[str, GuardKind, str], Guard] = {}
        self.merges: dict[tuple[str, str], Merge] = {}
        self.due_items: set[Due] = set()
        self.tasks: dict[str, Task] = {}
        self.rewards = FakeRewardStore(self)
        self.offers = FakeOfferStore(self)
        self.requests = 0
        self.refusals = 0
        self.before_commit: list[MemberChange] = []
        self.meanwhile: Callable[[], object] | None = None

    def order_context(
        self,
        key: OrderKey,
        *,
        return_id: str | None = None,
        member_id: str | None = None,
        identities: Sequence[Identity] = (),
    ) -> OrderContext:
        self.requests += 1
        return OrderContext(
            order=self.accepted_orders.get(key),
            returns=self.order_returns.get(key),
            accepted_return=self.returns.get((key, return_id)) if return_id else None,
            member=self.members.get(member_id) if member_id else None,
            owners=self._owners(identities),
        )

    def member(self, member_id: str) -> Member | None:
        self.requests += 1
        return self.members.get(member_id)

    def profiles(self, member_ids: Sequence[str]) -> Sequence[Member]:
        self.requests += 1
        return [self.members[member_id] for member_id in member_ids if member_id in self.members]

    def owners(self, identities: Sequence[Identity]) -> Mapping[Identity, str]:
        self.requests += 1
        return self._owners(identities)

    def commit(self, *changes: MemberChange) -> None:
        self.requests += 1
        if self.before_commit:
            self._write(self.before_commit.pop(0))
        self._let_others_be_faster()
        if self.refusals:
            self.refusals -= 1
            raise ChangeRefused("TransactionConflict")
        for change in changes:
            self._check(change)
        for change in changes:
            self._write(change)

    def guard(self, member_id: str, kind: GuardKind, guard_id: str) -> Guard | None:
        self.requests += 1
        return self.guards.get((member_id, kind, guard_id))

    def merge(self, member_id: str, merge_id: str) -> Merge | None:
        self.requests += 1
        return self.merges.get((member_id, merge_id))

    def message(self, member_id: str, message_id: str) -> MessageClaim | None:
        self.requests += 1
        return self.messages.get((member_id, message_id))

    def message_claims(self, member_id: str) -> Sequence[MessageClaim]:
        self.requests += 1
        return [claim for (owner, _), claim in self.messages.items() if owner == member_id]

    def returns_of(self, orders: Sequence[OrderKey]) -> Sequence[AcceptedReturn]:
        returned = [key for key in orders if key in self.order_returns]
        self.requests += 1 + len(returned)
        return [accepted for accepted in self.returns.values() if accepted.key in returned]

    def task_ids(self, member_id: str) -> Sequence[str]:
        self.requests += 1
        return [task.task_id for task in self.tasks.values() if member_id in task.member_ids]

    def mark_message(
        self, member_id: str, message_id: str, state: MessageState, at: datetime
    ) -> None:
        self.requests += 1
        claim = self.messages[member_id, message_id]
        sent_at = at if state == "sent" else claim.sent_at
        self.messages[member_id, message_id] = replace(claim, state=state, sent_at=sent_at)

    def entries(
        self, member_id: str, *, limit: int, cursor: str | None = None
    ) -> tuple[Sequence[Entry], str | None]:
        newest_first = sorted(self._of(self.ledger, member_id), key=lambda entry: -entry.sequence)
        return _page(newest_first, limit, cursor)

    def all_entries(self, member_id: str, *, up_to_sequence: int) -> Iterator[Entry]:
        for entry in sorted(self._of(self.ledger, member_id), key=lambda entry: entry.sequence):
            if entry.sequence <= up_to_sequence:
                yield entry

    def status_changes(
        self, member_id: str, *, limit: int, cursor: str | None = None
    ) -> tuple[Sequence[StatusChange], str | None]:
        oldest_first = [self.history[key] for key in sorted(self.history) if key[0] == member_id]
        return _page(oldest_first[::-1], limit, cursor)

    def orders(
        self, member_id: str, *, limit: int, cursor: str | None = None
    ) -> tuple[Sequence[AcceptedOrder], str | None]:
        self.requests += 2
        own = [order for order in self.accepted_orders.values() if order.member_id == member_id]
        return _page(sorted(own, key=lambda order: order.occurred_at)[::-1], limit, cursor)

    def due(self, kind: DueKind, shard: int, *, until: datetime, limit: int) -> Sequence[Due]:
        found = [
            due
            for due in self.due_items
            if due.kind == kind and due_shard(due.member_id) == shard and due.due_at <= until
        ]
        return sorted(found, key=lambda due: (due.due_at, due.member_id, due.about or ""))[:limit]

    def remove_due(self, due: Due, *, seen: Member | None) -> None:
        self.requests += 1
        self._let_others_be_faster()
        if self.members.get(due.member_id) != seen:
            raise ChangeRefused("ConditionalCheckFailed")
        self.due_items.discard(due)

    def member_ids(self, shard: int, *, only_enrolled: bool = False) -> Iterator[str]:
        shard_of = enrolled_shard if only_enrolled else member_shard
        return (
            member_id
            for member_id, member in sorted(self.members.items())
            if shard_of(member_id) == shard and (member.enrolled or not only_enrolled)
        )

    def _let_others_be_faster(self) -> None:
        if self.meanwhile:
            be_faster, self.meanwhile = self.meanwhile, None
            be_faster()

    def _owners(self, identities: Sequence[Identity]) -> dict[Identity, str]:
        return {
            identity: self.identity_owners[identity]
            for identity in identities
            if identity in self.identity_owners
        }

    def _of(self, items: Mapping[tuple[str, int], Entry], member_id: str) -> list[Entry]:
        return [item for (owner, _), item in items.items() if owner == member_id]

    def _check(self, change: MemberChange) -> None:
        """Raise as the conditions of the transaction would; nothing is written then."""
        if change.order and (existing := self.accepted_orders.get(change.order.key)):
            raise OrderExists(existing)
        holds = [
            *self._member_conditions(change),
            *self._order_conditions(change),
            all(due in self.due_items for due in change.due_done),
        ]
        if not all(holds):
            raise ChangeRefused("ConditionalCheckFailed")
        if change.redemption:
            self.rewards.check(change.redemption)
        if change.offer_use:
            self.offers.check(change.offer_use)

    def _member_conditions(self, change: MemberChange) -> Iterator[bool]:
        if change.member:
            stored = self.members.get(change.member.member_id)
            yield (stored.version if stored else 0) == change.expected_version
            for identity in change.claims:
                owner = self.identity_owners.get(identity, change.member.member_id)
                yield owner in (change.member.member_id, change.claims_from)
        yield from (
            (entry.member_id, entry.sequence) not in self.ledger for entry in change.entries
        )
        yield from (key not in self.history for key, _ in _numbered(change.status_changes))
        yield from (_guarded(guard) not in self.guards for guard in change.guards)
        for task in change.tasks:
            stored = self.tasks.get(task.task_id)
            yield task.version == 1 or (stored is not None and stored.version == task.version - 1)
        if change.message:
            claimed = self.messages.get((change.message.member_id, change.message.message_id))
            yield claimed is None or claimed.state == "failed"

    def _order_conditions(self, change: MemberChange) -> Iterator[bool]:
        if change.requires_no_order:
            yield change.requires_no_order not in self.accepted_orders
        if change.returns:
            stored = self.order_returns.get(change.returns.key)
            yield (stored.version if stored else 0) == change.returns.version - 1
        elif change.order:
            yield change.order.key not in self.order_returns
        yield from (
            (return_.key, return_.return_id) not in self.returns
            for return_ in change.accepted_returns
        )

    def _write(self, change: MemberChange) -> None:
        if change.member:
            member_id = change.member.member_id
            parts = {part: getattr(change.member, part) for part in change.only}
            self.members[member_id] = (
                replace(self.members[member_id], version=change.member.version, **parts)
                if parts
                else change.member
            )
            self.identity_owners |= dict.fromkeys(change.claims, change.member.member_id)
        if change.order:
            self.accepted_orders[change.order.key] = change.order
        if change.returns:
            self.order_returns[change.returns.key] = change.returns
        self.merges |= {(made.member_id, made.merge_id): made for made in change.merges}
        self.guards |= {_guarded(guard): guard for guard in change.guards}
        if change.message:
            self.messages[change.message.member_id, change.message.message_id] = change.message
        for task in change.tasks:
            if task.version > 1 or task.task_id not in self.tasks:
                self.tasks[task.task_id] = task
        self.returns |= {(made.key, made.return_id): made for made in change.accepted_returns}
        self.ledger |= {(entry.member_id, entry.sequence): entry for entry in change.entries}
        self.history |= dict(_numbered(change.status_changes))
        self.due_items = (self.due_items | set(change.due)) - set(change.due_done)
        if change.redemption:
            self.rewards.write(change.redemption)
        if change.offer_use:
            self.offers.write(change.offer_use)


class FakeTaskStore:
    """A `TaskStore` of the tasks that a member store has."""

    def __init__(self, members: FakeMemberStore) -> None:
        self._members = members
        self.tokens: dict[str, str] = {}

    def task(self, task_id: str) -> Task | None:
        self._members.requests += 1
        return self._members.tasks.get(task_id)

    def tasks(
        self, kind: TaskKind, state: TaskState, *, limit: int, cursor: str | None = None
    ) -> tuple[Sequence[Task], str | None]:
        self._members.requests += 1
        stored = self._members.tasks.values()
        found = [task for task in stored if (task.kind, task.state) == (kind, state)]
        return _page(sorted(found, key=lambda task: (task.opened_at, task.task_id)), limit, cursor)

    def store_token(self, task_id: str, token: str, at: datetime) -> None:
        self._members.requests += 1
        self.tokens[task_id] = token

    def token(self, task_id: str) -> str | None:
        self._members.requests += 1
        return self.tokens.get(task_id)


class FakeProgramStore:
    """Program versions, oldest first; each one in force from its `effective_from`."""

    def __init__(self, *definitions: ProgramDefinition) -> None:
        self.definitions = list(definitions)

    def current(self, at: datetime) -> ProgramDefinition:
        in_force = [version for version in self.definitions if version.effective_from <= at]
        return in_force[-1] if in_force else self.definitions[0]

    def version(self, number: int) -> ProgramDefinition:
        return next(version for version in self.definitions if version.version == number)


class FakeClock:
    """A program clock that stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by


class FakeIds:
    """Readable ids that depend on nothing but their cause."""

    def derive(self, kind: str, cause: str) -> str:
        return f"{kind}-{cause}".replace("/", "-")


def _page(items: Sequence[T], limit: int, cursor: str | None) -> tuple[Sequence[T], str | None]:
    start = int(cursor or 0)
    rest = start + limit
    return items[start:rest], str(rest) if rest < len(items) else None


def _guarded(guard: Guard) -> tuple[str, GuardKind, str]:
    return guard.member_id, guard.kind, guard.guard_id


def _numbered(
    changes: Sequence[StatusChange],
) -> Iterator[tuple[tuple[str, int, int], StatusChange]]:
    for number, change in enumerate(changes):
        yield (change.member_id, change.member_version, number), change
