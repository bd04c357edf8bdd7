"""Two members whose profiles become one and two again."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from loyalty.contracts.merges import MergeView
from loyalty.domain.ledger import spendable
from loyalty.domain.member import Identity, Member
from loyalty.domain.tastes import Taste, Tastes, faded
from loyalty.services.merge_members import merge_members, undo_merge
from tests.support.examples import an_order
from tests.support.shop import Shop, customer, money_back

LATER = date(2018, 1, 1)
ADAS_CARD, BOBS_CARD = Identity("card", "ada"), Identity("card", "bob")


def two_members() -> Shop:
    """Ada and bob have 10 points each to spend; bob has 10 more pending."""
    shop = Shop()
    for number, card in enumerate(("ada", "bob")):
        shop.a_member(card)
        shop.sell(an_order(f"O-{number}"), customer(card=card))
    shop.clock.advance(timedelta(days=20))
    shop.release_what_is_due()
    shop.sell(an_order("O-2", occurred_at=shop.clock.now()), customer(card="bob"))
    return shop


def merge(
    shop: Shop, ada: str, bob: str, merge_id: str = "M-1", *, by: str | None = None
) -> MergeView:
    return merge_members(
        ada,
        merge_id=merge_id,
        other_member_id=bob,
        merged_by="staff",
        own_member_id=by,
        store=shop.store,
        program=shop.program,
        clock=shop.clock,
    )


def undo(shop: Shop, ada: str, merge_id: str = "M-1", *, by: str | None = None) -> MergeView:
    return undo_merge(
        ada,
        merge_id,
        undone_by="staff",
        own_member_id=by,
        store=shop.store,
        program=shop.program,
        clock=shop.clock,
    )


def come_to_owe(shop: Shop, card: str, points: int) -> None:
    """Let somebody spend all that they have, and bring goods of their first order back then."""
    shop.adjust(shop.id_of(card), -10)
    order_id = {"ada": "O-0", "bob": "O-1"}[card]
    shop.take_back(money_back(points * 1_000, f"R-{card}"), order_id=order_id)
    assert shop.member(shop.id_of(card)).account.owed == points


def points(shop: Shop, member_id: str) -> tuple[int, int, int]:
    account = shop.member(member_id).account
    return spendable(account, shop.clock.now()), account.points_pending, account.owed


def unversioned(member: Member) -> Member:
    """Return what a merge and its undo leave as it was; tastes as they are on one later day."""
    account = replace(member.account, entries=0)
    pending = tuple(part for part in account.pending if part.points)
    return replace(
        member, version=0, account=replace(account, pending=pending), tastes=_later(member)
    )


def _later(member: Member) -> Tastes | None:
    """Return the tastes as of a day after all of a test, as exact as they are stored."""
    if member.tastes is None:
        return None
    day, skus, categories = faded(member.tastes, LATER)
    return Tastes(day, _rounded(skus), _rounded(categories))


def _rounded(tastes: tuple[Taste, ...]) -> tuple[Taste, ...]:
    return tuple(taste._replace(weight=round(taste.weight, 3)) for taste in tastes)
