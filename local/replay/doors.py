"""The program as the outside world sees it: its API, its mails, the laptop's clock."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from local.clock import epoch, iso
from local.identity import Issuer
from local.workspace import Workspace

_BUSY = 503
_ATTEMPTS = 5
_ANSWER_SECONDS = 120
# All that becomes due on the way is done before the clock answers: up to a year's cycles at once.
_QUIET_SECONDS = 1800


class DoorRefused(Exception):
    """The program answered something that a replay never asks for."""


class Doors:
    """HTTP to one running laptop cloud, with the tokens of a till and of a manager."""

    def __init__(self, workspace: Workspace) -> None:
        issuer = Issuer.of(workspace)
        self._http = httpx.Client(base_url=workspace.url, timeout=_ANSWER_SECONDS)
        self._till = {"Authorization": f"Bearer {issuer.token('pos')}"}
        self._staff = {"Authorization": f"Bearer {issuer.token('staff')}"}

    def enrol(self, customer: Mapping[str, Any]) -> dict[str, Any]:
        return self._call("POST", "/v1/members", self._till, customer, expected={200, 201})

    def look_up(self, email: str) -> dict[str, Any]:
        return self._call(
            "POST", "/v1/members/lookups", self._till, {"email": email}, expected={200}
        )

    def order(self, order: Mapping[str, Any]) -> dict[str, Any]:
        return self._call("POST", "/v1/orders", self._till, order, expected={200, 201})

    def goods_back(self, source: str, order_id: str, goods: Mapping[str, Any]) -> dict[str, Any]:
        path = f"/v1/orders/{source}/{order_id}/returns"
        return self._call("POST", path, self._till, goods, expected={200, 201, 202})

    def program(self) -> dict[str, Any]:
        return self._call("GET", "/v1/program", self._staff, expected={200})

    def save_program(self, update: Mapping[str, Any]) -> dict[str, Any]:
        return self._call("PUT", "/v1/program", self._staff, update, expected={201})

    def add_offer(self, offer: Mapping[str, Any]) -> None:
        """Add an offer to the catalogue, unless it is there already."""
        self._call("POST", "/v1/offers", self._staff, offer, expected={200, 201})

    def add_reward(self, reward: Mapping[str, Any]) -> None:
        """Add a reward to the catalogue, unless it is there already."""
        self._call("POST", "/v1/rewards", self._staff, reward, expected={200, 201, 409})

    def use_offer(self, offer_id: str, use: Mapping[str, Any]) -> dict[str, Any]:
        path = f"/v1/offers/{offer_id}/uses"
        return self._call("POST", path, self._till, use, expected={200, 201})

    def take_use_back(self, offer_id: str, use_id: str) -> None:
        path = f"/v1/offers/{offer_id}/uses/{use_id}/reversal"
        self._call("POST", path, self._till, expected={200})

    def review(self, month: str) -> None:
        """Start the review of a month's engagement."""
        path = "/v1/reports/engagement-reviews"
        self._call("POST", path, self._staff, {"month": month}, expected={202})

    def open_tasks(self, kind: str) -> list[dict[str, Any]]:
        """Return the open tasks of a kind, the first page of them."""
        path = f"/v1/tasks?kind={kind}&state=open&limit=100"
        found: list[dict[str, Any]] = self._call("GET", path, self._staff, expected={200})["items"]
        return found

    def decide(self, task_id: str, decision: Mapping[str, Any]) -> None:
        """Decide a task; one that was withdrawn or decided meanwhile stays as it is."""
        path = f"/v1/tasks/{task_id}/decision"
        self._call("POST", path, self._staff, decision, expected={200, 409})

    def evaluate(self, month: str) -> None:
        """Start the program's cycle for a month."""
        self._call("POST", "/v1/reports/cycles", self._staff, {"month": month}, expected={202})

    def report(self, kind: str, month: str) -> dict[str, Any]:
        """Return a month's report, `health` or `roi`."""
        return self._call("GET", f"/v1/reports/{kind}?month={month}", self._staff, expected={200})

    def check_ledger(self) -> dict[str, Any]:
        """Start a check, let the program finish it, return its report."""
        self._call("POST", "/v1/reports/ledger/checks", self._staff, {}, expected={202})
        self.advance(self.now())
        return self._call("GET", "/v1/reports/ledger", self._staff, expected={200})

    def follow(self, link: str) -> int:
        """Open a mail's link as a browser does: look at the page, press its button.

        Return the last status.
        """
        url, _, query = link.partition("?answer=")
        page = self._http.get(link, headers={"Accept": "text/html"})
        if "/invitations/" in url:
            url += "/decline" if query == "decline" else "/accept"
        return (
            self._http.post(url, headers={"Accept": "text/html"}).status_code
            if page.is_success
            else page.status_code
        )

    def mails(self, since: datetime) -> list[dict[str, Any]]:
        """Return the mails sent at or after `since` (program time), oldest first."""
        query = {"format": "json", "since": iso(since.timestamp())}
        found: list[dict[str, Any]] = (
            self._http.get("/_local/mail", params=query).raise_for_status().json()["items"]
        )
        oldest_first = found[::-1]
        # Those of one moment by their addresses: whose is first must not depend on the machine.
        return sorted(oldest_first, key=lambda mail: (mail["sent_at"], mail["to"]))

    def now(self) -> datetime:
        state = self._http.get("/_local/clock").raise_for_status().json()
        return datetime.fromtimestamp(epoch(state["now"]), UTC)

    def stepped_from(self, start: datetime) -> None:
        """Put the clock into stepped mode.

        A fresh program's clock is set to `start`, a later one stays.
        """
        state = self._http.get("/_local/clock").raise_for_status().json()
        fresh = state["mode"] != "stepped"
        self._clock({"mode": "stepped", **({"now": iso(start.timestamp())} if fresh else {})})

    def advance(self, to: datetime) -> None:
        """Move the clock, never back, and return when all is quiet."""
        self._clock({"advance_to": iso(to.timestamp())})

    def _clock(self, command: Mapping[str, Any]) -> None:
        self._http.post("/_local/clock", json=command, timeout=_QUIET_SECONDS).raise_for_status()

    def _call(
        self,
        method: str,
        path: str,
        token: Mapping[str, str],
        body: Any = None,
        *,
        expected: set[int],
    ) -> dict[str, Any]:
        for attempt in range(_ATTEMPTS):
            answer = self._http.request(method, path, headers=token, json=body)
            if answer.status_code != _BUSY:
                break
            # A till tries again as well; the program has no event that says when it is less busy.
            time.sleep(timedelta(milliseconds=50 * 2**attempt).total_seconds())
        if answer.status_code not in expected:
            raise DoorRefused(f"{method} {path} answered {answer.status_code}: {answer.text[:500]}")
        found: dict[str, Any] = answer.json()
        return found
