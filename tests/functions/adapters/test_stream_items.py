"""Facts read back from what the table's stream shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from loyalty.adapters.dynamodb.member_store import DynamoMemberStore
from loyalty.adapters.dynamodb.stream_items import domain_item
from loyalty.adapters.dynamodb.tables import Tables
from loyalty.services.ports import Due, MemberChange
from tests.functions.adapters.test_member_store import an_entry
from tests.support.store_contract import (
    ACCEPTED_RETURN,
    CARD,
    NOON,
    ORDER,
    member,
    status_change,
)


def test_facts_come_back_as_they_were_written(
    store: DynamoMemberStore, tables: Tables, dynamodb: Any
) -> None:
    entry, change = an_entry(1), status_change("CustomerInvited")
    ada = replace(member(), identities=(CARD,))
    store.commit(
        MemberChange(
            ada,
            entries=(entry,),
            status_changes=(change,),
            claims=(CARD,),
            order=ORDER,
            accepted_returns=(ACCEPTED_RETURN,),
            due=(Due("release", NOON, "ada"),),
        )
    )
    images = dynamodb.scan(TableName=tables.members)["Items"]
    facts = [fact for image in images if (fact := domain_item(image)) is not None]
    assert len(images) == 7
    assert sorted(facts, key=repr) == sorted([ORDER, ACCEPTED_RETURN, entry, change], key=repr)
