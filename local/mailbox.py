"""What the program has sent: e-mails and text messages, as the emulator recorded them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from local.clock import iso

_LINK = re.compile(r"https?://[^\s<>\"')\]]+")


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
    """

    message_id: str
    channel: Literal["email", "sms"]
    sent_at: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str

    @property
    def links(self) -> tuple[str, ...]:
        """Addresses in the plain text, in order and each once."""
        return tuple(dict.fromkeys(_LINK.findall(self.text)))


def read(emails: Mapping[str, Any], texts: Mapping[str, Any]) -> list[Message]:
    """Read what MiniStack's inspection pages answer, newest message first.

    Parameters
    ----------
    emails
        The answer of ``/_ministack/ses/messages``.
    texts
        The answer of ``/_ministack/sns/sms-messages``.
    """
    messages = [
        *(_email(entry) for entries in emails["messages"].values() for entry in entries),
        *(
            _text(phone, entry)
            for phone, entries in texts["sms_messages"].items()
            for entry in entries
        ),
    ]
    return sorted(messages, key=lambda message: message.sent_at, reverse=True)


def sent_to(messages: Iterable[Message], address: str) -> list[Message]:
    """Only the messages of which one recipient is this address or number."""
    wanted = address.casefold()
    return [
        message
        for message in messages
        if any(recipient.casefold() == wanted for recipient in message.recipients)
    ]


def as_json(message: Message) -> dict[str, Any]:
    """A message as the mail page's JSON has it."""
    return {
        "message_id": message.message_id,
        "channel": message.channel,
        "sent_at": message.sent_at,
        "sender": message.sender,
        "to": list(message.recipients),
        "subject": message.subject,
        "links": list(message.links),
        "text": message.text,
        "html": message.html,
    }


def _email(entry: Mapping[str, Any]) -> Message:
    return Message(
        message_id=entry["MessageId"],
        channel="email",
        sent_at=iso(entry["Timestamp"]),
        sender=entry["Source"],
        recipients=(*entry["To"], *entry["CC"], *entry["BCC"]),
        subject=entry["Subject"],
        text=entry["BodyText"],
        html=entry["BodyHtml"] or "",
    )


def _text(phone: str, entry: Mapping[str, Any]) -> Message:
    return Message(
        message_id=entry["MessageId"],
        channel="sms",
        sent_at=iso(entry["Timestamp"]),
        sender="",
        recipients=(phone,),
        subject="",
        text=entry["Message"],
        html="",
    )
