"""Whatever happens to members, the totals say what the members and the ledger say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from loyalty.domain.calendar import month_after, month_of, program_day
from loyalty.domain.engagement import judge, use_benefit
from loyalty.domain.errors import DomainError
from loyalty.domain.funnel import NO_VARIANT
from loyalty.domain.journey import GONE, start
from loyalty.domain.leaving import leave
from loyalty.domain.ledger import replay
from loyalty.services.adjust_points import adjust_points
from loyalty.services.customers import commit_step, enrolled_member, present_member
from loyalty.services.merge_members import merge_members, undo_merge
from loyalty.services.reward_action import reward_action
from loyalty.services.transfer_points import transfer_points
from tests.support.books import Books
from tests.support.examples import HOLD_OUT, PROGRAM, STANDARD, an_order
from tests.support.shop import Shop, customer, money_back

CARDS = ("ann", "bob", "cid")
# Who signs up is in Elite at once; who bought for some 50 has crossed.
OPEN = replace(
    PROGRAM,
    open_elite=True,
    variants=(
        replace(STANDARD, weight=1, threshold_minor=5_000),
        replace(HOLD_OUT, weight=1, threshold_minor=5_000),
    ),
)


def sell(shop: Shop, card: str, number: int) -> None:
    amount_minor = 2_000 * number
    order = an_order(f"O-{number}", amount_minor, occurred_at=shop.clock.now())
    shop.sell(order, customer(card=card))


def take_back(shop: Shop, _card: str, number: int) -> None:
    at = shop.clock.now()
    shop.take_back(money_back(1_500, f"R-{number}", at=at), order_id=f"O-{number % 7}")


def wait(shop: Shop, _card: str, number: int) -> None:
    shop.clock.advance(timedelta(days=20 * number))
    shop.release_what_is_due()
    shop.expire_what_is_due()


def adjust(shop: Shop, card: str, number: int) -> None:
    adjust_points(
        shop.id_of(card),
        adjustment_id=f"A-{number}",
        points=(-3, 5, -8, 13)[number % 4],
        reason="goodwill",
        made_by="staff",
        own_member_id=None,
        store=shop.store,
        program=shop.program,
        clock=shop.clock,
        ids=shop.ids,
    )


def transfer(shop: Shop, card: str, number: int) -> None:
    transfer_points(
        shop.id_of(card),
        transfer_id=f"T-{number}",
        to_member_id=shop.id_of(CARDS[number % 3]),
        points=number,
        made_by="staff",
        own_member_id=None,
        store=shop.store,
        clock=shop.clock,
    )


def review(shop: Shop, card: str, number: int) -> None:
    reward_action(
        shop.id_of(card),
        action="review",
        action_id=f"V-{number}",
        occurred_at=shop.clock.now(),
        made_by="shop",
        own_member_id=None,
        store=shop.store,
        program=shop.program,
        clock=shop.clock,
    )


def merge(shop: Shop, card: str, number: int) -> None:
    merge_members(
        shop.id_of(card),
        merge_id=f"M-{number}",
        other_member_id=shop.id_of(CARDS[number % 3]),
        merged_by="staff",
        own_member_id=None,
        store=shop.store,
        program=shop.program,
        clock=shop.clock,
    )


def undo(shop: Shop, card: str, number: int) -> None:
    undo_merge(
        shop.id_of(card),
        f"M-{number}",
        undone_by="staff",
        own_member_id=None,
        store=shop.store,
        program=shop.program,
        clock=shop.clock,
    )


def enrol(shop: Shop, card: str, _number: int) -> None:
    shop.a_member(card)


def leave_program(shop: Shop, card: str, _number: int) -> None:
    member = enrolled_member(shop.store, shop.id_of(card))
    commit_step(shop.store, member, leave(member, shop.clock.now()))


def begin_journey(shop: Shop, card: str, _number: int) -> None:
    member = present_member(shop.store, shop.id_of(card))
    if member.threshold_crossed_at and (step := start(member, OPEN, shop.clock.now())):
        commit_step(shop.store, member, step)


def review_month(shop: Shop, card: str, _number: int) -> None:
    member, now = present_member(shop.store, shop.id_of(card)), shop.clock.now()
    month = month_after(month_of(program_day(now, OPEN.time_zone)), -1)
    if step := judge(member, month, OPEN, now):
        commit_step(shop.store, member, step)


def use_voucher(shop: Shop, card: str, number: int) -> None:
    """Hear of a use that was up to 80 days ago."""
    member, now = present_member(shop.store, shop.id_of(card)), shop.clock.now()
    at = now - timedelta(days=10 * number)
    after = replace(member, version=member.version + 1)
    step = use_benefit(after, at, OPEN, now, is_offer=False, by="voucher")
    commit_step(shop.store, member, step)


ACTS: tuple[Callable[[Shop, str, int], None], ...] = (
    sell,
    take_back,
    wait,
    adjust,
    transfer,
    review,
    merge,
    undo,
    enrol,
    leave_program,
    begin_journey,
    review_month,
    use_voucher,
)

# In June May is judged; a use of ten days before is one of May.
A_LAPSE = ((wait, "ann", 4), (review_month, "ann", 1))


@given(
    st.lists(
        st.tuples(st.sampled_from(ACTS), st.sampled_from(CARDS), st.integers(1, 8)), max_size=25
    )
)
@example([(sell, "cid", 3), (enrol, "cid", 1)])  # crossed before they signed up
@example([(sell, "cid", 3), (merge, "ann", 2)])  # the survivor's arm is the other one's
@example([(sell, "cid", 3), (merge, "ann", 2), (undo, "ann", 2)])
@example([*A_LAPSE, (use_voucher, "ann", 0), (use_voucher, "ann", 1)])  # back, and never away
@example([(use_voucher, "ann", 0), *A_LAPSE, (use_voucher, "ann", 1)])
def test_totals_are_what_members_and_ledger_say(
    history: list[tuple[Callable[[Shop, str, int], None], str, int]],
) -> None:
    books = Books(OPEN)
    for card in CARDS[:2]:
        books.shop.a_member(card)
    for act, card, number in history:
        try:
            act(books.shop, card, number)
        except DomainError:
            continue  # what the rules refuse changes nothing
    books.count()

    levels = Counter(books.totals.levels("9999-12"))
    flows: Counter[str] = Counter()
    for counts in books.totals.by_month.values():
        flows.update(counts)
    store = books.shop.store
    members = [m for m in store.members.values() if m.enrolled and m.status not in GONE]
    assert +Counter(
        {name: n for name, n in levels.items() if name.startswith("members:")}
    ) == Counter(f"members:{member.tier}" for member in members)
    active = [member.variant for member in members if member.status == "active"]
    assert {name: n for name, n in levels.items() if name.startswith("active:") and n} == Counter(
        f"active:{variant or NO_VARIANT}" for variant in active
    )
    assert levels["status:active"] == len(active)
    accounts = [
        replay(entry for (owner, _), entry in sorted(store.ledger.items()) if owner == member_id)
        for member_id in store.members
    ]
    assert levels["points:pending"] == sum(account.points_pending for account in accounts)
    assert levels["points:owed"] == sum(account.owed for account in accounts)
    assert levels["points:available"] == sum(account.balance for account in accounts)
    assert sum(n for name, n in flows.items() if name.startswith("ledger:")) == 0
