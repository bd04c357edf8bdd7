"""What the use cases need of the world: adapters implement it, tests use small fakes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from loyalty.domain.ledger import Entry
from loyalty.domain.member import Channel, Identity, Member, StatusChange
from loyalty.domain.orders import AcceptedOrder, AcceptedReturn, OrderKey, OrderReturns
from loyalty.domain.program import ProgramDefinition

if TYPE_CHECKING:
    from loyalty.domain.merging import Merge
    from loyalty.domain.tasks import Task
    from loyalty.services.offer_ports import OfferUseChange
    from loyalty.services.reward_ports import RedemptionChange

DueKind = Literal[
    "release",
    "expiry",
    "forfeiture",
    "outreach",
    "points_sms",
    "statement",
    "voucher_reminder",
    "tier_mail",
    "win_back",
]
MemberPart = Literal["account", "months", "standing", "offers"]
GuardKind = Literal["adjustment", "transfer", "action", "saving", "hold"]
MessageState = Literal["sending", "sent", "failed"]

# Batch jobs walk over fixed shards of the member id: due items over a few, members over some, all
# customers over many. One that does little for each takes several of the last at a time.
DUE_SHARDS = 4
ENROLLED_SHARDS = REFRESH_SHARDS = 32
MEMBER_SHARDS = 256


class Due(NamedTuple):
    """Something that must happen to a member at a time; found again by kind, shard and time.

    `about` names what it is about, where the member has several such things.
    """

    kind: DueKind
    due_at: datetime
    member_id: str
    about: str | None = None


@dataclass(frozen=True, slots=True)
class MessageClaim:
    """The right to send one message once.

    `message_id` is unique per member (`invite`, `reminder`, `outreach-2`). `about` names what of
    the member's it tells of.
    """

    message_id: str
    member_id: str
    channel: Channel
    kind: str
    marketing: bool
    state: MessageState
    claimed_at: datetime
    sent_at: datetime | None = None
    about: str | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """What makes a client's own id count once per member: what it asked for, the first answer.

    `made_by` is the member of staff, None for machines and members.
    """

    kind: GuardKind
    guard_id: str
    member_id: str
    request: Mapping[str, object]
    answer: Mapping[str, object]
    made_by: str | None = None


@dataclass(frozen=True, slots=True)
class MemberChange:
    """Everything that one change of a member writes, in one transaction.

    Conditions that the store adds: the member is still at `expected_version` (0: does not exist);
    an order, an accepted return, a guard, a message claim, an entry is new; `returns` is still at
    its version − 1 (an order without `returns` requires that no returns item exists); an identity
    is unclaimed, already this member's, or `claims_from`'s; a due item that is removed exists; a
    task is still at its version − 1 (one of version 1 that is there already is left alone); those
    of `redemption` and `offer_use` are at their classes. `member` None: an order that nobody can be
    found for, a return that waits, or due items alone. `only` names the parts of the member that
    are written, beside the version, when the rest was not read.
    """

    member: Member | None
    expected_version: int = 0
    entries: tuple[Entry, ...] = ()
    status_changes: tuple[StatusChange, ...] = ()
    claims: tuple[Identity, ...] = ()
    claims_from: str | None = None
    order: AcceptedOrder | None = None
    requires_no_order: OrderKey | None = None
    returns: OrderReturns | None = None
    accepted_returns: tuple[AcceptedReturn, ...] = ()
    due: tuple[Due, ...] = ()
    due_done: tuple[Due, ...] = ()
    message: MessageClaim | None = None
    guards: tuple[Guard, ...] = ()
    tasks: tuple[Task, ...] = ()
    merges: tuple[Merge, ...] = ()
    redemption: RedemptionChange | None = None
    offer_use: OfferUseChange | None = None
    only: tuple[MemberPart, ...] = ()


class OrderContext(NamedTuple):
    """All that deciding on an order or a return needs; one consistent read."""

    order: AcceptedOrder | None
    returns: OrderReturns | None
    accepted_return: AcceptedReturn | None
    member: Member | None
    owners: Mapping[Identity, str] = {}


class ChangeRefused(Exception):
    """The transaction's conditions did not hold: somebody was faster. Read and decide again."""


