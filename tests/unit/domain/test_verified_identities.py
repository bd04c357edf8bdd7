"""Which of a customer's identities are known to be theirs, and where their mail goes."""

from __future__ import annotations

import pytest

from loyalty.domain.identity import with_mail_verified
from loyalty.domain.journey import answer
from loyalty.domain.member import Identity, Member
from loyalty.domain.merged_profile import taking_over
from tests.support.examples import NOW, PROGRAM

OWN = Identity("email", "ada@example.com")
LATER = Identity("email", "ada@work.example")
ORDERED = Identity("email", "ordered@example.com", is_verified=False)
ORDERED_LATER = Identity("email", "evil@example.com", is_verified=False)
CARD = Identity("card", "4711")


def ada(*identities: Identity, **fields: object) -> Member:
    return Member("ada", version=1, created_at=NOW, identities=identities, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("held", "reached_at"),
    [
        ((OWN, LATER), LATER),
        ((OWN, ORDERED), OWN),
        ((ORDERED, OWN, ORDERED_LATER), OWN),
        ((CARD, ORDERED, ORDERED_LATER), ORDERED),
        ((CARD,), None),
    ],
)
def test_mail_goes_to_the_latest_verified_address_else_to_the_first(
    held: tuple[Identity, ...], reached_at: Identity | None
) -> None:
    assert ada(*held).identity("email") == (reached_at.value if reached_at else None)


def test_it_is_the_same_identity_verified_or_not() -> None:
    assert Identity("email", ORDERED.value) == ORDERED
    assert not ada(ORDERED).has_verified(Identity("email", ORDERED.value))
    assert ada(OWN).has_verified(OWN)
    assert not ada(OWN).has_verified(LATER)


def test_who_begins_the_membership_by_a_mail_is_whom_its_address_belongs_to() -> None:
    invited = ada(CARD, ORDERED, ORDERED_LATER, status="invited")
    accepted = answer(invited, "accept", PROGRAM, NOW).member
    assert [own.is_verified for own in accepted.identities] == [True, True, False]


def test_the_invitation_of_a_member_verifies_nothing() -> None:
    invited = ada(CARD, ORDERED, status="invited", joined_at=NOW)
    assert not answer(invited, "accept", PROGRAM, NOW).member.has_verified(ORDERED)


def test_without_an_address_there_is_none_to_verify() -> None:
    assert with_mail_verified(ada(CARD)) == ada(CARD)


def test_a_merge_leaves_verified_what_was_and_nothing_else() -> None:
    both = taking_over(ada(OWN), ada(ORDERED, LATER))
    assert [own.is_verified for own in both.identities] == [False, True, True]
    assert both.identity("email") == OWN.value
    assert taking_over(ada(ORDERED), ada(OWN)).identity("email") == OWN.value
