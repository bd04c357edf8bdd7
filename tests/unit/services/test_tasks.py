"""Tasks as those see them who decide, and as those who only send."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty.contracts.tasks import GiftView, TaskPage, TaskView
from loyalty.domain.errors import CursorInvalid, NotYourTask, TaskNotFound
from loyalty.domain.tasks import Task, TaskKind, gift_task
from loyalty.services import tasks
from loyalty.services.change_profile import change_profile
from tests.support.examples import NOW
from tests.support.upgrades import KINDS, UPGRADED, UpgradeWorld, a_member

MERGE = Task("t-1", "merge", ("ada", "bob"), NOW, "order/pos/O-1")


@pytest.fixture
def world() -> UpgradeWorld:
    return UpgradeWorld(UPGRADED)


def read(
    world: UpgradeWorld,
    task_id: str,
    kinds: Sequence[TaskKind] = KINDS,
    *,
    only_to_send: bool = False,
) -> TaskView:
    return tasks.read_task(
        task_id, kinds=kinds, only_to_send=only_to_send, **world.ports("tasks", "store")
    )


def listed(
    world: UpgradeWorld,
    kinds: Sequence[TaskKind] = KINDS,
    *,
    limit: int = 50,
    cursor: str | None = None,
    only_to_send: bool = False,
) -> TaskPage:
    return tasks.list_tasks(
        kinds=kinds,
        state="open",
        limit=limit,
        cursor=cursor,
        only_to_send=only_to_send,
        **world.ports("tasks", "store"),
    )


class TestGifts:
    @pytest.fixture
    def gift_id(self, world: UpgradeWorld) -> str:
        said = {"name": "Ada Lovelace", "address": "1 St James's Square\nLondon"}
        change_profile("ada", said, store=world.store)
        return world.open_gift().task_id

    def test_who_sends_it_learns_what_it_takes_and_no_more(
        self, world: UpgradeWorld, gift_id: str
    ) -> None:
        view = read(world, gift_id, ("gift_dispatch",), only_to_send=True)
        assert view.gift == GiftView(
            item="Gift box",
            quantity=1,
            name="Ada Lovelace",
            address="1 St James's Square\nLondon",
        )
        assert (view.member_ids, view.cause, view.data, view.requested_by) == (None,) * 4
        assert "platinum" not in view.model_dump_json(exclude={"task_id"})

    def test_others_see_whom_it_is_for(self, world: UpgradeWorld, gift_id: str) -> None:
        view = read(world, gift_id)
        assert view.member_ids == ("ada",)
        assert view.gift is not None

    def test_the_address_is_that_of_now(self, world: UpgradeWorld, gift_id: str) -> None:
        change_profile("ada", {"address": "Ockham Park"}, store=world.store)
        view = read(world, gift_id)
        assert view.gift is not None
        assert view.gift.address == "Ockham Park"

    def test_an_address_may_be_unknown_and_its_member_gone(
        self, world: UpgradeWorld, gift_id: str
    ) -> None:
        change_profile("ada", {"address": None}, store=world.store)
        view = read(world, gift_id)
        assert view.gift is not None
        assert (view.gift.name, view.gift.address) == ("Ada Lovelace", None)
        del world.store.members["ada"]
        assert read(world, gift_id).gift == GiftView(
            item="Gift box", quantity=1, name=None, address=None
        )

    def test_nothing_personal_is_stored_with_it(self, world: UpgradeWorld, gift_id: str) -> None:
        assert "Lovelace" not in str(world.task(gift_id))

    def test_its_ways_are_told(self, world: UpgradeWorld, gift_id: str) -> None:
        world.decide(gift_id, "packed")
        world.decide(gift_id, "dispatched", tracking="1Z")
        view = read(world, gift_id, only_to_send=True)
        assert view.state == "dispatched"
        assert [(one.decision, one.tracking) for one in view.decisions] == [
            ("packed", None),
            ("dispatched", "1Z"),
        ]

    def test_a_page_of_gifts_reads_all_profiles_at_once(self, world: UpgradeWorld) -> None:
        for number in range(5):
            name = f"m{number}"
            world.store.members[name] = replace(a_member(), member_id=name, name=name)
            world.store.tasks[f"g-{number}"] = gift_task(
                f"g-{number}", name, sku="x", item="X", quantity=1, opened_at=NOW, cause="c"
            )
        world.store.requests = 0
        page = listed(world, ("gift_dispatch",), only_to_send=True)
        assert [view.gift.name for view in page.items if view.gift] == [
            f"m{number}" for number in range(5)
        ]
        assert world.store.requests == 2


def test_a_task_says_whom_it_is_about(world: UpgradeWorld) -> None:
    world.store.tasks["t-1"] = MERGE
    view = read(world, "t-1")
    assert (view.member_ids, view.cause, view.gift) == (("ada", "bob"), "order/pos/O-1", None)


def test_tasks_of_other_kinds_are_for_others(world: UpgradeWorld) -> None:
    world.store.tasks["t-1"] = MERGE
    with pytest.raises(NotYourTask):
        read(world, "t-1", ("gift_dispatch",))
    with pytest.raises(TaskNotFound):
        read(world, "t-0")


class TestLists:
    @pytest.fixture(autouse=True)
    def some_tasks(self, world: UpgradeWorld) -> None:
        for number in range(3):
            opened_at = NOW + timedelta(hours=number)
            for kind in ("merge", "fraud_review"):
                task = replace(MERGE, task_id=f"{kind}-{number}", kind=kind, opened_at=opened_at)
                world.store.tasks[task.task_id] = task

    @pytest.mark.parametrize("limit", [1, 2, 3, 4, 6, 50])
    def test_pages_hold_every_task_once_kind_after_kind(
        self, world: UpgradeWorld, limit: int
    ) -> None:
        found, cursor = [], None
        while True:
            page = listed(world, limit=limit, cursor=cursor)
            assert len(page.items) <= limit
            found += [view.task_id for view in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert found == [f"{kind}-{n}" for kind in ("merge", "fraud_review") for n in range(3)]

    def test_one_kind(self, world: UpgradeWorld) -> None:
        page = listed(world, ("merge",))
        assert [view.task_id for view in page.items] == ["merge-0", "merge-1", "merge-2"]

    def test_the_cursor_of_another_list_is_refused(self, world: UpgradeWorld) -> None:
        cursor = listed(world, ("merge",), limit=1).next_cursor
        with pytest.raises(CursorInvalid):
            listed(world, ("fraud_review",), cursor=cursor)


class TestProfile:
    def test_what_is_said_again_writes_nothing(self, world: UpgradeWorld) -> None:
        change_profile("ada", {"name": "Ada"}, store=world.store)
        version = world.ada.version
        change_profile("ada", {"name": "Ada"}, store=world.store)
        change_profile("ada", {}, store=world.store)
        assert (world.ada.name, world.ada.version) == ("Ada", version)

    def test_no_event_tells_of_it(self, world: UpgradeWorld) -> None:
        change_profile("ada", {"address": "Ockham Park"}, store=world.store)
        assert world.events() == []
