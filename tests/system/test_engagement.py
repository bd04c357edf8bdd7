"""A month of engagement on the deployed cloud: judged, written to, corrected; new offers follow."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from loyalty.contracts.values import iso
from tests.support.program import SHORT_PROGRAM, Customer, Json, Program

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

FEBRUARY_20 = datetime(2017, 2, 20, 12, tzinfo=UTC)
MARCH_20 = datetime(2017, 3, 20, 12, tzinfo=UTC)
# The review starts at five and messages at ten, by the clocks of Berlin and of UTC.
BEFORE_THE_REVIEW = datetime(2017, 4, 2, 2, tzinfo=UTC)
AFTER_THE_MESSAGES = datetime(2017, 4, 2, 10, 5, tzinfo=UTC)
OFFER = {
    "offer_id": "ten",
    "name": "Ten percent",
    "kind": "percent",
    "percent": 10,
    "valid_from": "2017-01-01T00:00:00Z",
    "expires_at": "2018-01-01T00:00:00Z",
}


class Members:
    """Ann used three offers in March, Ben and Cid none, Dan joined on its second day."""

    def __init__(self, program: Program) -> None:
        self.program = program
        program.cloud.set_clock(iso(FEBRUARY_20))
        program.post("/v1/offers", OFFER, role="marketer")
        self.ann, self.ben, self.cid = (self.joins() for _ in range(3))
        program.cloud.set_clock(iso(MARCH_20.replace(day=2)))
        self.dan = self.joins()
        program.cloud.set_clock(iso(MARCH_20))
        for number in range(3):
            self.uses(self.ann, f"ann-{number}")
        program.cloud.set_clock(iso(BEFORE_THE_REVIEW))
        program.advance_to(AFTER_THE_MESSAGES)

    def joins(self) -> Customer:
        email = f"member-{self.program.number()}@example.com"
        who = {"email": email, "consent": {"email": True}}
        return Customer(self.program.post("/v1/members", who)["member_id"], email)

    def uses(self, member: Customer, use_id: str, at: datetime | None = None) -> Json:
        return self.program.post(
            "/v1/offers/ten/uses",
            {
                "use_id": use_id,
                "member_id": member.member_id,
                "order_id": f"order-{use_id}",
                "occurred_at": iso(at or self.program.now),
            },
        )

    def standing(self, member: Customer) -> tuple[str, str | None, bool]:
        profile = self.program.profile(member)
        return profile["status"], profile["inactive_reason"], profile["is_top"]


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Members]:
    """A cloud in which whoever signs up is in Elite at once; it is the second of April."""
    with Program(tmp_path_factory.mktemp("engagement")) as program:
        definition = SHORT_PROGRAM | {"open_elite": True}
        program.put("/v1/program", {"based_on_version": 0, "definition": definition})
        yield Members(program)


def test_the_schedule_judges_the_month_before(members: Members) -> None:
    assert members.standing(members.ann) == ("active", None, True)
    assert members.standing(members.ben) == ("inactive", "lapsed", False)
    assert members.standing(members.dan) == ("active", None, False)
    assert members.program.events(members.ann).count("TopCustomerNamed") == 1


def test_who_has_lapsed_is_written_to_with_the_portal_s_link(members: Members) -> None:
    program = members.program
    mail = program.mail(members.ben, "Your Elite offers are waiting")
    assert any(link.endswith("/portal") for link in mail.links)
    assert mail.sent_at >= AFTER_THE_MESSAGES.replace(minute=0)
    assert program.subjects(members.ann) == program.subjects(members.dan) == []


def test_staff_reviews_the_month_again_and_nothing_changes(members: Members) -> None:
    program = members.program
    before = [program.items_of(member) for member in (members.ann, members.ben, members.cid)]
    started = program.post("/v1/reports/engagement-reviews", {"month": "2017-03"}, role="manager")
    program.settle()
    progress = program.get(f"/v1/reports/engagement-reviews/{started['review_id']}")
    assert (progress["state"], progress["result"]["looked_at"]) == ("done", 4)
    assert (progress["result"]["lapsed"], progress["result"]["top"]) == (0, 0)
    after = [program.items_of(member) for member in (members.ann, members.ben, members.cid)]
    assert after == before


def test_uses_bring_back_and_late_ones_correct_the_month(members: Members) -> None:
    program = members.program
    members.uses(members.ben, "ben-1")
    members.uses(members.cid, "cid-1", MARCH_20)
    assert [members.standing(one)[0] for one in (members.ben, members.cid)] == ["active"] * 2
    assert program.events(members.ben)[-1] == "MemberReactivated"
    assert "EngagementCorrected" in program.events(members.cid)

    # The totals come by the stream.
    program.advance(timedelta(minutes=2))
    report = program.get("/v1/reports/funnel?from=2017-03&to=2017-04", role="finance")
    total = report["total"]
    assert (total["top"], total["lapsed"], total["won_back"], total["active"]) == (1, 1, 1, 4)


def test_staff_refreshes_the_offers_and_members_see_what_they_like(members: Members) -> None:
    program = members.program
    tea = {**OFFER, "offer_id": "tea", "kind": "product", "percent": None, "sku": "tea"}
    program.post("/v1/offers", tea, role="marketer")
    line = {"sku": "tea", "quantity": 1, "amount_minor": 500}
    program.post(
        "/v1/orders", program.an_order({"member_id": members.dan.member_id}, 500, lines=[line])
    )

    def offers_of(member: Customer) -> dict[str, str | None]:
        page = program.get(f"/v1/members/{member.member_id}/offers")
        return {
            offer["offer_id"]: offer["reason"] and offer["reason"]["kind"]
            for offer in page["items"]
        }

    assert offers_of(members.dan) == {"tea": None, "ten": None}
    assert program.post("/v1/offers/refreshes", role="marketer")["refresh_id"]
    program.settle()
    assert offers_of(members.dan) == {"tea": "bought_before", "ten": "popular"}
    # What Ann used is hers already, and she never bought tea.
    assert offers_of(members.ann) == {"tea": "popular", "ten": None}
