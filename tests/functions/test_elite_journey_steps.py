"""The tasks of the machine `elite_journey` as Lambda runs them, on mocked tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

import elite_journey.assign_variant
import elite_journey.await_answer
import elite_journey.mark_inactive
import elite_journey.read_status
import elite_journey.send_invite
import elite_journey.send_reminder
import elite_journey.send_welcome
from loyalty.domain.errors import MemberNotFound
from loyalty.domain.member import EliteStatus
from loyalty.runtime import composition
from loyalty.services import invitations
from loyalty.services.ports import EmailRefused
from tests.support.elite_journey import journey_surroundings, sample, store_customer, stored
from tests.support.examples import NOW
from tests.support.journey_fakes import FakeExecutions, FakeSender
from tests.support.moto_app import PUBLIC_URL, MotoApp, lambda_context

TASK = sample("lambda/member_task")
AWAIT = sample("lambda/await_answer")
TOKEN = AWAIT["task_token"]


@pytest.fixture
def surroundings(app: MotoApp) -> Iterator[tuple[FakeSender, FakeExecutions]]:
    with journey_surroundings() as made:
        yield made


@pytest.fixture
def sender(surroundings: tuple[FakeSender, FakeExecutions]) -> FakeSender:
    return surroundings[0]


@pytest.fixture
def executions(surroundings: tuple[FakeSender, FakeExecutions]) -> FakeExecutions:
    return surroundings[1]


def test_the_variant_comes_with_its_windows(app: MotoApp) -> None:
    store_customer()
    assert elite_journey.assign_variant.handler(TASK, lambda_context()) == {
        "variant": "standard",
        "program_version": 0,
        "held_out": False,
        "invite_window_seconds": 14 * 24 * 3600,
        "reminder_window_seconds": 14 * 24 * 3600,
    }


def test_an_invite_is_rendered_signed_and_sent_once(sender: FakeSender) -> None:
    store_customer(name="Ann <b>Example</b>")
    for _ in range(2):
        outcome = elite_journey.send_invite.handler(TASK, lambda_context())
        assert outcome == {"outcome": "sent", "not_before": None}
    [mail] = sender.sent
    assert mail.to == "ann@example.com"
    assert f"{PUBLIC_URL}/v1/invitations/" in mail.text
    assert "Ann &lt;b&gt;Example&lt;/b&gt;" in mail.html
    assert mail.headers["List-Unsubscribe"].startswith(f"<{PUBLIC_URL}/v1/unsubscribe/")
    assert stored().status == "invited"


def test_the_links_in_the_mail_work(sender: FakeSender) -> None:
    store_customer()
    elite_journey.send_invite.handler(TASK, lambda_context())
    line = next(part for part in sender.sent[0].text.split() if "/v1/invitations/" in part)
    token = line.rsplit("/", 1)[1]
    assert invitations.accept(token, **composition.invitation_ports()).view.state == "accepted"
    assert stored().status == "active"


def test_an_invite_in_the_night_waits_for_the_morning(app: MotoApp, sender: FakeSender) -> None:
    store_customer()
    app.set_clock(NOW + timedelta(hours=10))
    outcome = elite_journey.send_invite.handler(TASK, lambda_context())
    assert outcome == {"outcome": "not_before", "not_before": "2017-03-16T08:00:00Z"}
    assert not sender.sent


def test_a_refused_mail_is_an_error_that_the_machine_retries(sender: FakeSender) -> None:
    store_customer()
    sender.failures = [EmailRefused("Throttling")]
    with pytest.raises(EmailRefused):
        elite_journey.send_invite.handler(TASK, lambda_context())
    assert elite_journey.send_invite.handler(TASK, lambda_context())["outcome"] == "sent"
    assert len(sender.sent) == 1


def test_a_reminder(sender: FakeSender) -> None:
    store_customer(status="invited")
    outcome = elite_journey.send_reminder.handler(TASK, lambda_context())
    assert outcome["outcome"] == "sent"
    assert stored().status == "reminded"
    assert sender.message_ids() == {"reminder": 1}


def test_a_welcome(sender: FakeSender) -> None:
    store_customer(status="active", joined_at=NOW)
    outcome = elite_journey.send_welcome.handler(TASK, lambda_context())
    assert outcome["outcome"] == "sent"
    assert sender.message_ids() == {"welcome": 1}


@pytest.mark.parametrize(("status", "woken"), [("invited", []), ("active", [TOKEN])])
def test_waiting_keeps_the_token(
    executions: FakeExecutions, status: EliteStatus, woken: list[str]
) -> None:
    store_customer(status=status)
    elite_journey.await_answer.handler(AWAIT, lambda_context())
    assert composition.journey_store().token(AWAIT["member_id"]) == TOKEN
    assert executions.woken == woken


def test_the_status_is_read(app: MotoApp) -> None:
    store_customer(status="reminded")
    assert elite_journey.read_status.handler(TASK, lambda_context()) == {"status": "reminded"}


def test_silence(app: MotoApp) -> None:
    store_customer(status="reminded")
    for _ in range(2):
        assert elite_journey.mark_inactive.handler(TASK, lambda_context()) == {"status": "inactive"}
    assert stored().inactive_reason == "silent"


def test_nobody_there_is_an_error_that_the_machine_catches_by_name(app: MotoApp) -> None:
    for module in (
        elite_journey.assign_variant,
        elite_journey.send_invite,
        elite_journey.read_status,
        elite_journey.mark_inactive,
    ):
        with pytest.raises(MemberNotFound):
            module.handler(TASK, lambda_context())
