"""The Elite journey whole, in moto: the real machine, the real functions, the real tables.

What AWS does between them happens here: the table's stream, the bus and its rules. So does what
goes wrong there: functions die before or after any AWS call, requests are throttled, mails are
refused, events come late, twice and out of order.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.client
import pytest
from botocore.exceptions import ClientError
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from pynamodb.exceptions import PynamoDBException

import elite_journey.assign_variant
import elite_journey.await_answer
import elite_journey.curate_offers
import elite_journey.mark_inactive
import elite_journey.read_status
import elite_journey.send_invite
import elite_journey.send_reminder
import elite_journey.send_welcome
import elite_journey.start_journey
import elite_journey.wake_journey
import streams.publish_events
from loyalty.adapters.dynamodb.keys import JOURNEY, STATUS_PREFIX
from loyalty.domain.errors import InvitationAnswered, MemberBusy
from loyalty.domain.member import Identity, Member, StatusChange
from loyalty.runtime import composition
from loyalty.services import invitations, retrying
from loyalty.services.ports import EmailRefused
from tests.support.crashes import Crash, Fuse
from tests.support.elite_journey import sample, store_customer, stored
from tests.support.examples import NOW
from tests.support.moto_app import REGION, lambda_context, moto_app
from tests.support.state_machines import Execution, StateMachines, state_machines
from tests.support.state_machines.scripts import LambdaFunction

ELITE_JOURNEY = Path(__file__).parents[2] / "statemachines/elite_journey.asl.yaml"
TASKS: dict[str, LambdaFunction] = {
    "AssignVariantFunction": elite_journey.assign_variant.handler,
    "SendInviteFunction": elite_journey.send_invite.handler,
    "AwaitAnswerFunction": elite_journey.await_answer.handler,
    "ReadStatusFunction": elite_journey.read_status.handler,
    "SendReminderFunction": elite_journey.send_reminder.handler,
    "MarkInactiveFunction": elite_journey.mark_inactive.handler,
    "CurateOffersFunction": elite_journey.curate_offers.handler,
    "SendWelcomeFunction": elite_journey.send_welcome.handler,
}
# The rules of the bus, as in template.yaml.
RULES: dict[str, LambdaFunction] = {
    "ThresholdCrossed": elite_journey.start_journey.handler,
    "InviteAllowed": elite_journey.start_journey.handler,
    "InviteAccepted": elite_journey.wake_journey.handler,
    "InviteDeclined": elite_journey.wake_journey.handler,
}
ANSWERS = {"InviteAccepted", "InviteDeclined"}
ANSWERING = {"accept": invitations.accept, "decline": invitations.decline}
# Longer than any journey with all its retries.
A_JOURNEY = timedelta(days=150)


class FunctionDied(Exception):
    """An invocation ran out of time."""


# Lambda's name for it, which the machine retries.
FunctionDied.__name__ = "Sandbox.Timedout"
# Failures that callers get over: the service calls an event's function again, people may.
TRIED_AGAIN = (FunctionDied, ClientError, EmailRefused, MemberBusy, PynamoDBException)

_call_aws = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Troubles:
    """How often something goes wrong, from 0 to 1: per invocation, call, mail or event."""

    deaths: float = 0.0
    throttles: float = 0.0
    mail_failures: float = 0.0
    late_events: float = 0.0
    double_events: float = 0.0


@dataclass(frozen=True)
class Mail:
    """A mail that the customer got."""

    message_id: str
    sent_at: datetime
    text: str

    def link(self, kind: str = "invitations") -> str:
        """Return the token of the mail's link."""
        url = next(word for word in self.text.split() if f"/v1/{kind}/" in word)
        return url.rsplit("/", 1)[1].partition("?")[0]


