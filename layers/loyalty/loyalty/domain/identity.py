"""Who an order is about: normalised identities, and which customer they point to."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from loyalty.domain.errors import IdentityInvalid
from loyalty.domain.member import IDENTITY_STRENGTH, Channel, Identity, IdentityKind, Member

MAX_IDENTITIES = 20
# What mail, links and SMS go to.
REACHED_BY: Final[tuple[IdentityKind, ...]] = ("email", "phone")

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_PHONE_PUNCTUATION = re.compile(r"[\s().\-/]")
_LONGEST_VALUE = 254


class CustomerRef(NamedTuple):
    """What an order or a sign-up says about its customer; everything may be missing.

    `identities` are normalised, strongest first. `consents` are the channels that were said
    something about.
    """

    member_id: str | None
    identities: tuple[Identity, ...]
    name: str | None = None
    consents: Mapping[Channel, bool] = {}


class Resolution(NamedTuple):
    """Which stored customer a reference means.

    `member_id` is None for a customer who is not stored yet. `others` are the customers that weaker
    identities point to, strongest first. `unclaimed` identities belong to nobody yet.
    """

    member_id: str | None
    others: tuple[str, ...]
    unclaimed: tuple[Identity, ...]


def identities(
    *,
    card: str | None = None,
    external_id: str | None = None,
    email: str | None = None,
    phone: str | None = None,
) -> tuple[Identity, ...]:
    """Normalise what is known of a customer, strongest first.

    Raises
    ------
    IdentityInvalid
        A value is not a possible identity of its kind.
    """
    given: dict[IdentityKind, str | None] = {
        "card": card,
        "external_id": external_id,
        "email": email,
        "phone": phone,
    }
    return tuple(
        normalise(kind, value) for kind in IDENTITY_STRENGTH if (value := given[kind]) is not None
    )


def normalise(kind: IdentityKind, raw: str) -> Identity:
    """Bring `raw` into the one form under which an identity is claimed and looked up.

    E-mails are lower case; phones are E.164 (`+` or `00` and the country code; blanks and
    punctuation dropped); cards and external ids are trimmed.

    Raises
    ------
    IdentityInvalid
        Empty, too long, with control characters, not an e-mail, or a phone without a country code.
        The message does not repeat the value.
    """
    value = unicodedata.normalize("NFC", raw).strip()
    if kind == "email":
        value = value.lower()
    elif kind == "phone":
        value = re.sub(r"^00", "+", _PHONE_PUNCTUATION.sub("", value))
    if not _is_possible(kind, value):
        raise IdentityInvalid(f"this is no valid {kind.replace('_', ' ')}")
    return Identity(kind, value)


def resolve(customer: CustomerRef, owners: Mapping[Identity, str]) -> Resolution:
    """Decide whom `customer` means: the named member, else the owner of its strongest identity.

    Parameters
    ----------
    customer
        The reference; a named member must have been found to exist before.
    owners
        Customer ids by claimed identity.
    """
    candidates = [customer.member_id] if customer.member_id else []
    candidates += [owners[identity] for identity in customer.identities if identity in owners]
    distinct = tuple(dict.fromkeys(candidates))
    return Resolution(
        member_id=distinct[0] if distinct else None,
        others=distinct[1:],
        unclaimed=tuple(identity for identity in customer.identities if identity not in owners),
    )


def claimable(held: tuple[Identity, ...], unclaimed: tuple[Identity, ...]) -> tuple[Identity, ...]:
    """Return those of `unclaimed` that a customer may still claim who holds `held`.

    A customer holds at most `MAX_IDENTITIES`; beyond that an order is kept but claims nothing,
    because a till that sends one card for everybody must not make an item grow without bound.
    """
    return unclaimed[: max(0, MAX_IDENTITIES - len(held))]


def as_said(
    member: Member,
    given: tuple[Identity, ...],
    claims: tuple[Identity, ...],
    *,
    also: Collection[IdentityKind] = (),
) -> Member:
    """Return the customer who says which identities are theirs.

    Of the kinds that are `given`, and of those in `also`, those that are given are verified and no
    others any more.

    Parameters
    ----------
    member
        The customer as they were.
    given
        What they say.
    claims
        Those of `given` that they did not hold.
    also
        Kinds of which they hold nothing but what they say, though that be nothing.
    """
    kinds = {*also, *(identity.kind for identity in given)}
    kept = tuple(
        replace(own, is_verified=own in given) if own.kind in kinds else own
        for own in member.identities
    )
    return holding(member, kept + claims)


def holding(member: Member, identities: tuple[Identity, ...]) -> Member:
    """Return the customer with these identities instead of those before.

    When a verified address is none any more, all links and sessions end: any may have come by it.
    """
    after = replace(member, identities=identities)
    loses_address = any(
        own.kind == "email" and own.is_verified and not after.has_verified(own)
        for own in member.identities
    )
    return replace(after, portal=member.portal.voided()) if loses_address else after


def with_mail_verified(member: Member) -> Member:
    """Return the customer with the address that their mail goes to verified, if there is one."""
    email = member.identity("email")
    return replace(
        member,
        identities=tuple(
            replace(own, is_verified=True) if own == Identity("email", email or "") else own
            for own in member.identities
        ),
    )


def _is_possible(kind: IdentityKind, value: str) -> bool:
    if not value or len(value) > _LONGEST_VALUE or not value.isprintable():
        return False
    if kind == "email":
        return _EMAIL.fullmatch(value) is not None
    if kind == "phone":
        return _PHONE.fullmatch(value) is not None
    return True
