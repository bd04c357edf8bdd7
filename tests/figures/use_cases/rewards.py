"""Vouchers, the catalogue of rewards, and redemptions."""

from __future__ import annotations

from typing import Any, Final

from tests.figures.use_cases.world import (
    EUROS,
    Act,
    Section,
    World,
    a_voucher,
    after,
    again,
    an_order,
    get,
    post,
    request,
    step,
)


def issue(voucher_id: str = "V-1", **more: object) -> Act:
    return post("vouchers", "/v1/vouchers", a_voucher(voucher_id, **more), roles="service")


def issue_many(count: int = 25) -> Act:
    batch = {"batch_id": "spring", "count": count, "kind": "percent", "percent": 10}
    batch["expires_at"] = "2017-04-14T12:00:00Z"
    return post("vouchers", "/v1/vouchers/batches", batch, roles="marketer")


def use(world: World, action: str) -> Act:
    body = {"redemption_id": "R-1", "order_id": "O-1"}
    return post("vouchers", f"/v1/vouchers/{world.code}/{action}", body)


def validate(world: World) -> Act:
    order = an_order("O-1", {})
    basket = {"total": order["total"], "lines": order["lines"], "store_id": "store-1"}
    return post("vouchers", f"/v1/vouchers/{world.code}/validate", {"order": basket})


def cancel(world: World) -> Act:
    path = f"/v1/vouchers/{world.code}/cancellations"
    return post("vouchers", path, {"reason": "withdrawn"}, roles="manager")


def limited(world: World) -> Act:
    """Return the redemption of a voucher that a member may use once of its batch."""
    batch: dict[str, Any] = {"batch_id": "flyer", "count": 1, "per_member_limit": 1}
    batch |= {"kind": "amount", "amount": EUROS, "expires_at": "2017-04-14T12:00:00Z"}
    [code] = post("vouchers", "/v1/vouchers/batches", batch, roles="marketer")()["codes"]
    body = {"redemption_id": "R-1", "order_id": "O-1", "member_id": world.ada}
    return post("vouchers", f"/v1/vouchers/{code}/redemptions", body)


def expire(world: World, *, so_many: int) -> Act:
    """Return the daily clearing of vouchers, a day after the last one."""
    for number in range(so_many):
        world.issued(f"V-{1 + number}", expires_at="2017-03-16T11:00:00Z")
    world.later(days=1)
    return step("schedules.remove_expired_vouchers", {})


VOUCHERS: Final[Section] = {
    "voucher issued to a member": lambda world: issue(member_id=world.ada),
    "voucher issued to nobody": lambda world: issue(),
    "voucher that was issued before": lambda world: again(issue(member_id=world.ada)),
    "batch of 25 vouchers": lambda world: issue_many(),
    "voucher as it is": lambda world: get("vouchers", f"/v1/vouchers/{world.code}"),
    "page of a member's vouchers": lambda world: get(
        "redemptions", f"/v1/members/{world.ada}/vouchers"
    ),
    "validation": validate,
    "reservation": lambda world: use(world, "reservations"),
    "voucher redeemed": lambda world: use(world, "redemptions"),
    "voucher redeemed after its reservation": lambda world: after(
        use(world, "reservations"), use(world, "redemptions")
    ),
    "voucher redeemed that a member may use once": limited,
    "voucher redeemed that was redeemed by this before": lambda world: again(
        use(world, "redemptions")
    ),
    "voucher's redemption rolled back": lambda world: after(
        use(world, "redemptions"), use(world, "rollbacks")
    ),
    "voucher cancelled": cancel,
    "day's clearing of expired vouchers, none": lambda world: expire(world, so_many=0),
    "day's clearing of expired vouchers, one": lambda world: expire(world, so_many=1),
}


def redeem(world: World, reward_id: str) -> Act:
    body = {"redemption_id": "R-1", "reward_id": reward_id}
    return post("redemptions", f"/v1/members/{world.ada}/redemptions", body)


def reverse(world: World, reward_id: str) -> Act:
    path = f"/v1/members/{world.ada}/redemptions/R-1/reversal"
    return after(redeem(world, reward_id), post("redemptions", path, roles="manager"))


def keep(method: str, body: object = None) -> Act:
    return request("rewards", method, "/v1/rewards/mug", body, roles="marketer")


PEN: Final = {"reward_id": "pen", "name": "Pen", "kind": "product", "points": 50}

REWARDS: Final[Section] = {
    "points redeemed for a product": lambda world: redeem(world, "mug"),
    "points redeemed for a voucher": lambda world: redeem(world, "ten"),
    "points redeemed for a gift": lambda world: redeem(world, "vase"),
    "redemption that came before": lambda world: again(redeem(world, "ten")),
    "reversal, product": lambda world: reverse(world, "mug"),
    "reversal, voucher": lambda world: reverse(world, "ten"),
    "reversal, gift": lambda world: reverse(world, "vase"),
    "reversal that came before": lambda world: again(reverse(world, "ten")),
    "reward added": lambda world: post("rewards", "/v1/rewards", PEN, roles="marketer"),
    "catalogue": lambda world: get("rewards", "/v1/rewards"),
    "reward": lambda world: keep("GET"),
    "reward changed": lambda world: keep("PATCH", {"points": 90}),
    "reward retired": lambda world: keep("DELETE"),
}
