"""Which execution a fact of a member's life started; executions are found by their names alone."""

from __future__ import annotations

from typing import NamedTuple

from loyalty.contracts.journeys import StartReason
from loyalty.domain.journey import AWAITED
from loyalty.domain.member import StatusChange
from loyalty.domain.program import ProgramDefinition
from loyalty.services import journey_start, tier_upgrade


class ExecutionName(NamedTuple):
    """An execution: the machine's name in `statemachines/`, and its own."""

    machine: str
    name: str


def started_by(change: StatusChange, definition: ProgramDefinition) -> ExecutionName | None:
    """Return the execution that a fact started, None for a fact that starts none.

    Parameters
    ----------
    change
        The fact.
    definition
        The version in force by then: an upgrade at an evaluation needs an execution for a gift.
    """
    match change.event:
        case "ThresholdCrossed":
            return _journey(change, "threshold_crossed")
        case "InviteAllowed":
            return _journey(change, "consent_given")
        case "InviteAccepted" if change.from_status not in AWAITED:
            return _journey(change, "late_acceptance")
        case "TierUpgradeProposed" | "TierChanged":
            return _upgrade(change, definition)
    return None


def _journey(change: StatusChange, reason: StartReason) -> ExecutionName:
    name = journey_start.run_name(change.member_id, reason, change.member_version)
    return ExecutionName(journey_start.MACHINE, name)


def _upgrade(change: StatusChange, definition: ProgramDefinition) -> ExecutionName | None:
    upgrade_id = change.data.get("upgrade_id")
    if not isinstance(upgrade_id, str):
        return None
    if change.data.get("reason") == "upgraded":
        gifts = {tier.name: tier.gift for tier in definition.tiers}
        if gifts.get(str(change.data.get("to_tier"))) is None:
            return None
    return ExecutionName(tier_upgrade.MACHINE, upgrade_id)
