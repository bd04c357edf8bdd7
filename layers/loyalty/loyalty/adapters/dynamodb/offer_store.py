"""The catalogue of offers, and what members made of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pynamodb.exceptions import DoesNotExist, PutError, UpdateError

from loyalty.adapters.dynamodb import pages
from loyalty.adapters.dynamodb.keys import Key, profile
from loyalty.adapters.dynamodb.offer_items import (
    OFFER_PREFIX,
    OFFERS,
    OfferCountItem,
    OfferItem,
    OfferUseItem,
    OrderUsesItem,
    count_key,
    month_count_key,
    offer_key,
    order_uses_key,
    use_key,
)
from loyalty.adapters.dynamodb.profile_item import ProfileItem
from loyalty.adapters.dynamodb.reading import read_across, read_items
from loyalty.adapters.dynamodb.tables import MembersItem, ProgramItem, Tables
from loyalty.domain.errors import CursorInvalid
from loyalty.domain.offer_uses import OfferUse
from loyalty.domain.offers import Offer
from loyalty.domain.use_counts import OrderUses, UseCounts
from loyalty.services.offer_ports import OfferContext
from loyalty.services.ports import ChangeRefused

_REFUSED = "ConditionalCheckFailedException"


class DynamoOfferStore:
    """Implements `loyalty.services.offer_ports.OfferStore`; its models must be bound."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def context(
        self,
        member_id: str,
        offer_id: str,
        *,
        use_id: str | None = None,
        month: str | None = None,
        order_id: str | None = None,
    ) -> OfferContext:
        """Read what deciding needs: one consistent BatchGetItem over two tables."""
        in_all = count_key(member_id, offer_id)
        of_member = [
            profile(member_id),
            in_all,
            *_counted_with(member_id, offer_id, month, order_id),
        ]
        if use_id is not None:
            of_member.append(use_key(offer_id, use_id))
        wanted = {MembersItem: of_member, ProgramItem: [offer_key(offer_id)]}
        member = offer = use = None
        counts = UseCounts()
        for item in read_across(self._tables, wanted):
            match item:
                case ProfileItem():
                    member = item.member()
                case OfferItem():
                    offer = item.offer()
                case OfferUseItem():
                    use = item.use()
                case OfferCountItem() if (item.pk, item.sk) == in_all:
                    counts = replace(counts, in_all=item.uses)
                case OfferCountItem():
                    counts = replace(counts, alone=item.uses)
                case OrderUsesItem():
                    counts = replace(counts, with_order=item.order_uses())
        return OfferContext(member, offer, use, counts)

    def order_uses(
        self, member_ids: Sequence[str], offer_id: str, order_id: str
    ) -> Sequence[OrderUses]:
        keys = [order_uses_key(member_id, offer_id, order_id) for member_id in member_ids]
        items = read_items(self._tables, keys)
        return [item.order_uses() for item in items if isinstance(item, OrderUsesItem)]

    def use(self, offer_id: str, use_id: str) -> OfferUse | None:
        try:
            return OfferUseItem.get(*use_key(offer_id, use_id), consistent_read=True).use()
        except DoesNotExist:
            return None

    def offer(self, offer_id: str) -> Offer | None:
        try:
            return OfferItem.get(*offer_key(offer_id), consistent_read=True).offer()
        except DoesNotExist:
            return None

    def offers(
        self, *, limit: int, cursor: str | None = None
    ) -> tuple[Sequence[Offer], str | None]:
        """Return a page of the catalogue by id: one Query."""
        start = None
        if cursor is not None:
            position = pages.decode_cursor(cursor)
            if not position.startswith(OFFER_PREFIX):
                raise CursorInvalid
            start = {"pk": {"S": OFFERS}, "sk": {"S": position}}
        items = list(OfferItem.query(OFFERS, limit=limit + 1, last_evaluated_key=start))
        page = items[:limit]
        following = pages.encode_cursor(page[-1].sk) if len(items) > limit else None
        return [item.offer() for item in page], following

    def add(self, offer: Offer) -> Offer:
        item = OfferItem.of(offer)
        try:
            item.save(OfferItem.pk.does_not_exist())
        except PutError as error:
            if error.cause_response_code != _REFUSED:
                raise
            return OfferItem.get(item.pk, item.sk, consistent_read=True).offer()
        return offer

    def change(self, offer: Offer) -> None:
        item = OfferItem.of(offer)
        try:
            item.update(item.revising(), condition=OfferItem.revision == offer.revision - 1)
        except UpdateError as error:
            if error.cause_response_code == _REFUSED:
                raise ChangeRefused("the offer changed") from error
            raise


def _counted_with(
    member_id: str, offer_id: str, month: str | None, order_id: str | None
) -> Iterator[Key]:
    """Yield the key of the member's uses with an order, or without one in a month, if asked for."""
    if order_id is not None:
        yield order_uses_key(member_id, offer_id, order_id)
    elif month is not None:
        yield month_count_key(member_id, offer_id, month)
