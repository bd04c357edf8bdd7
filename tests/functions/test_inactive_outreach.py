"""The tasks of the machine `inactive_outreach` as Lambda runs them, on mocked tables."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import elite_journey.mark_inactive
import inactive_outreach.plan_outreach
import inactive_outreach.send_outreach
import inactive_outreach.summarize_outreach
from loyalty.runtime import composition
from tests.support.elite_journey import journey_surroundings, sample, store_customer, stored
from tests.support.examples import NOW
from tests.support.moto_app import MotoApp, lambda_context


def run() -> dict[str, int]:
    """Do what the state machine does; return the run's result."""
    plan = inactive_outreach.plan_outreach.handler({"run_id": "weekly"}, lambda_context())
    shards = []
    for shard in plan["shards"]:
        counts: Counter[str] = Counter()
        more = True
        while more:
            page = inactive_outreach.send_outreach.handler(
                {"shard": shard, "until": plan["until"]}, lambda_context()
            )
            more = page.pop("more")
            counts.update(page)
        shards.append({"shard": shard, **counts})
    result: dict[str, int] = inactive_outreach.summarize_outreach.handler(
        {"run_id": "weekly", "until": plan["until"], "shards": shards}, lambda_context()
    )
    return result


def test_the_silent_are_written_to_once_in_a_period(app: MotoApp) -> None:
    store_customer(status="reminded")
    elite_journey.mark_inactive.handler(sample("lambda/member_task"), lambda_context())
    with journey_surroundings() as (sender, _):
        assert run() == {"sent": 0, "skipped": 0}
        app.set_clock(NOW + timedelta(days=28))
        assert run() == {"sent": 1, "skipped": 0}
        assert run() == {"sent": 0, "skipped": 0}
        app.set_clock(NOW + timedelta(days=56))
        assert run() == {"sent": 1, "skipped": 0}
    assert sender.message_ids() == {"outreach-1": 1, "outreach-2": 1}
    assert stored().outreach_sent == 2
    report = composition.report_store().get("outreach", "weekly")
    assert report is not None
    assert report["sent"] == 1


def test_a_failed_shard_is_no_hindrance_to_the_summary(app: MotoApp) -> None:
    event = sample("lambda/summarize_outreach")
    result = inactive_outreach.summarize_outreach.handler(event, lambda_context())
    assert result == {"sent": 4, "skipped": 1}


def test_an_empty_shard(app: MotoApp) -> None:
    event = sample("lambda/send_outreach")
    assert inactive_outreach.send_outreach.handler(event, lambda_context()) == {
        "sent": 0,
        "skipped": 0,
        "more": False,
    }
