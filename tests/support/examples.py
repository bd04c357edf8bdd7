"""A program and orders to test with; a test says only what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from loyalty.domain.orders import Money, Order, OrderKey, OrderLine, Tender
from loyalty.domain.program import (
    ActionReward,
    ExchangeRate,
    Gift,
    JourneyVariant,
    ProgramDefinition,
    Tier,
    VoucherRule,
)

NOW = datetime(2017, 3, 15, 12, tzinfo=UTC)

STANDARD = JourneyVariant(
    name="standard",
    weight=90,
    hold_out=False,
    threshold_minor=50_000,
    invite_window_days=14,
    reminder_window_days=14,
    texts="standard",
)
HOLD_OUT = JourneyVariant(
    name="hold_out",
    weight=10,
    hold_out=True,
    threshold_minor=50_000,
    invite_window_days=14,
    reminder_window_days=14,
    texts="standard",
)

TIERS = (
    Tier("member", threshold=0),
    Tier(
        "gold",
        threshold=100_000,
        multiplier=Decimal("1.25"),
        voucher=VoucherRule("percent", valid_days=60, percent=10),
    ),
    Tier(
        "platinum",
        threshold=300_000,
        multiplier=Decimal("1.5"),
        needs_approval=True,
        voucher=VoucherRule("amount", valid_days=60, amount_minor=2_500, minimum_order_minor=5_000),
        gift=Gift("gift-box", "Gift box", 1),
    ),
)

PROGRAM = ProgramDefinition(
    version=1,
    effective_from=datetime(2016, 1, 1, tzinfo=UTC),
    currency="EUR",
    minor_digits=2,
    exchange_rates=(
        ExchangeRate("USD", 2, date(2017, 1, 1), Decimal("0.95")),
        ExchangeRate("USD", 2, date(2017, 3, 1), Decimal("0.9")),
        ExchangeRate("JPY", 0, date(2017, 1, 1), Decimal("0.0081")),
    ),
    time_zone=ZoneInfo("Europe/Berlin"),
    points_enabled=True,
    accrual_mode="per_order",
    earn_rate=Decimal("0.10"),
    earn_bonuses=(),
    action_rewards=(ActionReward("review", points=5, per_year_limit=2),),
    points_per_order_cap=None,
    points_per_day_cap=None,
    earns_per_card_and_day=3,
    pending_days=14,
    expiry_months=12,
    reversal_grace_days=30,
    adjustment_limit_points=1_000,
    undo_merge_days=30,
    tiers_enabled=True,
    tiers=TIERS,
    tier_basis="spend",
    tier_period="rolling_12_months",
    tier_upgrade="at_evaluation",
    tier_grace_months=1,
    vouchers_enabled=True,
    voucher_reservation_minutes=30,
    voucher_reminder_days=7,
    task_reminder_days=3,
    task_escalation_days=14,
    variants=(STANDARD, HOLD_OUT),
    assignment_seed="seed",
    open_elite=False,
    invite_basis="soft_opt_in",
    invites_per_hour=100,
    invite_recency_days=30,
    link_valid_days=60,
    journeys_paused=False,
    outreach_period_days=90,
    outreach_limit=3,
    quiet_from=time(21),
    quiet_until=time(8),
    marketing_per_week=2,
    points_sms=True,
    top_offer_uses=3,
    offers_shown=12,
    exploration_share=Decimal("0.1"),
)


def an_order(
    order_id: str = "O-1",
    amount_minor: int = 10_000,
    *,
    source: str = "pos",
    occurred_at: datetime = NOW,
    currency: str = "EUR",
    lines: Sequence[OrderLine] | None = None,
    tenders: Sequence[Tender] = (),
    total_minor: int | None = None,
    historic: bool = False,
) -> Order:
    """Return an order of one product line, or of `lines`; its total is what they add up to."""
    if lines is None:
        lines = (OrderLine("milk", 1, amount_minor),)
    if total_minor is None:
        total_minor = sum(line.amount_minor for line in lines)
    return Order(
        key=OrderKey(source, order_id),
        occurred_at=occurred_at,
        total=Money(total_minor, currency),
        lines=tuple(lines),
        tenders=tuple(tenders),
        historic=historic,
    )
