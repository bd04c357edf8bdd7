"""Which addresses belong to whom messages are asked for."""

from __future__ import annotations

import json

from local.client import RefusedError
from local.deploy import Cloud, describe
from local.workspace import STACK_NAME, Workspace

_MEMBERS_TABLE = "MembersTable"


def addresses_of(workspace: Workspace, recipient: str) -> set[str]:
    """Addresses of a member by id; an e-mail address or a phone number stands for itself.

    The API tells nobody a member's addresses, so they are read from the profile's item.

    Raises
    ------
    RefusedError
        There is no such member.
    """
    if "@" in recipient or recipient.startswith("+"):
        return {recipient.casefold()}
    cloud = Cloud(workspace.url)
    deployment = describe(cloud, STACK_NAME)
    tables = deployment.of_type("AWS::DynamoDB::Table") if deployment else []
    names = [table.physical_id for table in tables if table.logical_id == _MEMBERS_TABLE]
    for name in names:
        key = {"pk": {"S": f"MEMBER#{recipient}"}, "sk": {"S": "PROFILE"}}
        profile = cloud.client("dynamodb").get_item(TableName=name, Key=key).get("Item")
        if profile:
            identities = json.loads(profile["identities"]["S"])
            return {identity["value"].casefold() for identity in identities}
    raise RefusedError(f"there is no member {recipient}")
