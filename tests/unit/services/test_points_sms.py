"""Text messages on points: at once, then bundled, never twice for the same posting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loyalty.contracts.journeys import SendOutcome
from loyalty.domain.member import Consent, Identity
from loyalty.services.message_ports import SmsInDoubt, SmsRefused
from loyalty.services.messages import MessageUnsettled
from loyalty.services.points_sms import send_points_sms
from loyalty.services.ports import Due
from tests.support.journey_fakes import NOON
from tests.support.sms_fakes import PHONE, PhoneWorld

SENT = SendOutcome(outcome="sent")
SUPPRESSED = SendOutcome(outcome="suppressed")
# Quiet hours end at 8: the first of March is over, and everybody is awake.
NEXT_MORNING = datetime(2017, 3, 2, 8, tzinfo=UTC)
BUNDLED = SendOutcome.later(NEXT_MORNING)
BUNDLE = Due("points_sms", NEXT_MORNING, "m1")
HOUR = timedelta(hours=1)


@pytest.fixture
def world() -> PhoneWorld:
    return PhoneWorld()


def test_the_first_posting_of_a_day_is_told_at_once(world: PhoneWorld) -> None:
    world.member_with_phone()
    assert world.alert(world.post(51)) == SENT
    [sms] = world.phones.sent
    assert sms.to == PHONE
    assert sms.text == "points points=51 available=51 pending=0"
    claim = world.store.messages["m1", "points-2017-03-01"]
    assert (claim.channel, claim.state, claim.marketing) == ("sms", "sent", False)
    assert not world.store.due_items


def test_later_ones_of_the_day_come_in_one_message_next_morning(world: PhoneWorld) -> None:
    world.member_with_phone()
    world.alert(world.post(51))
    for points in (20, 30):
        world.clock.advance(HOUR)
        assert world.alert(world.post(points)) == BUNDLED
    assert world.store.due_items == {BUNDLE}
    assert world.send_due() == 0
    world.clock.at = NEXT_MORNING
    assert world.send_due() == 1
    assert world.phones.texts()[1:] == [
        "more_points points=50 day=2017-03-01 available=101 pending=0"
    ]
    assert not world.store.due_items


def test_the_next_day_is_told_at_once_again(world: PhoneWorld) -> None:
    world.member_with_phone()
    world.alert(world.post(51))
    world.clock.advance(timedelta(days=1))
    assert world.alert(world.post(20)) == SENT
    assert len(world.phones.sent) == 2


def test_an_event_that_comes_again_sends_nothing(world: PhoneWorld) -> None:
    world.member_with_phone()
    first = world.post(51)
    assert [world.alert(first), world.alert(first)] == [SENT, SENT]
    assert len(world.phones.sent) == 1
    assert not world.store.due_items


def test_events_in_disorder_tell_every_posting_once(world: PhoneWorld) -> None:
    world.member_with_phone()
    entries = [world.post(points) for points in (1, 2, 4)]
    for index in (2, 0, 2, 1, 0):
        world.alert(entries[index])
    world.clock.at = NEXT_MORNING
    world.send_due()
    told = [text.split()[:2] for text in world.phones.texts()]
    assert told == [["points", "points=4"], ["more_points", "points=3"]]
    for entry in entries:
        world.alert(entry)
    world.send_due()
    assert len(world.phones.sent) == 2


def test_in_quiet_hours_it_waits_for_the_bundle(world: PhoneWorld) -> None:
    world.member_with_phone()
    world.clock.at = NOON + 10 * HOUR
    assert world.alert(world.post(51)) == BUNDLED
    assert world.send_due() == 0
    world.clock.at = NEXT_MORNING
    assert world.send_due() == 1
    assert len(world.phones.sent) == 1


def test_a_bundle_is_not_sent_in_quiet_hours(world: PhoneWorld) -> None:
    world.member_with_phone()
    world.alert(world.post(51))
    world.alert(world.post(52))
    world.clock.at = NEXT_MORNING + 14 * HOUR
    assert world.send_due() == 0
    assert world.store.due_items == {BUNDLE}
    world.clock.at = NEXT_MORNING + 24 * HOUR
    assert world.send_due() == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"identities": (Identity("email", "ann@example.com"),)},
        {"suppressed": {"sms": "complaint"}},
        {"consents": {"sms": Consent(granted=False, recorded_at=NOON, source="test")}},
        {"preferences": {"points_sms": False}},
        {"status": "left"},
    ],
    ids=["no phone", "suppressed", "opted out", "switched off", "left"],
)
def test_who_gets_none_costs_one_read(world: PhoneWorld, fields: dict[str, Any]) -> None:
    world.member_with_phone(**fields)
    entry = world.post(51)
    world.store.requests = 0
    assert world.alert(entry) == SUPPRESSED
    assert world.store.requests == 1
    assert not world.phones.sent


def test_a_program_without_these_messages_reads_nothing(world: PhoneWorld) -> None:
    world.member_with_phone()
    entry = world.post(51)
    world.change_program(points_sms=False)
    world.store.requests = 0
    assert world.alert(entry) == SUPPRESSED
    assert world.store.requests == 0


def test_history_that_is_imported_is_no_news(world: PhoneWorld) -> None:
    world.member_with_phone()
    assert world.alert(world.post(51, occurred_at=NOON - timedelta(days=3))) == SUPPRESSED
    assert world.alert(world.post(52, occurred_at=NOON - timedelta(days=2))) == SENT


def test_a_silent_posting_reads_nothing_and_is_in_no_bundle(world: PhoneWorld) -> None:
    world.member_with_phone()
    merged = world.post(500, is_silent=True)
    world.store.requests = 0
    assert world.alert(merged) == SUPPRESSED
    assert world.store.requests == 0
    for points in (51, 52):
        world.alert(world.post(points))
    world.clock.at = NEXT_MORNING
    world.send_due()
    assert world.phones.texts()[-1].startswith("more_points points=52 ")


def test_a_first_posting_needs_one_read(world: PhoneWorld) -> None:
    world.member_with_phone()
    entry = world.post(51)
    world.store.requests = 0
    world.alert(entry)
    assert world.store.requests == 3  # read, claim, mark


def test_switching_off_before_the_bundle_stops_it(world: PhoneWorld) -> None:
    world.member_with_phone()
    for points in (51, 52):
        world.alert(world.post(points))
    account = world.member().account
    world.member_with_phone(version=9, account=account, preferences={"points_sms": False})
    world.clock.at = NEXT_MORNING
    assert world.send_due() == 1
    assert len(world.phones.sent) == 1
    assert not world.store.due_items


class TestTrouble:
    def test_a_refused_message_can_be_sent_again(self, world: PhoneWorld) -> None:
        world.member_with_phone()
        world.phones.failures = [SmsRefused("Throttled", takes_none=True)]
        entry = world.post(51)
        with pytest.raises(SmsRefused):
            world.alert(entry)
        assert world.alert(entry) == SENT
        assert len(world.phones.sent) == 1

    def test_a_number_that_is_refused_fails_no_event_and_no_evaluation(
        self, world: PhoneWorld
    ) -> None:
        world.member_with_phone()
        world.phones.failures = [SmsRefused("InvalidParameter"), SmsRefused("InvalidParameter")]
        assert world.alert(world.post(51)) == SUPPRESSED
        outcome = send_points_sms("m1", "2017-02", 230, outbox=world.sms_outbox)
        assert outcome == SUPPRESSED

    @pytest.mark.parametrize("sent_it", [True, False])
    def test_one_that_nobody_knows_of_is_told_again_in_the_bundle(
        self, world: PhoneWorld, sent_it: bool
    ) -> None:
        world.member_with_phone()
        entry = world.post(51)
        if sent_it:
            world.phones.after_sending = _crash
        else:
            world.phones.failures = [SmsInDoubt("no answer")]
        with pytest.raises((ConnectionError, MessageUnsettled)):
            world.alert(entry)
        world.phones.after_sending = lambda: None
        assert world.alert(entry) == BUNDLED
        world.clock.at = NEXT_MORNING
        assert world.send_due() == 1
        assert world.phones.texts()[-1].startswith("more_points points=51")
        assert len(world.phones.sent) == 1 + sent_it

    def test_a_bundle_in_doubt_goes_out_once_more_after_fifteen_minutes(
        self, world: PhoneWorld
    ) -> None:
        world.member_with_phone()
        for points in (51, 52):
            world.alert(world.post(points))
        world.clock.at = NEXT_MORNING
        world.phones.failures = [SmsInDoubt("no answer")]
        assert world.send_due() == 0
        world.clock.advance(timedelta(minutes=14))
        assert world.send_due() == 0
        world.clock.advance(timedelta(minutes=1))
        assert world.send_due() == 1
        assert world.send_due() == 0
        assert len(world.phones.sent) == 2

    def test_a_number_that_does_not_exist_is_given_up(self, world: PhoneWorld) -> None:
        world.member_with_phone()
        for points in (51, 52):
            world.alert(world.post(points))
        world.clock.at = NEXT_MORNING
        world.phones.failures = [SmsRefused("InvalidParameter")]
        assert world.send_due() == 1
        assert not world.store.due_items

    def test_while_the_network_takes_none_all_stay_due(self, world: PhoneWorld) -> None:
        world.member_with_phone()
        for points in (51, 52):
            world.alert(world.post(points))
        world.clock.at = NEXT_MORNING
        world.phones.failures = [SmsRefused("Throttled", takes_none=True)]
        with pytest.raises(SmsRefused):
            world.send_due()
        assert world.store.due_items == {BUNDLE}
        assert world.send_due() == 1
        assert len(world.phones.sent) == 2


class TestEvaluation:
    def send(self, world: PhoneWorld, points: int = 230) -> SendOutcome:
        return send_points_sms("m1", "2017-02", points, outbox=world.sms_outbox)

    def test_one_that_nobody_knows_of_is_told_again_in_the_bundle(self, world: PhoneWorld) -> None:
        world.member_with_phone()
        world.evaluate(230)
        world.phones.failures = [SmsInDoubt("no answer")]
        for _ in range(2):
            with pytest.raises(MessageUnsettled):
                self.send(world)
        world.clock.at = NEXT_MORNING
        assert [world.send_due(), world.send_due()] == [1, 0]
        [text] = world.phones.texts()
        assert text.startswith("more_points points=230")

    def test_a_run_that_breaks_before_its_message_tells_in_the_bundle(
        self, world: PhoneWorld
    ) -> None:
        world.member_with_phone()
        assert [world.evaluate(230), world.evaluate(0)] == [230, 0]
        assert BUNDLE in world.store.due_items
        world.clock.at = NEXT_MORNING
        assert [world.send_due(), world.send_due()] == [1, 0]
        [text] = world.phones.texts()
        assert text.startswith("more_points points=230 day=2017-03-01")

    def test_who_hears_of_no_points_is_told_of_none(self, world: PhoneWorld) -> None:
        world.member_with_phone(identities=())
        assert world.evaluate(230) == 230
        assert BUNDLE not in world.store.due_items

    def test_points_taken_back_are_no_news(self, world: PhoneWorld) -> None:
        world.member_with_phone()
        assert world.evaluate(-230) == -230
        assert BUNDLE not in world.store.due_items

    def test_points_of_an_evaluation_are_told_once(self, world: PhoneWorld) -> None:
        world.member_with_phone()
        assert [self.send(world), self.send(world)] == [SENT, SENT]
        assert world.phones.texts() == ["points points=230 available=0 pending=0"]

    def test_a_new_message_needs_one_read(self, world: PhoneWorld) -> None:
        world.member_with_phone()
        self.send(world)
        assert world.store.requests == 3  # read, claim, mark

    def test_their_event_adds_nothing(self, world: PhoneWorld) -> None:
        world.member_with_phone()
        entry = world.post(230, business_key="evaluation/2017-02/1/2017-02", is_silent=True)
        assert world.alert(entry) == SUPPRESSED

    def test_the_bundle_does_not_tell_them_again(self, world: PhoneWorld) -> None:
        world.member_with_phone()
        world.evaluate(230)
        self.send(world)
        for points in (51, 52):
            world.alert(world.post(points))
        world.clock.at = NEXT_MORNING
        world.send_due()
        assert world.phones.texts()[-1].startswith("more_points points=52 ")

    def test_what_another_evaluation_of_the_day_told_is_not_told_again(
        self, world: PhoneWorld
    ) -> None:
        world.member_with_phone()
        world.evaluate(230)
        self.send(world)
        world.evaluate(20)
        world.clock.at = NEXT_MORNING
        world.send_due()
        assert world.phones.texts()[-1].startswith("more_points points=20 ")
        assert len(world.phones.sent) == 2

    @pytest.mark.parametrize("later", [timedelta(0), timedelta(minutes=2)])
    def test_at_night_they_wait_for_the_bundle(self, world: PhoneWorld, later: timedelta) -> None:
        world.member_with_phone()
        world.clock.at = NOON + 12 * HOUR - timedelta(minutes=1)
        world.evaluate(230)
        world.clock.advance(later)
        world.store.requests = 0
        assert self.send(world) == BUNDLED
        assert world.store.requests == 0
        world.clock.at = NEXT_MORNING
        assert world.send_due() == 1
        [text] = world.phones.texts()
        assert text.startswith("more_points points=230 day=2017-03-01")

    def test_without_a_phone_there_is_none(self, world: PhoneWorld) -> None:
        world.member_with_phone(identities=())
        assert self.send(world) == SUPPRESSED


def _crash() -> None:
    raise ConnectionError("the function was killed")
