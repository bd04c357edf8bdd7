"""Sent messages are kept over a restart, each with the program's time at which it was sent.

Raw MiniStack leaves e-mails out of its saved state, so that after a restart the links in them
could not be found any more; it stamps them with the wall clock, and text messages not at all.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from ministack.services import ses, sns

from local.clock import program_clock

_STATE_KEY = "_sent_emails"


def apply() -> None:
    ses.get_state = _with_sent_mail(ses.get_state)
    ses.load_persisted_state = _restoring_sent_mail(ses.load_persisted_state)
    sns._publish = _stamping(sns._publish)


def _with_sent_mail(get_state: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    def get_whole_state() -> dict[str, Any]:
        return {**get_state(), _STATE_KEY: copy.deepcopy(ses._sent_emails)}

    return get_whole_state


def _restoring_sent_mail(
    restore: Callable[[dict[str, Any]], None],
) -> Callable[[dict[str, Any]], None]:
    def restore_whole_state(data: dict[str, Any]) -> None:
        restore(data)
        ses._sent_emails.update(data.get(_STATE_KEY, {}))

    return restore_whole_state


def _stamping(
    publish: Callable[[dict[str, Any]], tuple[int, Any, Any]],
) -> Callable[[dict[str, Any]], tuple[int, Any, Any]]:
    """Text messages in the log of their phone number get the time that e-mails have."""

    def publish_stamped(params: dict[str, Any]) -> tuple[int, Any, Any]:
        answer = publish(params)
        for records in sns._sms_messages.values():
            if records and "Timestamp" not in records[-1]:
                records[-1]["Timestamp"] = program_clock().now()
        return answer

    return publish_stamped
