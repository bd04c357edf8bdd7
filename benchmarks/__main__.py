"""`python -m benchmarks`: every ratio, in one run."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from benchmarks import bulk_import, cold_start, warm_orders
from benchmarks.laboratory import CONTEXT, Laboratory, laboratory, order_event
from tests.support.ministack import ROOT


def main() -> None:
    """Measure cold start, warm orders and the bulk import."""
    sys.path[:0] = [str(ROOT / "functions"), str(ROOT / "layers" / "loyalty")]
    with laboratory() as lab:
        os.environ.update(lab.environment("ImportChunkFunction"))
        member_id = _enrolled(lab)
        cold_start.measure(lab, member_id)
        warm_orders.measure(lab, member_id)
        bulk_import.measure(lab)


def _enrolled(lab: Laboratory) -> str:
    os.environ.update(lab.environment("MembersApiFunction"))
    from api.members import handler

    event: dict[str, Any] = order_event({"email": "benchmark@example.com"})
    event |= {"resource": "/v1/members", "path": "/v1/members"}
    event["requestContext"]["path"] = "/v1/members"
    answer = handler(event, CONTEXT)
    member_id: str = json.loads(answer["body"])["member_id"]
    return member_id


if __name__ == "__main__":
    main()
