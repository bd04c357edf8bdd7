"""Members over HTTP: enrolment, profile, consents, ledger."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from pydantic import StrictBool, model_validator

from loyalty.contracts.orders import ConsentFlags, IdentityFields
from loyalty.contracts.values import (
    Contract,
    Email,
    Key,
    Money,
    PersonName,
    PostalAddress,
    Timestamp,
)
from loyalty.domain.identity import CustomerRef
from loyalty.domain.member import Channel, Consent, Preference


class SomeIdentity(IdentityFields):
    """At least one identity."""

    @model_validator(mode="after")
    def _known_somehow(self) -> Self:
        if not (self.email or self.phone or self.card or self.external_id):
            raise ValueError("give at least one of email, phone, card, external_id")
        return self


class EnrolmentRequest(SomeIdentity):
    """At least one identity; the customer who has it already becomes the member."""

    name: PersonName | None = None
    consent: ConsentFlags = ConsentFlags()

    def to_domain(self) -> CustomerRef:
        return CustomerRef(
            member_id=None,
            identities=self.given_identities(),
            name=self.name,
            consents=self.consent.given(),
        )


class ProfileRequest(Contract):
    """What is absent stays as it is; null takes away."""

    name: PersonName | None = None
    address: PostalAddress | None = None


class EmailRequest(Contract):
    """The address that the member says is theirs; it alone receives sign-in links from now on."""

    email: Email


class LookupRequest(SomeIdentity):
    """At least one identity; the strongest one that is known decides."""

    def to_domain(self) -> CustomerRef:
        return CustomerRef(member_id=None, identities=self.given_identities())


class ConsentRequest(Contract):
    granted: StrictBool
    wording_version: Key | None = None
    source: Key


class ConsentsRequest(Contract):
    """Channels that are absent stay as they are."""

    email: ConsentRequest | None = None
    sms: ConsentRequest | None = None
    push: ConsentRequest | None = None

    def to_domain(self, recorded_at: datetime) -> dict[Channel, Consent]:
        """Return what was said per channel, as of `recorded_at`."""
        channels: dict[Channel, ConsentRequest | None] = {
            "email": self.email,
            "sms": self.sms,
            "push": self.push,
        }
        return {
            channel: Consent(said.granted, recorded_at, said.source, said.wording_version)
            for channel, said in channels.items()
            if said is not None
        }


class ConsentView(Contract):
    granted: bool
    recorded_at: Timestamp
    source: str
    wording_version: str | None


class PreferencesRequest(Contract):
    """Service messages, and offers by what one buys, on or off; what is absent stays as it is."""

    points_sms: StrictBool | None = None
    tier_mail: StrictBool | None = None
    statement: StrictBool | None = None
    voucher_reminder: StrictBool | None = None
    profiling: StrictBool | None = None

    def to_domain(self) -> dict[Preference, bool]:
        """Return what was said."""
        said: dict[Preference, bool | None] = {
            "points_sms": self.points_sms,
            "tier_mail": self.tier_mail,
            "statement": self.statement,
            "voucher_reminder": self.voucher_reminder,
            "profiling": self.profiling,
        }
        return {name: wanted for name, wanted in said.items() if wanted is not None}


class RewardGoalView(Contract):
    """A reward and how many points are missing for it, 0 when it can be had now."""

    reward_id: str
    name: str
    points: int
    missing: int


class ProgressView(Contract):
    """How far a member is; all null at the top.

    `missing` is what is missing to `next_tier`: minor units of the program's currency, or points,
    as `missing_unit` says. `cheapest_reward` is the cheapest one that is not within reach.
    """

    next_tier: str | None
    missing: int | None
    missing_unit: Literal["minor_units", "points"] | None
    cheapest_reward: RewardGoalView | None


class MemberView(Contract):
    """A profile. `status` is the Elite status; `enrolled` says whether points are collected.

    `rewards` are those that the points buy now, the dearest first, `preferences` the service
    messages that the customer gets; `progress` is null for who is no member.
    """

    member_id: str
    enrolled: bool
    status: str
    inactive_reason: Literal["silent", "lapsed"] | None
    tier: str | None
    points_available: int
    points_pending: int
    owed: int
    lifetime_spend: Money
    joined_at: Timestamp | None
    variant: str | None
    invite_suppressed: bool
    consents: dict[str, ConsentView]
    preferences: dict[str, bool]
    is_top: bool
    saved_since_joining: Money
    progress: ProgressView | None
    rewards: tuple[RewardGoalView, ...]


class LedgerLineView(Contract):
    account: str
    points: int


class LedgerEntryView(Contract):
    entry_id: str
    kind: str
    occurred_at: Timestamp
    points: int
    balance_after: int
    reason: str
    lines: tuple[LedgerLineView, ...]


class LedgerPage(Contract):
    items: tuple[LedgerEntryView, ...]
    next_cursor: str | None


class OrderView(Contract):
    source: str
    order_id: str
    occurred_at: Timestamp
    store_id: str | None
    total: Money
    points: int


class OrderPage(Contract):
    items: tuple[OrderView, ...]
    next_cursor: str | None


class JourneyStepView(Contract):
    """One thing that happened to a customer on the Elite journey, with what decided it."""

    event: str
    occurred_at: Timestamp
    from_status: str
    to_status: str
    data: dict[str, str | int | bool | None]


class JourneyPage(Contract):
    items: tuple[JourneyStepView, ...]
    next_cursor: str | None
