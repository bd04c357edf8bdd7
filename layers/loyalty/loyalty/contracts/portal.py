"""What the forms of the portal hold."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from loyalty.contracts.values import Contract, PersonName, PostalAddress
from loyalty.domain.member import Channel, Preference

SignInToken = Annotated[str, Field(max_length=2000)]
# A box that is not ticked is not sent.
Box = Annotated[bool, BeforeValidator(lambda value: value == "on")]


def _nothing_when_empty(value: object) -> object:
    # Browsers end lines in text areas with CR LF.
    text = value.replace("\r\n", "\n").strip() if isinstance(value, str) else value
    return text or None


def _words(value: object) -> object:
    return value.split() if isinstance(value, str) else value


class SignInForm(Contract):
    """An address as it was typed; one that is none is nobody's."""

    email: Annotated[str, Field(max_length=300)]


class RedemptionForm(Contract):
    """`version` is the member's when the page was made: sent twice, a form counts once.

    `points` is what its button says.
    """

    version: Annotated[int, Field(ge=0)]
    points: Annotated[int, Field(ge=1)]


class MessagesForm(Contract):
    """Boxes, and the names of those that were ticked when the page was `shown`.

    A page may have been open for long: only a box that its reader has changed says something.
    """

    shown: Annotated[frozenset[str], BeforeValidator(_words)]
    email: Box = False
    sms: Box = False
    push: Box = False
    points_sms: Box = False
    tier_mail: Box = False
    statement: Box = False
    voucher_reminder: Box = False
    profiling: Box = False

    @property
    def advertised(self) -> dict[Channel, bool]:
        """Where advertising may be sent, or no longer."""
        channels: dict[Channel, bool] = {"email": self.email, "sms": self.sms, "push": self.push}
        return {name: wanted for name, wanted in channels.items() if self._is_said(name, wanted)}

    @property
    def preferences(self) -> dict[Preference, bool]:
        """Which service messages are wanted or not, and whether offers may follow purchases."""
        boxes: dict[Preference, bool] = {
            "points_sms": self.points_sms,
            "tier_mail": self.tier_mail,
            "statement": self.statement,
            "voucher_reminder": self.voucher_reminder,
            "profiling": self.profiling,
        }
        return {name: wanted for name, wanted in boxes.items() if self._is_said(name, wanted)}

    def _is_said(self, name: str, wanted: bool) -> bool:
        return wanted != (name in self.shown)


class PersonForm(Contract):
    name: Annotated[PersonName | None, BeforeValidator(_nothing_when_empty)]
    address: Annotated[PostalAddress | None, BeforeValidator(_nothing_when_empty)]


class LanguageForm(Contract):
    language: Literal["en", "de"]


class LeavingForm(Contract):
    """Leaving is asked for with the box ticked."""

    sure: Annotated[Literal[True], BeforeValidator(lambda value: value == "on")]
