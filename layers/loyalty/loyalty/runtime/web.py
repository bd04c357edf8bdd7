"""Web pages with forms: cookies, forms that come from our own pages only, redirects.

A page runs no scripts and loads nothing from elsewhere. Every form is sent from one of our own
pages (`Sec-Fetch-Site`, else `Origin`), and one that comes with a session carries that session's
token besides.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from loyalty.contracts.problems import Problem, problem
from loyalty.runtime import composition, http
from loyalty.runtime.routing import Request, Response

if TYPE_CHECKING:
    from loyalty.adapters.web_pages import WebPages

CSRF_FIELD: Final = "csrf"
_PAGE_HEADERS: Final = {
    **http.SECURITY_HEADERS,
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # With `no-referrer` browsers would send their forms with an empty origin.
    "Referrer-Policy": "same-origin",
    # Browsers heed it over TLS alone, so not on the laptop.
    "Strict-Transport-Security": "max-age=31536000",
}
_A_YEAR: Final = "public, max-age=31536000, immutable"


class CrossSite(Exception):
    """A form that was not sent from one of our own pages."""


class Site(http.Api):
    """The pages of one site.

    Parameters
    ----------
    session_id
        Returns the id of the session that a request comes with, None without one.
    refused
        Makes the page that says why a request was refused.
    repeated
        Returns where a form leads whose work is done; asked before anything is required of it.
    """

    def __init__(
        self,
        *,
        session_id: Callable[[Request], str | None],
        refused: Callable[[Request, Problem], Response],
        repeated: Callable[[Request], Response | None] = lambda _: None,
    ) -> None:
        super().__init__(takes_forms=True)
        self._session_id = session_id
        self._repeated = repeated
        for error in http.REFUSED:
            self.on_refusal(error, lambda error: refused(self.request, http.problem_of(error)))
        self.on_refusal(CrossSite, lambda _: refused(self.request, _cross_site()))

    def bind(self, request: Request) -> Callable[[], Response]:
        if request.method != "GET":
            self._require_own_form(request)
        return super().bind(request)

    def answered(self, request: Request) -> Response:
        # Forms know by themselves what counts once; a stored answer would hold a session's cookie.
        return self._repeated(request) or self.bind(request)()

    def _require_own_form(self, request: Request) -> None:
        token = request.form.pop(CSRF_FIELD, "")
        session_id = self._session_id(request)
        if not is_same_origin(request):
            raise CrossSite
        if session_id is not None and not hmac.compare_digest(token, csrf_token(session_id)):
            raise CrossSite


def is_same_origin(request: Request) -> bool:
    """Tell whether a form was sent from a page of ours; what a browser does not say, it is not."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return request.headers.get("origin") == composition.public_url()


def _cross_site() -> Problem:
    detail = "The form was not sent from one of our pages."
    return problem(HTTPStatus.FORBIDDEN, "cross_site", detail)


def csrf_token(session_id: str) -> str:
    """Return what a form carries that belongs to a session."""
    message = f"csrf\0{session_id}".encode()
    return hmac.new(composition.link_secret(), message, hashlib.sha256).hexdigest()


@cache
def pages() -> WebPages:
    """Return the templates of portal and console."""
    from loyalty.adapters.web_pages import WebPages

    return WebPages()


def language_of(request: Request, chosen: str | None = None) -> str:
    """Return the language that a page is written in: the chosen one, or as the browser asks."""
    from loyalty.adapters.web_pages import LANGUAGES, language_for

    if chosen in LANGUAGES:
        return chosen
    return language_for(request.headers.get("accept-language") or "")


def page(
    html: str, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a page; neither a proxy nor a browser keeps it."""
    return Response(
        status, "text/html; charset=utf-8", html, headers={**_PAGE_HEADERS, **(headers or {})}
    )


def see_other(path: str, headers: Mapping[str, str] | None = None) -> Response:
    """Send the browser to another page of ours, as after every form."""
    return Response(
        HTTPStatus.SEE_OTHER,
        "text/plain; charset=utf-8",
        "",
        headers={**http.SECURITY_HEADERS, "Location": path, **(headers or {})},
    )


def download(text: str, file_name: str) -> Response:
    """Return a JSON document that the browser saves as a file."""
    headers = {
        **http.SECURITY_HEADERS,
        "Content-Disposition": f'attachment; filename="{file_name}"',
    }
    return Response(HTTPStatus.OK, "application/json", text, headers=headers)


def static_file(name: str) -> Response | None:
    """Return a file that every page may show, kept for a year; None when there is none."""
    from loyalty.adapters.web_pages import static_files

    file = static_files().get(name)
    if file is None:
        return None
    headers = {**http.SECURITY_HEADERS, "Cache-Control": _A_YEAR}
    return Response(HTTPStatus.OK, file.content_type, file.text, headers=headers)


# ── Cookies ───────────────────────────────────────────────────────────────────────────────────────


def set_cookie(name: str, value: str, seconds: int) -> dict[str, str]:
    """Return the header that makes the browser keep a cookie, out of reach of any script."""
    secure = "; Secure" if _is_secure() else ""
    kept = f"Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
    return {"Set-Cookie": f"{_full_name(name)}={value}; {kept}"}


def drop_cookie(name: str) -> dict[str, str]:
    """Return the header that makes the browser forget a cookie."""
    return set_cookie(name, "", 0)


def cookie(request: Request, name: str) -> str | None:
    """Return a cookie's value, None when there is none."""
    # Not by `http.cookies`: it gives up all cookies for one that some other program wrote.
    pairs = (pair.partition("=") for pair in (request.headers.get("cookie") or "").split(";"))
    found = (value.strip() for key, _, value in pairs if key.strip() == _full_name(name))
    return next(found, None) or None


def _full_name(name: str) -> str:
    # With this prefix a browser takes the cookie from our host over TLS alone.
    return f"__Host-{name}" if _is_secure() else name


def _is_secure() -> bool:
    return composition.public_url().startswith("https://")
