"""The program itself, jobs over all members, totals and reports."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from loyalty.runtime import composition
from loyalty.services.ports import ENROLLED_SHARDS, MEMBER_SHARDS, REFRESH_SHARDS, MemberChange
from loyalty.services.shards import enrolled_shard, member_shard
from tests.figures.use_cases.journey import due_messages
from tests.figures.use_cases.world import (
    RULES,
    Act,
    Json,
    Section,
    World,
    after,
    again,
    an_order,
    get,
    post,
    request,
    step,
)
from tests.functions.test_publish_events import stream_of
from tests.functions.test_reports import count

SAVED: Final[Json] = {"based_on_version": 1, "definition": RULES}
KEY: Final = "orders/may.jsonl"
IMPORT: Final[Json] = {"import_id": "i-may", "key": KEY, "historic": False}
CHECK: Final[Json] = {"check_id": "check-1"}
REVIEW: Final[Json] = {"review_id": "review-1", "month": "2017-03"}
REFRESH: Final[Json] = {"refresh_id": "refresh-1"}
CYCLE: Final[Json] = {"cycle_id": "2017-03-cycle-1", "month": "2017-03"}
APRIL_3: Final = datetime(2017, 4, 3, 3, tzinfo=UTC)

PROGRAM: Final[Section] = {
    "program": lambda world: get("program", "/v1/program", roles="admin"),
    "version of the program": lambda world: get("program", "/v1/program/versions/1", roles="admin"),
    "program validated": lambda world: post(
        "program", "/v1/program/validate", SAVED, roles="admin"
    ),
    "program saved": lambda world: request("program", "PUT", "/v1/program", SAVED, roles="admin"),
}


# ── Import of a file with ten orders ──────────────────────────────────────────────────────────────


def planned(world: World) -> Json:
    """Upload a file of ten orders by ten customers and cut it; return the one chunk's task."""
    orders = (an_order(f"F-{number}", {"card": f"card-{number}"}) for number in range(10))
    lines = (json.dumps({"type": "OrderFulfilled", "data": data}) for data in orders)
    world.app.client("s3").put_object(
        Bucket=world.app.bucket, Key=KEY, Body="\n".join(lines).encode()
    )
    step("order_import.plan_import", IMPORT)()
    manifest = world.app.client("s3").get_object(
        Bucket=world.app.bucket, Key="imports/i-may/manifest.json"
    )
    chunk: Json
    [chunk] = json.loads(manifest["Body"].read())
    return IMPORT | chunk


def arrived(world: World) -> Act:
    bucket = {"name": world.app.bucket}
    place = {"bucket": bucket, "object": {"key": KEY, "etag": "0123456789abcdef"}}
    return step("order_import.start_import", {"detail-type": "Object Created", "detail": place})


def imported(world: World) -> None:
    step("order_import.import_chunk", planned(world))()


def summarize() -> Act:
    return step("order_import.summarize_import", {"import_id": "i-may", "failed_chunks": []})


IMPORTS: Final[Section] = {
    "place to upload to": lambda world: post(
        "imports", "/v1/imports", {"format": "jsonl"}, roles="erp"
    ),
    "import started": arrived,
    "import planned": lambda world: after(
        lambda: planned(world), step("order_import.plan_import", IMPORT)
    ),
    "chunk of ten orders": lambda world: step("order_import.import_chunk", planned(world)),
    "import summarized": lambda world: after(lambda: imported(world), summarize()),
    "progress of an import": lambda world: after(
        lambda: imported(world), get("imports", "/v1/imports/i-may", roles="erp")
    ),
}


# ── Jobs over all members, by shard ───────────────────────────────────────────────────────────────


def check_shard(member_id: str) -> Act:
    return step("ledger_check.check_shard", CHECK | {"shard": member_shard(member_id)})


def empty_shard(world: World) -> int:
    taken = {member_shard(world.ada), member_shard(world.bob)}
    return min(set(range(MEMBER_SHARDS)) - taken)


def shard_without_members(world: World) -> int:
    taken = {enrolled_shard(world.ada), enrolled_shard(world.bob)}
    return min(set(range(ENROLLED_SHARDS)) - taken)


def lower_threshold(world: World) -> None:
    """Save a version in which Ada is past the Elite threshold, and let it take effect."""
    arms = [
        {
            "name": "standard",
            "weight": 100,
            "hold_out": False,
            "threshold_minor": 5_000,
            "invite_window_days": 14,
            "reminder_window_days": 14,
            "texts": "standard",
        }
    ]
    saved = {"based_on_version": 1, "definition": RULES | {"variants": arms}}
    request("program", "PUT", "/v1/program", saved, roles="admin")()
    composition.program_store.cache_clear()
    world.later(days=1)


