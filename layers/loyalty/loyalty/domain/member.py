"""Customers and members: who they are, where they stand in the Elite journey, how that changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from loyalty.domain.ledger import Account
from loyalty.domain.month_uses import MonthUses
from loyalty.domain.offers import MemberOffer
from loyalty.domain.orders import OrderKey
from loyalty.domain.portal_access import PortalAccess
from loyalty.domain.tastes import Tastes
from loyalty.domain.tiers import TierStanding
from loyalty.domain.totals import DayTotals, MonthTotals

IdentityKind = Literal["card", "external_id", "email", "phone"]
Channel = Literal["email", "sms", "push"]
EliteStatus = Literal[
    "prospect",
    "invited",
    "reminded",
    "active",
    "not_interested",
    "inactive",
    "left",
    "merged",
    "erased",
]
InactiveReason = Literal["silent", "lapsed"]
# What a member can switch off, or on: service messages, and offers by what they buy.
Preference = Literal["points_sms", "tier_mail", "statement", "voucher_reminder", "profiling"]

# Strongest first: an order with conflicting identities goes to the owner of the strongest.
IDENTITY_STRENGTH: tuple[IdentityKind, ...] = ("card", "external_id", "email", "phone")


@dataclass(frozen=True, slots=True)
class Identity:
    """A normalised identity: lower-case e-mail, E.164 phone, trimmed card or external id.

    It is the same one whether `is_verified` or not: that is said of the customer who holds it, and
    False for what an order added to a customer who was known by something else
    (docs/adr/0032-an-order-verifies-no-address.md).
    """

    kind: IdentityKind
    value: str
    is_verified: bool = field(default=True, compare=False)


@dataclass(frozen=True, slots=True)
class Consent:
    granted: bool
    recorded_at: datetime
    source: str
    wording_version: str | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A customer's profile with balances; a *member* once `joined_at` is set.

    `version` 0 is not stored yet. `lifetime_spend_minor` is in the program's currency. `variant`
    and `journey_program_version` are drawn once, when the journey starts. `marketing_sent_at` holds
    the latest marketing messages, newest last, as many as the weekly limit needs. `suppressed` maps
    a channel to why nothing may be sent there (bounce, complaint). `preferences` holds what the
    member said about service messages; `domain.preferences` knows what holds otherwise.
    `saved_minor` is what vouchers took off the member's purchases, in the program's currency.
    `action_counts` are the rewarded actions of this year and the last one, by `<year>/<action>`.
    `uses` are the benefits used by month, `offers` those in the member's portal, best first.
    `portal` is the member's side of signing in there.
    `tastes` are learned from orders, None while there is nothing to know.
    `merged_into` names the survivor of the merge `merge_id`, whose everything is now; `absorbed`
    are those who were merged into the member, directly or not, 20 at most.
    """

    member_id: str
    version: int
    created_at: datetime
    status: EliteStatus = "prospect"
    inactive_reason: InactiveReason | None = None
    status_since: datetime | None = None
    joined_at: datetime | None = None
    standing: TierStanding = field(default_factory=TierStanding)
    identities: tuple[Identity, ...] = ()
    name: str | None = None
    address: str | None = None
    lifetime_spend_minor: int = 0
    account: Account = field(default_factory=Account)
    months: tuple[MonthTotals, ...] = ()
    days: tuple[DayTotals, ...] = ()
    threshold_crossed_at: datetime | None = None
    crossing_order: OrderKey | None = None
    variant: str | None = None
    journey_program_version: int | None = None
    held_out: bool = False
    invite_suppressed: bool = False
    consents: Mapping[Channel, Consent] = field(default_factory=dict)
    suppressed: Mapping[Channel, str] = field(default_factory=dict)
    preferences: Mapping[Preference, bool] = field(default_factory=dict)
    saved_minor: int = 0
    marketing_sent_at: tuple[datetime, ...] = ()
    outreach_sent: int = 0
    action_counts: Mapping[str, int] = field(default_factory=dict)
    uses: tuple[MonthUses, ...] = ()
    offers: tuple[MemberOffer, ...] = ()
    portal: PortalAccess = field(default_factory=PortalAccess)
    tastes: Tastes | None = None
    merged_into: str | None = None
    merge_id: str | None = None
    absorbed: tuple[str, ...] = ()

    @property
    def member_ids(self) -> tuple[str, ...]:
        """All ids under which what is the member's may be found: their own comes first."""
        return self.member_id, *self.absorbed

    @property
    def tier(self) -> str | None:
        """The tier that the member is in now; None for a customer who is no member."""
        return self.standing.tier

    @property
    def enrolled(self) -> bool:
        return self.joined_at is not None

    def identity(self, kind: IdentityKind) -> str | None:
        """Return where to reach the customer: the latest verified value of `kind`, else the first.

        None when there is no value of this kind.
        """
        held = [identity for identity in self.identities if identity.kind == kind]
        verified = [identity for identity in held if identity.is_verified]
        found = verified[-1:] or held[:1]
        return found[0].value if found else None

    def has_verified(self, identity: Identity) -> bool:
        """Tell whether the customer holds this identity, and it is known to be theirs."""
        return any(own == identity and own.is_verified for own in self.identities)


@dataclass(frozen=True, slots=True)
class StatusChange:
    """An immutable fact of a member's life; its insertion publishes the event of the same name.

    `data` holds ids, words and numbers only, never personal data.
    """

    member_id: str
    member_version: int
    event: str
    occurred_at: datetime
    recorded_at: datetime
    from_status: EliteStatus
    to_status: EliteStatus
    data: Mapping[str, str | int | bool | None] = field(default_factory=dict)
