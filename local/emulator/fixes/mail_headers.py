"""A sent e-mail keeps its own headers and tags.

Raw MiniStack drops ``Headers`` of simple content and ``EmailTags`` of SES ``SendEmail``. AWS
sends the headers (a one-click unsubscribe is nothing but headers) and reports the tags with
every event of the message.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.services import ses, ses_v2

_SEND = ("POST", "/v2/email/outbound-emails")


def apply() -> None:
    handle = ses_v2.handle_request

    async def handle_and_note(
        method: str, path: str, headers: Any, body: bytes, query: Any
    ) -> tuple[int, Any, bytes]:
        status, answer_headers, answer = await handle(method, path, headers, body, query)
        if (method, path) == _SEND and status == 200:
            _note(json.loads(body), json.loads(answer)["MessageId"])
        return status, answer_headers, answer

    ses_v2.handle_request = handle_and_note


def _note(request: dict[str, Any], message_id: str) -> None:
    record = next(
        record for record in reversed(ses._sent_emails_list()) if record["MessageId"] == message_id
    )
    record["Headers"] = request["Content"].get("Simple", {}).get("Headers", [])
    record["Tags"] = request.get("EmailTags", [])
