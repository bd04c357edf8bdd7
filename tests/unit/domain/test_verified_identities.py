"""Which of a customer's identities are known to be theirs, and where their mail goes."""

from __future__ import annotations

import pytest

from loyalty.domain.identity import REACHED_BY, as_said, with_mail_verified
from loyalty.domain.journey import answer
from loyalty.domain.member import Identity, IdentityKind, Member
from loyalty.domain.merged_profile import taking_over
from loyalty.domain.portal_access import PortalAccess
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


def test_who_signs_up_holds_verified_what_they_say_and_no_other_address_or_number() -> None:
    number, named = Identity("phone", "+491701234567"), Identity("external_id", "x-1")
    said = as_said(ada(CARD, OWN, number, named), (CARD, LATER), (LATER,), also=REACHED_BY)
    assert [own for own in said.identities if own.is_verified] == [CARD, named, LATER]


def test_an_address_that_our_service_confirms_says_nothing_of_a_number() -> None:
    number = Identity("phone", "+491701234567")
    assert as_said(ada(OWN, number), (LATER,), (LATER,)).has_verified(number)


@pytest.mark.parametrize(
    ("held", "said", "also", "ends"),
    [
        ((OWN,), (LATER,), (), True),
        ((OWN, LATER), (LATER,), (), True),
        ((CARD, OWN), (CARD,), REACHED_BY, True),
        ((CARD, OWN), (CARD,), (), False),
        ((CARD, OWN), (CARD, OWN), REACHED_BY, False),
        ((OWN, ORDERED), (OWN,), (), False),
        ((CARD, ORDERED), (ORDERED,), (), False),
        ((CARD, Identity("phone", "+491701234567")), (CARD,), REACHED_BY, False),
    ],
)
def test_links_and_sessions_end_with_a_verified_address(
    held: tuple[Identity, ...],
    said: tuple[Identity, ...],
    also: tuple[IdentityKind, ...],
    ends: bool,
) -> None:
    before = ada(*held, portal=PortalAccess("de", (NOW,), sign_ins=3, sign_outs=1))
    claims = tuple(one for one in said if one not in held)
    counts = (4, 2) if ends else (3, 1)
    assert as_said(before, said, claims, also=also).portal == PortalAccess("de", (NOW,), *counts)
