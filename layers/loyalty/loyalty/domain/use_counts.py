"""How often a member has used an offer: in all, in a month without an order, and with an order.

Tills and orders tell of the same use, in whatever order: what one of the two has counted with an
order's number, the other does not count again, not even when it was taken back meanwhile. Tills do
not name the sender of an order; two orders of one number are two all the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from loyalty.domain.offer_errors import OfferLimitReached

# Reversed ones are kept too: a list that only grows.
USES_PER_ORDER: Final = 50


@dataclass(frozen=True, slots=True)
class OrderUse:
    """A use that was counted with an order, in a program month (`YYYY-MM`)."""

    use_id: str
    month: str
    is_reversed: bool = False

    @property
    def is_by_order(self) -> bool:
        """Whether the order itself told of it; a client's own id has no slash."""
        return "/" in self.use_id


@dataclass(frozen=True, slots=True)
class OrderUses:
    """A member's uses of an offer with all orders of one number, the oldest first."""

    version: int = 0
    uses: tuple[OrderUse, ...] = ()

    def told_otherwise(self, use_id: str) -> OrderUse | None:
        """Return a use that came the other way and stands for this one too, if there is one.

        Of several orders it is one whose use was not reversed.
        """
        is_by_order = OrderUse(use_id, "").is_by_order
        told = (use for use in self.uses if use.is_by_order != is_by_order)
        return min(told, key=lambda use: use.is_by_order and use.is_reversed, default=None)

    def by_tills(self) -> tuple[OrderUse, ...]:
        """Return the uses of tills that were not reversed."""
        return tuple(use for use in self.uses if not (use.is_by_order or use.is_reversed))

    def pairs(self, month: str) -> int:
        """Return how many orders have an unreversed use in a month; those of tills are one's."""
        left = [use for use in self.uses if use.month == month and not use.is_reversed]
        return len({use.use_id if use.is_by_order else "" for use in left})

    def plus(self, use: OrderUse) -> OrderUses:
        """Return the uses with one more.

        Raises
        ------
        OfferLimitReached
            There are `USES_PER_ORDER` already.
        """
        if len(self.uses) >= USES_PER_ORDER:
            raise OfferLimitReached(f"{USES_PER_ORDER} uses with one order")
        return OrderUses(self.version + 1, (*self.uses, use))

    def reversing(self, use_id: str) -> OrderUses:
        """Return the uses with one of them reversed."""
        uses = (
            replace(use, is_reversed=True) if use.use_id == use_id else use for use in self.uses
        )
        return OrderUses(self.version + 1, tuple(uses))


@dataclass(frozen=True, slots=True)
class UseCounts:
    """What is known of a member's uses of an offer, when one of them is decided on.

    Unreversed ones `in_all`, and those `alone`: without an order, in that one's month;
    `with_order`: those with that one's order.
    """

    in_all: int = 0
    alone: int = 0
    with_order: OrderUses = field(default_factory=OrderUses)

    def pairs(self, month: str) -> int:
        """Return how many (offer, order) pairs they are in a month, no order being one."""
        return self.with_order.pairs(month) + min(1, self.alone)

    def plus(self, use_id: str, month: str, order_id: str | None) -> UseCounts:
        """Return the counts with one use more; `OfferLimitReached` as for `OrderUses.plus`."""
        if order_id is None:
            return replace(self, in_all=self.in_all + 1, alone=self.alone + 1)
        with_order = self.with_order.plus(OrderUse(use_id, month))
        return replace(self, in_all=self.in_all + 1, with_order=with_order)

    def less(self, use_id: str, order_id: str | None) -> UseCounts:
        """Return the counts with one use less."""
        in_all = max(0, self.in_all - 1)
        if order_id is None:
            return replace(self, in_all=in_all, alone=max(0, self.alone - 1))
        return replace(self, in_all=in_all, with_order=self.with_order.reversing(use_id))
