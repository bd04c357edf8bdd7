"""Taking a redemption back: points, stock and vouchers go where they came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from loyalty.contracts.rewards import RedemptionReversalAnswer
from loyalty.domain.engagement import take_back
from loyalty.domain.errors import MemberNotFound, OwnAccount
from loyalty.domain.journey import GONE
from loyalty.domain.ledger import Posting, spendable
from loyalty.domain.member import Member
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.reward_errors import GiftDispatched, RedemptionNotFound
from loyalty.domain.spending import give_back
from loyalty.domain.tasks import Task, withdraw
from loyalty.domain.voucher_terms import valid_until
from loyalty.domain.vouchers import cancel
from loyalty.services.customers import Merged, survivor_of
from loyalty.services.dues import newly_due
from loyalty.services.ports import Clock, MemberChange, MemberStore, ProgramStore
from loyalty.services.redeem_reward import redemption_fact
from loyalty.services.retrying import with_retries
from loyalty.services.reward_ports import Redemption, RedemptionChange, RewardStore
from loyalty.services.task_ports import TaskStore


def reverse_redemption(
    member_id: str,
    redemption_id: str,
    *,
    own_member_id: str | None,
    store: MemberStore,
    rewards: RewardStore,
    tasks: TaskStore,
    program: ProgramStore,
    clock: Clock,
) -> RedemptionReversalAnswer:
    """Undo a redemption as a whole, once.

    Points whose lot has expired meanwhile can be spent again for the program's grace days.
    They go to whose they were, though a merge was undone since, or to who survived them. The task
    to send a gift is withdrawn. Requests: 2 reads (a gift's 3) and 1 transaction; 1 read for a
    repeat; 2 reads and 1 written profile more per merge since.

    Parameters
    ----------
    member_id, redemption_id
        Whose, and which.
    own_member_id
        The member that the caller is themselves, if any.

    Raises
    ------
    OwnAccount
        Nobody reverses their own redemptions.
    RedemptionNotFound, MemberNotFound
        There is no such redemption or customer.
    VoucherAlreadyRedeemed, VoucherHasExpired, VoucherIsReserved
        A voucher that it gave was used, is over, or is about to be used.
    GiftDispatched
        The gift is on its way; when it comes back, it can be reversed.
    MemberBusy
        Others kept changing the member, the stock or a voucher.
    """

    def attempt() -> RedemptionReversalAnswer:
        found = rewards.context(member_id, redemption_id, None)
        redemption, member = found.redemption, found.member
        spent_by = redemption.spent_by if redemption and redemption.spent_by else member_id
        if member is None or member.member_id != spent_by:
            member = store.member(spent_by)
        member, followed = survivor_of(store, member)
        if member is None or member.status in GONE:
            raise MemberNotFound(spent_by)
        if own_member_id in (member_id, *member.member_ids):
            raise OwnAccount("nobody reverses their own redemptions")
        if redemption is None:
            raise RedemptionNotFound(redemption_id)
        if redemption.reversal_answer is not None:
            return RedemptionReversalAnswer.model_validate(redemption.reversal_answer)
        now = clock.now()
        definition = program.current(now)
        change, answer = _change(member, redemption, rewards, definition, now)
        change = replace(change, tasks=_withdrawn(redemption, tasks))
        store.commit(*_at_merges(change, redemption, followed, definition, now))
        return answer

    return with_retries(attempt)


def _change(
    member: Member,
    redemption: Redemption,
    rewards: RewardStore,
    definition: ProgramDefinition,
    at: datetime,
) -> tuple[MemberChange, RedemptionReversalAnswer]:
    reward, vouchers = rewards.given(redemption.reward_id, redemption.voucher_codes)
    cancelled = (
        cancel(voucher, "redemption reversed", at=at, only_unused=True) for voucher in vouchers
    )
    posting = Posting(
        member_id=member.member_id,
        business_key=f"redemption/{redemption.redemption_id}/reversal",
        occurred_at=at,
        recorded_at=at,
        reason=f"reward {redemption.reward_id} reversed",
    )
    restored_until = valid_until(at, definition.reversal_grace_days, definition.time_zone)
    account, entry = give_back(
        member.account, posting, redemption.taken, restored_until=restored_until
    )
    given_back = replace(member, version=member.version + 1, account=account)
    unused = take_back(given_back, redemption.redeemed_at, definition, at, is_offer=False)
    after = unused.member
    answer = RedemptionReversalAnswer(
        redemption_id=redemption.redemption_id,
        points=redemption.points,
        points_available=spendable(account, at),
    )
    is_limited = reward is not None and reward.stock is not None
    undone = replace(
        redemption,
        state="reversed",
        reversed_at=at,
        reversal_answer=answer.model_dump(mode="json"),
    )
    fact = redemption_fact(
        "RedemptionReversed", after, undone, reward.kind if reward else "product", at
    )
    change = MemberChange(
        member=after,
        expected_version=member.version,
        entries=(entry,),
        status_changes=(*unused.changes, fact),
        due=newly_due(member.account, after),
        redemption=RedemptionChange(
            undone,
            stock=-redemption.stock_taken if is_limited else 0,
            reward_revision=reward.revision if reward else 0,
            vouchers=tuple(step for step in cancelled if step.facts),
        ),
    )
    return change, answer


def _at_merges(
    change: MemberChange,
    redemption: Redemption,
    followed: Sequence[Merged],
    definition: ProgramDefinition,
    at: datetime,
) -> Iterator[MemberChange]:
    """Yield the change, and what the undo of a merge since then will find.

    The points are the other one's then, and the benefit is none of theirs any more.
    """
    if not followed:
        yield change
        return
    # Imported where it is needed: few reversals follow a merge.
    from loyalty.domain.merging import with_given_back

    (entry,) = change.entries
    yield replace(change, merges=tuple(with_given_back(one.merge, entry) for one in followed))
    for tombstone, _ in followed:
        after = replace(tombstone, version=tombstone.version + 1)
        unused = take_back(after, redemption.redeemed_at, definition, at, is_offer=False)
        yield MemberChange(unused.member, expected_version=tombstone.version)


def _withdrawn(redemption: Redemption, tasks: TaskStore) -> tuple[Task, ...]:
    """Return the gift's task as one that nobody needs any more, when it still waits."""
    task = tasks.task(redemption.task_id) if redemption.task_id else None
    if task is None:
        return ()
    if task.state == "dispatched":
        raise GiftDispatched(task.task_id)
    withdrawn = withdraw(task)
    return (withdrawn,) if withdrawn else ()
