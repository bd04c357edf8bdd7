"""A small program in moto in which one use case after the other is measured."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest

from loyalty.runtime import composition, messaging, offering, rewarding
from tests.support.browser import Page
from tests.support.console import Console, console
from tests.support.counting import Requests, counting_requests
from tests.support.dynamodb import create_tables
from tests.support.elite_journey import journey_surroundings
from tests.support.examples import NOW
from tests.support.http import call
from tests.support.moto_app import MotoApp, lambda_context, moto_app
from tests.support.reward_fakes import FakeVoucherCodes

Json: TypeAlias = dict[str, Any]
Act: TypeAlias = Callable[[], Any]
"""What is measured."""
UseCase: TypeAlias = Callable[["World"], Act]
"""Arranges what a use case needs, and returns what is measured."""
Section: TypeAlias = Mapping[str, UseCase]
"""Use cases by what they do."""

ADA: Final[Json] = {"email": "ada@example.com", "phone": "+4915112345678", "card": "4711"}
BOB: Final[Json] = {"email": "bob@example.com", "card": "4712"}
EUROS: Final[Json] = {"amount_minor": 1_000, "currency": "EUR"}
LOTS: Final = 3
LINES: Final = 10
WRITES_PER_BATCH: Final = 25
RULES: Final[Json] = {"action_rewards": [{"action": "review", "points": 5}]}

_called: Final[set[str]] = set()


@dataclass(frozen=True)
class Taken:
    """What a use case took, and what it called: functions, and the API's `GET /v1/…`.

    `answer` is what its act returned.
    """

    requests: Requests
    called: frozenset[str]
    answer: Any


@dataclass
class World:
    """Two members, Ada with three lots and an order of ten lines; rewards; a voucher."""

    app: MotoApp
    console: Console
    ada: str = ""
    bob: str = ""
    code: str = ""
    codes: FakeVoucherCodes = field(default_factory=FakeVoucherCodes)
    _stored: dict[str, list[Json]] = field(default_factory=dict)

    def populate(self) -> None:
        """Let everything happen that use cases build on."""
        saved = {"based_on_version": 0, "definition": RULES}
        request("program", "PUT", "/v1/program", saved, roles="admin")()
        composition.reset()
        joined_at = datetime(2017, 1, 1, 12, tzinfo=UTC)
        self.app.set_clock(joined_at)
        self.ada = self.enrolled(ADA | {"name": "Ada Lovelace", "consent": {"email": True}})
        for month in range(1, 1 + LOTS):
            self.app.set_clock(joined_at.replace(month=month))
            given(self.ada, f"lot-{month}", 300)()
        self.app.set_clock(NOW)
        self.bob = self.enrolled(BOB)
        given(self.bob, "lot-1", 300)()
        post("orders", "/v1/orders", an_order("O-0", {"member_id": self.ada}))()
        for reward in CATALOGUE:
            post("rewards", "/v1/rewards", reward, roles="marketer")()
        self.code = self.issued("V-0")
        step("schedules.remove_expired_vouchers", {})()
        tables = self._dynamodb.list_tables()["TableNames"]
        self._stored = {name: self.app.items(name) for name in tables}

    def enrolled(self, who: Json) -> str:
        member_id: str = post("members", "/v1/members", who)()["member_id"]
        return member_id

    def issued(self, voucher_id: str, **more: object) -> str:
        """Issue a voucher of 10.00 EUR to Ada; return its code."""
        asked = a_voucher(voucher_id, member_id=self.ada, **more)
        code: str = post("vouchers", "/v1/vouchers", asked, roles="service")()["code"]
        return code

    def later(self, days: int) -> None:
        """Make it noon, so many days later."""
        self.app.set_clock(NOW + timedelta(days=days))

    def measured(self, name: str, use_case: UseCase) -> Taken:
        """Return what a use case takes in a warm function; the world is as before afterwards."""
        try:
            with counting_requests() as arranged:
                act = use_case(self)
            _warm_up()
            _called.clear()
            with counting_requests(with_capacity=True) as requests:
                answer = act()
            taken = Taken(requests, frozenset(_called), answer)
        except Exception as error:
            error.add_note(f"use case: {name}")
            raise
        self._begin_anew(was_written=arranged.writes + requests.writes > 0)
        return taken

    def _begin_anew(self, *, was_written: bool) -> None:
        self.app.set_clock(NOW)
        composition.program_store.cache_clear()
        self.codes = FakeVoucherCodes()
        self.codes.new()  # Ada's
        if was_written:
            self._restore()

    def _restore(self) -> None:
        """Fill new tables: moto copies a table's whole stream in every transaction."""
        for name in self._stored:
            self._dynamodb.delete_table(TableName=name)
        create_tables(self._dynamodb)
        for name, items in self._stored.items():
            writes = [{"PutRequest": {"Item": item}} for item in items]
            for start in range(0, len(writes), WRITES_PER_BATCH):
                batch = writes[start : start + WRITES_PER_BATCH]
                self._dynamodb.batch_write_item(RequestItems={name: batch})

    @cached_property
    def _dynamodb(self) -> Any:
        return self.app.client("dynamodb")


