"""The program definition: every number, window and switch of the rules, as data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

InviteBasis = Literal["consent", "soft_opt_in"]
AccrualMode = Literal["per_order", "monthly"]
TierBasis = Literal["spend", "points"]
TierPeriod = Literal["rolling_12_months", "calendar_year"]
TierUpgrade = Literal["at_evaluation", "at_once"]
VoucherRuleKind = Literal["percent", "amount", "product"]


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """One unit of `currency` is `rate` units of the accounting currency.

    It holds from the program day `valid_from` on.
    """

    currency: str
    minor_digits: int
    valid_from: date
    rate: Decimal


@dataclass(frozen=True, slots=True)
class JourneyVariant:
    """One version of the Elite journey; `weight` is its share among all variants' weights."""

    name: str
    weight: int
    hold_out: bool
    threshold_minor: int
    invite_window_days: int
    reminder_window_days: int
    texts: str


@dataclass(frozen=True, slots=True)
class VoucherRule:
    """What a voucher is good for; `percent`, `amount_minor` or `sku` is set as `kind` says."""

    kind: VoucherRuleKind
    valid_days: int
    percent: int | None = None
    amount_minor: int | None = None
    sku: str | None = None
    minimum_order_minor: int = 0


@dataclass(frozen=True, slots=True)
class Gift:
    """A thing that the warehouse sends to a member who reached a tier."""

    sku: str
    name: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier is reached with `threshold` and more: minor units or points, as `tier_basis` says."""

    name: str
    threshold: int
    multiplier: Decimal = Decimal(1)
    needs_approval: bool = False
    voucher: VoucherRule | None = None
    gift: Gift | None = None
    benefits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EarnBonus:
    """Goods of these categories or SKUs earn `extra_rate` points per major unit more.

    It holds for orders that occurred in [`valid_from`, `valid_until`), None: without that end.
    """

    name: str
    extra_rate: Decimal
    categories: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ActionReward:
    """Points for something that is no purchase, at most `per_year_limit` times a calendar year."""

    action: str
    points: int
    per_year_limit: int


@dataclass(frozen=True, slots=True)
class ProgramDefinition:
    """One version of the program; 0 is the built-in default, without any saved version."""

    version: int
    effective_from: datetime
    currency: str
    minor_digits: int
    exchange_rates: tuple[ExchangeRate, ...]
    time_zone: ZoneInfo
    # points
    points_enabled: bool
    accrual_mode: AccrualMode
    earn_rate: Decimal
    earn_bonuses: tuple[EarnBonus, ...]
    action_rewards: tuple[ActionReward, ...]
    points_per_order_cap: int | None
    points_per_day_cap: int | None
    earns_per_card_and_day: int
    pending_days: int
    expiry_months: int
    reversal_grace_days: int
    adjustment_limit_points: int
    undo_merge_days: int
    # tiers
    tiers_enabled: bool
    tiers: tuple[Tier, ...]
    tier_basis: TierBasis
    tier_period: TierPeriod
    tier_upgrade: TierUpgrade
    tier_grace_months: int
    # vouchers
    vouchers_enabled: bool
    voucher_reservation_minutes: int
    voucher_reminder_days: int
    # tasks of staff
    task_reminder_days: int
    task_escalation_days: int
    # Elite journey
    variants: tuple[JourneyVariant, ...]
    assignment_seed: str
    open_elite: bool
    invite_basis: InviteBasis
    invites_per_hour: int
    invite_recency_days: int
    link_valid_days: int
    journeys_paused: bool
    # outreach to the silent
    outreach_period_days: int
    outreach_limit: int
    # messages
    quiet_from: time
    quiet_until: time
    marketing_per_week: int
    points_sms: bool
    # engagement and offers
    top_offer_uses: int
    offers_shown: int
    exploration_share: Decimal
    # reports: what a point costs the program in the end, in minor units
    point_value_minor: Decimal | None = None

    @property
    def entry_tier(self) -> str:
        """The tier that every new member is in: the first one, with threshold 0."""
        return self.tiers[0].name

    def tier(self, name: str) -> Tier:
        """Return the tier called `name`; raise `KeyError` when the version has none."""
        for tier in self.tiers:
            if tier.name == name:
                return tier
        raise KeyError(name)

    def variant(self, name: str) -> JourneyVariant:
        """Return the variant called `name`; raise `KeyError` when the version has none."""
        for variant in self.variants:
            if variant.name == name:
                return variant
        raise KeyError(name)
