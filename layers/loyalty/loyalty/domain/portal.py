"""The members' portal: who may enter, how links and sessions end."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from loyalty.domain.errors import SignInLinkInvalid
from loyalty.domain.member import Member
from loyalty.domain.offer_rules import is_in_elite
from loyalty.domain.portal_access import PortalAccess

LINK_VALID: Final = timedelta(minutes=15)
# How many links may be mailed to a member within `LINK_VALID`.
LINKS_AT_ONCE: Final = 3
# And within 24 hours: whoever knows an address must not fill an inbox.
LINKS_A_DAY: Final = 10
SESSION_IDLE: Final = timedelta(minutes=30)
SESSION_LONGEST: Final = timedelta(hours=12)


def may_get_link(member: Member, at: datetime) -> bool:
    """Tell whether another link may be mailed to a member now."""
    today = [sent for sent in member.portal.links_sent_at if sent > at - timedelta(days=1)]
    recent = [sent for sent in today if sent > at - LINK_VALID]
    return is_in_elite(member) and len(recent) < LINKS_AT_ONCE and len(today) < LINKS_A_DAY


def with_link_sent(member: Member, at: datetime) -> Member:
    """Return the member, one version further, with a link mailed now."""
    sent = (*member.portal.links_sent_at, at)[-LINKS_A_DAY:]
    return _changed(member, replace(member.portal, links_sent_at=sent))


def signed_in(member: Member, number: int) -> Member:
    """Return the member, one version further, signed in by the link of a number.

    Raises
    ------
    SignInLinkInvalid
        That link, or a later one, was used before; or the portal is closed to the member.
    """
    if number != member.portal.sign_ins or not is_in_elite(member):
        raise SignInLinkInvalid(member.member_id)
    return _changed(member, replace(member.portal, sign_ins=number + 1))


def signed_out(member: Member) -> Member:
    """Return the member, one version further, with all sessions ended."""
    return _changed(member, replace(member.portal, sign_outs=member.portal.sign_outs + 1))


def speaking(member: Member, language: str) -> Member:
    """Return the member, one version further, with a language chosen."""
    return _changed(member, replace(member.portal, language=language))


def session_ends_at(started_at: datetime, at: datetime) -> datetime:
    """Return until when a session lasts that is used now."""
    return min(at + SESSION_IDLE, started_at + SESSION_LONGEST)


def _changed(member: Member, access: PortalAccess) -> Member:
    return replace(member, version=member.version + 1, portal=access)
