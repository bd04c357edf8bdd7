"""Who may get a link to the portal, what a link and a session are good for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty.domain.errors import SignInLinkInvalid
from loyalty.domain.member import Member
from loyalty.domain.portal import (
    may_get_link,
    session_ends_at,
    signed_in,
    signed_out,
    speaking,
    with_link_sent,
)
from tests.support.examples import NOW

ADA = Member("m-ada", version=1, created_at=NOW, status="active")


def test_a_member_keeps_the_ten_latest_links() -> None:
    member = ADA
    for minute in range(12):
        member = with_link_sent(member, NOW + timedelta(minutes=minute))
    assert member.version == 13
    assert member.portal.links_sent_at == tuple(NOW + timedelta(minutes=m) for m in range(2, 12))


@pytest.mark.parametrize(("seconds", "may"), [(24 * 3600 - 1, False), (24 * 3600, True)])
def test_an_eleventh_link_waits_until_the_first_is_a_day_old(seconds: int, may: bool) -> None:
    member = ADA
    for hour in range(10):
        assert may_get_link(member, NOW + timedelta(hours=hour))
        member = with_link_sent(member, NOW + timedelta(hours=hour))
    assert may_get_link(member, NOW + timedelta(seconds=seconds)) is may


@pytest.mark.parametrize(("seconds", "may"), [(14 * 60 + 59, False), (15 * 60, True)])
def test_a_fourth_link_waits_until_the_first_has_expired(seconds: int, may: bool) -> None:
    member = ADA
    for _ in range(3):
        assert may_get_link(member, NOW)
        member = with_link_sent(member, NOW)
    assert may_get_link(member, NOW + timedelta(seconds=seconds)) is may


def test_a_link_is_good_for_one_sign_in() -> None:
    once = signed_in(ADA, 0)
    assert once.portal.sign_ins == 1
    for number in (0, 2):
        with pytest.raises(SignInLinkInvalid):
            signed_in(once, number)


def test_nobody_signs_in_who_has_no_portal() -> None:
    with pytest.raises(SignInLinkInvalid):
        signed_in(replace(ADA, status="prospect"), 0)


def test_signing_out_and_the_language_leave_the_links_as_they_are() -> None:
    after = speaking(signed_out(signed_in(ADA, 0)), "de")
    assert (after.version, after.portal.sign_ins, after.portal.sign_outs) == (4, 1, 1)
    assert after.portal.language == "de"


@pytest.mark.parametrize(
    ("used_after", "ends_after"),
    [
        (timedelta(0), timedelta(minutes=30)),
        (timedelta(hours=11, minutes=30), timedelta(hours=12)),
        (timedelta(hours=11, minutes=45), timedelta(hours=12)),
    ],
)
def test_a_session_slides_but_not_for_ever(used_after: timedelta, ends_after: timedelta) -> None:
    assert session_ends_at(NOW, NOW + used_after) == NOW + ends_after
