"""What runs must be seen, what is stored must be kept, what is named must be replaceable."""

from __future__ import annotations

from collections.abc import Iterator

from lint import house
from lint.house import Resources, logical_id, of_type

RESOURCE_LIMIT = 400  # CloudFormation's own is 500

# The property that names a resource; EventBus is missing, since it must have one.
PHYSICAL_NAMES = {
    "AWS::ApiGateway::RestApi": "Name",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SES::ConfigurationSet": "Name",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::Scheduler::Schedule": "Name",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}


class LogGroups(house.HouseRule):
    id = "E9021"
    shortdesc = "Every function logs into a log group of the template, which forgets"

    def violations(self, resources: Resources) -> Iterator[tuple[str, str]]:
        groups = dict(of_type(resources, "AWS::Logs::LogGroup"))
        for name, group in groups.items():
            if "RetentionInDays" not in group:
                yield name, "keeps its logs for ever"
        for name, function in of_type(resources, "AWS::Lambda::Function"):
            if logical_id(function.get("LoggingConfig", {}).get("LogGroup")) not in groups:
                yield name, "logs into no log group of the template"


class StateMachines(house.HouseRule):
    id = "E9022"
    shortdesc = "State machines log without data, and are traced"

    def violations(self, resources: Resources) -> Iterator[tuple[str, str]]:
        for name, machine in of_type(resources, "AWS::StepFunctions::StateMachine"):
            logging = machine.get("LoggingConfiguration", {})
            if logging.get("Level", "OFF") == "OFF" or not logging.get("Destinations"):
                yield name, "does not log"
            if logging.get("IncludeExecutionData"):
                yield name, "logs execution data"
            if machine.get("TracingConfiguration", {}).get("Enabled") is not True:
                yield name, "is not traced"


class Tables(house.HouseRule):
    id = "E9023"
    shortdesc = "Tables: on demand, encrypted, recoverable, and a decision what deletion does"

    def violations(self, resources: Resources) -> Iterator[tuple[str, str]]:
        for name, table in of_type(resources, "AWS::DynamoDB::Table"):
            if table.get("BillingMode") != "PAY_PER_REQUEST":
                yield name, "is not on demand"
            if table.get("SSESpecification", {}).get("SSEEnabled") is not True:
                yield name, "is not encrypted with a key of KMS"
            recovery = table.get("PointInTimeRecoverySpecification", {})
            if recovery.get("PointInTimeRecoveryEnabled") is not True:
                yield name, "has no point-in-time recovery"
            for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
                if policy not in resources[name]:
                    yield name, f"has no {policy}"


class PhysicalNames(house.HouseRule):
    id = "E9024"
    shortdesc = "No physical names: they block replacement and a second stack"

    def violations(self, resources: Resources) -> Iterator[tuple[str, str]]:
        for resource_type, name_property in PHYSICAL_NAMES.items():
            for name, properties in of_type(resources, resource_type):
                if name_property in properties:
                    yield name, f"has a physical name ({name_property})"


class ResourceCount(house.HouseRule):
    id = "E9025"
    shortdesc = "The transformed template stays well under CloudFormation's limit"

    def violations(self, resources: Resources) -> Iterator[tuple[str, str]]:
        if len(resources) >= RESOURCE_LIMIT:
            yield "Resources", f"{len(resources)} resources; move a context to a nested stack"
