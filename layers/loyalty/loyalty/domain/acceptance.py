"""What accepting an order or a return changes: points, lifetime spend, the Elite threshold."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import NamedTuple

from loyalty.domain.accruals import accrue, reverse
from loyalty.domain.calendar import month_of, program_day
from loyalty.domain.earning import Earning, earn
from loyalty.domain.errors import FutureDate, ReturnExceedsOrder
from loyalty.domain.ledger import Entry, PendingPoints, Posting, spendable
from loyalty.domain.member import Member, StatusChange
from loyalty.domain.orders import AcceptedOrder, AcceptedReturn, Order, OrderReturns, Return
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.returns import TakenBack, fingerprint, purchase_back, take_back
from loyalty.domain.threshold import cross, crosses
from loyalty.domain.tier_changes import apply
from loyalty.domain.tiers import after_return, decide, tier_at
from loyalty.domain.totals import Purchase, count_in_days, count_in_months, earns_on, points_on

CLOCK_TOLERANCE = timedelta(minutes=5)
REFUSED = "refused"


class Rules(NamedTuple):
    """Program versions that judge an order: `earning` of when it occurred, `journey` of now."""

    earning: ProgramDefinition
    journey: ProgramDefinition


class OrderDecision(NamedTuple):
    """What an order leads to. `returns` is None unless returns waited for the order."""

    order: AcceptedOrder
    member: Member | None
    entries: tuple[Entry, ...]
    status_changes: tuple[StatusChange, ...]
    returns: OrderReturns | None
    accepted_returns: tuple[AcceptedReturn, ...]


class ReturnDecision(NamedTuple):
    """What a return leads to; no entry when it takes no points out of the ledger."""

    accepted: AcceptedReturn
    returns: OrderReturns
    member: Member | None
    entries: tuple[Entry, ...]
    status_changes: tuple[StatusChange, ...] = ()


def require_past(occurred_at: datetime, now: datetime) -> None:
    """Raise `FutureDate` when something is said to have happened later than clocks may differ."""
    if occurred_at > now + CLOCK_TOLERANCE:
        raise FutureDate(f"{occurred_at.isoformat()} is in the future")


def accept_order(
    order: Order,
    member: Member | None,
    *,
    waiting: OrderReturns | None,
    rules: Rules,
    now: datetime,
    identity_conflict: bool = False,
    earned_with: str | None = None,
) -> OrderDecision:
    """Decide what a new order earns its customer, its waiting returns included.

    Parameters
    ----------
    order
        An order that was not accepted before.
    member
        Its customer, already with the version that the change will have; None when nobody can be
        found.
    waiting
        Returns that came before the order, if any.
    rules
        The program versions to judge by.
    now
        When it is recorded.
    identity_conflict
        Whether the order's identities point to several customers; only noted in the answer.
    earned_with
        The card shown for the order: more earning orders a day with the same card than the program
        allows are held for staff to look at.

    Raises
    ------
    UnknownCurrency
        The program cannot convert the order's currency.
    """
    day = program_day(order.occurred_at, rules.earning.time_zone)
    imported_on = program_day(now, rules.earning.time_zone) if order.historic else None
    earning = earn(
        order,
        rules.earning,
        tier=_tier_of(member, order),
        points_today=points_on(member.days, member.months, day, imported_on) if member else 0,
    )
    held = False
    if member and earned_with and earning.points and not order.historic:
        earned_before = earns_on(member.days, day, earned_with)
        held = earned_before >= rules.earning.earns_per_card_and_day
    accepted = _accepted(order, member, earning, rules.earning, now, held=held)
    entries: tuple[Entry, ...] = ()
    if member is not None:
        member, entries = _credit(member, accepted, now, earned_with)
    returns, accepted_returns = waiting, []
    if returns is not None:
        for return_ in returns.waiting:
            counted = _count_waiting(accepted, returns, return_, member, now)
            returns, member = counted.returns, counted.member
            entries += counted.entries
            accepted_returns.append(counted.accepted)
        returns = replace(returns, version=returns.version + 1, waiting=())
    facts: tuple[StatusChange, ...] = ()
    if member is not None and accepted.counted_on is not None:
        member, facts = _upgraded_at_once(member, rules.journey, now)
    crossed: tuple[StatusChange, ...] = ()
    if member is not None and crosses(member, order, rules.journey, now):
        member, crossing = cross(
            member, order.key, rules.journey, crossed_at=order.occurred_at, now=now
        )
        crossed = (crossing,)
    answer = _order_answer(member, earning.points, rules.journey, now, crossed=bool(crossed))
    if identity_conflict:
        answer["identity_conflict"] = True
    return OrderDecision(
        order=replace(accepted, answer=answer),
        member=member,
        entries=entries,
        status_changes=facts + crossed,
        returns=returns,
        accepted_returns=tuple(accepted_returns),
    )


def accept_return(
    order: AcceptedOrder,
    returns: OrderReturns,
    return_: Return,
    member: Member | None,
    now: datetime,
    *,
    definition: ProgramDefinition | None = None,
    is_forfeited: bool = False,
) -> ReturnDecision:
    """Decide what a return takes back from its order's customer.

    Parameters
    ----------
    order
        The order that the goods belong to.
    returns
        What of it came back so far; the decision's `returns` has the same version.
    return_
        A return that was not counted before.
    member
        The order's customer, already with the version that the change will have.
    now
        When it is recorded.
    definition
        The program version of now, which decides whether the member's tier still holds; None for a
        return that came before its order, which never led to a tier.
    is_forfeited
        The order's points were held and taken back already.

    Raises
    ------
    ReturnExceedsOrder
        More than the order would have come back.
    """
    taken = take_back(order, returns, return_)
    if is_forfeited:
        taken = taken._replace(returns=replace(taken.returns, points=returns.points), points=0)
    entries: tuple[Entry, ...] = ()
    facts: tuple[StatusChange, ...] = ()
    if member is not None:
        member = _with_return(member, order, taken)
        if taken.points and order.releases_at and order.lot_expires_at:
            earned = _earned(order, order.releases_at, order.lot_expires_at, taken.points)
            account, entry = reverse(
                member.account, _return_posting(member, order, return_, now), earned
            )
            member, entries = replace(member, account=account), (entry,)
        if definition is not None and order.counted_on is not None:
            member, facts = _tier_after_return(member, definition, now)
    answer: dict[str, object] = {
        # Nothing yet where the next evaluation takes them back.
        "points_reversed": taken.points if entries else 0,
        "points_available": spendable(member.account, now) if member else 0,
    }
    accepted = _accepted_return(order, return_, taken, answer, now)
    return ReturnDecision(accepted, taken.returns, member, entries, facts)


def _count_waiting(
    order: AcceptedOrder,
    returns: OrderReturns,
    return_: Return,
    member: Member | None,
    now: datetime,
) -> ReturnDecision:
    """Count a return that waited; one that exceeds the order is kept as refused."""
    try:
        return accept_return(order, returns, return_, member, now)
    except ReturnExceedsOrder as refusal:
        nothing = TakenBack(returns, eligible_minor=0, points=0)
        refused = _accepted_return(order, return_, nothing, {REFUSED: str(refusal)}, now)
        return ReturnDecision(refused, returns, member, ())


def _tier_of(member: Member | None, order: Order) -> str | None:
    """Return the tier that the order earns with; None when its customer was no member by then."""
    if member is None or member.joined_at is None or order.occurred_at < member.joined_at:
        return None
    return tier_at(member.standing.spans, order.occurred_at)


def _accepted(
    order: Order,
    member: Member | None,
    earning: Earning,
    definition: ProgramDefinition,
    now: datetime,
    *,
    held: bool,
) -> AcceptedOrder:
    tier = _tier_of(member, order)
    # Held points are posted by their order in either mode: only what is posted can be held.
    is_posted = earning.points > 0 and (held or definition.accrual_mode == "per_order")
    return AcceptedOrder(
        key=order.key,
        member_id=member.member_id if member else None,
        occurred_at=order.occurred_at,
        recorded_at=now,
        store_id=order.store_id,
        total=order.total,
        lines=earning.lines,
        eligible_minor=earning.eligible_minor,
        points=earning.points,
        releases_at=earning.releases_at if is_posted else None,
        lot_expires_at=earning.lot_expires_at if is_posted else None,
        program_version=definition.version,
        answer={},
        counted_on=program_day(order.occurred_at, definition.time_zone) if tier else None,
        tier=tier,
        held=held,
        offer_ids=order.offer_ids,
        voucher_codes=order.voucher_codes,
        variant=member.variant if member else None,
    )


def _accepted_return(
    order: AcceptedOrder,
    return_: Return,
    taken: TakenBack,
    answer: dict[str, object],
    now: datetime,
) -> AcceptedReturn:
    return AcceptedReturn(
        key=order.key,
        return_id=return_.return_id,
        member_id=order.member_id,
        occurred_at=return_.occurred_at,
        recorded_at=now,
        fingerprint=fingerprint(return_),
        eligible_minor=taken.eligible_minor,
        points=taken.points,
        answer=answer,
        tier=order.tier,
        offer_ids=order.offer_ids if taken.is_all else (),
        variant=order.variant,
    )


def _credit(
    member: Member, order: AcceptedOrder, now: datetime, earned_with: str | None
) -> tuple[Member, tuple[Entry, ...]]:
    member = replace(
        member, lifetime_spend_minor=member.lifetime_spend_minor + order.eligible_minor
    )
    if order.counted_on is not None:
        bought = Purchase(
            spend_minor=order.eligible_minor,
            points_due=order.points,
            points_posted=order.points if order.releases_at else 0,
            orders=1,
        )
        shown = earned_with if order.points else None
        member = _counted(member, order.counted_on, bought, earned_with=shown)
    if order.releases_at is None or order.lot_expires_at is None:
        return member, ()
    posting = Posting(
        member_id=member.member_id,
        business_key=order.key.cause,
        occurred_at=order.occurred_at,
        recorded_at=now,
        reason=f"order {order.key.source}/{order.key.order_id}",
        is_silent=member.identity("phone") is None,
    )
    earned = _earned(order, order.releases_at, order.lot_expires_at, order.points)
    account, entry = accrue(member.account, posting, earned)
    return replace(member, account=account), (entry,)


def _with_return(member: Member, order: AcceptedOrder, taken: TakenBack) -> Member:
    spend_minor = max(0, member.lifetime_spend_minor - taken.eligible_minor)
    member = replace(member, lifetime_spend_minor=spend_minor)
    if order.counted_on is None:
        return member
    return _counted(
        member, order.counted_on, purchase_back(order, taken.eligible_minor, taken.points)
    )


def _counted(
    member: Member, day: date, bought: Purchase, *, earned_with: str | None = None
) -> Member:
    return replace(
        member,
        months=count_in_months(member.months, day, bought),
        days=count_in_days(member.days, day, bought, earned_with=earned_with),
    )


def _earned(
    order: AcceptedOrder, releases_at: datetime, lot_expires_at: datetime, points: int
) -> PendingPoints:
    held_by = order.key.cause if order.held else None
    return PendingPoints(releases_at, lot_expires_at, points, held_by)


def _upgraded_at_once(
    member: Member, definition: ProgramDefinition, now: datetime
) -> tuple[Member, tuple[StatusChange, ...]]:
    """Move a member up who qualifies with this order, where the program does not wait."""
    if definition.tier_upgrade != "at_once":
        return member, ()
    month = month_of(program_day(now, definition.time_zone))
    decision = decide(member.standing, member.months, definition, month)
    if decision.reason != "upgraded" and decision.proposed is None:
        return member, ()
    by_order = decision._replace(reason="order" if decision.reason else None)
    return apply(member, by_order, month, now)


def _tier_after_return(
    member: Member, definition: ProgramDefinition, now: datetime
) -> tuple[Member, tuple[StatusChange, ...]]:
    """Undo upgrade after upgrade until one holds."""
    month = month_of(program_day(now, definition.time_zone))
    facts: tuple[StatusChange, ...] = ()
    while decision := after_return(member.standing, member.months, definition, month):
        member, undone = apply(member, decision, month, now)
        facts += undone
    return member, facts


def _return_posting(
    member: Member, order: AcceptedOrder, return_: Return, now: datetime
) -> Posting:
    return Posting(
        member_id=member.member_id,
        business_key=f"return/{order.key.source}/{order.key.order_id}/{return_.return_id}",
        occurred_at=return_.occurred_at,
        recorded_at=now,
        reason=f"return {return_.return_id} of order {order.key.source}/{order.key.order_id}",
    )


def _order_answer(
    member: Member | None,
    points_earned: int,
    definition: ProgramDefinition,
    now: datetime,
    *,
    crossed: bool,
) -> dict[str, object]:
    spend_minor = member.lifetime_spend_minor if member else 0
    return {
        "member_id": member.member_id if member else None,
        "status": member.status if member else None,
        "tier": member.tier if member else None,
        "points_earned": points_earned,
        "points_pending": member.account.points_pending if member else 0,
        "points_available": spendable(member.account, now) if member else 0,
        "lifetime_spend": {"amount_minor": spend_minor, "currency": definition.currency},
        "threshold_crossed": crossed,
    }
