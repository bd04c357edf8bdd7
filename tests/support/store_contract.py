"""What every `MemberStore` must do; the fake and the real adapter are held to the same tests.

Subclass `MemberStoreContract` in a test module and give it a fixture `store` that is empty.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from loyalty.domain.accruals import accrue
from loyalty.domain.ledger import Account, Lot, PendingPoints, Posting
from loyalty.domain.member import Consent, Identity, Member, StatusChange
from loyalty.domain.orders import (
    AcceptedOrder,
    AcceptedReturn,
    EarningLine,
    Money,
    OrderKey,
    OrderReturns,
    Return,
    ReturnLine,
)
from loyalty.domain.portal_access import PortalAccess
from loyalty.domain.tastes import Taste, Tastes
from loyalty.domain.tiers import TierReview, TierSpan, TierStanding
from loyalty.domain.totals import DayTotals, MonthTotals
from loyalty.services.ports import (
    ChangeRefused,
    Due,
    MemberChange,
    MemberStore,
    MessageClaim,
    OrderExists,
)
from loyalty.services.shards import due_shard, enrolled_shard, member_shard

NOON = datetime(2017, 3, 1, 12, tzinfo=UTC)
KEY = OrderKey("pos", "O-1")
CARD = Identity("card", "4711")
EMAIL = Identity("email", "ada@example.org")
ORDER = AcceptedOrder(
    key=KEY,
    member_id="ada",
    occurred_at=NOON,
    recorded_at=NOON + timedelta(seconds=1, microseconds=5),
    store_id="S1",
    total=Money(1250, "EUR"),
    lines=(EarningLine("milk", 2, 1250, "product", "dairy", 1250, 1),),
    eligible_minor=1250,
    points=1,
    releases_at=NOON + timedelta(days=15),
    lot_expires_at=NOON + timedelta(days=400),
    program_version=3,
    answer={"member_id": "ada", "points_earned": 1, "lifetime_spend": {"amount_minor": 1250}},
    variant="standard",
)
RETURN = Return("R-1", NOON, lines=(ReturnLine("milk", 1),))
ACCEPTED_RETURN = AcceptedReturn(
    key=KEY,
    return_id="R-1",
    member_id="ada",
    occurred_at=NOON,
    recorded_at=NOON,
    fingerprint="f",
    eligible_minor=625,
    points=0,
    answer={"points_reversed": 0, "points_available": 0},
    variant="standard",
)


def member(member_id: str = "ada", version: int = 1) -> Member:
    return Member(member_id=member_id, version=version, created_at=NOON)


def new_member(member_id: str = "ada", *claims: Identity) -> MemberChange:
    return MemberChange(
        replace(member(member_id), identities=claims), expected_version=0, claims=claims
    )


def status_change(event: str, version: int = 1) -> StatusChange:
    return StatusChange("ada", version, event, NOON, NOON, "prospect", "invited", {"variant": "a"})


class MemberStoreContract:
    def test_keeps_all_of_a_member(self, store: MemberStore) -> None:
        ada = replace(
            member(),
            status="inactive",
            inactive_reason="silent",
            status_since=NOON,
            joined_at=NOON,
            standing=TierStanding(
                (TierSpan("member", NOON), TierSpan("gold", NOON, "2017-03", "ada-2017-03-gold")),
                grace_until="2017-04",
                held_until="2018-02",
                review=TierReview("platinum", "2017-03", "ada-2017-03-platinum"),
            ),
            months=(MonthTotals("2017-03", 5_000, 1_000, 4, 4, 2),),
            days=(DayTotals(NOON.date(), 5_000, 1_000, 4, 2),),
            identities=(CARD, replace(EMAIL, is_verified=False)),
            name="Ada",
            lifetime_spend_minor=123_456,
            account=Account(
                lots=(Lot(NOON + timedelta(days=400), 7),),
                pending=(PendingPoints(NOON, NOON + timedelta(days=400), 0),),
                owed=0,
                entries=4,
            ),
            threshold_crossed_at=NOON,
            crossing_order=KEY,
            variant="standard",
            journey_program_version=2,
            held_out=True,
            invite_suppressed=True,
            consents={"email": Consent(False, NOON, "shop", "v1")},
            suppressed={"sms": "bounce"},
            preferences={"statement": True, "points_sms": False},
            saved_minor=1_250,
            tastes=Tastes(
                date(2017, 3, 1), (Taste("café", 1.25, 3),), (Taste("dairy", 0.0625, 1),)
            ),
            marketing_sent_at=(NOON,),
            outreach_sent=2,
            portal=PortalAccess("de", (NOON,), sign_ins=3, sign_outs=1),
        )
        store.commit(MemberChange(ada, claims=(CARD, EMAIL)))
        stored = store.member("ada")
        assert stored == ada
        assert [own.is_verified for own in stored.identities] == [True, False]

    def test_knows_nobody_at_first(self, store: MemberStore) -> None:
        assert store.member("ada") is None
        assert store.owners([CARD]) == {}
        context = store.order_context(KEY, return_id="R-1", member_id="ada", identities=[CARD])
        assert (context.order, context.returns, context.accepted_return, context.member) == (
            None,
            None,
            None,
            None,
        )
        assert context.owners == {}

    def test_a_member_is_created_once(self, store: MemberStore) -> None:
        store.commit(new_member())
        with pytest.raises(ChangeRefused):
            store.commit(new_member())

    def test_a_change_needs_the_version_that_it_read(self, store: MemberStore) -> None:
        store.commit(new_member())
        store.commit(MemberChange(member(version=2), expected_version=1))
        with pytest.raises(ChangeRefused):
            store.commit(MemberChange(replace(member(version=2), name="lost"), expected_version=1))
        with pytest.raises(ChangeRefused):
            store.commit(MemberChange(member("nobody", version=5), expected_version=4))
        assert store.member("ada") == member(version=2)

    def test_an_identity_belongs_to_one_customer(self, store: MemberStore) -> None:
        store.commit(new_member("ada", CARD))
        with pytest.raises(ChangeRefused):
            store.commit(new_member("bob", EMAIL, CARD))
        assert store.member("bob") is None
        assert store.owners([CARD, EMAIL]) == {CARD: "ada"}

    def test_claiming_an_own_identity_again_is_fine(self, store: MemberStore) -> None:
        store.commit(new_member("ada", CARD))
        store.commit(MemberChange(member(version=2), expected_version=1, claims=(CARD, EMAIL)))
        assert store.owners([CARD, EMAIL]) == {CARD: "ada", EMAIL: "ada"}

    def test_one_read_gives_all_that_an_order_needs(self, store: MemberStore) -> None:
        returns = OrderReturns(KEY, 1, (625,), (1,), 5, 630, 0)
        change = replace(
            new_member("ada", CARD),
            order=ORDER,
            returns=returns,
            accepted_returns=(ACCEPTED_RETURN,),
        )
        store.commit(change)
        context = store.order_context(
            KEY, return_id="R-1", member_id="ada", identities=[EMAIL, CARD]
        )
        assert context.order == ORDER
        assert context.returns == returns
        assert context.accepted_return == ACCEPTED_RETURN
        assert context.member == change.member
        assert context.owners == {CARD: "ada"}

    def test_an_order_is_accepted_once_and_says_so(self, store: MemberStore) -> None:
        store.commit(replace(new_member(), order=ORDER))
        again = MemberChange(member(version=2), 1, order=replace(ORDER, points=99))
        with pytest.raises(OrderExists) as refusal:
            store.commit(again)
        assert refusal.value.order == ORDER
        assert store.member("ada") == member()

    def test_an_order_of_nobody_is_kept(self, store: MemberStore) -> None:
        unmatched = replace(
            ORDER, member_id=None, points=0, releases_at=None, lot_expires_at=None, store_id=None
        )
        store.commit(MemberChange(None, order=unmatched))
        assert store.order_context(KEY).order == unmatched

    def test_an_order_that_saw_no_returns_needs_that_there_are_none(
        self, store: MemberStore
    ) -> None:
        waiting = OrderReturns(KEY, version=1, waiting=(RETURN,))
        store.commit(MemberChange(None, requires_no_order=KEY, returns=waiting))
        assert store.order_context(KEY).returns == waiting
        with pytest.raises(ChangeRefused):
            store.commit(replace(new_member(), order=ORDER))
        store.commit(replace(new_member(), order=ORDER, returns=OrderReturns(KEY, version=2)))

    def test_a_return_waits_only_while_there_is_no_order(self, store: MemberStore) -> None:
        store.commit(MemberChange(None, order=ORDER))
        waiting = OrderReturns(KEY, version=1, waiting=(RETURN,))
        with pytest.raises(ChangeRefused):
            store.commit(MemberChange(None, requires_no_order=KEY, returns=waiting))
        assert store.order_context(KEY).returns is None

    def test_returns_are_counted_one_after_the_other(self, store: MemberStore) -> None:
        store.commit(MemberChange(None, order=ORDER))
        first = MemberChange(
            None, returns=OrderReturns(KEY, 1), accepted_returns=(ACCEPTED_RETURN,)
        )
        store.commit(first)
        other = replace(ACCEPTED_RETURN, return_id="R-2")
        with pytest.raises(ChangeRefused):  # R-2 was decided without knowing R-1
            store.commit(replace(first, accepted_returns=(other,)))
        with pytest.raises(ChangeRefused):  # R-1 again
            store.commit(replace(first, returns=OrderReturns(KEY, 2)))
        store.commit(MemberChange(None, returns=OrderReturns(KEY, 2), accepted_returns=(other,)))

    def test_a_refused_change_leaves_nothing(self, store: MemberStore) -> None:
        store.commit(new_member("bob", CARD))
        posting = Posting("ada", "order/pos/O-1", NOON, NOON, "order")
        _, entry = accrue(Account(), posting, PendingPoints(NOON, NOON, 3))
        due = Due("release", NOON, "ada")
        with pytest.raises(ChangeRefused):
            store.commit(
                replace(
                    new_member("ada", CARD),
                    entries=(entry,),
                    status_changes=(status_change("CustomerInvited"),),
                    order=ORDER,
                    due=(due,),
                )
            )
        assert store.member("ada") is None
        assert store.order_context(KEY).order is None
        assert list(store.all_entries("ada", up_to_sequence=9)) == []
        assert list(store.status_changes("ada", limit=9)[0]) == []
        assert list(store.due("release", due_shard("ada"), until=NOON, limit=9)) == []

    def test_entries_are_immutable_and_paged(self, store: MemberStore) -> None:
        account, entries = Account(), []
        for day in range(3):
            at = NOON + timedelta(days=day)
            posting = Posting("ada", f"order/pos/{day}", at, at, "order", is_silent=day == 1)
            account, entry = accrue(account, posting, PendingPoints(at, at, day + 1))
            entries.append(entry)
        store.commit(replace(new_member(), entries=tuple(entries)))
        with pytest.raises(ChangeRefused):
            store.commit(MemberChange(member(version=2), 1, entries=(entries[2],)))
        newest, cursor = store.entries("ada", limit=2)
        assert list(newest) == [entries[2], entries[1]]
        rest, end = store.entries("ada", limit=2, cursor=cursor)
        assert (list(rest), end) == ([entries[0]], None)
        assert list(store.all_entries("ada", up_to_sequence=2)) == entries[:2]

    def test_status_changes_come_newest_first(self, store: MemberStore) -> None:
        first = (status_change("MemberEnrolled"), status_change("ThresholdCrossed"))
        store.commit(replace(new_member(), status_changes=first))
        second = status_change("CustomerInvited", version=2)
        store.commit(MemberChange(member(version=2), 1, status_changes=(second,)))
        page, cursor = store.status_changes("ada", limit=2)
        assert list(page) == [second, first[1]]
        assert list(store.status_changes("ada", limit=2, cursor=cursor)[0]) == [first[0]]

    def test_orders_come_newest_first(self, store: MemberStore) -> None:
        earlier = replace(
            ORDER, key=OrderKey("pos", "O-0"), occurred_at=NOON - timedelta(microseconds=1)
        )
        store.commit(replace(new_member(), order=ORDER))
        store.commit(MemberChange(member(version=2), 1, order=earlier))
        page, cursor = store.orders("ada", limit=1)
        assert list(page) == [ORDER]
        assert list(store.orders("ada", limit=1, cursor=cursor)[0]) == [earlier]
        assert list(store.orders("bob", limit=1)[0]) == []

    def test_due_items_are_found_from_their_time_on(self, store: MemberStore) -> None:
        due = Due("release", NOON, "ada")
        later = Due("release", NOON + timedelta(seconds=1), "ada")
        store.commit(replace(new_member(), due=(due, later, Due("outreach", NOON, "ada"))))
        shard = due_shard("ada")
        before = NOON - timedelta(microseconds=1)
        assert list(store.due("release", shard, until=before, limit=9)) == []
        assert list(store.due("release", shard, until=NOON, limit=9)) == [due]
        assert list(store.due("release", shard, until=later.due_at, limit=1)) == [due]
        assert list(store.due("release", (shard + 1) % 8, until=later.due_at, limit=9)) == []

    def test_due_items_of_a_time_are_told_apart_by_what_they_are_about(
        self, store: MemberStore
    ) -> None:
        due = tuple(Due("tier_mail", NOON, "ada", about) for about in ("u-1", "u-2"))
        store.commit(MemberChange(None, due=due))
        shard, before = due_shard("ada"), NOON - timedelta(seconds=1)
        assert list(store.due("tier_mail", shard, until=before, limit=9)) == []
        assert list(store.due("tier_mail", shard, until=NOON, limit=9)) == list(due)
        store.commit(MemberChange(None, due_done=due[:1]))
        assert list(store.due("tier_mail", shard, until=NOON, limit=9)) == [due[1]]

    def test_a_due_item_is_done_once(self, store: MemberStore) -> None:
        due = Due("release", NOON, "ada")
        store.commit(replace(new_member(), due=(due,)))
        store.commit(MemberChange(member(version=2), 1, due_done=(due,)))
        assert list(store.due("release", due_shard("ada"), until=NOON, limit=9)) == []
        with pytest.raises(ChangeRefused):
            store.commit(MemberChange(member(version=3), 2, due_done=(due,)))

    def test_a_due_item_is_put_back_whatever_its_member_does(self, store: MemberStore) -> None:
        due, later = Due("outreach", NOON, "ada"), Due("outreach", NOON + timedelta(days=7), "ada")
        store.commit(replace(new_member(), due=(later,)))
        store.commit(MemberChange(None, due=(due,), due_done=(later,)))
        found = store.due("outreach", due_shard("ada"), until=later.due_at, limit=9)
        assert list(found) == [due]

    def test_an_unwanted_due_item_can_be_removed(self, store: MemberStore) -> None:
        due = Due("outreach", NOON, "ada")
        store.commit(replace(new_member(), due=(due,)))
        store.remove_due(due, seen=member())
        store.remove_due(due, seen=member())
        assert list(store.due("outreach", due_shard("ada"), until=NOON, limit=9)) == []
        store.remove_due(Due("outreach", NOON, "nobody"), seen=None)

    def test_a_due_item_of_a_changed_member_is_not_removed(self, store: MemberStore) -> None:
        due = Due("release", NOON, "ada")
        store.commit(new_member())
        store.commit(MemberChange(member(version=2), 1, due=(due,)))
        for seen in (None, member(version=1)):
            with pytest.raises(ChangeRefused):
                store.remove_due(due, seen=seen)
        assert list(store.due("release", due_shard("ada"), until=NOON, limit=9)) == [due]

    def test_a_message_is_claimed_once_unless_it_failed(self, store: MemberStore) -> None:
        claim = MessageClaim(
            "invite", "ada", "email", "invite", True, "sending", NOON, about="entry 7"
        )
        store.commit(replace(new_member(), message=claim))
        with pytest.raises(ChangeRefused):
            store.commit(MemberChange(member(version=2), 1, message=claim))
        store.mark_message("ada", "invite", "failed", NOON)
        store.commit(MemberChange(member(version=2), 1, message=claim))
        store.mark_message("ada", "invite", "sent", NOON + timedelta(minutes=1))
        assert store.message("ada", "invite") == replace(
            claim, state="sent", sent_at=NOON + timedelta(minutes=1)
        )
        with pytest.raises(ChangeRefused):
            store.commit(MemberChange(member(version=3), 2, message=claim))

    def test_many_are_read_at_once(self, store: MemberStore) -> None:
        for name in ("ada", "bob", "eve"):
            store.commit(new_member(name))
        found = store.profiles(["ada", "eve", "nobody"])
        assert sorted(each.member_id for each in found) == ["ada", "eve"]
        assert member("eve") in found
        assert store.profiles([]) == []

    def test_members_are_listed_by_shard(self, store: MemberStore) -> None:
        store.commit(new_member("ada"))
        store.commit(new_member("bob"))
        assert "ada" in list(store.member_ids(member_shard("ada")))
        everybody = [
            member_id
            for shard in {member_shard("ada"), member_shard("bob")}
            for member_id in store.member_ids(shard)
        ]
        assert sorted(everybody) == ["ada", "bob"]

    def test_members_are_listed_without_those_who_only_buy(self, store: MemberStore) -> None:
        store.commit(new_member("bob"))
        store.commit(new_member("ada"))
        assert list(store.member_ids(enrolled_shard("ada"), only_enrolled=True)) == []
        joined = replace(member("ada", version=2), joined_at=NOON)
        store.commit(MemberChange(joined, expected_version=1))
        assert list(store.member_ids(enrolled_shard("ada"), only_enrolled=True)) == ["ada"]
        assert "bob" not in list(store.member_ids(enrolled_shard("bob"), only_enrolled=True))
