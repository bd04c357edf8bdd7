"""Items of ProgramTable that hold the program's totals.

A month's flows are in `TOTALS#<month>`, all gauges in `GAUGES`, so that a report takes one query
of each. Both are spread over shards; besides what the models name, an item has one number for each
name counted.
"""

from __future__ import annotations

from typing import Final

from pynamodb.attributes import UnicodeAttribute

from loyalty.adapters.dynamodb.attributes import InstantAttribute, IntegerAttribute
from loyalty.adapters.dynamodb.tables import ProgramItem
from loyalty.domain.program_totals import Buyer

Key = tuple[str, str]

SHARDS: Final = 4
GAUGES: Final = "GAUGES"
LOCKS: Final = "LOCKS"


def counted_key(event_id: str) -> Key:
    """Return the key of the mark that a fact was counted."""
    return f"COUNTED#{event_id}", "COUNTED"


def buyer_key(buyer: Buyer) -> Key:
    """Return the key of the mark that a customer was counted in a group of a month's buyers."""
    return f"BUYER#{buyer.month}#{buyer.customer_id}", buyer.group


def flows_key(month: str, shard: int) -> Key:
    """Return the key of a shard of a month's flows."""
    return f"TOTALS#{month}", f"{shard:02}"


def gauges_key(month: str, shard: int) -> Key:
    """Return the key of a shard of how the levels changed in a month; they sort by month."""
    return GAUGES, f"{month}#{shard:02}"


class CountedItem(ProgramItem, discriminator="counted"):
    """A fact that was counted."""

    expires_at_epoch = IntegerAttribute()


class BuyerItem(ProgramItem, discriminator="buyer"):
    """A customer who was counted among a month's buyers."""

    expires_at_epoch = IntegerAttribute()


class FlowsItem(ProgramItem, discriminator="flows"):
    """What happened in a month, one of `SHARDS` parts."""

    locked_at = InstantAttribute(null=True)


class GaugesItem(ProgramItem, discriminator="gauges"):
    """How levels changed in a month, one of `SHARDS` parts."""


class MonthLockItem(ProgramItem, discriminator="month_lock"):
    """A month in which nothing is counted any more."""

    locked_by = UnicodeAttribute()
    locked_at = InstantAttribute()
