#!/bin/sh
# Sees to a browser for the tests of the pages: one that is here is taken; as root on Debian it is installed.
set -eu
cd "$(dirname "$0")/.."

has_browser() {
    [ -x "${GRISTMILL_CHROMIUM:-}" ] && return
    for name in chromium chromium-browser google-chrome; do
        command -v "$name" >/dev/null && return
    done
    .venv/bin/python - <<'PYTHON'
import pathlib, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    sys.exit(not pathlib.Path(playwright.chromium.executable_path).is_file())
PYTHON
}

if has_browser; then exit; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium for the tests of the pages (once) ..."
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
    exit
fi
echo "gristmill: no browser was found for the tests of the pages. Set GRISTMILL_CHROMIUM to the path of a Chromium, \
install one (Debian, Ubuntu: apt install chromium), or run: .venv/bin/python -m playwright install chromium" >&2
exit 1
