"""A browser without a screen: it keeps a cookie, sends forms from our pages, follows redirects."""

from __future__ import annotations

import html
import importlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.support.moto_app import lambda_context

_FORM = re.compile(r'<form [^>]*action="([^"]*)"[^>]*>(.*?)</form>', re.DOTALL)
_HIDDEN = re.compile(r'type="hidden" name="([^"]*)" value="([^"]*)"')


@dataclass(frozen=True)
class Page:
    """An answer of a page's function, after redirects; `path` is where the browser is now."""

    status: int
    path: str
    headers: Mapping[str, str]
    text: str

    def says(self, words: str) -> bool:
        """Tell whether a person reads these words."""
        # What is isolated stands within a line; other tags begin something new.
        inline = re.sub(r"</?bdi>", "", self.text)
        visible = html.unescape(re.sub(r"<[^>]+>", " ", inline))
        return words in " ".join(visible.split())


@dataclass
class Browser:
    """Speaks to `functions/<folder>/<site>.py`; `cookie` is the one that it keeps."""

    site: str = "portal"
    folder: str = "web"
    language: str = "en"
    cookie: str = ""
    page: Page = field(default_factory=lambda: Page(0, "", {}, ""))

    def open(self, path: str) -> Page:
        """Go to an address."""
        return self._follow(self.ask("GET", path))

    def submit(self, action: str, fields: Mapping[str, str] | None = None) -> Page:
        """Fill in and send the form of this action on the page that is open."""
        forms = {html.unescape(action): body for action, body in _FORM.findall(self.page.text)}
        assert action in forms, f"no form for {action} on {self.page.path}: {sorted(forms)}"
        hidden = {name: html.unescape(value) for name, value in _HIDDEN.findall(forms[action])}
        return self.post(action, {**hidden, **(fields or {})})

    def post(
        self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Page:
        """Send a form, wherever it comes from."""
        return self._follow(self.send(path, fields, headers))

    def send(
        self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Page:
        """Send a form; the redirect that answers it is not followed."""
        sent = headers if headers is not None else {"sec-fetch-site": "same-origin"}
        return self.ask("POST", path, urlencode(fields), sent)

    def _follow(self, found: Page) -> Page:
        if found.status == 303:
            return self.open(found.headers["Location"])
        self.page = found
        return found

    def ask(
        self, method: str, address: str, body: str = "", headers: Mapping[str, str] | None = None
    ) -> Page:
        """Send one request and keep the cookie; no redirect is followed."""
        url = urlsplit(address)
        query = dict(parse_qsl(url.query))
        sent = {
            "accept": "text/html",
            "accept-language": self.language,
            "content-type": "application/x-www-form-urlencoded",
            **({"cookie": self.cookie} if self.cookie else {}),
            **(headers or {}),
        }
        event = {
            "path": url.path,
            "httpMethod": method,
            "headers": sent,
            "queryStringParameters": query or None,
            "multiValueQueryStringParameters": {name: [text] for name, text in query.items()},
            "requestContext": {},
            "body": body or None,
            "isBase64Encoded": False,
        }
        handler = importlib.import_module(f"{self.folder}.{self.site}").handler
        answer = handler(event, lambda_context())
        given = {name: values[0] for name, values in answer["multiValueHeaders"].items()}
        if "Set-Cookie" in given:
            pair = given["Set-Cookie"].split(";")[0]
            self.cookie = "" if "Max-Age=0" in given["Set-Cookie"] else pair
        return Page(answer["statusCode"], url.path, given, answer["body"])
