"""The Elite journey from the first order to the last mail, over HTTP and the mails' links only."""

from __future__ import annotations

from datetime import datetime, timedelta

import httpx
import pytest

from tests.support.mails import INVITE, OUTREACH, REMINDER, WELCOME
from tests.support.program import (
    DAY,
    INVITE_WINDOW,
    LINKS_VALID,
    REMINDER_WINDOW,
    THRESHOLD_MINOR,
    Customer,
    Program,
)

pytestmark = pytest.mark.system

TO_THE_INVITE = ["WhyStarted", "AssignVariant", "IsHeldOut", "SendInvite", "WasInviteSent"]
TO_THE_ANSWER = [*TO_THE_INVITE, "AwaitAnswer", "ReadStatus", "HasAnswered"]
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


# ── The answers ──


def test_an_invited_customer_accepts(program: Program) -> None:
    customer = program.an_invited_customer()
    assert program.status(customer) == "invited"
    assert program.executions(customer) == {customer.member_id: "RUNNING"}

    pressed = program.presses(program.mail(customer, INVITE).accept, "accept")

    assert pressed.status_code == 200
    assert "Welcome to Elite" in pressed.text
    profile = program.profile(customer)
    assert (profile["status"], profile["enrolled"], profile["tier"]) == ("active", True, "silver")
    assert program.subjects(customer) == [INVITE, WELCOME]
    assert program.executions(customer) == {customer.member_id: "SUCCEEDED"}
    assert program.visited(customer.member_id) == [
        *TO_THE_ANSWER,
        "CurateOffers",
        "SendWelcome",
        "Activated",
    ]
    assert program.events(customer) == [
        "ThresholdCrossed",
        "CustomerInvited",
        "InviteAccepted",
        "MemberEnrolled",
    ]


def test_an_invited_customer_declines(program: Program) -> None:
    customer = program.an_invited_customer()

    pressed = program.presses(program.mail(customer, INVITE).decline, "decline")

    assert pressed.status_code == 200
    assert "We will not ask again" in pressed.text
    profile = program.profile(customer)
    assert (profile["status"], profile["enrolled"]) == ("not_interested", False)
    assert program.subjects(customer) == [INVITE]
    assert program.visited(customer.member_id) == [*TO_THE_ANSWER, "Declined"]


def test_a_reminded_customer_still_accepts(program: Program) -> None:
    customer = program.an_invited_customer()
    program.advance(INVITE_WINDOW)
    assert program.status(customer) == "reminded"

    program.presses(program.mail(customer, REMINDER).accept, "accept")

    assert program.status(customer) == "active"
    assert program.subjects(customer) == [INVITE, REMINDER, WELCOME]
    assert program.visited(customer.member_id)[-5:] == [
        "ReadLateStatus",
        "HasAnsweredLate",
        "CurateOffers",
        "SendWelcome",
        "Activated",
    ]


# ── Silence ──


class Silence:
    """Customers who answered nothing until they were written to once more."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.invited_at = program.now
        self.accepts_late, self.opts_out, self.stays_silent = (
            program.an_invited_customer() for _ in range(3)
        )
        self.statuses = [program.status(self.stays_silent)]
        for window in (INVITE_WINDOW, REMINDER_WINDOW):
            program.advance(window)
            self.statuses.append(program.status(self.stays_silent))
        self.opt_out = self.one_click(self.opts_out)
        # Due seven days later, written to by the next weekly run, on a Tuesday.
        program.advance_to(next_tuesday(program.now + 7 * DAY))

    def one_click(self, customer: Customer) -> httpx.Response:
        """Unsubscribe as mail programs do: a POST to the header's address, without any page."""
        mail = self.program.mails(customer)[-1]
        assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        address = mail.headers["List-Unsubscribe"].strip("<>")
        return httpx.post(address, data=ONE_CLICK)


