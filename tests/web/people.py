"""Members as the pages' tests need them: new ones, busy ones, ones with unusual names."""

from __future__ import annotations

from loyalty.contracts.values import iso
from tests.support.mails import INVITE, SIGN_IN
from tests.support.program import DAY, START, Customer, Json, Program
from tests.support.visitor import Visitor

LONG_NAME = (
    "Wilhelmina-Theodora Hohenzollern-Sigmaringen " * 3 + "Donaudampfschifffahrtsgesellschaft"
)
RIGHT_TO_LEFT = "شهرزاد بنت الوزير, בַּת־שֶׁבַע"


def has_catalogues(program: Program, currency: str = "EUR") -> None:
    """Fill the catalogues of rewards and offers, once for all tests."""
    for path, items in (("/v1/rewards", rewards(currency)), ("/v1/offers", offers(currency))):
        for item in items:
            answer = program.request("POST", path, item, role="manager")
            assert answer.is_success or answer.status_code == 409, answer.text


def rewards(currency: str) -> tuple[Json, ...]:
    """Return rewards of all kinds: within reach and not, plenty and gone."""
    five = {"kind": "amount", "amount": {"amount_minor": 500, "currency": currency}}
    return (
        {"reward_id": "coffee", "name": "A coffee", "kind": "product", "points": 50, "sku": "cup"},
        {"reward_id": "mug", "name": "Enamel mug", "kind": "gift", "points": 200, "stock": 5},
        {"reward_id": "poster", "name": "Poster", "kind": "product", "points": 80, "stock": 0},
        {"reward_id": "dinner", "name": "The chef's table", "kind": "access", "points": 9_000},
        {
            "reward_id": "five",
            "name": "Five off your next basket",
            "kind": "voucher",
            "points": 100,
            "voucher": five,
        },
    )


def offers(currency: str) -> tuple[Json, ...]:
    """Return offers of all kinds but a product's, for everybody and for years."""
    validity = {"valid_from": iso(START), "expires_at": iso(START + 3 * 365 * DAY)}
    return (
        validity
        | {"offer_id": "tea", "name": "Tea week", "kind": "percent", "percent": 20}
        | {"categories": ["tea"]},
        validity
        | {"offer_id": "bread", "name": "Fresh bread", "kind": "amount", "per_member_limit": 2}
        | {"amount": {"amount_minor": 100, "currency": currency}},
        validity | {"offer_id": "bonus", "name": "Double joy", "kind": "points", "points": 25},
        validity | {"offer_id": "tasting", "name": "Tasting, first of all", "kind": "access"},
    )


def a_member(program: Program, **details: str) -> Customer:
    """Return somebody who accepted the invitation a moment ago."""
    customer = program.an_invited_customer(**details)
    program.answers(program.mail(customer, INVITE).token, "accept")
    program.settle()
    return customer


def a_busy_member(program: Program, **details: str) -> Customer:
    """Return a member to whom everything happened that a history can tell."""
    customer = a_member(program, **details)
    member = f"/v1/members/{customer.member_id}"
    for number in range(24):
        program.post("/v1/orders", program.an_order({"email": customer.email}, 1_000 + 10 * number))
    order_id = f"returned-{program.number()}"
    program.post("/v1/orders", program.an_order({"email": customer.email}, order_id=order_id))
    program.post(
        f"/v1/orders/shop/{order_id}/returns",
        {
            "return_id": "R-1",
            "occurred_at": iso(program.now),
            "amount": {"amount_minor": 2_000, "currency": "EUR"},
        },
    )
    gesture = {"adjustment_id": f"A-{program.number()}", "points": 400, "reason": "a gesture"}
    program.post(f"{member}/adjustments", gesture, role="manager")
    for reward in ("coffee", "five"):
        redemption = {"redemption_id": f"R-{program.number()}", "reward_id": reward}
        program.post(f"{member}/redemptions", redemption)
    for kind in (
        {"kind": "percent", "percent": 10},
        {"kind": "product", "sku": "chocolate"},
        {
            "kind": "amount",
            "amount": {"amount_minor": 1_500, "currency": "EUR"},
            "minimum_order": {"amount_minor": 5_000, "currency": "EUR"},
        },
    ):
        voucher = kind | {
            "voucher_id": f"V-{program.number()}",
            "member_id": customer.member_id,
            "expires_at": iso(program.now + 60 * DAY),
        }
        program.post("/v1/vouchers", voucher, role="manager")
    program.post(f"{member}/offers/tea/activation", role="service")
    use = {"member_id": customer.member_id, "occurred_at": iso(program.now)}
    for number in range(2):
        program.post("/v1/offers/bread/uses", use | {"use_id": f"{customer.member_id}-{number}"})
    program.settle()
    return customer


def signs_in(visitor: Visitor, program: Program, customer: Customer) -> Visitor:
    """Ask for a link, open it in the mail, and come to the member's first page."""
    visitor.opens("/portal/sign-in").page.locator("#email").fill(customer.email)
    visitor.page.locator("form.card button").click()
    newest = [mail for mail in program.mails(customer) if mail.subject == SIGN_IN][-1]
    visitor.opens(newest.sign_in)
    visitor.page.locator("main form button").click()
    return visitor


def signs_in_as(visitor: Visitor, role: str, subject: str = "") -> Visitor:
    """Sign in to the console with a role of staff, as somebody whom the provider calls so."""
    visitor.opens("/console").follows("Sign in with your account")
    visitor.page.locator(f"input[value={role}]").check()
    if subject:
        visitor.page.get_by_text("Somebody in particular").click()
        visitor.page.get_by_label("Name at the provider").fill(subject)
    return visitor.presses("Sign in")
