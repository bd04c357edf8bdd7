"""A shop whose Elite threshold changes, and the sweep as its state machine does it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from loyalty.contracts.sweeps import SweepReport
from loyalty.domain.journey import draw_variant
from loyalty.domain.program import ProgramDefinition
from loyalty.services.sweep_threshold import plan_sweep, summarize_sweep, sweep_shard
from tests.support.examples import PROGRAM, an_order
from tests.support.job_fakes import FakeReports
from tests.support.shop import Shop, customer

BUILT_IN = replace(PROGRAM, version=0, effective_from=datetime(1970, 1, 1, tzinfo=UTC))
HOUR = timedelta(hours=1)


class SweptShop:
    """Customers with their spend, versions of the program by threshold, and sweeps."""

    def __init__(self) -> None:
        self.shop = Shop(BUILT_IN, PROGRAM)
        self.reports = FakeReports()
        self._numbers = count(1)

    def save(
        self, standard_minor: int, hold_out_minor: int | None = None, *, after: timedelta = HOUR * 0
    ) -> None:
        """Save a version with other thresholds."""
        standard, hold_out = PROGRAM.variants
        self._save(
            after,
            variants=(
                replace(standard, threshold_minor=standard_minor),
                replace(hold_out, threshold_minor=hold_out_minor or standard_minor),
            ),
        )

    def save_something_else(self) -> None:
        """Save a version with the thresholds of the latest."""
        self._save(HOUR * 0, invites_per_hour=7)

    def _save(self, after: timedelta, **changes: Any) -> None:
        latest: ProgramDefinition = self.shop.program.definitions[-1]
        effective_from = self.shop.clock.now() + after
        changed = replace(
            latest, version=latest.version + 1, effective_from=effective_from, **changes
        )
        self.shop.program.definitions.append(changed)

    def a_customer(self, spend_minor: int, variant: str = "standard", **fields: Any) -> str:
        """Return a customer of a variant, who has just spent something."""
        while True:
            number = next(self._numbers)
            order = an_order(f"O-{number}", spend_minor, occurred_at=self.shop.clock.now())
            answer = self.shop.sell(order, customer(card=str(number))).answer
            member_id = str(answer["member_id"])
            if draw_variant(PROGRAM, member_id).name == variant:
                member = self.shop.member(member_id)
                self.shop.store.members[member_id] = replace(member, **fields)
                return member_id
            del self.shop.store.members[member_id]

    def plan(self, sweep_id: str = "s-1") -> tuple[int, ...]:
        ports = {"program": self.shop.program, "reports": self.reports, "clock": self.shop.clock}
        return plan_sweep(sweep_id, **ports).shards

    def sweep(self, sweep_id: str = "s-1") -> SweepReport | None:
        """Do what the state machine does, an hour later."""
        self.shop.clock.advance(HOUR)
        version = self.shop.program.current(self.shop.clock.now()).version
        shards = self.plan(sweep_id)
        if not shards:
            return None
        for shard in shards:
            self.sweep_shard(shard, sweep_id)
        return summarize_sweep(sweep_id, version, reports=self.reports, clock=self.shop.clock)

    def sweep_shard(self, shard: int, sweep_id: str = "s-1") -> None:
        sweep_shard(
            sweep_id,
            shard,
            store=self.shop.store,
            program=self.shop.program,
            reports=self.reports,
            clock=self.shop.clock,
        )

    def crossings(self, member_id: str) -> list[dict[str, Any]]:
        """Return what each of a customer's crossings says."""
        changes, _ = self.shop.store.status_changes(member_id, limit=100)
        return [dict(made.data) for made in changes if made.event == "ThresholdCrossed"]
