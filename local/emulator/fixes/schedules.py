"""Schedules and scheduled rules fire on the program clock, each occurrence, in their time zone.

Raw MiniStack looks every ten seconds of the wall clock whether a schedule is due, evaluates cron
expressions in UTC only, drops the time zone, start and end of a deployed schedule, and does not
fill in ``<aws.scheduler.*>`` in a target's input. AWS fires each occurrence in the schedule's time
zone (once when clocks go back, not at all in the hour that is left out). Flexible time windows are
ignored here: occurrences come at their time. A rate counts from the schedule's start, or else from
its creation.
"""

from __future__ import annotations

import contextvars
import json
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from aws_croniter import AwsCroniter
from ministack.core.arn import parse_arn
from ministack.core.responses import set_request_account_id, set_request_region
from ministack.services import eventbridge, scheduler
from ministack.services.cloudformation import provisioners

from local.clock import Source, program_clock
from local.emulator.snapshots import changes, register_snapshot

logger = logging.getLogger("schedules")

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_AT = re.compile(r"at\((.+)\)")
_CRON = re.compile(r"cron\((.+)\)")
_UNIT_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
_CREATED_FIELDS = (
    "ScheduleExpressionTimezone",
    "StartDate",
    "EndDate",
    "ActionAfterCompletion",
)

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """When a schedule fires next; ``due`` is None when it never does again."""

    expression: str
    anchor: float
    due: float | None


_plans: dict[str, Plan] = {}


def apply() -> None:
    scheduler.start_scheduler = _do_not_start
    eventbridge.start_scheduler = _do_not_start
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Scheduler::Schedule"]
    handlers["create"] = _with_all_fields(handlers["create"], properties_index=1)
    handlers["update"] = _with_all_fields(handlers["update"], properties_index=2)
    clock = program_clock()
    clock.add_source("schedules", Source(_next_due, _fire))
    clock.on_jump(_plan_anew)
    register_snapshot("schedules", get_state, restore)


def get_state() -> dict[str, Any]:
    """Return what is planned for a snapshot."""
    return {arn: asdict(plan) for arn, plan in list(_plans.items())}


def restore(state: dict[str, Any]) -> None:
    """Go on from a snapshot: what came due since then fires late, but fires."""
    _plans.update({arn: Plan(**saved) for arn, saved in state.items()})


