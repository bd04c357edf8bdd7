"""All files: nothing of one machine, nothing unfinished, nothing promised that is not there."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

_TEXT_SUFFIXES = frozenset(
    {"", ".cfg", ".csv", ".css", ".html", ".in", ".ini", ".json", ".jsonl", ".md", ".po", ".py"}
    | {".svg", ".toml", ".txt", ".yaml", ".yml", ".j2"}
)
# One letter of each stands in brackets, so that this file does not find itself.
FORBIDDEN = {
    "a package index": re.compile(
        r"--(?:extra-)?inde[x]-url\s*[= ]\s*\w|--fin[d]-links|pypi[.]org|pythonhoste[d]"
    ),
    "a path of one machine": re.compile(r"(?<![\w./:{}$-])/(?:home|root|Users|work)/\w"),
    "something unfinished": re.compile(r"\b(?:TOD[O]|FIXM[E])\b"),
}
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
_CODE = re.compile(r"`([\w./-]+/[\w./-]*|[\w-]+\.(?:md|py|yaml|toml))`")


def problems(root: Path) -> Iterator[str]:
    """Yield what is wrong in the text files of a repository."""
    files = tracked_files(root)
    for file in files:
        name = file.relative_to(root).as_posix()
        if file.suffix in _TEXT_SUFFIXES:
            for fault in text_problems(file.read_text(encoding="utf-8")):
                yield f"{name}:{fault}"
    for document in (root / "README.md", *sorted((root / "docs").rglob("*.md"))):
        if document.is_file():
            for missing in missing_paths(document, root, files):
                name = document.relative_to(root).as_posix()
                yield f"{name}: names {missing}, which is not there"


def text_problems(text: str) -> Iterator[str]:
    """Yield the lines that hold something that belongs into no file of this repository."""
    for number, line in enumerate(text.splitlines(), start=1):
        for what, pattern in FORBIDDEN.items():
            if pattern.search(line):
                yield f"{number}: holds {what}"


def missing_paths(document: Path, root: Path, files: Iterable[Path]) -> Iterator[str]:
    """Yield what a document links to or names in code style, and what does not exist.

    A path is looked for from the root, a name alone among all `files`.
    """
    text = document.read_text(encoding="utf-8")
    names = {file.name for file in files}
    for link in _LINK.findall(text):
        if not (document.parent / link).exists():
            yield link
    for path in _CODE.findall(text):
        if path.startswith("/"):
            continue  # a route
        if "/" not in path:
            is_missing = path not in names
        else:
            is_missing = (root / path.split("/")[0]).is_dir() and not (root / path).exists()
        if is_missing:
            yield path


def tracked_files(root: Path) -> list[Path]:
    """Return the files of the repository: what git knows, new files included, ignored ones not."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    files = (root / name for name in listed.split("\0") if name)
    return sorted(file for file in files if file.is_file() and not file.is_symlink())
