"""Python sources: what may import what, and how big things may get.

import-linter holds the layers of the package; this holds what it cannot say: "nothing but the
standard library", "nothing but loyalty and Powertools", lengths.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

MODULE_LINES = 400
FUNCTION_LINES = 70
SOURCE_FOLDERS = ("benchmarks", "functions", "layers/loyalty/loyalty", "lint", "local", "tests")
_FUNCTION_IMPORTS = frozenset({"aws_lambda_powertools", "loyalty"})


def problems(root: Path) -> Iterator[str]:
    """Yield every broken rule in the Python files under a repository's root."""
    for folder in SOURCE_FOLDERS:
        for file in sorted((root / folder).rglob("*.py")):
            tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
            name = file.relative_to(root).as_posix()
            for fault in (*size_problems(file, tree), *_import_problems(name, tree)):
                yield f"{name}:{fault}"


def size_problems(file: Path, tree: ast.Module) -> Iterator[str]:
    """Yield modules and functions that are too long to be understood at once."""
    length = len(file.read_text(encoding="utf-8").splitlines())
    if length > MODULE_LINES:
        yield f"1: {length} lines, more than {MODULE_LINES}"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            span = (node.end_lineno or node.lineno) - node.lineno + 1 - _docstring_lines(node)
            if span > FUNCTION_LINES:
                yield f"{node.lineno}: {node.name} has {span} lines, more than {FUNCTION_LINES}"


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    if ast.get_docstring(node) is None:
        return 0
    first = node.body[0]
    return (first.end_lineno or first.lineno) - first.lineno + 1


def import_problems(tree: ast.Module, allowed: Iterable[str], who: str) -> Iterator[str]:
    """Yield imports of anything but the standard library and what is allowed."""
    permitted = sys.stdlib_module_names | set(allowed)
    for node in ast.walk(tree):
        for imported in _imported(node):
            if imported.split(".")[0] not in permitted:
                yield f"{getattr(node, 'lineno', 1)}: {who} may not import {imported}"


def _import_problems(name: str, tree: ast.Module) -> Iterator[str]:
    if name.startswith("layers/loyalty/loyalty/domain/"):
        yield from import_problems(tree, {"loyalty"}, "the domain")
    if name.startswith("functions/"):
        yield from import_problems(tree, _FUNCTION_IMPORTS, "a function")


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield node.module or "." if not node.level else "." * node.level
