"""The program's mails: which template, which links, which headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal

from loyalty.domain.member import Member
from loyalty.domain.program import ProgramDefinition
from loyalty.services.ports import Clock, Email, EmailSender, LinkSigner, MemberStore, Renderer

LetterKind = Literal[
    "invite",
    "reminder",
    "outreach",
    "win_back",
    "welcome",
    "tier_upgrade",
    "statement",
    "voucher_reminder",
    "sign_in",
]
# They belong to the membership: no consent is needed, and nothing is advertised.
SERVICE: Final[frozenset[LetterKind]] = frozenset(
    {"welcome", "tier_upgrade", "statement", "voucher_reminder", "sign_in"}
)
# They are the same for all arms of the experiment.
_OF_NO_ARM: Final[frozenset[LetterKind]] = SERVICE | {"outreach", "win_back"}

INVITATION: Final = "invitation"
UNSUBSCRIBE: Final = "unsubscribe"
# An opt-out must work from the oldest mail in anybody's inbox.
UNSUBSCRIBE_VALID: Final = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Outbox:
    """What writing and sending a mail needs of the world; `public_url` has no slash at its end."""

    store: MemberStore
    clock: Clock
    renderer: Renderer
    links: LinkSigner
    sender: EmailSender
    public_url: str


def compose(
    kind: LetterKind,
    message_id: str,
    member: Member,
    definition: ProgramDefinition,
    *,
    outbox: Outbox,
    at: datetime,
    facts: Mapping[str, object] = MappingProxyType({}),
) -> Email:
    """Render a mail to a customer who has an e-mail identity.

    Parameters
    ----------
    kind
        Chooses the template; marketing mails carry the one-click unsubscribe headers of RFC 8058.
    message_id
        Comes back with a bounce, beside the member's id.
    member
        To whom.
    definition
        The program version whose texts and link validity hold: the journey's own.
    outbox
        Renderer and links.
    at
        Now; the links are valid from here on.
    facts
        What else the template says.

    Raises
    ------
    ValueError
        The customer has no e-mail identity.
    """
    address = member.identity("email")
    if address is None:
        raise ValueError(f"{member.member_id} has no e-mail identity")
    unsubscribe = _unsubscribe_url(member, outbox, at)
    marketing_headers = {
        "List-Unsubscribe": f"<{unsubscribe}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    return outbox.renderer.email(
        _template(kind, member, definition),
        to=address,
        context={
            "name": member.name,
            "unsubscribe_url": unsubscribe,
            **_urls(kind, member, definition, outbox, at),
            **facts,
        },
        headers={} if kind in SERVICE else marketing_headers,
        tags={"member_id": member.member_id, "message_id": message_id},
    )


def _template(kind: LetterKind, member: Member, definition: ProgramDefinition) -> str:
    if kind in _OF_NO_ARM or member.variant is None:
        return kind
    return f"{definition.variant(member.variant).texts}/{kind}"


def _urls(
    kind: LetterKind, member: Member, definition: ProgramDefinition, outbox: Outbox, at: datetime
) -> dict[str, object]:
    if kind in SERVICE or kind == "win_back":
        return {"portal_url": f"{outbox.public_url}/portal"}
    expires_at = at + timedelta(days=definition.link_valid_days)
    token = outbox.links.sign(INVITATION, member.member_id, issued_at=at, expires_at=expires_at)
    url = f"{outbox.public_url}/v1/invitations/{token}"
    return {
        "accept_url": url,
        "decline_url": f"{url}?answer=decline",
        "valid_until": expires_at.astimezone(definition.time_zone).date(),
    }


def _unsubscribe_url(member: Member, outbox: Outbox, at: datetime) -> str:
    token = outbox.links.sign(
        UNSUBSCRIBE, member.member_id, issued_at=at, expires_at=at + UNSUBSCRIBE_VALID
    )
    return f"{outbox.public_url}/v1/unsubscribe/{token}"
