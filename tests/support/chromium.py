"""The browser that tests drive, wherever it is."""

import os
import shutil
from pathlib import Path
from typing import Final

from playwright.sync_api import Playwright

# What keeps it from asking anything of the world; without a sandbox of its own it runs as root too.
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

MISSING: Final = (
    "No browser was found for the tests of the pages. Set GRISTMILL_CHROMIUM to the path of a Chromium, install one"
    " (on Debian or Ubuntu: apt install chromium), or run: .venv/bin/python -m playwright install chromium"
)


def find_chromium(playwright: Playwright) -> str:
    """The path of a Chromium: the one that is named, one on the PATH, or Playwright's own."""
    named = os.environ.get("GRISTMILL_CHROMIUM", "")
    found = named or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    path = found or playwright.chromium.executable_path
    assert Path(path).is_file(), MISSING
    return path
