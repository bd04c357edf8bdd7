"""Items of entries, facts, messages, claims, due items and run claims, and their mapping."""

from __future__ import annotations

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from loyalty.adapters.dynamodb import keys
from loyalty.adapters.dynamodb.attributes import (
    DocumentAttribute,
    InstantAttribute,
    IntegerAttribute,
    WordAttribute,
)
from loyalty.adapters.dynamodb.tables import MembersItem
from loyalty.domain.ledger import (
    Entry,
    EntryKind,
    LedgerLine,
    LotChange,
    PendingChange,
)
from loyalty.domain.member import (
    Channel,
    EliteStatus,
    Identity,
    StatusChange,
)
from loyalty.domain.strands import Strand, strand_of_change, strand_of_entry
from loyalty.services.ports import (
    Due,
    DueKind,
    Guard,
    GuardKind,
    MessageClaim,
    MessageState,
)


class EntryItem(MembersItem, discriminator="entry"):
    story_time = UnicodeAttribute()
    strand = WordAttribute[Strand]()
    member_id = UnicodeAttribute()
    sequence = IntegerAttribute()
    kind = WordAttribute[EntryKind]()
    business_key = UnicodeAttribute()
    occurred_at = InstantAttribute()
    recorded_at = InstantAttribute()
    reason = UnicodeAttribute()
    lines = DocumentAttribute(tuple[LedgerLine, ...])
    points = IntegerAttribute()
    balance_after = IntegerAttribute()
    lot_changes = DocumentAttribute(tuple[LotChange, ...])
    pending_changes = DocumentAttribute(tuple[PendingChange, ...])
    owed_change = IntegerAttribute()
    expired_changes = DocumentAttribute(tuple[LotChange, ...], null=True)
    is_silent = BooleanAttribute(null=True)

    @classmethod
    def of(cls, entry: Entry) -> EntryItem:
        key = keys.entry(entry.member_id, entry.sequence)
        return cls(
            *key,
            story_time=keys.story_time(entry.recorded_at, key[1]),
            strand=strand_of_entry(entry.business_key),
            member_id=entry.member_id,
            sequence=entry.sequence,
            kind=entry.kind,
            business_key=entry.business_key,
            occurred_at=entry.occurred_at,
            recorded_at=entry.recorded_at,
            reason=entry.reason,
            lines=entry.lines,
            points=entry.points,
            balance_after=entry.balance_after,
            lot_changes=entry.lot_changes,
            pending_changes=entry.pending_changes,
            owed_change=entry.owed_change,
            expired_changes=entry.expired_changes or None,
            is_silent=entry.is_silent or None,
        )

    def entry(self) -> Entry:
        return Entry(
            member_id=self.member_id,
            sequence=self.sequence,
            kind=self.kind,
            business_key=self.business_key,
            occurred_at=self.occurred_at,
            recorded_at=self.recorded_at,
            reason=self.reason,
            lines=self.lines,
            points=self.points,
            balance_after=self.balance_after,
            lot_changes=self.lot_changes,
            pending_changes=self.pending_changes,
            owed_change=self.owed_change,
            expired_changes=self.expired_changes or (),
            is_silent=bool(self.is_silent),
        )


class StatusChangeItem(MembersItem, discriminator="status_change"):
    story_time = UnicodeAttribute()
    strand = WordAttribute[Strand]()
    member_id = UnicodeAttribute()
    member_version = IntegerAttribute()
    event = UnicodeAttribute()
    occurred_at = InstantAttribute()
    recorded_at = InstantAttribute()
    from_status = WordAttribute[EliteStatus]()
    to_status = WordAttribute[EliteStatus]()
    data = DocumentAttribute(dict[str, str | int | bool | None])

    @classmethod
    def of(cls, change: StatusChange, number: int) -> StatusChangeItem:
        key = keys.status_change(change.member_id, change.member_version, number)
        return cls(
            *key,
            story_time=keys.story_time(change.recorded_at, key[1]),
            strand=strand_of_change(change.event),
            member_id=change.member_id,
            member_version=change.member_version,
            event=change.event,
            occurred_at=change.occurred_at,
            recorded_at=change.recorded_at,
            from_status=change.from_status,
            to_status=change.to_status,
            data=change.data,
        )

    def status_change(self) -> StatusChange:
        return StatusChange(
            member_id=self.member_id,
            member_version=self.member_version,
            event=self.event,
            occurred_at=self.occurred_at,
            recorded_at=self.recorded_at,
            from_status=self.from_status,
            to_status=self.to_status,
            data=self.data,
        )