def next_occurrence(
    expression: str, after: float, zone: str = "UTC", anchor: float = 0.0
) -> float | None:
    """Return the first time after ``after`` (epoch seconds) that an AWS schedule expression means.

    Raises
    ------
    ValueError
        If the expression is none that AWS knows.
    """
    if rate := _RATE.fullmatch(expression):
        step = int(rate[1]) * _UNIT_SECONDS[rate[2]]
        return anchor + (max(0, (after - anchor) // step) + 1) * step
    if at := _AT.fullmatch(expression):
        moment = datetime.fromisoformat(at[1]).replace(tzinfo=ZoneInfo(zone)).timestamp()
        return moment if moment > after else None
    if cron := _CRON.fullmatch(expression):
        return _next_cron(cron[1], after, ZoneInfo(zone))
    raise ValueError(f"not a schedule expression: {expression}")


def _next_cron(fields: str, after: float, zone: ZoneInfo) -> float | None:
    # The library knows UTC only, so it searches local wall-clock times as if they were UTC.
    cron = AwsCroniter(" ".join(fields.split()))
    local = datetime.fromtimestamp(after, zone).replace(tzinfo=UTC)
    while (local := cron.occurrence(local).next()) is not None:
        moment = local.replace(tzinfo=zone, fold=0).timestamp()
        is_real = datetime.fromtimestamp(moment, zone).replace(tzinfo=UTC) == local
        if is_real and moment > after:
            return float(moment)
    return None


def _do_not_start() -> None:
    """Take the place of MiniStack's own tickers."""


def _with_all_fields(provision: Callable[..., Any], properties_index: int) -> Callable[..., Any]:
    """CloudFormation hands MiniStack's Scheduler only some of a schedule's properties."""

    def provisioned(*args: Any) -> Any:
        answer = provision(*args)
        properties = args[properties_index]
        key = f"{properties.get('GroupName', 'default')}/{answer[0]}"
        for name in _CREATED_FIELDS:
            if name in properties:
                scheduler._schedules[key][name] = properties[name]
        return answer

    return provisioned


def _enabled() -> Iterator[tuple[Record, Callable[[Record, float], None]]]:
    for record in list(scheduler._schedules._data.values()):
        if record.get("State") == "ENABLED":
            yield record, _fire_schedule
    for record in list(eventbridge._rules._data.values()):
        if record.get("State") == "ENABLED" and record.get("ScheduleExpression"):
            yield record, _fire_rule


def _plan_anew(_now: float) -> None:
    _plans.clear()


def _plan(record: Record) -> Plan:
    plan = _plans.get(record["Arn"])
    expression = record["ScheduleExpression"]
    if plan is None or plan.expression != expression:
        now = program_clock().now()
        # An occurrence at the very moment of creation belongs to the schedule.
        plan = _plan_after(record, now - 0.001, _moment(record.get("StartDate")) or now)
        _plans[record["Arn"]] = plan
    return plan


def _plan_after(record: Record, after: float, anchor: float) -> Plan:
    expression = record["ScheduleExpression"]
    zone = record.get("ScheduleExpressionTimezone") or "UTC"
    start, end = _moment(record.get("StartDate")), _moment(record.get("EndDate"))
    try:
        due = next_occurrence(expression, max(after, start or after), zone, anchor)
    except ValueError:
        logger.exception("%s never fires", record["Arn"])
        due = None
    if due is not None and end is not None and due > end:
        due = None
    return Plan(expression, anchor, due)


def _moment(value: Any) -> float | None:
    if value is None or isinstance(value, int | float):
        return value
    return datetime.fromisoformat(str(value)).timestamp()


def _next_due() -> float | None:
    dues = (_plan(record).due for record, _ in _enabled())
    return min((due for due in dues if due is not None), default=None)


def _fire(now: float) -> None:
    """Fire one occurrence, the earliest; of equal ones the first by name."""
    planned = [(_plan(record), record, fire) for record, fire in _enabled()]
    due = [(plan.due, record["Arn"], record, fire) for plan, record, fire in planned if plan.due]
    if not due:
        return
    moment, arn, record, fire = min(due, key=lambda entry: entry[:2])
    if moment > now:
        return
    _plans[arn] = _plan_after(record, moment, _plans[arn].anchor)
    logger.info("%s fires for %s", arn, _stamp(moment))
    changes.mark()
    contextvars.copy_context().run(_fire_in_scope, fire, record, moment)
    if _plans[arn].due is None and record.get("ActionAfterCompletion") == "DELETE":
        _delete(arn)


def _fire_in_scope(fire: Callable[[Record, float], None], record: Record, moment: float) -> None:
    arn = parse_arn(record["Arn"])
    set_request_account_id(arn.account_id)
    set_request_region(arn.region)
    fire(record, moment)


def _delete(arn: str) -> None:
    for key, record in list(scheduler._schedules._data.items()):
        if record["Arn"] == arn:
            del scheduler._schedules._data[key]
    _plans.pop(arn, None)


def _fire_schedule(record: Record, moment: float) -> None:
    target = record["Target"]
    arn = parse_arn(target["Arn"])
    payload = _filled(target.get("Input"), record["Arn"], moment)
    if arn.service == "lambda":
        eventbridge._dispatch_to_lambda(target["Arn"], payload)
    elif arn.service == "sqs":
        eventbridge._dispatch_to_sqs(arn, payload, target.get("SqsParameters"))
    elif arn.service == "states":
        eventbridge._dispatch_to_stepfunctions(target["Arn"], payload)
    else:
        logger.error("%s: a target such as %s is not supported", record["Arn"], target["Arn"])


def _filled(template: str | None, arn: str, moment: float) -> str:
    if not template:
        return json.dumps(_default_input(arn, moment))
    words = {
        "<aws.scheduler.schedule-arn>": arn,
        "<aws.scheduler.scheduled-time>": _stamp(moment),
        "<aws.scheduler.execution-id>": str(uuid4()),
        "<aws.scheduler.attempt-number>": "1",
    }
    for word, value in words.items():
        template = template.replace(word, value)
    return template


def _default_input(arn: str, moment: float) -> Record:
    spec = parse_arn(arn)
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": spec.account_id,
        "time": _stamp(moment),
        "region": spec.region,
        "resources": [arn],
        "detail": "{}",
    }


def _fire_rule(rule: Record, moment: float) -> None:
    key = eventbridge._rule_key(rule["Name"], rule.get("EventBusName", "default"))
    spec = parse_arn(rule["Arn"])
    event = {
        "EventId": str(uuid4()),
        "Source": "aws.events",
        "DetailType": "Scheduled Event",
        "Detail": "{}",
        "EventBusName": rule.get("EventBusName", "default"),
        "Time": int(moment),
        "Resources": [rule["Arn"]],
        "Account": spec.account_id,
        "Region": spec.region,
    }
    for target in eventbridge._targets.get(key, []):
        eventbridge._invoke_target(target, event, rule)


def _stamp(moment: float) -> str:
    return (datetime.fromtimestamp(0, UTC) + timedelta(seconds=moment)).strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )
