"""Identities: one form each, the strongest decides."""

from __future__ import annotations

import pytest

from loyalty.domain.errors import IdentityInvalid
from loyalty.domain.identity import (
    MAX_IDENTITIES,
    CustomerRef,
    claimable,
    identities,
    normalise,
    resolve,
)
from loyalty.domain.member import Identity, IdentityKind

CARD = Identity("card", "4711")
EMAIL = Identity("email", "ada@example.org")
PHONE = Identity("phone", "+491701234567")


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("email", "  Ada@Example.ORG ", "ada@example.org"),
        ("email", "JOSE\u0301@example.org", "josé@example.org"),
        ("phone", "+49 (170) 123-45.67", "+491701234567"),
        ("phone", "0049 170 1234567", "+491701234567"),
        ("card", " 00-4711 ", "00-4711"),
        ("external_id", "Crm:7a", "Crm:7a"),
    ],
)
def test_equal_identities_get_one_form(kind: IdentityKind, raw: str, value: str) -> None:
    assert normalise(kind, raw) == Identity(kind, value)


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("email", "ada"),
        ("email", "a@b@c"),
        ("email", "@example.org"),
        ("email", "a" * 250 + "@b.de"),
        ("phone", "0170 1234567"),
        ("phone", "+49"),
        ("phone", "+0123456789"),
        ("phone", "+491701234567890123"),
        ("phone", "+٤٩١٧٠١٢٣٤٥٦٧"),
        ("card", "   "),
        ("card", "47\u000011"),
        ("external_id", ""),
    ],
)
def test_refuses_what_cannot_be_an_identity_without_repeating_it(
    kind: IdentityKind, raw: str
) -> None:
    with pytest.raises(IdentityInvalid) as refusal:
        normalise(kind, raw)
    assert not raw.strip() or raw not in str(refusal.value)


def test_identities_come_strongest_first() -> None:
    found = identities(phone=PHONE.value, email=EMAIL.value, external_id="7", card=CARD.value)
    assert [identity.kind for identity in found] == ["card", "external_id", "email", "phone"]
    assert identities() == ()


def test_the_owner_of_the_strongest_identity_is_meant() -> None:
    customer = CustomerRef(None, (CARD, EMAIL, PHONE))
    resolution = resolve(customer, {PHONE: "bob", CARD: "ada"})
    assert resolution.member_id == "ada"
    assert resolution.others == ("bob",)
    assert resolution.unclaimed == (EMAIL,)


def test_a_named_member_is_stronger_than_any_identity() -> None:
    resolution = resolve(CustomerRef("cyd", (CARD, EMAIL)), {CARD: "ada", EMAIL: "cyd"})
    assert resolution.member_id == "cyd"
    assert resolution.others == ("ada",)


def test_identities_of_one_customer_do_not_contradict() -> None:
    resolution = resolve(CustomerRef(None, (CARD, EMAIL)), {CARD: "ada", EMAIL: "ada"})
    assert (resolution.member_id, resolution.others) == ("ada", ())


def test_unknown_identities_mean_a_new_customer() -> None:
    resolution = resolve(CustomerRef(None, (CARD,)), {})
    assert (resolution.member_id, resolution.unclaimed) == (None, (CARD,))


def test_a_customer_holds_a_limited_number_of_identities() -> None:
    held = tuple(Identity("card", str(number)) for number in range(MAX_IDENTITIES - 1))
    assert claimable(held, (EMAIL, PHONE)) == (EMAIL,)
    assert claimable((*held, EMAIL), (PHONE,)) == ()
