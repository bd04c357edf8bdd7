"""One cloud with a stepped clock for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.stepped_cloud import SteppedCloud


@pytest.fixture(scope="module")
def running_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SteppedCloud]:
    with SteppedCloud(tmp_path_factory.mktemp("stepped")) as cloud:
        yield cloud


@pytest.fixture
def cloud(running_cloud: SteppedCloud) -> SteppedCloud:
    """The cloud, at the start of 2017."""
    running_cloud.set_clock()
    return running_cloud
