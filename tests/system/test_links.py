"""Links of mails: in wrong hands, opened by machines, pressed again."""

from __future__ import annotations

import httpx
import pytest

from tests.support.mails import INVITE, token_of
from tests.support.program import Program

pytestmark = pytest.mark.system


def assert_refused(answer: httpx.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code


@pytest.mark.parametrize(("first", "second"), [("accept", "decline"), ("decline", "accept")])
def test_the_first_answer_holds(program: Program, first: str, second: str) -> None:
    customer = program.an_invited_customer()
    mail = program.mail(customer, INVITE)
    program.presses(mail.accept, first)
    before = program.items_of(customer)

    for again in (first, second):
        assert_refused(program.answers(mail.token, again), 409, "invitation_answered")
        page = program.presses(mail.accept, again)
        assert (page.status_code, "You have answered already" in page.text) == (409, True)

    assert program.items_of(customer) == before
    shown = program.request("GET", f"/v1/invitations/{mail.token}", role=None).json()
    assert shown["state"] == {"accept": "accepted", "decline": "declined"}[first]


def test_forged_and_borrowed_tokens_answer_nothing(program: Program) -> None:
    customer, other = program.an_invited_customer(), program.an_invited_customer()
    mail = program.mail(customer, INVITE)
    before = [program.items_of(somebody) for somebody in (customer, other)]
    header, claims, signature = mail.token.split(".")
    other_claims = program.mail(other, INVITE).token.split(".")[1]
    forged = {
        "made up": "not-a-token",
        "without a signature": f"{header}.{claims}.",
        "signed by somebody else": f"{header}.{claims}.{signature[::-1]}",
        "for another person": f"{header}.{other_claims}.{signature}",
        "for another purpose": token_of(mail.unsubscribe),
        "a till's": program.token("pos"),
    }

    for what, token in forged.items():
        for answer in ("accept", "decline"):
            assert_refused(program.answers(token, answer), 404, "invitation_invalid")
        page = program.presses(f"/v1/invitations/{token}", "accept")
        assert (page.status_code, "This link does not work" in page.text) == (404, True), what

    used_to_unsubscribe = program.request("POST", f"/v1/unsubscribe/{mail.token}", role=None)
    assert_refused(used_to_unsubscribe, 404, "invitation_invalid")
    assert [program.items_of(somebody) for somebody in (customer, other)] == before


def test_each_token_answers_for_its_own_customer_only(program: Program) -> None:
    customer, other = program.an_invited_customer(), program.an_invited_customer()

    program.presses(program.mail(other, INVITE).accept, "accept")

    assert program.status(other) == "active"
    assert program.status(customer) == "invited"


def test_a_mail_scanner_that_opens_every_link_answers_nothing(program: Program) -> None:
    customer = program.an_invited_customer()
    mail = program.mail(customer, INVITE)
    before = program.items_of(customer)

    for link in mail.links:
        for _ in range(3):
            assert program.browse("GET", link).status_code == 200
        httpx.head(link)
    program.settle()

    assert program.items_of(customer) == before
    assert program.status(customer) == "invited"
    page = program.browse("GET", mail.decline)
    assert page.headers["content-type"].startswith("text/html")
    assert 'method="post"' in page.text
    assert mail.token + "/decline" in page.text
