"""The sources keep to the rules of the house, and each rule notices when it is broken."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lint import sources, texts

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def test_sources_keep_to_the_rules() -> None:
    assert list(sources.problems(ROOT)) == []


def test_texts_hold_nothing_of_one_machine_and_nothing_unfinished() -> None:
    assert list(texts.problems(ROOT)) == []


def test_requirements_are_pinned_with_hashes_for_every_package() -> None:
    for file in (ROOT / "requirements").glob("*.txt"):
        for requirement in file.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
            assert "==" in requirement, f"{file.name}: {requirement[:60]}"
            assert "--hash=sha256:" in requirement, f"{file.name}: {requirement[:60]}"


# ── a broken copy is noticed ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("statement", "is_allowed"),
    [
        ("from __future__ import annotations", True),
        ("from decimal import Decimal", True),
        ("from loyalty.domain.errors import DomainError", True),
        ("import pydantic", False),
        ("from botocore.config import Config", False),
    ],
)
def test_the_domain_imports_the_standard_library_alone(statement: str, is_allowed: bool) -> None:
    found = list(sources.import_problems(ast.parse(statement), {"loyalty"}, "the domain"))

    assert (found == []) is is_allowed


@pytest.mark.parametrize(
    "module", ["boto3", "pynamodb.models", "pydantic", "api.orders", "streams"]
)
def test_a_function_imports_loyalty_and_powertools_alone(tmp_path: Path, module: str) -> None:
    file = tmp_path / "functions" / "api" / "members.py"
    file.parent.mkdir(parents=True)
    file.write_text(f"import loyalty.services\nimport aws_lambda_powertools\nimport {module}\n")

    assert list(sources.problems(tmp_path)) == [
        f"functions/api/members.py:3: a function may not import {module}"
    ]


def test_long_modules_and_functions_are_noticed(tmp_path: Path) -> None:
    file = tmp_path / "long.py"
    file.write_text("def work():\n" + "    pass\n" * 400)

    found = list(sources.size_problems(file, ast.parse(file.read_text())))

    assert found == ["1: 401 lines, more than 400", "1: work has 401 lines, more than 70"]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("--index" + "-url internal", "a package index"),
        ("see /ho" + "me/somebody/elite", "a path of one machine"),
        ("# TO" + "DO: later", "something unfinished"),
    ],
)
def test_forbidden_texts_are_noticed(line: str, fault: str) -> None:
    assert list(texts.text_problems(f"fine\n{line}\n")) == [f"2: holds {fault}"]


def test_a_document_that_names_a_missing_file_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "operations.md").touch()
    readme = tmp_path / "README.md"
    readme.write_text(
        "[a](docs/operations.md) [b](docs/gone.md) `docs/lost.md` "
        "`text/html` `/v1/a.json` `x.py` `y.py`"
    )

    files = [tmp_path / "docs" / "operations.md", tmp_path / "y.py"]
    missing = list(texts.missing_paths(readme, tmp_path, files))

    assert missing == ["docs/gone.md", "docs/lost.md", "x.py"]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the package with the linters' configuration, to be broken."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "layers/loyalty/loyalty", tmp_path / "loyalty", ignore=ignored)
    return tmp_path


@pytest.mark.parametrize(
    ("module", "statement", "contract"),
    [
        ("domain/member.py", "import loyalty.services.ports", "Imports point one way"),
        ("services/ports.py", "import loyalty.adapters.clock", "Imports point one way"),
        ("domain/member.py", "import pydantic", "The domain stands on the standard library"),
        ("contracts/problems.py", "import botocore", "Contracts know pydantic, but no cloud"),
        ("services/ports.py", "import boto3", "Use cases speak to the world through ports"),
        ("runtime/settings.py", "import pynamodb.models", "PynamoDB lives in the adapters"),
    ],
)
def test_import_linter_notices(package: Path, module: str, statement: str, contract: str) -> None:
    file = package / "loyalty" / module
    file.write_text(f"{file.read_text(encoding='utf-8')}\n{statement}\n")

    done = _run(package, "lint-imports", "--no-cache")

    assert done.returncode != 0
    broken = [line for line in done.stdout.splitlines() if line.endswith("BROKEN")]
    assert any(line.startswith(contract) for line in broken), done.stdout


def test_only_settings_reads_the_environment(package: Path) -> None:
    for module in ("services/ports.py", "runtime/settings.py"):
        file = package / "layers/loyalty/loyalty" / module
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text('import os\n\nSTAGE = os.environ["STAGE"]\n')

    done = _run(package, "ruff", "check", "--select", "TID251", "layers")

    assert "services/ports.py" in done.stdout
    assert "only loyalty.runtime.settings reads the environment" in done.stdout
    assert "runtime/settings.py" not in done.stdout


def _run(folder: Path, tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BIN / tool, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"},
    )
