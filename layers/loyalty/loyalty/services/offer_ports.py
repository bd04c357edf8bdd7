"""What the use cases of offers need of the world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from loyalty.domain.member import Member
from loyalty.domain.offer_uses import OfferUse
from loyalty.domain.offers import Offer
from loyalty.domain.use_counts import OrderUses, UseCounts


@dataclass(frozen=True, slots=True)
class OfferUseChange:
    """What a use of an offer or its reversal writes with the member, in the member's transaction.

    Conditions that the store adds: the use is new, or still in `state_before`; those counts of the
    member `counts_of` that change are still `before`, the uses with the order by their version; the
    offer of `budget` uses (taken 1, put back -1) is at `offer_revision` and has one left.
    """

    use: OfferUse
    state_before: str | None = None
    counts_of: str | None = None
    before: UseCounts = field(default_factory=UseCounts)
    after: UseCounts = field(default_factory=UseCounts)
    budget: int = 0
    offer_revision: int = 0


class OfferContext(NamedTuple):
    """All that deciding on a use needs; one consistent read over two tables."""

    member: Member | None
    offer: Offer | None
    use: OfferUse | None
    counts: UseCounts


class OfferStore(Protocol):
    """The catalogue of offers (ProgramTable), and what members made of it."""

    def context(
        self,
        member_id: str,
        offer_id: str,
        *,
        use_id: str | None = None,
        month: str | None = None,
        order_id: str | None = None,
    ) -> OfferContext:
        """Read member, offer, use and counts: one BatchGetItem.

        Without `use_id` no use, without `order_id` no uses with the order, without `month` or with
        `order_id` no count of the uses without an order.
        """
        ...

    def order_uses(
        self, member_ids: Sequence[str], offer_id: str, order_id: str
    ) -> Sequence[OrderUses]:
        """Return what there is of several members' uses with an order's number: one batch read."""
        ...

    def use(self, offer_id: str, use_id: str) -> OfferUse | None: ...

    def offer(self, offer_id: str) -> Offer | None: ...

    def offers(
        self, *, limit: int, cursor: str | None = None
    ) -> tuple[Sequence[Offer], str | None]:
        """Return a page of the catalogue by id, retired ones too."""
        ...

    def add(self, offer: Offer) -> Offer:
        """Keep a new offer; return it, or the one that has the id already."""
        ...

    def change(self, offer: Offer) -> None:
        """Write an offer's next revision; its `uses` stay as they are by then.

        Raises
        ------
        ChangeRefused
            The offer is not at the revision before.
        """
        ...


class OfferCatalogue(Protocol):
    def offers(self) -> Sequence[Offer]:
        """Return all offers, retired ones too, by id, as they were a minute ago at most."""
        ...
