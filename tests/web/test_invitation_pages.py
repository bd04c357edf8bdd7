"""The pages behind the links of mails, in a browser."""

from __future__ import annotations

from loyalty.adapters.links import JwtLinkSigner
from loyalty.services.letters import INVITATION
from tests.support.mails import INVITE
from tests.support.program import DAY, Customer, Program
from tests.web.conftest import Visit


def test_the_invitation_is_accepted_with_the_keyboard_and_without_scripts(
    program: Program, visit: Visit
) -> None:
    customer = program.an_invited_customer()
    visitor = visit().opens(program.mail(customer, INVITE).accept)

    visitor.tabs_to("Join Elite").enters()

    assert visitor.heading == "Welcome to Elite"
    program.settle()
    assert program.status(customer) == "active"


def test_the_invitation_is_declined_after_a_second_thought(program: Program, visit: Visit) -> None:
    customer = program.an_invited_customer()
    visitor = visit().opens(program.mail(customer, INVITE).accept)

    visitor.follows("No, thank you").follows("I would rather join").follows("No, thank you")
    visitor.presses("No, thank you")

    assert visitor.heading == "All right"
    program.settle()
    assert program.status(customer) == "not_interested"


def an_expired_link(program: Program, customer: Customer) -> str:
    """Return the link of an invitation whose time is over, without letting that time pass."""
    secrets = program.cloud.client("secretsmanager")
    [name] = [
        secret["Name"]
        for secret in secrets.list_secrets()["SecretList"]
        if "LinkSecret" in secret["Name"]
    ]
    signer = JwtLinkSigner(secrets.get_secret_value(SecretId=name)["SecretString"].encode())
    token = signer.sign(
        INVITATION, customer.member_id, issued_at=program.now - DAY, expires_at=program.now
    )
    return f"/v1/invitations/{token}"


def test_every_page_of_an_invitation_is_accessible(program: Program, visit: Visit) -> None:
    customer, other = program.an_invited_customer(), program.an_invited_customer()
    late = program.an_invited_customer()
    mail, others = program.mail(customer, INVITE), program.mail(other, INVITE)
    visitor = visit(javascript=True)
    seen = []

    def look() -> None:
        visitor.audits()
        seen.append(visitor.heading)

    visitor.opens(mail.decline)
    look()
    visitor.opens(mail.accept)
    look()
    visitor.presses("Join Elite")
    look()
    visitor.opens(mail.accept)
    look()
    visitor.opens(others.decline).presses("No, thank you")
    look()
    visitor.opens(others.accept)
    look()
    visitor.opens("/v1/invitations/made-up")
    look()
    visitor.opens(program.mail(late, INVITE).decline)
    program.answers(program.mail(late, INVITE).token, "accept")
    visitor.presses("No, thank you")
    look()
    visitor.opens(an_expired_link(program, late))
    look()
    visitor.opens(mail.unsubscribe)
    look()
    visitor.presses("Unsubscribe")
    look()
    visitor.opens(mail.unsubscribe)
    look()

    assert seen == [
        "No, thank you?",
        "Your invitation",
        "Welcome to Elite",
        "You are a member",
        "All right",
        "You said no",
        "This link does not work",
        "You have answered already",
        "This link has expired",
        "No more mails?",
        "You are unsubscribed",
        "You are unsubscribed",
    ]
