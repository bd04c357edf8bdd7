"""The application's tables as template.yaml defines them, created anywhere that speaks DynamoDB."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
_CREATED_AS_THEY_ARE = (
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "LocalSecondaryIndexes",
)


@cache
def table_definitions() -> Mapping[str, Mapping[str, Any]]:
    """The properties of every DynamoDB table of the template, by logical id."""
    resources = yaml_parse(TEMPLATE.read_text())["Resources"]
    return {
        logical_id: resource["Properties"]
        for logical_id, resource in resources.items()
        if resource["Type"] == "AWS::DynamoDB::Table"
    }


def create_tables(client: Any, *, prefix: str = "", only: str | None = None) -> dict[str, str]:
    """Create the template's tables, with indexes, streams and time to live.

    Parameters
    ----------
    client
        A boto3 DynamoDB client, of moto or with MiniStack's ``endpoint_url``.
    prefix
        Put before the logical id to give the table's name, for several sets in one place.
    only
        The logical id of the one table to create; all when left out.

    Returns
    -------
    dict
        Names by environment variable: ``{"MEMBERS_TABLE": "MembersTable", …}``.
    """
    names = {}
    for logical_id, properties in table_definitions().items():
        if only in (None, logical_id):
            name = prefix + logical_id
            _create(client, name, properties)
            names[_environment_variable(logical_id)] = name
    return names


def _create(client: Any, name: str, properties: Mapping[str, Any]) -> None:
    request = {key: properties[key] for key in _CREATED_AS_THEY_ARE if key in properties}
    if "StreamSpecification" in properties:
        # CloudFormation leaves out what the API wants to be told.
        request["StreamSpecification"] = {"StreamEnabled": True} | properties["StreamSpecification"]
    client.create_table(TableName=name, **request)
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    if "TimeToLiveSpecification" in properties:
        client.update_time_to_live(
            TableName=name, TimeToLiveSpecification=dict(properties["TimeToLiveSpecification"])
        )


def _environment_variable(logical_id: str) -> str:
    """``MembersTable`` → ``MEMBERS_TABLE``."""
    words = "".join(f"_{letter}" if letter.isupper() else letter for letter in logical_id)
    return words.removeprefix("_").upper()
