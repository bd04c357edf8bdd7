"""``.local/outputs.json``: the addresses of the cloud that stands, for people, tests and tools."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from local.deploy import Deployment
from local.identity import Issuer
from local.workspace import REGION, STACK_NAME, Workspace

Outputs = Mapping[str, str]


def write(workspace: Workspace, deployment: Deployment) -> Outputs:
    """Replace the file by what a deploy gave; answers its content.

    The stack's own outputs stand beside the cloud's addresses; of equal names ours wins, because
    outside of AWS an ``ApiUrl`` that CloudFormation composed leads nowhere.
    """
    api = deployment.rest_api
    outputs = {
        **deployment.outputs,
        "ApiUrl": f"{workspace.url}/v1",
        "DocsUrl": f"{workspace.url}/docs",
        "PortalUrl": f"{workspace.url}/portal",
        "ConsoleUrl": f"{workspace.url}/console",
        "MailUrl": f"{workspace.url}/_local/mail",
        "ClockUrl": f"{workspace.url}/_local/clock",
        "JwksUrl": Issuer.of(workspace).jwks_url,
        "EndpointUrl": workspace.url,
        "Region": REGION,
        "StackName": STACK_NAME,
        "RestApiId": api.api_id if api else "",
        "RestApiStage": api.stage if api else "",
    }
    _replace(workspace.outputs_file, json.dumps(outputs, indent=1, sort_keys=True) + "\n")
    return outputs


def read(workspace: Workspace) -> Outputs:
    """What was deployed last; empty before the first deploy."""
    try:
        modified_ns = workspace.outputs_file.stat().st_mtime_ns
    except FileNotFoundError:
        return {}
    return _load(workspace.outputs_file, modified_ns)


@lru_cache(maxsize=4)
def _load(file: Path, modified_ns: int) -> Outputs:
    outputs: Outputs = json.loads(file.read_text(encoding="utf-8"))
    return outputs


def _replace(file: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=file.parent, delete=False) as draft:
        draft.write(text)
    Path(draft.name).replace(file)
