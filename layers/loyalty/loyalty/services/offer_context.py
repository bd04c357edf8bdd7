"""Reading a member with one of the offers."""

from __future__ import annotations

from loyalty.domain.journey import GONE
from loyalty.services.offer_ports import OfferContext, OfferStore


def current_context(
    offers: OfferStore,
    member_id: str,
    offer_id: str,
    *,
    use_id: str | None = None,
    month: str | None = None,
    order_id: str | None = None,
    even_if_left: bool = False,
) -> OfferContext:
    """Return the context of a customer, or of the one into whom they were merged.

    1 read, 1 more per merge.

    Parameters
    ----------
    offers
        The catalogue, and what members made of it.
    member_id, offer_id, use_id, month, order_id
        As for `OfferStore.context`.
    even_if_left
        Whether to return who left too: they use nothing, but their account is still there.

    Returns
    -------
    OfferContext
        Without a member when they are unknown, left or erased.
    """

    def read(member_id: str) -> OfferContext:
        return offers.context(member_id, offer_id, use_id=use_id, month=month, order_id=order_id)

    found = read(member_id)
    while found.member is not None and found.member.merged_into is not None:
        found = read(found.member.merged_into)
    gone = GONE - {"left"} if even_if_left else GONE
    if found.member is not None and found.member.status in gone:
        return found._replace(member=None)
    return found
