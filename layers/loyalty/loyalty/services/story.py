"""A member's story: all that happened to a member as one timeline, each thing with why.

Orders, points, journey, offers, messages and vouchers are its strands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from loyalty.domain.errors import MemberNotFound
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
from loyalty.domain.strands import Strand, strand_of_change
from loyalty.domain.vouchers import Voucher
from loyalty.services.console_ports import StoryPage, StoryStore, Told
from loyalty.services.execution_names import ExecutionName, started_by
from loyalty.services.ports import MemberStore, MessageClaim, ProgramStore

STRANDS: Final[tuple[Strand, ...]] = (
    "orders",
    "points",
    "journey",
    "offers",
    "messages",
    "vouchers",
)
PAGE_SIZE: Final = 30


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
    story: StoryStore,
    program: ProgramStore,
) -> Story:
    """Return a page of a customer's story; also of one who was merged or has left.

    What lies with a profile that the member absorbed is told of that one. A page is empty, and has
    a next one, where the strands are rare among what happened.

    Requests: 1 query and 1 batch read.

    Parameters
    ----------
    member_id
        The customer.
    strands
        What is to be told, the same on every page of a story. An order tells what it earned; where
        points are told without orders, they have that too.
    cursor, limit
        After which page; how many things at most, beside the activated offers of their time.
    story, program
        Where all of it is kept.

    Raises
    ------
    MemberNotFound
        There never was such a customer, or they were erased.
    CursorInvalid
        The cursor is not of a story.
    """
    kept = {*strands, "order_points"} if _tells_points_alone(strands) else set(strands)
    page = story.page(member_id, strands=kept, limit=limit, cursor=cursor)
    if page.member is None:
        raise MemberNotFound(member_id)
    items = [_item(told, program) for told in page.told]
    if "offers" in strands:
        items += _activations(page.member, page)
    newest_first = sorted(items, key=lambda item: item.at, reverse=True)
    return Story(page.member, tuple(newest_first), page.next_cursor)


def find_by_id(typed: str, *, store: MemberStore) -> str:
    """Return the id that somebody typed, if there is a story under it. Requests: 1 read.

    Raises
    ------
    MemberNotFound
        As for `read_story`; its message does not hold what was typed.
    """
    member_id = typed.strip()
    if not member_id or store.member(member_id) is None:
        raise MemberNotFound("nobody has this id")
    return member_id


def _tells_points_alone(strands: Sequence[Strand]) -> bool:
    return "points" in strands and "orders" not in strands


def _activations(member: Member, page: StoryPage) -> Iterator[StoryItem]:
    """Yield when the offers that the member has now were activated; they lie in the profile."""
    for offer in member.offers:
        at = offer.activated_at
        if at is None or (page.until is not None and at > page.until):
            continue
        if page.since is None or at > page.since:
            yield _activation(offer, at)


# ── Telling: what is stored, as things of the story ───────────────────────────────────────────────


def _item(told: Told, program: ProgramStore) -> StoryItem:
    match told:
        case AcceptedOrder():
            return _order(told, program)
        case Entry():
            return _entry(told, program)
        case StatusChange():
            return _change(told, program)
        case MessageClaim():
            return _message(told, program)
        case Voucher():
            return _voucher(told)


def _order(order: AcceptedOrder, program: ProgramStore) -> StoryItem:
    definition = program.version(order.program_version)
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


def _entry(entry: Entry, program: ProgramStore) -> StoryItem:
    definition = program.current(entry.recorded_at)
    return StoryItem(
        at=entry.recorded_at,
        occurred_at=entry.occurred_at,
        strand="points",
        title=f"{entry.kind.capitalize()}: {entry.reason}",
        why=why_entry(entry, definition),
        points=entry.points,
        balance_after=entry.balance_after,
    )


def _change(change: StatusChange, program: ProgramStore) -> StoryItem:
    named = names_version(change)
    definition = program.current(change.recorded_at) if named is None else program.version(named)
    is_step = change.from_status != change.to_status
    return StoryItem(
        at=change.recorded_at,
        occurred_at=change.occurred_at,
        strand=strand_of_change(change.event),
        title=_words(change.event),
        why=why_change(change, definition),
        state=f"{change.from_status} → {change.to_status}" if is_step else None,
        execution=started_by(change, definition),
    )


def _message(claim: MessageClaim, program: ProgramStore) -> StoryItem:
    definition = program.current(claim.claimed_at)
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
