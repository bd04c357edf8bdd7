"""What the console's pages say and do, and what they cost."""

from __future__ import annotations

import html
import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from loyalty.contracts.program import ProgramDocument
from loyalty.domain.tasks import Task, TaskKind, choices
from loyalty.runtime import composition, tasking
from loyalty.services.ports import MemberChange
from tests.support.console import Console
from tests.support.console_desk import (
    HOSTILE,
    PAGES,
    REVIEW,
    add_task,
    state_of,
)
from tests.support.counting import counting_requests
from tests.support.elite_journey import MEMBER_ID
from tests.support.examples import NOW

# ── What pages say ────────────────────────────────────────────────────────────────────────────────


def test_the_funnel_is_of_the_months_asked_for(staff: Console) -> None:
    browser = staff.browser("marketer")
    page = browser.open("/console/funnel?first=2017-01&last=2017-03")
    assert page.says("January 2017 to March 2017")
    assert browser.open("/console/funnel?first=2017-04&last=2017-03").status == 422
    assert browser.open("/console/funnel?first=March&last=2017-03").status == 422


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
    assert page.says("Somebody else has to decide Nobody decides for their own account.")
    assert not page.says("Not for your role")
    assert 'class="button" href="/console/tasks"' in page.text


def test_nobody_decides_on_what_they_asked_for(staff: Console) -> None:
    asked = {"points": 50_000}
    task = Task("t-mine", "adjustment_approval", (MEMBER_ID,), NOW, "cause", asked)
    add_task(replace(task, requested_by="ann"))
    browser = staff.browser("manager", subject="ann")
    browser.open("/console/tasks?kind=adjustment_approval")
    page = browser.submit("/console/tasks/t-mine/decision", {"decision": "approved"})
    assert page.status == 403
    assert page.says("Somebody else has to decide Whoever asked for something")
    assert state_of("t-mine") == "open"


@pytest.mark.parametrize("claim", ["member_id", "custom:member_id"])
def test_whichever_claim_names_the_membership_it_counts(staff: Console, claim: str) -> None:
    browser = staff.holding(**{"member_id": None, claim: MEMBER_ID})
    browser.open("/console/tasks?kind=tier_review")
    page = browser.submit(f"/console/tasks/{REVIEW}/decision", {"decision": "approved"})
    assert page.says("Somebody else has to decide")


def test_who_may_be_anybody_decides_nothing(staff: Console) -> None:
    browser = staff.holding(member_id=None)
    browser.open("/console/tasks?kind=tier_review")
    page = browser.submit(f"/console/tasks/{REVIEW}/decision", {"decision": "approved"})
    assert page.status == 403
    assert page.says("Your sign-in does not say who you are")
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


@pytest.fixture
def acts(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """What is logged of what the staff does, in order."""
    logged: list[dict[str, object]] = []
    monkeypatch.setattr(
        "loyalty.runtime.console.logger",
        SimpleNamespace(info=lambda _, **told: logged.append(told)),
    )
    return logged


def test_what_staff_does_is_logged_with_who_and_what_but_no_personal_data(
    staff: Console, acts: list[dict[str, object]]
) -> None:
    browser = staff.browser("admin", subject="ann")
    browser.open("/console/members")
    browser.submit("/console/members", {"by": "email", "value": "ann@example.com"})
    browser.open("/console/tasks?kind=tier_review")
    browser.submit(f"/console/tasks/{REVIEW}/decision", {"decision": "rejected"})
    browser.open("/console/program")
    browser.submit("/console/program/check", {"based_on_version": "0", "definition": "{}"})
    browser.submit("/console/sign-out")
    assert acts == [
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


@pytest.mark.parametrize("typed", ["ann@example.com", "Ada.Lovelace", "+491701234567", " "])
def test_what_is_typed_as_a_member_id_and_is_none_stays_out_of_address_and_log(
    staff: Console, acts: list[dict[str, object]], typed: str
) -> None:
    browser = staff.browser("service", subject="ann")
    browser.open("/console/members")
    page = browser.submit("/console/members", {"by": "member_id", "value": typed})
    assert page.path == "/console/members"
    assert page.says("Nobody has this member id")
    assert acts == [{"staff": "ann", "act": "search_by_member_id", "about": None}]


def test_whoever_has_left_is_found_by_member_id(staff: Console) -> None:
    member = composition.member_store().member(MEMBER_ID)
    assert member is not None
    gone = replace(member, status="left", version=member.version + 1)
    composition.member_store().commit(MemberChange(gone, member.version))
    browser = staff.browser("service")
    browser.open("/console/members")
    found = browser.submit("/console/members", {"by": "member_id", "value": f" {MEMBER_ID} "})
    assert (found.status, found.path) == (200, f"/console/members/{MEMBER_ID}")


def test_a_story_that_there_is_not_was_not_read(
    staff: Console, acts: list[dict[str, object]]
) -> None:
    page = staff.browser("service").open("/console/members/ann@example.com")
    assert page.status == 404
    assert 'class="button" href="/console/members"' in page.text
    assert acts == []


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


def test_what_was_typed_never_undoes_what_others_saved_meanwhile(staff: Console) -> None:
    ann, ben = (staff.browser("manager", subject=name) for name in ("ann", "ben"))
    ann.open("/console/program")
    ben.open("/console/program")
    bens = ProgramDocument(time_zone="UTC", expiry_months=6).model_dump_json()
    ben.submit("/console/program/check", {"definition": bens})
    ben.submit("/console/program")

    anns = ProgramDocument(time_zone="UTC", pending_days=21).model_dump_json()
    for typed in (anns + ",", anns, anns):
        page = ann.submit("/console/program/check", {"definition": typed})
        assert page.status == 422
        assert page.says("Version 1 of ben is the latest, yours began with version 0")
    assert page.says("somebody else saved a version meanwhile")
    assert html.unescape(page.text).count(anns) == 1
    assert composition.program_store().latest_version() == 1

    assert '<a href="/console/program" target="_blank">' in page.text
    ann.open("/console/program")
    both = ProgramDocument(time_zone="UTC", expiry_months=6, pending_days=21).model_dump_json()
    page = ann.submit("/console/program/check", {"definition": both})
    assert page.says('+ "pending_days": 21')
    ann.submit("/console/program")
    assert composition.program_store().version(2).expiry_months == 6


def test_who_mends_a_fault_in_the_latest_version_saves_it(staff: Console) -> None:
    browser = staff.browser("manager")
    browser.open("/console/program")
    page = browser.submit("/console/program/check", {"definition": "{"})
    assert not page.says("is the latest, yours began")
    mended = ProgramDocument(time_zone="UTC", pending_days=21).model_dump_json()
    browser.submit("/console/program/check", {"definition": mended})
    assert browser.submit("/console/program").says("The new version is saved")


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
