"""One replay at a time, and one sample on a state."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from local.replay.alone import ReplayRefusedError, Sample, alone
from local.workspace import Workspace
from tests.support.ministack import ROOT

YEAR = Sample(40, date(2017, 1, 1), date(2017, 12, 31), 1)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(ROOT, tmp_path, 4566)


def test_while_one_replay_runs_there_is_no_other(workspace: Workspace) -> None:
    with (
        alone(workspace, YEAR),
        pytest.raises(ReplayRefusedError, match="running already"),
        alone(workspace, YEAR),
    ):
        pytest.fail("two at once")


def test_the_same_sample_may_be_replayed_again(workspace: Workspace) -> None:
    for _ in range(2):
        with alone(workspace, YEAR):
            pass


def test_one_that_failed_leaves_the_state_to_the_same_sample(workspace: Workspace) -> None:
    with pytest.raises(KeyError), alone(workspace, YEAR):
        raise KeyError
    with alone(workspace, YEAR):
        pass


@pytest.mark.parametrize(
    "other",
    [
        replace(YEAR, households=200),
        replace(YEAR, first_day=date(2017, 2, 1)),
        replace(YEAR, last_day=date(2017, 2, 1)),
        replace(YEAR, seed=2),
    ],
)
def test_another_sample_needs_a_fresh_state(workspace: Workspace, other: Sample) -> None:
    with alone(workspace, YEAR):
        pass
    with (
        pytest.raises(ReplayRefusedError, match=r"40 households .* fresh state"),
        alone(workspace, other),
    ):
        pytest.fail("mixed")
