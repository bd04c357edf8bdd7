"""The program definition as JSON: validated, with defaults that make a working program.

Decimals are strings, times of day `HH:MM`, days `YYYY-MM-DD`. Amounts are minor units.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime, time
from decimal import Decimal
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

from loyalty.contracts.values import AmountMinor, Contract, CurrencyCode, Timestamp
from loyalty.domain import program

# Each text set has an invite and a reminder of its own in templates/mail/<set>/.
TextSet = Literal["standard", "warm"]

LONGEST_WINDOW_DAYS: Final = 330  # executions end after a year; two windows and waits fit in
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _decimal_text(value: object) -> object:
    # A JSON number would have been a float on its way here: 0.1 is not 0.1 any more.
    if not isinstance(value, str | Decimal):
        raise ValueError('must be a decimal number as a string, like "0.10"')
    return value


def _clock_text(value: object) -> object:
    if not isinstance(value, str | time):
        raise ValueError("must be a time of day like 21:00")
    return value


def _known_zone(name: str) -> str:
    if name not in available_timezones():
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
ZoneName = Annotated[str, AfterValidator(_known_zone)]
MinorDigits = Annotated[int, Field(strict=True, ge=0, le=4)]
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


DEFAULT_VARIANTS: Final = (
    JourneyVariantDocument(name="standard", weight=90),
    JourneyVariantDocument(name="hold_out", weight=10, hold_out=True),
)


class ProgramDocument(Contract):
    """Every number, window and switch of the program; an empty document is a working program."""

    currency: CurrencyCode = "EUR"
    minor_digits: MinorDigits = 2
    exchange_rates: Annotated[tuple[ExchangeRateDocument, ...], Field(max_length=1000)] = ()
    time_zone: ZoneName = "UTC"
    earn_rate: Annotated[PlainDecimal, Field(ge=0, le=1000)] = Decimal("0.10")
    pending_days: Annotated[int, Field(strict=True, ge=0, le=365)] = 14
    expiry_months: Annotated[int, Field(strict=True, ge=1, le=60)] = 12
    entry_tier: Name = "silver"
    adjustment_limit_points: Annotated[int, Field(strict=True, ge=0, le=1_000_000_000)] = 1000
    variants: Annotated[
        tuple[JourneyVariantDocument, ...],
        Field(min_length=1, max_length=20),
    ] = DEFAULT_VARIANTS
    assignment_seed: Annotated[str, Field(min_length=1, max_length=100)] = "elite"
    open_elite: StrictBool = False
    invite_basis: Literal["consent", "soft_opt_in"] = "soft_opt_in"
    invites_per_hour: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = 500
    invite_recency_days: Annotated[int, Field(strict=True, ge=0, le=3650)] = 30
    link_valid_days: Annotated[int, Field(strict=True, ge=1, le=365)] = 90
    journeys_paused: StrictBool = False
    outreach_period_days: Annotated[int, Field(strict=True, ge=1, le=365)] = 28
    outreach_limit: Annotated[int, Field(strict=True, ge=0, le=100)] = 6
    quiet_from: TimeOfDay = time(21)
    quiet_until: TimeOfDay = time(8)
    marketing_per_week: Annotated[int, Field(strict=True, ge=1, le=50)] = 2

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
            name: getattr(self, name)
            for name in type(self).model_fields
            if name not in {"exchange_rates", "time_zone", "variants"}
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
            **values,
        )

    @classmethod
    def from_domain(cls, definition: program.ProgramDefinition) -> Self:
        """Return the document of a definition; its version and time stay outside."""
        values = {
            name: getattr(definition, name)
            for name in cls.model_fields
            if name not in {"exchange_rates", "time_zone", "variants"}
        }
        return cls(
            exchange_rates=tuple(
                ExchangeRateDocument(**asdict(rate)) for rate in definition.exchange_rates
            ),
            time_zone=definition.time_zone.key,
            variants=tuple(
                JourneyVariantDocument(**asdict(variant)) for variant in definition.variants
            ),
            **values,
        )


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
    return ProgramDocument().to_domain(version=0, effective_from=BEGINNING)


def unknown_currencies(document: ProgramDocument) -> tuple[str, ...]:
    """Return the codes that ISO 4217 does not have, and those with other minor digits there.

    Asked when a program is saved, not when one is read: the table is loaded only here.
    """
    from iso4217 import Currency

    exponents = {currency.code: currency.exponent for currency in Currency}
    used = {document.currency: document.minor_digits}
    used.update({rate.currency: rate.minor_digits for rate in document.exchange_rates})
    return tuple(code for code, digits in used.items() if exponents.get(code) != digits)
