"""A member's story: all that happened to a member as one timeline, each thing with why.

Orders, points, journey, offers, messages and vouchers are its strands. They lie in several sources,
each sorted by its own key; a page of the story merges them, newest first. Its cursor says how far
each source is told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, NamedTuple, get_args

from loyalty.domain.errors import CursorInvalid, MemberNotFound
from loyalty.domain.explanations import (
    Why,
    names_version,
    why_activation,
    why_change,
    why_entry,
    why_message,
    why_order,
    why_voucher,
)
from loyalty.domain.ledger import Entry
from loyalty.domain.member import Member, StatusChange
from loyalty.domain.offers import MemberOffer
from loyalty.domain.orders import AcceptedOrder, Money
from loyalty.domain.vouchers import Voucher
from loyalty.services.console_ports import MemberHistory
from loyalty.services.execution_names import ExecutionName, started_by
from loyalty.services.ports import MessageClaim, ProgramStore
from loyalty.services.voucher_ports import VoucherStore

Strand = Literal["orders", "points", "journey", "offers", "messages", "vouchers"]
STRANDS: Final[tuple[Strand, ...]] = get_args(Strand)
PAGE_SIZE: Final = 30
# A page on which nothing is of the strands asked for is read over, so often.
READS_AT_MOST: Final = 3

Source = Literal["orders", "entries", "changes", "activations", "messages", "vouchers"]
_SOURCES: Final[Mapping[Strand, tuple[Source, ...]]] = {
    "orders": ("orders",),
    "points": ("entries",),
    "journey": ("changes",),
    "offers": ("changes", "activations"),
    "messages": ("messages",),
    "vouchers": ("vouchers",),
}
_OF_OFFERS: Final = frozenset({"OfferUsed", "OfferUseReversed", "OfferUseRefused"})


@dataclass(frozen=True, slots=True)
class StoryItem:
    """One thing that happened, and why.

    `at` is its place in the story: when it was recorded, for orders when they occurred. `title` is
    in plain words, without personal data. `points` is what it brought or took, `balance_after` what
    could be spent then; `state` is what has become of it by now. `execution` is the one that it
    started.
    """

    at: datetime
    occurred_at: datetime
    strand: Strand
    title: str
    why: Why
    points: int | None = None
    balance_after: int | None = None
    total: Money | None = None
    state: str | None = None
    execution: ExecutionName | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """A page of a member's story, newest first."""

    member: Member
    items: tuple[StoryItem, ...]
    next_cursor: str | None


def read_story(
    member_id: str,
    *,
    strands: Sequence[Strand] = STRANDS,
    cursor: str | None = None,
    limit: int = PAGE_SIZE,
    store: MemberHistory,
    vouchers: VoucherStore,
    program: ProgramStore,
) -> Story:
    """Return a page of a customer's story; also of one who was merged or has left.

    Requests: 1 read; 1 query for points, for messages, and for journey and offers together; 1 query
    and 1 batch read for orders and vouchers each, for the vouchers 1 query more per profile that
    was merged into it. Where that page has nothing to tell it reads on, `READS_AT_MOST` times in
    all; then the page is empty, and has a next one.

    Parameters
    ----------
    member_id
        The customer.
    strands
        What is to be told, the same on every page of a story.
    cursor, limit
        After which page; how many things at most.
    store, vouchers, program
        Where all of it is kept.

    Raises
    ------
    MemberNotFound
        There never was such a customer, or they were erased.
    CursorInvalid
        The cursor is not of a story.
    """
    member = store.member(member_id)
    if member is None:
        raise MemberNotFound(member_id)
    tell = _Teller(member, frozenset(strands), limit, store, vouchers, program)
    sources = (source for strand in strands for source in _SOURCES[strand])
    positions = _positions(cursor) if cursor is not None else dict.fromkeys(sources, _Position())
    items: list[StoryItem] = []
    reads = 0
    while positions and not items and reads < READS_AT_MOST:
        pages = [_read(source, position, tell) for source, position in positions.items()]
        items, positions = _merge(pages, limit)
        reads += 1
    return Story(member, tuple(items), _cursor(positions))


# ── Merging: what is told next, and where each source goes on ─────────────────────────────────────


