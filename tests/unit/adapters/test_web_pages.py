"""Texts of the pages in all languages, written as each language does; codes that scanners read."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from loyalty.adapters.voucher_images import bars, qr
from loyalty.adapters.web_pages import LANGUAGES, WEB, WebPages, language_for, static_files

PAGES = WebPages()
TEMPLATES = [("**.html", "jinja2.ext:babel_extract")]
# Staff read English.
UNTRANSLATED = ("console/",)


def written_texts() -> set[Any]:
    """Return the texts of all templates, as a translator gets them."""
    extracted = extract_from_dir(
        str(WEB / "templates"), TEMPLATES, options_map={"**.html": {"trimmed": "true"}}
    )
    return {text for file, _, text, _, _ in extracted if not file.startswith(UNTRANSLATED)}


def catalog(language: str) -> Catalog:
    with (WEB / "locales" / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_every_text_is_translated_and_no_translation_is_left_over(language: str) -> None:
    messages = {message.id: message for message in catalog(language) if message.id}
    assert set(messages) == written_texts()
    for message in messages.values():
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(texts), message.id
        assert not list(message.check()), message.id
        assert not message.fuzzy


def test_german_says_du() -> None:
    polite = re.compile(r"\b(Ihnen|Ihr(e[mnrs]?)?|[a-zäöü]+en Sie)\b")
    for message in catalog("de"):
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        assert not [text for text in texts if polite.search(text)], message.id


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "en"),
        ("en;q=0.1,de;q=0.2", "de"),
        ("en,de", "en"),
        ("fr", "en"),
        ("de;q=nonsense,en;q=0.5", "en"),
        (";;;,,=", "en"),
    ],
)
def test_the_language_that_a_browser_asks_for(accepted: str, language: str) -> None:
    assert language_for(accepted) == language


def rendered(source: str, language: str, **context: Any) -> str:
    template = PAGES._environments[language].from_string(source)
    return template.render(zone=ZoneInfo("Europe/Berlin"), **context)


@pytest.mark.parametrize(
    ("source", "value", "english", "german"),
    [
        ("{{ value|number }}", 1_234_567, "1,234,567", "1.234.567"),
        ("{{ value|signed }}", 1_234, "+1,234", "+1.234"),
        ("{{ value|signed }}", -42, "−42", "−42"),
        ("{{ value|money('EUR') }}", 123_456, "€1,234.56", "1.234,56\xa0€"),
        ("{{ value|money('JPY') }}", 1_234, "JP¥1,234", "1.234\xa0¥"),
        ("{{ value|money('KWD') }}", 1_234, "KWD1.234", "1,234\xa0KWD"),
        ("{{ value|day }}", date(2017, 5, 3), "3 May 2017", "3. Mai 2017"),
        # Half past ten in the evening in London is the next day in Berlin.
        (
            "{{ value|day }}",
            datetime(2017, 5, 2, 22, 30, tzinfo=UTC),
            "3 May 2017",
            "3. Mai 2017",
        ),
        # Over with the midnight after 31 May in Berlin.
        (
            "{{ value|last_day }}",
            datetime(2017, 5, 31, 22, tzinfo=UTC),
            "31 May 2017",
            "31. Mai 2017",
        ),
    ],
)
def test_numbers_money_and_days_are_written_as_the_language_does(
    source: str, value: object, english: str, german: str
) -> None:
    assert rendered(source, "en", value=value) == english
    assert rendered(source, "de", value=value) == german


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_comes_from_outside_is_text(language: str) -> None:
    evil = "<script>alert(1)</script>\" onload='x' %(name)s {{ 7 * 7 }}"
    html = rendered('{{ _("Hello, %(name)s", name=value) }} {{ value }}', language, value=evil)
    assert "<script" not in html
    assert "&#34; onload=&#39;x&#39; %(name)s {{ 7 * 7 }}" in html


VIEW = SimpleNamespace(state="open", subscribed=True)
INVITATIONS: list[tuple[str, dict[str, Any]]] = [
    ("invitation", {"view": VIEW, "token": "abc.def", "answer": "accept"}),
    ("invitation", {"view": VIEW, "token": "abc.def", "answer": "decline"}),
    ("invitation", {"view": SimpleNamespace(state="accepted"), "token": "t", "answer": "accept"}),
    ("invitation", {"view": SimpleNamespace(state="declined"), "token": "t", "answer": "accept"}),
    *(
        ("accepted", {"portal_url": "https://elite.example/x", "opens_account": opens_account})
        for opens_account in (True, False)
    ),
    ("declined", {"view": VIEW}),
    *(("answered", {"is_declined": is_declined}) for is_declined in (True, False)),
    ("unsubscribe", {"view": VIEW, "token": "abc.def"}),
    ("unsubscribe", {"view": SimpleNamespace(subscribed=False), "token": "t"}),
    ("unsubscribed", {"view": VIEW}),
    *(
        ("refused", {"problem": SimpleNamespace(code=code)})
        for code in (
            "invitation_expired",
            "invitation_invalid",
            "member_busy",
        )
    ),
]


def invitation(template: str, language: str = "en", **context: Any) -> str:
    return PAGES.render(f"invitation/{template}", {"csrf": None, **context}, language=language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("template", "context"), INVITATIONS)
def test_pages_of_links_run_nothing_and_load_from_us_alone(
    template: str, context: dict[str, Any], language: str
) -> None:
    html = invitation(template, language, **context)
    assert not re.search(r"<(script|iframe)|url\(|javascript:| on\w+=| style=", html)
    loaded = re.findall(r'(?:src|<link[^>]* href)="([^"]*)"', html)
    assert loaded
    assert all(address.removeprefix("/static/") in static_files() for address in loaded)
    assert f'<html lang="{language}">' in html
    assert html.count("<h1>") == 1


@pytest.mark.parametrize("answer", ["accept", "decline"])
def test_only_a_form_answers(answer: str) -> None:
    html = invitation("invitation", view=VIEW, token="abc.def", answer=answer)
    assert f'<form method="post" action="abc.def/{answer}">' in html


def test_an_answered_invitation_has_nothing_to_press() -> None:
    view = SimpleNamespace(state="accepted")
    html = invitation("invitation", view=view, token="t", answer="accept")
    assert "<form" not in html


def test_no_style_is_loaded_from_elsewhere() -> None:
    for file in static_files().values():
        assert not re.search(r"@import|https?://(?!www\.w3\.org)|url\(", file.text)


def test_the_bars_are_code_128_with_quiet_zones() -> None:
    svg = unquote(bars("0123456789ABCDEFGH").removeprefix("data:image/svg+xml,"))
    [width] = map(int, re.findall(r'viewBox="0 0 (\d+) 1"', svg))
    dark = svg.split("<path")[2]
    strokes = [(int(x), int(run)) for x, run in re.findall(r"M(\d+) 0h(\d+)v1", dark)]
    assert strokes[0][0] == 10
    assert strokes[-1][0] + strokes[-1][1] == width - 10
    # Start, the symbols and the check symbol are 11 modules each, the stop is 13.
    assert (width - 20 - 13) % 11 == 0
    assert {run for _, run in strokes} <= {1, 2, 3, 4}


def test_the_qr_code_is_a_picture_in_the_page() -> None:
    assert qr("0123456789ABCDEFGH").startswith("data:image/svg+xml")
    assert len(qr("0123456789ABCDEFGH")) < 2_000
