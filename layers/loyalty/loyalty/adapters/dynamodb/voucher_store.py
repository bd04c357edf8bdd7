"""VouchersTable as the use cases see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from pynamodb.exceptions import DoesNotExist, PutError
from pynamodb.models import Model

from loyalty.adapters.dynamodb import keys, pages, voucher_items
from loyalty.adapters.dynamodb.attributes import sortable
from loyalty.adapters.dynamodb.keys import Key
from loyalty.adapters.dynamodb.profile_item import ProfileItem
from loyalty.adapters.dynamodb.reading import read_across
from loyalty.adapters.dynamodb.tables import MembersItem, Tables
from loyalty.adapters.dynamodb.transaction import LabelledTransaction, TransactionRefused
from loyalty.adapters.dynamodb.voucher_items import (
    VoucherBatchItem,
    VoucherIdItem,
    VoucherItem,
    VoucherUseItem,
)
from loyalty.adapters.dynamodb.voucher_steps import refusal, write_steps
from loyalty.adapters.dynamodb.voucher_tables import (
    VouchersByExpiry,
    VouchersByMember,
    VouchersItem,
)
from loyalty.domain.errors import CursorInvalid
from loyalty.domain.member import Member
from loyalty.domain.voucher_codes import read
from loyalty.domain.vouchers import Voucher, VoucherStep
from loyalty.services.ports import ChangeRefused
from loyalty.services.voucher_ports import VoucherBatch, VoucherContext

_REFUSED = "ConditionalCheckFailedException"


class DynamoVoucherStore:
    """Implements `VoucherStore` and `Wallet`; its models must be bound."""

    def __init__(self, tables: Tables, table_name: str) -> None:
        self._tables = tables
        self._table_name = table_name

    def voucher(self, code: str) -> Voucher | None:
        try:
            return VoucherItem.get(*voucher_items.voucher_key(code), consistent_read=True).voucher()
        except DoesNotExist:
            return None

    def vouchers(self, codes: Sequence[str]) -> Sequence[Voucher]:
        found = self._read(map(voucher_items.voucher_key, codes))
        return [item.voucher() for item in found if isinstance(item, VoucherItem)]

    def context(self, code: str, redemption_id: str) -> VoucherContext:
        """Read voucher and use: one consistent BatchGetItem."""
        wanted = voucher_items.voucher_key(code), voucher_items.use_key(code, redemption_id)
        voucher = use = None
        for item in self._read(wanted):
            match item:
                case VoucherItem():
                    voucher = item.voucher()
                case VoucherUseItem():
                    use = item.use()
        return VoucherContext(voucher, use)

    def codes(self, voucher_ids: Sequence[str]) -> Mapping[str, str]:
        by_key = {voucher_items.id_key(voucher_id): voucher_id for voucher_id in voucher_ids}
        return {
            by_key[item.pk, item.sk]: item.code
            for item in self._read(by_key)
            if isinstance(item, VoucherIdItem) and item.code is not None
        }

    def bar(self, voucher_id: str) -> None:
        item = VoucherIdItem(*voucher_items.id_key(voucher_id))
        try:
            item.save(VoucherIdItem.code.does_not_exist())
        except PutError as error:
            if error.cause_response_code == _REFUSED:
                raise ChangeRefused("the voucher was issued") from error
            raise

    def commit(self, *steps: VoucherStep) -> None:
        """Write `steps`: one TransactWriteItems (2 capacity units per KB and item)."""
        transaction = LabelledTransaction(self._tables.connection)
        write_steps(transaction, steps)
        try:
            transaction.commit()
        except TransactionRefused as refused:
            raise refusal(refused) from refused

    def vouchers_of(
        self, member_ids: Sequence[str], *, limit: int, cursor: str | None = None
    ) -> tuple[Sequence[Voucher], str | None]:
        """Return vouchers, newest first: one Query of keys per member, one BatchGetItem."""
        codes, following = self._codes_of(member_ids, limit, cursor)
        by_code = {found.code: found for found in (self.vouchers(codes) if codes else ())}
        return [by_code[code] for code in codes], following

    def wallet(
        self, member_id: str, *, limit: int, cursor: str | None = None
    ) -> tuple[Member | None, Sequence[Voucher], str | None]:
        codes, following = self._codes_of((member_id,), limit, cursor)
        member: Member | None = None
        by_code: dict[str, Voucher] = {}
        wanted: dict[type[Model], list[Key]] = {
            MembersItem: [keys.profile(member_id)],
            VouchersItem: list(map(voucher_items.voucher_key, codes)),
        }
        for item in read_across(self._tables, wanted):
            match item:
                case ProfileItem():
                    member = item.member()
                case VoucherItem():
                    by_code[item.code] = item.voucher()
        if member is not None and member.absorbed:
            return member, *self.vouchers_of(member.member_ids, limit=limit, cursor=cursor)
        return member, [by_code[code] for code in codes], following

    def _codes_of(
        self, member_ids: Sequence[str], limit: int, cursor: str | None
    ) -> tuple[Sequence[str], str | None]:
        older = None
        if cursor is not None:
            position = pages.decode_cursor(cursor)
            if read(voucher_items.code_of(position)) is None:
                raise CursorInvalid
            older = VouchersByMember.voucher_time < position
        times = [
            key["voucher_time"]["S"]
            for member_id in member_ids
            for key in self._tables.connection.query(
                self._table_name,
                member_id,
                range_key_condition=older,
                index_name=VouchersByMember.Meta.index_name,
                scan_index_forward=False,
                limit=limit + 1,
            )["Items"]
        ]
        times.sort(reverse=True)
        codes = [voucher_items.code_of(time) for time in times[:limit]]
        return codes, pages.encode_cursor(times[limit - 1]) if len(times) > limit else None

    def expiring(self, day: date, shard: int, *, until: datetime, limit: int) -> Sequence[str]:
        answer = self._tables.connection.query(
            self._table_name,
            voucher_items.expiry_shard(day, shard),
            range_key_condition=VouchersByExpiry.expiry_time
            < f"{sortable(until)}$",  # '$' follows '#'
            index_name=VouchersByExpiry.Meta.index_name,
            limit=limit,
        )
        return [voucher_items.code_of(key["expiry_time"]["S"]) for key in answer["Items"]]

    def open_batch(self, batch: VoucherBatch) -> VoucherBatch:
        item = VoucherBatchItem.of(batch)
        try:
            item.save(VoucherBatchItem.pk.does_not_exist())
        except PutError as error:
            if error.cause_response_code != _REFUSED:
                raise
            return VoucherBatchItem.get(item.pk, item.sk, consistent_read=True).batch()
        return batch

    def _read(self, wanted: Iterable[Key]) -> Sequence[object]:
        return read_across(self._tables, {VouchersItem: list(wanted)})
