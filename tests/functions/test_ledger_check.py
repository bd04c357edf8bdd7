"""The check of the ledger over the live table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import ledger_check.check_shard
import ledger_check.plan_ledger_check
import ledger_check.summarize_ledger_check
from loyalty.domain.identity import CustomerRef, identities
from loyalty.runtime import composition
from loyalty.services.accept_order import accept_order
from loyalty.services.enrol_member import enrol_member
from loyalty.services.ports import MemberChange
from tests.support.examples import an_order
from tests.support.moto_app import MotoApp, lambda_context


def sell(card: str) -> str:
    customer = CustomerRef(None, identities(card=card))
    enrol_member(customer, **composition.enrolment_ports())
    outcome = accept_order(an_order(card), customer, **composition.order_ports())
    return str(outcome.answer["member_id"])


def run_check() -> dict[str, Any]:
    """Do what the state machine does."""
    plan = ledger_check.plan_ledger_check.handler({"check_id": "c-1"}, lambda_context())
    for shard in plan["shards"]:
        task = {"check_id": plan["check_id"], "shard": shard}
        ledger_check.check_shard.handler(task, lambda_context())
    return ledger_check.summarize_ledger_check.handler({"check_id": "c-1"}, lambda_context())


def test_the_books_balance(app: MotoApp) -> None:
    for card in ("1", "2", "3"):
        sell(card)
    report = run_check()
    assert report["balanced"]
    assert (report["members"], report["entries"], report["violations"]) == (3, 3, [])
    assert sum(report["accounts"].values()) == 0


def test_points_out_of_nowhere_are_found(app: MotoApp) -> None:
    member_id = sell("1")
    store = composition.member_store()
    member = store.member(member_id)
    assert member is not None
    (pending,) = member.account.pending
    richer = replace(member.account, pending=(replace(pending, points=pending.points + 1),))
    store.commit(
        MemberChange(replace(member, version=member.version + 1, account=richer), member.version)
    )
    report = run_check()
    assert not report["balanced"]
    assert {violation["member_id"] for violation in report["violations"]} == {member_id}
