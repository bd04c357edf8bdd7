"""Consents: the newest statement holds, an opt-out wins."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations

import pytest

from loyalty.domain.consents import may_market, record_consents
from loyalty.domain.member import Channel, Consent, Identity, Member
from tests.support.examples import NOW, PROGRAM

EMAIL = Identity("email", "ada@example.org")
PHONE = Identity("phone", "+491701234567")
CONSENT_NEEDED = replace(PROGRAM, invite_basis="consent")
ADA = Member("ada", version=3, created_at=NOW, identities=(EMAIL, PHONE))
LATER = NOW + timedelta(days=1)


def yes(at: datetime = NOW) -> Consent:
    return Consent(True, at, "shop")


def no(at: datetime = NOW) -> Consent:
    return Consent(False, at, "shop")


class TestMayMarket:
    @pytest.mark.parametrize("channel", ["email", "sms", "push"])
    def test_where_nothing_was_said_the_basis_decides(self, channel: Channel) -> None:
        assert may_market(ADA, channel, PROGRAM)
        assert not may_market(ADA, channel, CONSENT_NEEDED)

    def test_a_statement_decides_over_the_basis(self) -> None:
        assert may_market(replace(ADA, consents={"email": yes()}), "email", CONSENT_NEEDED)
        assert not may_market(replace(ADA, consents={"email": no()}), "email", PROGRAM)

    @pytest.mark.parametrize(("channel", "identity"), [("email", PHONE), ("sms", EMAIL)])
    def test_there_must_be_an_address(self, channel: Channel, identity: Identity) -> None:
        unreachable = replace(ADA, identities=(identity,), consents={channel: yes()})
        assert not may_market(unreachable, channel, PROGRAM)

    def test_a_bounce_closes_the_channel(self) -> None:
        bounced = replace(ADA, suppressed={"email": "bounce"}, consents={"email": yes()})
        assert not may_market(bounced, "email", PROGRAM)
        assert may_market(bounced, "sms", PROGRAM)


class TestRecording:
    def test_keeps_the_statement_and_tells_it(self) -> None:
        member, (fact,) = record_consents(ADA, {"sms": no()}, PROGRAM, LATER)
        assert member.consents == {"sms": no()}
        assert (fact.event, fact.member_version) == ("ConsentChanged", 3)
        assert (fact.occurred_at, fact.recorded_at) == (NOW, LATER)
        assert fact.data == {"channel": "sms", "granted": False, "source": "shop"}

    def test_the_same_again_is_no_news(self) -> None:
        agreed = replace(ADA, consents={"sms": yes()})
        member, facts = record_consents(agreed, {"sms": yes()}, PROGRAM, LATER)
        assert member is agreed
        assert facts == ()

    def test_a_newer_repetition_is_kept_but_not_told(self) -> None:
        agreed = replace(ADA, consents={"sms": yes()})
        member, facts = record_consents(agreed, {"sms": yes(LATER)}, PROGRAM, LATER)
        assert member.consents == {"sms": yes(LATER)}
        assert facts == ()

    @pytest.mark.parametrize(
        "said",
        [
            [yes(NOW), no(LATER)],
            [no(NOW), yes(NOW)],
            [no(NOW), yes(LATER), no(LATER)],
            [no(NOW), yes(LATER), no(LATER + timedelta(days=1))],
        ],
    )
    def test_any_order_of_arrival_ends_at_the_newest_and_an_opt_out_wins_a_tie(
        self, said: list[Consent]
    ) -> None:
        for arrival in permutations(said):
            member = ADA
            for consent in arrival:
                member, _ = record_consents(member, {"email": consent}, PROGRAM, LATER)
            assert member.consents["email"].granted is False

    def test_a_suppressed_invite_is_allowed_when_consent_comes(self) -> None:
        suppressed = replace(ADA, invite_suppressed=True)
        member, facts = record_consents(suppressed, {"email": yes()}, CONSENT_NEEDED, LATER)
        assert member.invite_suppressed is False
        assert [fact.event for fact in facts] == ["ConsentChanged", "InviteAllowed"]

    def test_a_suppressed_invite_is_allowed_when_an_address_comes(self) -> None:
        unreachable = replace(ADA, identities=(PHONE,), invite_suppressed=True)
        assert record_consents(unreachable, {}, PROGRAM, NOW) == (unreachable, ())
        reachable = replace(unreachable, identities=(PHONE, EMAIL))
        member, (fact,) = record_consents(reachable, {}, PROGRAM, NOW)
        assert (member.invite_suppressed, fact.event) == (False, "InviteAllowed")

    def test_only_a_prospect_waits_for_an_invite(self) -> None:
        active = replace(ADA, status="active", invite_suppressed=True)
        assert record_consents(active, {}, PROGRAM, NOW) == (active, ())
