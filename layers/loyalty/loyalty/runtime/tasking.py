"""Composition of tasks and of tier upgrades; beside `composition`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TypedDict

from loyalty.runtime import composition

if TYPE_CHECKING:
    from loyalty.domain.tasks import TaskKind
    from loyalty.services.ports import (
        Clock,
        Executions,
        Ids,
        JourneyStore,
        MemberStore,
        ProgramStore,
    )
    from loyalty.services.task_ports import TaskStore
    from loyalty.services.voucher_ports import VoucherStore

# By the kind of task, the roles that decide on it, and those that see it.
DECIDERS: Final[Mapping[TaskKind, frozenset[str]]] = {
    "tier_review": frozenset({"manager", "admin"}),
    "gift_dispatch": frozenset({"warehouse", "admin"}),
    "merge": frozenset({"service", "manager", "admin"}),
    "fraud_review": frozenset({"manager", "admin"}),
    "adjustment_approval": frozenset({"manager", "admin"}),
}
# Managers see what the warehouse leaves lying.
READERS: Final[Mapping[TaskKind, frozenset[str]]] = {
    **DECIDERS,
    "gift_dispatch": DECIDERS["gift_dispatch"] | {"manager"},
}


class TaskPorts(TypedDict):
    tasks: TaskStore
    store: MemberStore


class DecisionPorts(TaskPorts):
    program: ProgramStore
    clock: Clock


class UpgradePorts(DecisionPorts):
    ids: Ids


class WithdrawPorts(TaskPorts):
    clock: Clock
    ids: Ids


class UndoPorts(WithdrawPorts):
    vouchers: VoucherStore


class StatusPorts(TypedDict):
    tasks: TaskStore
    program: ProgramStore
    clock: Clock


class WakePorts(TypedDict):
    tasks: TaskStore
    executions: Executions


class AwaitPorts(WakePorts):
    clock: Clock


class HandOverPorts(TypedDict):
    executions: Executions
    clock: Clock


class StartPorts(HandOverPorts):
    journeys: JourneyStore
    program: ProgramStore


class DispatchPorts(HandOverPorts):
    tasks: TaskStore
    journeys: JourneyStore
    ids: Ids


def kinds(roles: frozenset[str], allowed: Mapping[TaskKind, frozenset[str]]) -> list[TaskKind]:
    """Return the kinds of task that `allowed` gives to one of the roles."""
    return [kind for kind, allowing in allowed.items() if roles & allowing]


def only_sends(roles: frozenset[str]) -> bool:
    """Tell whether somebody is to learn of a gift what it takes to send it, and no more."""
    return not roles & {"manager", "admin"}


def task_store() -> TaskStore:
    """Return the tasks of staff."""
    from loyalty.adapters.dynamodb.task_store import DynamoTaskStore

    composition.tables()
    return DynamoTaskStore()


def task_ports() -> TaskPorts:
    """Return what showing tasks needs."""
    return {"tasks": task_store(), "store": composition.member_store()}


def decision_ports() -> DecisionPorts:
    """Return what deciding on a task, and reminding of one, need."""
    return {
        **task_ports(),
        "program": composition.program_store(),
        "clock": composition.clock(),
    }


def upgrade_ports() -> UpgradePorts:
    """Return what opening the tasks of an upgrade needs."""
    return {**decision_ports(), "ids": composition.ids()}


def withdraw_ports() -> WithdrawPorts:
    """Return what withdrawing a review needs."""
    return {**task_ports(), "clock": composition.clock(), "ids": composition.ids()}


def undo_ports() -> UndoPorts:
    """Return what taking an upgrade back needs."""
    from loyalty.runtime.rewarding import voucher_store

    return {**withdraw_ports(), "vouchers": voucher_store()}


def status_ports() -> StatusPorts:
    """Return what telling where a task stands needs."""
    return {
        "tasks": task_store(),
        "program": composition.program_store(),
        "clock": composition.clock(),
    }


def wake_ports() -> WakePorts:
    """Return what waking an execution needs."""
    return {"tasks": task_store(), "executions": composition.executions()}


def await_ports() -> AwaitPorts:
    """Return what waiting for a decision needs."""
    return {**wake_ports(), "clock": composition.clock()}


def hand_over_ports(machine_arn: str) -> HandOverPorts:
    """Return what starting the next execution of the machine needs.

    The machine names itself: it depends on its functions, so the template cannot tell them of it.
    """
    from loyalty.adapters.executions import StepFunctionsExecutions
    from loyalty.services.tier_upgrade import MACHINE

    executions = StepFunctionsExecutions(composition.aws(), {MACHINE: machine_arn})
    return {"executions": executions, "clock": composition.clock()}


def start_ports() -> StartPorts:
    """Return what starting an upgrade needs."""
    return {
        "executions": composition.executions(),
        "clock": composition.clock(),
        "journeys": composition.journey_store(),
        "program": composition.program_store(),
    }


def dispatch_ports() -> DispatchPorts:
    """Return what starting to wait for a redeemed gift needs."""
    return {
        "executions": composition.executions(),
        "clock": composition.clock(),
        "tasks": task_store(),
        "journeys": composition.journey_store(),
        "ids": composition.ids(),
    }