class _Position(NamedTuple):
    """So many things of the page at `cursor` are told already."""

    cursor: str | None = None
    told: int = 0


class _Thing(NamedTuple):
    """A stored thing in its place; without an item when it is not to be told."""

    at: datetime
    item: StoryItem | None


class _Page(NamedTuple):
    """What is left of a page of a source; `following` is the page after it."""

    source: Source
    position: _Position
    things: Sequence[_Thing]
    following: str | None


def _read(source: Source, position: _Position, tell: _Teller) -> _Page:
    things, following = tell.page(source, position.cursor)
    return _Page(source, position, things[position.told :], following)


def _merge(pages: Sequence[_Page], limit: int) -> tuple[list[StoryItem], dict[Source, _Position]]:
    # A source with more pages may still tell of anything older than the last thing of this one.
    frontier = [page.things[-1].at for page in pages if page.following and page.things]
    oldest = max(frontier, default=None)
    ready = sorted(
        (
            (thing, page.source)
            for page in pages
            for thing in page.things
            if oldest is None or thing.at >= oldest
        ),
        key=lambda candidate: candidate[0].at,
        reverse=True,
    )
    items: list[StoryItem] = []
    told = dict.fromkeys((page.source for page in pages), 0)
    for thing, source in ready:
        if thing.item is not None:
            if len(items) == limit:
                break
            items.append(thing.item)
        told[source] += 1
    return items, dict(_following(pages, told))


def _following(
    pages: Sequence[_Page], told: Mapping[Source, int]
) -> Iterator[tuple[Source, _Position]]:
    for page in pages:
        if told[page.source] < len(page.things):
            before = page.position
            yield page.source, before._replace(told=before.told + told[page.source])
        elif page.following is not None:
            yield page.source, _Position(page.following)


# A source's own cursor has neither of the two separators in it.
def _cursor(positions: Mapping[Source, _Position]) -> str | None:
    parts = [
        f"{source}.{position.told}.{position.cursor or ''}"
        for source, position in positions.items()
    ]
    return "~".join(parts) or None


def _positions(cursor: str) -> dict[Source, _Position]:
    positions: dict[Source, _Position] = {}
    for part in cursor.split("~"):
        name, _, rest = part.partition(".")
        told, _, own = rest.partition(".")
        known = next((source for source in get_args(Source) if source == name), None)
        if known is None or not (told.isascii() and told.isdecimal() and len(told) < 6):
            raise CursorInvalid
        positions[known] = _Position(own or None, int(told))
    return positions