class JourneyCloud:
    """One customer's journey after the other; each begins with `begin`."""

    def __init__(self, machines: StateMachines) -> None:
        self.machines = machines
        self.clock = machines.clock
        self.fuse = Fuse()
        self._is_observed = True
        self._customers = 0

    def begin(
        self,
        seed: int,
        troubles: Troubles = Troubles(),
        **fields: Any,
    ) -> None:
        """Let a new customer cross the threshold at noon; `seed` repeats the run."""
        self.clock.begin_again(NOW, seed)
        self._forget_stored_items()
        self.random = random.Random(seed)
        self.troubles = troubles
        self._customers += 1
        self.member_id = f"m{self._customers}"
        self.mails: list[Mail] = []
        self.runs: dict[str, Execution] = {}
        self.answers_taken: list[str] = []
        self.told_at: datetime | None = None
        self.dying: set[str] = set()
        self.deaths = 0
        self.when_mailed: Callable[[Mail], None] = lambda mail: None
        self.before_claim: Callable[[str, Member], None] = lambda message_id, member: None
        self.before_token: Callable[[], None] = lambda: None
        store_customer(
            self.member_id,
            **{"identities": (Identity("email", f"{self.member_id}@example.com"),)} | fields,
        )

    def _forget_stored_items(self) -> None:
        """Moto copies all items in every transaction, and each run has a customer of its own."""
        for table in dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables.values():
            table.items.clear()
            if table.stream_shard:
                table.stream_shard.items.clear()

    def finish(self) -> None:
        """Let everything happen that is still to come."""
        self.clock.advance(A_JOURNEY)

    def happens(self, chance: float) -> bool:
        return self.random.random() < chance

    # ── What a test looks at ──────────────────────────────────────────────────────────────────────

    def member(self) -> Member:
        """Return the customer as stored now, unseen by the troubles."""
        self._is_observed = False
        try:
            return stored(self.member_id)
        finally:
            self._is_observed = True

    def facts(self) -> list[StatusChange]:
        """Return what happened to the customer, oldest first."""
        newest_first, _ = composition.member_store().status_changes(self.member_id, limit=100)
        return list(newest_first)[::-1]

    def endings(self) -> set[str]:
        return {run.states[-1] for run in self.runs.values()}

    # ── What a test lets happen ───────────────────────────────────────────────────────────────────

    def answer(self, given: str, mail: Mail) -> None:
        """Answer by the mail's link, once; the caller may get no answer."""

        def ask() -> None:
            ANSWERING[given](mail.link(), **composition.invitation_ports())
            self.answers_taken.append(given)

        with suppress(InvitationAnswered):
            self.call(ask)

    def call(self, function: Callable[[], object]) -> None:
        """Call something that may die or fail; whoever calls gets over it."""
        self._survives(lambda _event, _context: function(), None)

    def deliver(self, function: LambdaFunction, event: Mapping[str, Any]) -> None:
        """Invoke a function with an event until it has worked."""
        while not self._survives(function, event):
            self.clock.sleep(60)

    def _survives(self, function: LambdaFunction, event: Any, fuse: int | None = None) -> bool:
        try:
            self._mortal(function, fuse)(event, lambda_context())
        except TRIED_AGAIN:
            return False
        return True

    def _mortal(self, function: LambdaFunction, fuse: int | None = None) -> LambdaFunction:
        """Return the function as Lambda runs it: it may die at any of its AWS calls."""

        def invoke(event: Any, context: Any) -> Any:
            dies = self.happens(self.troubles.deaths)
            self.fuse.left = self.random.randrange(14) if dies else fuse
            try:
                return function(event, context)
            except Crash as crash:
                self.deaths += 1
                raise FunctionDied from crash
            finally:
                self.fuse.left = None

        return invoke

    # ── What AWS does ─────────────────────────────────────────────────────────────────────────────

    def _call(self, client: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        if not (self._is_observed and self.clock.is_inside_actor()):
            result = _call_aws(client, operation, parameters)
            self._notice(operation, parameters, result)
            return result
        self.fuse.burn()
        if operation == "TransactWriteItems":
            self._check_claims(parameters)
        elif operation == "PutItem" and parameters["Item"]["sk"]["S"] == JOURNEY:
            self.before_token()
        is_lost = operation == "SendEmail" and self._fail_mail()
        if operation != "SendEmail" and self.happens(self.troubles.throttles):
            raise _error("ThrottlingException", 400)
        result = _call_aws(client, operation, parameters)
        self._notice(operation, parameters, result)
        if is_lost:
            raise _error("InternalFailure", 500)
        self.fuse.burn()
        return result

    def _fail_mail(self) -> bool:
        """Refuse a mail, or tell that it goes out and its sender will not know."""
        if not self.happens(self.troubles.mail_failures):
            return False
        if self.happens(0.5):
            raise _error("TooManyRequestsException", 429)
        return True

    def _check_claims(self, parameters: Mapping[str, Any]) -> None:
        for item in _puts(parameters):
            if item["sk"]["S"].startswith("MESSAGE#"):
                # Nobody comes between this look at the member and the transaction's own.
                self.before_claim(item["sk"]["S"].removeprefix("MESSAGE#"), self.member())

    def _notice(self, operation: str, parameters: Mapping[str, Any], result: Any) -> None:
        if operation == "TransactWriteItems":
            for item in _puts(parameters):
                if item["sk"]["S"].startswith(STATUS_PREFIX):
                    self._stream(item)
        elif operation == "PutEvents":
            for entry in parameters["Entries"]:
                self._route(entry)
        elif operation == "SendEmail":
            tags = {tag["Name"]: tag["Value"] for tag in parameters["EmailTags"]}
            text = parameters["Content"]["Simple"]["Body"]["Text"]["Data"]
            mail = Mail(tags["message_id"], self.clock.now, text)
            self.mails.append(mail)
            self.when_mailed(mail)
        elif operation == "StartExecution":
            run = self.machines.execution(result["executionArn"])
            self.runs[run.name] = run

    def _stream(self, item: Mapping[str, Any]) -> None:
        keys = {"pk": item["pk"], "sk": item["sk"]}
        record = {"SequenceNumber": "1", "Keys": keys, "NewImage": item}
        batch = {"Records": [{"dynamodb": record}]}
        self.clock.at(timedelta(), lambda: self.deliver(streams.publish_events.handler, batch))

    def _route(self, entry: Mapping[str, Any]) -> None:
        name = entry["DetailType"]
        if name not in RULES:
            return
        event = sample("InviteAccepted.v1") | {
            "detail-type": name,
            "detail": json.loads(entry["Detail"]),
        }

        def deliver() -> None:
            if name in self.dying:
                self._survives(RULES[name], event, fuse=self.random.randrange(4))
            self.deliver(RULES[name], event)
            if name in ANSWERS:
                self.told_at = self.told_at or self.clock.now

        for _ in range(2 if self.happens(self.troubles.double_events) else 1):
            late = self.happens(self.troubles.late_events)
            hours = self.random.choice([0.1, 2, 30, 200]) if late else 0
            self.clock.at(timedelta(hours=hours), deliver)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Take over the calls to AWS; undone by `patch`."""
        patch.setattr(
            botocore.client.BaseClient,
            "_make_api_call",
            lambda client, operation, parameters: self._call(client, operation, parameters),
        )
        self.machines.interleave_requests(patch)
        clock = SimpleNamespace(now=lambda: self.clock.now)
        patch.setattr(composition, "clock", lambda: clock)
        patch.setattr(retrying, "sleep", self.clock.sleep)
        for name, handler in TASKS.items():
            self.machines.register(**{name: self._mortal(handler)})
        arn = self.machines.load(ELITE_JOURNEY).arn
        patch.setenv("ELITE_JOURNEY_ARN", arn)
        boto3.client("sesv2").create_email_identity(EmailIdentity="club@example.org")


@contextmanager
def journey_cloud(directory: Path) -> Iterator[JourneyCloud]:
    """Mock the cloud with everything that a journey needs."""
    with (
        state_machines(start=NOW) as machines,
        moto_app(directory, NOW),
        pytest.MonkeyPatch.context() as patch,
    ):
        cloud = JourneyCloud(machines)
        cloud.install(patch)
        yield cloud


def _puts(parameters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [item["Put"]["Item"] for item in parameters["TransactItems"] if "Put" in item]


def _error(code: str, status: int) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Call")
