"""The catalogue of rewards: read by all, kept by staff."""

from __future__ import annotations

from dataclasses import asdict, replace

from loyalty.contracts.rewards import (
    RewardPage,
    RewardRequest,
    RewardUpdate,
    RewardView,
    RewardVoucherRequest,
    RewardVoucherView,
)
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.reward_errors import RewardConflict, RewardInvalid, RewardNotFound
from loyalty.domain.rewards import Reward
from loyalty.services.ports import Clock, ProgramStore
from loyalty.services.retrying import with_retries
from loyalty.services.reward_ports import RewardStore


def add_reward(
    request: RewardRequest, *, rewards: RewardStore, program: ProgramStore, clock: Clock
) -> tuple[RewardView, bool]:
    """Add a reward; the same content again changes nothing. Requests: 1 write, 1 read for a repeat.

    Returns
    -------
    tuple of RewardView and bool
        The reward as it is now, and whether it is new.

    Raises
    ------
    RewardInvalid
        It names a tier that the program has not, or another currency than the program's.
    RewardConflict
        The id has another content.
    """
    definition = program.current(clock.now())
    _require_currency(request.voucher, definition)
    _require_tiers(request.tiers, definition)
    reward = Reward(
        reward_id=request.reward_id,
        revision=1,
        name=request.name,
        kind=request.kind,
        points=request.points,
        stock=request.stock,
        tiers=request.tiers,
        sku=request.sku,
        voucher=request.voucher.to_domain() if request.voucher else None,
    )
    kept = rewards.add(reward)
    if kept is not reward and replace(kept, stock=reward.stock) != reward:
        raise RewardConflict(request.reward_id)
    return view(kept), kept is reward


def change_reward(
    reward_id: str,
    update: RewardUpdate,
    *,
    rewards: RewardStore,
    program: ProgramStore,
    clock: Clock,
) -> RewardView:
    """Change what `update` names; redemptions meanwhile keep counting down a stock it leaves alone.

    What is so already changes nothing. Requests: 1 read and 1 write.

    Raises
    ------
    RewardNotFound
        There is no such reward, or it is retired.
    RewardInvalid
        As for `add_reward`, or a voucher reward would lose its voucher.
    """
    definition = program.current(clock.now())
    _require_currency(update.voucher, definition)
    _require_tiers(update.tiers or (), definition)
    changes = {name: getattr(update, name) for name in update.model_fields_set}
    if update.voucher is not None:
        changes["voucher"] = update.voucher.to_domain()

    def attempt() -> RewardView:
        before = _present(reward_id, rewards)
        if before.retired_at is not None:
            raise RewardNotFound(reward_id)
        if replace(before, **changes) == before:
            return view(before)
        after = replace(before, revision=before.revision + 1, **changes)
        if after.kind == "voucher" and after.voucher is None:
            raise RewardInvalid("a reward of kind voucher says which voucher")
        rewards.change(after, sets_stock="stock" in changes)
        return view(after)

    return with_retries(attempt)


def retire_reward(reward_id: str, *, rewards: RewardStore, clock: Clock) -> RewardView:
    """Take a reward out of use for good; a second time changes nothing.

    Requests: 1 read and 1 write.

    Raises
    ------
    RewardNotFound
        There is no such reward.
    """

    def attempt() -> RewardView:
        before = _present(reward_id, rewards)
        if before.retired_at is not None:
            return view(before)
        after = replace(before, revision=before.revision + 1, retired_at=clock.now())
        rewards.change(after, sets_stock=False)
        return view(after)

    return with_retries(attempt)


def get_reward(reward_id: str, *, rewards: RewardStore) -> RewardView:
    """Return a reward, a retired one too. Requests: 1 read.

    Raises
    ------
    RewardNotFound
        There is no such reward.
    """
    return view(_present(reward_id, rewards))


def list_rewards(*, limit: int, cursor: str | None, rewards: RewardStore) -> RewardPage:
    """Return a page of the catalogue by id, retired ones too. Requests: 1 query."""
    found, next_cursor = rewards.rewards(limit=limit, cursor=cursor)
    return RewardPage(items=tuple(map(view, found)), next_cursor=next_cursor)


def view(reward: Reward) -> RewardView:
    """Return what the API shows of a reward."""
    return RewardView(
        reward_id=reward.reward_id,
        revision=reward.revision,
        name=reward.name,
        kind=reward.kind,
        points=reward.points,
        stock=reward.stock,
        tiers=reward.tiers,
        sku=reward.sku,
        voucher=RewardVoucherView(**asdict(reward.voucher)) if reward.voucher else None,
        retired_at=reward.retired_at,
    )


def _present(reward_id: str, rewards: RewardStore) -> Reward:
    reward = rewards.reward(reward_id)
    if reward is None:
        raise RewardNotFound(reward_id)
    return reward


def _require_currency(voucher: RewardVoucherRequest | None, definition: ProgramDefinition) -> None:
    if voucher and voucher.currency not in (None, definition.currency):
        raise RewardInvalid(f"amounts of rewards are in {definition.currency}")


def _require_tiers(tiers: tuple[str, ...], definition: ProgramDefinition) -> None:
    known = {tier.name for tier in definition.tiers}
    if not known.issuperset(tiers):
        raise RewardInvalid(f"the program's tiers are {', '.join(sorted(known))}")
