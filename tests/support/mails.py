"""The program's mails as its customers read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import urlsplit

from local.clock import epoch

INVITE = "Your invitation to Elite"
REMINDER = "Your place in Elite is still free"
OUTREACH = "What Elite members enjoy"
WELCOME = "Welcome to Elite"
SIGN_IN = "Your link to Elite"


@dataclass(frozen=True)
class Mail:
    """A mail that a customer got."""

    subject: str
    sent_at: datetime
    headers: Mapping[str, str]
    links: tuple[str, ...]
    html: str = ""

    @classmethod
    def of(cls, listed: Mapping[str, Any]) -> Self:
        """Return a mail as the laptop's mail page lists it."""
        return cls(
            subject=listed["subject"],
            sent_at=datetime.fromtimestamp(epoch(listed["sent_at"]), UTC),
            headers=listed["headers"],
            links=tuple(listed["links"]),
            html=listed["html"],
        )

    @property
    def accept(self) -> str:
        return self._link("/v1/invitations/", "")

    @property
    def decline(self) -> str:
        return self._link("/v1/invitations/", "answer=decline")

    @property
    def unsubscribe(self) -> str:
        return self._link("/v1/unsubscribe/", "")

    @property
    def sign_in(self) -> str:
        return self._link("/portal/sign-in/", "")

    @property
    def token(self) -> str:
        """The token of the invitation, which accepts and declines."""
        return token_of(self.accept)

    def _link(self, path: str, query: str) -> str:
        [found] = [link for link in self.links if path in link and urlsplit(link).query == query]
        return found


def token_of(link: str) -> str:
    """Return the token in an invitation's or unsubscribing link."""
    return urlsplit(link).path.rsplit("/", 1)[1]
