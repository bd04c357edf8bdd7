"""Version 0 of the program, which is in force until somebody saves another one."""

from __future__ import annotations

from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from loyalty.domain.program import Gift, JourneyVariant, ProgramDefinition, Tier, VoucherRule

DEFAULT_PROGRAM: Final = ProgramDefinition(
    version=0,
    effective_from=datetime(1970, 1, 1, tzinfo=UTC),
    currency="EUR",
    minor_digits=2,
    exchange_rates=(),
    time_zone=ZoneInfo("UTC"),
    points_enabled=True,
    accrual_mode="per_order",
    earn_rate=Decimal("0.10"),
    earn_bonuses=(),
    action_rewards=(),
    points_per_order_cap=None,
    points_per_day_cap=None,
    earns_per_card_and_day=3,
    pending_days=14,
    expiry_months=12,
    reversal_grace_days=30,
    adjustment_limit_points=1000,
    undo_merge_days=30,
    tiers_enabled=True,
    tiers=(
        Tier(name="silver", threshold=0),
        Tier(
            name="gold",
            threshold=100_000,
            multiplier=Decimal("1.25"),
            voucher=VoucherRule(kind="percent", valid_days=60, percent=10),
        ),
        Tier(
            name="platinum",
            threshold=300_000,
            multiplier=Decimal("1.5"),
            needs_approval=True,
            voucher=VoucherRule(
                kind="amount", valid_days=60, amount_minor=2500, minimum_order_minor=5000
            ),
            gift=Gift(sku="gift-box", name="Gift box", quantity=1),
        ),
    ),
    tier_basis="spend",
    tier_period="rolling_12_months",
    tier_upgrade="at_evaluation",
    tier_grace_months=1,
    vouchers_enabled=True,
    voucher_reservation_minutes=30,
    voucher_reminder_days=7,
    task_reminder_days=3,
    task_escalation_days=14,
    variants=(
        JourneyVariant(
            name="standard",
            weight=90,
            hold_out=False,
            threshold_minor=50_000,
            invite_window_days=14,
            reminder_window_days=14,
            texts="standard",
        ),
        JourneyVariant(
            name="hold_out",
            weight=10,
            hold_out=True,
            threshold_minor=50_000,
            invite_window_days=14,
            reminder_window_days=14,
            texts="standard",
        ),
    ),
    assignment_seed="elite",
    open_elite=False,
    invite_basis="soft_opt_in",
    invites_per_hour=500,
    invite_recency_days=30,
    link_valid_days=90,
    journeys_paused=False,
    outreach_period_days=28,
    outreach_limit=6,
    quiet_from=time(21),
    quiet_until=time(8),
    marketing_per_week=2,
    points_sms=True,
    top_offer_uses=3,
    offers_shown=12,
    exploration_share=Decimal("0.1"),
)
