"""What the emulated SES and SNS were asked to send, as they recorded it.

MiniStack's own inspection pages answer everything that was ever sent; a replay asks for what is
new hundreds of times.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ministack.services import ses, sns

Record = dict[str, Any]


def emails() -> Iterator[Record]:
    """Every e-mail of every account and region, in no order."""
    for key, records in ses._sent_emails.to_dict().items():
        if key[-1] == "entries":
            yield from records


def texts() -> Iterator[Record]:
    """Every text message to a phone number, in no order."""
    for records in sns._sms_messages.to_dict().values():
        yield from records
