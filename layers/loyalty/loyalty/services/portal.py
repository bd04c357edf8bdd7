"""What the pages of the portal show; each takes two requests at most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

from loyalty.contracts.offers import MemberOfferView
from loyalty.domain.ledger import Entry, Lot, spendable, spendable_lots
from loyalty.domain.member import Channel, Member, Preference
from loyalty.domain.preferences import all_preferences
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.reward_errors import OutOfStock, RewardNotAvailable, RewardNotFound
from loyalty.domain.rewards import Reward, needs_address, require_available
from loyalty.domain.vouchers import Voucher, VoucherState, state_at
from loyalty.services.member_offers import offers_for
from loyalty.services.offer_ports import OfferCatalogue
from loyalty.services.portal_ports import Session, Wallet
from loyalty.services.ports import Clock, MemberStore, ProgramStore
from loyalty.services.sign_in import require_session
from loyalty.services.statement import Figures, RewardCatalogue, figures

CHANNELS: Final[tuple[Channel, ...]] = ("email", "sms", "push")
LATEST: Final = 4
OFFERS_SHOWN: Final = 60

Availability = Literal["within_reach", "points_missing", "out_of_stock"]
Happening = Literal[
    "order",
    "return",
    "release",
    "redemption",
    "redemption_reversed",
    "expiry",
    "forfeiture",
    "adjustment",
    "transfer_given",
    "transfer_got",
    "action",
    "bonus",
    "bonus_taken_back",
    "correction",
    "merge_given",
    "merge_got",
    "other",
]

# By the first word of the business key.
_HAPPENINGS: Final[Mapping[str, Happening]] = {
    "order": "order",
    "return": "return",
    "release": "release",
    "hold": "release",
    "expiry": "expiry",
    "forfeiture": "forfeiture",
    "adjustment": "adjustment",
    "evaluation": "correction",
}


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """A ledger entry in a person's words: `what` happened, about what, and the points it moved.

    `subject` is the reward or action that it was about. `points` of a release are those
    that can be spent from then on; they were counted before.
    """

    what: Happening
    occurred_at: datetime
    points: int
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Home:
    """`worth_minor` is what the points are in vouchers, None where none is to be had for points.

    `reached` and `threshold` are how far the way to the next tier is, None at the top.
    """

    member: Member
    figures: Figures
    currency: str
    worth_minor: int | None
    reached: int | None
    threshold: int | None
    next_expiry: Lot | None
    latest: Sequence[HistoryLine]


@dataclass(frozen=True, slots=True)
class RewardOffer:
    """A reward; `missing` points are to be earned for it, and where it goes may be missing too."""

    reward: Reward
    availability: Availability
    missing: int
    needs_address: bool


@dataclass(frozen=True, slots=True)
class Rewards:
    member: Member
    currency: str
    points: int
    rewards: Sequence[RewardOffer]


@dataclass(frozen=True, slots=True)
class Offers:
    member: Member
    offers: Sequence[MemberOfferView]


@dataclass(frozen=True, slots=True)
class History:
    member: Member
    lines: Sequence[HistoryLine]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class VoucherCard:
    voucher: Voucher
    state: VoucherState


@dataclass(frozen=True, slots=True)
class Vouchers:
    member: Member
    open: Sequence[VoucherCard]
    over: Sequence[VoucherCard]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class AccountPage:
    """`consents` tells by channel whether advertising may be sent there; address or not."""

    member: Member
    consents: Mapping[Channel, bool]
    preferences: Mapping[Preference, bool]


def home(
    session: Session,
    *,
    store: MemberStore,
    program: ProgramStore,
    catalogue: RewardCatalogue,
    clock: Clock,
) -> Home:
    """Return what a member sees first. Requests: 2 reads.

    Raises
    ------
    SessionOver
        The session holds no more; so for all pages.
    """
    member = require_session(session, store.member(session.member_id))
    now = clock.now()
    definition = program.current(now)
    rewards = catalogue.rewards()
    found = figures(member, definition, rewards, now)
    threshold = definition.tier(found.next_tier).threshold if found.next_tier else None
    entries, _ = store.entries(member.member_id, limit=LATEST)
    lots = spendable_lots(member.account, now)
    return Home(
        member=member,
        figures=found,
        currency=definition.currency,
        worth_minor=_worth(rewards, member, found.points_available, now),
        reached=None if threshold is None else threshold - (found.missing or 0),
        threshold=threshold,
        next_expiry=lots[0] if lots else None,
        latest=[_line(entry, rewards) for entry in entries],
    )


def rewards(
    session: Session,
    *,
    store: MemberStore,
    program: ProgramStore,
    catalogue: RewardCatalogue,
    clock: Clock,
) -> Rewards:
    """Return what the member can have for points, the cheapest first. Requests: 1 read."""
    member = require_session(session, store.member(session.member_id))
    now = clock.now()
    points = spendable(member.account, now)
    found = [_offered(reward, member, points, now) for reward in catalogue.rewards()]
    return Rewards(
        member=member,
        currency=program.current(now).currency,
        points=points,
        rewards=sorted(
            (offer for offer in found if offer),
            key=lambda offer: (offer.reward.points, offer.reward.reward_id),
        ),
    )


def reward(
    session: Session,
    reward_id: str,
    points: int | None = None,
    *,
    store: MemberStore,
    program: ProgramStore,
    catalogue: RewardCatalogue,
    clock: Clock,
) -> tuple[Rewards, RewardOffer]:
    """Return one reward among `rewards`; raise `RewardNotFound` when it is not there.

    `points` is what it takes by now, where the catalogue that is kept may be older.
    """
    found = rewards(session, store=store, program=program, catalogue=catalogue, clock=clock)
    for offer in found.rewards:
        if offer.reward.reward_id == reward_id:
            return found, offer if points is None else _at_price(offer, points, found.points)
    raise RewardNotFound(reward_id)


def offers(
    session: Session,
    *,
    store: MemberStore,
    program: ProgramStore,
    catalogue: OfferCatalogue,
    clock: Clock,
) -> Offers:
    """Return the offers that are for the member now, the best ones first. Requests: 1 read."""
    member = require_session(session, store.member(session.member_id))
    now = clock.now()
    found = offers_for(member, catalogue.offers(), program.current(now), now)
    return Offers(member, found[:OFFERS_SHOWN])


def history(
    session: Session,
    cursor: str | None,
    *,
    limit: int,
    store: MemberStore,
    catalogue: RewardCatalogue,
) -> History:
    """Return what moved the member's points, newest first. Requests: 2 reads."""
    member = require_session(session, store.member(session.member_id))
    entries, following = store.entries(member.member_id, limit=limit, cursor=cursor)
    known = catalogue.rewards()
    return History(member, [_line(entry, known) for entry in entries], following)


