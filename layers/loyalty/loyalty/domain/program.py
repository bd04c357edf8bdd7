"""The program definition: every number, window and switch of the rules, as data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

InviteBasis = Literal["consent", "soft_opt_in"]


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
class ProgramDefinition:
    """One version of the program; 0 is the built-in default, without any saved version."""

    version: int
    effective_from: datetime
    currency: str
    minor_digits: int
    exchange_rates: tuple[ExchangeRate, ...]
    time_zone: ZoneInfo
    # points
    earn_rate: Decimal
    pending_days: int
    expiry_months: int
    entry_tier: str
    adjustment_limit_points: int
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

    def variant(self, name: str) -> JourneyVariant:
        """Return the variant called `name`; raise `KeyError` when the version has none."""
        for variant in self.variants:
            if variant.name == name:
                return variant
        raise KeyError(name)
