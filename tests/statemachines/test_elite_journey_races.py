"""Answers that race with the journey's own steps: member, journey and messages agree in all.

Every run takes the requests of all that happens at one moment in another order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from tests.support.journey_cloud import ANSWERS, JourneyCloud, Mail, Troubles, journey_cloud

# 200 runs of each race; a test takes 50 of them.
SEEDS = [range(first, first + 50) for first in range(0, 200, 50)]
with_all_seeds = pytest.mark.parametrize("seeds", SEEDS, ids=str)
WINDOW = timedelta(days=14)
AT_ONCE = timedelta()
ENDS = {
    "accept": ("active", "Activated", "InviteAccepted", ["invite", "welcome"]),
    "decline": ("not_interested", "Declined", "InviteDeclined", ["invite"]),
}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JourneyCloud]:
    with journey_cloud(tmp_path_factory.mktemp("cloud")) as made:
        yield made


def answers(cloud: JourneyCloud, *given: str, after: timedelta) -> None:
    """Let the customer answer a while after each mail, every answer at the same moment."""

    def answer(mail: Mail) -> None:
        if mail.message_id != "welcome":
            for one in given:
                cloud.clock.at(after, lambda one=one: cloud.answer(one, mail))  # type: ignore[misc]

    cloud.when_mailed = answer


def check_that_all_agree(cloud: JourneyCloud, given: str, *, reminded: bool = False) -> None:
    status, end, fact, messages = ENDS[given]
    assert cloud.member().status == status
    assert cloud.member().enrolled == (given == "accept")
    assert [one.event for one in cloud.facts() if one.event in ANSWERS] == [fact]
    assert cloud.endings() == {end}
    expected = [*messages, "reminder"] if reminded else messages
    assert Counter(mail.message_id for mail in cloud.mails) == Counter(expected)


def hold_the_token(cloud: JourneyCloud) -> Callable[[], None]:
    """Return what keeps the token from its place until the answer's event has been worked off."""

    def hold() -> None:
        while cloud.told_at is None:
            cloud.clock.sleep(1)

    return hold


@with_all_seeds
def test_an_answer_between_the_mail_and_the_token(cloud: JourneyCloud, seeds: range) -> None:
    tokens, told_first = Counter[int](), Counter[bool]()
    for seed in seeds:
        given = ("accept", "decline")[seed % 2]
        cloud.begin(seed)
        answers(cloud, given, after=AT_ONCE)
        # The event's waking finds no token in half of the runs: only the own one is left then.
        told_first[is_told_first := cloud.happens(0.5)] += 1
        if is_told_first:
            cloud.before_token = hold_the_token(cloud)
        issued = len(cloud.machines.tokens.issued)

        cloud.finish()

        check_that_all_agree(cloud, given)
        [run] = cloud.runs.values()
        assert run.stopped_at is not None
        assert run.stopped_at - cloud.mails[0].sent_at < timedelta(seconds=10)
        tokens[len(cloud.machines.tokens.issued) - issued] += 1
    assert tokens[1] > 0
    assert min(told_first[True], told_first[False]) > 10


@with_all_seeds
def test_an_answer_at_the_very_time_out(cloud: JourneyCloud, seeds: range) -> None:
    in_time = Counter[bool]()
    for seed in seeds:
        given = ("accept", "decline")[seed % 2]
        cloud.begin(seed)
        answers(cloud, given, after=WINDOW)

        cloud.finish()

        reminded = any(mail.message_id == "reminder" for mail in cloud.mails)
        check_that_all_agree(cloud, given, reminded=reminded)
        in_time[not reminded] += 1
    assert in_time[True] > 0
    assert in_time[False] > 0


@with_all_seeds
def test_accepting_against_declining(cloud: JourneyCloud, seeds: range) -> None:
    held = Counter[str]()
    for seed in seeds:
        cloud.begin(seed)
        # In half of the runs the journey has its token by then.
        answers(cloud, "accept", "decline", after=timedelta(hours=seed % 2))

        cloud.finish()

        assert len(cloud.answers_taken) == 1
        check_that_all_agree(cloud, cloud.answers_taken[0])
        held[cloud.answers_taken[0]] += 1
    assert min(held["accept"], held["decline"]) > 0


@with_all_seeds
def test_a_waking_that_fails(cloud: JourneyCloud, seeds: range) -> None:
    troubles = Troubles(double_events=0.5)
    deaths = 0
    for seed in seeds:
        given = ("accept", "decline")[seed % 2]
        cloud.begin(seed, troubles)
        cloud.dying = {"InviteAccepted", "InviteDeclined"}
        answers(cloud, given, after=timedelta(minutes=seed % 3))

        cloud.finish()

        check_that_all_agree(cloud, given)
        deaths += cloud.deaths
    assert deaths > len(seeds) // 2