def next_tuesday(moment: datetime) -> datetime:
    while moment.strftime("%a %H") != "Tue 10":
        moment = (moment + timedelta(hours=1)).replace(minute=0)
    return moment + timedelta(hours=1)


@pytest.fixture(scope="module")
def silence(shared_program: Program) -> Silence:
    shared_program.advance_to_noon()
    return Silence(shared_program)


def test_silence_is_reminded_once_and_then_inactive(program: Program, silence: Silence) -> None:
    customer = silence.stays_silent

    assert silence.statuses == ["invited", "reminded", "inactive"]
    assert program.profile(customer)["inactive_reason"] == "silent"
    assert program.profile(customer)["enrolled"] is False
    mails = program.mails(customer)
    assert [mail.subject for mail in mails] == [INVITE, REMINDER, OUTREACH]
    assert mails[0].sent_at == silence.invited_at
    assert mails[1].sent_at == silence.invited_at + INVITE_WINDOW
    assert program.executions(customer) == {customer.member_id: "SUCCEEDED"}
    assert program.visited(customer.member_id) == [
        *TO_THE_ANSWER,
        "SendReminder",
        "WasReminderSent",
        "AwaitLateAnswer",
        "ReadLateStatus",
        "HasAnsweredLate",
        "MarkInactive",
        "BecameInactive",
        "Inactive",
    ]


def test_a_yes_to_an_outreach_mail_counts_when_all_journeys_have_ended(
    program: Program, silence: Silence
) -> None:
    customer = silence.accepts_late
    assert program.status(customer) == "inactive"

    pressed = program.presses(program.mail(customer, OUTREACH).accept, "accept")

    assert pressed.status_code == 200
    profile = program.profile(customer)
    assert (profile["status"], profile["enrolled"]) == ("active", True)
    assert profile["inactive_reason"] is None
    assert program.subjects(customer) == [INVITE, REMINDER, OUTREACH, WELCOME]
    [late] = program.executions(customer).keys() - {customer.member_id}
    assert late.startswith(f"{customer.member_id}-welcome-")
    assert program.visited(late) == ["WhyStarted", "CurateOffers", "SendWelcome", "Activated"]


def test_one_click_unsubscribes_at_once_from_outreach_too(
    program: Program, silence: Silence
) -> None:
    customer = silence.opts_out

    assert silence.opt_out.status_code == 200
    assert program.subjects(customer) == [INVITE, REMINDER]
    assert program.profile(customer)["consents"]["email"]["granted"] is False
    assert program.status(customer) == "inactive"


def test_a_link_that_has_expired_answers_nothing(program: Program, silence: Silence) -> None:
    customer = silence.stays_silent
    before = program.items_of(customer)
    assert program.now > silence.invited_at + LINKS_VALID
    invite = program.mail(customer, INVITE)

    for answer in ("accept", "decline"):
        refused = program.answers(invite.token, answer)
        assert (refused.status_code, refused.json()["code"]) == (410, "invitation_expired")
        page = program.presses(invite.accept, answer)
        assert (page.status_code, "This link has expired" in page.text) == (410, True)
    assert program.browse("GET", invite.accept).status_code == 410

    assert program.items_of(customer) == before


def test_an_opt_out_before_the_reminder_is_honoured_and_yes_still_counts(program: Program) -> None:
    customer = program.an_invited_customer()
    invite = program.mail(customer, INVITE)

    page = program.browse("GET", invite.unsubscribe)
    assert "We will stop writing to you" in page.text
    assert program.profile(customer)["consents"] == {}
    assert program.browse("POST", invite.unsubscribe).status_code == 200
    again = program.browse("POST", invite.unsubscribe)
    program.advance(INVITE_WINDOW)

    assert (again.status_code, "You are unsubscribed" in again.text) == (200, True)
    assert program.subjects(customer) == [INVITE]
    program.presses(invite.accept, "accept")
    assert program.status(customer) == "active"


# ── Who is not written to ──


