"""Consents per channel, and what they mean for marketing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from loyalty.domain.journey import status_change
from loyalty.domain.member import Channel, Consent, IdentityKind, Member, StatusChange
from loyalty.domain.program import ProgramDefinition

ADDRESS_OF: Final[Mapping[Channel, IdentityKind]] = {"email": "email", "sms": "phone"}


def may_market(member: Member, channel: Channel, definition: ProgramDefinition) -> bool:
    """Tell whether marketing may go to `member` by `channel`.

    There must be an address, no bounce or complaint, and consent; where nothing was said, the
    program's `invite_basis` decides.
    """
    address_kind = ADDRESS_OF.get(channel)
    if address_kind is not None and member.identity(address_kind) is None:
        return False
    if channel in member.suppressed:
        return False
    consent = member.consents.get(channel)
    return consent.granted if consent else definition.invite_basis == "soft_opt_in"


def has_opted_out(member: Member, channel: Channel) -> bool:
    """Tell whether `member` said no to `channel`."""
    consent = member.consents.get(channel)
    return consent is not None and not consent.granted


def record_consents(
    member: Member, said: Mapping[Channel, Consent], definition: ProgramDefinition, at: datetime
) -> tuple[Member, tuple[StatusChange, ...]]:
    """Record what a customer said; the newest statement holds, however late an older one comes.

    Of two statements of the same instant the opt-out holds. A prospect whose invite was suppressed
    and who may be invited now gets `InviteAllowed`; so this is also called, with nothing said,
    after an e-mail became known.

    Parameters
    ----------
    member
        The customer, already with the version that the change will have.
    said
        Statements by channel.
    definition
        The current program version.
    at
        Now.

    Returns
    -------
    tuple of Member and tuple of StatusChange
        The member, the same one when nothing is new, and a `ConsentChanged` per channel whose
        answer is another one now.
    """
    news = {
        channel: consent for channel, consent in said.items() if _is_news(member, channel, consent)
    }
    facts = [
        status_change(
            member,
            member,
            "ConsentChanged",
            at,
            {"channel": channel, "granted": consent.granted, "source": consent.source},
            occurred_at=consent.recorded_at,
        )
        for channel, consent in news.items()
        if not _says_the_same(member.consents.get(channel), consent)
    ]
    if news:
        member = replace(member, consents={**member.consents, **news})
    if (
        member.invite_suppressed
        and member.status == "prospect"
        and may_market(member, "email", definition)
    ):
        member = replace(member, invite_suppressed=False)
        facts.append(status_change(member, member, "InviteAllowed", at))
    return member, tuple(facts)


def _is_news(member: Member, channel: Channel, consent: Consent) -> bool:
    """Tell whether `consent` replaces what is known.

    A repetition does too when it is newer: an older opposite that comes later must not win.
    """
    known = member.consents.get(channel)
    if known is None:
        return True
    if known.recorded_at == consent.recorded_at:
        return known.granted and not consent.granted
    return known.recorded_at < consent.recorded_at


def _says_the_same(known: Consent | None, consent: Consent) -> bool:
    return known is not None and known.granted == consent.granted