# ── Telling: what is stored, as things of the story ───────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Teller:
    member: Member
    strands: Collection[Strand]
    limit: int
    store: MemberHistory
    vouchers: VoucherStore
    program: ProgramStore

    def page(self, source: Source, cursor: str | None) -> tuple[list[_Thing], str | None]:
        pages: Mapping[Source, Callable[[str | None], tuple[list[_Thing], str | None]]] = {
            "orders": self._orders,
            "entries": self._entries,
            "changes": self._changes,
            "activations": self._activations,
            "messages": self._messages,
            "vouchers": self._vouchers,
        }
        return pages[source](cursor)

    def _orders(self, cursor: str | None) -> tuple[list[_Thing], str | None]:
        found, following = self.store.orders(self.member.member_id, limit=self.limit, cursor=cursor)
        return [_Thing(order.occurred_at, self._order(order)) for order in found], following

    def _entries(self, cursor: str | None) -> tuple[list[_Thing], str | None]:
        found, following = self.store.entries(
            self.member.member_id, limit=self.limit, cursor=cursor
        )
        return [
            _Thing(entry.recorded_at, None if self._tells_order(entry) else self._entry(entry))
            for entry in found
        ], following

    def _tells_order(self, entry: Entry) -> bool:
        """Tell whether an order tells of these points: it earned them, and is told itself."""
        return "orders" in self.strands and entry.business_key.startswith("order/")

    def _changes(self, cursor: str | None) -> tuple[list[_Thing], str | None]:
        found, following = self.store.status_changes(
            self.member.member_id, limit=self.limit, cursor=cursor
        )
        return [
            _Thing(change.recorded_at, self._change(change, strand))
            if (strand := _strand(change)) in self.strands
            else _Thing(change.recorded_at, None)
            for change in found
        ], following

    def _activations(self, cursor: str | None) -> tuple[list[_Thing], str | None]:
        # Those of the offers that the member has now; they lie in the profile.
        newest_first = sorted(
            (
                _Thing(offer.activated_at, _activation(offer, offer.activated_at))
                for offer in self.member.offers
                if offer.activated_at is not None
            ),
            key=lambda thing: thing.at,
            reverse=True,
        )
        return newest_first, None

    def _messages(self, cursor: str | None) -> tuple[list[_Thing], str | None]:
        # Claims sort by their names, not by time: there are few enough to read them all.
        claims = self.store.message_claims(self.member.member_id)
        newest_first = sorted(claims, key=lambda claim: claim.claimed_at, reverse=True)
        return [_Thing(claim.claimed_at, self._message(claim)) for claim in newest_first], None

    def _vouchers(self, cursor: str | None) -> tuple[list[_Thing], str | None]:
        # Those of a profile that the member absorbed stay with its id, and are the member's.
        found, following = self.vouchers.vouchers_of(
            self.member.member_ids, limit=self.limit, cursor=cursor
        )
        return [_Thing(voucher.issued_at, _voucher(voucher)) for voucher in found], following

    def _order(self, order: AcceptedOrder) -> StoryItem:
        definition = self.program.version(order.program_version)
        return StoryItem(
            at=order.occurred_at,
            occurred_at=order.occurred_at,
            strand="orders",
            title=f"Order {order.key.order_id} of {order.key.source}",
            why=why_order(order, definition),
            points=order.points,
            total=order.total,
            state="held" if order.held else None,
        )

    def _entry(self, entry: Entry) -> StoryItem:
        definition = self.program.current(entry.recorded_at)
        return StoryItem(
            at=entry.recorded_at,
            occurred_at=entry.occurred_at,
            strand="points",
            title=f"{entry.kind.capitalize()}: {entry.reason}",
            why=why_entry(entry, definition),
            points=entry.points,
            balance_after=entry.balance_after,
        )

    def _change(self, change: StatusChange, strand: Strand) -> StoryItem:
        named = names_version(change)
        definition = (
            self.program.current(change.recorded_at)
            if named is None
            else self.program.version(named)
        )
        is_step = change.from_status != change.to_status
        return StoryItem(
            at=change.recorded_at,
            occurred_at=change.occurred_at,
            strand=strand,
            title=_words(change.event),
            why=why_change(change, definition),
            state=f"{change.from_status} → {change.to_status}" if is_step else None,
            execution=started_by(change, definition),
        )

    def _message(self, claim: MessageClaim) -> StoryItem:
        definition = self.program.current(claim.claimed_at)
        why = why_message(claim.kind, marketing=claim.marketing, definition=definition)
        if claim.about is not None:
            why = replace(why, values={**why.values, "about": claim.about})
        return StoryItem(
            at=claim.claimed_at,
            occurred_at=claim.sent_at or claim.claimed_at,
            strand="messages",
            title=f"{claim.kind.replace('_', ' ').capitalize()} by {claim.channel}",
            why=why,
            state=claim.state,
        )


def _strand(change: StatusChange) -> Strand:
    return "offers" if change.event in _OF_OFFERS else "journey"


def _activation(offer: MemberOffer, at: datetime) -> StoryItem:
    return StoryItem(
        at=at,
        occurred_at=at,
        strand="offers",
        title="Offer activated",
        why=why_activation(offer),
    )


def _voucher(voucher: Voucher) -> StoryItem:
    terms = voucher.terms
    worth = f" of {terms.percent} %" if terms.percent is not None else ""
    return StoryItem(
        at=voucher.issued_at,
        occurred_at=voucher.issued_at,
        strand="vouchers",
        # Without its code: who has that can spend it.
        title=f"Voucher{worth} issued ({terms.kind})",
        why=why_voucher(voucher),
        total=None if terms.amount_minor is None else Money(terms.amount_minor, terms.currency),
        state=voucher.state,
    )


def _words(event: str) -> str:
    """Return `ThresholdCrossed` as `Threshold crossed`."""
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in event)
    return words.strip().capitalize()
