"""The catalogue of rewards, and what members made of it."""

from __future__ import annotations

from collections.abc import Sequence

from pynamodb.exceptions import DoesNotExist, PutError, UpdateError

from loyalty.adapters.dynamodb import pages
from loyalty.adapters.dynamodb.keys import profile
from loyalty.adapters.dynamodb.profile_item import ProfileItem
from loyalty.adapters.dynamodb.reading import read_across
from loyalty.adapters.dynamodb.reward_items import (
    REWARD_PREFIX,
    REWARDS,
    RedemptionItem,
    RewardItem,
    redemption_key,
    reward_key,
)
from loyalty.adapters.dynamodb.tables import MembersItem, ProgramItem, Tables
from loyalty.adapters.dynamodb.voucher_items import VoucherItem, voucher_key
from loyalty.adapters.dynamodb.voucher_tables import VouchersItem
from loyalty.domain.errors import CursorInvalid
from loyalty.domain.rewards import Reward
from loyalty.domain.vouchers import Voucher
from loyalty.services.ports import ChangeRefused
from loyalty.services.reward_ports import RedemptionContext

_REFUSED = "ConditionalCheckFailedException"


class DynamoRewardStore:
    """Implements `loyalty.services.reward_ports.RewardStore`; its models must be bound."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def context(
        self, member_id: str, redemption_id: str, reward_id: str | None
    ) -> RedemptionContext:
        """Read member, redemption and reward: one consistent BatchGetItem over two tables."""
        wanted = {
            MembersItem: [profile(member_id), redemption_key(member_id, redemption_id)],
            ProgramItem: [reward_key(reward_id)] if reward_id else [],
        }
        member = redemption = reward = None
        for item in read_across(self._tables, wanted):
            match item:
                case ProfileItem():
                    member = item.member()
                case RedemptionItem():
                    redemption = item.redemption()
                case RewardItem():
                    reward = item.reward()
        return RedemptionContext(member, redemption, reward)

    def given(
        self, reward_id: str, codes: Sequence[str]
    ) -> tuple[Reward | None, Sequence[Voucher]]:
        """Read a reward and vouchers: one consistent BatchGetItem over two tables."""
        wanted = {
            ProgramItem: [reward_key(reward_id)],
            VouchersItem: [voucher_key(code) for code in codes],
        }
        found = read_across(self._tables, wanted)
        rewards = [item.reward() for item in found if isinstance(item, RewardItem)]
        vouchers = [item.voucher() for item in found if isinstance(item, VoucherItem)]
        return (rewards[0] if rewards else None), vouchers

    def reward(self, reward_id: str) -> Reward | None:
        try:
            return RewardItem.get(*reward_key(reward_id), consistent_read=True).reward()
        except DoesNotExist:
            return None

    def rewards(
        self, *, limit: int, cursor: str | None = None
    ) -> tuple[Sequence[Reward], str | None]:
        """Return a page of the catalogue by id: one Query."""
        start = None
        if cursor is not None:
            position = pages.decode_cursor(cursor)
            if not position.startswith(REWARD_PREFIX):
                raise CursorInvalid
            start = {"pk": {"S": REWARDS}, "sk": {"S": position}}
        items = list(RewardItem.query(REWARDS, limit=limit + 1, last_evaluated_key=start))
        page = items[:limit]
        following = pages.encode_cursor(page[-1].sk) if len(items) > limit else None
        return [item.reward() for item in page], following

    def add(self, reward: Reward) -> Reward:
        item = RewardItem.of(reward)
        try:
            item.save(RewardItem.pk.does_not_exist())
        except PutError as error:
            if error.cause_response_code != _REFUSED:
                raise
            return RewardItem.get(item.pk, item.sk, consistent_read=True).reward()
        return reward

    def change(self, reward: Reward, *, sets_stock: bool) -> None:
        item = RewardItem.of(reward)
        actions = item.revising(sets_stock=sets_stock)
        try:
            item.update(actions, condition=RewardItem.revision == reward.revision - 1)
        except UpdateError as error:
            if error.cause_response_code == _REFUSED:
                raise ChangeRefused("the reward changed") from error
            raise
