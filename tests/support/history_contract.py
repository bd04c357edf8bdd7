"""What every `MemberHistory` must do beside what a `MemberStore` must."""

from __future__ import annotations

from dataclasses import replace

from loyalty.services.console_ports import MemberHistory
from loyalty.services.ports import MemberChange, MessageClaim
from tests.support.store_contract import NOON, member, new_member


class MemberHistoryContract:
    def test_all_messages_of_a_customer_are_found(self, store: MemberHistory) -> None:
        claims = [
            MessageClaim(name, "ada", "email", name, True, "sending", NOON)
            for name in ("invite", "reminder")
        ]
        store.commit(replace(new_member(), message=claims[0]))
        store.commit(MemberChange(member(version=2), 1, message=claims[1]))
        store.commit(new_member("bob"))
        assert sorted(store.message_claims("ada"), key=lambda claim: claim.message_id) == claims
        assert store.message_claims("bob") == []
