"""Changing what a customer's profile says of the person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from loyalty.domain.journey import Step
from loyalty.services.customers import commit_step, current_member
from loyalty.services.ports import MemberStore
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
