"""A story store over the fakes of what it tells."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple

from loyalty.domain.errors import CursorInvalid
from loyalty.domain.strands import Strand, strand_of_change, strand_of_entry
from loyalty.services.console_ports import StoryPage, Told
from tests.support.fakes import FakeMemberStore
from tests.support.reward_fakes import FakeVoucherStore


class _Kept(NamedTuple):
    at: datetime
    name: str
    strand: Strand
    told: Told


class FakeStoryStore:
    """A `StoryStore`; `story_contract` holds it and DynamoDB's to the same.

    `keys_read_at_most` is how many things a page looks at.
    """

    keys_read_at_most = 500

    def __init__(self, members: FakeMemberStore, vouchers: FakeVoucherStore | None = None) -> None:
        self._members = members
        self._vouchers = vouchers or FakeVoucherStore()

    def page(
        self,
        member_id: str,
        *,
        strands: Collection[Strand],
        limit: int,
        cursor: str | None = None,
    ) -> StoryPage:
        self._members.requests += 2
        before = _position(cursor) if cursor is not None else None
        older = sorted(
            (
                (kept.at, kept.name, kept)
                for kept in self._kept(member_id)
                if before is None or (kept.at, kept.name) < before
            ),
            key=lambda one: one[:2],
            reverse=True,
        )
        looked_at = older[: self.keys_read_at_most]
        found = [one for one in looked_at if one[2].strand in strands]
        last = None
        if len(found) > limit:
            last = found[limit - 1]
        elif len(older) > len(looked_at):
            last = looked_at[-1]
        return StoryPage(
            member=self._members.members.get(member_id),
            told=[kept.told for _, _, kept in found[:limit]],
            until=before[0] if before else None,
            since=last[0] if last else None,
            next_cursor=f"{last[0].isoformat()}#{last[1]}" if last else None,
        )

    def _kept(self, member_id: str) -> Iterator[_Kept]:
        yield from self._moved(member_id)
        yield from self._sent(member_id)

    def _moved(self, member_id: str) -> Iterator[_Kept]:
        for order in self._members.accepted_orders.values():
            if order.member_id == member_id:
                name = f"ORDER#{order.key.source}#{order.key.order_id}"
                yield _Kept(order.occurred_at, name, "orders", order)
        for (owner, sequence), entry in self._members.ledger.items():
            if owner == member_id:
                strand = strand_of_entry(entry.business_key)
                yield _Kept(entry.recorded_at, f"ENTRY#{sequence:012}", strand, entry)
        for (owner, version, number), change in self._members.history.items():
            if owner == member_id:
                name = f"STATUS#{version:012}#{number}"
                yield _Kept(change.recorded_at, name, strand_of_change(change.event), change)

    def _sent(self, member_id: str) -> Iterator[_Kept]:
        for (owner, message_id), claim in self._members.messages.items():
            if owner == member_id:
                yield _Kept(claim.claimed_at, f"MESSAGE#{message_id}", "messages", claim)
        for voucher in self._vouchers.all.values():
            if voucher.member_id == member_id:
                name = f"VOUCHER#{voucher.voucher_id}"
                yield _Kept(voucher.issued_at, name, "vouchers", voucher)


def _position(cursor: str) -> tuple[datetime, str]:
    at, _, name = cursor.partition("#")
    try:
        return datetime.fromisoformat(at), name
    except ValueError as error:
        raise CursorInvalid from error
