"""What the program has sent: e-mails and text messages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from local.clock import iso
from local.emulator import outbox

_LINK = re.compile(r"https?://[^\s<>\"')\]]+")
# Ends the sentence that the link stands in.
_PUNCTUATION = ".,;:!?"


@dataclass(frozen=True)
class Message:
    """One message to one or more recipients.

    Parameters
    ----------
    sent_at
        The program's time, UTC ISO 8601.
    text
        The plain text; what a text message says.
    html
        The HTML part of an e-mail, empty if it has none.
    headers
        Headers that the program gave an e-mail, such as ``List-Unsubscribe``.
    """

    message_id: str
    channel: Literal["email", "sms"]
    sent_at: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str
    headers: Mapping[str, str]

    @property
    def links(self) -> tuple[str, ...]:
        """Addresses in the plain text, in order and each once."""
        found = (link.rstrip(_PUNCTUATION) for link in _LINK.findall(self.text))
        return tuple(dict.fromkeys(found))

    def as_json(self) -> dict[str, Any]:
        """The message as the mail page's JSON has it."""
        return {
            "message_id": self.message_id,
            "channel": self.channel,
            "sent_at": self.sent_at,
            "sender": self.sender,
            "to": list(self.recipients),
            "subject": self.subject,
            "links": list(self.links),
            "text": self.text,
            "html": self.html,
            "headers": dict(self.headers),
        }


def sent(since: float = 0.0, recipient: str = "") -> list[Message]:
    """What was sent, newest first.

    Parameters
    ----------
    since
        Only what was sent at this moment of the program's time (epoch seconds) or later.
    recipient
        Only what went to this address or number, among others.
    """
    messages = [
        *(_email(record) for record in _recent(outbox.emails(), since)),
        *(_text(record) for record in _recent(outbox.texts(), since)),
    ]
    wanted = recipient.casefold()
    oldest_first = sorted(
        (message for message in messages if not wanted or _is_to(message, wanted)),
        key=lambda message: message.sent_at,
    )
    # A clock that stands still gives many the same time: of those, too, the last one comes first.
    return oldest_first[::-1]


def _recent(records: Iterable[Mapping[str, Any]], since: float) -> Iterable[Mapping[str, Any]]:
    # Rounded as in sent_at: what a reader saw last is a moment that it can go on from.
    return (record for record in records if round(record["Timestamp"], 3) >= since)


def _is_to(message: Message, folded_address: str) -> bool:
    return any(recipient.casefold() == folded_address for recipient in message.recipients)


def _email(record: Mapping[str, Any]) -> Message:
    return Message(
        message_id=record["MessageId"],
        channel="email",
        sent_at=iso(record["Timestamp"]),
        sender=record["Source"],
        recipients=(*record["To"], *record["CC"], *record["BCC"]),
        subject=record["Subject"],
        text=record["BodyText"],
        html=record["BodyHtml"] or "",
        headers={header["Name"]: header["Value"] for header in record.get("Headers", ())},
    )


def _text(record: Mapping[str, Any]) -> Message:
    return Message(
        message_id=record["MessageId"],
        channel="sms",
        sent_at=iso(record["Timestamp"]),
        sender="",
        recipients=(record["PhoneNumber"],),
        subject="",
        text=record["Message"],
        html="",
        headers={},
    )
