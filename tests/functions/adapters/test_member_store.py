"""The DynamoDB member store: the contract of all stores, and what is DynamoDB's own."""

from __future__ import annotations

from tests.support.store_contract import MemberStoreContract


class TestDynamoMemberStore(MemberStoreContract):
    """On moto; tests/system/test_member_store.py runs the same on the laptop cloud."""
