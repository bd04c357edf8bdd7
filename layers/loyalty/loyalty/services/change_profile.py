"""Changing what a customer's profile says of the person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from loyalty.domain.errors import IdentityInvalid, IdentityTaken
from loyalty.domain.identity import as_said, claimable, identities
from loyalty.domain.journey import Step
from loyalty.services.customers import commit_step, current_member
from loyalty.services.ports import MemberChange, MemberStore
from loyalty.services.retrying import with_retries


def change_profile(member_id: str, said: Mapping[str, str | None], *, store: MemberStore) -> None:
    """Set `name` and `address` to what is said of them; no event tells of personal data.

    Requests: 1 read, and 1 transaction when something changes.

    Raises
    ------
    MemberNotFound
        Unknown, left, merged or erased.
    MemberBusy
        Others kept changing the member.
    """

    def decide() -> None:
        member = current_member(store, member_id)
        name, address = said.get("name", member.name), said.get("address", member.address)
        if (name, address) == (member.name, member.address):
            return
        changed = replace(member, version=member.version + 1, name=name, address=address)
        commit_step(store, member, Step(changed))

    with_retries(decide)


def confirm_email(member_id: str, email: str, *, store: MemberStore) -> None:
    """Note that an address is the member's, as they told our staff: mail and links go there.

    It is the way for whose address came along with an order only, and from an address that is
    another person's, whose links and sessions end with it. Requests: 2 reads, 1 transaction.

    Raises
    ------
    IdentityInvalid
        No possible address, or the member holds as many identities as one may.
    IdentityTaken
        The address is another customer's.
    MemberNotFound
        Unknown, left, merged or erased.
    MemberBusy
        Others kept changing the member.
    """
    said = identities(email=email)

    def decide() -> None:
        member = current_member(store, member_id)
        owner = store.owners(said).get(said[0])
        if owner not in {None, member.member_id}:
            raise IdentityTaken("the address is another customer's")
        claims = claimable(member.identities, said) if owner is None else ()
        if owner is None and not claims:
            raise IdentityInvalid("the member holds as many identities as one may")
        changed = replace(as_said(member, said, claims), version=member.version + 1)
        store.commit(MemberChange(changed, expected_version=member.version, claims=claims))

    with_retries(decide)
