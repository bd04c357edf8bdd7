"""Composition of vouchers, rewards and redemptions; beside `composition`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypedDict

from loyalty.runtime import composition
from loyalty.runtime.settings import settings

if TYPE_CHECKING:
    from loyalty.adapters.dynamodb.tables import Tables
    from loyalty.adapters.dynamodb.voucher_store import DynamoVoucherStore
    from loyalty.services.console_ports import StoryStore
    from loyalty.services.ports import Clock, Ids, MemberStore, ProgramStore, ReportStore
    from loyalty.services.reward_ports import RewardStore
    from loyalty.services.task_ports import TaskStore
    from loyalty.services.voucher_ports import VoucherCodes, VoucherStore


class VoucherPorts(TypedDict):
    vouchers: VoucherStore
    clock: Clock


class VoucherListPorts(VoucherPorts):
    store: MemberStore


class VoucherUsePorts(VoucherListPorts):
    program: ProgramStore


class CreationPorts(VoucherPorts):
    program: ProgramStore
    codes: VoucherCodes


class IssuePorts(CreationPorts):
    store: MemberStore


class ExpiryPorts(VoucherPorts):
    reports: ReportStore


class RewardReadPorts(TypedDict):
    rewards: RewardStore


class RetirePorts(RewardReadPorts):
    clock: Clock


class RewardPorts(RetirePorts):
    program: ProgramStore


class SpendingPorts(RewardPorts):
    store: MemberStore


class ReversalPorts(SpendingPorts):
    tasks: TaskStore


class RedemptionPorts(SpendingPorts):
    codes: VoucherCodes
    ids: Ids


def voucher_store() -> DynamoVoucherStore:
    """Return the store of vouchers."""
    return _voucher_store(composition.tables())


def reward_store() -> RewardStore:
    """Return the catalogue of rewards and what members made of it."""
    from loyalty.adapters.dynamodb.reward_store import DynamoRewardStore

    tables = composition.tables()
    _voucher_store(tables)
    return DynamoRewardStore(tables)


def story_store() -> StoryStore:
    """Return what is kept of customers, vouchers too, by time."""
    from loyalty.adapters.dynamodb.story_store import DynamoStoryStore

    tables = composition.tables()
    _voucher_store(tables)
    return DynamoStoryStore(tables)


def voucher_codes() -> VoucherCodes:
    """Return the source of new codes."""
    from loyalty.adapters.voucher_codes import RandomVoucherCodes

    return RandomVoucherCodes()


def voucher_ports() -> VoucherPorts:
    """Return what showing, rolling back and cancelling vouchers need."""
    return {"vouchers": voucher_store(), "clock": composition.clock()}


def voucher_list_ports() -> VoucherListPorts:
    """Return what the list of a member's vouchers needs."""
    return {**voucher_ports(), "store": composition.member_store()}


def voucher_use_ports() -> VoucherUsePorts:
    """Return what validating, reserving and redeeming a voucher need."""
    return {**voucher_list_ports(), "program": composition.program_store()}


def creation_ports() -> CreationPorts:
    """Return what creating a voucher by rule, and a batch, need."""
    return {
        **voucher_ports(),
        "program": composition.program_store(),
        "codes": voucher_codes(),
    }


def issue_ports() -> IssuePorts:
    """Return what issuing a voucher by staff needs."""
    return {**creation_ports(), "store": composition.member_store()}


def expiry_ports() -> ExpiryPorts:
    """Return what removing expired vouchers needs."""
    return {**voucher_ports(), "reports": composition.report_store()}


def reward_read_ports() -> RewardReadPorts:
    """Return what reading the catalogue needs."""
    return {"rewards": reward_store()}


def retire_ports() -> RetirePorts:
    """Return what retiring a reward needs."""
    return {**reward_read_ports(), "clock": composition.clock()}


def reward_ports() -> RewardPorts:
    """Return what adding and changing rewards need."""
    return {**retire_ports(), "program": composition.program_store()}


def reversal_ports() -> ReversalPorts:
    """Return what reversing a redemption needs."""
    from loyalty.runtime.tasking import task_store

    return {**reward_ports(), "store": composition.member_store(), "tasks": task_store()}


def redemption_ports() -> RedemptionPorts:
    """Return what redeeming a reward needs."""
    return {
        **reward_ports(),
        "store": composition.member_store(),
        "codes": voucher_codes(),
        "ids": composition.ids(),
    }


@cache
def _voucher_store(tables: Tables) -> DynamoVoucherStore:
    from loyalty.adapters.dynamodb.voucher_store import DynamoVoucherStore
    from loyalty.adapters.dynamodb.voucher_tables import bind_vouchers

    return DynamoVoucherStore(tables, bind_vouchers(tables, settings().vouchers_table))
