"""The Chromium that browser tests drive: found, installed where that can be done, or asked for.

``python -m tests.support.chromium`` is what `make test` runs first.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_INSTALL = (
    ("apt-get", "update", "--quiet"),
    ("apt-get", "install", "--quiet", "--yes", "--no-install-recommends", "chromium"),
)
# On top of Playwright's own: what a container without display and network has no use for.
_ARGUMENTS = ("--disable-gpu", "--disable-quic")

MISSING = f"""\
Chromium is missing: the browser tests need one, and none of {", ".join(_NAMES)} is on the PATH.
On Debian: apt-get install chromium (as root, this command does it). Elsewhere: playwright install
chromium, with the playwright of the environment of these tests."""


def find() -> str | None:
    """Return the path of an installed Chromium: the system's, else Playwright's own."""
    for name in _NAMES:
        if path := shutil.which(name):
            return path
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def install() -> None:
    """Install the distribution's Chromium, if this is Debian or alike and we may."""
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return
    for command in _INSTALL:
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)


@contextmanager
def launched() -> Iterator[Browser]:
    """Yield a running Chromium.

    Raises
    ------
    RuntimeError
        None is installed.
    """
    if (path := find()) is None:
        raise RuntimeError(MISSING)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()


def require() -> None:
    """Install Chromium if there is none; end with what is missing if that cannot be done."""
    if find() is None:
        install()
    if find() is None:
        raise SystemExit(MISSING)


if __name__ == "__main__":
    require()
