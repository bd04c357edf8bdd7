"""Pages of portal and console: templates, texts in several languages, styles; all from `web/`."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, get_currency_precision
from babel.support import Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context

from loyalty.adapters.voucher_images import bars, qr
from loyalty.domain import calendar
from loyalty.domain.voucher_codes import shown

WEB: Final = Path(__file__).parent.parent / "web"
# What the templates are written in comes first.
LANGUAGES: Final = ("en", "de")
# The language alone does not say how its speakers write money and dates.
_LOCALES: Final[Mapping[str, str]] = {"en": "en_GB", "de": "de_DE"}
_CONTENT_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


class StaticFile(NamedTuple):
    """A file that never changes under its name."""

    content_type: str
    text: str


def language_for(accepted: str) -> str:
    """Return the language of `LANGUAGES` that an `Accept-Language` header asks for most."""
    wishes = []
    for place, wish in enumerate(accepted.split(",")):
        tag, _, quality = wish.partition(";")
        name = tag.strip().lower().split("-")[0]
        if name in LANGUAGES:
            wishes.append((-_quality(quality), place, name))
    return min(wishes)[2] if wishes else LANGUAGES[0]


def _quality(parameter: str) -> float:
    _, _, value = parameter.partition("=")
    try:
        return float(value) if value else 1.0
    except ValueError:
        return 0.0


@cache
def static_files() -> Mapping[str, StaticFile]:
    """Return what is served to everybody, by names that hold a hash of the content."""
    return {_hashed(file): _static(file) for file in sorted((WEB / "static").iterdir())}


def _static(file: Path) -> StaticFile:
    return StaticFile(_CONTENT_TYPES[file.suffix], file.read_text(encoding="utf-8"))


def _hashed(file: Path) -> str:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    return f"{file.stem}.{digest}{file.suffix}"


@cache
def _static_urls() -> Mapping[str, str]:
    return {file.name: f"/static/{_hashed(file)}" for file in (WEB / "static").iterdir()}


class WebPages:
    """Renders `web/templates`; values are escaped.

    A value that a template names and nobody gives is an error, not an empty place.
    """

    def __init__(self) -> None:
        self._environments = {language: _environment(language) for language in LANGUAGES}

    def render(self, template: str, context: Mapping[str, object], *, language: str) -> str:
        """Render `<template>.html` with `context` in one of `LANGUAGES`.

        `context` holds a `zone`, the time zone of its moments, where it has any.
        """
        return self._environments[language].get_template(f"{template}.html").render(context)


def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(WEB / "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    install: Any = environment.install_gettext_translations  # type: ignore[attr-defined]
    install(_translations(language), newstyle=True)
    locale = Locale.parse(_LOCALES[language])
    environment.filters |= _filters(locale)
    environment.globals |= {
        "bars": bars,
        "qr": qr,
        "language": language,
        "languages": _language_names(),
        "static": _static_urls().__getitem__,
    }
    return environment


def _language_names() -> Sequence[tuple[str, str]]:
    return [(name, Locale.parse(name).get_display_name(name) or name) for name in LANGUAGES]


def _translations(language: str) -> Translations:
    """Return the texts of `web/locales/<language>.po`, compiled here in some milliseconds."""
    file = WEB / "locales" / f"{language}.po"
    if not file.exists():
        return Translations()
    with file.open("rb") as source:
        catalog = read_po(source, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)


def _filters(locale: Locale) -> dict[str, Any]:
    def number(value: int) -> str:
        """As 12,345."""
        return format_decimal(value, locale=locale)

    def signed(value: int) -> str:
        """As +12,345 or −12,345."""
        return f"{'+' if value >= 0 else '−'}{number(abs(value))}"

    def money(minor: int, currency: str) -> str:
        """As €12.34, of minor units."""
        amount = Decimal(minor).scaleb(-get_currency_precision(currency))
        return format_currency(amount, currency, locale=locale)

    @pass_context
    def day(context: Context, moment: date | datetime, format: str = "d MMMM y") -> str:  # noqa: A002 -- Babel's name
        """As 3 May 2017, in the program's time zone."""
        return format_date(_in_zone(context, moment), _day_format(locale, format), locale=locale)

    @pass_context
    def last_day(context: Context, ends_at: datetime) -> str:
        """As 31 May 2017, of what is over with the midnight after it."""
        return day(context, calendar.last_day(ends_at, context["zone"]))

    @pass_context
    def time(context: Context, moment: datetime) -> str:
        """As 3 May 2017, 14:05, in the program's time zone."""
        return format_datetime(_in_zone(context, moment), "medium", locale=locale)

    return {
        "day": day,
        "grouped": shown,
        "last_day": last_day,
        "money": money,
        "number": number,
        "signed": signed,
        "time": time,
    }


def _in_zone(context: Context, moment: Any) -> Any:
    zone: tzinfo = context["zone"]
    return moment.astimezone(zone) if isinstance(moment, datetime) else moment


def _day_format(locale: Locale, wanted: str) -> str:
    # German puts a dot behind the day's number.
    return wanted.replace("d ", "d. ", 1) if locale.language == "de" else wanted
