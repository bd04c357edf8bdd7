"""What sending text messages needs of the world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sms:
    """A text message to a phone number in E.164."""

    to: str
    text: str


class SmsRefused(Exception):
    """The service certainly did not take the text message; it can be tried again.

    `takes_none` tells that this was not about the message: too many at once, the month's money is
    spent, no connection.
    """

    def __init__(self, reason: str = "", *, takes_none: bool = False) -> None:
        super().__init__(reason)
        self.takes_none = takes_none


class SmsInDoubt(Exception):
    """Nobody knows whether the service took the message: it must not be sent again lightly."""


class SmsSender(Protocol):
    def send(self, sms: Sms) -> None:
        """Send now; raise `SmsRefused` or `SmsInDoubt`."""
        ...


class SmsRenderer(Protocol):
    def sms(self, template: str, *, to: str, context: Mapping[str, object]) -> Sms:
        """Render `sms/<template>.txt` with `context`."""
        ...
