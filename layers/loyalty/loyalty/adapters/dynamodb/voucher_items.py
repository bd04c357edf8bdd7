"""Items of VouchersTable and their mapping."""

from __future__ import annotations

import hashlib
from datetime import date, datetime

from pynamodb.attributes import UnicodeAttribute

from loyalty.adapters.dynamodb import keys
from loyalty.adapters.dynamodb.attributes import (
    DocumentAttribute,
    InstantAttribute,
    IntegerAttribute,
    WordAttribute,
    sortable,
)
from loyalty.adapters.dynamodb.keys import Key
from loyalty.adapters.dynamodb.tables import MembersItem
from loyalty.adapters.dynamodb.voucher_tables import VouchersItem
from loyalty.domain.strands import Strand
from loyalty.domain.voucher_terms import Terms, VoucherKind
from loyalty.domain.vouchers import (
    ENDED,
    Reservation,
    UseState,
    Voucher,
    VoucherFact,
    VoucherState,
    VoucherUse,
)
from loyalty.services.voucher_ports import EXPIRY_SHARDS, VoucherBatch

VOUCHER = "VOUCHER"


def voucher_pk(code: str) -> str:
    """Return the partition of a voucher."""
    return f"VOUCHER#{code}"


def voucher_key(code: str) -> Key:
    """Return the key of a voucher."""
    return voucher_pk(code), VOUCHER


def use_key(code: str, redemption_id: str) -> Key:
    """Return the key of what one redemption id did with a voucher."""
    return voucher_pk(code), f"USE#{redemption_id}"


def id_key(voucher_id: str) -> Key:
    """Return the key of the guard that a voucher id is issued once."""
    return f"VOUCHERID#{voucher_id}", "VOUCHERID"


def batch_key(batch_id: str) -> Key:
    """Return the key of a bulk issue."""
    return f"BATCH#{batch_id}", "BATCH"


def limit_key(batch_id: str, member_id: str) -> Key:
    """Return the key of the count of a member's uses of a batch."""
    return f"LIMIT#{batch_id}#{member_id}", "LIMIT"


def voucher_time(issued_at: datetime, code: str) -> str:
    """Return the sort key of a member's vouchers; `code_of` takes it apart."""
    return f"{sortable(issued_at)}#{code}"


def code_of(index_time: str) -> str:
    """Return the code in a sort key of an index."""
    return index_time.rpartition("#")[2]


def expiry_shard(day: date, shard: int) -> str:
    """Return the partition of the vouchers that end by themselves on a UTC day, in one shard."""
    return f"{day.isoformat()}#{shard}"


def shard_of(code: str) -> int:
    """Return the shard, 0 … `EXPIRY_SHARDS` − 1, of a voucher's expiry."""
    return hashlib.sha256(code.encode()).digest()[0] % EXPIRY_SHARDS


class VoucherItem(VouchersItem, discriminator="voucher"):
    """A voucher; the attributes of the indexes are there only while it belongs in them."""

    voucher_of = UnicodeAttribute(null=True)
    voucher_time = UnicodeAttribute(null=True)
    expiry_shard = UnicodeAttribute(null=True)
    expiry_time = UnicodeAttribute(null=True)
    code = UnicodeAttribute()
    voucher_id = UnicodeAttribute()
    version = IntegerAttribute()
    state = WordAttribute[VoucherState]()
    kind = WordAttribute[VoucherKind]()
    terms = DocumentAttribute(Terms)
    cause = UnicodeAttribute()
    issued_at = InstantAttribute()
    remaining_minor = IntegerAttribute(null=True)
    batch_id = UnicodeAttribute(null=True)
    reservation = DocumentAttribute(Reservation, null=True)
    withdrawn = UnicodeAttribute(null=True)

    @classmethod
    def of(cls, voucher: Voucher) -> VoucherItem:
        code, end_at = voucher.code, voucher.end_at
        item = cls(
            *voucher_key(code),
            code=code,
            voucher_id=voucher.voucher_id,
            version=voucher.version,
            state=voucher.state,
            kind=voucher.terms.kind,
            terms=voucher.terms,
            cause=voucher.cause,
            issued_at=voucher.issued_at,
            remaining_minor=voucher.remaining_minor,
            batch_id=voucher.batch_id,
            reservation=voucher.reservation,
            withdrawn=voucher.withdrawn,
        )
        if voucher.member_id is not None:
            item.voucher_of = voucher.member_id
            item.voucher_time = voucher_time(voucher.issued_at, code)
        if voucher.state not in ENDED:
            item.expiry_shard = expiry_shard(end_at.date(), shard_of(code))
            item.expiry_time = f"{sortable(end_at)}#{code}"
        return item

    def voucher(self) -> Voucher:
        return Voucher(
            code=self.code,
            voucher_id=self.voucher_id,
            version=self.version,
            state=self.state,
            terms=self.terms,
            member_id=self.voucher_of,
            cause=self.cause,
            issued_at=self.issued_at,
            remaining_minor=self.remaining_minor,
            batch_id=self.batch_id,
            reservation=self.reservation,
            withdrawn=self.withdrawn,
        )


