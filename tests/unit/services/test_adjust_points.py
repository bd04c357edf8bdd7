"""Staff give and take points, once each, within limits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from loyalty.contracts.points import AdjustmentAnswer, AdjustmentAwaited
from loyalty.domain.errors import (
    AdjustmentConflict,
    InsufficientPoints,
    MemberNotFound,
    NotEnrolled,
    OwnAccount,
)
from loyalty.domain.tasks import Decision, TaskDecision
from loyalty.domain.tasks import decide as decide_on
from loyalty.services.adjust_points import adjust_points, post_approved
from loyalty.services.ports import MemberChange
from tests.support.examples import PROGRAM, an_order
from tests.support.shop import Shop, customer


def ask_for(
    shop: Shop,
    member_id: str,
    points: int,
    adjustment_id: str = "A-1",
    *,
    reason: str = "goodwill",
    own_member_id: str | None = None,
) -> AdjustmentAnswer | AdjustmentAwaited:
    return adjust_points(
        member_id,
        adjustment_id=adjustment_id,
        points=points,
        reason=reason,
        made_by="staff-1",
        own_member_id=own_member_id,
        store=shop.store,
        program=shop.program,
        clock=shop.clock,
        ids=shop.ids,
    )


def adjust(
    shop: Shop,
    member_id: str,
    points: int,
    adjustment_id: str = "A-1",
    *,
    reason: str = "goodwill",
) -> AdjustmentAnswer:
    posted = ask_for(shop, member_id, points, adjustment_id, reason=reason)
    assert isinstance(posted, AdjustmentAnswer)
    return posted


def decide(shop: Shop, task_id: str, decision: Decision) -> MemberChange:
    """Return the change that a decision by another person brings."""
    taken = TaskDecision(decision, "staff-2", shop.clock.now())
    task = decide_on(shop.store.tasks[task_id], taken)
    assert task is not None
    member = shop.member(task.member_id)
    change = MemberChange(
        member=replace(member, version=member.version + 1),
        expected_version=member.version,
        tasks=(task,),
    )
    return post_approved(change, task, PROGRAM)


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_gives_and_takes_points(shop: Shop) -> None:
    ada = shop.a_member()
    given = adjust(shop, ada, 50, "A-1")
    taken = adjust(shop, ada, -20, "A-2")
    assert (given.points, given.points_available) == (50, 50)
    assert (taken.points, taken.points_available) == (-20, 30)
    assert given.entry_id != taken.entry_id
    shop.require_sound_books()


def test_counts_once(shop: Shop) -> None:
    ada = shop.a_member()
    assert adjust(shop, ada, 50) == adjust(shop, ada, 50)
    assert shop.member(ada).account.points_available == 50
    with pytest.raises(AdjustmentConflict):
        adjust(shop, ada, 51)
    with pytest.raises(AdjustmentConflict):
        adjust(shop, ada, 50, reason="birthday")


def test_counts_once_when_two_race(shop: Shop) -> None:
    ada = shop.a_member()
    shop.store.meanwhile = lambda: adjust(shop, ada, 50)
    adjust(shop, ada, 50)
    assert shop.member(ada).account.points_available == 50


@pytest.mark.parametrize("points", [1_000, -1_000])
def test_one_person_adjusts_up_to_the_limit(shop: Shop, points: int) -> None:
    ada = shop.a_member()
    adjust(shop, ada, 1_000, "A-0")
    assert adjust(shop, ada, points).points == points
    above = ask_for(shop, ada, points + (1 if points > 0 else -1), "A-2")
    assert isinstance(above, AdjustmentAwaited)


def test_above_the_limit_another_persons_yes_posts_it(shop: Shop) -> None:
    ada = shop.a_member()
    awaited = ask_for(shop, ada, 1_001)
    assert isinstance(awaited, AdjustmentAwaited)
    assert ask_for(shop, ada, 1_001) == awaited
    with pytest.raises(AdjustmentConflict):
        ask_for(shop, ada, 1_002)
    assert shop.member(ada).account.points_available == 0
    task = shop.store.tasks[awaited.task_id]
    assert (task.kind, task.member_ids, task.requested_by) == (
        "adjustment_approval",
        (ada,),
        "staff-1",
    )
    shop.store.commit(decide(shop, awaited.task_id, "approved"))
    assert shop.member(ada).account.points_available == 1_001
    assert [due.member_id for due in shop.due("expiry")] == [ada]
    assert ask_for(shop, ada, 1_001) == awaited
    assert len(shop.store.ledger) == 1
    shop.require_sound_books()


def test_a_no_posts_nothing(shop: Shop) -> None:
    ada = shop.a_member()
    awaited = ask_for(shop, ada, 1_001)
    assert isinstance(awaited, AdjustmentAwaited)
    shop.store.commit(decide(shop, awaited.task_id, "rejected"))
    assert shop.store.ledger == {}


def test_what_is_not_there_any_more_cannot_be_approved_away(shop: Shop) -> None:
    ada = shop.a_member()
    awaited = ask_for(shop, ada, -1_001)
    assert isinstance(awaited, AdjustmentAwaited)
    with pytest.raises(InsufficientPoints):
        decide(shop, awaited.task_id, "approved")


def test_never_takes_what_is_not_there(shop: Shop) -> None:
    ada = shop.a_member()
    with pytest.raises(InsufficientPoints):
        adjust(shop, ada, -1)
    assert shop.store.guards == {}


def test_nobody_adjusts_their_own_account(shop: Shop) -> None:
    ada = shop.a_member()
    with pytest.raises(OwnAccount):
        ask_for(shop, ada, 1, own_member_id=ada)


def test_only_members_have_points(shop: Shop) -> None:
    prospect = str(shop.sell(an_order(), customer(card="1")).answer["member_id"])
    with pytest.raises(NotEnrolled):
        adjust(shop, prospect, 1)
    with pytest.raises(MemberNotFound):
        adjust(shop, "nobody", 1)
