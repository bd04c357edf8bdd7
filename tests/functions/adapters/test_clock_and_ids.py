"""Program time and derived ids."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from loyalty.adapters.clock import FileClock, SystemClock
from loyalty.adapters.ids import DerivedIds

NEW_YEAR = datetime(2017, 1, 1, tzinfo=UTC)


def set_clock(file: Path, program: datetime, *, rate: float, wall_epoch: float = 0.0) -> None:
    setting = {"program_epoch": program.timestamp(), "wall_epoch": wall_epoch, "rate": rate}
    new = file.with_suffix(".new")
    new.write_text(json.dumps(setting))
    new.rename(file)


class TestFileClock:
    def test_stands_still_until_it_is_set_again(self, tmp_path: Path) -> None:
        file = tmp_path / "clock.json"
        set_clock(file, NEW_YEAR, rate=0)
        clock = FileClock(file)
        assert clock.now() == clock.now() == NEW_YEAR
        set_clock(file, NEW_YEAR + timedelta(days=1), rate=0)
        assert clock.now() == NEW_YEAR + timedelta(days=1)

    def test_runs_at_its_rate(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        file = tmp_path / "clock.json"
        set_clock(file, NEW_YEAR, rate=3600, wall_epoch=1000.0)
        monkeypatch.setattr(time, "time", lambda: 1012.0)
        assert FileClock(file).now() == NEW_YEAR + timedelta(hours=12)


def test_the_system_clock_is_utc() -> None:
    assert abs(SystemClock().now() - datetime.now(UTC)) < timedelta(seconds=5)


class TestDerivedIds:
    ids = DerivedIds(lambda: b"secret")

    def test_a_retry_gets_the_same_id(self) -> None:
        assert self.ids.derive("m", "order/pos/1") == self.ids.derive("m", "order/pos/1")

    def test_kind_cause_and_secret_make_a_difference(self) -> None:
        other = DerivedIds(lambda: b"another")
        made = {
            self.ids.derive("m", "order/pos/1"),
            self.ids.derive("m", "order/pos/2"),
            self.ids.derive("t", "order/pos/1")[1:],
            other.derive("m", "order/pos/1"),
        }
        assert len({name[-20:] for name in made}) == 4

    def test_ids_fit_into_keys_urls_and_names(self) -> None:
        assert re.fullmatch(r"m[a-z2-7]{20}", self.ids.derive("m", "order/pos/1"))
