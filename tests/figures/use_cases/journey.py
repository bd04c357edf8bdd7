"""The Elite journey, outreach, and messages to members."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, Final

from loyalty.contracts.facts import event_of
from loyalty.contracts.values import iso
from loyalty.domain.member import EliteStatus
from loyalty.runtime import composition
from loyalty.services.shards import due_shard
from tests.figures.use_cases.world import (
    Act,
    Section,
    World,
    after,
    again,
    get,
    given,
    post,
    request,
    step,
)
from tests.support.elite_journey import MEMBER_ID, sample, store_customer
from tests.support.examples import NOW

TASK: Final = {"member_id": MEMBER_ID}
AWAIT: Final = TASK | {"task_token": "token-1"}


def about(name: str, **data: Any) -> dict[str, Any]:
    """Return the sample event of that name, with other data."""
    event = sample(f"{name}.v1")
    event["detail"]["data"] |= data
    return event


def journey(name: str, status: EliteStatus = "prospect", **fields: Any) -> Act:
    """Return a step on a customer who has crossed the threshold and is in this status."""
    store_customer(status=status, **fields)
    return step(f"elite_journey.{name}", TASK)


def answer(method: str, path: str, status: EliteStatus = "invited") -> Act:
    """Return a request by a link in a mail."""
    store_customer(status=status)
    purpose = "unsubscribe" if "unsubscribe" in path else "invitation"
    token = composition.link_signer().sign(
        purpose, MEMBER_ID, issued_at=NOW, expires_at=NOW + timedelta(days=90)
    )
    ask = post if method == "POST" else get
    return ask("invitations", path.format(token=token))


def outreach(world: World, *, so_many: int) -> Act:
    """Return the work on a shard with so many silent customers."""
    for _ in range(so_many):
        journey("mark_inactive", "reminded")()
    until = NOW + timedelta(days=28)
    world.app.set_clock(until)
    task = {"shard": due_shard(MEMBER_ID), "until": iso(until)}
    return step("inactive_outreach.send_outreach", task)


def bounced() -> Act:
    store_customer(status="invited")
    event = sample("lambda/mail_bounced")
    event["detail"]["mail"]["tags"]["member_id"] = [MEMBER_ID]
    return step("elite_journey.record_feedback", event)


JOURNEY: Final[Section] = {
    "journey started": lambda world: after(
        lambda: store_customer(), step("elite_journey.start_journey", about("ThresholdCrossed"))
    ),
    "journey that was started before": lambda world: after(
        lambda: store_customer(),
        again(step("elite_journey.start_journey", about("ThresholdCrossed"))),
    ),
    "variant": lambda world: journey("assign_variant"),
    "invite": lambda world: journey("send_invite"),
    "reminder": lambda world: journey("send_reminder", "invited"),
    "offers curated": lambda world: journey("curate_offers", "active", joined_at=NOW),
    "welcome": lambda world: journey("send_welcome", "active", joined_at=NOW),
    "token kept, no answer yet": lambda world: after(
        lambda: store_customer(status="invited"), step("elite_journey.await_answer", AWAIT)
    ),
    "status": lambda world: journey("read_status"),
    "silence": lambda world: journey("mark_inactive", "reminded"),
    "page of the invitation": lambda world: answer("GET", "/v1/invitations/{token}"),
    "acceptance": lambda world: answer("POST", "/v1/invitations/{token}/accept"),
    "decline": lambda world: answer("POST", "/v1/invitations/{token}/decline"),
    "journey woken by the answer": lambda world: after(
        after(lambda: store_customer(status="active"), step("elite_journey.await_answer", AWAIT)),
        step("elite_journey.wake_journey", about("InviteAccepted", member_id=MEMBER_ID)),
    ),
    "page of unsubscribing": lambda world: answer("GET", "/v1/unsubscribe/{token}"),
    "unsubscribing": lambda world: answer("POST", "/v1/unsubscribe/{token}"),
    "mail that bounced": lambda world: bounced(),
    "outreach to a shard, nobody silent": lambda world: outreach(world, so_many=0),
    "outreach to a shard, one silent": lambda world: outreach(world, so_many=1),
    "outreach summarized": lambda world: step(
        "inactive_outreach.summarize_outreach", sample("lambda/summarize_outreach")
    ),
}


# ── Service messages ──────────────────────────────────────────────────────────────────────────────


def posted(world: World, adjustment_id: str = "A-1", points: int = 51) -> Act:
    """Return the news that Ada got points."""
    given(world.ada, adjustment_id, points)()
    [entry], _ = composition.member_store().entries(world.ada, limit=1)
    detail = event_of(entry, "event-1").model_dump(mode="json")
    event = {"source": "loyalty", "detail-type": "PointsPosted", "detail": detail}
    return step("messages.alert_points", event)


def due_messages(world: World, days: int = 1) -> Act:
    """Return the work on the shard with Ada's messages, so many days later."""
    world.later(days)
    message = {"shard": due_shard(world.ada), "until": iso(composition.clock().now())}
    record = {"messageId": "1", "body": json.dumps(message), "eventSource": "aws:sqs"}
    return step("messages.send_due_messages", {"Records": [record]})


def with_two_postings(world: World) -> Act:
    """Return the morning after a day with two postings, the second one of them untold."""
    posted(world)()
    posted(world, "A-2", 20)()
    return due_messages(world)


def with_statement(world: World) -> Act:
    """Return the morning in April when Ada's statement of March is due."""
    path = f"/v1/members/{world.ada}/preferences"
    request("members", "PUT", path, {"statement": True}, roles="service")()
    return due_messages(world, days=25)


def saving(world: World) -> Act:
    """Return the counting of what Ada saved by a voucher."""
    return step("messages.count_savings", about("VoucherRedeemed", member_id=world.ada))


def reminder_planned(world: World) -> Act:
    """Return the planning of a reminder, as the issue of a voucher brings it about."""
    event = about("VoucherIssued", member_id=world.ada, expires_at="2017-04-14T12:00:00Z")
    return step("messages.plan_voucher_reminder", event)


def with_reminder(world: World) -> Act:
    """Return the morning when Ada's voucher ends in a week."""
    reminder_planned(world)()
    return due_messages(world, days=24)


MESSAGES: Final[Section] = {
    "points SMS, day's first posting": lambda world: posted(world),
    "points SMS, day's second posting": lambda world: after(
        posted(world), posted(world, "A-2", 20)
    ),
    "day's plan of due shards, none": lambda world: step("schedules.plan_due_messages", {}),
    "due shard with no message": lambda world: due_messages(world),
    "due shard, a bundle of postings": with_two_postings,
    "due shard, a statement": with_statement,
    "due shard, a reminder of a voucher": with_reminder,
    "reminder of a voucher planned": reminder_planned,
    "saving by a voucher counted": saving,
    "saving counted before": lambda world: again(saving(world)),
}
