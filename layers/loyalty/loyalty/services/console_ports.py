"""What the console, and who takes their data along, need of the world beside the use cases."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from loyalty.domain.ledger import Entry
from loyalty.domain.member import Member, StatusChange
from loyalty.domain.orders import AcceptedOrder, AcceptedReturn, OrderKey
from loyalty.domain.strands import Strand
from loyalty.domain.vouchers import Voucher
from loyalty.services.ports import MemberStore, MessageClaim


class MemberHistory(MemberStore, Protocol):
    """Customers with all that was sent to them, that they sent back, and that staff had to do."""

    def message_claims(self, member_id: str) -> Sequence[MessageClaim]:
        """Return all claims of a customer, in any order: 1 query per MB, some 4,000 of them."""
        ...

    def returns_of(self, orders: Sequence[OrderKey]) -> Sequence[AcceptedReturn]:
        """Return what came back of up to 100 orders, in any order.

        1 batch read, and 1 query for each order of which something came back.
        """
        ...

    def task_ids(self, member_id: str) -> Sequence[str]:
        """Return the ids of all tasks about a customer, in any order: 1 query."""
        ...


Told = AcceptedOrder | Entry | StatusChange | MessageClaim | Voucher


@dataclass(frozen=True, slots=True)
class StoryPage:
    """A page of what is kept of a customer, newest first, and the customer.

    It has what happened after `since` up to and including `until`; without them from the beginning,
    up to now. Orders lie when they occurred, vouchers when they were issued, messages when they
    were claimed, all else when it was recorded.
    """

    member: Member | None
    told: Sequence[Told]
    until: datetime | None
    since: datetime | None
    next_cursor: str | None


class StoryStore(Protocol):
    """All that is kept of a customer, by time."""

    def page(
        self,
        member_id: str,
        *,
        strands: Collection[Strand],
        limit: int,
        cursor: str | None = None,
    ) -> StoryPage:
        """Return up to `limit` things of the strands: 1 query and 1 batch read.

        Fewer, or none, with a next page where the strands are rare among what happened.

        Raises
        ------
        CursorInvalid
            The cursor is not of a story.
        """
        ...


@dataclass(frozen=True, slots=True)
class Execution:
    """An execution; `status` is the word of Step Functions, `address` where AWS shows it.

    `error` and `cause` are those of one that failed; `address` is None outside AWS.
    """

    machine: str
    name: str
    status: str
    started_at: datetime
    stopped_at: datetime | None
    error: str | None = None
    cause: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class ExecutionStep:
    """Something in an execution: a state that was entered, or what failed in it."""

    at: datetime
    kind: str
    state: str | None
    error: str | None = None
    cause: str | None = None


class ExecutionLog(Protocol):
    """What executions do and did, for 90 days after their end."""

    def execution(self, machine: str, name: str) -> Execution | None:
        """Return the execution, None when there is none (any more): 1 request."""
        ...

    def steps(self, machine: str, name: str, *, limit: int) -> Sequence[ExecutionStep]:
        """Return the latest steps, newest first; none when there is no execution: 1 request."""
        ...


@dataclass(frozen=True, slots=True)
class DeadLetterQueue:
    """A dead-letter queue; `feeds` is the queue that its messages go back to, None for none.

    `moving` tells whether a redrive is under way.
    """

    name: str
    waiting: int
    feeds: str | None
    moving: bool


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that could not be worked through, without its content.

    `about` says what it is: reason, kind of event, error; words and ids, never personal data.
    """

    message_id: str
    sent_at: datetime
    received: int
    size_bytes: int
    about: Mapping[str, str]


class DeadLetterQueues(Protocol):
    def queues(self) -> Sequence[DeadLetterQueue]:
        """Return all, with their depths: 1 or 2 requests each."""
        ...

    def letters(self, name: str) -> Sequence[DeadLetter]:
        """Look at up to ten messages, which stay where they are; raise `KeyError` if unknown."""
        ...

    def redrive(self, name: str) -> None:
        """Begin to move all messages back to where they came from; under way already is fine.

        Raises
        ------
        KeyError
            There is no such queue, or nowhere to go back to.
        """
        ...
