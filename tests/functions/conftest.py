"""The application in moto, for tests that call its handlers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.console import Console, console
from tests.support.console_desk import furnish
from tests.support.examples import NOW
from tests.support.moto_app import MotoApp, moto_app
from tests.support.portal_app import Portal


@pytest.fixture
def app(tmp_path: Path) -> Iterator[MotoApp]:
    with moto_app(tmp_path, NOW) as application:
        yield application


@pytest.fixture
def portal(app: MotoApp, monkeypatch: pytest.MonkeyPatch) -> Portal:
    return Portal(app, monkeypatch)


@pytest.fixture
def staff(app: MotoApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Console:
    """The console, with something on every page."""
    furnish(app)
    return console(app, tmp_path, monkeypatch)
