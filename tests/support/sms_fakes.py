"""Members with phones, and the network that their text messages go through, in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from loyalty.contracts.journeys import SendOutcome
from loyalty.domain.accruals import accrue
from loyalty.domain.calendar import month_after, month_of
from loyalty.domain.ledger import Entry, PendingPoints, Posting
from loyalty.domain.member import Identity, Member
from loyalty.domain.points_alerts import PostedPoints
from loyalty.domain.totals import Purchase, count_in_months
from loyalty.services.due_messages import send_due_messages
from loyalty.services.evaluate_member import (
    get_recent_transactions,
    retrieve_customer_profile,
    update_points_balance,
)
from loyalty.services.message_ports import Sms, SmsInDoubt, SmsRefused
from loyalty.services.points_sms import SmsOutbox, alert_points, send_bundle
from loyalty.services.ports import DUE_SHARDS, MemberChange
from tests.support.job_fakes import FakeQueue
from tests.support.journey_fakes import JourneyWorld

PHONE = "+4915112345678"


class FakeSmsRenderer:
    """Readable texts: the template's name and what it is given."""

    def sms(self, template: str, *, to: str, context: Mapping[str, object]) -> Sms:
        facts = " ".join(f"{name}={value}" for name, value in context.items())
        return Sms(to, f"{template} {facts}")


class FakeSmsSender:
    """Keeps what was sent. `failures` are raised by the next sendings, one each."""

    def __init__(self) -> None:
        self.sent: list[Sms] = []
        self.failures: list[SmsRefused | SmsInDoubt] = []
        self.after_sending: Callable[[], None] = lambda: None

    def send(self, sms: Sms) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(sms)
        self.after_sending()

    def texts(self) -> list[str]:
        return [sms.text for sms in self.sent]


class PhoneWorld(JourneyWorld):
    """The journey's world with text messages."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.phones = FakeSmsSender()
        self.queue = FakeQueue()

    @property
    def sms_outbox(self) -> SmsOutbox:
        return SmsOutbox(
            store=self.store,
            program=self.program,
            clock=self.clock,
            renderer=FakeSmsRenderer(),
            sender=self.phones,
        )

    def member_with_phone(self, member_id: str = "m1", **fields: Any) -> Member:
        now = self.clock.now()
        known: dict[str, Any] = {
            "identities": (Identity("phone", PHONE),),
            "joined_at": now,
            "status": "active",
        }
        return self.customer(member_id, **(known | fields))

    def post(
        self,
        points: int,
        *,
        member_id: str = "m1",
        business_key: str = "order/pos/1",
        occurred_at: datetime | None = None,
        is_silent: bool = False,
    ) -> Entry:
        """Post points to a member's account as an order does; they are available at once."""
        now = self.clock.now()
        member = self.store.members[member_id]
        posting = Posting(member_id, business_key, occurred_at or now, now, "order", is_silent)
        place = PendingPoints(now, now + timedelta(days=365), points)
        account, entry = accrue(member.account, posting, place)
        changed = replace(member, version=member.version + 1, account=account)
        self.store.commit(
            MemberChange(member=changed, expected_version=member.version, entries=(entry,))
        )
        return entry

    def evaluate(self, points: int, *, member_id: str = "m1") -> int:
        """Let an evaluation of the month before post points; nobody is told yet."""
        month = month_after(month_of(self.clock.now().date()), -1)
        member = self.store.members[member_id]
        months = count_in_months(
            member.months, date.fromisoformat(f"{month}-01"), Purchase(points_due=points)
        )
        bought = replace(member, version=member.version + 1, months=months)
        self.store.commit(MemberChange(bought, expected_version=member.version))
        ports: Any = {"store": self.store, "program": self.program, "clock": self.clock}
        profile = retrieve_customer_profile(member_id, month, **ports)
        assert profile.member is not None
        transactions = get_recent_transactions(member_id, month, "month", **ports)
        posted = update_points_balance(profile.member, month, transactions, **ports)
        return posted.points_posted

    def alert(self, entry: Entry) -> SendOutcome:
        """Hear of a posting as the bus tells it."""
        posted = PostedPoints(
            sequence=entry.sequence,
            points=entry.points,
            occurred_at=entry.occurred_at,
            recorded_at=entry.recorded_at,
            is_silent=entry.is_silent,
        )
        return alert_points(entry.member_id, posted, outbox=self.sms_outbox)

    def send_due(self) -> int:
        """Send all that is due by now; return how much of it is done with."""
        return sum(
            send_due_messages(
                shard,
                self.clock.now(),
                sends={"points_sms": partial(send_bundle, outbox=self.sms_outbox)},
                store=self.store,
                queue=self.queue,
            )
            for shard in range(DUE_SHARDS)
        )
