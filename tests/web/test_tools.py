"""What browser tests stand on sees what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support.ministack import ROOT
from tests.support.visitor import Visitor

URL = "http://shop.test"
PAGE = """<!doctype html><html lang="en"><title>A page</title><meta name=viewport
content="width=device-width"><style>{style}</style><main><h1>Hello</h1>{content}</main>"""
HEADERS = {
    "Content-Type": "text/html",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Cache-Control": "no-store",
}


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Visitor]:
    somebody = Visitor(browser, URL, javascript=True)
    yield somebody
    somebody.context.close()


def show(visitor: Visitor, content: str = "", style: str = "", **headers: str) -> None:
    """Open a page that holds this content."""
    answered = HEADERS | {name.replace("_", "-"): value for name, value in headers.items()}
    visitor.context.unroute_all()
    visitor.context.route(
        f"{URL}/page",
        lambda route: route.fulfill(
            body=PAGE.format(style=style, content=content), headers=answered
        ),
    )
    visitor.opens("/page")


def test_a_sound_page_passes(visitor: Visitor) -> None:
    show(visitor, '<a href="/page">Again</a>')

    visitor.audits().tabs_to("Again").enters()

    assert visitor.faults == []


@pytest.mark.parametrize(
    ("content", "style", "fault"),
    [
        ("<p style='color:#bbb'>pale</p>", "", "color-contrast"),
        ("<input name=email>", "", "label"),
        ("<button>a</button><button>b</button>", "button{width:8px;padding:0}", "target-size"),
        ("<table><tr><td>wide", "td{min-width:600px}", "at 390 px"),
    ],
)
def test_what_an_audit_finds(visitor: Visitor, content: str, style: str, fault: str) -> None:
    show(visitor, content, style)

    with pytest.raises(AssertionError, match=fault):
        visitor.audits()


def test_a_focus_that_cannot_be_seen(visitor: Visitor) -> None:
    show(visitor, '<a href="/page">Again</a>', "a:focus{outline:none}")

    with pytest.raises(AssertionError, match="a focus cannot be seen"):
        visitor.tabs_to("Again")


@pytest.mark.parametrize(
    ("content", "headers", "faults"),
    [
        ("<img src='http://other.test/x'>", {}, ["other.test", "Content Security Policy"]),
        ("<p onclick='steal()'>press</p>", {}, ["holds a script", "Content Security Policy"]),
        ("", {"Content_Security_Policy": "default-src 'self'"}, ["lets scripts run"]),
        (
            "<script>alert(1)</script>",
            {"Content_Security_Policy": "default-src 'none'; script-src 'unsafe-inline'"},
            ["a dialog", "lets scripts run", "holds a script"],
        ),
        ("", {"Cache_Control": "public"}, ["may be kept"]),
        (100_000 * "x", {}, ["weighs 100"]),
    ],
)
def test_what_a_visitor_notices(
    visitor: Visitor, content: str, headers: dict[str, str], faults: list[str]
) -> None:
    show(visitor, content, **headers)

    noticed = "\n".join(visitor.faults)
    assert all(fault in noticed for fault in faults), noticed


def test_without_a_chromium_it_is_said_what_is_missing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.support.chromium"]
    environment = os.environ | {"PATH": str(tmp_path), "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)}

    refused = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )

    assert refused.returncode == 1
    assert "apt-get install chromium" in refused.stderr
