"""What every page asks of DynamoDB and what it weighs: a table, and the limits to keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from jinja2 import Environment, FileSystemLoader

from console import pages as console
from loyalty.adapters.web_pages import static_files
from tests.figures.conftest import Hold
from tests.figures.test_requests import folded
from tests.figures.use_cases.pages import SITES, STORY
from tests.figures.use_cases.world import Taken, small_world
from web import portal

REQUESTS_AT_MOST: Final = 2
# docs/pages.md says why.
MORE_REQUESTS: Final[Mapping[str, int]] = {
    STORY: 8,
    f"{STORY}?show=orders": 3,
    f"{STORY}?show=vouchers": 3,
    "/portal/account/export": 11,
}
KILOBYTES_AT_MOST: Final = 100
# They lead to the identity provider and back, and show nothing.
NO_PAGES: Final = {"/console/sign-in/begin", "/console/sign-in/callback"}


class Page(NamedTuple):
    operations: Sequence[str]
    kilobytes: int
    kilobytes_in_all: int


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, Page]]:
    with small_world(tmp_path_factory.mktemp("world")) as world:
        return {
            site: {path: weighed(world.measured(path, rows[path])) for path in rows}
            for site, rows in SITES.items()
        }


def weighed(taken: Taken) -> Page:
    assert taken.answer.status == 200, taken.answer
    text = taken.answer.text
    files = sum(len(file.text.encode()) for name, file in static_files().items() if name in text)
    size = len(text.encode())
    return Page(taken.requests.operations, ceil(size / 1_000), ceil((size + files) / 1_000))


def test_every_page_is_measured() -> None:
    routes = {
        route.path
        for app in (portal.app, console.app)
        for route in app.routes
        if route.method == "GET"
    }
    named = {path.partition("?")[0] for rows in SITES.values() for path in rows}
    assert named == routes - NO_PAGES, "add a page in tests/figures/use_cases/pages.py"


@pytest.mark.parametrize(
    ("site", "path"), [(site, path) for site, rows in SITES.items() for path in rows]
)
def test_a_page_keeps_its_limits(
    measured: Mapping[str, Mapping[str, Page]], site: str, path: str
) -> None:
    page = measured[site][path]
    limit = MORE_REQUESTS.get(path, REQUESTS_AT_MOST)
    assert len(page.operations) <= limit, page.operations
    assert page.kilobytes_in_all <= KILOBYTES_AT_MOST


def test_the_document_says_what_was_measured(
    measured: Mapping[str, Mapping[str, Page]], hold: Hold
) -> None:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters["folded"] = folded
    hold("pages.md", environment.get_template("pages.md.j2").render(sites=measured))
