"""What a page costs: requests to DynamoDB, bytes, with a year's data and with none."""

from __future__ import annotations

import pytest

from loyalty.adapters.web_pages import static_files
from loyalty.domain.offers import MemberOffer, Reason
from loyalty.runtime import composition
from tests.support.browser import Browser
from tests.support.counting import counting_requests
from tests.support.examples import NOW
from tests.support.portal_app import Portal

# Path → reads at most; catalogues and program definition are cached.
PAGES = {
    "/portal": ["GetItem", "Query"],
    "/portal/offers": ["GetItem"],
    "/portal/rewards": ["GetItem"],
    "/portal/rewards/r-1": ["GetItem"],
    "/portal/vouchers": ["Query", "BatchGetItem"],
    "/portal/history": ["GetItem", "Query"],
    "/portal/account": ["GetItem"],
    "/portal/account/leave": ["GetItem"],
    "/portal/sign-in": [],
}
PAGE_BYTES = 100_000
LONG = "Wolfeschlegelsteinhausenbergerdorff " * 5


@pytest.fixture
def ada(portal: Portal) -> str:
    return portal.member(name="Ada")


@pytest.fixture
def browser(portal: Portal, ada: str, monkeypatch: pytest.MonkeyPatch) -> Browser:
    browser = portal.signed_in()
    monkeypatch.setenv("PROGRAM_CACHE_SECONDS", "60")
    composition.reset()
    monkeypatch.setattr(composition, "email_sender", lambda: portal.sender)
    return browser


@pytest.fixture
def year(portal: Portal, ada: str) -> None:
    """Many of everything, with the longest names that there may be."""
    portal.change(ada, name=LONG.strip()[:200], address="Street 1\n" * 40)
    for number in range(25):
        portal.points(ada, 1_000, f"A-{number}")
        portal.reward(f"r-{number}", name=LONG[:200], points=100 + number)
        portal.voucher(ada, f"V-{number}", categories=["c" * 100] * 3)
    for number in range(60):
        portal.offer(f"o-{number}", name=LONG[:200], categories=["c" * 100] * 3)
    reason = Reason("bought_together", "tea", because=LONG[:100], times=9)
    offers = tuple(MemberOffer(f"o-{number}", reason, curated_at=NOW) for number in range(60))
    portal.change(ada, offers=offers)


def weigh(browser: Browser, path: str) -> tuple[list[str], int]:
    """Return the requests that a page takes, and its bytes with the files that it loads."""
    browser.open(path)
    with counting_requests() as requests:
        page = browser.open(path)
    assert (page.status, page.path) == (200, path)
    loaded = [file.text for name, file in static_files().items() if name in page.text]
    assert len(loaded) >= 2
    return requests.operations, sum(len(text.encode()) for text in (page.text, *loaded))


@pytest.mark.usefixtures("year")
def test_every_page_of_a_year_takes_two_requests_and_a_hundred_kilobytes(browser: Browser) -> None:
    weighed = {path: weigh(browser, path) for path in PAGES}
    assert {path: requests for path, (requests, _) in weighed.items()} == PAGES
    assert all(len(requests) <= 2 for requests, _ in weighed.values())
    assert {path: size for path, (_, size) in weighed.items() if size > PAGE_BYTES} == {}


def test_a_new_member_has_every_page(browser: Browser) -> None:
    for path in PAGES.keys() - {"/portal/rewards/r-1"}:
        requests, size = weigh(browser, path)
        assert len(requests) <= 2
        assert size < 25_000
