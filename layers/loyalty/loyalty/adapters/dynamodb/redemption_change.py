"""A redemption, or its reversal, as a part of the member's transaction."""

from __future__ import annotations

from loyalty.adapters.dynamodb.reward_items import RedemptionItem, RewardItem, reward_key
from loyalty.adapters.dynamodb.transaction import LabelledTransaction
from loyalty.adapters.dynamodb.voucher_steps import write_steps
from loyalty.services.reward_ports import RedemptionChange


def write_redemption(transaction: LabelledTransaction, change: RedemptionChange) -> None:
    """Add the redemption, its stock and its vouchers, with the conditions of the port."""
    item = RedemptionItem.of(change.redemption)
    if change.redemption.state == "redeemed":
        transaction.put("redemption", item, RedemptionItem.pk.does_not_exist())
    else:
        transaction.put("redemption", item, RedemptionItem.state == "redeemed")
    if change.stock:
        stock = RewardItem.stock
        enough = stock >= change.stock if change.stock > 0 else stock.exists()
        transaction.update(
            "stock",
            RewardItem(*reward_key(change.redemption.reward_id)),
            [stock.add(-change.stock)],
            enough & (RewardItem.revision == change.reward_revision),
        )
    write_steps(transaction, change.vouchers)
