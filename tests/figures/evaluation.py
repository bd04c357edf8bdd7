"""A member's evaluation with the real machine, functions and tables, counted."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pynamodb.models import BatchWrite

from loyalty.adapters.dynamodb.order_items import OrderItem
from loyalty.domain.orders import AcceptedOrder, Money, OrderKey
from loyalty.runtime import composition
from tests.support.counting import Requests, counting_requests
from tests.support.examples import NOW
from tests.support.http import call, order
from tests.support.moto_app import MotoApp, moto_app
from tests.support.state_machines import StateMachine, StateMachines, state_machines

MACHINE = Path(__file__).parents[2] / "statemachines/member_evaluation.asl.yaml"
MONTH = "2017-03"
EVALUATED_AT = datetime(2017, 4, 3, 12, tzinfo=NOW.tzinfo)
STEPS = (
    "retrieve_customer_profile",
    "get_recent_transactions",
    "calculate_total_spend",
    "calculate_points",
    "determine_tier_eligibility",
    "update_points_balance",
    "update_tier",
    "create_voucher",
    "send_tier_upgrade_email",
    "send_points_sms",
)


@dataclass(frozen=True)
class Evaluated:
    """What one evaluation took."""

    output: dict[str, Any]
    states: int
    invocations: int
    requests: Requests


class EvaluationCloud:
    """Moto with everything that an evaluation needs, at noon of the third of April 2017."""

    def __init__(self, app: MotoApp, machines: StateMachines) -> None:
        self.app = app
        self._machines = machines
        for step in STEPS:
            name = "".join(word.capitalize() for word in step.split("_"))
            handler = importlib.import_module(f"member_evaluation.{step}").handler
            machines.register(**{f"{name}Function": handler})
        self._machine: StateMachine = machines.load(MACHINE)

    def member(self, amount_minor: int, *, past_orders: int = 0) -> str:
        """Return a member with a mail address and a phone who bought something in March."""
        self.app.set_clock(NOW)
        who = {"email": "ada@example.com", "phone": "+4915112345678"}
        member_id: str = call("members", "POST", "/v1/members", who).body["member_id"]
        bought = order("O-1", amount_minor, occurred_at=NOW.isoformat(), customer=who)
        assert call("orders", "POST", "/v1/orders", bought).status == 201
        with OrderItem.batch_write() as batch:
            for number in range(past_orders):
                _remember(batch, member_id, f"P-{number}")
        self.app.set_clock(EVALUATED_AT)
        return member_id

    def evaluate(self, member_id: str) -> Evaluated:
        """Run the machine once, with warm functions."""
        composition.program_store().current(EVALUATED_AT)
        before = self._invocations()
        with counting_requests(with_capacity=True) as requests:
            run = self._machine.run({"member_id": member_id, "month": MONTH})
        assert run.status == "SUCCEEDED", run.cause
        return Evaluated(run.output, len(run.states), self._invocations() - before, requests)

    def _invocations(self) -> int:
        return sum(map(len, self._machines.lambdas.events.values()))


@contextmanager
def evaluation_cloud(directory: Path, **rules: object) -> Iterator[EvaluationCloud]:
    """Start a program with such rules."""
    with state_machines(start=EVALUATED_AT) as machines, moto_app(directory, NOW) as app:
        app.client("ses").verify_email_identity(EmailAddress="club@example.org")
        update = {"based_on_version": 0, "definition": rules}
        assert call("program", "PUT", "/v1/program", update, roles="admin").status == 201
        composition.reset()
        yield EvaluationCloud(app, machines)


def _remember(batch: BatchWrite[OrderItem], member_id: str, order_id: str) -> None:
    past = AcceptedOrder(
        key=OrderKey("pos", order_id),
        member_id=member_id,
        occurred_at=NOW,
        recorded_at=NOW,
        store_id=None,
        total=Money(1_000, "EUR"),
        lines=(),
        eligible_minor=1_000,
        points=1,
        releases_at=None,
        lot_expires_at=None,
        program_version=1,
        answer={},
    )
    batch.save(OrderItem.of(past))
