from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def no_pauses_between_retries(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Collect the pauses that `with_retries` would have made."""
    pauses: list[float] = []
    monkeypatch.setattr("loyalty.services.retrying.sleep", pauses.append)
    return pauses