class OrderExists(ChangeRefused):
    """The order is there already; `order` is what the refused transaction found."""

    def __init__(self, order: AcceptedOrder) -> None:
        super().__init__(order.key)
        self.order = order


class MemberStore(Protocol):
    """Customers with all in their partition, orders, identities, due items (MembersTable)."""

    def order_context(
        self,
        key: OrderKey,
        *,
        return_id: str | None = None,
        member_id: str | None = None,
        identities: Sequence[Identity] = (),
    ) -> OrderContext:
        """Read order, returns, named member and owners of the identities: one BatchGetItem."""
        ...

    def member(self, member_id: str) -> Member | None: ...

    def profiles(self, member_ids: Sequence[str]) -> Sequence[Member]:
        """Return those who exist of up to 100 customers, in any order: one batch read."""
        ...

    def owners(self, identities: Sequence[Identity]) -> Mapping[Identity, str]: ...

    def commit(self, *changes: MemberChange) -> None:
        """Write all or nothing, also of several members; at most one of the changes has an order.

        Raises
        ------
        OrderExists
            The order was accepted before.
        ChangeRefused
            Another condition failed, or the transaction conflicted with another one.
        """
        ...

    def guard(self, member_id: str, kind: GuardKind, guard_id: str) -> Guard | None: ...

    def merge(self, member_id: str, merge_id: str) -> Merge | None: ...

    def message(self, member_id: str, message_id: str) -> MessageClaim | None: ...

    def mark_message(
        self, member_id: str, message_id: str, state: MessageState, at: datetime
    ) -> None: ...

    def entries(
        self, member_id: str, *, limit: int, cursor: str | None = None
    ) -> tuple[Sequence[Entry], str | None]: ...

    def all_entries(self, member_id: str, *, up_to_sequence: int) -> Iterator[Entry]:
        """Oldest first, page by page."""
        ...

    def status_changes(
        self, member_id: str, *, limit: int, cursor: str | None = None
    ) -> tuple[Sequence[StatusChange], str | None]: ...

    def orders(
        self, member_id: str, *, limit: int, cursor: str | None = None
    ) -> tuple[Sequence[AcceptedOrder], str | None]: ...

    def due(self, kind: DueKind, shard: int, *, until: datetime, limit: int) -> Sequence[Due]: ...

    def remove_due(self, due: Due, *, seen: Member | None) -> None:
        """Drop what a member, None for nobody, is due no more; one transaction, also when repeated.

        Raises `ChangeRefused` when the member has changed since: it may have become due again.
        """
        ...

    def member_ids(self, shard: int, *, only_enrolled: bool = False) -> Iterator[str]:
        """All customers of a shard, or members of one of theirs, by a KEYS_ONLY index."""
        ...


class JourneyStore(Protocol):
    """Where a customer's execution waits, and the permanent claims for starting executions."""

    def claim_run(self, machine: str, run_id: str) -> bool:
        """Claim for ever; True when this caller may start.

        Also for a claim that never got as far as starting.
        """
        ...

    def mark_run_started(self, machine: str, run_id: str, at: datetime) -> None: ...

    def store_token(self, member_id: str, token: str, at: datetime) -> None: ...

    def token(self, member_id: str) -> str | None: ...


class ProgramStore(Protocol):
    """Program definitions by version."""

    def current(self, at: datetime) -> ProgramDefinition: ...

    def version(self, number: int) -> ProgramDefinition: ...


class InviteLimiter(Protocol):
    def take(self, hour: datetime) -> int:
        """Count one more invite in the hour from `hour` on; return which one it is (1, 2, …)."""
        ...


class Clock(Protocol):
    def now(self) -> datetime:
        """Return the program's now, UTC."""
        ...


