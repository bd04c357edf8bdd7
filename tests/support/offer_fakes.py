"""Offers and their uses in memory, for tests of the use cases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from loyalty.domain.offer_uses import OfferUse
from loyalty.domain.offers import Offer
from loyalty.domain.use_counts import OrderUses, UseCounts
from loyalty.services.offer_ports import OfferContext, OfferUseChange
from loyalty.services.ports import ChangeRefused

if TYPE_CHECKING:
    from tests.support.fakes import FakeMemberStore


class FakeOfferStore:
    """An `OfferStore` beside a member store, whose commits write uses too.

    `offer_store_contract` holds it to what DynamoDB does.
    """

    def __init__(self, members: FakeMemberStore) -> None:
        self._members = members
        self.catalogue: dict[str, Offer] = {}
        self.uses: dict[tuple[str, str], OfferUse] = {}
        self.counts: dict[tuple[str, ...], int] = {}
        self.with_orders: dict[tuple[str, str, str], OrderUses] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FakeOfferStore) and self._stored() == other._stored()

    __hash__ = None  # type: ignore[assignment]

    def context(
        self,
        member_id: str,
        offer_id: str,
        *,
        use_id: str | None = None,
        month: str | None = None,
        order_id: str | None = None,
    ) -> OfferContext:
        self._members.requests += 1
        counts = UseCounts(self.counts.get((member_id, offer_id), 0))
        if order_id:
            with_order = self.with_orders.get((member_id, offer_id, order_id), OrderUses())
            counts = replace(counts, with_order=with_order)
        elif month:
            counts = replace(counts, alone=self.counts.get((member_id, offer_id, month), 0))
        return OfferContext(
            self._members.members.get(member_id),
            self.catalogue.get(offer_id),
            self.uses.get((offer_id, use_id)) if use_id else None,
            counts,
        )

    def order_uses(
        self, member_ids: Sequence[str], offer_id: str, order_id: str
    ) -> Sequence[OrderUses]:
        self._members.requests += 1
        keys = ((member_id, offer_id, order_id) for member_id in member_ids)
        return [self.with_orders[key] for key in keys if key in self.with_orders]

    def use(self, offer_id: str, use_id: str) -> OfferUse | None:
        self._members.requests += 1
        return self.uses.get((offer_id, use_id))

    def offer(self, offer_id: str) -> Offer | None:
        self._members.requests += 1
        return self.catalogue.get(offer_id)

    def offers(
        self, *, limit: int, cursor: str | None = None
    ) -> tuple[Sequence[Offer], str | None]:
        self._members.requests += 1
        start = int(cursor or 0)
        rest = start + limit
        names = sorted(self.catalogue)
        page = [self.catalogue[name] for name in names[start:rest]]
        return page, str(rest) if rest < len(names) else None

    def add(self, offer: Offer) -> Offer:
        self._members.requests += 1
        return self.catalogue.setdefault(offer.offer_id, offer)

    def change(self, offer: Offer) -> None:
        self._members.requests += 1
        before = self.catalogue[offer.offer_id]
        if before.revision != offer.revision - 1:
            raise ChangeRefused("ConditionalCheckFailed")
        self.catalogue[offer.offer_id] = replace(offer, uses=before.uses)

    def check(self, change: OfferUseChange) -> None:
        """Raise as the conditions of the member's transaction would."""
        if not all(self._conditions(change)):
            raise ChangeRefused("ConditionalCheckFailed")

    def write(self, change: OfferUseChange) -> None:
        use = change.use
        self.uses[use.offer_id, use.use_id] = use
        self.counts |= {key: after for key, _, after in _counted(change)}
        self.with_orders |= dict(_with_order(change))
        if change.budget:
            offer = self.catalogue[use.offer_id]
            self.catalogue[use.offer_id] = replace(offer, uses=offer.uses + change.budget)

    def _conditions(self, change: OfferUseChange) -> Iterator[bool]:
        use = change.use
        stored = self.uses.get((use.offer_id, use.use_id))
        yield (stored.state if stored else None) == change.state_before
        yield from (self.counts.get(key, 0) == before for key, before, _ in _counted(change))
        for written, after in _with_order(change):
            yield self.with_orders.get(written, OrderUses()).version == after.version - 1
        if change.budget:
            offer = self.catalogue[use.offer_id]
            yield offer.revision == change.offer_revision
            if change.budget > 0:
                yield offer.budget_uses is not None and offer.uses < offer.budget_uses
            else:
                yield offer.uses > 0

    def _stored(self) -> list[object]:
        return [self.catalogue, self.uses, self.counts, self.with_orders]


class FakeOfferCatalogue:
    """An `OfferCatalogue` of the offers that a store has now."""

    def __init__(self, store: FakeOfferStore) -> None:
        self._store = store

    def offers(self) -> Sequence[Offer]:
        return sorted(self._store.catalogue.values(), key=lambda offer: offer.offer_id)


def _counted(change: OfferUseChange) -> Iterator[tuple[tuple[str, ...], int, int]]:
    """Yield the key of each count that changes with what it was and what it becomes."""
    use, before, after = change.use, change.before, change.after
    if change.counts_of is None:
        return
    key = (change.counts_of, use.offer_id)
    if before.in_all != after.in_all:
        yield key, before.in_all, after.in_all
    if before.alone != after.alone:
        yield (*key, use.month), before.alone, after.alone


def _with_order(change: OfferUseChange) -> Iterator[tuple[tuple[str, str, str], OrderUses]]:
    """Yield the key of the uses with the order and what becomes of them, if something does."""
    use, after = change.use, change.after.with_order
    if change.counts_of is None or use.order_id is None or change.before.with_order == after:
        return
    yield (change.counts_of, use.offer_id, use.order_id), after
