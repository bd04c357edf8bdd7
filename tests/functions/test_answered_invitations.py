"""What the pages behind an invitation lead to, for who answers it once and again."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from loyalty.runtime import composition
from tests.support.browser import Browser
from tests.support.examples import NOW
from tests.support.http import call
from tests.support.portal_app import Portal


def test_the_accepted_invitation_leads_into_the_portal(portal: Portal) -> None:
    member_id = portal.member()
    portal.change(member_id, status="invited", joined_at=None)
    token = composition.link_signer().sign(
        "invitation", member_id, issued_at=NOW, expires_at=NOW + timedelta(days=14)
    )
    html = {"accept": "text/html"}
    path = f"/v1/invitations/{token}"
    page = call("invitations", "POST", f"{path}/accept", headers=html)
    assert page.status == 200
    link = page.text.split('href="https://elite.example.org')[1].split('"')[0]
    browser = Browser()
    browser.open(link)
    assert browser.submit(link).path == "/portal"
    # An answered invitation in somebody's hands opens nothing.
    again = call("invitations", "GET", path, headers=html)
    assert "/portal/sign-in/" not in again.text


@pytest.mark.parametrize(("first", "has_pages"), [("accept", True), ("decline", False)])
@pytest.mark.parametrize("second", ["accept", "decline"])
def test_who_answers_an_invitation_again_finds_the_way_on(
    portal: Portal, first: str, second: str, has_pages: bool
) -> None:
    member_id = portal.member()
    portal.change(member_id, status="invited", joined_at=None)
    token = composition.link_signer().sign(
        "invitation", member_id, issued_at=NOW, expires_at=NOW + timedelta(days=14)
    )
    html, path = {"accept": "text/html"}, f"/v1/invitations/{token}"
    assert call("invitations", "POST", f"{path}/{first}", headers=html).status == 200
    answered = portal.read(member_id)
    page = call("invitations", "POST", f"{path}/{second}", headers=html)
    assert page.status == 409
    assert "Your first answer holds; nothing was changed." in page.text
    assert ('href="/portal">To your pages</a>' in page.text) is has_pages
    assert "/portal/sign-in/" not in page.text
    problem = call("invitations", "POST", f"{path}/{second}")
    assert (problem.status, problem.body["code"]) == (409, "invitation_answered")
    assert portal.read(member_id) == answered


@pytest.mark.parametrize("joined_at", [NOW - timedelta(days=90), NOW - timedelta(seconds=1), NOW])
def test_an_invitation_opens_no_account_that_was_there_before(
    portal: Portal, joined_at: datetime
) -> None:
    member_id = portal.member()
    portal.change(member_id, status="invited", joined_at=joined_at)
    token = composition.link_signer().sign(
        "invitation", member_id, issued_at=NOW, expires_at=NOW + timedelta(days=90)
    )
    path = f"/v1/invitations/{token}/accept"
    page = call("invitations", "POST", path, headers={"accept": "text/html"})
    assert (page.status, portal.read(member_id).status) == (200, "active")
    assert "/portal/sign-in/" not in page.text
    assert 'href="https://elite.example.org/portal/sign-in"' in page.text
    assert portal.signed_in().page.path == "/portal"
