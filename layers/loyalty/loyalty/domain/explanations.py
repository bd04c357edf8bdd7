"""Why things happened to a member: the rule, the values it was given, the version that had it.

Rules are told in plain words for staff; values have units in their names (`_minor`, `_days`), are
ids, words and numbers, and never personal data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from loyalty.domain.tiers import rank

if TYPE_CHECKING:
    from loyalty.domain.ledger import Entry
    from loyalty.domain.member import StatusChange
    from loyalty.domain.offers import MemberOffer
    from loyalty.domain.orders import AcceptedOrder
    from loyalty.domain.program import ProgramDefinition
    from loyalty.domain.vouchers import Voucher

Value = str | int | bool | None
Values = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Why:
    """The rule that decided, what it was given, and the program version that it is of, if any."""

    rule: str
    values: Values = field(default_factory=dict)
    program_version: int | None = None


def why_order(order: AcceptedOrder, definition: ProgramDefinition) -> Why:
    """Return why an order earned what it did; `definition` is the version that it was judged by."""
    values: dict[str, Value] = {"eligible_minor": order.eligible_minor}
    if order.tier is None:
        rule = "Only orders of members earn, from the moment of joining on."
    elif not definition.points_enabled:
        rule = "This version of the program gives no points."
    else:
        multiplier = definition.tiers[rank(definition, order.tier)].multiplier
        rule = (
            "The eligible amount in whole units × rate × multiplier of the tier, rounded down; "
            "bonuses come on top, caps cut the sum."
        )
        values |= {
            "earn_rate": str(definition.earn_rate),
            "multiplier": str(multiplier),
            "tier": order.tier,
            **_known("points_per_order_cap", definition.points_per_order_cap),
            **_known("points_per_day_cap", definition.points_per_day_cap),
        }
    if order.held:
        rule += " They are held until staff decides: too many earns in a day on one card."
        values["earns_per_card_and_day"] = definition.earns_per_card_and_day
    return Why(rule, values, order.program_version)


def why_entry(entry: Entry, definition: ProgramDefinition) -> Why:
    """Return why points moved.

    Parameters
    ----------
    entry
        The ledger entry.
    definition
        The version that was in force when it was recorded.
    """
    cause = entry.business_key.partition("/")[0]
    rule, names = _ENTRIES.get(cause) or _ENTRIES.get(entry.kind) or (f"{entry.kind}.", ())
    values: dict[str, Value] = {"cause": entry.business_key}
    values |= {name: getattr(definition, name) for name in names}
    if entry.kind == "release":
        # It moves points from pending to available: together they stay as they were.
        own = [line.points for line in entry.lines if line.account.endswith(":available")]
        values["released"] = sum(own)
    if entry.owed_change:
        values["owed_change"] = entry.owed_change
    return Why(rule, values, definition.version)


def why_change(change: StatusChange, definition: ProgramDefinition) -> Why:
    """Return why a fact of a member's life came about, with what it says besides.

    Parameters
    ----------
    change
        The fact.
    definition
        The version that the fact names, else the one that was in force when it was recorded.
    """
    values: dict[str, Value] = {
        name: value
        for name, value in change.data.items()
        if value is not None and name not in _NOT_SHOWN
    }
    rule = _FACTS.get(change.event, "")
    more = _MORE.get(change.event)
    if more is not None:
        told, known = more(change, definition)
        rule, values = told or rule, {**values, **known}
    return Why(rule, values, definition.version)


def why_message(kind: str, *, marketing: bool, definition: ProgramDefinition) -> Why:
    """Return why a message of a kind went out; `definition` is the version in force by then."""
    if not marketing:
        return Why(
            "A service message: it needs no consent, and the member has not switched it off.",
            {"kind": kind},
            definition.version,
        )
    return Why(
        "Marketing: the channel's consent, or the program's basis where nothing was said; outside "
        "quiet hours, within the weekly limit.",
        {
            "kind": kind,
            "invite_basis": definition.invite_basis,
            "marketing_per_week": definition.marketing_per_week,
            "quiet_from": f"{definition.quiet_from:%H:%M}",
            "quiet_until": f"{definition.quiet_until:%H:%M}",
        },
        definition.version,
    )


def why_voucher(voucher: Voucher) -> Why:
    """Return why a voucher was issued."""
    cause = voucher.cause.partition("/")[0]
    return Why(_VOUCHERS.get(cause, "Issued."), {"cause": voucher.cause})


def why_activation(offer: MemberOffer) -> Why:
    """Return why a member could activate an offer: what it was chosen for."""
    values: dict[str, Value] = {"offer_id": offer.offer_id, "reason": offer.reason.kind}
    values |= _known("subject", offer.reason.subject) | _known("because", offer.reason.because)
    return Why("Wanted by the member: chosen in the portal, or at a till for them.", values)


def names_version(change: StatusChange) -> int | None:
    """Return the program version that a fact names itself, if any."""
    version = change.data.get("program_version")
    return version if isinstance(version, int) else None


_Told = tuple[str, dict[str, Value]]


def _crossed(change: StatusChange, definition: ProgramDefinition) -> _Told:
    rule = ""
    if change.data.get("cause") == "lowered_threshold":
        rule = "A new version of the program lowered the Elite threshold below what was spent."
    return rule, _of_variant(change, definition, "threshold_minor")


def _inactive(change: StatusChange, definition: ProgramDefinition) -> _Told:
    if change.data.get("inactive_reason") == "lapsed":
        return "No benefit was used in a whole calendar month as an active member.", {}
    windows = _of_variant(change, definition, "invite_window_days", "reminder_window_days")
    return "No answer came within the windows of invite and reminder.", windows


def _held_out(change: StatusChange, definition: ProgramDefinition) -> _Told:
    weights = {variant.name: variant.weight for variant in definition.variants}
    name = str(change.data.get("variant"))
    return "", {"weight": weights.get(name), "weights_in_all": sum(weights.values())}


def _top(change: StatusChange, definition: ProgramDefinition) -> _Told:
    return "", {"top_offer_uses": definition.top_offer_uses}


def _tier_changed(change: StatusChange, definition: ProgramDefinition) -> _Told:
    rule = _TIER_REASONS.get(str(change.data.get("reason")), "")
    return rule, _of_tiers(change, definition)


def _of_tiers(change: StatusChange, definition: ProgramDefinition) -> dict[str, Value]:
    thresholds = {tier.name: tier.threshold for tier in definition.tiers}
    unit = "minor" if definition.tier_basis == "spend" else "points"
    values: dict[str, Value] = {"period": definition.tier_period}
    # What was judged has the unit of the program's basis.
    if isinstance(amount := change.data.get("qualifying"), int):
        values[f"qualifying_{unit}"] = amount
    to_tier = str(change.data.get("to_tier"))
    if to_tier in thresholds:
        values[f"threshold_{unit}"] = thresholds[to_tier]
    return values


def _proposed(change: StatusChange, definition: ProgramDefinition) -> _Told:
    return "", _of_tiers(change, definition)


def _reminded(change: StatusChange, definition: ProgramDefinition) -> _Told:
    return "", _of_variant(change, definition, "invite_window_days")


def _task_waits(change: StatusChange, definition: ProgramDefinition) -> _Told:
    days = {
        "task_reminder_days": definition.task_reminder_days,
        "task_escalation_days": definition.task_escalation_days,
    }
    return "", {**days}


def _outreach(change: StatusChange, definition: ProgramDefinition) -> _Told:
    limits = {
        "outreach_period_days": definition.outreach_period_days,
        "outreach_limit": definition.outreach_limit,
    }
    return "", {**limits}


def _of_variant(
    change: StatusChange, definition: ProgramDefinition, *names: str
) -> dict[str, Value]:
    drawn = change.data.get("variant")
    for variant in definition.variants:
        if variant.name == drawn:
            return {name: getattr(variant, name) for name in names}
    return {}


def _known(name: str, value: Value) -> dict[str, Value]:
    return {} if value is None else {name: value}


# Told as the version of the whole, or with its unit.
_NOT_SHOWN: Final = frozenset({"program_version", "qualifying"})

_MORE: Final[Mapping[str, Callable[[StatusChange, ProgramDefinition], _Told]]] = {
    "ThresholdCrossed": _crossed,
    "CustomerInactive": _inactive,
    "CustomerHeldOut": _held_out,
    "CustomerReminded": _reminded,
    "TopCustomerNamed": _top,
    "TierChanged": _tier_changed,
    "TierUpgradeProposed": _proposed,
    "TaskReminded": _task_waits,
    "TaskEscalated": _task_waits,
    "OutreachSent": _outreach,
}

_FACTS: Final[Mapping[str, str]] = {
    "MemberEnrolled": "Signed up, was enrolled at a till, or said yes to the invitation.",
    "ThresholdCrossed": "Lifetime spend reached the Elite threshold of the variant drawn.",
    "CustomerHeldOut": "Drawn by weight to get nothing, for comparison.",
    "InviteSuppressed": "No consent to e-mail, or no address that can be written to.",
    "InviteAllowed": "Consent or an address came after the invite had been held back.",
    "CustomerInvited": "Past the threshold, and may be written to.",
    "CustomerReminded": "No answer came within the invite's window.",
    "InviteAccepted": "The customer's own answer.",
    "InviteDeclined": "The customer's own answer.",
    "CustomerInactive": "",
    "MemberReactivated": "A lapsed member used a benefit, and is active at once.",
    "TopCustomerNamed": "Used as many offers in the month as the program asks for.",
    "OfferUsed": "Each use counts once, whether till or order tells of it; several of an offer "
    "with one order are one towards a top customer.",
    "OfferUseReversed": "A use was taken back, with its bonus points and its place in the budget.",
    "OfferUseRefused": "An order named the offer, but it could not be used.",
    "WinBackSent": "Lapsed, and may be written to.",
    "EngagementCorrected": "A use came late, or was taken back: a judged month is corrected.",
    "MemberLeft": "Left by their own wish; what points are left is forfeited after thirty days.",
    "ConsentChanged": "What the customer said, as the named source recorded it.",
    "PreferenceChanged": "What the member said about service messages.",
    "ChannelSuppressed": "A message bounced, or the customer complained.",
    "OutreachSent": "Silent for the period, and written to fewer times than the limit.",
    "TierUpgradeProposed": "Qualifies for a tier that a manager has to approve.",
    "TierUpgradeWithdrawn": "No longer qualifies for the upgrade that was waiting.",
    "TierUpgradeRejected": "A manager's no; it holds for the qualification period.",
    "TaskDecided": "Decided by staff, once.",
    "TaskReminded": "The task waits for longer than the program's reminder period.",
    "TaskEscalated": "The task waits for longer than the program's escalation period.",
    "TaskWithdrawn": "Nobody needs the task any more.",
    "RewardRedeemed": "Points were spent on a reward.",
    "RedemptionReversed": "A redemption was taken back: points, stock and vouchers too.",
    "MemberMerged": "Two profiles of one person: this one lives on in the survivor.",
    "MemberAbsorbed": "Two profiles of one person: this one took over what the other had.",
    "MergeUndone": "The merge was taken back within the time that the program allows.",
}

_TIER_REASONS: Final[Mapping[str, str]] = {
    "upgraded": "The month's evaluation: the qualification period reaches the tier's threshold.",
    "order": "An order took the qualification period to the tier's threshold.",
    "approved": "A manager said yes, and the member still qualified then.",
    "downgraded": "The period no longer reaches the old tier's threshold, and grace is over.",
    "return": "A return undid what the upgrade had been earned with.",
}

# By what caused the entry, else by its kind; with the program's values that decide.
_ENTRIES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "order": ("The order's points, pending until its return window ends.", ("pending_days",)),
    "return": ("A return takes back exactly what its goods earned.", ("reversal_grace_days",)),
    "release": ("The return window has ended: the points can be spent.", ("pending_days",)),
    "expiry": (
        "Points end with the month so many months after they were earned.",
        ("expiry_months",),
    ),
    "redemption": ("Points were spent on a reward; the oldest go first.", ()),
    "adjustment": (
        "Posted by staff; a second person has to agree above the limit.",
        ("adjustment_limit_points",),
    ),
    "transfer": ("Given from one member to another; the points keep their expiry.", ()),
    "action": ("A reward for something that is no purchase, so many times a year.", ()),
    "hold": ("What staff decided on points that had been held.", ("earns_per_card_and_day",)),
    "merge": ("Everything of the merged profile moved.", ("undo_merge_days",)),
    "unmerge": ("The merge was undone: each has their own again.", ("undo_merge_days",)),
    "evaluation": ("What the month's orders earn and the ledger lacked.", ("accrual_mode",)),
    "accrual": ("Points were earned.", ()),
    "reversal": ("Points were put back or taken back.", ()),
}

_VOUCHERS: Final[Mapping[str, str]] = {
    "upgrade": "The new tier brings a voucher.",
    "redemption": "The reward that points were spent on is a voucher.",
    "staff": "Issued by staff.",
    "batch": "Part of a bulk issue.",
}
