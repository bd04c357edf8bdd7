"""A retailer with offers, through the use cases, on the in-memory stores."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from loyalty.contracts.offers import (
    MemberOfferView,
    OfferUseAnswer,
    OfferUseRequest,
    OfferUseReversalAnswer,
)
from loyalty.domain.month_uses import MonthUses, uses_in
from loyalty.domain.offers import Offer
from loyalty.domain.orders import OrderKey
from loyalty.domain.program import ProgramDefinition
from loyalty.services.member_offers import activate_offer, deactivate_offer, list_member_offers
from loyalty.services.order_offers import (
    OrderOffers,
    take_back_offers_of_order,
    use_offers_of_order,
)
from loyalty.services.reverse_offer_use import reverse_offer_use
from loyalty.services.use_offer import use_offer
from tests.support.examples import PROGRAM
from tests.support.offer_fakes import FakeOfferCatalogue
from tests.support.offer_store_contract import COFFEE
from tests.support.shop import Shop

OPEN = replace(PROGRAM, open_elite=True)


def an_offer(offer_id: str = "coffee", **more: object) -> Offer:
    """Return ten per cent off for everybody in Elite, for five days; what differs is `more`."""
    plain: dict[str, object] = {
        "categories": (),
        "tiers": (),
        "segments": (),
        "stores": (),
        "budget_uses": None,
        "per_member_limit": None,
    }
    return replace(COFFEE, offer_id=offer_id, **plain | more)  # type: ignore[arg-type]


class OfferShop(Shop):
    """Whoever signs up is in Elite at once."""

    def __init__(self, *offers: Offer, definition: ProgramDefinition = OPEN) -> None:
        super().__init__(definition)
        self.offers = self.store.offers
        for offer in offers:
            self.offers.add(offer)

    def budget_taken(self, offer_id: str = "coffee") -> int:
        return self.offers.catalogue[offer_id].uses

    def use(
        self,
        member_id: str,
        use_id: str = "U-1",
        offer_id: str = "coffee",
        *,
        order_id: str | None = None,
        at: datetime | None = None,
        store_id: str | None = None,
        by: str | None = None,
    ) -> tuple[OfferUseAnswer, bool]:
        """Use an offer at a till, where a member of staff works who is the member `by`."""
        request = OfferUseRequest(
            use_id=use_id,
            member_id=member_id,
            order_id=order_id,
            store_id=store_id,
            occurred_at=at or self.clock.now(),
        )
        return use_offer(
            offer_id,
            request,
            own_member_id=by,
            by_member=False,
            store=self.store,
            offers=self.offers,
            program=self.program,
            clock=self.clock,
        )

    def reverse(
        self, use_id: str = "U-1", offer_id: str = "coffee", *, by: str | None = None
    ) -> OfferUseReversalAnswer:
        return reverse_offer_use(
            offer_id,
            use_id,
            own_member_id=by,
            store=self.store,
            offers=self.offers,
            program=self.program,
            clock=self.clock,
        )

    def order_accepted(
        self,
        member_id: str,
        *offer_ids: str,
        order_id: str = "O-1",
        source: str = "pos",
        at: datetime | None = None,
        held: bool = False,
    ) -> dict[str, str]:
        """Work on the event of an accepted order; return what became of its offers."""
        key, occurred_at = OrderKey(source, order_id), at or self.clock.now()
        order = OrderOffers(key, member_id, offer_ids, occurred_at, held=held)
        return dict(
            use_offers_of_order(
                order,
                store=self.store,
                offers=self.offers,
                program=self.program,
                clock=self.clock,
            )
        )

    def order_came_back(
        self,
        member_id: str,
        *offer_ids: str,
        order_id: str = "O-1",
        source: str = "pos",
    ) -> dict[str, str]:
        """Work on the event of the return that leaves nothing of an order."""
        order = OrderOffers(OrderKey(source, order_id), member_id, offer_ids, self.clock.now())
        return dict(
            take_back_offers_of_order(
                order,
                store=self.store,
                offers=self.offers,
                program=self.program,
                clock=self.clock,
            )
        )

    def offers_of(self, member_id: str) -> list[MemberOfferView]:
        page = list_member_offers(
            member_id,
            limit=100,
            cursor=None,
            store=self.store,
            catalogue=FakeOfferCatalogue(self.offers),
            program=self.program,
            clock=self.clock,
        )
        return list(page.items)

    def activate(self, member_id: str, offer_id: str = "coffee") -> MemberOfferView:
        return activate_offer(
            member_id,
            offer_id,
            store=self.store,
            offers=self.offers,
            program=self.program,
            clock=self.clock,
        )

    def deactivate(self, member_id: str, offer_id: str = "coffee") -> MemberOfferView:
        return deactivate_offer(
            member_id,
            offer_id,
            store=self.store,
            offers=self.offers,
            program=self.program,
            clock=self.clock,
        )

    def uses(self, member_id: str, month: str = "2017-03") -> MonthUses:
        return uses_in(self.member(member_id).uses, month)

    def facts(self, member_id: str) -> list[str]:
        """Return the events of offers, and what followed from them, oldest first."""
        keys = sorted(key for key in self.store.history if key[0] == member_id)
        return [self.store.history[key].event for key in keys]
