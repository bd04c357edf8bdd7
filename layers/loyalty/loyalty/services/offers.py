"""The catalogue of offers, kept by staff."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from loyalty.contracts.offers import OfferPage, OfferRequest, OfferUpdate, OfferView
from loyalty.contracts.values import Money
from loyalty.domain.offer_errors import OfferConflict, OfferInvalid, OfferNotFound
from loyalty.domain.offer_rules import require_sound
from loyalty.domain.offers import Offer
from loyalty.domain.program import ProgramDefinition
from loyalty.services.offer_ports import OfferStore
from loyalty.services.ports import Clock, ProgramStore
from loyalty.services.retrying import with_retries


def add_offer(
    request: OfferRequest, *, offers: OfferStore, program: ProgramStore, clock: Clock
) -> tuple[OfferView, bool]:
    """Add an offer; the same content again changes nothing. Requests: 1 write, 1 read for a repeat.

    Returns
    -------
    tuple of OfferView and bool
        The offer as it is now, and whether it is new.

    Raises
    ------
    OfferInvalid
        It contradicts itself, or names a tier or a currency that the program has not.
    OfferConflict
        The id has another content.
    """
    definition = program.current(clock.now())
    given = {name: getattr(request, name) for name in type(request).model_fields}
    offer = Offer(revision=1, **_fields(given, definition))
    require_sound(offer, definition)
    kept = offers.add(offer)
    # What was used, and that its time was over, is no part of the content.
    same = replace(kept, uses=offer.uses, revision=offer.revision, retired_at=offer.retired_at)
    if same != offer:
        raise OfferConflict(request.offer_id)
    return view(kept, definition), kept is offer


def change_offer(
    offer_id: str,
    update: OfferUpdate,
    *,
    offers: OfferStore,
    program: ProgramStore,
    clock: Clock,
) -> OfferView:
    """Change what `update` names; uses meanwhile go on counting.

    What is so already changes nothing. Requests: 1 read and 1 write.

    Raises
    ------
    OfferNotFound
        There is no such offer, or it is retired.
    OfferInvalid
        As for `add_offer`.
    """
    definition = program.current(clock.now())
    named = {name: getattr(update, name) for name in update.model_fields_set}
    changes = _fields(named, definition)

    def attempt() -> OfferView:
        before = _present(offer_id, offers)
        if before.retired_at is not None:
            raise OfferNotFound(offer_id)
        if replace(before, **changes) == before:
            return view(before, definition)
        after = replace(before, revision=before.revision + 1, **changes)
        require_sound(after, definition)
        offers.change(after)
        return view(after, definition)

    return with_retries(attempt)


def retire_offer(
    offer_id: str, *, offers: OfferStore, program: ProgramStore, clock: Clock
) -> OfferView:
    """Take an offer out of use for good; a second time changes nothing.

    Requests: 1 read and 1 write.

    Raises
    ------
    OfferNotFound
        There is no such offer.
    """

    def attempt() -> OfferView:
        now = clock.now()
        before = _present(offer_id, offers)
        if before.retired_at is not None:
            return view(before, program.current(now))
        after = replace(before, revision=before.revision + 1, retired_at=now)
        offers.change(after)
        return view(after, program.current(now))

    return with_retries(attempt)


def get_offer(
    offer_id: str, *, offers: OfferStore, program: ProgramStore, clock: Clock
) -> OfferView:
    """Return an offer, a retired one too. Requests: 1 read.

    Raises
    ------
    OfferNotFound
        There is no such offer.
    """
    return view(_present(offer_id, offers), program.current(clock.now()))


def list_offers(
    *, limit: int, cursor: str | None, offers: OfferStore, program: ProgramStore, clock: Clock
) -> OfferPage:
    """Return a page of the catalogue by id, retired ones too. Requests: 1 query."""
    definition = program.current(clock.now())
    found, next_cursor = offers.offers(limit=limit, cursor=cursor)
    items = tuple(view(offer, definition) for offer in found)
    return OfferPage(items=items, next_cursor=next_cursor)


def view(offer: Offer, definition: ProgramDefinition) -> OfferView:
    """Return what the API shows of an offer to staff."""
    return OfferView(
        offer_id=offer.offer_id,
        revision=offer.revision,
        name=offer.name,
        kind=offer.kind,
        percent=offer.percent,
        amount=amount_of(offer, definition),
        sku=offer.sku,
        points=offer.points,
        categories=offer.categories,
        tiers=offer.tiers,
        segments=offer.segments,
        stores=offer.stores,
        valid_from=offer.valid_from,
        expires_at=offer.expires_at,
        budget=offer.budget_uses,
        uses=offer.uses,
        per_member_limit=offer.per_member_limit,
        retired_at=offer.retired_at,
    )


def amount_of(offer: Offer, definition: ProgramDefinition) -> Money | None:
    """Return what an offer takes off, in the program's currency; None for other kinds."""
    if offer.amount_minor is None:
        return None
    return Money(amount_minor=offer.amount_minor, currency=definition.currency)


def _present(offer_id: str, offers: OfferStore) -> Offer:
    offer = offers.offer(offer_id)
    if offer is None:
        raise OfferNotFound(offer_id)
    return offer


def _fields(given: dict[str, Any], definition: ProgramDefinition) -> dict[str, Any]:
    """Return fields of a request as the domain names them."""
    fields = dict(given)
    if "budget" in fields:
        fields["budget_uses"] = fields.pop("budget")
    if "amount" in fields:
        amount: Money | None = fields.pop("amount")
        if amount is not None and amount.currency != definition.currency:
            raise OfferInvalid(f"amounts of offers are in {definition.currency}")
        fields["amount_minor"] = amount.amount_minor if amount else None
    return fields
