"""The profile of a customer, with all balances."""

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
    TastesAttribute,
    WordAttribute,
)
from loyalty.adapters.dynamodb.tables import MembersItem
from loyalty.domain.ledger import Account, Lot, PendingPoints
from loyalty.domain.member import (
    Channel,
    Consent,
    EliteStatus,
    Identity,
    InactiveReason,
    Member,
    Preference,
)
from loyalty.domain.month_uses import MonthUses
from loyalty.domain.offers import MemberOffer
from loyalty.domain.orders import OrderKey
from loyalty.domain.portal_access import PortalAccess
from loyalty.domain.tiers import TierStanding
from loyalty.domain.totals import DayTotals, MonthTotals
from loyalty.services.ports import MemberPart
from loyalty.services.shards import enrolled_shard, member_shard

_ATTRIBUTES_OF: Final[dict[MemberPart, tuple[str, ...]]] = {
    "account": ("lots", "pending", "owed", "entries", "expired"),
    "months": ("months",),
    "standing": ("standing",),
    "offers": ("offers",),
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
    portal = DocumentAttribute(PortalAccess, null=True)
    tastes = TastesAttribute(null=True)
    merged_into = UnicodeAttribute(null=True)
    merge_id = UnicodeAttribute(null=True)
    absorbed = DocumentAttribute(tuple[str, ...], null=True)

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
            portal=member.portal if member.portal != PortalAccess() else None,
            tastes=member.tastes,
            merged_into=member.merged_into,
            merge_id=member.merge_id,
            absorbed=member.absorbed or None,
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
            portal=self.portal or PortalAccess(),
            tastes=self.tastes,
            merged_into=self.merged_into,
            merge_id=self.merge_id,
            absorbed=self.absorbed or (),
        )


def _enrolled_shard(member: Member) -> int | None:
    """Return the shard in which jobs find a member; none for who was none or was merged."""
    is_there = member.enrolled and member.merged_into is None
    return enrolled_shard(member.member_id) if is_there else None
