"""Whatever happens in whatever order: journey, member and messages agree in the end.

Answers, opt-outs, consents, bounces, time-outs and outreach come at any moment; events are
delivered late, twice and in disorder; functions die between any two of their calls and are called
again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from loyalty.contracts.journeys import JourneyInput, OutreachTask
from loyalty.domain.consents import may_market
from loyalty.domain.errors import InvitationAnswered
from loyalty.domain.journey import AWAITED
from loyalty.domain.member import Consent, StatusChange
from loyalty.domain.messaging import in_quiet_hours
from loyalty.services import invitations, outreach
from loyalty.services.consents import change_consents
from loyalty.services.feedback import suppress_email
from loyalty.services.journey_answers import GivenAnswer, wake_journey
from loyalty.services.journey_start import start_journey
from loyalty.services.messages import MessageUnsettled
from loyalty.services.ports import Email, EmailInDoubt, EmailRefused
from loyalty.services.shards import due_shard
from tests.support.crashes import Crash, Crashing, Fuse
from tests.support.journey_fakes import NOON, JourneyWorld
from tests.support.journey_machine import JourneyMachine, Run

MEMBER = "m1"
WEEK = timedelta(days=7)
PERIOD = timedelta(days=28)
FUSES = st.none() | st.integers(0, 13)
TRIED_AGAIN = (Crash, EmailRefused, MessageUnsettled)
STARTS = {"ThresholdCrossed": "threshold_crossed", "InviteAllowed": "consent_given"}
ANSWERS = {"InviteAccepted": True, "InviteDeclined": False}


class Journey(RuleBasedStateMachine):
    """One customer, from the crossing of the threshold to an end."""

    @initialize(
        variant=st.sampled_from(["standard"] * 9 + ["hold_out"]),
        basis=st.sampled_from(["soft_opt_in"] * 3 + ["consent"]),
        head_start=st.integers(0, 5),
    )
    def cross_the_threshold(self, variant: str, basis: str, head_start: int) -> None:
        self.world = JourneyWorld()
        self.world.change_program(invite_basis=basis)
        member = self.world.customer(MEMBER, variant=variant)
        crossed = StatusChange(
            MEMBER, 1, "ThresholdCrossed", NOON, NOON, member.status, member.status
        )
        self.world.store.history[MEMBER, 1, 0] = crossed
        self.fuse = Fuse()
        self.machine = JourneyMachine(self.world, self.fuse)
        self.last_outreach_at = NOON - PERIOD
        self.delivered: set[tuple[str, int, int]] = set()
        self.world.sender.before_sending = self.check_that_it_may_be_sent
        self.go_on(head_start, None)

    def check_that_it_may_be_sent(self, email: Email) -> None:
        if email.tags["message_id"].startswith("welcome"):
            return
        now = self.world.clock.now()
        current = self.world.program.current(now)
        assert may_market(self.world.member(MEMBER), "email", current)
        assert not in_quiet_hours(current, now)
        recent = [at for at in self.world.member(MEMBER).marketing_sent_at if now - at < WEEK]
        assert len(recent) <= current.marketing_per_week
        if email.tags["message_id"].startswith("outreach"):
            assert now - self.last_outreach_at > PERIOD - timedelta(minutes=1)
            self.last_outreach_at = now

    def attempt(self, action: Callable[[], Any], fuse: int | None) -> None:
        """Do something in a function that may die at any of its calls."""
        self.fuse.left = fuse
        with suppress(*TRIED_AGAIN):
            action()
        self.fuse.left = None
        self.machine.start_new()
        self.machine.wake()

    # ── The machine ───────────────────────────────────────────────────────────────────────────────

    @rule(data=st.data(), fuse=FUSES)
    def deliver_an_event(self, data: st.DataObject, fuse: int | None) -> None:
        key = data.draw(st.sampled_from(sorted(self.world.store.history)))
        self.attempt(lambda: self.deliver(key), fuse)

    def deliver(self, key: tuple[str, int, int]) -> None:
        fact = self.world.store.history[key]
        ports: dict[str, Any] = {
            "journeys": Crashing(self.world.journeys, self.fuse),
            "executions": Crashing(self.world.executions, self.fuse),
            "clock": self.world.clock,
        }
        if reason := STARTS.get(fact.event):
            journey = JourneyInput.model_validate(
                {"member_id": MEMBER, "reason": reason, "correlation_id": "c"}
            )
            start_journey(journey, fact.member_version, **ports)
        elif fact.event in ANSWERS:
            accepted = ANSWERS[fact.event]
            answer = GivenAnswer(MEMBER, fact.member_version, accepted, fact.from_status, "c")
            wake_journey(answer, **ports)
        self.delivered.add(key)

    def undelivered(self) -> list[tuple[str, int, int]]:
        return sorted(set(self.world.store.history) - self.delivered)

    def runnable(self) -> list[Run]:
        now = self.world.clock.now()
        return [
            run
            for run in self.machine.runs.values()
            if not (run.ended or run.waiting) and (run.not_before is None or run.not_before <= now)
        ]

    @rule(steps=st.integers(1, 6), fuse=FUSES)
    def the_journey_goes_on(self, steps: int, fuse: int | None) -> None:
        self.go_on(steps, fuse)

    def go_on(self, steps: int, fuse: int | None) -> None:
        """Take some steps; the function of the last one may die."""
        for step in range(steps):
            if left := self.undelivered():
                self.attempt(partial(self.deliver, left[0]), fuse if step == steps - 1 else None)
            elif runnable := self.runnable():
                run = runnable[0]
                self.attempt(partial(self.machine.step, run), fuse if step == steps - 1 else None)

    @precondition(lambda self: any(run.waiting for run in self.machine.runs.values()))
    @rule(data=st.data())
    def let_a_window_pass(self, data: st.DataObject) -> None:
        waiting = [run for run in self.machine.runs.values() if run.waiting]
        self.world.clock.advance(timedelta(days=14))
        self.machine.time_out(data.draw(st.sampled_from(waiting)))

    @rule(hours=st.sampled_from([1, 9, 24, 24 * 7, 24 * 28]))
    def time_passes(self, hours: int) -> None:
        self.world.clock.advance(timedelta(hours=hours))

    @rule(failure=st.sampled_from([EmailRefused, EmailInDoubt]))
    def the_mail_service_fails_next(self, failure: type[EmailRefused | EmailInDoubt]) -> None:
        self.world.sender.failures.append(failure())

    @precondition(lambda self: self.world.store.due_items)
    @rule(fuse=FUSES)
    def outreach_runs_when_it_is_due(self, fuse: int | None) -> None:
        first = min(due.due_at for due in self.world.store.due_items)
        self.world.clock.at = max(self.world.clock.at, first)
        until = outreach.plan_outreach(clock=self.world.clock).until
        task = OutreachTask(shard=due_shard(MEMBER), until=until)
        outbox = self.world.outbox_with(
            store=Crashing(self.world.store, self.fuse),
            sender=Crashing(self.world.sender, self.fuse),
            clock=self.world.clock,
        )
        self.attempt(
            lambda: outreach.send_outreach(task, outbox=outbox, program=self.world.program), fuse
        )

    # ── The customer ──────────────────────────────────────────────────────────────────────────────

    def ports(self) -> dict[str, Any]:
        return {
            "store": Crashing(self.world.store, self.fuse),
            "program": self.world.program,
            "clock": self.world.clock,
        }

    def link(self, purpose: str) -> str:
        now = self.world.clock.now()
        return self.world.links.sign(
            purpose, MEMBER, issued_at=now, expires_at=now + timedelta(days=90)
        )

    @precondition(lambda self: self.world.sender.sent)
    @rule(
        given=st.sampled_from([invitations.accept] * 2 + [invitations.decline]),
        at_once=st.booleans(),
        fuse=FUSES,
    )
    def the_customer_answers(
        self, given: Callable[..., object], at_once: bool, fuse: int | None
    ) -> None:
        """Answer by the link; `at_once`: the event overtakes whatever the journey does now."""

        def answer() -> None:
            with suppress(InvitationAnswered):
                given(self.link("invitation"), **self.ports(), links=self.world.links)

        self.attempt(answer, fuse)
        for key in self.undelivered() if at_once else ():
            self.attempt(partial(self.deliver, key), None)

    @rule(
        what=st.sampled_from(["consents", "consents", "unsubscribes", "mail_bounces"]), fuse=FUSES
    )
    def a_word_on_mails(self, what: str, fuse: int | None) -> None:
        self.world.clock.advance(timedelta(seconds=1))
        self.attempt(getattr(self, f"_{what}"), fuse)

    def _consents(self) -> None:
        said = Consent(granted=True, recorded_at=self.world.clock.now(), source="shop")
        change_consents(MEMBER, {"email": said}, **self.ports())

    def _unsubscribes(self) -> None:
        token = self.link("unsubscribe")
        invitations.unsubscribe(token, **self.ports(), links=self.world.links)

    def _mail_bounces(self) -> None:
        if self.world.sender.sent:
            ports = self.ports()
            suppress_email(MEMBER, "bounce", store=ports["store"], clock=ports["clock"])

    # ── What always holds ─────────────────────────────────────────────────────────────────────────

    @invariant()
    def nothing_is_sent_twice(self) -> None:
        assert all(count == 1 for count in self.world.sender.message_ids().values())

    @invariant()
    def there_is_at_most_one_answer(self) -> None:
        events = self.world.events(MEMBER)
        assert sum(event in ANSWERS for event in events) <= 1
        assert events.count("CustomerInvited") <= 1

    @invariant()
    def the_members_history_leads_to_its_status(self) -> None:
        status = "prospect"
        for key in sorted(self.world.store.history):
            assert self.world.store.history[key].from_status == status
            status = self.world.store.history[key].to_status
        assert self.world.member(MEMBER).status == status

    def teardown(self) -> None:
        """Deliver what is left, call again what died, let all windows pass: now all must agree."""
        if not hasattr(self, "world"):
            return
        self.world.sender.failures.clear()
        self.fuse.left = None
        for _ in range(200):
            if not self.advance_everything():
                break
        assert all(run.ended for run in self.machine.runs.values())
        self.check_agreement()

    def advance_everything(self) -> bool:
        """Do the next thing that is left to do; tell whether there was one."""
        if left := self.undelivered():
            self.attempt(lambda: self.deliver(left[0]), None)
            return True
        if runnable := self.runnable():
            self.world.clock.advance(timedelta(minutes=16))
            self.attempt(lambda: self.machine.step(runnable[0]), None)
            return True
        for run in self.machine.runs.values():
            if run.waiting:
                assert self.world.member(MEMBER).status in AWAITED, "a wake-up was lost"
                self.machine.time_out(run)
            elif not run.ended:
                assert run.not_before is not None
                self.world.clock.at = max(self.world.clock.at, run.not_before)
            if not run.ended:
                return True
        return False

    def check_agreement(self) -> None:
        member = self.world.member(MEMBER)
        ends = {name: run.state for name, run in self.machine.runs.items()}
        claimed = {message_id for _, message_id in self.world.store.messages}
        facts = self.world.events(MEMBER)
        assert ("invite" in claimed) == ("CustomerInvited" in facts)
        assert ("reminder" in claimed) == ("CustomerReminded" in facts)
        match member.status:
            case "prospect":
                assert member.held_out or member.invite_suppressed
                assert set(ends.values()) <= {"HeldOut", "InviteSuppressed"}
            case "active":
                assert "InviteAccepted" in facts
                assert "Activated" in ends.values()
                assert "welcome" in claimed or "email" in member.suppressed
                assert member.enrolled
            case "not_interested":
                assert "InviteDeclined" in facts
                assert "Activated" not in ends.values()
                assert not member.enrolled
            case "inactive":
                assert not set(facts) & set(ANSWERS)
                assert "Inactive" in ends.values()
                assert member.inactive_reason == "silent"
            case other:
                pytest.fail(f"a journey does not end as {other}")


TestJourney = Journey.TestCase
TestJourney.settings = settings(
    max_examples=200,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
