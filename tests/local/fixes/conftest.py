"""A cloud with a stepped clock, for the fixes that are about time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.stepped_cloud import SteppedCloud


@pytest.fixture(scope="module")
def running_stepped_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SteppedCloud]:
    with SteppedCloud(tmp_path_factory.mktemp("stepped")) as cloud:
        yield cloud


@pytest.fixture
def stepped_cloud(running_stepped_cloud: SteppedCloud) -> SteppedCloud:
    """The cloud, at the start of 2017."""
    running_stepped_cloud.set_clock()
    return running_stepped_cloud
