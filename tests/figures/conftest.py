"""Documents whose figures are measured: `make figures` writes them, the tests hold them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
WRITE = "--write-figures"

Hold = Callable[[str, str], None]


@pytest.fixture
def hold(request: pytest.FixtureRequest) -> Hold:
    """Hold a document to what was measured, or write it when asked to."""

    def hold_or_write(name: str, measured: str) -> None:
        file = DOCS / name
        if request.config.getoption(WRITE):
            file.write_text(measured)
        assert file.read_text() == measured, "run `make figures`"

    return hold_or_write
