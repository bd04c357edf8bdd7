"""The laptop cloud dies in the middle of things, and goes on where it was."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

import httpx
import pytest

from tests.support.mails import INVITE, REMINDER, WELCOME
from tests.support.program import (
    INVITE_WINDOW,
    REMINDER_WINDOW,
    SHORT_PROGRAM,
    THRESHOLD_MINOR,
    Customer,
    Program,
)

RETRIES = timedelta(minutes=10)

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def own_program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    with Program(tmp_path_factory.mktemp("program")) as program:
        program.put("/v1/program", {"based_on_version": 0, "definition": SHORT_PROGRAM})
        yield program


@pytest.fixture
def program(own_program: Program) -> Program:
    own_program.advance_to_noon()
    return own_program


def end_of(program: Program, customer: Customer) -> tuple[str, str, str]:
    """Return where the customer stands, where the journey ended, and how."""
    return (
        program.status(customer),
        program.visited(customer.member_id)[-1],
        program.executions(customer)[customer.member_id],
    )


def crash_when_saved(program: Program) -> None:
    program.until_saved()
    program.crash()


def test_waiting_journeys_end_right_after_a_crash(program: Program) -> None:
    accepts, declines, is_silent = (program.an_invited_customer() for _ in range(3))
    invites = {who: program.mail(who, INVITE) for who in (accepts, declines)}

    crash_when_saved(program)
    program.presses(invites[accepts].accept, "accept")
    crash_when_saved(program)
    program.presses(invites[declines].decline, "decline")
    program.advance(INVITE_WINDOW)
    crash_when_saved(program)
    program.advance(REMINDER_WINDOW)

    assert end_of(program, accepts) == ("active", "Activated", "SUCCEEDED")
    assert end_of(program, declines) == ("not_interested", "Declined", "SUCCEEDED")
    assert end_of(program, is_silent) == ("inactive", "Inactive", "SUCCEEDED")
    assert program.subjects(accepts) == [INVITE, WELCOME]
    assert program.subjects(declines) == [INVITE]
    assert program.subjects(is_silent) == [INVITE, REMINDER]


def test_an_order_at_the_moment_of_the_crash_counts_once(program: Program) -> None:
    customer = program.a_customer()
    program.until_saved()
    order = program.an_order({"email": customer.email}, THRESHOLD_MINOR)

    for _ in range(3):
        program.post("/v1/orders", order)
        program.crash()
    # The till cannot know what was saved, and sends it once more.
    program.post("/v1/orders", order)
    # What the crash interrupted is tried again after a while.
    program.advance(RETRIES)

    assert program.profile(customer)["lifetime_spend"]["amount_minor"] == THRESHOLD_MINOR + 100
    assert program.status(customer) == "invited"
    assert program.events(customer) == ["ThresholdCrossed", "CustomerInvited"]
    # A crash between claiming and sending leaves no mail: marketing is never sent twice.
    assert program.subjects(customer) in ([INVITE], [])


def test_an_answer_at_the_moment_of_the_crash_holds(program: Program) -> None:
    customer = program.an_invited_customer()
    token = program.mail(customer, INVITE).token
    program.until_saved()

    program.answers(token, "accept")
    program.crash()
    again = program.answers(token, "accept")
    program.advance(RETRIES)

    assert again.status_code in (200, 409)
    assert end_of(program, customer) == ("active", "Activated", "SUCCEEDED")
    assert program.events(customer).count("InviteAccepted") == 1


def test_a_crash_while_time_passes_leaves_no_journey_behind(program: Program) -> None:
    customers = [program.an_invited_customer() for _ in range(4)]
    there = program.now + INVITE_WINDOW + REMINDER_WINDOW
    program.until_saved()

    for seconds in (0.3, 0.6, 0.9):
        passing = threading.Thread(target=_advance, args=(program, there))
        passing.start()
        passing.join(seconds)
        program.crash()
        passing.join()
    program.advance_to(there)

    for customer in customers:
        assert end_of(program, customer) == ("inactive", "Inactive", "SUCCEEDED")
        subjects = program.subjects(customer)
        assert subjects in ([INVITE, REMINDER], [INVITE])


def _advance(program: Program, moment: datetime) -> None:
    # The cloud dies before it answers.
    with suppress(httpx.HTTPError):
        program.advance_to(moment)
