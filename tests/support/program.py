"""The whole program on a laptop cloud of its own, as tills, staff and customers meet it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Self

import httpx
from boto3.dynamodb.types import TypeDeserializer

from local.clock import epoch
from local.cloud import deploy_product
from local.identity import Issuer
from local.workspace import Workspace
from loyalty.contracts.program import default_definition
from loyalty.contracts.values import iso
from loyalty.domain.journey import draw_variant
from tests.support.mails import Mail
from tests.support.ministack import ROOT, wait_until
from tests.support.processes import kill_grandchildren
from tests.support.stepped_cloud import SteppedCloud

START = datetime(2017, 3, 1, 12, tzinfo=UTC)
THRESHOLD_MINOR = 50_000
NOON = time(12)
DAY = timedelta(days=1)
# A step of the clock lasts as long as the work that becomes due on the way.
QUIET_SECONDS = 300.0
BROWSER = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}

Json = dict[str, Any]

INVITE_WINDOW = REMINDER_WINDOW = timedelta(days=2)
LINKS_VALID = timedelta(days=10)

# Weeks of waiting are days here: every day on the way costs a nightly run.
_VARIANT = {
    "invite_window_days": INVITE_WINDOW.days,
    "reminder_window_days": REMINDER_WINDOW.days,
}
SHORT_PROGRAM = {
    "variants": [
        {"name": "standard", "weight": 90, **_VARIANT},
        {"name": "hold_out", "weight": 10, "hold_out": True, **_VARIANT},
    ],
    "link_valid_days": LINKS_VALID.days,
    "outreach_period_days": 7,
    "marketing_per_week": 5,
    "pending_days": 2,
}


@dataclass(frozen=True)
class Customer:
    """Somebody whom the program knows by an e-mail address."""

    member_id: str
    email: str


class Program:
    """One deployed program.

    Parameters
    ----------
    state_dir
        State of the cloud it runs on.
    start
        Where the clock begins, which stands still until it is moved.
    """

    def __init__(self, state_dir: Path, start: datetime = START) -> None:
        self.cloud = SteppedCloud(state_dir)
        self.workspace = Workspace(ROOT, state_dir, self.cloud.port)
        self.outputs: dict[str, str] = {}
        self._start = start
        self._tokens: dict[str, str] = {}
        self._numbers = count(1)
        self._number_lock = threading.Lock()
        self._http = httpx.Client(base_url=self.workspace.url, timeout=120)

    def __enter__(self) -> Self:
        self.cloud.start()
        self.cloud.set_clock(iso(self._start))
        # Tests change the program and go on at once.
        _, outputs = deploy_product(self.workspace, program_cache_seconds=0)
        self.outputs = dict(outputs)
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
        self.cloud.stop()

    def until_saved(self) -> None:
        """Wait until all that has happened would survive a crash."""
        saved = self.workspace.state_dir / "emulator" / "state.json"

        def saves(before: int) -> bool:
            self.settle()  # only a cloud that something happens to is saved
            return saved.stat().st_mtime_ns != before

        # The one that is being written now may have begun too early.
        for _ in range(2):
            wait_until(partial(saves, saved.stat().st_mtime_ns), 60, 0.1)

    def crash(self) -> None:
        """Kill the cloud with ``kill -9`` and start it anew on what it had saved."""
        self.cloud.kill()
        self.cloud.start()

    def kill_functions(self) -> int:
        """Kill every process that a function runs in, as it is; return how many there were."""
        return kill_grandchildren(self.cloud.pid)

    # ── HTTP ──
    def request(
        self, method: str, path: str, body: Any = None, *, role: str | None = "pos", **more: Any
    ) -> httpx.Response:
        """Send JSON as somebody of a role; None is somebody without a token."""
        headers = {"Authorization": f"Bearer {self.token(role)}"} if role else {}
        return self._http.request(method, path, json=body, headers=headers, **more)

    def get(self, path: str, *, role: str | None = "manager") -> Json:
        return _content(self.request("GET", path, role=role))

    def post(self, path: str, body: Any = None, *, role: str | None = "pos") -> Json:
        return _content(self.request("POST", path, body, role=role))

    def put(self, path: str, body: Any, *, role: str | None = "admin") -> Json:
        return _content(self.request("PUT", path, body, role=role))

    def browse(
        self, method: str, url: str, form: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Open a link or press a page's button, as a browser does that never logged in."""
        data = {} if method == "GET" else {"data": form or {}}
        if method == "POST" and not form:
            data = {
                "content": b"",
                "headers": {"Content-Type": "application/x-www-form-urlencoded"},
            }
        headers = {**BROWSER, **data.pop("headers", {})}
        return self._http.request(method, url, headers=headers, **data)

    def token(self, role: str) -> str:
        if role not in self._tokens:
            self._tokens[role] = Issuer.of(self.workspace).token(role)
        return self._tokens[role]

    # ── the clock ──
    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(epoch(self.cloud.now()), UTC)

    def settle(self) -> None:
        """Let everything happen that is due now."""
        self.advance_to(self.now)

    def advance(self, span: timedelta) -> None:
        """Let time pass, and everything happen that becomes due on the way."""
        self.advance_to(self.now + span)

    def advance_to(self, moment: datetime) -> None:
        answer = self._http.post(
            "/_local/clock", json={"advance_to": iso(moment)}, timeout=QUIET_SECONDS
        )
        assert answer.status_code == 200, answer.text

    def advance_to_noon(self) -> None:
        """Let time pass until it is noon, when mails may be sent."""
        noon = datetime.combine(self.now.date(), NOON, UTC)
        self.advance_to(noon if noon >= self.now else noon + DAY)

    # ── what customers do ──
    def number(self) -> int:
        """Return a number that nobody had before."""
        with self._number_lock:
            return next(self._numbers)

    def an_order(self, customer: Json, amount_minor: int = 10_000, **fields: Any) -> Json:
        """Return a new order of one line."""
        return {
            "source": "shop",
            "order_id": f"order-{self.number()}",
            "occurred_at": iso(self.now),
            "customer": customer,
            "total": {"amount_minor": amount_minor, "currency": "EUR"},
            "lines": [{"sku": "milk", "quantity": 1, "amount_minor": amount_minor}],
        } | fields

    def a_customer(self, variant: str = "standard", **details: Any) -> Customer:
        """Return a new customer with a first small order, whom the lot gives a variant."""
        definition = default_definition()
        while True:
            email = f"customer-{self.number()}@example.com"
            answer = self.post("/v1/orders", self.an_order({"email": email} | details, 100))
            if draw_variant(definition, answer["member_id"]).name == variant:
                return Customer(answer["member_id"], email)

    def buys(self, customer: Customer, amount_minor: int, **fields: Any) -> Json:
        """Post an order of the customer and let everything happen that comes of it."""
        answer = self.post(
            "/v1/orders", self.an_order({"email": customer.email}, amount_minor, **fields)
        )
        self.settle()
        return answer

    def an_invited_customer(self, **details: Any) -> Customer:
        """Return a customer who crossed the threshold a moment ago and was invited."""
        customer = self.a_customer(**details)
        self.buys(customer, THRESHOLD_MINOR)
        return customer

    def answers(self, token: str, answer: str) -> httpx.Response:
        """Answer an invitation without any page; only the token tells who does."""
        return self.request("POST", f"/v1/invitations/{token}/{answer}", role=None)

    def presses(self, link: str, answer: str) -> httpx.Response:
        """Press the button of the page behind an invitation link."""
        pressed = self.browse("POST", f"{link.partition('?')[0]}/{answer}")
        self.settle()
        return pressed

    def sends_event(self, detail_type: str, data: Json, metadata: Json | None = None) -> None:
        """Put an event of the shop's on the bus; let it be handled with ``settle``."""
        about = metadata or {"event_id": f"event-{self.number()}", "event_version": 1}
        detail = {"metadata": {"occurred_at": iso(self.now)} | about, "data": data}
        answer = self.cloud.client("events").put_events(
            Entries=[
                {
                    "Source": "retail.shop",
                    "DetailType": detail_type,
                    "Detail": json.dumps(detail),
                    "EventBusName": self.outputs["LoyaltyBus"],
                }
            ]
        )
        assert answer["FailedEntryCount"] == 0, answer

    def uploads(self, content: str, file_format: str = "jsonl", *, historic: bool = False) -> str:
        """Upload a bulk file; return the import's id. ``settle`` lets it be imported."""
        ticket = self.post("/v1/imports", {"format": file_format, "historic": historic}, role="erp")
        answer = self._http.put(ticket["upload_url"], content=content.encode())
        assert answer.status_code == 200, answer.text
        return str(ticket["import_id"])

    def imports(self, content: str, file_format: str = "jsonl", **how: bool) -> Json:
        """Import a bulk file and return its progress when all is quiet."""
        import_id = self.uploads(content, file_format, **how)
        self.settle()
        return self.get(f"/v1/imports/{import_id}", role="erp")

    # ── what came of it ──
    def profile(self, customer: Customer) -> Json:
        return self.get(f"/v1/members/{customer.member_id}")

    def status(self, customer: Customer) -> str:
        return str(self.profile(customer)["status"])

    def events(self, customer: Customer) -> list[str]:
        """Return what happened to a customer, oldest first."""
        steps = self.get(f"/v1/members/{customer.member_id}/journey?limit=100")["items"]
        return [step["event"] for step in reversed(steps)]

    def mails(self, customer: Customer) -> list[Mail]:
        """Return the mails that a customer got, oldest first."""
        found = self.cloud.get(f"/_local/mail?format=json&to={customer.email}")["items"]
        return [Mail.of(listed) for listed in reversed(found)]

    def mail(self, customer: Customer, subject: str) -> Mail:
        """Return the one mail of a subject that a customer got."""
        [mail] = [mail for mail in self.mails(customer) if mail.subject == subject]
        return mail

    def subjects(self, customer: Customer) -> list[str]:
        return [mail.subject for mail in self.mails(customer)]

    def executions(self, customer: Customer) -> dict[str, str]:
        """Return the names of the customer's journeys, with how each stands."""
        pages = (
            self.cloud.client("stepfunctions")
            .get_paginator("list_executions")
            .paginate(stateMachineArn=self.outputs["EliteJourneyStateMachine"])
        )
        return {
            execution["name"]: execution["status"]
            for page in pages
            for execution in page["executions"]
            if execution["name"].startswith(customer.member_id)
        }

    def visited(self, name: str, machine: str = "EliteJourneyStateMachine") -> list[str]:
        """Return the states that an execution went through."""
        arn = self.outputs[machine].replace(":stateMachine:", ":execution:") + f":{name}"
        return [state for state, _ in self.cloud.entered(arn)]

    def item_count(self, table: str = "MembersTable") -> int:
        """Return about how many items a table has, at no cost to anybody."""
        described = self.cloud.client("dynamodb").describe_table(TableName=self.outputs[table])
        return int(described["Table"]["ItemCount"])

    def items(self, table: str = "MembersTable") -> list[Json]:
        """Return everything in a table."""
        pages = self.cloud.client("dynamodb").get_paginator("scan")
        return [
            _plain(item)
            for page in pages.paginate(TableName=self.outputs[table], ConsistentRead=True)
            for item in page["Items"]
        ]

    def items_of(self, customer: Customer) -> list[Json]:
        """Return everything that is stored under a customer's id."""
        answer = self.cloud.client("dynamodb").query(
            TableName=self.outputs["MembersTable"],
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"MEMBER#{customer.member_id}"}},
            ConsistentRead=True,
        )
        return [_plain(item) for item in answer["Items"]]

    def messages(self, queue: str) -> list[Json]:
        """Receive and delete everything on a queue: body and attributes."""
        sqs, url = self.cloud.client("sqs"), self.outputs[queue]
        received: list[Json] = []
        while batch := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", []):
            for message in batch:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                attributes = {
                    name: value["StringValue"]
                    for name, value in message.get("MessageAttributes", {}).items()
                }
                received.append({"body": json.loads(message["Body"]), "attributes": attributes})
        return received

    @contextmanager
    def faults(self, *rules: Json) -> Iterator[None]:
        """Let calls of the program's go wrong for a while."""
        for rule in rules:
            self.cloud.post("/_local/faults", rule)
        try:
            yield
        finally:
            self.cloud.delete("/_local/faults")


def jsonl(*lines: tuple[str, Json]) -> str:
    """Return a bulk file of (type, data) lines."""
    return "".join(json.dumps({"type": kind, "data": data}) + "\n" for kind, data in lines)


class Refused(AssertionError):
    """The program did not do what a test took for granted."""


def _content(answer: httpx.Response) -> Json:
    if not answer.is_success:
        raise Refused(f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text}")
    content: Json = answer.json()
    return content


def _plain(item: Mapping[str, Any]) -> Json:
    deserialize = TypeDeserializer().deserialize
    return {name: deserialize(value) for name, value in item.items()}
