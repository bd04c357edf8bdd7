"""A crash before or after any call of DynamoDB: a retry ends as if nothing had been."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

import schedules.remove_expired_vouchers
from loyalty.adapters.voucher_codes import RandomVoucherCodes
from loyalty.contracts.values import iso
from loyalty.domain.program import VoucherRule
from loyalty.domain.voucher_codes import RANDOM_CHARACTERS, complete
from loyalty.runtime import rewarding
from loyalty.services import issue_voucher_batch, remove_expired_vouchers
from loyalty.services.cancel_voucher import withdraw_voucher
from loyalty.services.create_voucher import create_voucher
from tests.support.aws_crashes import crashing, everything_stored, restore
from tests.support.crashes import Crash, Fuse
from tests.support.examples import NOW
from tests.support.http import Answer, call
from tests.support.moto_app import MotoApp, lambda_context

EXPIRES_AT = NOW + timedelta(days=30)
EUROS = {"amount_minor": 1_000, "currency": "EUR"}
Act = Callable[[], object]


class NumberedCodes:
    """Codes that follow each other; a retry gets those of its first attempt."""

    def __init__(self) -> None:
        self.start(1)

    def start(self, number: int) -> None:
        self._numbers = count(number)

    def new(self) -> str:
        number = next(self._numbers)
        return complete([0] * (RANDOM_CHARACTERS - 2) + list(divmod(number, 32)))


@pytest.fixture
def codes(monkeypatch: pytest.MonkeyPatch) -> NumberedCodes:
    """Codes to foresee; and few calls where many are alike: each costs four runs."""
    monkeypatch.setattr(issue_voucher_batch, "VOUCHERS_PER_TRANSACTION", 2)
    monkeypatch.setattr(remove_expired_vouchers, "FIRST_LOOK_BACK", timedelta(0))
    monkeypatch.setattr(remove_expired_vouchers, "OVERLAP", timedelta(0))
    numbered = NumberedCodes()
    monkeypatch.setattr(RandomVoucherCodes, "new", lambda _: numbered.new())
    return numbered


def done(answer: Answer) -> Any:
    assert answer.status in (200, 201), answer.text
    return answer.body


def issue(**more: Any) -> str:
    body = {"voucher_id": "V-1", "kind": "amount", "amount": EUROS, "expires_at": iso(EXPIRES_AT)}
    return str(done(call("vouchers", "POST", "/v1/vouchers", body | more, roles="admin"))["code"])


def issue_batch(member_limit: int | None = None, vouchers: int = 3) -> list[str]:
    body = {
        "batch_id": "spring",
        "kind": "percent",
        "percent": 10,
        "expires_at": iso(EXPIRES_AT),
        "count": vouchers,
        "per_member_limit": member_limit,
    }
    answer = call("vouchers", "POST", "/v1/vouchers/batches", body, roles="admin")
    codes: list[str] = done(answer)["codes"]
    return codes


def use(code: str, action: str, **more: Any) -> Any:
    body = {"redemption_id": "R-1", "order_id": "O-1"} | more
    return done(call("vouchers", "POST", f"/v1/vouchers/{code}/{action}", body))


def cancel(code: str) -> Any:
    path = f"/v1/vouchers/{code}/cancellations"
    return done(call("vouchers", "POST", path, {}, roles="manager"))


def add_reward(**more: Any) -> Any:
    body = {"reward_id": "mug", "name": "Mug", "kind": "product", "points": 10, "stock": 5} | more
    return done(call("rewards", "POST", "/v1/rewards", body, roles="admin"))


def change_reward(method: str, body: Any = None) -> Any:
    return done(call("rewards", method, "/v1/rewards/mug", body, roles="admin"))


def a_member() -> str:
    """Return a member with 100 points to spend."""
    member_id = str(done(call("members", "POST", "/v1/members", {"card": "ada"}))["member_id"])
    body = {"adjustment_id": "A-1", "points": 100, "reason": "welcome"}
    done(call("points", "POST", f"/v1/members/{member_id}/adjustments", body, roles="manager"))
    return member_id


def redeem(member_id: str) -> Any:
    body = {"redemption_id": "R-1", "reward_id": "mug"}
    return done(call("redemptions", "POST", f"/v1/members/{member_id}/redemptions", body))


def reverse(member_id: str) -> Any:
    path = f"/v1/members/{member_id}/redemptions/R-1/reversal"
    return done(call("redemptions", "POST", path, roles="manager"))


def create() -> None:
    create_voucher(
        "V-1",
        member_id="ada",
        rule=VoucherRule("percent", 60, percent=10),
        cause="tier/2017-02",
        **rewarding.creation_ports(),
    )


# ── The use cases: each prepares, and returns what a caller repeats until it is answered ──────────


def issuing(app: MotoApp) -> Act:
    return issue


def issuing_a_batch(app: MotoApp) -> Act:
    return issue_batch


def creating_by_rule(app: MotoApp) -> Act:
    return create


def cancelling_by_id(app: MotoApp) -> Act:
    create()
    return lambda: withdraw_voucher("V-1", reason="undone", **rewarding.voucher_ports())


def cancelling_before_it_is_issued(app: MotoApp) -> Act:
    return lambda: withdraw_voucher("V-1", reason="undone", **rewarding.voucher_ports())


def reserving(app: MotoApp) -> Act:
    code = issue()
    return lambda: use(code, "reservations")


def redeeming(app: MotoApp) -> Act:
    code = issue()
    use(code, "reservations")
    return lambda: use(code, "redemptions")


def redeeming_a_part(app: MotoApp) -> Act:
    code = issue()
    return lambda: use(code, "redemptions", amount_minor=300)


def redeeming_within_a_limit(app: MotoApp) -> Act:
    code = issue_batch(member_limit=2, vouchers=1)[0]
    return lambda: use(code, "redemptions", member_id="ada")


def rolling_back_a_reservation(app: MotoApp) -> Act:
    code = issue()
    use(code, "reservations")
    return lambda: use(code, "rollbacks")


def rolling_back_a_redemption(app: MotoApp) -> Act:
    code = issue_batch(member_limit=2, vouchers=1)[0]
    use(code, "redemptions", member_id="ada")
    return lambda: use(code, "rollbacks")


def cancelling(app: MotoApp) -> Act:
    code = issue()
    return lambda: cancel(code)


def clearing_away(app: MotoApp) -> Act:
    issue_batch(vouchers=2)
    app.set_clock(EXPIRES_AT)
    return lambda: schedules.remove_expired_vouchers.handler({}, lambda_context())


def adding_a_reward(app: MotoApp) -> Act:
    return add_reward


def changing_a_reward(app: MotoApp) -> Act:
    add_reward()
    return lambda: change_reward("PATCH", {"points": 20, "stock": 9})


def retiring_a_reward(app: MotoApp) -> Act:
    add_reward()
    return lambda: change_reward("DELETE")


def redeeming_a_reward(app: MotoApp) -> Act:
    ada = a_member()
    add_reward(voucher={"kind": "amount", "amount": EUROS})
    return lambda: redeem(ada)


def redeeming_a_gift(app: MotoApp) -> Act:
    ada = a_member()
    add_reward(kind="gift")
    return lambda: redeem(ada)


def reversing(app: MotoApp) -> Act:
    ada = a_member()
    add_reward(voucher={"kind": "amount", "amount": EUROS})
    redeem(ada)
    return lambda: reverse(ada)


def reversing_a_gift(app: MotoApp) -> Act:
    ada = a_member()
    add_reward(kind="gift")
    redeem(ada)
    return lambda: reverse(ada)


USE_CASES = [
    issuing,
    issuing_a_batch,
    creating_by_rule,
    cancelling_by_id,
    cancelling_before_it_is_issued,
    reserving,
    redeeming,
    redeeming_a_part,
    redeeming_within_a_limit,
    rolling_back_a_reservation,
    rolling_back_a_redemption,
    cancelling,
    clearing_away,
    adding_a_reward,
    changing_a_reward,
    retiring_a_reward,
    redeeming_a_reward,
    redeeming_a_gift,
    reversing,
    reversing_a_gift,
]


@dataclass
class World:
    """A use case that is ready to happen, again and again."""

    app: MotoApp
    codes: NumberedCodes
    act: Act
    fuse: Fuse

    def happens(self) -> object:
        self.codes.start(100)
        with crashing(self.fuse):
            return self.act()


@pytest.mark.parametrize("prepare", USE_CASES, ids=lambda prepare: prepare.__name__)
def test_a_retry_after_a_crash_ends_as_if_nothing_had_been(
    app: MotoApp, codes: NumberedCodes, prepare: Callable[[MotoApp], Act]
) -> None:
    world = World(app, codes, prepare(app), Fuse())
    before = everything_stored(app)
    world.happens()  # the program's definition is cached from here on
    restore(app, before)
    world.fuse.burnt = 0
    answer = world.happens()
    expected, places = everything_stored(app), world.fuse.burnt
    assert expected != before, "it writes something"

    for place in range(places):
        restore(app, before)
        world.fuse.left = place
        with pytest.raises(Crash):
            world.happens()
        assert world.happens() == answer or prepare is clearing_away
        assert everything_stored(app) == expected, f"after a crash at {place} of {places}"
