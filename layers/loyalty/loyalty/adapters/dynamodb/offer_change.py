"""A use of an offer, or its reversal, as a part of the member's transaction."""

from __future__ import annotations

from loyalty.adapters.dynamodb.keys import Key
from loyalty.adapters.dynamodb.offer_items import (
    OfferCountItem,
    OfferItem,
    OfferUseItem,
    OrderUsesItem,
    count_key,
    month_count_key,
    offer_key,
    order_uses_key,
)
from loyalty.adapters.dynamodb.transaction import LabelledTransaction
from loyalty.domain.use_counts import OrderUses
from loyalty.services.offer_ports import OfferUseChange


def write_offer_use(transaction: LabelledTransaction, change: OfferUseChange) -> None:
    """Add the use, the member's counts and the budget, with the conditions of the port."""
    use = change.use
    if change.state_before is None:
        transaction.put("offer use", OfferUseItem.of(use), OfferUseItem.pk.does_not_exist())
    else:
        was = OfferUseItem.state == change.state_before
        transaction.put("offer use", OfferUseItem.of(use), was)
    if change.counts_of is not None:
        _write_counts(transaction, change.counts_of, change)
    if change.budget:
        uses = OfferItem.uses
        left = uses < OfferItem.budget_uses if change.budget > 0 else uses > 0
        transaction.update(
            "offer",
            OfferItem(*offer_key(use.offer_id)),
            [uses.add(change.budget)],
            left & (OfferItem.revision == change.offer_revision),
        )


def _write_counts(transaction: LabelledTransaction, member_id: str, change: OfferUseChange) -> None:
    use, before, after = change.use, change.before, change.after
    if before.in_all != after.in_all:
        key = count_key(member_id, use.offer_id)
        _count(transaction, "offer count", key, before.in_all, after.in_all)
    if before.alone != after.alone:
        key = month_count_key(member_id, use.offer_id, use.month)
        _count(transaction, "offer count of month", key, before.alone, after.alone)
    if use.order_id is not None and before.with_order != after.with_order:
        key = order_uses_key(member_id, use.offer_id, use.order_id)
        _write_order_uses(transaction, key, after.with_order)


def _count(transaction: LabelledTransaction, label: str, key: Key, before: int, after: int) -> None:
    unchanged = OfferCountItem.uses == before
    if before == 0:
        unchanged = OfferCountItem.pk.does_not_exist() | unchanged
    transaction.put(label, OfferCountItem(*key, uses=after), unchanged)


def _write_order_uses(transaction: LabelledTransaction, key: Key, after: OrderUses) -> None:
    item = OrderUsesItem(*key, version=after.version, uses=after.uses)
    unchanged = (
        OrderUsesItem.pk.does_not_exist()
        if after.version == 1
        else OrderUsesItem.version == after.version - 1
    )
    transaction.put("uses with an order", item, unchanged)
