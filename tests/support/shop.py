"""A retailer that sells, takes back and enrols through the use cases, on the in-memory store."""

from __future__ import annotations

from datetime import datetime

from loyalty.domain.identity import CustomerRef, identities
from loyalty.domain.ledger_check import check
from loyalty.domain.member import Channel, Identity, Member
from loyalty.domain.orders import Money, Order, OrderKey, Return, ReturnLine
from loyalty.domain.program import ProgramDefinition
from loyalty.domain.tasks import Decision, Task
from loyalty.services.accept_order import OrderOutcome, accept_order
from loyalty.services.accept_return import ReturnOutcome, accept_return
from loyalty.services.adjust_points import adjust_points
from loyalty.services.decide_task import decide_task
from loyalty.services.enrol_member import EnrolmentOutcome, enrol_member
from loyalty.services.expire_points import expire
from loyalty.services.merge_members import merge_members, undo_merge
from loyalty.services.ports import DUE_SHARDS, Due, DueKind
from loyalty.services.release_points import release
from tests.support.examples import NOW, PROGRAM
from tests.support.fakes import FakeClock, FakeIds, FakeMemberStore, FakeProgramStore, FakeTaskStore


def customer(
    member_id: str | None = None,
    *,
    card: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    name: str | None = None,
    consents: dict[Channel, bool] | None = None,
) -> CustomerRef:
    """Return what an order says about its customer."""
    known = identities(card=card, email=email, phone=phone)
    return CustomerRef(member_id, known, name=name, consents=consents or {})


def money_back(amount_minor: int, return_id: str = "R-1", *, at: datetime = NOW) -> Return:
    return Return(return_id, at, amount=Money(amount_minor, "EUR"))


def goods_back(
    sku: str, quantity: int = 1, return_id: str = "R-1", *, at: datetime = NOW
) -> Return:
    return Return(return_id, at, lines=(ReturnLine(sku, quantity),))


class Shop:
    def __init__(self, *definitions: ProgramDefinition, at: datetime = NOW) -> None:
        self.store = FakeMemberStore()
        self.program = FakeProgramStore(*(definitions or (PROGRAM,)))
        self.clock = FakeClock(at)
        self.ids = FakeIds()

    def sell(self, order: Order, to: CustomerRef) -> OrderOutcome:
        return accept_order(
            order, to, store=self.store, program=self.program, clock=self.clock, ids=self.ids
        )

    def take_back(self, return_: Return, *, order_id: str = "O-1") -> ReturnOutcome:
        key = OrderKey("pos", order_id)
        return accept_return(key, return_, store=self.store, program=self.program, clock=self.clock)

    def enrol(self, who: CustomerRef) -> EnrolmentOutcome:
        return enrol_member(
            who, store=self.store, program=self.program, clock=self.clock, ids=self.ids
        )

    def a_member(self, card: str = "4711") -> str:
        return self.enrol(customer(card=card)).member.member_id

    def member(self, member_id: str) -> Member:
        return self.store.members[member_id]

    def adjust(self, member_id: str, points: int, adjustment_id: str = "A-1") -> None:
        adjust_points(
            member_id,
            adjustment_id=adjustment_id,
            points=points,
            reason="goodwill",
            made_by="staff",
            own_member_id=None,
            store=self.store,
            program=self.program,
            clock=self.clock,
            ids=self.ids,
        )

    def merge(self, survivor_id: str, other_id: str, merge_id: str = "M-1") -> None:
        merge_members(
            survivor_id,
            merge_id=merge_id,
            other_member_id=other_id,
            merged_by="staff",
            own_member_id=None,
            store=self.store,
            program=self.program,
            clock=self.clock,
        )

    def undo_merge(self, survivor_id: str, merge_id: str = "M-1") -> None:
        undo_merge(
            survivor_id,
            merge_id,
            undone_by="staff",
            own_member_id=None,
            store=self.store,
            program=self.program,
            clock=self.clock,
        )

    def decide_hold(self, decision: Decision, task_id: str | None = None) -> Task:
        """Let staff decide about held points; without a `task_id` there is one task."""
        if task_id is None:
            (task_id,) = self.store.tasks
        return decide_task(
            task_id,
            decision,
            decided_by="staff",
            own_member_id=None,
            kinds=("fraud_review",),
            tasks=FakeTaskStore(self.store),
            store=self.store,
            program=self.program,
            clock=self.clock,
        )

    def id_of(self, card: str) -> str:
        """Return the customer who has the card; the card itself when nobody has."""
        return self.store.identity_owners.get(Identity("card", card), card)

    def release_what_is_due(self) -> None:
        for due in self.due("release"):
            if due.due_at <= self.clock.now():
                release(due, store=self.store, clock=self.clock)

    def expire_what_is_due(self) -> None:
        for due in self.due("expiry"):
            if due.due_at <= self.clock.now():
                expire(due, store=self.store, clock=self.clock)

    def due(self, kind: DueKind = "release") -> list[Due]:
        """Return everything of a kind that waits, soonest first."""
        last = datetime.max.replace(tzinfo=NOW.tzinfo)
        return sorted(
            (
                due
                for shard in range(DUE_SHARDS)
                for due in self.store.due(kind, shard, until=last, limit=1000)
            ),
            key=lambda due: (due.due_at, due.member_id),
        )

    def require_sound_books(self) -> None:
        """Fail unless every account is what its entries say and every window has its due item."""
        for member_id, member in self.store.members.items():
            entries = self.store.all_entries(member_id, up_to_sequence=member.account.entries)
            assert check(member_id, member.account, entries).violations == ()
        windows = {
            (member_id, part.releases_at)
            for member_id, member in self.store.members.items()
            for part in member.account.pending
            if part.held_by is None
        }
        assert {(due.member_id, due.due_at) for due in self.due()} == windows
        lots = {
            (member_id, lot.expires_at)
            for member_id, member in self.store.members.items()
            for lot in member.account.lots
        }
        assert lots <= {(due.member_id, due.due_at) for due in self.due("expiry")}
