"""Nothing that travels asynchronously may be lost in silence."""

from __future__ import annotations

from collections.abc import Iterator

from lint import house
from lint.house import Resources, logical_id, of_type

# DynamoDB keeps a stream's records for a day.
STREAM_SECONDS = 86_400


class EventSourceMappings(house.HouseRule):
    id = "E9001"
    shortdesc = "Event sources: partial failures, an end of retries, a place for what failed"

    def violations(self, resources: Resources) -> Iterator[tuple[str, str]]:
        for name, mapping in of_type(resources, "AWS::Lambda::EventSourceMapping"):
            if "ReportBatchItemFailures" not in mapping.get("FunctionResponseTypes", []):
                yield name, "reports no partial batch failures"
            if "StartingPosition" in mapping:
                yield from self._stream(name, mapping)
            else:
                queue = resources.get(logical_id(mapping.get("EventSourceArn")) or "", {})
                if "RedrivePolicy" not in queue.get("Properties", {}):
                    yield name, "its queue has no dead-letter queue"

    def _stream(self, name: str, mapping: dict[str, object]) -> Iterator[tuple[str, str]]:
        destination = mapping.get("DestinationConfig")
        if not isinstance(destination, dict) or "OnFailure" not in destination:
            yield name, "has no place for records that failed"
        if mapping.get("MaximumRetryAttempts", -1) == -1:
            yield name, "one poisoned record blocks it for a day: set MaximumRetryAttempts"
        age = mapping.get("MaximumRecordAgeInSeconds", -1)
        if not isinstance(age, int) or not 0 < age < STREAM_SECONDS:
            yield name, "drops records unseen: set MaximumRecordAgeInSeconds to less than a day"
        if mapping.get("BisectBatchOnFunctionError") is not True:
            yield name, "does not bisect a failing batch"


class Targets(house.HouseRule):
    id = "E9002"
    shortdesc = "Targets of rules and schedules: retries and a dead-letter queue"

    def violations(self, resources: Resources) -> Iterator[tuple[str, str]]:
        for name, rule in of_type(resources, "AWS::Events::Rule"):
            for target in rule.get("Targets", []):
                yield from self._target(name, target)
        for name, schedule in of_type(resources, "AWS::Scheduler::Schedule"):
            yield from self._target(name, schedule.get("Target", {}))

    def _target(self, name: str, target: dict[str, object]) -> Iterator[tuple[str, str]]:
        for needed in ("RetryPolicy", "DeadLetterConfig"):
            if needed not in target:
                yield name, f"has a target without {needed}"


class AsynchronousInvocations(house.HouseRule):
    id = "E9003"
    shortdesc = "Functions that are invoked asynchronously: retries and a destination on failure"

    def violations(self, resources: Resources) -> Iterator[tuple[str, str]]:
        configured = {
            logical_id(config.get("FunctionName"))
            for _, config in of_type(resources, "AWS::Lambda::EventInvokeConfig")
            if "MaximumRetryAttempts" in config
            and "OnFailure" in config.get("DestinationConfig", {})
        }
        functions = {name for name, _ in of_type(resources, "AWS::Lambda::Function")}
        for name in sorted((functions & set(self._targets(resources))) - configured):
            yield name, "is invoked asynchronously without retries and OnFailure"

    def _targets(self, resources: Resources) -> Iterator[str]:
        for _, rule in of_type(resources, "AWS::Events::Rule"):
            yield from (logical_id(target["Arn"]) or "" for target in rule.get("Targets", []))
        for _, schedule in of_type(resources, "AWS::Scheduler::Schedule"):
            yield logical_id(schedule["Target"]["Arn"]) or ""


class DeadLetterQueues(house.HouseRule):
    id = "E9004"
    shortdesc = "A queue has a dead-letter queue or is one, and then an alarm"

    def violations(self, resources: Resources) -> Iterator[tuple[str, str]]:
        watched = {
            logical_id(dimension["Value"])
            for _, alarm in of_type(resources, "AWS::CloudWatch::Alarm")
            for dimension in alarm.get("Dimensions", [])
            if alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible"
            and alarm.get("AlarmActions")
        }
        for name, queue in of_type(resources, "AWS::SQS::Queue"):
            if "RedrivePolicy" in queue:
                continue
            if not name.endswith("Dlq"):
                yield name, "has no RedrivePolicy and is no dead-letter queue by its name"
            elif name not in watched:
                yield name, "is a dead-letter queue without an alarm on its messages"
