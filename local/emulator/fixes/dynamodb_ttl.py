"""Time to live as the template says.

Raw MiniStack ignores ``TimeToLiveSpecification`` when CloudFormation creates or updates a
table, so nothing ever expires. AWS switches it on with the table.
"""

from __future__ import annotations

from typing import Any

from ministack.services import dynamodb
from ministack.services.cloudformation import provisioners

_TABLE = "AWS::DynamoDB::Table"


def _set_time_to_live(table_name: str, properties: dict[str, Any]) -> None:
    specification = properties.get("TimeToLiveSpecification")
    if not specification:
        return
    # Values that came through parameters or YAML are strings.
    enabled = str(specification["Enabled"]).lower() == "true"
    status, _, body = dynamodb._update_ttl(
        {
            "TableName": table_name,
            "TimeToLiveSpecification": {
                "AttributeName": specification["AttributeName"],
                "Enabled": enabled,
            },
        }
    )
    if status >= 400:
        raise ValueError(f"{_TABLE} {table_name}: {body!r}")


def apply() -> None:
    handlers = provisioners._RESOURCE_HANDLERS[_TABLE]
    create, update = handlers["create"], handlers["update"]

    def create_with_ttl(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        result = create(logical_id, properties, stack_name)
        _set_time_to_live(result[0], properties)
        return result

    def update_with_ttl(
        physical_id: str,
        old_properties: dict[str, Any],
        new_properties: dict[str, Any],
        stack_name: str,
        logical_id: str | None = None,
    ) -> Any:
        result = update(physical_id, old_properties, new_properties, stack_name, logical_id)
        _set_time_to_live(result[0], new_properties)
        return result

    handlers["create"], handlers["update"] = create_with_ttl, update_with_ttl
