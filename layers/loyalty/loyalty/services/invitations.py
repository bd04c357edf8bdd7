"""What the holder of a signed link can do: see the invitation, answer it, unsubscribe."""

from __future__ import annotations

from typing import Literal, NamedTuple

from loyalty.contracts.invitations import InvitationView, UnsubscribeView
from loyalty.domain.consents import may_market
from loyalty.domain.errors import InvitationInvalid, MemberNotFound
from loyalty.domain.journey import Answer, answer, may_answer
from loyalty.domain.member import Consent, Member
from loyalty.services.consents import change_consents
from loyalty.services.customers import current_member
from loyalty.services.letters import INVITATION, UNSUBSCRIBE
from loyalty.services.ports import (
    Clock,
    Link,
    LinkSigner,
    MemberChange,
    MemberStore,
    ProgramStore,
)
from loyalty.services.retrying import with_retries
from loyalty.services.reward_action import with_sign_up_reward

UNSUBSCRIBE_SOURCE = "unsubscribe_link"


class AnswerOutcome(NamedTuple):
    """The invitation as it is now, whose it is, and whether answering it opens their account.

    An invitation is good for as long as a mail lies about: it opens no account that was there
    before it was answered, and none of somebody of whom an address was taken out of use: it may
    have gone to that one.
    """

    view: InvitationView
    member: Member
    opens_account: bool


def state(
    token: str, *, store: MemberStore, program: ProgramStore, clock: Clock, links: LinkSigner
) -> InvitationView:
    """Return the invitation's state; changes nothing (1 read).

    Raises
    ------
    InvitationInvalid
        Not our link, not for this, or nobody is there any more.
    InvitationExpired
        The link's time is over.
    """
    link = links.verify(INVITATION, token, now=clock.now())
    return _view(_holder(store, link), link)


def accept(
    token: str, *, store: MemberStore, program: ProgramStore, clock: Clock, links: LinkSigner
) -> AnswerOutcome:
    """Accept: the customer becomes active, and a member where that was not so before.

    Requests: 1 read, 1 transaction. Errors are those of `state`, and:

    Raises
    ------
    InvitationAnswered
        It was answered before; of two concurrent answers exactly one holds.
    MemberBusy
        Others kept changing the member.
    """
    return _answer("accept", token, store=store, program=program, clock=clock, links=links)


def decline(
    token: str, *, store: MemberStore, program: ProgramStore, clock: Clock, links: LinkSigner
) -> InvitationView:
    """Decline: the customer is not interested and never invited again; as `accept` otherwise."""
    return _answer("decline", token, store=store, program=program, clock=clock, links=links).view


def unsubscribe_state(
    token: str, *, store: MemberStore, program: ProgramStore, clock: Clock, links: LinkSigner
) -> UnsubscribeView:
    """Return whether marketing mail may be sent; changes nothing (1 read); errors as `state`."""
    now = clock.now()
    member = _holder(store, links.verify(UNSUBSCRIBE, token, now=now))
    return UnsubscribeView(subscribed=may_market(member, "email", program.current(now)))


def unsubscribe(
    token: str, *, store: MemberStore, program: ProgramStore, clock: Clock, links: LinkSigner
) -> UnsubscribeView:
    """Turn marketing mail off from now on; again and again is fine.

    Requests: 1 read, 1 transaction. Errors are those of `state`, and `MemberBusy`.
    """
    now = clock.now()
    link = links.verify(UNSUBSCRIBE, token, now=now)
    opt_out = Consent(granted=False, recorded_at=now, source=UNSUBSCRIBE_SOURCE)
    try:
        change_consents(
            link.member_id, {"email": opt_out}, store=store, program=program, clock=clock
        )
    except MemberNotFound as error:
        raise InvitationInvalid(link.member_id) from error
    return UnsubscribeView(subscribed=False)


def _answer(
    given: Answer,
    token: str,
    *,
    store: MemberStore,
    program: ProgramStore,
    clock: Clock,
    links: LinkSigner,
) -> AnswerOutcome:
    link = links.verify(INVITATION, token, now=clock.now())

    def decide() -> AnswerOutcome:
        member = _holder(store, link)
        now = clock.now()
        definition = program.current(now)
        step = answer(member, given, definition, now)
        change = MemberChange(
            member=step.member, expected_version=member.version, status_changes=step.changes
        )
        is_new_member = step.member.enrolled and not member.enrolled
        if is_new_member:
            change = with_sign_up_reward(change, definition, now)
        store.commit(change)
        opens_account = is_new_member and member.portal.is_untouched
        return AnswerOutcome(_view(step.member, link), step.member, opens_account)

    return with_retries(decide)


def _holder(store: MemberStore, link: Link) -> Member:
    try:
        return current_member(store, link.member_id)
    except MemberNotFound as error:
        raise InvitationInvalid(link.member_id) from error


def _view(member: Member, link: Link) -> InvitationView:
    return InvitationView(state=_state(member), expires_at=link.expires_at)


def _state(member: Member) -> Literal["open", "accepted", "declined"]:
    if may_answer(member):
        return "open"
    return "declined" if member.status == "not_interested" else "accepted"
