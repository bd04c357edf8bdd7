"""The clock alone: modes, timers, quiet, and its file."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from local.clock import ClockModeError, NotQuietError, ProgramClock, Source, epoch, iso

NEW_YEAR = epoch("2017-01-01T00:00:00Z")
DAY_SECONDS = 86_400.0


@pytest.fixture
def clock(tmp_path: Path) -> ProgramClock:
    clock = ProgramClock(tmp_path / "clock.json")
    clock.set_mode("stepped", now=NEW_YEAR)
    return clock


def test_a_new_clock_runs_with_the_wall_clock(tmp_path: Path) -> None:
    clock = ProgramClock(tmp_path / "clock.json")

    assert clock.mode == "wall"
    assert clock.now() == pytest.approx(time.time(), abs=1)


def test_a_factor_makes_the_clock_run_faster(tmp_path: Path) -> None:
    clock = ProgramClock(tmp_path / "clock.json")
    clock.set_mode("wall", now=NEW_YEAR, rate=1_000_000)

    clock.start()
    fired = threading.Event()
    clock.call_at(NEW_YEAR + DAY_SECONDS, fired.set)

    assert fired.wait(5)
    assert clock.now() >= NEW_YEAR + DAY_SECONDS


def test_lambdas_read_the_time_from_the_file(clock: ProgramClock, tmp_path: Path) -> None:
    clock.advance_to(NEW_YEAR + DAY_SECONDS)

    content = json.loads((tmp_path / "clock.json").read_text())

    assert content["program_epoch"] == NEW_YEAR + DAY_SECONDS
    assert content["rate"] == 0


def test_a_new_process_goes_on_from_the_file(clock: ProgramClock, tmp_path: Path) -> None:
    clock.advance_to(NEW_YEAR + DAY_SECONDS)

    restarted = ProgramClock(tmp_path / "clock.json")

    assert restarted.mode == "stepped"
    assert restarted.now() == NEW_YEAR + DAY_SECONDS


def test_timers_fire_in_the_order_of_their_moments(clock: ProgramClock) -> None:
    fired: list[tuple[str, float]] = []
    for name, days in (("third", 3), ("first", 1), ("second", 2), ("too late", 5)):
        clock.call_at(
            NEW_YEAR + days * DAY_SECONDS, lambda name=name: fired.append((name, clock.now()))
        )

    clock.advance_to(NEW_YEAR + 4 * DAY_SECONDS)

    assert fired == [
        ("first", NEW_YEAR + DAY_SECONDS),
        ("second", NEW_YEAR + 2 * DAY_SECONDS),
        ("third", NEW_YEAR + 3 * DAY_SECONDS),
    ]
    assert clock.now() == NEW_YEAR + 4 * DAY_SECONDS


def test_timers_set_by_timers_fire_in_the_same_advance(clock: ProgramClock) -> None:
    fired: list[float] = []

    def again() -> None:
        fired.append(clock.now())
        clock.call_at(clock.now() + DAY_SECONDS, again)

    clock.call_at(NEW_YEAR, again)
    clock.advance_to(NEW_YEAR + 10 * DAY_SECONDS)

    assert len(fired) == 11


def test_a_cancelled_timer_does_not_fire(clock: ProgramClock) -> None:
    fired: list[str] = []
    clock.call_at(NEW_YEAR + 1, lambda: fired.append("cancelled")).cancel()

    clock.advance_to(NEW_YEAR + 2)

    assert fired == []


def test_the_clock_moves_only_when_nothing_is_in_flight(clock: ProgramClock) -> None:
    seen: list[float] = []

    def slow_work() -> None:
        with clock.adopt("work"):
            time.sleep(0.05)  # work takes its time; a clock that did not wait would be ahead by now
            seen.append(clock.now())

    def begin() -> None:
        clock.enter("work")
        threading.Thread(target=slow_work).start()

    for day in range(5):
        clock.call_at(NEW_YEAR + day * DAY_SECONDS, begin)
    clock.advance_to(NEW_YEAR + 5 * DAY_SECONDS)

    assert seen == [NEW_YEAR + day * DAY_SECONDS for day in range(5)]


def test_the_clock_waits_for_what_a_probe_sees(clock: ProgramClock) -> None:
    queue = ["message"]
    clock.add_probe("queue", lambda: len(queue))
    threading.Timer(0.05, queue.clear).start()

    clock.advance_to(NEW_YEAR + 1)

    assert queue == []


def test_a_clock_that_never_gets_quiet_says_what_is_in_flight(clock: ProgramClock) -> None:
    clock.enter("lost work")

    with pytest.raises(NotQuietError, match="lost work"):
        clock.advance_to(NEW_YEAR + 1, timeout=0.05)


def test_a_blocked_thread_is_not_in_flight(clock: ProgramClock) -> None:
    woken_at: list[float] = []

    def sleeper() -> None:
        with clock.adopt("sleeper"):
            clock.wait(DAY_SECONDS)
            woken_at.append(clock.now())

    clock.enter("sleeper")
    threading.Thread(target=sleeper).start()
    clock.advance_to(NEW_YEAR + 2 * DAY_SECONDS)

    assert woken_at == [NEW_YEAR + DAY_SECONDS]


def test_an_event_ends_a_wait_before_its_time(clock: ProgramClock) -> None:
    answers: list[bool] = []
    event = threading.Event()

    def sleeper() -> None:
        with clock.adopt("sleeper"):
            answers.append(clock.wait(DAY_SECONDS, event=event))

    clock.enter("sleeper")
    threading.Thread(target=sleeper).start()
    clock.call_at(NEW_YEAR + 60, event.set)
    clock.advance_to(NEW_YEAR + 2 * DAY_SECONDS)

    assert answers == [True]


def test_sources_and_timers_take_turns(clock: ProgramClock) -> None:
    fired: list[str] = []
    dues = [NEW_YEAR + 10, NEW_YEAR + 30]

    def fire(due: float) -> None:
        dues.remove(due)
        fired.append(f"source {due - NEW_YEAR:.0f}")

    clock.add_source("dues", Source(lambda: min(dues, default=None), fire))
    for second in (20, 30, 40):
        clock.call_at(NEW_YEAR + second, lambda second=second: fired.append(f"timer {second}"))
    clock.advance_to(NEW_YEAR + 60)

    assert fired == ["source 10", "timer 20", "timer 30", "source 30", "timer 40"]


def test_only_a_stepped_clock_can_be_advanced(clock: ProgramClock) -> None:
    clock.set_mode("wall")

    with pytest.raises(ClockModeError):
        clock.advance_to(NEW_YEAR + DAY_SECONDS)


def test_the_clock_does_not_step_backwards(clock: ProgramClock) -> None:
    with pytest.raises(ClockModeError):
        clock.advance_to(NEW_YEAR - 1)


def test_the_state_tells_mode_time_and_what_is_due(clock: ProgramClock) -> None:
    clock.call_at(NEW_YEAR + DAY_SECONDS, lambda: None)

    state = clock.state()

    assert state["mode"] == "stepped"
    assert state["now"] == "2017-01-01T00:00:00.000Z"
    assert state["next_due"] == "2017-01-02T00:00:00.000Z"
    assert state["pending"] == {}


def test_times_are_written_and_read_with_their_zone() -> None:
    assert iso(epoch("2017-03-01T12:00:00.5+01:00")) == "2017-03-01T11:00:00.500Z"
    with pytest.raises(ValueError, match="zone"):
        epoch("2017-03-01T12:00:00")


def test_a_failing_timer_does_not_stop_the_time(clock: ProgramClock) -> None:
    fired: list[str] = []

    def fail() -> None:
        raise ValueError("broken")

    clock.call_at(NEW_YEAR + 1, fail)
    clock.call_at(NEW_YEAR + 2, lambda: fired.append("next"))
    clock.advance_to(NEW_YEAR + 3)

    assert fired == ["next"]


def test_a_step_without_work_costs_milliseconds_at_most(clock: ProgramClock) -> None:
    started = time.perf_counter()
    for second in range(200):
        clock.advance_to(NEW_YEAR + second)

    assert time.perf_counter() - started < 200 * 0.010
