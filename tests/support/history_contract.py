"""What every `MemberHistory` must do beside what a `MemberStore` must."""

from __future__ import annotations

from dataclasses import replace

from loyalty.domain.orders import OrderKey, OrderReturns
from loyalty.services.console_ports import MemberHistory
from loyalty.services.ports import MemberChange, MessageClaim
from tests.support.store_contract import ACCEPTED_RETURN, KEY, NOON, member, new_member
from tests.support.task_store_contract import APPROVED, MERGE


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

    def test_what_came_back_of_orders_is_found(self, store: MemberHistory) -> None:
        other = OrderKey("pos", "O-2")
        later = replace(ACCEPTED_RETURN, return_id="R-2")
        of_other = replace(ACCEPTED_RETURN, key=other)
        for key, version, accepted in (
            (KEY, 1, ACCEPTED_RETURN),
            (KEY, 2, later),
            (other, 1, of_other),
        ):
            returns = OrderReturns(key, version)
            store.commit(MemberChange(None, returns=returns, accepted_returns=(accepted,)))
        found = store.returns_of([KEY, OrderKey("pos", "O-3")])
        assert sorted(found, key=lambda one: one.return_id) == [ACCEPTED_RETURN, later]
        assert store.returns_of([]) == []

    def test_tasks_are_found_by_all_whom_they_are_about(self, store: MemberHistory) -> None:
        gift = replace(MERGE, task_id="t-2", kind="gift_dispatch", member_ids=("ada",))
        store.commit(replace(new_member(), tasks=(MERGE, gift)))
        store.commit(MemberChange(member(version=2), 1, tasks=(APPROVED,)))
        assert sorted(store.task_ids("ada")) == ["t-1", "t-2"]
        assert store.task_ids("bob") == ["t-1"]
        assert store.task_ids("eve") == []