def vouchers(
    session: Session, cursor: str | None, *, limit: int, wallet: Wallet, clock: Clock
) -> Vouchers:
    """Return the member's vouchers, newest first. Requests: 2 reads."""
    member, found, following = wallet.wallet(session.member_id, limit=limit, cursor=cursor)
    member = require_session(session, member)
    now = clock.now()
    cards = [VoucherCard(voucher, state_at(voucher, now)) for voucher in found]
    is_open = ("issued", "reserved")
    return Vouchers(
        member=member,
        open=[card for card in cards if card.state in is_open],
        over=[card for card in cards if card.state not in is_open],
        next_cursor=following,
    )


def account(
    session: Session, *, store: MemberStore, program: ProgramStore, clock: Clock
) -> AccountPage:
    """Return what the member has told us, and what we may send. Requests: 1 read."""
    member = require_session(session, store.member(session.member_id))
    definition = program.current(clock.now())
    return AccountPage(member, advertising(member, definition), all_preferences(member))


def advertising(member: Member, definition: ProgramDefinition) -> dict[Channel, bool]:
    """Return by channel whether a member takes advertising there: as said, else by the program."""
    unsaid = definition.invite_basis == "soft_opt_in"
    return {
        channel: member.consents[channel].granted if channel in member.consents else unsaid
        for channel in CHANNELS
    }


def _at_price(offer: RewardOffer, points: int, has_points: int) -> RewardOffer:
    missing = max(0, points - has_points)
    availability = offer.availability
    if availability != "out_of_stock":
        availability = "points_missing" if missing else "within_reach"
    at_price = replace(offer.reward, points=points)
    return replace(offer, reward=at_price, availability=availability, missing=missing)


def _offered(reward: Reward, member: Member, points: int, at: datetime) -> RewardOffer | None:
    missing = max(0, reward.points - points)
    availability: Availability = "points_missing" if missing else "within_reach"
    try:
        require_available(reward, member.tier, 1, at)
    except RewardNotAvailable:
        return None
    except OutOfStock:
        availability = "out_of_stock"
    return RewardOffer(reward, availability, missing, needs_address(reward, member.address))


def _worth(rewards: Sequence[Reward], member: Member, points: int, at: datetime) -> int | None:
    """Return what points are in vouchers of an amount, at the best rate that there is."""
    rates = [
        points * offer.reward.voucher.amount_minor // offer.reward.points
        for reward in rewards
        if (offer := _offered(reward, member, points, at))
        and offer.availability != "out_of_stock"
        and offer.reward.voucher
        and offer.reward.voucher.amount_minor
    ]
    return max(rates, default=None)


def _line(entry: Entry, rewards: Sequence[Reward]) -> HistoryLine:
    what, subject = _happening(entry)
    points = entry.points
    if entry.kind == "release":
        points = sum(change.points for change in entry.lot_changes) - entry.owed_change
    if what in {"redemption", "redemption_reversed"}:
        names = {reward.reward_id: reward.name for reward in rewards}
        subject = names.get(subject or "", subject)
    return HistoryLine(what, entry.occurred_at, points, subject)


def _happening(entry: Entry) -> tuple[Happening, str | None]:
    """Return what a business key and reason say (`loyalty.domain.ledger.Entry`)."""
    match entry.business_key.split("/"):
        case ["redemption", _]:
            return "redemption", entry.reason.removeprefix("reward ")
        case ["redemption", _, "reversal"]:
            return "redemption_reversed", entry.reason.split()[1]
        case ["transfer", *_]:
            return ("transfer_given" if entry.points < 0 else "transfer_got"), None
        case ["merge" | "unmerge", *_]:
            return ("merge_given" if entry.points < 0 else "merge_got"), None
        case ["offer", *_]:
            return ("bonus_taken_back" if entry.points < 0 else "bonus"), None
        case ["action", action, *_]:
            return "action", action
        case [cause, *_]:
            return _HAPPENINGS.get(cause, "other"), None
    return "other", None
