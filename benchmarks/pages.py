"""The pages of portal and console, each to the API's `GET /v1/members/{id}`: wall clock."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from statistics import median
from typing import Any

from benchmarks.laboratory import (
    CONTEXT,
    Laboratory,
    enrolled,
    order_body,
    order_event,
    requested,
)

_BLOCKS = 7
_CALLS = 10
_ORDERS = 40
_MONTH = "2017-03"
_FUNCTIONS = ("MembersApiFunction", "OrdersApiFunction", "PortalFunction", "ConsoleFunction")

Visit = Callable[[], dict[str, Any]]


def measure(laboratory: Laboratory) -> None:
    """Print the ratio and the median of each page, largest first.

    Blocks of all alternate, so that a change of the machine's speed meets all of them.
    """
    for function in _FUNCTIONS:
        os.environ.update(laboratory.environment(function))
    member_id = _somebody_busy(laboratory)
    profile = partial(_profile, member_id)
    visits = {**_portal(member_id), **_console(laboratory, member_id)}
    reference: list[float] = []
    taken: dict[str, list[float]] = {path: [] for path in visits}
    for _ in range(_BLOCKS + 1):
        reference.append(_milliseconds(profile))
        for path, visit in visits.items():
            taken[path].append(_milliseconds(visit))
    ratios = {path: _ratio(spent[1:], reference[1:]) for path, spent in taken.items()}
    print(f"GET /v1/members/{{id}}, wall clock: median {median(reference[1:]):.1f} ms")
    for path in sorted(ratios, key=lambda path: -ratios[path]):
        name = path.replace(member_id, "{id}")
        print(f"{name}: ratio {ratios[path]:.2f}, median {median(taken[path][1:]):.1f} ms")


def _ratio(ours: list[float], reference: list[float]) -> float:
    return median(one / other for one, other in zip(ours, reference, strict=True))


def _milliseconds(visit: Visit) -> float:
    """Return what one of several calls takes, each of which has to go well."""
    began = time.perf_counter()
    answers = [visit() for _ in range(_CALLS)]
    spent = (time.perf_counter() - began) * 1_000 / _CALLS
    assert all(answer["statusCode"] == 200 for answer in answers), answers[0]
    return spent


def _somebody_busy(laboratory: Laboratory) -> str:
    """Return a member of Elite with orders, and let last month have its reports."""
    from api.orders import handler
    from loyalty.runtime import composition, reporting
    from loyalty.services.ports import MemberChange
    from loyalty.services.reports import write_health_report, write_roi_report

    member_id = enrolled(laboratory, "pages@example.com")
    for number in range(_ORDERS):
        handler(order_event(order_body(number, {"member_id": member_id})), CONTEXT)
    store = composition.member_store()
    member = store.member(member_id)
    assert member is not None
    active = replace(member, version=member.version + 1, status="active")
    store.commit(MemberChange(active, expected_version=member.version))
    for write in (write_health_report, write_roi_report):
        write(_MONTH, **reporting.month_report_ports())
    return member_id


def _profile(member_id: str) -> dict[str, Any]:
    from api.members import handler

    answer: dict[str, Any] = handler(requested("GET", f"/v1/members/{member_id}"), CONTEXT)
    return answer


def _portal(member_id: str) -> Mapping[str, Visit]:
    from loyalty.runtime import composition, portal
    from loyalty.services.sign_in import link_url, sign_in
    from web.portal import handler

    member = composition.member_store().member(member_id)
    assert member is not None
    link = link_url(member, portal.tokens(), "", composition.clock().now())
    session = sign_in(link.rpartition("/")[2], **portal.sign_in_ports())
    cookie = portal.session_cookie(session)["Set-Cookie"].split(";")[0]
    paths = ("", "/offers", "/rewards", "/vouchers", "/history", "/account")
    return _visits(handler, cookie, [f"/portal{path}" for path in paths])


def _console(laboratory: Laboratory, member_id: str) -> Mapping[str, Visit]:
    from console.pages import handler
    from local.sign_in import CLIENT_ID

    token = laboratory.issuer.token("admin", audience=CLIENT_ID)
    story = f"/members/{member_id}"
    paths = ("", "/months", f"/months/{_MONTH}", "/plots/points.svg", "/funnel", "/tasks")
    more = ("/members", story, f"{story}?show=points", "/program", "/queues")
    return _visits(handler, f"console={token}", [f"/console{path}" for path in (*paths, *more)])


def _visits(handler: Any, cookie: str, paths: list[str]) -> Mapping[str, Visit]:
    return {
        path: partial(handler, requested("GET", path, {"cookie": cookie}), CONTEXT)
        for path in paths
    }
