"""A person at a browser: what they see, press and type, and what no page may do to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, Self
from urllib.parse import urljoin, urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Locator, Page, Request, Response

PHONE = (390, 844)
DESKTOP = (1280, 800)
WCAG_22_AA = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
PAGE_BYTES = 100_000
LAPTOPS_OWN = "/_local/"

_AXE = {"runOnly": list(WCAG_22_AA), "resultTypes": ["violations"]}
_SCROLLS_SIDEWAYS = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
_FOCUS_SHOWS = """() => {
    const it = document.activeElement, style = getComputedStyle(it);
    return it === document.body || style.outlineStyle !== "none" || style.boxShadow !== "none";
}"""
_HOLDS_SCRIPTS = """() => [...document.querySelectorAll("*")].some(
    it => it.tagName === "SCRIPT" || it.getAttributeNames().some(name => name.startsWith("on"))
)"""
_LACKS_PICTURES = """() => [...document.images].filter(
    it => it.checkVisibility() && !(it.complete && it.naturalWidth)
).map(it => it.src)"""
_ALL_IS_STILL = (
    "() => Promise.allSettled(document.getAnimations().map(it => it.finished)).then(() => null)"
)
_HOLD_FOCUS = "all => all.includes(document.activeElement)"
_TABS = 60
_TIMEOUT_MS = 20_000

Json = dict[str, Any]


class Visitor:
    """One browser with cookies of its own, that watches what the program's pages do.

    Parameters
    ----------
    browser
        The running Chromium.
    url
        The program's public address: paths are relative to it, and nothing else may be loaded.
    javascript
        Whether the browser would run scripts; axe needs it.
    language, is_dark
        What the browser asks the pages for.
    """

    def __init__(
        self,
        browser: Browser,
        url: str,
        *,
        javascript: bool = False,
        language: str = "en",
        is_dark: bool = False,
    ) -> None:
        self.url = url
        self.faults: list[str] = []
        self.context = browser.new_context(
            java_script_enabled=javascript,
            locale=language,
            color_scheme="dark" if is_dark else "light",
        )
        self.context.set_default_timeout(_TIMEOUT_MS)
        self.page: Page = self.context.new_page()
        self.page.on("request", self._watch_request)
        self.page.on("dialog", self._watch_dialog)
        self.page.on("console", self._watch_console)

    def leave(self) -> None:
        """Close the browser; nothing may have gone wrong on the way."""
        self.context.close()
        assert not self.faults, "\n".join(self.faults)

    # ── what they do ──
    def opens(self, link: str) -> Self:
        """Open a link, or a path of the program's."""
        return self._goes(lambda: self.page.goto(urljoin(self.url, link)))

    def reads(self, html: str) -> Self:
        """Read a mail in a browser that would run what it holds."""
        self.page.goto("about:blank")
        self.page.set_content(html)
        return self

    def presses(self, name: str, within: str | None = None) -> Self:
        """Press the button of this name, if need be in the part that holds a text."""
        return self._goes(self._named("button", name, within).click)

    def follows(self, name: str, within: str | None = None) -> Self:
        """Follow the link of this name, if need be in the part that holds a text."""
        return self._goes(self._named("link", name, within).click)

    def fills(self, fields: Mapping[str, str]) -> Self:
        """Type into the fields that have these labels."""
        for label, value in fields.items():
            self.page.get_by_label(label, exact=True).fill(value)
        return self

    def ticks(self, label: str) -> Self:
        self.page.get_by_label(label, exact=True).check()
        return self

    def unticks(self, label: str) -> Self:
        self.page.get_by_label(label, exact=True).uncheck()
        return self

    def tabs_to(self, name: str) -> Self:
        """Move to what has this name with the Tab key; all that one comes by must show it."""
        links, buttons = (self._named(role, name) for role in ("link", "button"))
        target = links.or_(buttons).or_(self.page.get_by_label(name, exact=True))
        for _ in range(_TABS):
            self.page.keyboard.press("Tab")
            assert self.page.evaluate(_FOCUS_SHOWS), f"a focus cannot be seen on {self.page.url}"
            if target.evaluate_all(_HOLD_FOCUS):
                return self
        raise AssertionError(f"the keyboard does not reach {name!r} on {self.page.url}")

    def types(self, text: str) -> Self:
        self.page.keyboard.type(text)
        return self

    def enters(self) -> Self:
        """Press the Enter key, and wait for the page that it leads to."""
        return self._goes(lambda: self.page.keyboard.press("Enter"))

    # ── what they see ──
    @property
    def heading(self) -> str:
        return self.page.get_by_role("heading", level=1).inner_text()

    @property
    def text(self) -> str:
        """All that can be read on the page, with single spaces."""
        return " ".join(self.page.locator("body").inner_text().split())

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path

    def part(self, text: str) -> Locator:
        """Return the innermost part of the page that holds a text."""
        return self.page.locator("li, tr, article, section").filter(has_text=text).last

    # ── what must hold on every page ──
    def audits(self) -> Self:
        """Check the page for those who cannot see it, and for those who have a phone only.

        Raises
        ------
        AssertionError
            axe finds something, a picture is missing, or one must scroll sideways.
        """
        for width, height in (PHONE, DESKTOP):
            self.page.set_viewport_size({"width": width, "height": height})
            # Colours that are still changing are no colours of the page.
            self.page.evaluate(_ALL_IS_STILL)
            found = Axe().run(self.page, options=_AXE)
            assert not found.violations_count, f"{self.page.url}: {found.generate_report()}"
            assert self.page.evaluate(_LACKS_PICTURES) == [], self.page.url
            assert not self.page.evaluate(_SCROLLS_SIDEWAYS), f"{self.page.url} at {width} px"
        return self

    def _named(
        self, role: Literal["button", "link"], name: str, within: str | None = None
    ) -> Locator:
        named = self.page.get_by_role(role, name=name, exact=True)
        if within is None:
            return named
        parts = self.page.locator("li, tr, article, section, form").filter(has_text=within)
        return parts.filter(has=named).last.get_by_role(role, name=name, exact=True)

    def _goes(self, act: Callable[[], object]) -> Self:
        with self.page.expect_navigation() as navigation:
            act()
        if not self.path.startswith(LAPTOPS_OWN) and navigation.value:
            self.faults += [
                f"{self.path}: {fault}" for fault in self._page_faults(navigation.value)
            ]
        return self

    def _page_faults(self, response: Response) -> Iterator[str]:
        """Yield what a page of the program's must not be: able to run scripts, kept, heavy."""
        headers = response.all_headers()
        policy = {
            name: sources
            for name, _, sources in (
                rule.strip().partition(" ")
                for rule in headers.get("content-security-policy", "").split(";")
            )
        }
        if (
            policy.get("default-src") != "'none'"
            or {"script-src", "script-src-elem"} & policy.keys()
        ):
            yield "its policy lets scripts run"
        if headers.get("cache-control") != "no-store":
            yield "it may be kept by whoever passes it on"
        if self.page.evaluate(_HOLDS_SCRIPTS):
            yield "it holds a script"
        if (size := len(self.page.content().encode())) > PAGE_BYTES:
            yield f"it weighs {size} bytes"

    def _watch_request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.url}/", "data:")):
            self.faults.append(f"loads {request.url}")

    def _watch_dialog(self, dialog: Dialog) -> None:
        self.faults.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def _watch_console(self, message: ConsoleMessage) -> None:
        # A page that tells of a refusal has the refusal's status.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.faults.append(message.text)
