"""Items of customers, identity claims, due items and run claims, and their mapping."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from loyalty.adapters.dynamodb import keys
from loyalty.adapters.dynamodb.attributes import (
    DocumentAttribute,
    InstantAttribute,
    IntegerAttribute,
    WordAttribute,
)
from loyalty.adapters.dynamodb.tables import MembersItem
from loyalty.domain.engagement import MonthUses
from loyalty.domain.ledger import (
    Account,
    Entry,
    EntryKind,
    LedgerLine,
    Lot,
    LotChange,
    PendingChange,
    PendingPoints,
)
from loyalty.domain.member import (
    Channel,
    Consent,
    EliteStatus,
    Identity,
    InactiveReason,
    Member,
    Preference,
    StatusChange,
)
from loyalty.domain.offers import MemberOffer
from loyalty.domain.orders import OrderKey
from loyalty.domain.tiers import TierStanding
from loyalty.domain.totals import DayTotals, MonthTotals
from loyalty.services.ports import (
    Due,
    DueKind,
    Guard,
    GuardKind,
    MemberPart,
    MessageClaim,
    MessageState,
)
from loyalty.services.shards import member_shard

_ATTRIBUTES_OF: Final[dict[MemberPart, tuple[str, ...]]] = {
    "account": ("lots", "pending", "owed", "entries", "expired"),
    "months": ("months",),
    "standing": ("standing",),
}


class ProfileItem(MembersItem, discriminator="profile"):
    """A customer with balances; the one place for personal data."""

    shard = IntegerAttribute()
    enrolled_shard = IntegerAttribute(null=True)
    member_id = UnicodeAttribute()
    version = IntegerAttribute()
    created_at = InstantAttribute()
    status = WordAttribute[EliteStatus]()
    inactive_reason = WordAttribute[InactiveReason](null=True)
    status_since = InstantAttribute(null=True)
    joined_at = InstantAttribute(null=True)
    standing = DocumentAttribute(TierStanding)
    identities = DocumentAttribute(tuple[Identity, ...])
    name = UnicodeAttribute(null=True)
    address = UnicodeAttribute(null=True)
    lifetime_spend_minor = IntegerAttribute()
    lots = DocumentAttribute(tuple[Lot, ...])
    pending = DocumentAttribute(tuple[PendingPoints, ...])
    owed = IntegerAttribute()
    entries = IntegerAttribute()
    expired = DocumentAttribute(tuple[Lot, ...], null=True)
    months = DocumentAttribute(tuple[MonthTotals, ...])
    days = DocumentAttribute(tuple[DayTotals, ...])
    threshold_crossed_at = InstantAttribute(null=True)
    crossing_order = DocumentAttribute(OrderKey, null=True)
    variant = UnicodeAttribute(null=True)
    journey_program_version = IntegerAttribute(null=True)
    held_out = BooleanAttribute()
    invite_suppressed = BooleanAttribute()
    consents = DocumentAttribute(dict[Channel, Consent])
    suppressed = DocumentAttribute(dict[Channel, str])
    preferences = DocumentAttribute(dict[Preference, bool], null=True)
    saved_minor = IntegerAttribute(null=True)
    marketing_sent_at = DocumentAttribute(tuple[datetime, ...])
    outreach_sent = IntegerAttribute()
    action_counts = DocumentAttribute(dict[str, int], null=True)
    uses = DocumentAttribute(tuple[MonthUses, ...], null=True)
    offers = DocumentAttribute(tuple[MemberOffer, ...], null=True)
    merged_into = UnicodeAttribute(null=True)
    merge_id = UnicodeAttribute(null=True)

    @classmethod
    def of(cls, member: Member) -> ProfileItem:
        account = member.account
        return cls(
            *keys.profile(member.member_id),
            shard=member_shard(member.member_id),
            enrolled_shard=_enrolled_shard(member),
            member_id=member.member_id,
            version=member.version,
            created_at=member.created_at,
            status=member.status,
            inactive_reason=member.inactive_reason,
            status_since=member.status_since,
            joined_at=member.joined_at,
            standing=member.standing,
            identities=member.identities,
            name=member.name,
            address=member.address,
            lifetime_spend_minor=member.lifetime_spend_minor,
            lots=account.lots,
            pending=account.pending,
            owed=account.owed,
            entries=account.entries,
            expired=account.expired or None,
            months=member.months,
            days=member.days,
            threshold_crossed_at=member.threshold_crossed_at,
            crossing_order=member.crossing_order,
            variant=member.variant,
            journey_program_version=member.journey_program_version,
            held_out=member.held_out,
            invite_suppressed=member.invite_suppressed,
            consents=member.consents,
            suppressed=member.suppressed,
            preferences=member.preferences or None,
            saved_minor=member.saved_minor or None,
            marketing_sent_at=member.marketing_sent_at,
            outreach_sent=member.outreach_sent,
            action_counts=member.action_counts or None,
            uses=member.uses or None,
            offers=member.offers or None,
            merged_into=member.merged_into,
            merge_id=member.merge_id,
        )

    def setting(self, parts: Iterable[MemberPart]) -> list[Action]:
        """Return the actions that write these parts, and the version, and leave all else."""
        names = ["version", *(name for part in parts for name in _ATTRIBUTES_OF[part])]
        return [getattr(type(self), name).set(getattr(self, name)) for name in names]

    def member(self) -> Member:
        return Member(
            member_id=self.member_id,
            version=self.version,
            created_at=self.created_at,
            status=self.status,
            inactive_reason=self.inactive_reason,
            status_since=self.status_since,
            joined_at=self.joined_at,
            standing=self.standing,
            identities=self.identities,
            name=self.name,
            address=self.address,
            lifetime_spend_minor=self.lifetime_spend_minor,
            account=Account(self.lots, self.pending, self.owed, self.entries, self.expired or ()),
            months=self.months,
            days=self.days,
            threshold_crossed_at=self.threshold_crossed_at,
            crossing_order=self.crossing_order,
            variant=self.variant,
            journey_program_version=self.journey_program_version,
            held_out=self.held_out,
            invite_suppressed=self.invite_suppressed,
            consents=self.consents,
            suppressed=self.suppressed,
            preferences=self.preferences or {},
            saved_minor=self.saved_minor or 0,
            marketing_sent_at=self.marketing_sent_at,
            outreach_sent=self.outreach_sent,
            action_counts=self.action_counts or {},
            uses=self.uses or (),
            offers=self.offers or (),
            merged_into=self.merged_into,
            merge_id=self.merge_id,
        )


def _enrolled_shard(member: Member) -> int | None:
    """Return the shard in which jobs find a member; none for who was none or was merged."""
    is_there = member.enrolled and member.merged_into is None
    return member_shard(member.member_id) if is_there else None


class EntryItem(MembersItem, discriminator="entry"):
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
        return cls(
            *keys.entry(entry.member_id, entry.sequence),
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
        return cls(
            *keys.status_change(change.member_id, change.member_version, number),
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
        return cls(
            *keys.message(claim.member_id, claim.message_id),
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

    @classmethod
    def of(cls, due: Due) -> DueItem:
        return cls(*keys.due(due), kind=due.kind, due_at=due.due_at, member_id=due.member_id)

    def due(self) -> Due:
        return Due(kind=self.kind, due_at=self.due_at, member_id=self.member_id)


class WakeUpItem(MembersItem, discriminator="wake_up"):
    """Where a customer's execution waits."""

    token = UnicodeAttribute()
    stored_at = InstantAttribute()


class RunItem(MembersItem, discriminator="run"):
    """The permanent claim for starting one execution."""

    started_at = InstantAttribute(null=True)