class MessageItem(MembersItem, discriminator="message"):
    """The permanent claim for sending one message."""

    story_time = UnicodeAttribute()
    strand = WordAttribute[Strand](default="messages")
    message_id = UnicodeAttribute()
    member_id = UnicodeAttribute()
    channel = WordAttribute[Channel]()
    kind = UnicodeAttribute()
    marketing = BooleanAttribute()
    state = WordAttribute[MessageState]()
    claimed_at = InstantAttribute()
    sent_at = InstantAttribute(null=True)
    about = UnicodeAttribute(null=True)

    @classmethod
    def of(cls, claim: MessageClaim) -> MessageItem:
        key = keys.message(claim.member_id, claim.message_id)
        return cls(
            *key,
            story_time=keys.story_time(claim.claimed_at, key[1]),
            message_id=claim.message_id,
            member_id=claim.member_id,
            channel=claim.channel,
            kind=claim.kind,
            marketing=claim.marketing,
            state=claim.state,
            claimed_at=claim.claimed_at,
            sent_at=claim.sent_at,
            about=claim.about,
        )

    def claim(self) -> MessageClaim:
        return MessageClaim(
            message_id=self.message_id,
            member_id=self.member_id,
            channel=self.channel,
            kind=self.kind,
            marketing=self.marketing,
            state=self.state,
            claimed_at=self.claimed_at,
            sent_at=self.sent_at,
            about=self.about,
        )


class GuardItem(MembersItem, discriminator="guard"):
    """A client's own id, which counts once per member and kind for ever."""

    kind = WordAttribute[GuardKind]()
    guard_id = UnicodeAttribute()
    member_id = UnicodeAttribute()
    request = DocumentAttribute(dict[str, object])
    answer = DocumentAttribute(dict[str, object])
    made_by = UnicodeAttribute(null=True)

    @classmethod
    def of(cls, guard: Guard) -> GuardItem:
        return cls(
            *keys.guard(guard.member_id, guard.kind, guard.guard_id),
            kind=guard.kind,
            guard_id=guard.guard_id,
            member_id=guard.member_id,
            request=guard.request,
            answer=guard.answer,
            made_by=guard.made_by,
        )

    def guard(self) -> Guard:
        return Guard(
            kind=self.kind,
            guard_id=self.guard_id,
            member_id=self.member_id,
            request=self.request,
            answer=self.answer,
            made_by=self.made_by,
        )


class IdentityItem(MembersItem, discriminator="identity"):
    """Who owns an identity; its key is a keyed hash, so the item holds no personal data."""

    customer_id = UnicodeAttribute()

    @classmethod
    def of(cls, secret: bytes, identity: Identity, member_id: str) -> IdentityItem:
        return cls(*keys.identity(secret, identity), customer_id=member_id)


class DueItem(MembersItem, discriminator="due"):
    kind = WordAttribute[DueKind]()
    due_at = InstantAttribute()
    member_id = UnicodeAttribute()
    about = UnicodeAttribute(null=True)

    @classmethod
    def of(cls, due: Due) -> DueItem:
        return cls(*keys.due(due), **due._asdict())

    def due(self) -> Due:
        return Due(self.kind, self.due_at, self.member_id, self.about)


class WakeUpItem(MembersItem, discriminator="wake_up"):
    """Where a customer's execution waits."""

    token = UnicodeAttribute()
    stored_at = InstantAttribute()


class RunItem(MembersItem, discriminator="run"):
    """The permanent claim for starting one execution."""

    started_at = InstantAttribute(null=True)
