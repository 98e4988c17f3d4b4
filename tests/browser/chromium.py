"""The browser of these tests: Debian's Chromium, driven by Playwright, and what happens where there is none."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EXECUTABLE = Path("/usr/bin/chromium")
PACKAGES = ("playwright", "axe_playwright_python")
ARGUMENTS = (
    "--no-sandbox",  # CI runs as root, where Chromium refuses its sandbox
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # a request elsewhere fails at once, on any network
)
UNWANTED_DEFAULTS = ("--disable-back-forward-cache",)
"""Playwright switches this cache off; people have it, and it decides what Back shows after signing out.
A page that comes from it loads nothing: go back with `wait_until="commit"`."""


def what_is_missing(executable: Path = EXECUTABLE, packages: tuple[str, ...] = PACKAGES) -> str:
    """Return what keeps the browser tests from running and what to do about it; empty when nothing does."""
    for package in packages:
        if find_spec(package) is None:
            return f"the Python package {package} is missing; pip install -e '.[test]' brings it"
    if not executable.exists():
        return f"{executable} is missing; Debian's package chromium brings it"
    return ""


def require_browser(missing: str, environment: Mapping[str, str] = os.environ) -> None:
    """Skip where something is missing, with the reason; fail in CI, where nothing may be missing."""
    if not missing:
        return
    if environment.get("CI"):
        pytest.fail(f"Browser tests cannot run in CI: {missing}", pytrace=False)
    pytest.skip(f"Browser tests need Debian's chromium: {missing}")


@contextmanager
def launched() -> Iterator[Browser]:
    """Start the browser, and end it at the end."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=EXECUTABLE, args=list(ARGUMENTS), ignore_default_args=list(UNWANTED_DEFAULTS)
        )
        try:
            yield browser
        finally:
            browser.close()
