"""What the launcher puts into its environment before MiniStack is imported.

MiniStack reads its settings at import, listens on every interface and opens extra ports
unless told otherwise; none of that is wanted on a laptop.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path

from local.clock import CLOCK_FILE_VARIABLE
from local.workspace import HOST, REGION, Workspace

_FIXED = {
    "BIND_HOST": HOST,
    "IOT_MTLS_ENABLED": "0",
    "SFTP_ENABLED": "0",
    "MINISTACK_REGION": REGION,
    # Our snapshots (local.emulator.snapshots) replace MiniStack's save at a clean stop.
    "PERSIST_STATE": "0",
    "S3_PERSIST": "1",
}
_DEFAULTS = {
    "LOG_LEVEL": "WARNING",
    # A function's workers beyond the first are given back after a minute without work.
    "LAMBDA_WARM_TTL_SECONDS": "60",
}
# These would reach the Lambdas' imports and SDK clients through the launcher.
_REMOVED = ("PYTHONPATH", "AWS_ENDPOINT_URL", "AWS_PROFILE", "EDGE_PORT")


def emulator_dir(workspace: Workspace) -> Path:
    """Directory of everything that the emulator keeps over a restart."""
    return workspace.state_dir / "emulator"


def prepare(workspace: Workspace, environ: MutableMapping[str, str] = os.environ) -> None:
    """Set MiniStack's variables and make its directory; call before its first import."""
    directory = emulator_dir(workspace)
    directory.mkdir(parents=True, exist_ok=True)
    for name in _REMOVED:
        environ.pop(name, None)
    environ.update(_FIXED)
    for name, value in _DEFAULTS.items():
        environ.setdefault(name, value)
    environ["GATEWAY_PORT"] = str(workspace.port)
    environ[CLOCK_FILE_VARIABLE] = str(workspace.clock_file)
    environ["STATE_DIR"] = str(directory)
    environ["S3_DATA_DIR"] = str(directory / "s3")