def done_by_all(name: str, one: Act, shards: int = MEMBER_SHARDS) -> None:
    """Let every shard report what one of them does."""
    one()
    reports = composition.report_store()
    [part] = reports.parts(name)
    for shard in range(shards):
        reports.put(name, f"shard-{shard:03}", {**part, "shard": shard})


def summarize_sweep(world: World) -> Act:
    lower_threshold(world)
    shard = sweep("sweep_shard", shard=empty_shard(world))
    done_by_all("threshold_sweep-sweep-1", shard)
    return sweep("summarize_threshold_sweep", program_version=2)


def summarize_check(world: World) -> Act:
    done_by_all("ledger_check-check-1", check_shard(world.ada))
    return step("ledger_check.summarize_ledger_check", CHECK)


def sweep(name: str, **more: object) -> Act:
    return step(f"threshold_sweep.{name}", {"sweep_id": "sweep-1"} | more)


def without_uses(world: World) -> None:
    """Let Ada be active since January; it is the second of April."""
    store = composition.member_store()
    ada = store.member(world.ada)
    assert ada is not None
    active = replace(ada, version=ada.version + 1, status="active", status_since=ada.joined_at)
    store.commit(MemberChange(active, expected_version=ada.version))
    world.later(days=18)


def review(name: str, **more: object) -> Act:
    return step(f"engagement_review.{name}", REVIEW | more)


def refresh(name: str, member_id: str) -> Act:
    return step(
        f"offer_refresh.{name}", REFRESH | {"shard": member_shard(member_id) % REFRESH_SHARDS}
    )


def export_all() -> None:
    for shard in range(REFRESH_SHARDS):
        step("offer_refresh.export_tastes", REFRESH | {"shard": shard})()


def summarize_refresh(world: World) -> Act:
    done_by_all(
        "offer_refresh-refresh-1", refresh("refresh_offers", world.ada), shards=REFRESH_SHARDS
    )
    return step("offer_refresh.summarize_offer_refresh", REFRESH)


def summarize_review(world: World) -> Act:
    empty = review("review_shard", shard=shard_without_members(world))
    done_by_all("engagement_review-review-1", empty, shards=ENROLLED_SHARDS)
    return review("summarize_engagement_review")


def review_done(world: World) -> Act:
    """Return the look at a review that has ended."""
    summarize_review(world)()
    world.later(days=18)
    review("plan_engagement_review")()
    return get("cycles", "/v1/reports/engagement-reviews/review-1", roles="admin")


def win_back_due(world: World) -> Act:
    """Return the work on the shard with Ada's message, after a month without a use."""
    without_uses(world)
    review("review_shard", shard=enrolled_shard(world.ada))()
    return due_messages(world, days=18)


JOBS: Final[Section] = {
    "review of engagement started": lambda world: after(
        lambda: world.later(days=18),
        post("cycles", "/v1/reports/engagement-reviews", {"month": "2017-03"}, roles="admin"),
    ),
    "progress of a review": review_done,
    "review planned": lambda world: after(
        lambda: world.later(days=18), review("plan_engagement_review")
    ),
    "review of a shard without members": lambda world: review(
        "review_shard", shard=shard_without_members(world)
    ),
    "review of a shard, one member lapses": lambda world: after(
        lambda: without_uses(world), review("review_shard", shard=enrolled_shard(world.ada))
    ),
    "review summarized": summarize_review,
    "refresh of offers started": lambda world: post(
        "offers", "/v1/offers/refreshes", roles="marketer"
    ),
    "tastes of a shard exported": lambda world: refresh("export_tastes", world.ada),
    "statistics counted": lambda world: after(
        export_all, step("offer_refresh.count_co_purchases", REFRESH)
    ),
    "offers of a shard refreshed": lambda world: after(
        lambda: without_uses(world), refresh("refresh_offers", world.ada)
    ),
    "refresh of offers summarized": summarize_refresh,
    "due shard, a win-back message": win_back_due,
    "ledger check started": lambda world: post(
        "reports", "/v1/reports/ledger/checks", roles="admin"
    ),
    "ledger check of a shard without members": lambda world: step(
        "ledger_check.check_shard", CHECK | {"shard": empty_shard(world)}
    ),
    "ledger check of a shard with one member": lambda world: check_shard(world.ada),
    "ledger check summarized": summarize_check,
    "last ledger check": lambda world: get("reports", "/v1/reports/ledger", roles="finance"),
    "sweep planned, threshold as before": lambda world: after(
        lambda: world.later(days=1), sweep("plan_threshold_sweep")
    ),
    "sweep planned, threshold lower": lambda world: after(
        lambda: lower_threshold(world), sweep("plan_threshold_sweep")
    ),
    "sweep of a shard without members": lambda world: after(
        lambda: lower_threshold(world), sweep("sweep_shard", shard=empty_shard(world))
    ),
    "sweep of a shard, one member crosses": lambda world: after(
        lambda: lower_threshold(world), sweep("sweep_shard", shard=member_shard(world.ada))
    ),
    "sweep summarized": summarize_sweep,
}


