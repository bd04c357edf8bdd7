"""The audit fails for a known vulnerability, and says loudly what it could not check."""

from __future__ import annotations

from pathlib import Path

import pytest

from lint import audit

CLEAN = {"name": "rich", "version": "15.0.0", "vulns": []}
SKIPPED = {"name": "httpx", "skip_reason": "Dependency not found"}
BAD = {
    "name": "jinja2",
    "version": "2.0",
    "vulns": [{"id": "CVE-2000-1", "fix_versions": ["2.1"], "aliases": [], "description": ""}],
}


def _audit(monkeypatch: pytest.MonkeyPatch, result: audit.Audit | None) -> int:
    monkeypatch.setattr(audit, "run", lambda file: result)
    return audit.main(Path("requirements"))


def test_clean(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert _audit(monkeypatch, audit.read_report({"dependencies": [CLEAN]})) == 0
    assert "dev: 1 packages checked" in capsys.readouterr().out


def test_a_vulnerability_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _audit(monkeypatch, audit.read_report({"dependencies": [CLEAN, BAD, SKIPPED]})) == 1
    printed = capsys.readouterr().out
    assert "VULNERABLE: jinja2 2.0: CVE-2000-1, fixed in 2.1" in printed
    assert "NOT CHECKED: httpx" in printed


@pytest.mark.parametrize("result", [None, audit.read_report({"dependencies": [SKIPPED]})])
def test_a_service_out_of_reach_is_told_and_passes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], result: audit.Audit | None
) -> None:
    assert _audit(monkeypatch, result) == 0
    assert "WARNING: dev NOT CHECKED for vulnerabilities" in capsys.readouterr().out
