"""What links answered the first time is what a repeated replay goes on from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from local.replay.answers import FirstAnswers

NOON = datetime(2017, 3, 15, 12, tzinfo=UTC)


def test_a_link_that_is_followed_again_keeps_what_it_said(tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    assert FirstAnswers(file).first(7, NOON, 200) == 200
    again = FirstAnswers(file)
    assert again.first(7, NOON, 410) == 200
    assert again.first(7, NOON + timedelta(days=1), 410) == 410
    assert again.first(8, NOON, 409) == 409
    assert len(file.read_text().splitlines()) == 3
