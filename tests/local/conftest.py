"""One emulator for all tests of this folder; tests name their own resources."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.ministack import Cloud

SAMPLE_APP = Path(__file__).parent / "sample_app"


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with Cloud(tmp_path_factory.mktemp("cloud")) as running:
        yield running


@pytest.fixture
def unique() -> str:
    """A name that no other test uses."""
    return f"test-{uuid4().hex[:12]}"


@pytest.fixture
def sample_app(tmp_path: Path) -> Path:
    """A copy of the smallest app with one resource of each kind, which a test may change."""
    folder = tmp_path / "app"
    shutil.copytree(SAMPLE_APP, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder
