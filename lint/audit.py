"""Known vulnerabilities in what is pinned.

The service that knows them may be out of reach (a mirror of the packages does not have it). Then
this says so, loudly, and passes: a build must not fail for that, and nobody may believe that it
was checked. Found vulnerabilities fail.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REQUIREMENTS = ("dev", "build", "checks")  # dev holds runtime and local
_TIMEOUT_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Audit:
    """What is known of one requirements file."""

    vulnerabilities: tuple[str, ...]
    unchecked: tuple[str, ...]
    checked: int


def read_report(report: Mapping[str, Any]) -> Audit:
    """Read pip-audit's JSON report."""
    vulnerabilities = []
    unchecked = []
    checked = 0
    for dependency in report["dependencies"]:
        if "skip_reason" in dependency:
            unchecked.append(dependency["name"])
            continue
        checked += 1
        for found in dependency["vulns"]:
            fixed = ", ".join(found["fix_versions"]) or "no version"
            package = f"{dependency['name']} {dependency['version']}"
            vulnerabilities.append(f"{package}: {found['id']}, fixed in {fixed}")
    return Audit(tuple(vulnerabilities), tuple(unchecked), checked)


def run(requirements_file: Path) -> Audit | None:
    """Audit a hash-pinned file; None when the service could not be reached at all."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(requirements_file)]
    options = ["--require-hashes", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run(
            [*command, *options],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
        return read_report(json.loads(done.stdout))
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return None


def report(name: str, audit: Audit | None) -> Iterator[str]:
    """Yield what to print of one audit."""
    if audit is None or (audit.unchecked and not audit.checked):
        yield f"WARNING: {name} NOT CHECKED for vulnerabilities: the service cannot be reached"
        return
    yield f"{name}: {audit.checked} packages checked"
    if audit.unchecked:
        yield f"WARNING: {name}: NOT CHECKED: {', '.join(audit.unchecked)}"
    for vulnerability in audit.vulnerabilities:
        yield f"VULNERABLE: {vulnerability}"


def main(folder: Path = Path("requirements")) -> int:
    """Audit all requirements; 1 when a vulnerability is known."""
    is_vulnerable = False
    for name in REQUIREMENTS:
        audit = run(folder / f"{name}.txt")
        for line in report(name, audit):
            print(line)
        is_vulnerable = is_vulnerable or bool(audit and audit.vulnerabilities)
        if audit is None or not audit.checked:
            break  # the other files would wait for the same service
    return int(is_vulnerable)


if __name__ == "__main__":
    raise SystemExit(main())