@contextmanager
def small_world(directory: Path) -> Iterator[World]:
    """Start the program at noon of the fifteenth of March 2017; no mail leaves it."""
    with (
        pytest.MonkeyPatch.context() as patch,
        moto_app(directory, NOW) as app,
        journey_surroundings(),
    ):
        world = World(app, console(app, directory, patch))
        # A code's shard decides when the job finds it.
        patch.setattr(rewarding, "voucher_codes", lambda: world.codes)
        world.populate()
        yield world


def _warm_up() -> None:
    """Let the function know what it reads once a minute."""
    composition.program_store().current(composition.clock().now())
    messaging.catalogue().rewards()
    offering.offer_catalogue().offers()


# ── Acts ──────────────────────────────────────────────────────────────────────────────────────────


def post(resource: str, path: str, body: object = None, **how: Any) -> Act:
    return request(resource, "POST", path, body, **how)


def get(resource: str, path: str, **how: Any) -> Act:
    return request(resource, "GET", path, **how)


def request(resource: str, method: str, path: str, body: object = None, **how: Any) -> Act:
    """Return a request to the API that has to go well."""

    def act() -> Any:
        _called.add(f"{method} {path}")
        answer = call(resource, method, path, body, **how)
        assert answer.status < 300, answer.text
        return answer.body

    return act


def step(function: str, event: Mapping[str, Any]) -> Act:
    """Return an invocation of `functions/<folder>/<step>.py`, named `<folder>.<step>`."""

    def act() -> Any:
        _called.add(function)
        answer = importlib.import_module(function).handler(dict(event), lambda_context())
        assert not (answer or {}).get("batchItemFailures"), answer
        return answer

    return act


def visit(ask: Callable[[], Page], function: str = "web.portal") -> Act:
    """Return a request to portal or console that has to go well."""

    def act() -> Page:
        _called.add(function)
        page = ask()
        assert page.status in {200, 303}, page.text
        return page

    return act


def again(act: Act) -> Act:
    """Return an act that was done before."""
    act()
    return act


def after(earlier: Act, act: Act) -> Act:
    """Return an act before which another one was done."""
    earlier()
    return act


# ── What they are about ───────────────────────────────────────────────────────────────────────────


def an_order(order_id: str, customer: Json, line_minor: int = 1_000) -> Json:
    """Return an order of ten lines."""
    lines = [
        {"sku": f"sku-{number}", "quantity": 1, "amount_minor": line_minor, "category": "grocery"}
        for number in range(LINES)
    ]
    return {
        "source": "pos",
        "order_id": order_id,
        "occurred_at": "2017-03-15T11:00:00Z",
        "store_id": "store-1",
        "customer": customer,
        "total": {"amount_minor": LINES * line_minor, "currency": "EUR"},
        "lines": lines,
    }


def a_return(return_id: str = "R-1") -> Json:
    return {
        "return_id": return_id,
        "occurred_at": "2017-03-15T11:30:00Z",
        "lines": [{"sku": "sku-1", "quantity": 1}],
    }


def given(member_id: str, adjustment_id: str, points: int) -> Act:
    """Return an adjustment by hand."""
    body = {"adjustment_id": adjustment_id, "points": points, "reason": "goodwill"}
    return post("points", f"/v1/members/{member_id}/adjustments", body, roles="manager")


def a_voucher(voucher_id: str, **more: object) -> Json:
    terms = {"kind": "amount", "amount": EUROS, "expires_at": "2017-04-14T12:00:00Z"}
    return {"voucher_id": voucher_id, **terms, **more}


CATALOGUE: Final[tuple[Json, ...]] = (
    {"reward_id": "mug", "name": "Mug", "kind": "product", "points": 500, "stock": 50},
    {
        "reward_id": "ten",
        "name": "Ten euros",
        "kind": "voucher",
        "points": 500,
        "voucher": {"kind": "amount", "amount": EUROS, "valid_days": 30},
    },
    {
        "reward_id": "vase",
        "name": "Vase",
        "kind": "gift",
        "points": 500,
        "stock": 50,
        "sku": "vase-1",
    },
)
