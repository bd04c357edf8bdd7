"""What every `StoryStore` must do."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from loyalty.domain.errors import CursorInvalid
from loyalty.domain.ledger import Entry, LedgerLine
from loyalty.domain.orders import OrderKey
from loyalty.domain.strands import Strand
from loyalty.domain.vouchers import cancel
from loyalty.services.console_ports import MemberHistory, StoryPage, StoryStore, Told
from loyalty.services.ports import MemberChange, MessageClaim
from loyalty.services.voucher_ports import VoucherStore
from tests.support.store_contract import NOON, ORDER, member, new_member, status_change
from tests.support.voucher_store_contract import issued

ALL: frozenset[Strand] = frozenset(get_args(Strand))
HOUR = timedelta(hours=1)


def an_entry(sequence: int, business_key: str, hours: int) -> Entry:
    """Return a ledger entry of Ada, recorded so many hours after noon."""
    lines = (LedgerLine("issued", -1), LedgerLine("member:ada:available", 1))
    at = NOON + hours * HOUR
    return Entry("ada", sequence, "accrual", business_key, at, at, "order", lines, 1, sequence)


EARNED = an_entry(1, "order/pos/O-1", 1)
ADJUSTED = an_entry(2, "adjustment/A-1", 2)
LATE = replace(
    ORDER, key=OrderKey("pos", "O-0"), occurred_at=NOON - HOUR, recorded_at=NOON + 2 * HOUR
)
JOINED = replace(status_change("MemberEnrolled", 2), recorded_at=NOON + 3 * HOUR)
USED = replace(status_change("OfferUsed", 2), recorded_at=NOON + 4 * HOUR)
MAIL = MessageClaim("invite", "ada", "email", "invite", True, "sending", NOON + 5 * HOUR)
VOUCHER = issued(member_id="ada", at=NOON + 6 * HOUR)
NEWEST_FIRST = [VOUCHER.voucher, MAIL, USED, JOINED, ADJUSTED, EARNED, ORDER, LATE]


def pages(story: StoryStore, strands: Collection[Strand], limit: int) -> Iterator[StoryPage]:
    """Yield all pages."""
    cursor = None
    while True:
        page = story.page("ada", strands=strands, limit=limit, cursor=cursor)
        yield page
        cursor = page.next_cursor
        if cursor is None:
            return


class StoryStoreContract:
    """Subclass it and give fixtures `store`, `vouchers` and `story` over the same tables."""

    @pytest.fixture
    def _ada(self, store: MemberHistory, vouchers: VoucherStore) -> None:
        store.commit(replace(new_member(), order=ORDER, entries=(EARNED, ADJUSTED)))
        store.commit(MemberChange(member(version=2), 1, order=LATE, status_changes=(JOINED, USED)))
        store.commit(MemberChange(member(version=3), 2, message=MAIL))
        vouchers.commit(VOUCHER)
        # Of nobody, and of somebody else.
        vouchers.commit(issued(2))
        vouchers.commit(issued(3, member_id="bob"))
        of_nobody = replace(ORDER, key=OrderKey("pos", "O-9"), member_id=None)
        store.commit(MemberChange(None, order=of_nobody))

    @pytest.mark.usefixtures("_ada")
    @pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 9])
    def test_everything_is_told_once_newest_first(self, story: StoryStore, limit: int) -> None:
        told: list[Told] = []
        for page in pages(story, ALL, limit):
            assert page.member is not None
            assert page.member.version == 3
            assert len(page.told) <= limit
            told += page.told
        assert told == NEWEST_FIRST

    @pytest.mark.usefixtures("_ada")
    @pytest.mark.parametrize(
        ("strand", "expected"),
        [
            ("orders", [ORDER, LATE]),
            ("points", [ADJUSTED]),
            ("order_points", [EARNED]),
            ("journey", [JOINED]),
            ("offers", [USED]),
            ("messages", [MAIL]),
            ("vouchers", [VOUCHER.voucher]),
        ],
    )
    def test_a_strand_is_told_alone(
        self, story: StoryStore, strand: Strand, expected: list[Told]
    ) -> None:
        page = story.page("ada", strands=[strand], limit=10)
        assert page.told == expected
        assert page.next_cursor is None

    @pytest.mark.usefixtures("_ada")
    def test_pages_say_of_which_time_they_are(self, story: StoryStore) -> None:
        spans = [(page.until, page.since) for page in pages(story, ALL, 3)]
        borders = [USED.recorded_at, EARNED.recorded_at]
        assert spans == [(None, borders[0]), (borders[0], borders[1]), (borders[1], None)]

    def test_a_voucher_is_told_as_it_is_by_now(
        self, story: StoryStore, store: MemberHistory, vouchers: VoucherStore
    ) -> None:
        store.commit(new_member())
        vouchers.commit(VOUCHER)
        cancelled = cancel(VOUCHER.voucher, "mistake", at=NOON + 7 * HOUR, only_unused=True)
        vouchers.commit(cancelled)
        assert story.page("ada", strands=["vouchers"], limit=10).told == [cancelled.voucher]

    def test_a_mail_that_was_claimed_again_is_told_where_it_was_claimed_last(
        self, story: StoryStore, store: MemberHistory
    ) -> None:
        again = replace(MAIL, claimed_at=NOON + 9 * HOUR)
        store.commit(replace(new_member(), message=MAIL))
        store.mark_message("ada", MAIL.message_id, "failed", MAIL.claimed_at)
        store.commit(MemberChange(member(version=2), 1, message=again))
        store.mark_message("ada", MAIL.message_id, "sent", again.claimed_at)
        sent = replace(again, state="sent", sent_at=again.claimed_at)
        assert story.page("ada", strands=ALL, limit=10).told == [sent]

    def test_nobody_has_nothing(self, story: StoryStore) -> None:
        page = story.page("ada", strands=ALL, limit=10)
        assert (page.member, page.told, page.next_cursor) == (None, [], None)

    @pytest.mark.parametrize(
        "cursor", ["", "x", "%%%", "bm9uc2Vuc2U", "MjAxNy0wMS0wMSNY", "MjAxNy0wMS0wMVQwMDowMDowMFo"]
    )
    def test_a_cursor_of_something_else_is_refused(self, story: StoryStore, cursor: str) -> None:
        with pytest.raises(CursorInvalid):
            story.page("ada", strands=ALL, limit=10, cursor=cursor)
