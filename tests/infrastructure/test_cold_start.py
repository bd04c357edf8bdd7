"""What a till waits for: all that an order's first call imports, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# What the first order of a named member imports and makes, short of calling AWS.
_FIRST_CALL = """
import json, sys
import api.orders
from loyalty.runtime import composition
composition.order_ports()
print(json.dumps(sorted(sys.modules)))
"""
_ENVIRONMENT = {
    "PYTHONPATH": os.pathsep.join([str(ROOT / "functions"), str(ROOT / "layers" / "loyalty")]),
    "MEMBERS_TABLE": "members",
    "PROGRAM_TABLE": "program",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
}


@pytest.fixture(scope="module")
def imported() -> frozenset[str]:
    """Return the names of the modules."""
    done = subprocess.run(
        [sys.executable, "-c", _FIRST_CALL],
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    return frozenset(json.loads(done.stdout))


def _below(package: str, imported: frozenset[str]) -> set[str]:
    return {name.removeprefix(package) for name in imported if name.startswith(package)}


def test_an_order_imports_no_other_library(imported: frozenset[str]) -> None:
    packages = {name.split(".")[0] for name in imported}
    ours = {"api", "loyalty"}
    installed = {name for name in packages - sys.stdlib_module_names if name[0] != "_"}
    assert installed - ours <= {
        "annotated_types",
        "botocore",
        "certifi",
        "dateutil",
        "jmespath",
        "pydantic",
        "pydantic_core",
        "pynamodb",
        "six",
        "typing_extensions",
        "typing_inspection",
        "urllib3",
    }


def test_an_order_imports_nothing_heavy_of_the_standard_library(imported: frozenset[str]) -> None:
    heavy = {"asyncio", "ctypes", "multiprocessing", "pydoc", "sqlite3", "unittest"}
    assert not heavy & imported


def test_an_order_imports_no_contract_of_another_resource(imported: frozenset[str]) -> None:
    assert _below("loyalty.contracts.", imported) == {"orders", "problems", "values"}


def test_an_order_imports_no_other_use_case(imported: frozenset[str]) -> None:
    others = {"accept_return", "evaluate_member", "import_orders", "merge_members", "quote_points"}
    assert not others & _below("loyalty.services.", imported)


def test_an_order_imports_no_adapter_that_it_does_not_call(imported: frozenset[str]) -> None:
    adapters = {name for name in _below("loyalty.adapters.", imported) if "." not in name}
    assert adapters == {"aws", "clock", "dynamodb", "ids"}
