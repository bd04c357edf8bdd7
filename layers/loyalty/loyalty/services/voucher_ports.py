"""What the use cases of vouchers need of the world (VouchersTable)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from loyalty.domain.voucher_terms import Terms
from loyalty.domain.vouchers import Voucher, VoucherStep, VoucherUse

# Vouchers that expire on a day are spread over so many parts of the index.
EXPIRY_SHARDS = 8


@dataclass(frozen=True, slots=True)
class VoucherContext:
    """A voucher and what one redemption id did with it before; one consistent read."""

    voucher: Voucher | None
    use: VoucherUse | None


@dataclass(frozen=True, slots=True)
class VoucherBatch:
    """A bulk issue: one voucher per member, or `count` for whoever holds them."""

    batch_id: str
    terms: Terms
    count: int
    member_ids: tuple[str, ...]
    issued_by: str
    issued_at: datetime


class VoucherIdTaken(Exception):
    """The voucher id was issued before; `code` is the code that it got, None for a barred id."""

    def __init__(self, code: str | None) -> None:
        super().__init__("a voucher has this id")
        self.code = code


class VoucherStore(Protocol):
    """Vouchers with their uses and facts."""

    def voucher(self, code: str) -> Voucher | None: ...

    def vouchers(self, codes: Sequence[str]) -> Sequence[Voucher]:
        """Return those that exist of up to 100 vouchers, in any order: one batch read."""
        ...

    def context(self, code: str, redemption_id: str) -> VoucherContext:
        """Read all that a use decides on: one BatchGetItem."""
        ...

    def codes(self, voucher_ids: Sequence[str]) -> Mapping[str, str]:
        """Return the codes of those that exist of up to 100 voucher ids: one batch read."""
        ...

    def bar(self, voucher_id: str) -> None:
        """Let a voucher id never be issued: one write.

        Raises
        ------
        ChangeRefused
            It was issued meanwhile.
        """
        ...

    def commit(self, *steps: VoucherStep) -> None:
        """Write steps, all or nothing: one transaction.

        Conditions that the store adds: a voucher is still at the version that its step starts from,
        or new with a new voucher id; a fact is new; a member stays within the limit of a batch.

        Raises
        ------
        VoucherIdTaken
            A new voucher's id was issued before, or is barred.
        VoucherLimitReached
            The member has used as many vouchers of the batch as one may.
        ChangeRefused
            Another condition failed, or the transaction conflicted with another one.
        """
        ...

    def vouchers_of(
        self, member_ids: Sequence[str], *, limit: int, cursor: str | None = None
    ) -> tuple[Sequence[Voucher], str | None]:
        """Return a page of the vouchers of one or more members, newest first, and the next cursor.

        1 query per member; 1 batch read where there are any.
        """
        ...

    def expiring(self, day: date, shard: int, *, until: datetime, limit: int) -> Sequence[str]:
        """Return codes of vouchers that have not ended and whose `end_at` is on a UTC day.

        Only those up to `until`.
        """
        ...

    def open_batch(self, batch: VoucherBatch) -> VoucherBatch:
        """Keep a batch under its id for ever; return it, or the one that has the id already."""
        ...


class VoucherCodes(Protocol):
    def new(self) -> str:
        """Return a code that nobody can guess."""
        ...
