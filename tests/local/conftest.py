"""One emulator for all tests of this folder; tests name their own resources."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.support.ministack import Cloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with Cloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture
def unique() -> str:
    """A name that no other test uses."""
    return f"test-{uuid4().hex[:12]}"
