"""Events that a Lambda has accepted are not lost: tried again on the clock, even after a kill."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.ministack import wait_until
from tests.support.stepped_cloud import SteppedCloud

REFUSES_UNTIL = """
import json, os

def handler(event, context):
    with open(os.environ["LOYALTY_CLOCK_FILE"]) as file:
        now = json.load(file)["program_epoch"]
    if now < event["until"]:
        raise ValueError("not yet")
"""

NEW_YEAR = 1_483_228_800


def create_function(cloud: SteppedCloud, name: str) -> None:
    variables = {"LOYALTY_CLOCK_FILE": str(cloud.state_dir / "clock.json")}
    cloud.create_function(name, REFUSES_UNTIL, Environment={"Variables": variables})


def send(cloud: SteppedCloud, function: str, until: int) -> None:
    cloud.client("lambda").invoke(
        FunctionName=function, InvocationType="Event", Payload=json.dumps({"until": until})
    )


def next_due(cloud: SteppedCloud) -> str | None:
    cloud.settle()
    return cloud.get("/_local/clock")["next_due"]  # type: ignore[no-any-return]


def test_a_refused_event_is_tried_again_after_one_and_after_two_minutes(
    stepped_cloud: SteppedCloud, unique: str
) -> None:
    create_function(stepped_cloud, unique)
    send(stepped_cloud, unique, until=NEW_YEAR + 61)

    assert next_due(stepped_cloud) == "2017-01-01T00:01:00.000Z"
    stepped_cloud.advance(seconds=60)
    assert next_due(stepped_cloud) == "2017-01-01T00:03:00.000Z"
    stepped_cloud.advance(seconds=120)
    assert next_due(stepped_cloud) is None


def test_a_taken_event_is_done_with(stepped_cloud: SteppedCloud, unique: str) -> None:
    create_function(stepped_cloud, unique)
    send(stepped_cloud, unique, until=0)

    assert next_due(stepped_cloud) is None


def test_a_refused_event_is_tried_again_after_a_kill(tmp_path: Path, unique: str) -> None:
    cloud = SteppedCloud(tmp_path)
    with cloud:
        cloud.set_clock()
        create_function(cloud, unique)
        send(cloud, unique, until=NEW_YEAR + 60)
        cloud.settle()
        snapshot = tmp_path / "emulator" / "state.json"
        wait_until(lambda: snapshot.exists() and '"failures": 1' in snapshot.read_text())

        cloud.kill()
        cloud.start()

        # A restored event is tried once more at its own time.
        assert next_due(cloud) == "2017-01-01T00:01:00.000Z"
        cloud.advance(seconds=60)
        assert next_due(cloud) is None
