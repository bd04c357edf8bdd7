"""Composition of totals, reports and the program's monthly cycle; beside `composition`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from loyalty.runtime import composition
from loyalty.runtime.settings import settings

if TYPE_CHECKING:
    from loyalty.services.ports import (
        Clock,
        Executions,
        MemberStore,
        ObjectStore,
        ProgramStore,
        ReportStore,
    )
    from loyalty.services.report_ports import Evaluations, RevisionStore, TotalsStore


class CountingPorts(TypedDict):
    program: ProgramStore
    totals: TotalsStore


class FunnelPorts(CountingPorts):
    clock: Clock


class RevisionPorts(TypedDict):
    reports: RevisionStore


class MonthReportPorts(CountingPorts):
    reports: RevisionStore
    clock: Clock


class CycleReadingPorts(TypedDict):
    reports: ReportStore


class CycleEndPorts(CycleReadingPorts):
    clock: Clock


class CycleStartPorts(CycleEndPorts):
    executions: Executions
    program: ProgramStore


class CyclePlanPorts(CycleEndPorts):
    store: MemberStore
    objects: ObjectStore
    program: ProgramStore


class CycleResultPorts(CycleReadingPorts):
    objects: ObjectStore


class EvaluationPorts(TypedDict):
    evaluations: Evaluations
    program: ProgramStore
    clock: Clock


def revision_store() -> RevisionStore:
    """Return the reports with all their revisions."""
    from loyalty.adapters.dynamodb.report_store import DynamoReportStore

    return DynamoReportStore(composition.tables(), composition.clock())


def evaluations() -> Evaluations:
    """Return the way to evaluate one member at once."""
    from loyalty.adapters.evaluations import StepFunctionsEvaluations

    machine_arn = settings().machine_arns["member_evaluation"]
    return StepFunctionsEvaluations(composition.aws(), machine_arn)


def totals_store() -> TotalsStore:
    """Return the totals of the program by month."""
    from loyalty.adapters.dynamodb.totals_store import DynamoTotalsStore

    return DynamoTotalsStore(composition.tables(), composition.clock())


def counting_ports() -> CountingPorts:
    """Return what counting the facts of a stream needs."""
    return {"program": composition.program_store(), "totals": totals_store()}


def month_report_ports() -> MonthReportPorts:
    """Return what writing a month's reports and locking a month need."""
    return {
        **counting_ports(),
        "reports": revision_store(),
        "clock": composition.clock(),
    }


def funnel_ports() -> FunnelPorts:
    """Return what the funnel needs."""
    return {**counting_ports(), "clock": composition.clock()}


def revision_ports() -> RevisionPorts:
    """Return what reading a month's reports needs."""
    return {"reports": revision_store()}


def cycle_reading_ports() -> CycleReadingPorts:
    """Return what telling how far a cycle is needs."""
    return {"reports": composition.report_store()}


def cycle_end_ports() -> CycleEndPorts:
    """Return what closing a cycle needs."""
    return {**cycle_reading_ports(), "clock": composition.clock()}


def cycle_start_ports() -> CycleStartPorts:
    """Return what starting a cycle needs."""
    return {
        **cycle_end_ports(),
        "executions": composition.executions(),
        "program": composition.program_store(),
    }


def cycle_plan_ports() -> CyclePlanPorts:
    """Return what planning a cycle needs."""
    return {
        **cycle_end_ports(),
        "store": composition.member_store(),
        "objects": composition.object_store(),
        "program": composition.program_store(),
    }


def cycle_result_ports() -> CycleResultPorts:
    """Return what collecting a cycle's results needs."""
    return {**cycle_reading_ports(), "objects": composition.object_store()}


def evaluation_ports() -> EvaluationPorts:
    """Return what evaluating one member at once needs."""
    return {
        "evaluations": evaluations(),
        "program": composition.program_store(),
        "clock": composition.clock(),
    }
