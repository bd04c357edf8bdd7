"""Sent messages: stamped with the program's time, and there after a crash."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.ministack import Cloud, wait_until

MOMENT = "2017-05-01T00:00:00Z"


def send(cloud: Cloud) -> None:
    ses = cloud.client("ses")
    ses.verify_email_identity(EmailAddress="shop@example.org")
    ses.send_email(
        Source="shop@example.org",
        Destination={"ToAddresses": ["ann@example.org"]},
        Message={"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello Ann"}}},
    )
    cloud.client("sns").publish(PhoneNumber="+4912345", Message="Gold!")


def sent(cloud: Cloud) -> list[tuple[str, str]]:
    items: list[dict[str, Any]] = cloud.get("/_local/mail?format=json")["items"]
    return sorted((item["channel"], item["sent_at"]) for item in items)


def test_messages_have_the_programs_time_and_survive_a_kill(tmp_path: Path) -> None:
    with Cloud(tmp_path, {"LOYALTY_SNAPSHOT_SECONDS": "0.1"}) as cloud:
        cloud.post("/_local/clock", {"mode": "stepped", "now": MOMENT})
        send(cloud)
        expected = [("email", "2017-05-01T00:00:00.000Z"), ("sms", "2017-05-01T00:00:00.000Z")]
        assert sent(cloud) == expected

        state_file = tmp_path / "emulator" / "state.json"
        wait_until(lambda: state_file.exists() and "Gold!" in state_file.read_text())
        cloud.kill()
        cloud.start()

        assert sent(cloud) == expected
