"""Items of the catalogue of offers and of what members made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from loyalty.adapters.dynamodb.attributes import (
    DocumentAttribute,
    InstantAttribute,
    IntegerAttribute,
    WordAttribute,
)
from loyalty.adapters.dynamodb.keys import Key, member_pk
from loyalty.adapters.dynamodb.tables import MembersItem, ProgramItem
from loyalty.domain.ledger import PendingPoints
from loyalty.domain.offer_uses import OfferUse, UseState
from loyalty.domain.offers import Offer, OfferKind
from loyalty.domain.use_counts import OrderUse, OrderUses

if TYPE_CHECKING:
    from pynamodb.expressions.update import Action

OFFERS = "OFFERS"
OFFER_PREFIX = "OFFER#"
USE = "USE"


def offer_key(offer_id: str) -> Key:
    """Return the key of an offer; one partition is the whole catalogue, by id."""
    return OFFERS, f"{OFFER_PREFIX}{offer_id}"


def use_key(offer_id: str, use_id: str) -> Key:
    """Return the key of a use; nobody has to know its member to find it."""
    return f"OFFER_USE#{offer_id}#{use_id}", USE


def count_key(member_id: str, offer_id: str) -> Key:
    """Return the key of how often a member has used an offer."""
    return member_pk(member_id), f"{OFFER_PREFIX}{offer_id}"


def month_count_key(member_id: str, offer_id: str, month: str) -> Key:
    """Return the key of how often a member has used an offer without an order in a month."""
    return member_pk(member_id), f"{OFFER_PREFIX}{offer_id}#MONTH#{month}"


def order_uses_key(member_id: str, offer_id: str, order_id: str) -> Key:
    """Return the key of a member's uses of an offer with the orders of a number."""
    return member_pk(member_id), f"{OFFER_PREFIX}{offer_id}#ORDER#{order_id}"


class OfferItem(ProgramItem, discriminator="offer"):
    """An offer; `uses` moves with the uses of a budget, all else with staff's revisions."""

    offer_id = UnicodeAttribute()
    revision = IntegerAttribute()
    name = UnicodeAttribute()
    kind = WordAttribute[OfferKind]()
    valid_from = InstantAttribute()
    expires_at = InstantAttribute()
    percent = IntegerAttribute(null=True)
    amount_minor = IntegerAttribute(null=True)
    sku = UnicodeAttribute(null=True)
    points = IntegerAttribute(null=True)
    categories = DocumentAttribute(tuple[str, ...])
    tiers = DocumentAttribute(tuple[str, ...])
    segments = DocumentAttribute(tuple[str, ...])
    stores = DocumentAttribute(tuple[str, ...])
    budget_uses = IntegerAttribute(null=True)
    uses = IntegerAttribute()
    per_member_limit = IntegerAttribute(null=True)
    retired_at = InstantAttribute(null=True)

    @classmethod
    def of(cls, offer: Offer) -> OfferItem:
        return cls(
            *offer_key(offer.offer_id),
            offer_id=offer.offer_id,
            revision=offer.revision,
            name=offer.name,
            kind=offer.kind,
            valid_from=offer.valid_from,
            expires_at=offer.expires_at,
            percent=offer.percent,
            amount_minor=offer.amount_minor,
            sku=offer.sku,
            points=offer.points,
            categories=offer.categories,
            tiers=offer.tiers,
            segments=offer.segments,
            stores=offer.stores,
            budget_uses=offer.budget_uses,
            uses=offer.uses,
            per_member_limit=offer.per_member_limit,
            retired_at=offer.retired_at,
        )

    def offer(self) -> Offer:
        return Offer(
            offer_id=self.offer_id,
            revision=self.revision,
            name=self.name,
            kind=self.kind,
            valid_from=self.valid_from,
            expires_at=self.expires_at,
            percent=self.percent,
            amount_minor=self.amount_minor,
            sku=self.sku,
            points=self.points,
            categories=self.categories,
            tiers=self.tiers,
            segments=self.segments,
            stores=self.stores,
            budget_uses=self.budget_uses,
            uses=self.uses,
            per_member_limit=self.per_member_limit,
            retired_at=self.retired_at,
        )

    def revising(self) -> list[Action]:
        """Return what makes this the stored revision; uses go on counting."""
        attributes = self.get_attributes()
        return [
            attribute.set(getattr(self, name))
            if getattr(self, name) is not None
            else attribute.remove()
            for name, attribute in attributes.items()
            if name not in {"pk", "sk", "item_type", "uses"}
        ]


class OfferUseItem(MembersItem, discriminator="offer_use"):
    """A use of an offer, under the caller's own id."""

    offer_id = UnicodeAttribute()
    use_id = UnicodeAttribute()
    member_id = UnicodeAttribute()
    occurred_at = InstantAttribute()
    recorded_at = InstantAttribute()
    month = UnicodeAttribute()
    order_id = UnicodeAttribute(null=True)
    store_id = UnicodeAttribute(null=True)
    state = WordAttribute[UseState]()
    earned = DocumentAttribute(PendingPoints, null=True)
    takes_budget = BooleanAttribute(null=True)
    refusal = UnicodeAttribute(null=True)
    counted_for = UnicodeAttribute(null=True)
    counted_as = UnicodeAttribute(null=True)
    answer = DocumentAttribute(dict[str, object])
    reversal_answer = DocumentAttribute(dict[str, object], null=True)

    @classmethod
    def of(cls, use: OfferUse) -> OfferUseItem:
        return cls(
            *use_key(use.offer_id, use.use_id),
            offer_id=use.offer_id,
            use_id=use.use_id,
            member_id=use.member_id,
            occurred_at=use.occurred_at,
            recorded_at=use.recorded_at,
            month=use.month,
            order_id=use.order_id,
            store_id=use.store_id,
            state=use.state,
            earned=use.earned,
            takes_budget=use.takes_budget or None,
            refusal=use.refusal,
            counted_for=use.counted_for,
            counted_as=use.counted_as,
            answer=use.answer,
            reversal_answer=use.reversal_answer,
        )

    def use(self) -> OfferUse:
        return OfferUse(
            offer_id=self.offer_id,
            use_id=self.use_id,
            member_id=self.member_id,
            occurred_at=self.occurred_at,
            recorded_at=self.recorded_at,
            month=self.month,
            order_id=self.order_id,
            store_id=self.store_id,
            state=self.state,
            earned=self.earned,
            takes_budget=bool(self.takes_budget),
            refusal=self.refusal,
            counted_for=self.counted_for,
            counted_as=self.counted_as,
            answer=self.answer,
            reversal_answer=self.reversal_answer,
        )


class OfferCountItem(MembersItem, discriminator="offer_count"):
    """How often a member has used an offer, in all or without an order in a month."""

    uses = IntegerAttribute()


class OrderUsesItem(MembersItem, discriminator="offer_order"):
    """A member's uses of an offer with the orders of a number."""

    version = IntegerAttribute()
    uses = DocumentAttribute(tuple[OrderUse, ...])

    def order_uses(self) -> OrderUses:
        return OrderUses(self.version, self.uses)
