"""All that is kept of a member, for the member to take along."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final, TypeVar

from loyalty.contracts.values import iso
from loyalty.domain.member import Member
from loyalty.domain.voucher_codes import shown
from loyalty.services.customers import current_member
from loyalty.services.ports import Clock, MemberStore
from loyalty.services.voucher_ports import VoucherStore

PAGE: Final = 100

Row = TypeVar("Row")
Page = Callable[..., tuple[Sequence[Row], str | None]]


def export_member(
    member_id: str, *, store: MemberStore, vouchers: VoucherStore, clock: Clock
) -> dict[str, Any]:
    """Return profile, points, orders, vouchers, and what happened with its reasons, as JSON has it.

    `journey` has what was decided about the member and by which values; `offers` why each was
    chosen. Which journey variant was drawn is left out, here too: who knows it behaves as its
    member. After a merge it is all of both. Requests: 1 read, and 1 or 2 for each 100 entries,
    orders, vouchers and facts.

    Raises
    ------
    MemberNotFound
        Unknown, left or erased.
    """
    member = current_member(store, member_id)
    document = {
        "exported_at": clock.now(),
        "profile": _profile(member),
        "points": _rows(store.entries, member.member_ids),
        "orders": _rows(store.orders, member.member_ids),
        "vouchers": [
            {**asdict(voucher), "code": shown(voucher.code)}
            for voucher in _all(vouchers.vouchers_of, member.member_ids)
        ],
        "journey": _rows(store.status_changes, member.member_ids),
    }
    exported: dict[str, Any] = _plain(document)
    return exported


def _profile(member: Member) -> dict[str, Any]:
    kept = asdict(member)
    return {name: kept[name] for name in kept.keys() - {"variant", "held_out"}}


def _rows(page: Page[Any], member_ids: Iterable[str]) -> list[dict[str, Any]]:
    return [asdict(row) for member_id in member_ids for row in _all(page, member_id)]


def _all(page: Page[Row], whose: object) -> Iterator[Row]:
    cursor: str | None = None
    while True:
        rows, cursor = page(whose, limit=PAGE, cursor=cursor)
        yield from rows
        if cursor is None:
            return


def _plain(value: object) -> Any:
    """Return a value as JSON can hold it, without the variant that facts carry."""
    match value:
        case dict():
            return {str(name): _plain(part) for name, part in value.items() if name != "variant"}
        case list() | tuple():
            return [_plain(part) for part in value]
        case datetime():
            return iso(value)
        case None | bool() | int() | str():
            return value
    return str(value)
