"""Lambdas answer errors as AWS does, keep their process, and queue instead of multiplying."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from tests.support.ministack import Cloud

FAILS_ON_DEMAND = """
import os
class MemberBusy(Exception):
    pass
def handler(event, context):
    print("handling", event)
    if event == "busy":
        raise MemberBusy("try again")
    if event == "exit":
        os._exit(3)
    if event == "unserialisable":
        return {1, 2}
    if event == "slow":
        import time
        time.sleep(30)
    return {"pid": os.getpid(), "name": context.function_name}
"""


def test_an_exception_keeps_its_class_message_and_stack(cloud: Cloud, unique: str) -> None:
    cloud.create_function(unique, FAILS_ON_DEMAND)
    error = cloud.invoke(unique, "busy")
    assert error["errorType"] == "MemberBusy"
    assert error["errorMessage"] == "try again"
    assert error["requestId"]
    assert "raise MemberBusy" in "".join(error["stackTrace"])


def test_the_process_lives_on_after_an_exception(cloud: Cloud, unique: str) -> None:
    cloud.create_function(unique, FAILS_ON_DEMAND)
    before = cloud.invoke(unique, "fine")
    cloud.invoke(unique, "busy")
    assert cloud.invoke(unique, "fine") == before == {"pid": before["pid"], "name": unique}


def test_errors_of_the_runtime_have_the_types_of_aws(cloud: Cloud, unique: str) -> None:
    cloud.create_function(unique, FAILS_ON_DEMAND, Timeout=1)
    assert cloud.invoke(unique, "exit")["errorType"] == "Runtime.ExitError"
    assert cloud.invoke(unique, "unserialisable")["errorType"] == "Runtime.MarshalError"
    timeout = cloud.invoke(unique, "slow")
    assert timeout["errorType"] == "Sandbox.Timedout"
    assert "Task timed out after 1.00 seconds" in timeout["errorMessage"]
    assert cloud.invoke(unique, "fine")["name"] == unique


def test_a_module_that_cannot_be_imported_is_named(cloud: Cloud, unique: str) -> None:
    cloud.create_function(unique, "import nowhere_to_be_found")
    error = cloud.invoke(unique)
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert "nowhere_to_be_found" in error["errorMessage"]


def test_a_warm_call_does_not_wait_for_log_lines(cloud: Cloud, unique: str) -> None:
    """Raw MiniStack waits 0.05 s in each call; other work slows most calls, not the fastest."""
    cloud.create_function(unique, "def handler(event, context): return event")
    cloud.invoke(unique, 0)
    fastest = float("inf")
    for number in range(20):
        started = time.monotonic()
        assert cloud.invoke(unique, number) == number
        fastest = min(fastest, time.monotonic() - started)
    assert fastest < 0.05


def test_what_a_handler_prints_is_in_its_log_group(cloud: Cloud, unique: str) -> None:
    cloud.create_function(unique, FAILS_ON_DEMAND)
    cloud.invoke(unique, "fine")
    cloud.invoke(unique, "busy")
    logs = cloud.client("logs")
    group = f"/aws/lambda/{unique}"
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert len(streams) == 1, "one stream for the one process"
    events = logs.filter_log_events(logGroupName=group)["events"]
    text = "\n".join(event["message"] for event in events)
    assert "handling fine" in text
    assert "MemberBusy: try again" in text


def test_parallel_calls_wait_for_one_of_a_few_processes(cloud: Cloud, unique: str) -> None:
    source = "import os, time\ndef handler(event, context):\n time.sleep(0.1)\n return os.getpid()"
    cloud.create_function(unique, source)
    with ThreadPoolExecutor(16) as pool:
        pids = list(pool.map(lambda _: cloud.invoke(unique), range(16)))
    assert 1 < len(set(pids)) <= 4
