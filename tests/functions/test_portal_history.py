"""What the portal's history says of entries, in both languages."""

from __future__ import annotations

import pytest

from loyalty.contracts.values import iso
from loyalty.domain.program import ActionReward
from tests.support.examples import NOW
from tests.support.http import call
from tests.support.moto_app import change_program
from tests.support.portal_app import Portal


@pytest.fixture
def ada(portal: Portal) -> str:
    return portal.member(name="Ada")


@pytest.mark.parametrize(
    ("action", "english", "german"),
    [
        ("sign_up", "thank you for joining", "Dankeschön für deinen Beitritt"),
        ("review", "thank you for your review", "Dankeschön für deine Bewertung"),
        ("share", "thank you for sharing", "Dankeschön fürs Teilen"),
        ("referral", "thank you for your recommendation", "Dankeschön für deine Empfehlung"),
        ("birthday", "for your birthday", "zu deinem Geburtstag"),
        ("shop_visit_2", "thank you", "Dankeschön"),
    ],
)
def test_history_has_words_for_what_was_rewarded(
    portal: Portal, ada: str, action: str, english: str, german: str
) -> None:
    change_program(action_rewards=(ActionReward(action, 5, 1),))
    body = {"action_id": "A-1", "action": action, "occurred_at": iso(NOW)}
    assert call("points", "POST", f"/v1/members/{ada}/actions", body, roles="service").status == 201
    browser = portal.signed_in()
    assert browser.open("/portal/history").says(f"newest first. {english}, 15 March 2017 +5")
    browser.language = "de"
    page = browser.open("/portal/history")
    assert page.says(f"die neuesten zuerst. {german}, 15. März 2017 +5")


def test_history_tells_of_two_profiles_that_became_one_and_two_again(
    portal: Portal, ada: str
) -> None:
    other = portal.member("other@example.com")
    portal.points(other, 20)
    path, body = f"/v1/members/{ada}/merges", {"merge_id": "M-1", "other_member_id": other}
    assert call("merges", "POST", path, body, roles="service").status == 201
    assert call("merges", "POST", f"{path}/M-1/undo", {}, roles="service").status == 200
    left = portal.signed_in().open("/portal/history")
    assert left.says("to your other profile, 15 March 2017 −20 from your other profile")
    restored = portal.signed_in("other@example.com").open("/portal/history")
    assert restored.says("from your other profile, 15 March 2017 +20 to your other profile")


def test_history_has_words_for_bonuses_of_offers(portal: Portal, ada: str) -> None:
    portal.offer("bonus", kind="points", percent=None, points=25)
    use = {"use_id": "U-1", "member_id": ada, "occurred_at": iso(NOW)}
    uses = "/v1/offers/bonus/uses"
    assert call("offers", "POST", uses, use, roles="pos").status == 201
    assert call("offers", "POST", f"{uses}/U-1/reversal", roles="pos").status == 200
    browser = portal.signed_in()
    page = browser.open("/portal/history")
    assert page.says("bonus of an offer taken back, 15 March 2017 −25 bonus of an offer, 15 March")
    browser.language = "de"
    assert browser.open("/portal/history").says("Bonus eines Angebots, 15. März 2017 +25")
