"""What every pair of `MemberStore` and `TaskStore` must do with tasks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty.domain.tasks import Task, TaskDecision
from loyalty.services.ports import ChangeRefused, MemberChange, MemberStore
from loyalty.services.task_ports import TaskStore
from tests.support.store_contract import NOON, member, new_member

MERGE = Task("t-1", "merge", ("ada", "bob"), NOON, "order/pos/O-1")
APPROVED = replace(
    MERGE,
    version=2,
    state="approved",
    decisions=(TaskDecision("approved", "staff-1", NOON + timedelta(hours=1), "the same phone"),),
)


class TaskStoreContract:
    """Subclasses give the fixtures `store` and `tasks`."""

    def test_a_task_is_opened_once_and_refuses_nothing(
        self, store: MemberStore, tasks: TaskStore
    ) -> None:
        store.commit(replace(new_member(), tasks=(MERGE,)))
        later = replace(MERGE, opened_at=NOON + timedelta(days=1), cause="order/pos/O-2")
        other = replace(MERGE, task_id="t-2", member_ids=("ada", "eve"))
        store.commit(MemberChange(member(version=2), 1, tasks=(later, other)))
        assert tasks.task("t-1") == MERGE
        assert tasks.task("t-2") == other
        assert tasks.task("t-3") is None

    def test_a_task_changes_only_from_the_version_that_was_read(
        self, store: MemberStore, tasks: TaskStore
    ) -> None:
        with pytest.raises(ChangeRefused):
            store.commit(replace(new_member(), tasks=(APPROVED,)))
        store.commit(replace(new_member(), tasks=(MERGE,)))
        store.commit(MemberChange(member(version=2), 1, tasks=(APPROVED,)))
        with pytest.raises(ChangeRefused):
            store.commit(MemberChange(member(version=3), 2, tasks=(APPROVED,)))
        assert tasks.task("t-1") == APPROVED
        assert store.member("ada") == member(version=2)

    def test_opening_again_leaves_a_decided_task_alone(
        self, store: MemberStore, tasks: TaskStore
    ) -> None:
        store.commit(replace(new_member(), tasks=(MERGE,)))
        store.commit(MemberChange(member(version=2), 1, tasks=(APPROVED,)))
        store.commit(MemberChange(member(version=3), 2, tasks=(MERGE,)))
        assert tasks.task("t-1") == APPROVED

    def test_tasks_are_listed_by_kind_and_state_oldest_first(
        self, store: MemberStore, tasks: TaskStore
    ) -> None:
        opened = [
            replace(MERGE, task_id=f"t-{number}", opened_at=NOON + timedelta(hours=number))
            for number in range(1, 6)
        ]
        gift = replace(MERGE, task_id="g-1", kind="gift_dispatch", member_ids=("ada",))
        store.commit(replace(new_member(), tasks=(*reversed(opened), gift)))
        decided = replace(opened[0], version=2, state="rejected")
        store.commit(MemberChange(member(version=2), 1, tasks=(decided,)))
        first, cursor = tasks.tasks("merge", "open", limit=2)
        second, end = tasks.tasks("merge", "open", limit=2, cursor=cursor)
        assert ([*first, *second], end) == (opened[1:], None)
        assert tasks.tasks("merge", "rejected", limit=2) == ([decided], None)
        assert tasks.tasks("gift_dispatch", "open", limit=2) == ([gift], None)
        assert tasks.tasks("gift_dispatch", "packed", limit=2) == ([], None)

    def test_the_latest_token_of_a_task_is_kept(self, tasks: TaskStore) -> None:
        assert tasks.token("t-1") is None
        tasks.store_token("t-1", "first", NOON)
        tasks.store_token("t-1", "second", NOON)
        assert tasks.token("t-1") == "second"
        assert tasks.task("t-1") is None
