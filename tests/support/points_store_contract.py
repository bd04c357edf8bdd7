"""What every `MemberStore` must do for points that change hands; beside `store_contract`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty.domain.ledger import Account, Lot, PendingPoints
from loyalty.domain.member import Consent, Member
from loyalty.domain.merging import merge
from loyalty.domain.tiers import TierSpan, TierStanding
from loyalty.domain.totals import DayTotals
from loyalty.services.ports import ChangeRefused, Guard, MemberChange, MemberStore
from tests.support.store_contract import CARD, KEY, NOON, ORDER, member, new_member


class PointsStoreContract:
    def test_a_clients_id_counts_once_per_kind_and_member(self, store: MemberStore) -> None:
        made = Guard("adjustment", "A-1", "ada", {"points": -5}, {"points_available": 2})
        store.commit(replace(new_member(), guards=(made,)))
        assert store.guard("ada", "adjustment", "A-1") == made
        assert store.guard("ada", "transfer", "A-1") is None
        with pytest.raises(ChangeRefused):
            store.commit(MemberChange(member(version=2), 1, guards=(made,)))
        of_another_kind = replace(made, kind="transfer")
        store.commit(MemberChange(member(version=2), 1, guards=(of_another_kind,)))

    def test_several_members_change_together_or_not_at_all(self, store: MemberStore) -> None:
        store.commit(new_member("ada"), new_member("bob"))
        ada, bob = member("ada", version=2), member("bob", version=2)
        with pytest.raises(ChangeRefused):
            store.commit(MemberChange(ada, 1), MemberChange(bob, expected_version=7))
        assert store.member("ada") == member("ada")
        store.commit(MemberChange(ada, 1), MemberChange(bob, 1))
        assert (store.member("ada"), store.member("bob")) == (ada, bob)

    def test_identities_change_hands_only_from_whom_the_change_names(
        self, store: MemberStore
    ) -> None:
        store.commit(new_member("ada"), new_member("bob", CARD))
        taking = MemberChange(member("ada", version=2), 1, claims=(CARD,))
        with pytest.raises(ChangeRefused):
            store.commit(taking)
        with pytest.raises(ChangeRefused):
            store.commit(replace(taking, claims_from="cyd"))
        store.commit(replace(taking, claims_from="bob"))
        assert store.owners([CARD]) == {CARD: "ada"}

    def test_a_merge_is_kept_as_it_was_last(self, store: MemberStore) -> None:
        ada, bob = member("ada"), replace(member("bob"), identities=(CARD,), name="Bob")
        share = Account(
            lots=(Lot(NOON, 7),), pending=(PendingPoints(NOON, NOON, 3),), expired=(Lot(NOON, 1),)
        )
        bob = replace(bob, account=share, consents={"email": Consent(True, NOON, "shop")})
        made = merge(ada, bob, merge_id="M-1", merged_by="staff", now=NOON).merge
        store.commit(replace(new_member(), merges=(made,)))
        assert store.merge("ada", "M-1") == made
        assert store.merge("ada", "M-2") is None
        undone = replace(made, undone_at=NOON, undone_by="staff")
        store.commit(MemberChange(member(version=2), 1, merges=(undone,)))
        assert store.merge("ada", "M-1") == undone

    def test_held_points_and_what_led_to_them_are_kept(self, store: MemberStore) -> None:
        held = PendingPoints(NOON, NOON, 3, held_by=KEY.cause)
        ada = replace(
            member(),
            account=Account(pending=(held, PendingPoints(NOON, NOON, 1)), expired=(Lot(NOON, 2),)),
            days=(DayTotals(NOON.date(), points=3, orders=1, earns={"-": 1}),),
        )
        store.commit(MemberChange(ada, order=replace(ORDER, held=True)))
        context = store.order_context(KEY, member_id="ada")
        assert context.member == ada
        assert context.order == replace(ORDER, held=True)

    def test_a_tombstone_names_its_survivor(self, store: MemberStore) -> None:
        tombstone = replace(
            member(),
            status="merged",
            merged_into="bob",
            merge_id="M-1",
            action_counts={"2017/a": 1},
        )
        store.commit(MemberChange(tombstone))
        assert store.member("ada") == tombstone

    def test_writes_only_the_named_parts_of_a_member(self, store: MemberStore) -> None:
        known = replace(member(), identities=(CARD,), name="Ada", lifetime_spend_minor=7)
        store.commit(MemberChange(known))
        unread = Member("ada", version=2, created_at=NOON - timedelta(days=900))
        standing = TierStanding((TierSpan("gold", NOON),))
        partial = replace(unread, standing=standing, account=Account(owed=3, entries=1))
        store.commit(MemberChange(partial, expected_version=1, only=("standing",)))
        assert store.member("ada") == replace(known, version=2, standing=standing)

    def test_parts_of_a_member_who_changed_meanwhile_are_refused(self, store: MemberStore) -> None:
        store.commit(MemberChange(member()))
        changed = replace(member(), version=3, standing=TierStanding((TierSpan("gold", NOON),)))
        with pytest.raises(ChangeRefused):
            store.commit(MemberChange(changed, expected_version=2, only=("standing",)))
        assert store.member("ada") == member()
