"""Spending points on a reward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from loyalty.contracts.rewards import RedemptionAnswer, RedemptionRequest
from loyalty.domain.engagement import use_benefit
from loyalty.domain.errors import NotEnrolled, SwitchedOff
from loyalty.domain.journey import GONE
from loyalty.domain.ledger import Entry, Posting, spendable
from loyalty.domain.member import Member, StatusChange
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.reward_errors import PriceChanged, RedemptionConflict, RewardNotFound
from loyalty.domain.rewards import Reward, require_available
from loyalty.domain.spending import redeem
from loyalty.domain.tasks import Task, gift_task
from loyalty.domain.vouchers import VoucherStep, issue
from loyalty.services.customers import current_member
from loyalty.services.ports import Clock, Ids, MemberChange, MemberStore, ProgramStore
from loyalty.services.retrying import with_retries
from loyalty.services.reward_ports import Redemption, RedemptionChange, RewardStore
from loyalty.services.voucher_ports import VoucherCodes
from loyalty.services.vouchers import require_switched_on, view


@dataclass(frozen=True, slots=True)
class _Purchase:
    """What a member asks for, all read and decided."""

    member_id: str
    request: RedemptionRequest
    reward: Reward
    definition: ProgramDefinition
    at: datetime

    @property
    def cause(self) -> str:
        """The business key of the redemption; unique within the member."""
        return f"redemption/{self.request.redemption_id}"

    @property
    def points(self) -> int:
        return self.reward.points * self.request.quantity


def redeem_reward(
    member_id: str,
    request: RedemptionRequest,
    agreed_points: int | None = None,
    *,
    store: MemberStore,
    rewards: RewardStore,
    codes: VoucherCodes,
    ids: Ids,
    program: ProgramStore,
    clock: Clock,
) -> tuple[RedemptionAnswer, bool]:
    """Spend points on a reward: points, stock, vouchers and gift task in one transaction.

    It is a benefit use, by which a lapsed member is active again. Each `redemption_id` counts once
    per member. Requests: 1 read and 1 transaction, 1 read for a repeat; 1 read more for a member
    who was merged into another one.

    Parameters
    ----------
    agreed_points
        What the member was told that it takes; None takes what it is now.

    Returns
    -------
    tuple of RedemptionAnswer and bool
        The answer (a repeat gets the first one), and whether it was redeemed just now.

    Raises
    ------
    RedemptionConflict
        The id came before for another reward or quantity.
    MemberNotFound, NotEnrolled, RewardNotFound
        There is no such customer or reward, or the customer is no member.
    RewardNotAvailable, OutOfStock, PriceChanged, InsufficientPoints
        The rules refuse it.
    SwitchedOff
        The program has no points, or no vouchers where the reward gives one.
    MemberBusy
        Others kept changing the member or the stock.
    """

    def attempt() -> tuple[RedemptionAnswer, bool]:
        found = rewards.context(member_id, request.redemption_id, request.reward_id)
        if found.redemption is not None:
            return _first_answer(found.redemption, request), False
        member = found.member
        if member is None or member.status in GONE:
            member = current_member(store, member_id)
        if found.reward is None:
            raise RewardNotFound(request.reward_id)
        now = clock.now()
        purchase = _Purchase(member_id, request, found.reward, program.current(now), now)
        _require_allowed(member, purchase)
        if agreed_points not in {None, purchase.points}:
            raise PriceChanged(request.reward_id, purchase.points)
        change, answer = _change(member, purchase, codes, ids)
        store.commit(change)
        return answer, True

    return with_retries(attempt)


def _first_answer(redemption: Redemption, request: RedemptionRequest) -> RedemptionAnswer:
    if (redemption.reward_id, redemption.quantity) != (request.reward_id, request.quantity):
        raise RedemptionConflict(request.redemption_id)
    return RedemptionAnswer.model_validate(redemption.answer)


def _require_allowed(member: Member, purchase: _Purchase) -> None:
    if not purchase.definition.points_enabled:
        raise SwitchedOff("points are switched off")
    if purchase.reward.voucher is not None:
        require_switched_on(purchase.definition)
    if not member.enrolled:
        raise NotEnrolled(member.member_id)
    require_available(purchase.reward, member.tier, purchase.request.quantity, purchase.at)


def _change(
    member: Member, purchase: _Purchase, codes: VoucherCodes, ids: Ids
) -> tuple[MemberChange, RedemptionAnswer]:
    """Return everything that the redemption writes, and its answer."""
    at, request, reward = purchase.at, purchase.request, purchase.reward
    posting = Posting(member.member_id, purchase.cause, at, at, f"reward {reward.reward_id}")
    account, entry = redeem(member.account, posting, purchase.points)
    spent = replace(member, version=member.version + 1, account=account)
    used = use_benefit(spent, at, purchase.definition, at, is_offer=False, by="reward")
    after = used.member
    vouchers = _vouchers(after, purchase, codes, ids)
    views = tuple(view(step.voucher, at) for step in vouchers)
    answer = RedemptionAnswer(
        redemption_id=request.redemption_id,
        reward_id=reward.reward_id,
        quantity=request.quantity,
        points=purchase.points,
        points_available=spendable(account, at),
        voucher=views[0] if views else None,
        vouchers=views,
    )
    gifts = _gifts(after, purchase, ids)
    redemption = _redemption(purchase, entry, vouchers, gifts, answer)
    fact = redemption_fact("RewardRedeemed", after, redemption, reward.kind, at)
    change = MemberChange(
        member=after,
        expected_version=member.version,
        entries=(entry,),
        status_changes=(*used.changes, fact),
        tasks=gifts,
        redemption=RedemptionChange(
            redemption,
            stock=redemption.stock_taken,
            reward_revision=reward.revision,
            vouchers=vouchers,
        ),
    )
    return change, answer


def redemption_fact(
    event: str, member: Member, redemption: Redemption, reward_kind: str, at: datetime
) -> StatusChange:
    """Return the fact that publishes a redemption or its reversal."""
    return StatusChange(
        member_id=member.member_id,
        member_version=member.version,
        event=event,
        occurred_at=at,
        recorded_at=at,
        from_status=member.status,
        to_status=member.status,
        data={
            "redemption_id": redemption.redemption_id,
            "reward_id": redemption.reward_id,
            "kind": reward_kind,
            "quantity": redemption.quantity,
            "points": redemption.points,
        },
    )


def _redemption(
    purchase: _Purchase,
    entry: Entry,
    vouchers: Sequence[VoucherStep],
    gifts: Sequence[Task],
    answer: RedemptionAnswer,
) -> Redemption:
    is_limited = purchase.reward.stock is not None
    return Redemption(
        redemption_id=purchase.request.redemption_id,
        member_id=purchase.member_id,
        reward_id=purchase.reward.reward_id,
        quantity=purchase.request.quantity,
        points=purchase.points,
        state="redeemed",
        redeemed_at=purchase.at,
        taken=entry.lot_changes,
        stock_taken=purchase.request.quantity if is_limited else 0,
        voucher_codes=tuple(step.voucher.code for step in vouchers),
        answer=answer.model_dump(mode="json"),
        task_id=gifts[0].task_id if gifts else None,
        spent_by=entry.member_id,
    )


def _vouchers(
    member: Member, purchase: _Purchase, codes: VoucherCodes, ids: Ids
) -> tuple[VoucherStep, ...]:
    """Return one new voucher per piece, when the reward gives any."""
    if purchase.reward.voucher is None:
        return ()
    definition = purchase.definition
    terms = purchase.reward.voucher.terms(definition.currency, purchase.at, definition.time_zone)
    return tuple(
        issue(
            codes.new(),
            ids.derive("v", f"{purchase.cause}/{purchase.member_id}/{piece}"),
            terms,
            member_id=member.member_id,
            cause=purchase.cause,
            at=purchase.at,
        )
        for piece in range(purchase.request.quantity)
    )


def _gifts(member: Member, purchase: _Purchase, ids: Ids) -> tuple[Task, ...]:
    """Return the task to send the gift, when the reward is one."""
    reward = purchase.reward
    if reward.kind != "gift":
        return ()
    task = gift_task(
        ids.derive("t", f"{purchase.cause}/{purchase.member_id}"),
        member.member_id,
        sku=reward.sku or reward.reward_id,
        item=reward.name,
        quantity=purchase.request.quantity,
        opened_at=purchase.at,
        cause=purchase.cause,
    )
    return (task,)
