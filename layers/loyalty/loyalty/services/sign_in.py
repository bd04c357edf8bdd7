"""Signing in to the portal by a link in a mail, and signing out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from loyalty.domain.errors import IdentityInvalid, MemberNotFound, SessionOver, SignInLinkInvalid
from loyalty.domain.identity import identities
from loyalty.domain.journey import Step
from loyalty.domain.member import Member
from loyalty.domain.offer_rules import is_in_elite
from loyalty.domain.portal import (
    LINK_VALID,
    may_get_link,
    session_ends_at,
    signed_in,
    signed_out,
    with_link_sent,
)
from loyalty.services.customers import commit_step, current_member
from loyalty.services.letters import Outbox, compose
from loyalty.services.messages import send_and_mark
from loyalty.services.portal_ports import PortalTokens, Session, SignInLink
from loyalty.services.ports import Clock, Email, MemberStore, MessageClaim, ProgramStore
from loyalty.services.retrying import with_retries
from loyalty.services.service_messages import mail_reaches


def request_link(
    email: str, *, outbox: Outbox, tokens: PortalTokens, program: ProgramStore
) -> None:
    """Mail a link to the member who has this address; who asked learns nothing of whether.

    Nothing is sent to an address that is nobody's, or whose owner has no portal or got
    `LINKS_AT_ONCE` links in the last quarter of an hour. Requests: 2 reads, 1 transaction, 1 mail,
    1 update.

    Raises
    ------
    EmailRefused, MessageUnsettled
        The mail service did not take the mail, or nobody knows.
    MemberBusy
        Others kept changing the member.
    """
    try:
        wanted = identities(email=email)
    except IdentityInvalid:
        return
    member_id = outbox.store.owners(wanted).get(wanted[0])
    if member_id is None:
        return

    def decide() -> tuple[MessageClaim, Email] | None:
        try:
            member = current_member(outbox.store, member_id)
        except MemberNotFound:
            return None
        now = outbox.clock.now()
        # An address that came along with an order is whose it likes to be.
        if not member.has_verified(wanted[0]):
            return None
        if not (may_get_link(member, now) and mail_reaches(member)):
            return None
        sent = with_link_sent(member, now)
        claim = _claim(sent, now)
        url = link_url(sent, tokens, outbox.public_url, now)
        mail = compose(
            "sign_in",
            claim.message_id,
            member,
            program.current(now),
            outbox=outbox,
            at=now,
            facts={"url": url},
        )
        commit_step(outbox.store, member, Step(sent), message=claim)
        # To the address that was given: it is the one that whoever asks can read.
        return claim, replace(mail, to=wanted[0].value)

    claimed = with_retries(decide)
    if claimed is not None:
        claim, mail = claimed
        send_and_mark(
            claim, lambda: outbox.sender.send(mail), store=outbox.store, clock=outbox.clock
        )


def link_url(member: Member, tokens: PortalTokens, public_url: str, at: datetime) -> str:
    """Return the address of a page that signs a member in, once, for a quarter of an hour."""
    link = SignInLink(member.member_id, member.portal.sign_ins, at + LINK_VALID)
    return f"{public_url}/portal/sign-in/{tokens.sign_link(link)}"


def sign_in(token: str, *, store: MemberStore, tokens: PortalTokens, clock: Clock) -> Session:
    """Begin a session by a link, which is void from then on. Requests: 1 read, 1 transaction.

    Raises
    ------
    SignInLinkInvalid
        Not our link, expired or used; or the portal is closed to the member.
    MemberBusy
        Others kept changing the member.
    """
    link = tokens.link(token, now=clock.now())
    if link is None:
        raise SignInLinkInvalid

    def decide() -> Session:
        try:
            member = current_member(store, link.member_id)
        except MemberNotFound as error:
            raise SignInLinkInvalid(link.member_id) from error
        now = clock.now()
        commit_step(store, member, Step(signed_in(member, link.number)))
        return Session(
            member_id=member.member_id,
            session_id=_session_id(member.member_id, link.number),
            number=member.portal.sign_outs,
            started_at=now,
            expires_at=session_ends_at(now, now),
        )

    return with_retries(decide)


def is_begun_by(session: Session, token: str, *, tokens: PortalTokens, clock: Clock) -> bool:
    """Tell whether a session began by this link, which is used then but not yet over."""
    link = tokens.link(token, now=clock.now())
    return link is not None and session.session_id == _session_id(link.member_id, link.number)


def sign_out(session: Session, *, store: MemberStore) -> None:
    """End all sessions of the member. Requests: 1 read, 1 transaction."""

    def decide() -> None:
        member = store.member(session.member_id)
        if member is not None and session.number == member.portal.sign_outs:
            commit_step(store, member, Step(signed_out(member)))

    with_retries(decide)


def require_session(session: Session, member: Member | None) -> Member:
    """Return the member whose session it is, as just read.

    Raises
    ------
    SessionOver
        Signed out since; or there is no such member, or none with a portal, any more.
    """
    holds = member is not None and is_in_elite(member) and session.number == member.portal.sign_outs
    if not holds or member is None:
        raise SessionOver(session.member_id)
    return member


def _session_id(member_id: str, number: int) -> str:
    return f"{member_id}.{number}"


def _claim(member: Member, at: datetime) -> MessageClaim:
    return MessageClaim(
        message_id=f"sign_in-{member.version}",
        member_id=member.member_id,
        channel="email",
        kind="sign_in",
        marketing=False,
        state="sending",
        claimed_at=at,
    )