def test_the_hold_out_gets_nothing(program: Program) -> None:
    customer = program.a_customer(variant="hold_out")

    program.buys(customer, THRESHOLD_MINOR)
    program.advance(INVITE_WINDOW)

    assert program.subjects(customer) == []
    assert program.status(customer) == "prospect"
    assert program.profile(customer)["variant"] == "hold_out"
    assert program.events(customer) == ["ThresholdCrossed", "CustomerHeldOut"]
    assert program.visited(customer.member_id) == [
        "WhyStarted",
        "AssignVariant",
        "IsHeldOut",
        "HeldOut",
    ]


def test_who_said_no_is_invited_after_a_consent(program: Program) -> None:
    customer = program.an_invited_customer(consent={"email": False})
    assert program.subjects(customer) == []
    assert program.profile(customer)["invite_suppressed"] is True
    assert program.visited(customer.member_id)[-1] == "InviteSuppressed"

    program.put(
        f"/v1/members/{customer.member_id}/consents",
        {"email": {"granted": True, "wording_version": "2017-01", "source": "crm"}},
        role="crm",
    )
    program.settle()

    assert program.subjects(customer) == []  # of two statements of one instant the no holds
    program.advance(timedelta(minutes=1))
    program.put(
        f"/v1/members/{customer.member_id}/consents",
        {"email": {"granted": True, "wording_version": "2017-01", "source": "crm"}},
        role="crm",
    )
    program.settle()
    assert program.subjects(customer) == [INVITE]
    assert program.status(customer) == "invited"
    assert program.profile(customer)["invite_suppressed"] is False
    [restarted] = program.executions(customer).keys() - {customer.member_id}
    assert restarted.startswith(f"{customer.member_id}-consent-")
    program.presses(program.mail(customer, INVITE).accept, "accept")
    assert program.executions(customer)[restarted] == "SUCCEEDED"
    assert program.subjects(customer) == [INVITE, WELCOME]


def test_nobody_is_written_to_in_quiet_hours(program: Program) -> None:
    customer = program.a_customer()
    program.advance(timedelta(hours=11))

    program.buys(customer, THRESHOLD_MINOR)

    assert program.now.hour == 23
    assert program.subjects(customer) == []
    assert program.visited(customer.member_id)[-1] == "WaitToInvite"
    program.advance(timedelta(hours=9))
    [mail] = program.mails(customer)
    assert mail.sent_at.hour == 8
    assert program.visited(customer.member_id) == [
        *TO_THE_INVITE,
        "WaitToInvite",
        "SendInvite",
        "WasInviteSent",
        "AwaitAnswer",
    ]


# ── Once for ever ──


def test_a_customer_is_invited_once_however_many_orders_come(program: Program) -> None:
    customer = program.an_invited_customer()

    again = [program.buys(customer, THRESHOLD_MINOR) for _ in range(3)]
    program.presses(program.mail(customer, INVITE).decline, "decline")
    again.append(program.buys(customer, 10 * THRESHOLD_MINOR))

    assert not any(answer["threshold_crossed"] for answer in again)
    assert program.subjects(customer) == [INVITE]
    assert program.executions(customer) == {customer.member_id: "SUCCEEDED"}


def test_an_order_event_that_comes_often_counts_once(program: Program) -> None:
    customer = program.a_customer()
    order = program.an_order({"email": customer.email}, THRESHOLD_MINOR)

    for event_id in range(5):
        program.sends_event(
            "OrderFulfilled", order, {"event_id": f"copy-{event_id}", "event_version": 1}
        )
    program.settle()

    assert program.profile(customer)["lifetime_spend"]["amount_minor"] == THRESHOLD_MINOR + 100
    assert program.events(customer) == ["ThresholdCrossed", "CustomerInvited"]
    assert program.subjects(customer) == [INVITE]
    assert program.executions(customer) == {customer.member_id: "RUNNING"}
