"""The program definition as JSON: validated, with defaults that make a working program.

Decimals are strings, times of day `HH:MM`, days `YYYY-MM-DD`. Amounts are minor units.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Final, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    StrictBool,
    StringConstraints,
    field_validator,
    model_validator,
)

from loyalty.contracts.values import AmountMinor, Contract, CurrencyCode, Key, Text, Timestamp
from loyalty.domain import program
from loyalty.domain.default_program import DEFAULT_PROGRAM as DEFAULT

_NESTED: Final = frozenset(
    {"exchange_rates", "time_zone", "variants", "tiers", "earn_bonuses", "action_rewards"}
)

# Each text set has an invite and a reminder of its own in templates/mail/<set>/.
TextSet = Literal["standard", "warm"]

LONGEST_WINDOW_DAYS: Final = 330  # executions end after a year; two windows and waits fit in


def _decimal_text(value: object) -> object:
    # A JSON number would have been a float on its way here: 0.1 is not 0.1 any more.
    if not isinstance(value, str | Decimal):
        raise ValueError('must be a decimal number as a string, like "0.10"')
    return value


def _clock_text(value: object) -> object:
    if not isinstance(value, str | time):
        raise ValueError("must be a time of day like 21:00")
    return value


def _zone_name(value: object) -> object:
    return value.key if isinstance(value, ZoneInfo) else value


@cache
def _zones() -> frozenset[str]:
    # Looks through the files of the machine's database.
    return frozenset(available_timezones())


def _known_zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("must be an IANA time zone like Europe/Berlin")
    return name


Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
PlainDecimal = Annotated[
    Decimal,
    BeforeValidator(_decimal_text),
    Field(max_digits=18, decimal_places=10, allow_inf_nan=False),
    PlainSerializer(lambda value: format(value, "f"), return_type=str, when_used="json"),
]
TimeOfDay = Annotated[
    time,
    BeforeValidator(_clock_text),
    PlainSerializer(lambda value: value.strftime("%H:%M"), return_type=str, when_used="json"),
]
ZoneName = Annotated[str, BeforeValidator(_zone_name), AfterValidator(_known_zone)]
MinorDigits = Annotated[int, Field(strict=True, ge=0, le=4)]
PointsCap = Annotated[int, Field(strict=True, ge=0, le=1_000_000_000)]
WindowDays = Annotated[int, Field(strict=True, ge=1, le=LONGEST_WINDOW_DAYS // 2)]


class ExchangeRateDocument(Contract):
    """From `valid_from` on, one `currency` is `rate` units of the accounting currency."""

    currency: CurrencyCode
    minor_digits: MinorDigits = 2
    valid_from: date
    rate: Annotated[PlainDecimal, Field(gt=0)]


class JourneyVariantDocument(Contract):
    """A version of the Elite journey; its share is its weight among all weights."""

    name: Name
    weight: Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
    hold_out: StrictBool = False
    threshold_minor: AmountMinor = 50_000
    invite_window_days: WindowDays = 14
    reminder_window_days: WindowDays = 14
    texts: TextSet = "standard"


class VoucherRuleDocument(Contract):
    """What a voucher is good for: exactly one of `percent`, `amount_minor`, `sku`, by `kind`."""

    kind: program.VoucherRuleKind
    valid_days: Annotated[int, Field(strict=True, ge=1, le=1830)] = 60
    percent: Annotated[int, Field(strict=True, ge=1, le=100)] | None = None
    amount_minor: Annotated[AmountMinor, Field(ge=1)] | None = None
    sku: Key | None = None
    minimum_order_minor: AmountMinor = 0

    @model_validator(mode="after")
    def _worth_what_its_kind_says(self) -> Self:
        given = {"percent": self.percent, "amount": self.amount_minor, "product": self.sku}
        if [kind for kind, value in given.items() if value is not None] != [self.kind]:
            raise ValueError("a voucher has the one value that its kind names")
        return self


class GiftDocument(Contract):
    sku: Key
    name: Text
    quantity: Annotated[int, Field(strict=True, ge=1, le=100)] = 1


class TierDocument(Contract):
    """A tier; `threshold` is minor units or points, as `tier_basis` says."""

    name: Name
    threshold: Annotated[int, Field(strict=True, ge=0, le=10**12)] = 0
    multiplier: Annotated[PlainDecimal, Field(ge=0, le=100)] = Decimal(1)
    needs_approval: StrictBool = False
    voucher: VoucherRuleDocument | None = None
    gift: GiftDocument | None = None
    benefits: Annotated[tuple[Text, ...], Field(max_length=20)] = ()

    def to_domain(self) -> program.Tier:
        return program.Tier(
            name=self.name,
            threshold=self.threshold,
            multiplier=self.multiplier,
            needs_approval=self.needs_approval,
            voucher=program.VoucherRule(**self.voucher.model_dump()) if self.voucher else None,
            gift=program.Gift(**self.gift.model_dump()) if self.gift else None,
            benefits=self.benefits,
        )


class EarnBonusDocument(Contract):
    """Goods of these categories or SKUs earn `extra_rate` points per major unit more."""

    name: Name
    extra_rate: Annotated[PlainDecimal, Field(gt=0, le=1000)]
    categories: Annotated[tuple[Text, ...], Field(max_length=100)] = ()
    skus: Annotated[tuple[Key, ...], Field(max_length=1000)] = ()
    valid_from: Timestamp | None = None
    valid_until: Timestamp | None = None

    @model_validator(mode="after")
    def _applies_to_something(self) -> Self:
        if not (self.categories or self.skus):
            raise ValueError("a bonus names categories or SKUs")
        return self


class ActionRewardDocument(Contract):
    action: Name
    points: Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
    per_year_limit: Annotated[int, Field(strict=True, ge=1, le=1000)] = 1


DEFAULT_TIERS: Final = tuple(
    TierDocument.model_validate(tier, from_attributes=True) for tier in DEFAULT.tiers
)
DEFAULT_VARIANTS: Final = tuple(
    JourneyVariantDocument.model_validate(variant, from_attributes=True)
    for variant in DEFAULT.variants
)


class ProgramDocument(Contract):
    """Every number, window and switch of the program; an empty document is a working program."""

    currency: CurrencyCode = DEFAULT.currency
    minor_digits: MinorDigits = DEFAULT.minor_digits
    exchange_rates: Annotated[tuple[ExchangeRateDocument, ...], Field(max_length=1000)] = ()
    time_zone: ZoneName = DEFAULT.time_zone.key
    points_enabled: StrictBool = DEFAULT.points_enabled
    accrual_mode: program.AccrualMode = DEFAULT.accrual_mode
    earn_rate: Annotated[PlainDecimal, Field(ge=0, le=1000)] = DEFAULT.earn_rate
    earn_bonuses: Annotated[tuple[EarnBonusDocument, ...], Field(max_length=100)] = ()
    action_rewards: Annotated[tuple[ActionRewardDocument, ...], Field(max_length=50)] = ()
    points_per_order_cap: PointsCap | None = DEFAULT.points_per_order_cap
    points_per_day_cap: PointsCap | None = DEFAULT.points_per_day_cap
    earns_per_card_and_day: Annotated[int, Field(strict=True, ge=1, le=1000)] = (
        DEFAULT.earns_per_card_and_day
    )
    pending_days: Annotated[int, Field(strict=True, ge=0, le=365)] = DEFAULT.pending_days
    expiry_months: Annotated[int, Field(strict=True, ge=1, le=60)] = DEFAULT.expiry_months
    reversal_grace_days: Annotated[int, Field(strict=True, ge=0, le=365)] = (
        DEFAULT.reversal_grace_days
    )
    adjustment_limit_points: Annotated[int, Field(strict=True, ge=0, le=1_000_000_000)] = (
        DEFAULT.adjustment_limit_points
    )
    undo_merge_days: Annotated[int, Field(strict=True, ge=0, le=365)] = DEFAULT.undo_merge_days
    tiers_enabled: StrictBool = DEFAULT.tiers_enabled
    tiers: Annotated[tuple[TierDocument, ...], Field(min_length=1, max_length=10)] = DEFAULT_TIERS
    tier_basis: program.TierBasis = DEFAULT.tier_basis
    tier_period: program.TierPeriod = DEFAULT.tier_period
    tier_upgrade: program.TierUpgrade = DEFAULT.tier_upgrade
    tier_grace_months: Annotated[int, Field(strict=True, ge=0, le=12)] = DEFAULT.tier_grace_months
    vouchers_enabled: StrictBool = DEFAULT.vouchers_enabled
    voucher_reservation_minutes: Annotated[int, Field(strict=True, ge=1, le=1440)] = (
        DEFAULT.voucher_reservation_minutes
    )
    voucher_reminder_days: Annotated[int, Field(strict=True, ge=0, le=90)] = (
        DEFAULT.voucher_reminder_days
    )
    task_reminder_days: Annotated[int, Field(strict=True, ge=1, le=90)] = DEFAULT.task_reminder_days
    task_escalation_days: Annotated[int, Field(strict=True, ge=1, le=300)] = (
        DEFAULT.task_escalation_days
    )
    variants: Annotated[
        tuple[JourneyVariantDocument, ...],
        Field(min_length=1, max_length=20),
    ] = DEFAULT_VARIANTS
    assignment_seed: Annotated[str, Field(min_length=1, max_length=100)] = DEFAULT.assignment_seed
    open_elite: StrictBool = DEFAULT.open_elite
    invite_basis: Literal["consent", "soft_opt_in"] = DEFAULT.invite_basis
    invites_per_hour: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = (
        DEFAULT.invites_per_hour
    )
    invite_recency_days: Annotated[int, Field(strict=True, ge=0, le=3650)] = (
        DEFAULT.invite_recency_days
    )
    link_valid_days: Annotated[int, Field(strict=True, ge=1, le=365)] = DEFAULT.link_valid_days
    journeys_paused: StrictBool = DEFAULT.journeys_paused
    outreach_period_days: Annotated[int, Field(strict=True, ge=1, le=365)] = (
        DEFAULT.outreach_period_days
    )
    outreach_limit: Annotated[int, Field(strict=True, ge=0, le=100)] = DEFAULT.outreach_limit
    quiet_from: TimeOfDay = DEFAULT.quiet_from
    quiet_until: TimeOfDay = DEFAULT.quiet_until
    marketing_per_week: Annotated[int, Field(strict=True, ge=1, le=50)] = DEFAULT.marketing_per_week
    points_sms: StrictBool = DEFAULT.points_sms
    top_offer_uses: Annotated[int, Field(strict=True, ge=1, le=1000)] = DEFAULT.top_offer_uses
    offers_shown: Annotated[int, Field(strict=True, ge=1, le=30)] = DEFAULT.offers_shown
    exploration_share: Annotated[PlainDecimal, Field(ge=0, le=1)] = DEFAULT.exploration_share
    # reports: what a point costs the program in the end, in minor units
    point_value_minor: Annotated[PlainDecimal, Field(ge=0, le=10_000)] | None = None

    @field_validator("quiet_from", "quiet_until")
    @classmethod
    def _whole_minutes(cls, value: time) -> time:
        if value.second or value.microsecond or value.tzinfo:
            raise ValueError("must be a local time in whole minutes")
        return value

    @model_validator(mode="after")
    def _variants_fit_together(self) -> Self:
        names = [variant.name for variant in self.variants]
        if len(set(names)) < len(names):
            raise ValueError("variants must have different names")
        if all(variant.hold_out for variant in self.variants):
            raise ValueError("at least one variant must not be a hold-out")
        return self

    @model_validator(mode="after")
    def _tiers_rise(self) -> Self:
        names = [tier.name for tier in self.tiers]
        if len(set(names)) < len(names):
            raise ValueError("tiers must have different names")
        thresholds = [tier.threshold for tier in self.tiers]
        if thresholds[0] != 0 or thresholds != sorted(set(thresholds)):
            raise ValueError("the first tier has threshold 0, each further one a higher one")
        return self

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        for names in (
            [bonus.name for bonus in self.earn_bonuses],
            [reward.action for reward in self.action_rewards],
        ):
            if len(set(names)) < len(names):
                raise ValueError("bonuses and action rewards must have different names")
        return self

    @model_validator(mode="after")
    def _rates_fit_together(self) -> Self:
        keys = [(rate.currency, rate.valid_from) for rate in self.exchange_rates]
        if len(set(keys)) < len(keys):
            raise ValueError("a currency must not have two exchange rates from the same day on")
        if any(rate.currency == self.currency for rate in self.exchange_rates):
            raise ValueError("the accounting currency must not have an exchange rate")
        digits: dict[str, int] = {}
        for rate in self.exchange_rates:
            if digits.setdefault(rate.currency, rate.minor_digits) != rate.minor_digits:
                raise ValueError("a currency must have the same minor_digits in all its rates")
        return self

    @model_validator(mode="after")
    def _links_outlive_windows(self) -> Self:
        longest = max(v.invite_window_days + v.reminder_window_days for v in self.variants)
        if self.link_valid_days < longest:
            raise ValueError("link_valid_days must cover invite and reminder windows")
        return self

    def to_domain(self, *, version: int, effective_from: datetime) -> program.ProgramDefinition:
        """Return the definition as version `version`, in force from `effective_from` (UTC) on."""
        values: dict[str, Any] = {
            name: getattr(self, name) for name in type(self).model_fields if name not in _NESTED
        }
        return program.ProgramDefinition(
            version=version,
            effective_from=effective_from,
            exchange_rates=tuple(
                program.ExchangeRate(**rate.model_dump()) for rate in self.exchange_rates
            ),
            time_zone=ZoneInfo(self.time_zone),
            variants=tuple(
                program.JourneyVariant(**variant.model_dump()) for variant in self.variants
            ),
            tiers=tuple(tier.to_domain() for tier in self.tiers),
            earn_bonuses=tuple(
                program.EarnBonus(**bonus.model_dump()) for bonus in self.earn_bonuses
            ),
            action_rewards=tuple(
                program.ActionReward(**reward.model_dump()) for reward in self.action_rewards
            ),
            **values,
        )

    @classmethod
    def from_domain(cls, definition: program.ProgramDefinition) -> Self:
        """Return the document of a definition; its version and time stay outside."""
        return cls.model_validate(definition, from_attributes=True)


class ProgramUpdate(Contract):
    """A new version; refused when `based_on_version` is not the latest one any more."""

    based_on_version: Annotated[int, Field(strict=True, ge=0)]
    effective_from: Timestamp | None = None
    definition: ProgramDocument


class ProgramView(Contract):
    """A version; saved by nobody when it is the built-in version 0."""

    version: int
    effective_from: Timestamp
    saved_at: Timestamp | None
    saved_by: str | None
    definition: ProgramDocument


class CurrentProgramView(ProgramView):
    """The version in force; all versions up to `latest_version` can be read by their number."""

    latest_version: int


def default_definition() -> program.ProgramDefinition:
    """Return version 0: the program as it works before anybody saved one."""
    return DEFAULT


def unknown_currencies(document: ProgramDocument) -> tuple[str, ...]:
    """Return the codes that ISO 4217 does not have, and those with other minor digits there.

    Asked when a program is saved, not when one is read: the table is loaded only here.
    """
    from iso4217 import Currency

    exponents = {currency.code: currency.exponent for currency in Currency}
    used = {document.currency: document.minor_digits}
    used.update({rate.currency: rate.minor_digits for rate in document.exchange_rates})
    return tuple(code for code, digits in used.items() if exponents.get(code) != digits)
