"""A use of an offer, or its reversal, as a part of the member's transaction."""

from __future__ import annotations

from loyalty.adapters.dynamodb.keys import Key
from loyalty.adapters.dynamodb.offer_items import (
    OfferCountItem,
    OfferItem,
    OfferUseItem,
    count_key,
    offer_key,
    order_count_key,
)
from loyalty.adapters.dynamodb.transaction import LabelledTransaction
from loyalty.services.offer_ports import OfferUseChange


def write_offer_use(transaction: LabelledTransaction, change: OfferUseChange) -> None:
    """Add the use, the member's counts and the budget, with the conditions of the port."""
    use, before, after = change.use, change.before, change.after
    if change.state_before is None:
        transaction.put("offer use", OfferUseItem.of(use), OfferUseItem.pk.does_not_exist())
    else:
        was = OfferUseItem.state == change.state_before
        transaction.put("offer use", OfferUseItem.of(use), was)
    if change.counted_for is not None:
        key = count_key(change.counted_for, use.offer_id)
        _count(transaction, "offer count", key, before.in_all, after.in_all)
        if use.order_id is not None:
            key = order_count_key(change.counted_for, use.offer_id, use.month, use.order_id)
            _count(transaction, "offer count of order", key, before.with_order, after.with_order)
    if change.budget:
        uses = OfferItem.uses
        left = uses < OfferItem.budget_uses if change.budget > 0 else uses > 0
        transaction.update(
            "offer",
            OfferItem(*offer_key(use.offer_id)),
            [uses.add(change.budget)],
            left & (OfferItem.revision == change.offer_revision),
        )


def _count(transaction: LabelledTransaction, label: str, key: Key, before: int, after: int) -> None:
    unchanged = OfferCountItem.uses == before
    if before == 0:
        unchanged = OfferCountItem.pk.does_not_exist() | unchanged
    transaction.put(label, OfferCountItem(*key, uses=after), unchanged)