# ── Totals, cycle and reports ─────────────────────────────────────────────────────────────────────


def count_an_order(world: World) -> Act:
    """Return the counting of what one order of a member wrote."""
    before = world.app.items(world.app.members_table)
    post("orders", "/v1/orders", an_order("O-1", {"member_id": world.ada}))()
    facts = {"order", "entry", "status_change"}
    new = [
        item
        for item in world.app.items(world.app.members_table)
        if item not in before and item["item_type"]["S"] in facts
    ]
    return step("streams.count_totals", stream_of(new))


def in_april(world: World, act: Act) -> Act:
    """Return an act of the third of April, when March has been counted."""
    count(world.app)
    world.app.set_clock(APRIL_3)
    return act


def evaluated(world: World) -> Act:
    """Return the collecting of what a map found out about one member."""
    s3, bucket = world.app.client("s3"), world.app.bucket
    result = {"Output": json.dumps({"upgraded_to": None})}
    files = {"SUCCEEDED": [{"Key": "map/0.jsonl"}], "FAILED": [], "PENDING": []}
    s3.put_object(Bucket=bucket, Key="map/0.jsonl", Body=json.dumps(result))
    s3.put_object(Bucket=bucket, Key="map/m.json", Body=json.dumps({"ResultFiles": files}))
    return step("program_cycle.collect_results", CYCLE | {"manifest_key": "map/m.json"})


def reported(world: World, act: Act) -> Act:
    """Return an act of the third of April, when March has its reports."""
    in_april(world, step("program_cycle.write_health_report", CYCLE))()
    step("program_cycle.write_roi_report", CYCLE)()
    return act


def read(what: str) -> Act:
    return get("reports", f"/v1/reports/{what}", query={"month": "2017-03"}, roles="finance")


REPORTS: Final[Section] = {
    "order counted": count_an_order,
    "order counted before": lambda world: again(count_an_order(world)),
    "cycle started": lambda world: in_april(
        world, post("cycles", "/v1/reports/cycles", {"month": "2017-03"}, roles="admin")
    ),
    "cycle planned": lambda world: in_april(world, step("program_cycle.plan_cycle", CYCLE)),
    "cycle's results collected": evaluated,
    "cycle closed": lambda world: step("program_cycle.close_cycle", CYCLE | {"state": "done"}),
    "progress of a cycle": lambda world: after(
        step("program_cycle.close_cycle", CYCLE | {"state": "done"}),
        get("cycles", f"/v1/reports/cycles/{CYCLE['cycle_id']}", roles="admin"),
    ),
    "health report written": lambda world: in_april(
        world, step("program_cycle.write_health_report", CYCLE)
    ),
    "health report, nothing changed": lambda world: reported(
        world, step("program_cycle.write_health_report", CYCLE)
    ),
    "return report written": lambda world: in_april(
        world, step("program_cycle.write_roi_report", CYCLE)
    ),
    "return report, nothing changed": lambda world: reported(
        world, step("program_cycle.write_roi_report", CYCLE)
    ),
    "reports refreshed, nothing changed": lambda world: reported(
        world, step("schedules.refresh_reports", {})
    ),
    "health report": lambda world: reported(world, read("health")),
    "return report": lambda world: reported(world, read("roi")),
    "funnel of a month": lambda world: in_april(
        world,
        get(
            "reports",
            "/v1/reports/funnel",
            query={"from": "2017-03", "to": "2017-03"},
            roles="finance",
        ),
    ),
    "month locked": lambda world: reported(
        world, post("reports", "/v1/reports/months/2017-03/lock", roles="finance")
    ),
}
