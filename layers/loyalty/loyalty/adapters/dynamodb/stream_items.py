"""Items as the tables' streams show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loyalty.adapters.dynamodb.member_items import EntryItem, StatusChangeItem
from loyalty.adapters.dynamodb.order_items import AcceptedReturnItem, OrderItem
from loyalty.adapters.dynamodb.tables import MembersItem
from loyalty.adapters.dynamodb.voucher_items import VoucherFactItem
from loyalty.domain.ledger import Entry
from loyalty.domain.member import StatusChange
from loyalty.domain.orders import AcceptedOrder, AcceptedReturn
from loyalty.domain.vouchers import VoucherFact


def domain_item(
    image: Mapping[str, Any],
) -> AcceptedOrder | AcceptedReturn | Entry | StatusChange | VoucherFact | None:
    """Return the fact in a stream record's new image; None for an item that is no fact.

    Parameters
    ----------
    image
        `record["dynamodb"]["NewImage"]`, DynamoDB JSON.

    Raises
    ------
    KeyError, TypeError, ValueError
        The image cannot be read.
    """
    if image["item_type"] == {"S": "voucher_fact"}:
        return VoucherFactItem.from_raw_data(dict(image)).fact()
    item = MembersItem.from_raw_data(dict(image))
    match item:
        case OrderItem():
            return item.order()
        case AcceptedReturnItem():
            return item.accepted_return()
        case EntryItem():
            return item.entry()
        case StatusChangeItem():
            return item.status_change()
    return None
