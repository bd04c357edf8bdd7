"""What the Elite journey needs of the world besides the member store, in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from loyalty.contracts.program import default_definition
from loyalty.domain.errors import InvitationExpired, InvitationInvalid
from loyalty.domain.member import Identity, Member
from loyalty.domain.orders import OrderKey
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.rewards import Reward
from loyalty.services.letters import Outbox
from loyalty.services.ports import Email, EmailInDoubt, EmailRefused, Link
from tests.support.fakes import FakeClock, FakeMemberStore, FakeProgramStore

NOON = datetime(2017, 3, 1, 12, tzinfo=UTC)


class FakeJourneyStore:
    def __init__(self) -> None:
        self.started: dict[tuple[str, str], bool] = {}
        self.tokens: dict[str, str] = {}

    def claim_run(self, machine: str, run_id: str) -> bool:
        return not self.started.setdefault((machine, run_id), False)

    def mark_run_started(self, machine: str, run_id: str, at: datetime) -> None:
        self.started[machine, run_id] = True

    def store_token(self, member_id: str, token: str, at: datetime) -> None:
        self.tokens[member_id] = token

    def token(self, member_id: str) -> str | None:
        return self.tokens.get(member_id)


class FakeExecutions:
    """`inputs` by execution name; starting a name again is success and changes nothing."""

    def __init__(self) -> None:
        self.inputs: dict[str, Mapping[str, object]] = {}
        self.woken: list[str] = []

    def start(self, machine: str, name: str, payload: Mapping[str, object]) -> None:
        self.inputs.setdefault(name, payload)

    def wake(self, token: str) -> None:
        self.woken.append(token)


class FakeLimiter:
    def __init__(self) -> None:
        self.places: Counter[datetime] = Counter()

    def take(self, hour: datetime) -> int:
        self.places[hour] += 1
        return self.places[hour]


class FakeLinks:
    """Readable tokens: `<purpose>:<member id>:<expiry>`."""

    def sign(
        self, purpose: str, member_id: str, *, issued_at: datetime, expires_at: datetime
    ) -> str:
        return f"{purpose}:{member_id}:{int(expires_at.timestamp())}"

    def verify(self, purpose: str, token: str, *, now: datetime) -> Link:
        signed_for, _, rest = token.partition(":")
        member_id, _, expiry = rest.partition(":")
        if signed_for != purpose or not expiry:
            raise InvitationInvalid(token)
        expires_at = datetime.fromtimestamp(int(expiry), UTC)
        if now >= expires_at:
            raise InvitationExpired(token)
        return Link(member_id, expires_at)


class FakeRenderer:
    def email(
        self,
        template: str,
        *,
        to: str,
        context: Mapping[str, object],
        headers: Mapping[str, str],
        tags: Mapping[str, str],
    ) -> Email:
        text = "\n".join(f"{name}: {value}" for name, value in context.items())
        return Email(
            to=to, subject=template, text=text, html=text, headers=dict(headers), tags=dict(tags)
        )


class FakeCatalogue:
    def __init__(self, *rewards: Reward) -> None:
        self.all = list(rewards)

    def rewards(self) -> list[Reward]:
        return self.all


class FakeSender:
    """Keeps what was sent. `failures` are raised by the next sendings, one each."""

    def __init__(self) -> None:
        self.sent: list[Email] = []
        self.failures: list[EmailRefused | EmailInDoubt] = []
        self.before_sending: Callable[[Email], None] = lambda email: None

    def send(self, email: Email) -> None:
        self.before_sending(email)
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(email)

    def message_ids(self) -> Counter[str]:
        return Counter(email.tags["message_id"] for email in self.sent)


class FakeBus:
    """Takes everything but the events whose place is in `refused`."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, Any]] = []
        self.refused: set[int] = set()

    def publish(self, events: Any) -> set[int]:
        self.events += [event for index, event in enumerate(events) if index not in self.refused]
        return self.refused


@dataclass
class JourneyWorld:
    """A program with one shop, one mail service and a clock that is moved by hand."""

    definition: ProgramDefinition = field(default_factory=default_definition)
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOON))
    store: FakeMemberStore = field(default_factory=FakeMemberStore)
    journeys: FakeJourneyStore = field(default_factory=FakeJourneyStore)
    executions: FakeExecutions = field(default_factory=FakeExecutions)
    limiter: FakeLimiter = field(default_factory=FakeLimiter)
    links: FakeLinks = field(default_factory=FakeLinks)
    sender: FakeSender = field(default_factory=FakeSender)

    def __post_init__(self) -> None:
        self.program = FakeProgramStore(self.definition)

    def change_program(self, **changes: Any) -> None:
        """Save another version that holds at once; journeys under way keep their own."""
        latest = self.program.definitions[-1]
        self.program.definitions.append(
            replace(latest, version=latest.version + 1, effective_from=self.clock.now(), **changes)
        )

    @property
    def outbox(self) -> Outbox:
        return self.outbox_with(store=self.store, sender=self.sender, clock=self.clock)

    def outbox_with(self, **ports: Any) -> Outbox:
        return Outbox(
            renderer=FakeRenderer(),
            links=self.links,
            public_url="https://elite.example",
            **ports,
        )

    def customer(self, member_id: str = "m1", **fields: Any) -> Member:
        """Store and return a customer who crossed the threshold a moment ago."""
        defaults: dict[str, Any] = {
            "version": 1,
            "created_at": self.clock.now(),
            "identities": (Identity("email", f"{member_id}@example.com"),),
            "name": "Ann",
            "lifetime_spend_minor": 50_000,
            "threshold_crossed_at": self.clock.now(),
            "crossing_order": OrderKey("shop", "1"),
            "variant": "standard",
            "journey_program_version": 0,
        }
        member = Member(member_id, **(defaults | fields))
        self.store.members[member_id] = member
        return member

    def member(self, member_id: str = "m1") -> Member:
        return self.store.members[member_id]

    def events(self, member_id: str = "m1") -> list[str]:
        """Return the names of what happened to a customer, oldest first."""
        return [
            self.store.history[key].event
            for key in sorted(self.store.history)
            if key[0] == member_id
        ]

    def link_in(self, email: Email, name: str = "accept_url") -> str:
        """Return the token of one of the links in a mail."""
        line = next(line for line in email.text.splitlines() if line.startswith(f"{name}: "))
        return line.rsplit("/", 1)[1].partition("?")[0]
