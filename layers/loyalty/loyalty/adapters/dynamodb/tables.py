"""The two tables as PynamoDB base models, and their binding to names, region and endpoint.

PynamoDB wants a table's name when a class is made, and makes one client per model class. Here a
base model stands for a table, item kinds are its subclasses (told apart by `item_type`), and `bind`
gives all of them one connection when the process knows its settings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pynamodb.attributes import DiscriminatorAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.indexes import (
    AllProjection,
    GlobalSecondaryIndex,
    IncludeProjection,
    KeysOnlyProjection,
)
from pynamodb.models import Model

from loyalty.adapters.aws import CONNECT_TIMEOUT_SECONDS, MAX_RETRIES, READ_TIMEOUT_SECONDS, Aws
from loyalty.adapters.dynamodb.attributes import IntegerAttribute

if TYPE_CHECKING:
    from botocore.session import Session

    from loyalty.adapters.dynamodb.voucher_tables import VouchersItem


class OrdersByMember(GlobalSecondaryIndex["MembersItem"]):  # type: ignore[no-untyped-call]
    """A customer's orders by time; only orders that have a customer are in it."""

    class Meta:
        index_name = "orders_by_member"
        projection = KeysOnlyProjection()

    orders_of = UnicodeAttribute(hash_key=True)
    order_time = UnicodeAttribute(range_key=True)


class StoryByMember(GlobalSecondaryIndex["MembersItem"]):  # type: ignore[no-untyped-call]
    """All that a customer's story tells, by time; only what is told is in it."""

    class Meta:
        index_name = "story_by_member"
        projection = IncludeProjection(["strand", "voucher_code"])

    member_id = UnicodeAttribute(hash_key=True)
    story_time = UnicodeAttribute(range_key=True)


class MembersByShard(GlobalSecondaryIndex["MembersItem"]):  # type: ignore[no-untyped-call]
    """All customers in fixed shards; only profiles are in it."""

    class Meta:
        index_name = "members_by_shard"
        projection = KeysOnlyProjection()

    shard = IntegerAttribute(hash_key=True)
    member_id = UnicodeAttribute(range_key=True)


class EnrolledByShard(GlobalSecondaryIndex["MembersItem"]):  # type: ignore[no-untyped-call]
    """All members in fixed shards: of the profiles only those of who is enrolled."""

    class Meta:
        index_name = "enrolled_by_shard"
        projection = KeysOnlyProjection()

    enrolled_shard = IntegerAttribute(hash_key=True)
    member_id = UnicodeAttribute(range_key=True)


class MembersItem(Model):
    """Any item of MembersTable: customers, orders, identity claims, due items, run claims."""

    class Meta:
        table_name: str | None = None

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    item_type = DiscriminatorAttribute()
    orders_by_member = OrdersByMember()
    story_by_member = StoryByMember()
    members_by_shard = MembersByShard()
    enrolled_by_shard = EnrolledByShard()


class TasksByState(GlobalSecondaryIndex["ProgramItem"]):  # type: ignore[no-untyped-call]
    """Tasks of a kind and state by when they were opened; only tasks are in it."""

    class Meta:
        index_name = "tasks_by_state"
        projection = AllProjection()

    task_group = UnicodeAttribute(hash_key=True)
    task_order = UnicodeAttribute(range_key=True)


class ProgramItem(Model):
    """Any item of ProgramTable: program versions, invite counts, tasks, reports."""

    class Meta:
        table_name: str | None = None

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    item_type = DiscriminatorAttribute()
    tasks_by_state = TasksByState()


class SharedConnection(Connection):
    """A connection on the process's own session, with time-outs that fit a handler."""

    def __init__(self, aws: Aws) -> None:
        super().__init__(
            region=aws.region,
            host=aws.endpoint_url,
            connect_timeout_seconds=CONNECT_TIMEOUT_SECONDS,
            read_timeout_seconds=READ_TIMEOUT_SECONDS,
            max_retry_attempts=MAX_RETRIES,
        )
        self._aws = aws

    @property
    def session(self) -> Session:
        return self._aws.session


class Tables(NamedTuple):
    """The bound tables."""

    connection: SharedConnection
    members: str
    program: str


def bind(aws: Aws, *, members_table: str, program_table: str) -> Tables:
    """Bind the models to their tables; every model then speaks through the one connection.

    Binding again (a test with another endpoint) replaces the first.
    """
    connection = SharedConnection(aws)
    attach(connection, MembersItem, members_table)
    attach(connection, ProgramItem, program_table)
    return Tables(connection, members_table, program_table)


def attach(
    connection: SharedConnection,
    model: type[MembersItem | ProgramItem | VouchersItem],
    table_name: str,
) -> None:
    """Let a table's base model, and all models of its items, speak through `connection`."""
    model.Meta.table_name = table_name
    model._connection = None
    table = model._get_connection()
    connection.add_meta_table(table.get_meta_table())
    table.connection = connection
