"""Cold start: a fresh process imports the orders' handler and takes its first order.

To one that makes a client.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

from benchmarks.laboratory import Laboratory, enrolled, order_body, order_event, report
from local.workspace import REGION
from tests.support.ministack import ROOT

_PAIRS = 11
_OURS = """
import json, sys, time
event = json.loads(sys.stdin.read())
began = time.perf_counter(), time.process_time()
from types import SimpleNamespace
from api.orders import handler
names = ("function_name", "memory_limit_in_mb", "invoked_function_arn", "aws_request_id")
context = SimpleNamespace(**dict.fromkeys(names, "benchmark"))
answer = handler(event, context)
ended = time.perf_counter(), time.process_time()
assert answer["statusCode"] == 201, answer
print(ended[0] - began[0], ended[1] - began[1])
"""
_BARE = f"""
import sys, time
sys.stdin.read()
began = time.perf_counter(), time.process_time()
import botocore.session
def handler(event, context):
    return botocore.session.get_session().create_client("dynamodb", region_name="{REGION}")
handler({{}}, None)
print(time.perf_counter() - began[0], time.process_time() - began[1])
"""


def measure(laboratory: Laboratory) -> None:
    """Print the ratios of wall and CPU time, from the first import to the end of the first call.

    pip has compiled botocore. Python may keep our modules compiled too, whatever the machine's
    settings say: else the ratio would be that of a compiler to a process without one.
    """
    member_id = enrolled(laboratory, "cold@example.com")
    ours, bare = [], []
    with tempfile.TemporaryDirectory() as bytecode:
        environment = {
            **os.environ,
            **laboratory.environment("OrdersApiFunction"),
            "PYTHONPATH": os.pathsep.join(
                [str(ROOT / "functions"), str(ROOT / "layers" / "loyalty")]
            ),
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": bytecode,
        }
        for number in range(_PAIRS + 1):
            event = json.dumps(order_event(order_body(900_000 + number, {"member_id": member_id})))
            ours.append(_seconds(_OURS, event, environment))
            bare.append(_seconds(_BARE, event, environment))
    # The first pair fills the disk cache and compiles.
    for clock, name in enumerate(("wall", "CPU")):
        report(
            f"cold start, {name}",
            [spent[clock] for spent in ours[1:]],
            [spent[clock] for spent in bare[1:]],
            "s",
            goal=1.6,
        )


def _seconds(code: str, event: str, environment: dict[str, str]) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=event,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    wall, cpu = done.stdout.split()
    return float(wall), float(cpu)
