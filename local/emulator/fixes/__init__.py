"""The fixes, in the order in which they are applied, and the one version they fit.

A fix module has ``apply() -> None``, which replaces names in MiniStack's modules, and a
docstring that says what the raw emulator does and what AWS does. Fixes reach into private
names, so another version of MiniStack must be looked at before it may run.
"""

from __future__ import annotations

import importlib
from importlib.metadata import version

MINISTACK_VERSION = "1.5.33"

FIXES = (
    "dynamodb_ttl",  # first, because it must be the one to import MiniStack's DynamoDB
    "dynamodb_lock",
    "dynamodb_expressions",
    "stream_state",
    "stream_mappings",
    "lambda_workers",
    "lambda_logs",
    "gateway_responses",
    "rule_targets",
    "message_moves",
    "mail_headers",
    "sent_mail",
    "interrupted_deploys",
    # These put MiniStack on the program clock, and count what the fixes above have started.
    "in_flight",
    "program_time",
    "async_invocations",
    "stepfunctions_engine",
    "schedules",
)


class UnsupportedVersionError(Exception):
    """The installed MiniStack is not the one that the fixes were written for."""


def check_version() -> None:
    """Refuse to run with a MiniStack that the fixes do not know."""
    installed = version("ministack")
    if installed != MINISTACK_VERSION:
        raise UnsupportedVersionError(
            f"ministack {installed} is installed, but the fixes in local/emulator/fixes fit "
            f"{MINISTACK_VERSION} only; install the pinned requirements"
        )


def apply_all() -> None:
    """Check the version, then apply every fix once."""
    check_version()
    for name in FIXES:
        importlib.import_module(f"{__name__}.{name}").apply()
