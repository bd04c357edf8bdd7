"""The funnel: how far customers come on their way to a used membership, by the journey's arm.

Stages are flows, named `funnel:<stage>:<variant>`; who is active is a gauge, `active:<variant>`.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

from loyalty.domain.member import StatusChange

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


def variant_of(change: StatusChange) -> str:
    """Return the arm of the customer whom a fact is about."""
    return str(change.data.get("variant") or NO_VARIANT)


def staged(change: StatusChange) -> dict[str, int]:
    """Return what a fact adds to the stages; a correction takes away."""
    step = _step(change)
    return {f"funnel:{step[0]}:{variant_of(change)}": step[1]} if step else {}


def activated(change: StatusChange) -> dict[str, int]:
    """Return how a fact changes the number of those who are active."""
    by = (change.to_status == "active") - (change.from_status == "active")
    return {f"active:{variant_of(change)}": by} if by else {}


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


def _step(change: StatusChange) -> tuple[Stage, int] | None:
    match change.event:
        case "CustomerInactive":
            return ("lapsed" if change.data.get("inactive_reason") == "lapsed" else "silent"), 1
        case "EngagementCorrected":
            return ("lapsed" if change.data["withdrawn"] == "lapsed" else "top"), -1
        case "MemberReactivated":
            return None if change.data.get("corrects") else ("won_back", 1)
    stage = _STAGE_OF.get(change.event)
    return (stage, 1) if stage else None
