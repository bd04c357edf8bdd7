"""The portal: signing in, its pages and its forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from loyalty.runtime import composition, portal
from loyalty.services.ports import MemberChange
from loyalty.services.sign_in import link_url, sign_in
from tests.figures.use_cases.offers import offered
from tests.figures.use_cases.world import Act, Section, World, step, visit
from tests.support.browser import Browser

LEAVING: Final = "/portal/account/leave"
MUG: Final = {"version": "1", "points": "500"}
# Advertising by SMS is switched on, a service message off.
BOXES: Final = {"shown": "tier_mail", "sms": "on"}


def signed_in(world: World) -> Browser:
    """Return the browser of Ada, who is active in Elite, on the account's page."""
    store = composition.member_store()
    member = store.member(world.ada)
    assert member is not None
    active = replace(member, version=member.version + 1, status="active")
    store.commit(MemberChange(active, expected_version=member.version))
    token = link_url(active, portal.tokens(), "", composition.clock().now()).rpartition("/")[2]
    session = sign_in(token, **portal.sign_in_ports())
    cookie = portal.session_cookie(session)["Set-Cookie"].split(";")[0]
    browser = Browser(cookie=cookie)
    browser.open("/portal/account")
    return browser


def page(world: World, path: str) -> Act:
    browser = signed_in(world)
    return visit(lambda: browser.ask("GET", path))


def form(world: World, path: str, fields: Mapping[str, str] | None = None) -> Act:
    """Return the sending of a form; the page that follows is another use case."""
    browser = signed_in(world)
    csrf = browser.page.text.split('name="csrf" value="')[1].split('"')[0]
    return visit(lambda: browser.send(path, {"csrf": csrf, **(fields or {})}))


def asked_for(world: World) -> Act:
    signed_in(world)
    browser = Browser()
    return visit(lambda: browser.send("/portal/sign-in", {"email": "ada@example.com"}))


def followed(world: World) -> Act:
    signed_in(world)
    member = composition.member_store().member(world.ada)
    assert member is not None
    path = link_url(member, portal.tokens(), "", composition.clock().now())
    return visit(lambda: Browser().send(path, {}))


def forfeited(world: World) -> Act:
    form(world, LEAVING, {"sure": "on"})()
    world.later(30)
    until = composition.clock().now() + timedelta(seconds=1)
    shards = range(8)
    records = [
        {
            "messageId": str(shard),
            "body": f'{{"kind":"forfeiture","shard":{shard},"until":"{until.isoformat()}"}}',
        }
        for shard in shards
    ]
    return step("queues.due_points", {"Records": records})


PORTAL: Final[Section] = {
    "link asked for": asked_for,
    "link asked for by a stranger": lambda world: visit(
        lambda: Browser().send("/portal/sign-in", {"email": "nobody@example.com"})
    ),
    "link followed": followed,
    "home": lambda world: page(world, "/portal"),
    "offers' page": lambda world: page(world, "/portal/offers"),
    "offer activated there": lambda world: form(offered(world), "/portal/offers/coffee/activation"),
    "rewards' page": lambda world: page(world, "/portal/rewards"),
    "reward redeemed there": lambda world: form(world, "/portal/rewards/mug", MUG),
    "vouchers' page": lambda world: page(world, "/portal/vouchers"),
    "history": lambda world: page(world, "/portal/history"),
    "account": lambda world: page(world, "/portal/account"),
    "messages chosen": lambda world: form(world, "/portal/account/messages", BOXES),
    "language chosen": lambda world: form(world, "/portal/account/language", {"language": "de"}),
    "data export": lambda world: page(world, "/portal/account/export"),
    "leaving, with a voucher": lambda world: form(world, LEAVING, {"sure": "on"}),
    "points forfeited, and seven shards without any": forfeited,
    "signing out": lambda world: form(world, "/portal/sign-out"),
}
