"""Orders and returns of one customer: points, lifetime spend, the Elite threshold."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from loyalty.domain.acceptance import (
    REFUSED,
    OrderDecision,
    Rules,
    accept_order,
    accept_return,
    require_past,
)
from loyalty.domain.errors import FutureDate
from loyalty.domain.journey import draw_variant
from loyalty.domain.ledger import Lot, PendingPoints
from loyalty.domain.member import Identity, Member
from loyalty.domain.orders import (
    Money,
    Order,
    OrderKey,
    OrderLine,
    OrderReturns,
    Return,
    ReturnLine,
)
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.tiers import TierSpan, TierStanding
from tests.support.examples import NOW, PROGRAM, an_order

RULES = Rules(earning=PROGRAM, journey=PROGRAM)
LATER = NOW + timedelta(hours=1)
PROSPECT = Member("ada", version=2, created_at=NOW)
MEMBER = replace(PROSPECT, joined_at=NOW, standing=TierStanding((TierSpan("member", NOW),)))


def accept(
    order: Order,
    member: Member | None = MEMBER,
    *,
    program: ProgramDefinition = PROGRAM,
    waiting: OrderReturns | None = None,
    now: datetime = LATER,
) -> OrderDecision:
    rules = Rules(earning=program, journey=program)
    return accept_order(order, member, waiting=waiting, rules=rules, now=now)


def half() -> Return:
    return Return("R-1", NOW, amount=Money(5_000, "EUR"))


class TestEarning:
    @pytest.mark.parametrize(
        ("identities", "is_silent"),
        [((), True), ((Identity("phone", "+4915112345678"),), False)],
    )
    def test_only_who_has_a_phone_is_to_be_told(
        self, identities: tuple[Identity, ...], is_silent: bool
    ) -> None:
        [entry] = accept(an_order(), replace(MEMBER, identities=identities)).entries
        assert entry.is_silent is is_silent

    def test_a_member_earns_from_the_very_moment_of_joining(self) -> None:
        assert accept(an_order(occurred_at=NOW)).order.points == 10
        just_before = an_order(occurred_at=NOW - timedelta(microseconds=1))
        assert accept(just_before).order.points == 0

    def test_a_prospect_collects_spend_but_no_points(self) -> None:
        decision = accept(an_order(), PROSPECT)
        assert decision.member is not None
        assert decision.member.lifetime_spend_minor == 10_000
        assert decision.entries == ()
        assert decision.order.releases_at is None
        assert decision.order.lot_expires_at is None

    def test_the_answer_says_where_the_member_stands(self) -> None:
        assert accept(an_order()).order.answer == {
            "member_id": "ada",
            "status": "prospect",
            "tier": "member",
            "points_earned": 10,
            "points_pending": 10,
            "points_available": 0,
            "lifetime_spend": {"amount_minor": 10_000, "currency": "EUR"},
            "threshold_crossed": False,
        }

    def test_an_old_order_of_a_member_is_available_at_once(self) -> None:
        long_ago = replace(MEMBER, joined_at=NOW - timedelta(days=60))
        decision = accept(an_order(occurred_at=NOW - timedelta(days=30)), long_ago)
        assert decision.member is not None
        assert decision.member.account.points_available == 10
        assert decision.order.answer["points_available"] == 10

    def test_an_order_of_nobody_is_kept_and_earns_nothing(self) -> None:
        decision = accept(an_order(), None)
        assert decision.member is None
        assert decision.entries == ()
        assert (decision.order.member_id, decision.order.points) == (None, 0)
        assert decision.order.eligible_minor == 10_000
        assert decision.order.answer["member_id"] is None
        assert decision.order.answer["status"] is None

    def test_an_order_of_nothing_is_an_order(self) -> None:
        decision = accept(an_order(amount_minor=0))
        assert decision.entries == ()
        assert decision.order.answer["points_earned"] == 0

    def test_the_rules_of_its_own_day_judge_what_it_earns(self) -> None:
        generous = replace(PROGRAM, version=2, earn_rate=Decimal(1))
        decision = accept_order(
            an_order(),
            MEMBER,
            waiting=None,
            rules=Rules(earning=generous, journey=PROGRAM),
            now=LATER,
        )
        assert (decision.order.points, decision.order.program_version) == (100, 2)

    def test_an_identity_conflict_is_told(self) -> None:
        decision = accept_order(
            an_order(), MEMBER, waiting=None, rules=RULES, now=LATER, identity_conflict=True
        )
        assert decision.order.answer["identity_conflict"] is True

    def test_clocks_may_differ_by_five_minutes(self) -> None:
        require_past(NOW + timedelta(minutes=5), NOW)
        with pytest.raises(FutureDate):
            require_past(NOW + timedelta(minutes=5, microseconds=1), NOW)


class TestThreshold:
    def test_is_crossed_when_reached_exactly(self) -> None:
        decision = accept(an_order(amount_minor=50_000), PROSPECT)
        assert decision.member is not None
        assert decision.member.threshold_crossed_at == NOW
        assert decision.member.crossing_order == OrderKey("pos", "O-1")
        assert decision.member.variant == draw_variant(PROGRAM, "ada").name
        assert decision.member.journey_program_version == PROGRAM.version
        assert decision.order.answer["threshold_crossed"] is True
        (fact,) = decision.status_changes
        assert (fact.event, fact.member_version) == ("ThresholdCrossed", PROSPECT.version)
        assert fact.data == {
            "source": "pos",
            "order_id": "O-1",
            "variant": decision.member.variant,
            "program_version": 1,
            "lifetime_spend_minor": 50_000,
        }

    def test_is_not_crossed_one_cent_below(self) -> None:
        decision = accept(an_order(amount_minor=49_999), PROSPECT)
        assert decision.status_changes == ()
        assert decision.member is not None
        assert decision.member.threshold_crossed_at is None
        assert decision.member.variant is None

    def test_adds_up_over_orders(self) -> None:
        spent = replace(PROSPECT, lifetime_spend_minor=49_999)
        assert len(accept(an_order(amount_minor=1), spent).status_changes) == 1

    def test_is_crossed_once_for_ever(self) -> None:
        crossed = replace(PROSPECT, lifetime_spend_minor=60_000, threshold_crossed_at=NOW)
        decision = accept(an_order(amount_minor=50_000), crossed)
        assert decision.status_changes == ()
        assert decision.order.answer["threshold_crossed"] is False

    def test_is_that_of_the_drawn_variant(self) -> None:
        drawn = draw_variant(PROGRAM, "ada").name
        raised = tuple(
            replace(variant, threshold_minor=90_000) if variant.name == drawn else variant
            for variant in PROGRAM.variants
        )
        decision = accept(
            an_order(amount_minor=89_999), PROSPECT, program=replace(PROGRAM, variants=raised)
        )
        assert decision.status_changes == ()

    def test_returns_that_waited_count_first(self) -> None:
        order = an_order(amount_minor=50_000)
        waiting = OrderReturns(
            order.key, version=1, waiting=(Return("R-1", NOW, amount=Money(1, "EUR")),)
        )
        assert accept(order, PROSPECT, waiting=waiting).status_changes == ()

    @pytest.mark.parametrize(
        ("historic", "age", "crosses"),
        [
            (False, timedelta(days=300), True),
            (True, timedelta(days=30), True),
            (True, timedelta(days=30, microseconds=1), False),
        ],
    )
    def test_imported_history_invites_nobody_old(
        self, historic: bool, age: timedelta, crosses: bool
    ) -> None:
        order = an_order(amount_minor=50_000, occurred_at=LATER - age, historic=historic)
        decision = accept(order, PROSPECT, now=LATER)
        assert bool(decision.status_changes) == crosses
        assert decision.member is not None
        assert decision.member.lifetime_spend_minor == 50_000

    def test_whoever_left_is_not_invited_back(self) -> None:
        left = replace(PROSPECT, status="left")
        assert accept(an_order(amount_minor=50_000), left).status_changes == ()


class TestReturns:
    def test_takes_back_points_and_spend(self) -> None:
        sold = accept(an_order(amount_minor=10_000))
        decision = accept_return(
            sold.order, OrderReturns(sold.order.key), half(), sold.member, LATER
        )
        assert decision.member is not None
        assert decision.member.lifetime_spend_minor == 5_000
        assert decision.member.account.points_pending == 5
        (entry,) = decision.entries
        assert (entry.kind, entry.points) == ("reversal", -5)
        assert entry.business_key == "return/pos/O-1/R-1"
        assert decision.accepted.answer == {"points_reversed": 5, "points_available": 0}

    def test_takes_no_points_where_none_were_earned(self) -> None:
        sold = accept(an_order(), PROSPECT)
        decision = accept_return(
            sold.order, OrderReturns(sold.order.key), half(), sold.member, LATER
        )
        assert decision.entries == ()
        assert decision.member is not None
        assert decision.member.lifetime_spend_minor == 5_000

    def test_a_return_of_nobodys_order_is_counted(self) -> None:
        sold = accept(an_order(), None)
        decision = accept_return(sold.order, OrderReturns(sold.order.key), half(), None, LATER)
        assert decision.member is None
        assert decision.returns.unassigned_minor == 5_000
        assert decision.accepted.answer == {"points_reversed": 0, "points_available": 0}

    def test_spent_points_are_owed(self) -> None:
        sold = accept(an_order(occurred_at=NOW), now=NOW + timedelta(days=30))
        assert sold.member is not None
        account = replace(sold.member.account, lots=(Lot(sold.order.lot_expires_at or NOW, 2),))
        poor = replace(sold.member, account=account)
        decision = accept_return(sold.order, OrderReturns(sold.order.key), half(), poor, LATER)
        assert decision.member is not None
        assert decision.member.account.owed == 3
        assert decision.accepted.answer["points_available"] == 0

    def test_returns_that_waited_are_counted_with_their_order(self) -> None:
        order = an_order(lines=[OrderLine("milk", 2, 10_000)])
        waiting = OrderReturns(
            order.key,
            version=2,
            waiting=(
                Return("R-1", NOW, lines=(ReturnLine("milk", 1),)),
                Return("R-2", NOW, lines=(ReturnLine("milk", 2),)),
            ),
        )
        decision = accept(order, waiting=waiting)
        assert [entry.kind for entry in decision.entries] == ["accrual", "reversal"]
        assert decision.member is not None
        assert decision.member.account.pending[0].points == 5
        assert decision.returns is not None
        assert (decision.returns.version, decision.returns.waiting) == (3, ())
        counted, refused = decision.accepted_returns
        assert counted.answer == {"points_reversed": 5, "points_available": 0}
        assert (refused.points, refused.eligible_minor) == (0, 0)
        assert REFUSED in refused.answer

    def test_a_whole_order_back_leaves_nothing(self) -> None:
        order = an_order(amount_minor=10_000)
        everything = Return("R-1", NOW, amount=Money(10_000, "EUR"))
        waiting = OrderReturns(order.key, version=1, waiting=(everything,))
        decision = accept(order, waiting=waiting)
        assert decision.member is not None
        assert decision.member.lifetime_spend_minor == 0
        assert decision.member.account.points_pending == 0
        assert decision.order.answer["points_earned"] == 10
        assert decision.order.answer["points_pending"] == 0
        assert isinstance(decision.member.account.pending[0], PendingPoints)
