"""The public address: what reaches the emulator, and what the cloud answers itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ministack.services import ses, sns

from local import outputs
from local.asgi import Event, Receive, Scope, Send
from local.clock import ProgramClock, epoch
from local.deploy import Deployment, Resource
from local.emulator import faults
from local.public_url import wrap
from local.workspace import Workspace

API = Deployment(
    outputs={"MembersTableName": "members"},
    resources=[
        Resource("Api", "AWS::ApiGateway::RestApi", "abc123"),
        Resource("ApiStage", "AWS::ApiGateway::Stage", "live"),
    ],
    changed=True,
)


@dataclass
class Emulator:
    """Stands in for MiniStack: remembers what reached it, and how busy the clock was then."""

    clock: ProgramClock
    scopes: list[Scope] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    in_flight: list[dict[str, int]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        self.in_flight.append(self.clock.pending())
        if scope["type"] == "http":
            self.bodies.append((await receive())["body"])
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"from the emulator"})


@dataclass
class Answer:
    status: int
    headers: dict[bytes, bytes]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(root=tmp_path, state_dir=tmp_path / "state", port=4999)


@pytest.fixture
def clock(workspace: Workspace) -> ProgramClock:
    return ProgramClock(workspace.clock_file)


@pytest.fixture
def emulator(clock: ProgramClock) -> Emulator:
    return Emulator(clock)


class Client:
    """Speaks ASGI to the wrapped emulator, as the server does."""

    def __init__(self, workspace: Workspace, clock: ProgramClock, emulator: Emulator) -> None:
        self._app = wrap(emulator, workspace, clock)

    def ask(
        self,
        method: str,
        path: str,
        *,
        raw_path: str | None = None,
        query: str = "",
        body: bytes = b"",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        scope: Scope = {
            "type": "http",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": (raw_path or path).encode(),
            "query_string": query.encode(),
            "headers": [(k.encode(), v.encode()) for k, v in (headers or {}).items()],
            "client": ("127.0.0.9", 50000),
            "server": ("127.0.0.1", 4999),
        }
        sent: list[Event] = []

        async def receive() -> Event:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(event: Event) -> None:
            sent.append(event)

        asyncio.run(self._app(scope, receive, send))
        start, *rest = sent
        return Answer(
            start["status"], dict(start["headers"]), b"".join(event["body"] for event in rest)
        )

    def get(self, path: str, query: str = "") -> Answer:
        return self.ask("GET", path, query=query)

    def post(self, path: str, content: Any) -> Answer:
        return self.ask("POST", path, body=json.dumps(content).encode())


@pytest.fixture
def client(workspace: Workspace, clock: ProgramClock, emulator: Emulator) -> Client:
    return Client(workspace, clock, emulator)


@pytest.fixture
def deployed(workspace: Workspace) -> None:
    outputs.write(workspace, API)


@pytest.fixture
def mailbox() -> Iterator[None]:
    """Two e-mails and a text message, sent on three days of the program."""
    for day, address in (("2017-01-01", "ann@example.org"), ("2017-01-03", "bob@example.org")):
        ses._sent_emails_list().append(
            {
                "MessageId": f"mail-{day}",
                "Source": "elite@example.org",
                "To": [address],
                "CC": [],
                "BCC": [],
                "Subject": "Join <Elite>",
                "BodyText": f"Yes: http://127.0.0.1:4999/v1/invitations/{day}.\nNo: http://x/no",
                "BodyHtml": "<p>Join</p>",
                "Timestamp": epoch(f"{day}T10:00:00Z"),
            }
        )
    sns._sms_log_for("+4912345").append(
        {
            "MessageId": "text-1",
            "PhoneNumber": "+4912345",
            "Message": "Gold!",
            "Timestamp": epoch("2017-01-02T10:00:00Z"),
        }
    )
    yield
    ses._sent_emails.clear()
    sns._sms_messages.clear()


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize(
    "path",
    [
        *("/v1", "/v1/orders", "/docs", "/docs/assets/page.css"),
        *("/portal", "/portal/sign-in", "/console/tasks", "/static/style.css"),
    ],
)
def test_the_products_paths_reach_the_deployed_stage(
    client: Client, emulator: Emulator, path: str
) -> None:
    client.get(path)

    [scope] = emulator.scopes
    assert scope["path"] == f"/_aws/execute-api/abc123/live{path}"
    assert scope["raw_path"] == scope["path"].encode()


@pytest.mark.usefixtures("deployed")
def test_query_path_escapes_and_body_arrive_as_they_were_sent(
    client: Client, emulator: Emulator
) -> None:
    client.ask(
        "POST",
        "/v1/orders/till 1/7",
        raw_path="/v1/orders/till%201/7",
        query="a=1&a=2&empty=&plus=%2B",
        body=b"\x00\xff{}",
    )

    [scope] = emulator.scopes
    assert scope["raw_path"].endswith(b"/live/v1/orders/till%201/7")
    assert scope["query_string"] == b"a=1&a=2&empty=&plus=%2B"
    assert emulator.bodies == [b"\x00\xff{}"]


@pytest.mark.usefixtures("deployed")
def test_a_client_cannot_pretend_to_be_another_one(client: Client, emulator: Emulator) -> None:
    headers = {"x-forwarded-for": "8.8.8.8", "authorization": "Bearer x"}
    client.ask("GET", "/v1/health", headers=headers)

    arrived = emulator.scopes[0]["headers"]
    assert [value for name, value in arrived if name == b"x-forwarded-for"] == [b"127.0.0.9"]
    assert (b"x-forwarded-proto", b"http") in arrived
    assert (b"x-forwarded-port", b"4999") in arrived
    assert (b"authorization", b"Bearer x") in arrived


@pytest.mark.parametrize(
    "path", ["/", "/v10/orders", "/docserver", "/portals", "/_ministack/health"]
)
def test_everything_else_is_the_emulator(client: Client, emulator: Emulator, path: str) -> None:
    assert client.get(path).body == b"from the emulator"
    assert emulator.scopes[0]["path"] == path


def test_before_the_first_deploy_there_is_no_product(client: Client, emulator: Emulator) -> None:
    answer = client.get("/v1/orders")

    assert (answer.status, answer.json()["code"]) == (404, "not_deployed")
    assert answer.headers[b"content-type"] == b"application/problem+json"
    assert emulator.scopes == []


def test_a_deploy_counts_at_once(client: Client, emulator: Emulator, workspace: Workspace) -> None:
    client.get("/v1/orders")
    outputs.write(workspace, API)

    assert client.get("/v1/orders").status == 200


@pytest.mark.usefixtures("deployed")
def test_requests_in_flight_hold_the_clock(
    client: Client, emulator: Emulator, clock: ProgramClock
) -> None:
    client.get("/v1/orders")
    client.get("/_ministack/health")

    assert emulator.in_flight == [{"http": 1}, {"http": 1}]
    assert clock.pending() == {}


def test_the_clock_can_be_read_set_and_advanced(client: Client, clock: ProgramClock) -> None:
    client.post("/_local/clock", {"mode": "stepped", "now": "2017-01-01T00:00:00Z"})
    answer = client.post("/_local/clock", {"advance_to": "2017-02-01T00:00:00Z"})

    assert answer.json()["now"] == client.get("/_local/clock").json()["now"]
    assert clock.now_iso() == "2017-02-01T00:00:00.000Z"
    assert clock.mode == "stepped"


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ({"advance_to": "2016-01-01T00:00:00Z"}, 409),
        ({"advance_to": "2017-01-01"}, 422),
        ({"mode": "backwards"}, 422),
        ({"mode": "wall", "speed": 3}, 422),
        (["mode"], 422),
    ],
)
def test_what_the_clock_cannot_do_is_refused(
    client: Client, clock: ProgramClock, command: Any, status: int
) -> None:
    clock.set_mode("stepped", now=epoch("2017-01-01T00:00:00Z"))

    assert client.post("/_local/clock", command).status == status
    assert clock.now_iso() == "2017-01-01T00:00:00.000Z"


@pytest.mark.usefixtures("mailbox")
def test_sent_messages_are_listed_newest_first(client: Client) -> None:
    items = client.get("/_local/mail", "format=json").json()["items"]

    assert [(item["to"], item["channel"]) for item in items] == [
        (["bob@example.org"], "email"),
        (["+4912345"], "sms"),
        (["ann@example.org"], "email"),
    ]
    assert items[0]["sent_at"] == "2017-01-03T10:00:00.000Z"


@pytest.mark.usefixtures("mailbox")
def test_of_messages_of_one_moment_the_last_one_comes_first(client: Client) -> None:
    ses._sent_emails_list().append(ses._sent_emails_list()[-1] | {"MessageId": "mail-again"})

    items = client.get("/_local/mail", "format=json").json()["items"]

    assert [item["message_id"] for item in items[:2]] == ["mail-again", "mail-2017-01-03"]


@pytest.mark.usefixtures("mailbox")
@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("since=2017-01-02T10:00:00Z", ["mail-2017-01-03", "text-1"]),
        ("to=Ann@Example.org", ["mail-2017-01-01"]),
        ("to=%2B4912345", ["text-1"]),
    ],
)
def test_sent_messages_can_be_narrowed(client: Client, query: str, ids: list[str]) -> None:
    items = client.get("/_local/mail", f"format=json&{query}").json()["items"]

    assert [item["message_id"] for item in items] == ids


@pytest.mark.usefixtures("mailbox")
def test_the_mail_page_has_links_to_click_and_shows_no_markup_of_others(client: Client) -> None:
    page = client.get("/_local/mail").body.decode()

    assert '<a href="http://127.0.0.1:4999/v1/invitations/2017-01-01">' in page
    assert "Join &lt;Elite&gt;" in page


def test_faults_can_be_put_in_and_taken_out(client: Client) -> None:
    rule = {"service": "dynamodb", "operation": "PutItem", "kind": "throttle", "count": 1}
    client.post("/_local/faults", rule)
    try:
        assert faults.take("dynamodb", "PutItem") == "throttle"
        assert client.post("/_local/faults", {"kind": "earthquake"}).status == 422
    finally:
        left = client.ask("DELETE", "/_local/faults").json()["items"]
    assert left == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/_local/nothing", 404),
        ("DELETE", "/_local/clock", 405),
        ("POST", "/_local/mail", 405),
    ],
)
def test_other_pages_do_not_exist(client: Client, method: str, path: str, status: int) -> None:
    assert client.ask(method, path).status == status


def test_the_issuers_keys_are_published(client: Client) -> None:
    [key] = client.get("/_local/jwks.json").json()["keys"]

    assert key["alg"] == "RS256"
