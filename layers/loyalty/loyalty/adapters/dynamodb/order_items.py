"""Items of an order's partition, and their mapping."""

from __future__ import annotations

from datetime import date

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from loyalty.adapters.dynamodb import keys
from loyalty.adapters.dynamodb.attributes import (
    DocumentAttribute,
    InstantAttribute,
    IntegerAttribute,
    WordAttribute,
)
from loyalty.adapters.dynamodb.tables import MembersItem
from loyalty.domain.orders import (
    AcceptedOrder,
    AcceptedReturn,
    EarningLine,
    Money,
    OrderKey,
    OrderReturns,
    Return,
)
from loyalty.domain.strands import Strand


class OrderItem(MembersItem, discriminator="order"):
    """An accepted order.

    `orders_of` and `order_time` put it into its customer's orders, `story_time` into their story.
    """

    story_time = UnicodeAttribute(null=True)
    strand = WordAttribute[Strand](default="orders")
    orders_of = UnicodeAttribute(null=True)
    order_time = UnicodeAttribute(null=True)
    source = UnicodeAttribute()
    order_id = UnicodeAttribute()
    member_id = UnicodeAttribute(null=True)
    occurred_at = InstantAttribute()
    recorded_at = InstantAttribute()
    store_id = UnicodeAttribute(null=True)
    total_minor = IntegerAttribute()
    currency = UnicodeAttribute()
    lines = DocumentAttribute(tuple[EarningLine, ...])
    eligible_minor = IntegerAttribute()
    points = IntegerAttribute()
    releases_at = InstantAttribute(null=True)
    lot_expires_at = InstantAttribute(null=True)
    program_version = IntegerAttribute()
    answer = DocumentAttribute(dict[str, object])
    counted_on = DocumentAttribute(date, null=True)
    tier = UnicodeAttribute(null=True)
    held = BooleanAttribute(null=True)
    offer_ids = DocumentAttribute(tuple[str, ...], null=True)
    voucher_codes = DocumentAttribute(tuple[str, ...], null=True)
    variant = UnicodeAttribute(null=True)

    @classmethod
    def of(cls, order: AcceptedOrder) -> OrderItem:
        key, is_of_somebody = keys.order(order.key), order.member_id is not None
        return cls(
            *key,
            story_time=keys.story_time(order.occurred_at, key[0]) if is_of_somebody else None,
            orders_of=order.member_id,
            order_time=keys.order_time(order.occurred_at, order.key) if is_of_somebody else None,
            source=order.key.source,
            order_id=order.key.order_id,
            member_id=order.member_id,
            occurred_at=order.occurred_at,
            recorded_at=order.recorded_at,
            store_id=order.store_id,
            total_minor=order.total.amount_minor,
            currency=order.total.currency,
            lines=order.lines,
            eligible_minor=order.eligible_minor,
            points=order.points,
            releases_at=order.releases_at,
            lot_expires_at=order.lot_expires_at,
            program_version=order.program_version,
            answer=order.answer,
            counted_on=order.counted_on,
            tier=order.tier,
            held=order.held or None,
            offer_ids=order.offer_ids or None,
            voucher_codes=order.voucher_codes or None,
            variant=order.variant,
        )

    def order(self) -> AcceptedOrder:
        return AcceptedOrder(
            key=OrderKey(self.source, self.order_id),
            member_id=self.member_id,
            occurred_at=self.occurred_at,
            recorded_at=self.recorded_at,
            store_id=self.store_id,
            total=Money(self.total_minor, self.currency),
            lines=self.lines,
            eligible_minor=self.eligible_minor,
            points=self.points,
            releases_at=self.releases_at,
            lot_expires_at=self.lot_expires_at,
            program_version=self.program_version,
            answer=self.answer,
            counted_on=self.counted_on,
            tier=self.tier,
            held=bool(self.held),
            offer_ids=self.offer_ids or (),
            voucher_codes=self.voucher_codes or (),
            variant=self.variant,
        )


class OrderReturnsItem(MembersItem, discriminator="order_returns"):
    """What came back of an order so far; the order itself never changes."""

    source = UnicodeAttribute()
    order_id = UnicodeAttribute()
    version = IntegerAttribute()
    line_amounts_minor = DocumentAttribute(tuple[int, ...])
    line_quantities = DocumentAttribute(tuple[int, ...])
    unassigned_minor = IntegerAttribute()
    eligible_minor = IntegerAttribute()
    points = IntegerAttribute()
    waiting = DocumentAttribute(tuple[Return, ...])

    @classmethod
    def of(cls, returns: OrderReturns) -> OrderReturnsItem:
        return cls(
            *keys.returns(returns.key),
            source=returns.key.source,
            order_id=returns.key.order_id,
            version=returns.version,
            line_amounts_minor=returns.line_amounts_minor,
            line_quantities=returns.line_quantities,
            unassigned_minor=returns.unassigned_minor,
            eligible_minor=returns.eligible_minor,
            points=returns.points,
            waiting=returns.waiting,
        )

    def returns(self) -> OrderReturns:
        return OrderReturns(
            key=OrderKey(self.source, self.order_id),
            version=self.version,
            line_amounts_minor=self.line_amounts_minor,
            line_quantities=self.line_quantities,
            unassigned_minor=self.unassigned_minor,
            eligible_minor=self.eligible_minor,
            points=self.points,
            waiting=self.waiting,
        )


class AcceptedReturnItem(MembersItem, discriminator="accepted_return"):
    source = UnicodeAttribute()
    order_id = UnicodeAttribute()
    return_id = UnicodeAttribute()
    member_id = UnicodeAttribute(null=True)
    occurred_at = InstantAttribute()
    recorded_at = InstantAttribute()
    fingerprint = UnicodeAttribute()
    eligible_minor = IntegerAttribute()
    points = IntegerAttribute()
    answer = DocumentAttribute(dict[str, object])
    tier = UnicodeAttribute(null=True)
    offer_ids = DocumentAttribute(tuple[str, ...], null=True)
    variant = UnicodeAttribute(null=True)

    @classmethod
    def of(cls, accepted: AcceptedReturn) -> AcceptedReturnItem:
        return cls(
            *keys.accepted_return(accepted.key, accepted.return_id),
            source=accepted.key.source,
            order_id=accepted.key.order_id,
            return_id=accepted.return_id,
            member_id=accepted.member_id,
            occurred_at=accepted.occurred_at,
            recorded_at=accepted.recorded_at,
            fingerprint=accepted.fingerprint,
            eligible_minor=accepted.eligible_minor,
            points=accepted.points,
            answer=accepted.answer,
            tier=accepted.tier,
            offer_ids=accepted.offer_ids or None,
            variant=accepted.variant,
        )

    def accepted_return(self) -> AcceptedReturn:
        return AcceptedReturn(
            key=OrderKey(self.source, self.order_id),
            return_id=self.return_id,
            member_id=self.member_id,
            occurred_at=self.occurred_at,
            recorded_at=self.recorded_at,
            fingerprint=self.fingerprint,
            eligible_minor=self.eligible_minor,
            points=self.points,
            answer=self.answer,
            tier=self.tier,
            offer_ids=self.offer_ids or (),
            variant=self.variant,
        )
