"""Composition of engagement reviews and of the funnel; beside `composition`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from loyalty.runtime import composition, offering

if TYPE_CHECKING:
    from loyalty.services.ports import Clock, Executions, MemberStore, ProgramStore, ReportStore
    from loyalty.services.refresh_offers import Curator


class ReviewReadingPorts(TypedDict):
    reports: ReportStore


class ReviewSummaryPorts(ReviewReadingPorts):
    clock: Clock


class ReviewPlanPorts(ReviewSummaryPorts):
    program: ProgramStore


class ReviewStartPorts(ReviewPlanPorts):
    executions: Executions


class ReviewShardPorts(ReviewPlanPorts):
    store: MemberStore
    curator: Curator


def review_reading_ports() -> ReviewReadingPorts:
    """Return what telling how far a review is needs."""
    return {"reports": composition.report_store()}


def review_summary_ports() -> ReviewSummaryPorts:
    """Return what adding up a review needs."""
    return {**review_reading_ports(), "clock": composition.clock()}


def review_plan_ports() -> ReviewPlanPorts:
    """Return what planning a review needs."""
    return {**review_summary_ports(), "program": composition.program_store()}


def review_start_ports() -> ReviewStartPorts:
    """Return what starting a review needs."""
    return {**review_plan_ports(), "executions": composition.executions()}


def review_shard_ports() -> ReviewShardPorts:
    """Return what judging a shard of members needs."""
    return {
        **review_plan_ports(),
        "store": composition.member_store(),
        "curator": offering.curator(),
    }
