"""How the models are bound to tables: by way of the insides of PynamoDB, so it is held here."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty.adapters.aws import Aws
from loyalty.adapters.dynamodb.member_items import DueItem
from loyalty.adapters.dynamodb.member_store import DynamoMemberStore
from loyalty.adapters.dynamodb.order_items import OrderItem
from loyalty.adapters.dynamodb.profile_item import ProfileItem
from loyalty.adapters.dynamodb.tables import Tables, bind
from loyalty.adapters.dynamodb.task_items import TaskItem
from tests.functions.adapters.conftest import IDENTITY_SECRET
from tests.support.dynamodb import create_tables
from tests.support.store_contract import member, new_member


def test_all_models_share_one_client(tables: Tables) -> None:
    clients = {
        id(model._get_connection().connection.client)
        for model in (ProfileItem, OrderItem, DueItem, TaskItem)
    }
    assert clients == {id(tables.connection.client)}


def test_a_dead_connection_is_given_up_within_a_handler_s_time(tables: Tables) -> None:
    config: Any = tables.connection.client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (1, 3)
    assert config.retries == {"total_max_attempts": 3, "mode": "standard"}


def test_binding_again_replaces_the_first(
    aws: Aws, tables: Tables, store: DynamoMemberStore, dynamodb: Any
) -> None:
    store.commit(new_member("ada"))
    others = create_tables(dynamodb, prefix="other-")
    bound = bind(aws, members_table=others["MEMBERS_TABLE"], program_table=others["PROGRAM_TABLE"])
    elsewhere = DynamoMemberStore(bound, lambda: IDENTITY_SECRET)
    assert elsewhere.member("ada") is None
    elsewhere.commit(new_member("bob"))
    assert elsewhere.member("bob") == member("bob")
    assert dynamodb.scan(TableName=tables.members)["Count"] == 1


@pytest.mark.parametrize("points", [1.5, "1", None])
def test_points_are_whole_numbers(points: object) -> None:
    item = ProfileItem.of(member())
    item.owed = points  # type: ignore[assignment]
    with pytest.raises((TypeError, ValueError)):
        item.serialize()
