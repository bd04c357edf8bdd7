"""The console on moto: signing in, every page for every role, what is refused, what is shown."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest

from console import pages
from loyalty.adapters import oidc
from loyalty.contracts.program import ProgramDocument
from loyalty.domain.tasks import Task, TaskKind, choices, gift_task
from loyalty.runtime import composition, reporting, tasking
from loyalty.runtime.auth import STAFF
from loyalty.services.charts import CHARTS
from loyalty.services.ports import MemberChange
from loyalty.services.reports import write_health_report, write_roi_report
from tests.support.browser import Browser
from tests.support.console import RUNNING, Console, console
from tests.support.counting import counting_requests
from tests.support.elite_journey import MEMBER_ID, store_customer
from tests.support.examples import NOW
from tests.support.http import call, order
from tests.support.moto_app import MotoApp

REVIEW, GIFT = "t-review", "t-gift"
HOSTILE = "<script>alert('x')</script>"
MARCH = "2017-03"
REPORTS = {"finance", "manager", "marketer", "admin"}
MEMBERS = {"service", "marketer", "manager", "finance", "admin"}
DESK = {"service", "manager", "admin"}
PROGRAM_KEEPERS = {"manager", "admin"}


class Visit(NamedTuple):
    """A request, and who may make it: roles of the staff, or None for everybody."""

    path: str
    allowed: set[str] | None
    fields: Mapping[str, str] | None = None


# Every route of the console, as it is declared, and at least one visit to it.
MATRIX: dict[tuple[str, str], tuple[Visit, ...]] = {
    ("GET", "/console/sign-in"): (Visit("/console/sign-in", None),),
    ("GET", "/console/sign-in/begin"): (Visit("/console/sign-in/begin", None),),
    ("GET", "/console/sign-in/callback"): (Visit("/console/sign-in/callback", None),),
    ("POST", "/console/sign-out"): (Visit("/console/sign-out", None, {}),),
    ("GET", "/console"): (Visit("/console", set(STAFF)),),
    ("GET", "/console/months"): (Visit("/console/months", REPORTS),),
    ("GET", "/console/months/<month>"): (Visit(f"/console/months/{MARCH}", REPORTS),),
    ("GET", "/console/funnel"): (Visit("/console/funnel", REPORTS),),
    ("GET", "/console/plots/<name>"): tuple(
        Visit(f"/console/plots/{name}.svg", REPORTS) for name in CHARTS
    ),
    ("GET", "/console/plots/funnel.svg"): (Visit("/console/plots/funnel.svg", REPORTS),),
    ("GET", "/console/tasks"): (
        Visit("/console/tasks", {"service", "manager", "warehouse", "admin"}),
    ),
    ("POST", "/console/tasks/<task_id>/decision"): (
        Visit(f"/console/tasks/{REVIEW}/decision", PROGRAM_KEEPERS, {"decision": "approved"}),
        Visit(f"/console/tasks/{GIFT}/decision", {"warehouse", "admin"}, {"decision": "packed"}),
    ),
    ("GET", "/console/members"): (Visit("/console/members", MEMBERS),),
    ("POST", "/console/members"): (
        Visit("/console/members", MEMBERS, {"by": "member_id", "value": MEMBER_ID}),
    ),
    ("GET", "/console/members/<member_id>"): (Visit(f"/console/members/{MEMBER_ID}", MEMBERS),),
    ("GET", "/console/members/<member_id>/executions"): (
        Visit(f"/console/members/{MEMBER_ID}/executions", DESK),
    ),
    ("GET", "/console/executions/<machine>/<name>"): (
        Visit(f"/console/executions/elite_journey/{RUNNING}", DESK),
    ),
    ("GET", "/console/program"): (Visit("/console/program", set(STAFF)),),
    ("POST", "/console/program/check"): (
        Visit(
            "/console/program/check",
            PROGRAM_KEEPERS,
            {"based_on_version": "0", "definition": "{}"},
        ),
    ),
    ("POST", "/console/program"): (
        Visit("/console/program", PROGRAM_KEEPERS, {"based_on_version": "9", "definition": "x"}),
    ),
    ("GET", "/console/queues"): (Visit("/console/queues", PROGRAM_KEEPERS),),
    ("GET", "/console/queues/<name>"): (Visit("/console/queues/orders", PROGRAM_KEEPERS),),
    ("POST", "/console/queues/<name>/redrive"): (
        Visit("/console/queues/orders/redrive", {"admin"}, {}),
    ),
}
VISITS = [visit for visits in MATRIX.values() for visit in visits]
PAGES = {
    visit.path: visit.allowed
    for visit in VISITS
    if visit.fields is None and visit.allowed is not None
}
FORMS = [visit for visit in VISITS if visit.fields is not None and visit.allowed is not None]


@pytest.fixture
def staff(app: MotoApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Console:
    """A console over one member with an order, two tasks, and a month with reports."""
    member = store_customer(name=f"Ada {HOSTILE}", address=f"1 Main St\n{HOSTILE}")
    upgrade = {"upgrade_id": "u-1", "from_tier": "member", "to_tier": "gold"}
    tasks = (
        Task(REVIEW, "tier_review", (MEMBER_ID,), NOW, "upgrade/u-1", upgrade, HOSTILE),
        gift_task(
            GIFT,
            MEMBER_ID,
            sku="gift",
            item=HOSTILE,
            quantity=1,
            opened_at=NOW,
            cause="upgrade/u-1",
        ),
    )
    store = composition.member_store()
    store.commit(MemberChange(replace(member, version=2), 1, tasks=tasks))
    call("orders", "POST", "/v1/orders", order(customer={"member_id": MEMBER_ID}))
    app.set_clock(NOW + timedelta(days=30))
    write_health_report(MARCH, **reporting.month_report_ports())
    write_roi_report(MARCH, **reporting.month_report_ports())
    return console(app, tmp_path, monkeypatch)


def state_of(task_id: str) -> str:
    task = tasking.task_store().task(task_id)
    assert task is not None
    return task.state


def add_task(task: Task) -> None:
    member = composition.member_store().member(MEMBER_ID)
    assert member is not None
    after = replace(member, version=member.version + 1)
    composition.member_store().commit(MemberChange(after, member.version, tasks=(task,)))


# ── Signing in and out ────────────────────────────────────────────────────────────────────────────


def test_the_matrix_names_every_route_of_the_console() -> None:
    assert set(MATRIX) == {(route.method, route.path) for route in pages.app.routes}


def test_without_a_session_every_page_and_form_leads_to_sign_in(staff: Console) -> None:
    for path in PAGES:
        browser = Browser(site="pages", folder="console")
        assert browser.ask("GET", path).headers["Location"].startswith("/console/sign-in"), path
    for form in FORMS:
        answer = Browser(site="pages", folder="console").send(form.path, form.fields or {})
        assert answer.headers["Location"] == "/console/sign-in", form.path


def test_signing_in_leads_back_to_where_one_wanted(staff: Console) -> None:
    browser = Browser(site="pages", folder="console")
    page = browser.open("/console/tasks")
    assert page.path == "/console/sign-in"
    [begin] = re.findall(r'href="(/console/sign-in/begin[^"]*)"', page.text)
    assert staff.answer(browser, browser.ask("GET", begin), role="manager").path == "/console/tasks"


@pytest.mark.parametrize("back_to", ["https://evil.example", "//evil.example", "/console//x:y@z"])
def test_nobody_is_led_away(staff: Console, back_to: str) -> None:
    browser = Browser(site="pages", folder="console")
    begun = browser.ask("GET", f"/console/sign-in/begin?back_to={back_to}")
    if begun.status == 303:
        assert staff.answer(browser, begun, role="manager").status == 404
    else:
        assert begun.status == 422


def test_an_answer_that_this_browser_did_not_ask_for_is_refused(staff: Console) -> None:
    victim, attacker = (Browser(site="pages", folder="console") for _ in range(2))
    begun = attacker.ask("GET", "/console/sign-in/begin")
    victim.ask("GET", "/console/sign-in/begin")
    page = staff.answer(victim, begun, role="admin")
    assert page.path == "/console/sign-in"
    assert page.says("did not work")


def test_a_sign_in_is_over_after_its_time(staff: Console) -> None:
    browser = Browser(site="pages", folder="console")
    begun = browser.ask("GET", "/console/sign-in/begin")
    secret = composition.link_secret()
    state = parse_qs(urlsplit(begun.headers["Location"]).query)["state"][0]
    pending = oidc.opened(browser.cookie.partition("=")[2], state, secret)
    late = oidc.sealed(pending, secret, lasts=timedelta(seconds=-1))
    browser.cookie = f"__Host-console_sign_in={late}"
    assert staff.answer(browser, begun, role="admin").path == "/console/sign-in"


@pytest.mark.parametrize("code", ["", "unknown"])
def test_without_a_code_of_the_provider_there_is_no_session(staff: Console, code: str) -> None:
    browser = Browser(site="pages", folder="console")
    begun = browser.ask("GET", "/console/sign-in/begin")
    state = parse_qs(urlsplit(begun.headers["Location"]).query)["state"][0]
    page = browser.open(f"/console/sign-in/callback?code={code}&state={state}")
    assert page.path == "/console/sign-in"


@pytest.mark.parametrize("role", ["pos", "crm"])
def test_machines_and_members_have_no_console(staff: Console, role: str) -> None:
    assert staff.browser(role).page.path == "/console/sign-in"


def test_a_token_for_the_api_is_no_session(staff: Console) -> None:
    browser = Browser(site="pages", folder="console")
    browser.cookie = f"__Host-console={staff.issuer.token('admin')}"
    assert browser.open("/console/tasks").path == "/console/sign-in"


def test_signed_out_is_out(staff: Console) -> None:
    browser = staff.browser()
    browser.open("/console")
    assert browser.submit("/console/sign-out").says("signed out")
    assert browser.open("/console/tasks").path == "/console/sign-in"


def test_after_signing_out_the_next_one_has_to_prove_who_they_are(staff: Console) -> None:
    browser = staff.browser()
    assert "prompt=login" not in browser.ask("GET", "/console/sign-in/begin").headers["Location"]
    browser = staff.browser()
    browser.open("/console")
    browser.submit("/console/sign-out")
    browser.open("/console/tasks")
    begun = Browser(site="pages", folder="console", cookie=browser.cookie)
    assert "prompt=login" in begun.ask("GET", "/console/sign-in/begin").headers["Location"]


def test_signing_out_ends_the_providers_session_too(
    staff: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OIDC_END_SESSION_URL", "https://issuer.example/logout?kind=staff")
    browser = staff.browser()
    page = browser.open("/console")
    assert "form-action 'self' https://issuer.example;" in page.headers["Content-Security-Policy"]
    [token] = set(re.findall(r'name="csrf" value="([^"]*)"', page.text))
    answer = browser.send("/console/sign-out", {"csrf": token})
    asked = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert answer.headers["Location"].startswith("https://issuer.example/logout?kind=staff&")
    assert asked["client_id"] == ["console"]
    assert asked["post_logout_redirect_uri"] == asked["logout_uri"]
    assert asked["logout_uri"][0].endswith("/console/sign-in")
    assert browser.open("/console/tasks").path == "/console/sign-in"


@pytest.mark.parametrize(("seconds", "path"), [(3590, "/console"), (3600, "/console/sign-in")])
def test_a_session_ends_after_an_hour_whatever_the_token_says(
    staff: Console, seconds: int, path: str
) -> None:
    browser = staff.holding(iat=int(time.time()) - seconds)
    assert browser.open("/console").path == path


def test_the_cookie_is_out_of_reach(staff: Console) -> None:
    browser = Browser(site="pages", folder="console")
    begun = browser.ask("GET", "/console/sign-in/begin")
    for part in ("__Host-", "HttpOnly", "Secure", "SameSite=Lax", "Path=/"):
        assert part in begun.headers["Set-Cookie"]


# ── Who may what ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("role", sorted(STAFF))
def test_every_page_is_for_its_roles(staff: Console, role: str) -> None:
    browser = staff.browser(role)
    for path, allowed in PAGES.items():
        assert browser.open(path).status == (200 if role in allowed else 403), path


@pytest.mark.parametrize("role", sorted(STAFF))
def test_every_form_is_for_its_roles(staff: Console, role: str) -> None:
    browser = staff.browser(role)
    browser.open("/console")
    [token] = set(re.findall(r'name="csrf" value="([^"]*)"', browser.page.text))
    for path, allowed, fields in FORMS:
        answer = browser.post(path, {"csrf": token, **(fields or {})})
        assert (answer.status == 403) == (role not in (allowed or ())), path
        assert answer.status < 500, path


@pytest.mark.parametrize("role", sorted(STAFF))
def test_the_navigation_leads_nowhere_forbidden(staff: Console, role: str) -> None:
    browser = staff.browser(role)
    text = browser.open("/console").text
    for path in {*re.findall(r'href="(/console[^"]*)"', text)}:
        assert browser.open(path).status == 200, path


def test_a_form_from_elsewhere_changes_nothing(staff: Console) -> None:
    browser = staff.browser()
    fields = {"decision": "approved"}
    path = f"/console/tasks/{REVIEW}/decision"
    assert browser.post(path, fields).status == 403
    assert browser.post(path, fields, {"sec-fetch-site": "cross-site"}).status == 403
    assert state_of(REVIEW) == "open"


def test_only_an_admin_redrives(staff: Console) -> None:
    staff.app.client("sqs").send_message(QueueUrl=staff.app.orders_dlq_url, MessageBody="{}")
    action = "/console/queues/orders/redrive"
    assert action in staff.browser("admin").open("/console/queues").text
    browser = staff.browser("manager")
    assert action not in browser.open("/console/queues").text
    [token] = set(re.findall(r'name="csrf" value="([^"]*)"', browser.page.text))
    assert browser.post(action, {"csrf": token}).status == 403


def test_the_funnel_is_of_the_months_asked_for(staff: Console) -> None:
    browser = staff.browser("marketer")
    page = browser.open("/console/funnel?first=2017-01&last=2017-03")
    assert page.says("January 2017 to March 2017")
    assert browser.open("/console/funnel?first=2017-04&last=2017-03").status == 422
    assert browser.open("/console/funnel?first=March&last=2017-03").status == 422


# ── What pages say ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", sorted(tasking.READERS))
def test_tasks_of_every_kind_are_shown_with_what_can_be_decided(
    staff: Console, kind: TaskKind
) -> None:
    if kind not in ("tier_review", "gift_dispatch"):
        add_task(Task(f"t-{kind}", kind, (MEMBER_ID, "m-2"), NOW, "cause", {"points": 2_500}))
    page = staff.browser("admin").open(f"/console/tasks?kind={kind}")
    assert page.status == 200
    for decision in choices(kind, "open"):
        assert f'value="{decision}"' in page.text


def test_a_decision_is_taken_once_and_told(staff: Console) -> None:
    browser = staff.browser("manager", subject="ann")
    page = browser.open("/console/tasks?kind=tier_review")
    assert page.says("To gold")
    page = browser.submit(
        f"/console/tasks/{REVIEW}/decision", {"decision": "rejected", "comment": ""}
    )
    assert page.says("The decision is taken")
    assert browser.open("/console/tasks?kind=tier_review&state=rejected").says("rejected by ann")


def test_nobody_decides_for_their_own_account(staff: Console) -> None:
    browser = staff.browser("manager", member_id=MEMBER_ID)
    browser.open("/console/tasks?kind=tier_review")
    page = browser.submit(f"/console/tasks/{REVIEW}/decision", {"decision": "approved"})
    assert page.status == 403
    assert page.says("Nobody decides for their own account")


@pytest.mark.parametrize("claim", ["member_id", "custom:member_id"])
def test_whichever_claim_names_the_membership_it_counts(staff: Console, claim: str) -> None:
    browser = staff.holding(**{"member_id": None, claim: MEMBER_ID})
    browser.open("/console/tasks?kind=tier_review")
    page = browser.submit(f"/console/tasks/{REVIEW}/decision", {"decision": "approved"})
    assert page.says("Nobody decides for their own account. Somebody else")


def test_who_may_be_anybody_decides_nothing(staff: Console) -> None:
    browser = staff.holding(member_id=None)
    browser.open("/console/tasks?kind=tier_review")
    page = browser.submit(f"/console/tasks/{REVIEW}/decision", {"decision": "approved"})
    assert page.status == 403
    assert page.says("has to send the claim member_id")
    assert state_of(REVIEW) == "open"


@pytest.mark.parametrize(
    "said", [{"member_id": ""}, {"member_id": None, "custom:member_id": "none"}]
)
def test_who_is_no_member_decides(staff: Console, said: dict[str, str | None]) -> None:
    browser = staff.holding(**said)
    browser.open("/console/tasks?kind=tier_review")
    browser.submit(f"/console/tasks/{REVIEW}/decision", {"decision": "approved"})
    assert state_of(REVIEW) == "approved"


def test_without_a_decision_chosen_nothing_is_decided(staff: Console) -> None:
    browser = staff.browser()
    browser.open("/console/tasks?kind=tier_review")
    page = browser.submit(f"/console/tasks/{REVIEW}/decision", {"comment": "a good customer"})
    assert page.status == 422
    assert state_of(REVIEW) == "open"


def test_an_approved_merge_says_what_is_to_do(staff: Console) -> None:
    add_task(Task("t-merge", "merge", (MEMBER_ID, "m-2"), NOW, "order/pos/O-1"))
    browser = staff.browser("service")
    assert browser.open("/console/tasks?kind=merge").says("A yes does not merge them")
    page = browser.submit("/console/tasks/t-merge/decision", {"decision": "approved"})
    assert page.says("Nothing is merged yet")


def test_what_staff_does_is_logged_with_who_and_what_but_no_personal_data(
    staff: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[dict[str, object]] = []
    monkeypatch.setattr(
        "loyalty.runtime.console.logger",
        SimpleNamespace(info=lambda _, **told: logged.append(told)),
    )
    browser = staff.browser("admin", subject="ann")
    browser.open("/console/members")
    browser.submit("/console/members", {"by": "email", "value": "ann@example.com"})
    browser.open("/console/tasks?kind=tier_review")
    browser.submit(f"/console/tasks/{REVIEW}/decision", {"decision": "rejected"})
    browser.open("/console/program")
    browser.submit("/console/program/check", {"based_on_version": "0", "definition": "{}"})
    browser.submit("/console/sign-out")
    assert logged == [
        {"staff": "ann", "act": act, "about": about}
        for act, about in (
            ("search_by_email", None),
            ("read_story", MEMBER_ID),
            ("rejected", REVIEW),
            ("check_program", "0"),
            ("sign_out", None),
        )
    ]


def test_a_member_is_found_by_what_stays_out_of_the_address(staff: Console) -> None:
    browser = staff.browser("service")
    browser.open("/console/members")
    found = browser.submit("/console/members", {"by": "email", "value": "ann@example.com"})
    assert found.path == f"/console/members/{MEMBER_ID}"
    browser.open("/console/members")
    for by, value in (("email", "nobody@example.com"), ("email", "no address"), ("phone", "1")):
        assert browser.submit("/console/members", {"by": by, "value": value}).says("Nobody has")


def test_the_story_tells_why(staff: Console) -> None:
    page = staff.browser("service").open(f"/console/members/{MEMBER_ID}")
    for words in ("Order O-1 of pos", "€100.00", "program version 0"):
        assert page.says(words), words


def test_names_are_for_those_who_need_them(staff: Console) -> None:
    path = f"/console/members/{MEMBER_ID}"
    assert "<h1>Ada &lt;script&gt;" in staff.browser("service").open(path).text
    assert "Ada" not in staff.browser("finance").open(path).text


def test_months_come_with_what_rewards_cost(staff: Console) -> None:
    page = staff.browser("finance").open("/console/months")
    assert page.says("March 2017")
    assert page.says("Cost of rewards")
    assert page.text.count("€0.00") >= 1


def test_an_unknown_member_is_no_page(staff: Console) -> None:
    assert staff.browser().open("/console/members/nobody").status == 404
    assert staff.browser().open("/console/executions/elite_journey/nobody").status == 404


def test_what_others_wrote_is_text_everywhere(staff: Console) -> None:
    staff.app.client("sqs").send_message(
        QueueUrl=staff.app.orders_dlq_url,
        MessageBody=json.dumps({"detail-type": HOSTILE}),
    )
    browser = staff.browser("admin", subject=HOSTILE)
    for path in (*PAGES, "/console/tasks?kind=gift_dispatch"):
        page = browser.open(path)
        assert "<script" not in page.text.lower(), path
    assert "&lt;script&gt;" in browser.open("/console/queues/orders").text
    assert "&lt;script&gt;" in browser.open("/console/tasks?kind=gift_dispatch").text
    assert browser.open(f"/console/members/{MEMBER_ID}?show={HOSTILE}").status == 422


# ── The program ───────────────────────────────────────────────────────────────────────────────────


def test_a_new_version_shows_what_it_changes_before_it_holds(staff: Console) -> None:
    browser = staff.browser("manager")
    browser.open("/console/program")
    definition = ProgramDocument(time_zone="UTC", pending_days=21).model_dump_json()
    typed = {"based_on_version": "0", "effective_from": "", "definition": definition}
    page = browser.submit("/console/program/check", typed)
    assert page.says('- "pending_days": 14')
    assert page.says('+ "pending_days": 21')
    assert composition.program_store().latest_version() == 0
    assert browser.submit("/console/program", typed).says("The new version is saved")
    assert composition.program_store().version(1).pending_days == 21


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ("{", "no JSON"),
        ('{"pending_days": -1}', "pending_days"),
        ('{"tiers": [{"name": "x", "threshold": 5}]}', "the first tier has threshold 0"),
        ('{"time_zone": "Europe/Paris"}', "the schedules are deployed for the time zone"),
        (json.dumps({HOSTILE: 1}), HOSTILE),
    ],
)
def test_what_is_wrong_is_said_and_kept(staff: Console, definition: str, words: str) -> None:
    browser = staff.browser("manager")
    browser.open("/console/program")
    typed = {"based_on_version": "0", "effective_from": "", "definition": definition}
    page = browser.submit("/console/program/check", typed)
    assert page.status == 422
    assert page.says(words) or words in definition
    assert "<script" not in page.text
    assert page.says("Nothing was saved")


# ── What pages cost ───────────────────────────────────────────────────────────────────────────────

# A member's story is read from three places of the members, two of them with an index, and from
# the vouchers, likewise with an index: docs of `services.story`.
STORY_REQUESTS = 8
READS = {"Query", "GetItem", "BatchGetItem"}


def test_pages_are_light_and_ask_little(staff: Console) -> None:
    browser = staff.browser("admin")
    for path in PAGES:
        composition.reset()
        browser.open("/console/program")  # reads the program, which others have in their cache
        with counting_requests() as requests:
            page = browser.open(path)
        assert len(page.text.encode()) <= 100 * 1024, path
        limit = STORY_REQUESTS if path.endswith(MEMBER_ID) else 2
        tables = [name for name in requests.operations if name in READS]
        assert len(tables) <= limit, (path, requests.operations)