class Ids(Protocol):
    def derive(self, kind: str, cause: str) -> str:
        """Return the id of the `kind` that `cause` (a business key) brings about, ever the same."""
        ...


@dataclass(frozen=True, slots=True)
class Email:
    """A rendered mail; `headers` are extra ones (List-Unsubscribe …).

    `tags` come back with bounces.
    """

    to: str
    subject: str
    text: str
    html: str
    headers: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


class EmailRefused(Exception):
    """The mail service certainly did not take the mail; it can be tried again.

    `takes_none` tells that this was not about the mail: too many at once, none left for today,
    sending is paused, no connection.
    """

    def __init__(self, reason: str = "", *, takes_none: bool = False) -> None:
        super().__init__(reason)
        self.takes_none = takes_none


class EmailInDoubt(Exception):
    """Nobody knows whether the mail service took the mail: it must not be sent again lightly."""


class EmailSender(Protocol):
    def send(self, email: Email) -> None:
        """Send now; raise `EmailRefused` or `EmailInDoubt`."""
        ...


class Renderer(Protocol):
    def email(
        self,
        template: str,
        *,
        to: str,
        context: Mapping[str, object],
        headers: Mapping[str, str],
        tags: Mapping[str, str],
    ) -> Email:
        """Render `<template>.subject.txt`, `.txt` and `.html` with `context`."""
        ...


class Link(NamedTuple):
    """What a link's holder may speak for, and until when."""

    member_id: str
    expires_at: datetime


class LinkSigner(Protocol):
    """Signed, expiring, single-purpose links (JWT)."""

    def sign(
        self, purpose: str, member_id: str, *, issued_at: datetime, expires_at: datetime
    ) -> str: ...

    def verify(self, purpose: str, token: str, *, now: datetime) -> Link:
        """Return whose link it is; raise `InvitationInvalid` or `InvitationExpired`."""
        ...


class Executions(Protocol):
    def start(self, machine: str, name: str, payload: Mapping[str, object]) -> None:
        """Start an execution; one of this name that runs already, or ran, is success."""
        ...

    def wake(self, token: str) -> None:
        """Complete the waiting task; a token that is no longer awaited is success."""
        ...


class EventBus(Protocol):
    def publish(self, events: Sequence[Mapping[str, object]]) -> set[int]:
        """Put events; return the indexes of those that the bus did not take."""
        ...


class WorkQueue(Protocol):
    def send(
        self, messages: Iterable[Mapping[str, object]], *, delay: timedelta = timedelta(0)
    ) -> None:
        """Send messages, which are worked on after `delay`: 15 minutes at most."""
        ...


class DeadLetters(Protocol):
    """Where messages go that can never be worked through, for an operator to look at."""

    def put(self, body: str, *, reason: str) -> None: ...


class ObjectStore(Protocol):
    """The imports bucket."""

    def read_lines(self, key: str) -> Iterator[str]:
        """Return decoded (UTF-8, a BOM dropped) lines without their ends.

        Raises `ImportFileInvalid` when it is not text.
        """
        ...

    def version(self, key: str) -> str | None:
        """Return what names an object's content, None when there is no object."""
        ...

    def write_lines(self, key: str, lines: Iterable[str]) -> None: ...

    def write_json(self, key: str, document: object) -> None: ...

    def upload_url(self, key: str, expires_in_seconds: int) -> str:
        """Return a URL that takes one PUT of the object without credentials until it expires."""
        ...


class ReportStore(Protocol):
    """Results of jobs (ProgramTable)."""

    def put(
        self, name: str, part: str, document: Mapping[str, object], *, is_lasting: bool = False
    ) -> None:
        """Write or overwrite: the same job run twice leaves one result.

        It is kept for 30 days unless it is lasting.
        """
        ...

    def get(self, name: str, part: str) -> Mapping[str, object] | None: ...

    def parts(self, name: str) -> Iterator[Mapping[str, object]]: ...
