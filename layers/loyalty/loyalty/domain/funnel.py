"""The funnel: how far customers come on their way to a used membership, by the journey's arm.

Stages are flows, named `funnel:<stage>:<variant>`; so are `arm_spend:<variant>` and
`arm_returned:<variant>`, what was bought and came back after the threshold was crossed. Gauges are
`active:<variant>`, who is active, and `arm:<variant>`, who has crossed.
"""

from __future__ import annotations

from collections import Counter
from typing import Final, Literal, TypeAlias, get_args

from loyalty.domain.member import StatusChange
from loyalty.domain.orders import AcceptedOrder, AcceptedReturn

Stage: TypeAlias = Literal[
    "crossed",
    "held_out",
    "invited",
    "reminded",
    "accepted",
    "declined",
    "silent",
    "top",
    "lapsed",
    "won_back",
]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
# Stands for a variant where the customer has none.
NO_VARIANT: Final = "-"

_STAGE_OF: Final[dict[str, Stage]] = {
    "ThresholdCrossed": "crossed",
    "CustomerHeldOut": "held_out",
    "CustomerInvited": "invited",
    "CustomerReminded": "reminded",
    "InviteAccepted": "accepted",
    "InviteDeclined": "declined",
    "TopCustomerNamed": "top",
}
_WITHDRAWN: Final[dict[str, Stage]] = {"top": "top", "lapsed": "lapsed", "won_back": "won_back"}


def variant_of(change: StatusChange) -> str:
    """Return the arm of the customer whom a fact is about."""
    return str(change.data.get("variant") or NO_VARIANT)


def staged(change: StatusChange) -> dict[str, int]:
    """Return what a fact adds to the stages; a correction takes away."""
    step = _step(change)
    return {f"funnel:{step[0]}:{variant_of(change)}": step[1]} if step else {}


def gauged(change: StatusChange) -> dict[str, int]:
    """Return how a fact changes the numbers of those who are active, and who have crossed."""
    arm, arm_before = variant_of(change), _variant_before(change)
    was, is_now = change.from_status == "active", change.to_status == "active"
    changed = Counter({f"active:{arm}": is_now + active_after_all(change)})
    changed[f"active:{arm_before}"] -= was
    changed[f"arm:{arm}"] += change.event == "ThresholdCrossed"
    return {name: by for name, by in changed.items() if by}


def active_after_all(change: StatusChange) -> int:
    """Return how a correction changes how many were active at its month's end: by 1, -1 or 0.

    Who had not lapsed was active from then on, and so did not become active when they came back;
    where they had not come back yet, `MemberReactivated` tells it.
    """
    match change.data.get("withdrawn"):
        case "lapsed":
            return int(change.data.get("back_in") is not None)
        case "won_back":
            return -1
    return 0


def spent(order: AcceptedOrder) -> dict[str, int]:
    """Return what an order adds to its customer's arm; nothing before the threshold was crossed."""
    return {f"arm_spend:{order.variant}": order.eligible_minor} if order.variant else {}


def returned(accepted: AcceptedReturn) -> dict[str, int]:
    """Return what a return adds to what came back in its customer's arm."""
    return {f"arm_returned:{accepted.variant}": accepted.eligible_minor} if accepted.variant else {}


def month_judged(change: StatusChange) -> str | None:
    """Return the month that a fact says something about, where that is not when it occurred."""
    match change.event:
        case "MemberReactivated":
            month = change.data.get("corrects")
        case "CustomerInactive" | "TopCustomerNamed" | "EngagementCorrected":
            month = change.data.get("month")
        case _:
            month = None
    return str(month) if month else None


def _variant_before(change: StatusChange) -> str:
    """Return the arm until the fact: crossing draws one, and a merge may bring another one."""
    if change.event == "ThresholdCrossed":
        return NO_VARIANT
    return str(change.data.get("variant_before", change.data.get("variant")) or NO_VARIANT)


def _step(change: StatusChange) -> tuple[Stage, int] | None:
    match change.event:
        case "CustomerInactive":
            return ("lapsed" if change.data.get("inactive_reason") == "lapsed" else "silent"), 1
        case "EngagementCorrected":
            return _WITHDRAWN[str(change.data["withdrawn"])], -1
        case "MemberReactivated":
            return None if change.data.get("corrects") else ("won_back", 1)
    stage = _STAGE_OF.get(change.event)
    return (stage, 1) if stage else None