class VoucherOfMemberItem(MembersItem, discriminator="voucher_of_member"):
    """That a voucher was issued to a customer: it puts the voucher into their story."""

    story_time = UnicodeAttribute()
    strand = WordAttribute[Strand](default="vouchers")
    member_id = UnicodeAttribute()
    voucher_code = UnicodeAttribute()

    @classmethod
    def of(cls, voucher: Voucher, member_id: str) -> VoucherOfMemberItem:
        key = keys.voucher_of(member_id, voucher.voucher_id)
        return cls(
            *key,
            story_time=keys.story_time(voucher.issued_at, key[1]),
            member_id=member_id,
            voucher_code=voucher.code,
        )


class VoucherUseItem(VouchersItem, discriminator="voucher_use"):
    """What one redemption id did with a voucher; kept for ever, so that it counts once."""

    redemption_id = UnicodeAttribute()
    order_id = UnicodeAttribute()
    state = WordAttribute[UseState]()
    at = InstantAttribute()
    asked_minor = IntegerAttribute(null=True)
    amount_minor = IntegerAttribute(null=True)
    store_id = UnicodeAttribute(null=True)
    member_id = UnicodeAttribute(null=True)

    @classmethod
    def of(cls, code: str, use: VoucherUse) -> VoucherUseItem:
        return cls(
            *use_key(code, use.redemption_id),
            redemption_id=use.redemption_id,
            order_id=use.order_id,
            state=use.state,
            at=use.at,
            asked_minor=use.asked_minor,
            amount_minor=use.amount_minor,
            store_id=use.store_id,
            member_id=use.member_id,
        )

    def use(self) -> VoucherUse:
        return VoucherUse(
            redemption_id=self.redemption_id,
            order_id=self.order_id,
            state=self.state,
            at=self.at,
            asked_minor=self.asked_minor,
            amount_minor=self.amount_minor,
            store_id=self.store_id,
            member_id=self.member_id,
        )


class VoucherFactItem(VouchersItem, discriminator="voucher_fact"):
    """An immutable fact of a voucher's life, which the stream publishes."""

    voucher_id = UnicodeAttribute()
    voucher_version = IntegerAttribute()
    event = UnicodeAttribute()
    occurred_at = InstantAttribute()
    member_id = UnicodeAttribute(null=True)
    cause = UnicodeAttribute()
    data = DocumentAttribute(dict[str, str | int | bool | None])

    @classmethod
    def of(cls, code: str, fact: VoucherFact) -> VoucherFactItem:
        return cls(
            voucher_pk(code),
            f"FACT#{fact.voucher_version:06}",
            voucher_id=fact.voucher_id,
            voucher_version=fact.voucher_version,
            event=fact.event,
            occurred_at=fact.occurred_at,
            member_id=fact.member_id,
            cause=fact.cause,
            data=fact.data,
        )

    def fact(self) -> VoucherFact:
        return VoucherFact(
            voucher_id=self.voucher_id,
            voucher_version=self.voucher_version,
            event=self.event,
            occurred_at=self.occurred_at,
            member_id=self.member_id,
            cause=self.cause,
            data=self.data,
        )


class VoucherIdItem(VouchersItem, discriminator="voucher_id"):
    """The guard that a voucher id is issued once, and which code it got; none: it is barred."""

    code = UnicodeAttribute(null=True)

    @classmethod
    def of(cls, voucher: Voucher) -> VoucherIdItem:
        return cls(*id_key(voucher.voucher_id), code=voucher.code)


class VoucherLimitItem(VouchersItem, discriminator="voucher_limit"):
    """How many uses of a batch a member has."""

    used = IntegerAttribute()


class VoucherBatchItem(VouchersItem, discriminator="voucher_batch"):
    """A bulk issue, written once."""

    batch_id = UnicodeAttribute()
    terms = DocumentAttribute(Terms)
    vouchers = IntegerAttribute()
    member_ids = DocumentAttribute(tuple[str, ...])
    issued_by = UnicodeAttribute()
    issued_at = InstantAttribute()

    @classmethod
    def of(cls, batch: VoucherBatch) -> VoucherBatchItem:
        return cls(
            *batch_key(batch.batch_id),
            batch_id=batch.batch_id,
            terms=batch.terms,
            vouchers=batch.count,
            member_ids=batch.member_ids,
            issued_by=batch.issued_by,
            issued_at=batch.issued_at,
        )

    def batch(self) -> VoucherBatch:
        return VoucherBatch(
            batch_id=self.batch_id,
            terms=self.terms,
            count=self.vouchers,
            member_ids=self.member_ids,
            issued_by=self.issued_by,
            issued_at=self.issued_at,
        )
