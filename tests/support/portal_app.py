"""Members who use the portal, in the application on moto."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from loyalty.contracts.values import iso
from loyalty.domain.member import Member
from loyalty.runtime import composition
from loyalty.services.ports import MemberChange
from tests.support.browser import Browser
from tests.support.examples import NOW
from tests.support.http import call, order
from tests.support.journey_fakes import FakeSender
from tests.support.moto_app import PUBLIC_URL, MotoApp


class Portal:
    """The portal's world: members come in, get mail, and sign in by it."""

    def __init__(self, app: MotoApp, patch: pytest.MonkeyPatch) -> None:
        self.app = app
        self.sender = FakeSender()
        patch.setattr(composition, "email_sender", lambda: self.sender)
        # What staff adds to a catalogue is to be seen at once.
        patch.setenv("PROGRAM_CACHE_SECONDS", "0")

    def member(self, email: str = "ada@example.com", **said: Any) -> str:
        """Enrol somebody who is active in Elite."""
        answer = call("members", "POST", "/v1/members", {"email": email, **said})
        assert answer.status in {200, 201}, answer.text
        member_id: str = answer.body["member_id"]
        self.change(member_id, status="active")
        return member_id

    def read(self, member_id: str) -> Member:
        member = composition.member_store().member(member_id)
        assert member is not None
        return member

    def change(self, member_id: str, **fields: Any) -> None:
        """Make a member's profile say something else."""
        member = self.read(member_id)
        changed = replace(member, version=member.version + 1, **fields)
        composition.member_store().commit(MemberChange(changed, expected_version=member.version))

    def ask_for_link(self, email: str = "ada@example.com", browser: Browser | None = None) -> str:
        """Ask for a link as a person does; return its path, empty when no mail came."""
        before = len(self.sender.sent)
        visitor = browser or Browser()
        visitor.open("/portal/sign-in")
        page = visitor.submit("/portal/sign-in", {"email": email})
        assert page.says("If this address belongs to a member of Elite"), page.text
        if len(self.sender.sent) == before:
            return ""
        words = self.sender.sent[-1].text.split()
        [url] = [word for word in words if word.startswith(f"{PUBLIC_URL}/portal/sign-in/")]
        return url.removeprefix(PUBLIC_URL)

    def signed_in(self, email: str = "ada@example.com") -> Browser:
        """Return the browser of a member who has signed in by the link in a mail."""
        browser = Browser()
        path = self.ask_for_link(email, browser)
        assert path, f"no mail for {email}"
        browser.open(path)
        assert browser.submit(path).status == 200
        return browser

    def points(
        self, member_id: str, points: int, adjustment_id: str = "A-1", status: int = 201
    ) -> None:
        body = {"adjustment_id": adjustment_id, "points": points, "reason": "goodwill"}
        path = f"/v1/members/{member_id}/adjustments"
        assert call("points", "POST", path, body, roles="manager").status == status

    def reward(self, reward_id: str = "mug", **more: Any) -> None:
        body = {"reward_id": reward_id, "name": "A mug", "kind": "product", "points": 100, **more}
        assert call("rewards", "POST", "/v1/rewards", body, roles="manager").status == 201

    def voucher(self, member_id: str, voucher_id: str = "V-1", **more: Any) -> str:
        body = {
            "voucher_id": voucher_id,
            "member_id": member_id,
            "kind": "percent",
            "percent": 10,
            "expires_at": "2017-06-01T00:00:00Z",
            **more,
        }
        answer = call("vouchers", "POST", "/v1/vouchers", body, roles="service")
        assert answer.status == 201, answer.text
        code: str = answer.body["code"]
        return code

    def offer(self, offer_id: str = "tea", **more: Any) -> None:
        body = {
            "offer_id": offer_id,
            "name": "Tea week",
            "kind": "percent",
            "percent": 20,
            "valid_from": "2017-03-01T00:00:00Z",
            "expires_at": "2017-04-01T00:00:00Z",
            **more,
        }
        answer = call("offers", "POST", "/v1/offers", body, roles="marketer")
        assert answer.status == 201, answer.text

    def sell(self, member_id: str, order_id: str = "O-1", amount_minor: int = 10_000) -> None:
        sold = order(
            order_id, amount_minor, customer={"member_id": member_id}, occurred_at=iso(NOW)
        )
        assert call("orders", "POST", "/v1/orders", sold).status == 201

    def take_back(self, order_id: str = "O-1", amount_minor: int = 100) -> None:
        body = {
            "return_id": "R-1",
            "occurred_at": iso(NOW),
            "amount": {"amount_minor": amount_minor, "currency": "EUR"},
        }
        path = f"/v1/orders/pos/{order_id}/returns"
        assert call("orders", "POST", path, body).status == 201
