"""`make screenshots`: the README's pictures of portal and console, after a year of real households.

On a laptop cloud of its own, which is gone afterwards. `take` is for any that has had its year.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from loyalty.contracts.values import iso
from tests.support import chromium
from tests.support.mails import WELCOME
from tests.support.ministack import ROOT
from tests.support.program import Customer, Program
from tests.support.visitor import DESKTOP, PHONE, Visitor
from tests.web.people import has_catalogues, signs_in, signs_in_as

PICTURES = ROOT / "docs" / "pictures"
HOUSEHOLDS = 40
NEW_YEAR = datetime(2017, 1, 1, tzinfo=UTC)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, Program(Path(folder), NEW_YEAR) as program:
        environment = os.environ | {
            "LOYALTY_PORT": str(program.workspace.port),
            "LOYALTY_STATE_DIR": str(program.workspace.state_dir),
        }
        replay = [sys.executable, "-m", "local", "replay", "--households", str(HOUSEHOLDS)]
        subprocess.run(replay, cwd=ROOT, env=environment, check=True)
        take(program, PICTURES)


def take(program: Program, folder: Path) -> None:
    """Take the pictures of a program that has had its year into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    has_catalogues(program, program.get("/v1/program")["definition"]["currency"])
    customer = the_richest(program)
    has_a_good_day(program, customer)
    with chromium.launched() as browser:
        member = signs_in(Visitor(browser, program.workspace.url), program, customer)
        for name, path in (("home", ""), ("offers", "/offers"), ("vouchers", "/vouchers")):
            shoot(member, f"/portal{path}", PHONE, folder / f"portal-{name}.png")
        member.leave()
        staff = signs_in_as(Visitor(browser, program.workspace.url), "staff")
        for name, path in (("months", "months"), ("story", f"members/{customer.member_id}")):
            shoot(staff, f"/console/{path}", DESKTOP, folder / f"console-{name}.png")
        staff.leave()


def the_richest(program: Program) -> Customer:
    """Return the active member with the most points to spend."""
    mails = program.cloud.get("/_local/mail?format=json")["items"]
    profiles = [
        (program.post("/v1/members/lookups", {"email": email}, role="manager"), email)
        for email in {mail["to"][0] for mail in mails if mail["subject"] == WELCOME}
    ]
    active = [(profile, email) for profile, email in profiles if profile["status"] == "active"]
    profile, email = max(active, key=lambda one: int(one[0]["points_available"]))
    return Customer(profile["member_id"], email)


def has_a_good_day(program: Program, customer: Customer) -> None:
    """Let a member use what there is, so that there is something to see."""
    member = f"/v1/members/{customer.member_id}"
    program.request("PATCH", member, {"name": "Ada Marlowe"}, role="service").raise_for_status()
    for reward in ("five", "coffee"):
        redemption = {"redemption_id": f"R-{reward}", "reward_id": reward}
        program.request("POST", f"{member}/redemptions", redemption)
    program.post(f"{member}/offers/tea/activation", role="service")
    use = {"member_id": customer.member_id, "occurred_at": iso(program.now)}
    program.post("/v1/offers/bread/uses", use | {"use_id": f"U-{customer.member_id}"})
    program.settle()


def shoot(visitor: Visitor, path: str, size: tuple[int, int], file: Path) -> None:
    """Take a picture of as much of a page as a screen of this size shows."""
    visitor.page.set_viewport_size({"width": size[0], "height": size[1]})
    visitor.opens(path).page.screenshot(path=file)


if __name__ == "__main__":
    main()
