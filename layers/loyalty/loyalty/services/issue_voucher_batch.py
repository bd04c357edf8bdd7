"""Many vouchers of one kind at once."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty.contracts.vouchers import VoucherBatchAnswer, VoucherBatchRequest
from loyalty.domain.errors import OwnAccount
from loyalty.domain.reward_errors import VoucherConflict
from loyalty.domain.voucher_codes import shown
from loyalty.domain.vouchers import issue
from loyalty.services.issue_voucher import as_asked, require_future
from loyalty.services.ports import Clock, ProgramStore
from loyalty.services.retrying import with_retries
from loyalty.services.voucher_ports import (
    VoucherBatch,
    VoucherCodes,
    VoucherIdTaken,
    VoucherStore,
)
from loyalty.services.vouchers import require_switched_on

# Four items for each voucher of a member; DynamoDB takes 100 in a transaction.
VOUCHERS_PER_TRANSACTION = 25


def issue_vouchers(
    request: VoucherBatchRequest,
    *,
    issued_by: str,
    own_member_id: str | None,
    vouchers: VoucherStore,
    codes: VoucherCodes,
    program: ProgramStore,
    clock: Clock,
) -> VoucherBatchAnswer:
    """Issue many vouchers of one kind; each `batch_id` is issued once, however often it is asked.

    A call that was cut short goes on where it stopped when it is repeated. Requests: 1 write, then
    1 transaction per `VOUCHERS_PER_TRANSACTION` vouchers; 1 more and 1 read for each that a repeat
    finds done. Parameters and errors as for `issue_voucher`; members are not looked up.
    """
    if own_member_id is not None and own_member_id in request.member_ids:
        raise OwnAccount("nobody gives themselves vouchers")
    now = clock.now()
    definition = program.current(now)
    require_switched_on(definition)
    limit = request.per_member_limit
    terms = request.to_domain(definition.currency, now, member_limit=limit)
    require_future(terms, now)
    count = request.count or len(request.member_ids)
    asked = VoucherBatch(request.batch_id, terms, count, request.member_ids, issued_by, now)
    batch = vouchers.open_batch(asked)
    same_terms = as_asked(terms, batch.terms, request.valid_from) == batch.terms
    if not same_terms or (batch.count, batch.member_ids) != (count, request.member_ids):
        raise VoucherConflict(request.batch_id)
    issued: list[str] = []
    for first in range(0, count, VOUCHERS_PER_TRANSACTION):
        numbers = range(first, min(first + VOUCHERS_PER_TRANSACTION, count))
        issued += _issue_some(batch, numbers, vouchers=vouchers, codes=codes)
    return VoucherBatchAnswer(batch_id=batch.batch_id, count=count, codes=tuple(map(shown, issued)))


def _issue_some(
    batch: VoucherBatch, numbers: Sequence[int], *, vouchers: VoucherStore, codes: VoucherCodes
) -> list[str]:
    """Issue some vouchers of a batch, all or none; return their codes, also when it was before."""
    ids = [f"{batch.batch_id}-{number + 1:04}" for number in numbers]

    def attempt() -> list[str]:
        steps = [
            issue(
                codes.new(),
                voucher_id,
                batch.terms,
                member_id=batch.member_ids[number] if batch.member_ids else None,
                cause=f"batch/{batch.batch_id}",
                at=batch.issued_at,
                batch_id=batch.batch_id,
            )
            for voucher_id, number in zip(ids, numbers, strict=True)
        ]
        try:
            vouchers.commit(*steps)
        except VoucherIdTaken:
            found = vouchers.codes(ids)
            return [found[voucher_id] for voucher_id in ids]
        return [step.voucher.code for step in steps]

    return with_retries(attempt)
