"""What each fact adds to the program's totals of a month, which the reports are made of.

A flow is what happened in the month. A gauge is how a level changed in it: the level at a month's
end is the sum of the changes up to then. Both are known by names such as `orders:gold`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from loyalty.domain.calendar import month_of, program_day
from loyalty.domain.funnel import active_after_all, gauged, month_judged, returned, spent, staged
from loyalty.domain.ledger import Entry
from loyalty.domain.member import EliteStatus, StatusChange
from loyalty.domain.orders import AcceptedOrder, AcceptedReturn
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.vouchers import VoucherFact

Counts: TypeAlias = Mapping[str, int]
CountedFact: TypeAlias = AcceptedOrder | AcceptedReturn | Entry | StatusChange | VoucherFact

# Stands for a tier where the customer was no member.
NO_TIER: Final = "-"
ANYBODY: Final = "customer"
MEMBERS: Final = "member"
BENEFITS: Final = "benefit"

_UP: Final = frozenset({"upgraded", "order", "approved"})
_GONE: Final[frozenset[EliteStatus]] = frozenset({"left", "merged", "erased"})
_USES: Final = frozenset({"OfferUsed", "RewardRedeemed"})


@dataclass(frozen=True, slots=True)
class Buyer:
    """A customer who bought, or used a benefit, in `month`; counted once per group.

    Groups are `customer`, `member` and `tier:…` of those who bought, and `benefit`.
    """

    month: str
    group: str
    customer_id: str


@dataclass(frozen=True, slots=True)
class Counted:
    """What one fact adds to the totals of `month`; `buyers` are counted unless they were before."""

    month: str
    flows: Counts
    gauges: Counts = field(default_factory=dict)
    buyers: tuple[Buyer, ...] = ()


def count(fact: CountedFact, definition: ProgramDefinition) -> Counted:
    """Return what a fact adds.

    Parameters
    ----------
    fact
        It belongs to the program month in which it occurred. A change of tier, and what is said of
        a month's engagement, belong to the month that was judged, though that is done later.
    definition
        The program version of when it occurred.
    """
    month = month_of(program_day(fact.occurred_at, definition.time_zone))
    match fact:
        case AcceptedOrder():
            return _order(fact, month)
        case AcceptedReturn():
            tier = fact.tier or NO_TIER
            flows = {f"returns:{tier}": 1, f"returned:{tier}": fact.eligible_minor}
            return Counted(month, flows | returned(fact) | _named("ReturnAccepted"))
        case Entry():
            return _entry(fact, month)
        case StatusChange():
            return _status_change(fact, month, definition)
        case VoucherFact():
            return _voucher(fact, month)


def moved_to(counted: Counted, month: str) -> Counted:
    """Return the same counted in another month, as its own is locked; that is counted too."""
    return Counted(
        month,
        {**counted.flows, f"late:{counted.month}": 1},
        counted.gauges,
        tuple(Buyer(month, buyer.group, buyer.customer_id) for buyer in counted.buyers),
    )


def summed(parts: Iterable[Counts]) -> dict[str, int]:
    """Add counts up by name."""
    total: dict[str, int] = {}
    for part in parts:
        for name, amount in part.items():
            total[name] = total.get(name, 0) + amount
    return total


def by_suffix(counts: Counts, prefix: str) -> dict[str, int]:
    """Return what is counted as `<prefix>:<x>`, by x."""
    start = f"{prefix}:"
    return {
        name.removeprefix(start): amount
        for name, amount in sorted(counts.items())
        if name.startswith(start)
    }


def _named(event: str) -> dict[str, int]:
    return {f"facts:{event}": 1}


def _order(order: AcceptedOrder, month: str) -> Counted:
    tier = order.tier or NO_TIER
    flows = {f"orders:{tier}": 1, f"spend:{tier}": order.eligible_minor}
    groups: tuple[str, ...] = ()
    if order.member_id is not None:
        groups = (ANYBODY, MEMBERS, f"tier:{tier}") if order.tier else (ANYBODY,)
    return Counted(
        month,
        flows | spent(order) | _named("OrderAccepted"),
        buyers=tuple(Buyer(month, group, order.member_id or "") for group in groups),
    )


def _entry(entry: Entry, month: str) -> Counted:
    flows = _named("PointsPosted") | {f"entries:{entry.kind}": 1}
    gauges: dict[str, int] = {}
    for line in entry.lines:
        account = line.account.rpartition(":")[2]
        flows = summed((flows, {f"ledger:{entry.kind}:{account}": line.points}))
        if account != line.account:
            gauges = summed((gauges, {f"points:{account}": line.points}))
    return Counted(month, flows, summed((gauges, {"points:owed": entry.owed_change})))


def _status_change(change: StatusChange, month: str, definition: ProgramDefinition) -> Counted:
    flows, gauges = _named(change.event) | staged(change), {}
    month = month_judged(change) or month
    before, after = change.from_status, change.to_status
    if before != after:
        flows[f"became:{after}"] = 1
        gauges = {f"status:{after}": 1}
        if before != "prospect":  # nothing tells when a customer becomes one
            gauges[f"status:{before}"] = -1
    if by := active_after_all(change):
        gauges = {"status:active": by, "status:inactive": -by}
    if change.event == "MemberEnrolled":
        gauges[f"members:{change.data.get('tier') or definition.entry_tier}"] = 1
    elif change.event == "TierChanged":
        direction = "moved_up" if change.data["reason"] in _UP else "moved_down"
        flows[f"{direction}:{change.data['to_tier']}"] = 1
        moved = {f"members:{change.data['from_tier']}": -1}
        gauges = summed((gauges, moved, {f"members:{change.data['to_tier']}": 1}))
        month = str(change.data["month"])
    elif tier := change.data.get("tier"):
        joined = (after not in _GONE) - (before not in _GONE)
        gauges = summed((gauges, {f"members:{tier}": joined}))
    users = (_user(month, change.member_id),) if change.event in _USES else ()
    return Counted(month, flows, gauges | gauged(change), users)


def _voucher(fact: VoucherFact, month: str) -> Counted:
    flows = _named(fact.event)
    amount = fact.data.get("amount_minor")
    sign = {"VoucherIssued": 0, "VoucherRedeemed": 1, "VoucherRolledBack": -1}.get(fact.event, 0)
    if fact.event == "VoucherRolledBack" and fact.data.get("undone") != "redeemed":
        sign = 0
    if sign:
        flows["vouchers:redemptions"] = sign
        if isinstance(amount, int):
            flows["vouchers:discount"] = sign * amount
    if fact.event == "VoucherIssued" and isinstance(amount, int):
        flows["vouchers:issued_amount"] = amount
    redeemed_by = fact.member_id or fact.data.get("redeemed_by")
    is_use = fact.event == "VoucherRedeemed" and redeemed_by is not None
    return Counted(month, flows, buyers=(_user(month, str(redeemed_by)),) if is_use else ())


def _user(month: str, member_id: str) -> Buyer:
    return Buyer(month, BENEFITS, member_id)
