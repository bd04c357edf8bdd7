"""Points that no order brings, their release and expiry."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Final

from loyalty.contracts.values import iso
from loyalty.services.shards import due_shard
from tests.figures.use_cases.world import Act, Section, World, after, again, get, given, post, step
from tests.support.examples import NOW


def moved(world: World) -> Act:
    body = {"transfer_id": "T-1", "to_member_id": world.bob, "points": 400}
    return post("points", f"/v1/members/{world.ada}/transfers", body, roles="service")


def acted(world: World) -> Act:
    body = {"action_id": "review-1", "action": "review", "occurred_at": iso(NOW)}
    return post("points", f"/v1/members/{world.ada}/actions", body, roles="crm")


def due(world: World, kind: str, at: datetime) -> Act:
    """Return the work on the shard with Ada's points, at a time when they are due."""
    world.app.set_clock(at)
    message = {"kind": kind, "shard": due_shard(world.ada), "until": iso(at)}
    record = {"messageId": "1", "body": json.dumps(message), "eventSource": "aws:sqs"}
    return step("queues.due_points", {"Records": [record]})


def merge(world: World) -> Act:
    """Return the merging of Bob into Ada."""
    body = {"merge_id": "M-1", "other_member_id": world.bob}
    return post("merges", f"/v1/members/{world.ada}/merges", body, roles="service")


def undo(world: World) -> Act:
    path = f"/v1/members/{world.ada}/merges/M-1/undo"
    return after(merge(world), post("merges", path, roles="service"))


POINTS: Final[Section] = {
    "adjustment": lambda world: given(world.ada, "A-1", 100),
    "adjustment that takes points of two lots": lambda world: given(world.ada, "A-1", -400),
    "adjustment that came before": lambda world: again(given(world.ada, "A-1", 100)),
    "adjustment that needs another person": lambda world: given(world.ada, "A-1", 5_000),
    "transfer of points of two lots": moved,
    "transfer that came before": lambda world: again(moved(world)),
    "rewarded action": acted,
    "rewarded action that came before": lambda world: again(acted(world)),
    "day's plan of due shards, none": lambda world: step("schedules.plan_due_points", {}),
    "due shard with nothing due": lambda world: due(world, "release", NOW),
    "due shard, a member's points released": lambda world: due(
        world, "release", NOW + timedelta(days=15)
    ),
    "due shard, a member's lot expired": lambda world: due(
        world, "expiry", datetime(2018, 2, 2, tzinfo=NOW.tzinfo)
    ),
}

MERGES: Final[Section] = {
    "merge of two members": merge,
    "merge that came before": lambda world: again(merge(world)),
    "merge undone": undo,
    "undo that came before": lambda world: again(undo(world)),
    "profile of a member who was merged": lambda world: after(
        merge(world), get("members", f"/v1/members/{world.bob}")
    ),
}
