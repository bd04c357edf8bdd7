"""What a member changes in the portal, besides what other doors do too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from loyalty.domain.journey import Step
from loyalty.domain.member import Channel, Consent, Preference
from loyalty.domain.portal import speaking
from loyalty.domain.reward_errors import AddressNeeded
from loyalty.domain.rewards import needs_address
from loyalty.services.consents import change_consents
from loyalty.services.customers import commit_step
from loyalty.services.portal_ports import Session
from loyalty.services.ports import Clock, MemberStore, ProgramStore
from loyalty.services.preferences import record_preferences
from loyalty.services.retrying import with_retries
from loyalty.services.sign_in import require_session
from loyalty.services.statement import RewardCatalogue

SOURCE: Final = "portal"
# What stands beside the boxes (`web/templates/portal/account.html`).
WORDING: Final = "portal-1"


def present(session: Session, *, store: MemberStore) -> str:
    """Return the id of the member whose session it is. Requests: 1 read.

    Raises
    ------
    SessionOver
        The session holds no more.
    """
    return require_session(session, store.member(session.member_id)).member_id


def recipient(
    session: Session, reward_id: str, *, store: MemberStore, catalogue: RewardCatalogue
) -> str:
    """Return the id of the member who asks for a reward. Requests: 1 read.

    A till may give a gift without knowing where to send it: staff asks then. A page can ask first.

    Raises
    ------
    SessionOver
        The session holds no more.
    AddressNeeded
        The reward is sent by post, and the member has told us no address.
    """
    member = require_session(session, store.member(session.member_id))
    wanted = [reward for reward in catalogue.rewards() if reward.reward_id == reward_id]
    if any(needs_address(reward, member.address) for reward in wanted):
        raise AddressNeeded(reward_id)
    return member.member_id


def change_messages(
    session: Session,
    advertised: Mapping[Channel, bool],
    preferences: Mapping[Preference, bool],
    *,
    store: MemberStore,
    program: ProgramStore,
    clock: Clock,
) -> None:
    """Record what a member says of advertising and of service messages; what is absent stays.

    Requests: 3 reads, 2 transactions at most.

    Raises
    ------
    SessionOver
        The session holds no more.
    MemberBusy
        Others kept changing the member.
    """
    member_id = present(session, store=store)
    said = {
        channel: Consent(granted, clock.now(), SOURCE, WORDING)
        for channel, granted in advertised.items()
    }
    if said:
        change_consents(member_id, said, store=store, program=program, clock=clock)
    if preferences:
        record_preferences(member_id, preferences, store=store, program=program, clock=clock)


def choose_language(session: Session, language: str, *, store: MemberStore) -> None:
    """Keep the language that a member chose. Requests: 1 read, 1 transaction.

    Raises
    ------
    SessionOver
        The session holds no more.
    MemberBusy
        Others kept changing the member.
    """

    def decide() -> None:
        member = require_session(session, store.member(session.member_id))
        if member.portal.language != language:
            commit_step(store, member, Step(speaking(member, language)))

    with_retries(decide)
