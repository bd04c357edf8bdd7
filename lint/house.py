"""What the template rules stand on: the template as CloudFormation will see it, and a base class.

cfn-lint checks a SAM template as it is written. Our rules are about what SAM makes of it: each
permission, each event source mapping, each rule target.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

Resources = Mapping[str, dict[str, Any]]

# The translator counts its own use and complains that nobody collects the counts.
logging.getLogger("samtranslator.metrics.metrics").setLevel(logging.ERROR)

# Some region, needed to translate; nothing is asked of it.
_REGION = "eu-central-1"
_LOCAL_PATHS = ("CodeUri", "ContentUri", "DefinitionUri")


def translate(template: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the plain CloudFormation resources of a SAM template, by logical id."""
    copy = json.loads(json.dumps(template))
    for resource in copy["Resources"].values():
        for name in _LOCAL_PATHS:
            if isinstance(resource.get("Properties", {}).get(name), str):
                resource["Properties"][name] = "s3://bucket/key"
    session = boto3.Session(region_name=_REGION)
    translated = Translator({}, Parser(), boto_session=session).translate(copy, {})
    resources: dict[str, dict[str, Any]] = translated["Resources"]
    return resources


def logical_id(value: object) -> str | None:
    """Return the resource that a `Ref` or `Fn::GetAtt` names; None for anything else."""
    if not isinstance(value, Mapping):
        return None
    if "Ref" in value:
        return str(value["Ref"])
    attribute = value.get("Fn::GetAtt")
    if isinstance(attribute, str):
        return attribute.split(".")[0]
    return str(attribute[0]) if attribute else None


def of_type(resources: Resources, *types: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield logical id and properties of the resources of some types."""
    for name, resource in resources.items():
        if resource["Type"] in types:
            yield name, resource.get("Properties", {})


def as_list(value: Any) -> list[Any]:
    """Return what may be written as one thing or as a list of it, as a list."""
    return value if isinstance(value, list) else [value]


class HouseRule(CloudFormationLintRule):  # type: ignore[misc]
    """A cfn-lint rule over the translated resources; subclasses yield what is wrong where."""

    description = "A rule of this house"
    source_url = "docs/operations.md"
    tags = ["house"]  # noqa: RUF012

    def violations(self, resources: Resources) -> Iterator[tuple[str, str]]:
        """Yield the logical id and the fault of each resource that breaks the rule."""
        raise NotImplementedError  # what a rule looks for is its own

    def match(self, cfn: Template) -> list[RuleMatch]:
        written = cfn.template["Resources"]
        merged = {"Resources": written, "Conditions": cfn.template.get("Conditions", {})}
        return [
            RuleMatch(["Resources", name] if name in written else ["Resources"], f"{name}: {fault}")
            for name, fault in self.violations(translate(merged))
        ]
