"""What all tests share: how far property tests go, and which tests keep together on one worker."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

TESTS = Path(__file__).parent
# Their tests share a running cloud, which one worker has.
SHARING_FOLDERS = ("system", "local")

settings.register_profile(
    "default", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=2000)
settings.load_profile("default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by their folder; keep those of a file, or of a sharing folder, together."""
    for item in items:
        path = item.path.relative_to(TESTS)
        folder = path.parts[0]
        if folder == "system":
            item.add_marker(pytest.mark.system)
        if item.get_closest_marker("xdist_group") is None:
            group = folder if folder in SHARING_FOLDERS else path.as_posix()
            item.add_marker(pytest.mark.xdist_group(group))
