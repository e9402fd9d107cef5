#!/bin/sh
# Make sure that a Chromium is there for the browser tests: the system's own, Debian's package
# (as root or with sudo), or the one that Playwright downloads. Usage: install_browser.sh PYTHON
set -eu
python=$1

found() { "$python" tests/browser.py >/dev/null 2>&1; }

if found; then exit 0; fi
echo "No Chromium found, installing one for the browser tests"
if command -v apt-get >/dev/null; then
    if [ "$(id -u)" = 0 ]; then sudo=""; else sudo="sudo -n"; fi
    export DEBIAN_FRONTEND=noninteractive
    { $sudo apt-get update -qq && $sudo apt-get install -y -qq chromium; } >/dev/null || true
    if found; then exit 0; fi
fi
"$python" -m playwright install chromium || true
found || {
    echo "The browser tests need Chromium. Install it (Debian: apt-get install chromium), or set" >&2
    echo "CHROMIUM to the path of a Chrome or Chromium, and run make test again." >&2
    exit 1
}
