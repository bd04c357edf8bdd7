"""What the portal needs of the world besides the stores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from loyalty.domain.member import Member
from loyalty.domain.vouchers import Voucher


@dataclass(frozen=True, slots=True)
class SignInLink:
    """A link that signs a member in once: only while `number` is how often links did so before."""

    member_id: str
    number: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody signed in; it holds while `number` is how often the member has signed out."""

    member_id: str
    session_id: str
    number: int
    started_at: datetime
    expires_at: datetime


class PortalTokens(Protocol):
    """Links and sessions as signed texts; None for what is forged, for something else, or over."""

    def sign_link(self, link: SignInLink) -> str: ...

    def link(self, token: str, *, now: datetime) -> SignInLink | None: ...

    def sign_session(self, session: Session) -> str: ...

    def session(self, token: str, *, now: datetime) -> Session | None: ...


class Wallet(Protocol):
    """A member with their vouchers."""

    def wallet(
        self, member_id: str, *, limit: int, cursor: str | None = None
    ) -> tuple[Member | None, Sequence[Voucher], str | None]:
        """Return the member and vouchers, newest first: one Query of keys, one BatchGetItem."""
        ...
