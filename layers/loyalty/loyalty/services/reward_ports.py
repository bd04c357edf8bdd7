"""What the use cases of rewards and redemptions need of the world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from loyalty.domain.ledger import LotChange
from loyalty.domain.member import Member
from loyalty.domain.rewards import Reward
from loyalty.domain.vouchers import Voucher, VoucherStep

RedemptionState = Literal["redeemed", "reversed"]


@dataclass(frozen=True, slots=True)
class Redemption:
    """Points spent on a reward under the caller's own id, with the answers that repeats get.

    `taken` are the lots that paid; `stock_taken` is what came off the reward's stock; `task_id` is
    the task to send a gift. `spent_by` is whose points they were: the member's as named, or of who
    had absorbed them by then.
    """

    redemption_id: str
    member_id: str
    reward_id: str
    quantity: int
    points: int
    state: RedemptionState
    redeemed_at: datetime
    taken: tuple[LotChange, ...]
    stock_taken: int
    voucher_codes: tuple[str, ...]
    answer: Mapping[str, object]
    task_id: str | None = None
    spent_by: str | None = None
    reversed_at: datetime | None = None
    reversal_answer: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class RedemptionChange:
    """What a redemption or its reversal writes with the member, in the member's transaction.

    Conditions that the store adds: a redemption is new, a reversal's is still redeemed; the reward
    of `stock` pieces (taken > 0, put back < 0) is at `reward_revision` and has so many left;
    vouchers as in `VoucherStore.commit`.
    """

    redemption: Redemption
    stock: int = 0
    reward_revision: int = 0
    vouchers: tuple[VoucherStep, ...] = ()


@dataclass(frozen=True, slots=True)
class RedemptionContext:
    """All that deciding on a redemption needs; one consistent read over two tables."""

    member: Member | None
    redemption: Redemption | None
    reward: Reward | None


class RewardStore(Protocol):
    """The catalogue of rewards (ProgramTable), and what members made of it."""

    def context(
        self, member_id: str, redemption_id: str, reward_id: str | None
    ) -> RedemptionContext:
        """Read member, redemption and reward: one BatchGetItem."""
        ...

    def given(
        self, reward_id: str, codes: Sequence[str]
    ) -> tuple[Reward | None, Sequence[Voucher]]:
        """Read a reward and the vouchers that it gave: one BatchGetItem."""
        ...

    def reward(self, reward_id: str) -> Reward | None: ...

    def rewards(
        self, *, limit: int, cursor: str | None = None
    ) -> tuple[Sequence[Reward], str | None]:
        """Return a page of the catalogue by id, retired ones too."""
        ...

    def add(self, reward: Reward) -> Reward:
        """Keep a new reward; return it, or the one that has the id already."""
        ...

    def change(self, reward: Reward, *, sets_stock: bool) -> None:
        """Write a reward's next revision; without `sets_stock` its stock stays as it is by then.

        Raises
        ------
        ChangeRefused
            The reward is not at the revision before.
        """
        ...
