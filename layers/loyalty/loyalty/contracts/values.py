"""Field types that several contracts share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

# Far above any retail order, far below what 64 bits or DynamoDB's 38 digits hold.
AMOUNT_LIMIT_MINOR = 1_000_000_000_000
POINTS_LIMIT = 1_000_000_000


class Contract(BaseModel):
    """Base of everything that crosses a border.

    Unknown fields are refused, instances are immutable. Validators are built at the first use: a
    cold start pays only for the contracts that its first call needs.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True
    )


def _text_only(value: object) -> object:
    # Pydantic would take a number for a Unix time; the contract is ISO 8601 with an offset.
    if not isinstance(value, str | datetime):
        raise ValueError("must be an ISO 8601 date and time with an offset")
    return value


def _utc(moment: datetime) -> datetime:
    # The years that retail knows; near the ends of the calendar, changing the zone overflows.
    if not 1970 <= moment.year < 2200:
        raise ValueError("must lie between 1970 and 2200")
    return moment.astimezone(UTC)


def iso(moment: datetime) -> str:
    """Return `moment` as ISO 8601 in UTC with a `Z`, whole seconds where it has no fraction."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


Timestamp = Annotated[
    AwareDatetime,
    BeforeValidator(_text_only),
    AfterValidator(_utc),
    PlainSerializer(iso, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]

AmountMinor = Annotated[int, Field(strict=True, ge=0, le=AMOUNT_LIMIT_MINOR)]
Quantity = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]
CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
# Keys go into item keys and URLs: visible ASCII without the separators '#' and '/'.
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@+-]{0,99}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
# Names go into mails: no line breaks, and none of what makes an address, a script or a statement.
PersonName = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00-\x1f\x7f-\x9f<>{}\\;:=]+$",
    ),
]
# Where parcels go: lines as on a label.
PostalAddress = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=400,
        pattern=r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f<>{}\\;=]+$",
    ),
]
Sku = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        max_length=254,
        pattern=r"^[^@\s<>\"',;:\\()\[\]]+@[^@\s<>\"',;:\\()\[\]]+$",
    ),
]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^\+[1-9]\d{6,14}$")]
Card = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
VersionNumber = Annotated[int, Field(ge=0, le=999_999)]
# A program month, such as 2017-03.
Month = Annotated[str, StringConstraints(pattern=r"^(19[7-9]\d|20\d\d|21\d\d)-(0[1-9]|1[0-2])$")]
# What lists take in the query string: how much of a page, and where the next one begins.
PageLimit = Annotated[int, Field(ge=1, le=100)]
Cursor = Annotated[str | None, Field(max_length=1000)]


class Money(Contract):
    amount_minor: AmountMinor
    currency: CurrencyCode
