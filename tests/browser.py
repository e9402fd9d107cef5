"""Start a headless Chromium: the one that CHROMIUM names, the system's, or Playwright's."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# A browser in a container has no sandbox of its own; the pages are ours and no host is reached.
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]


def executable() -> str | None:
    """Return the path of an installed Chromium, or None for Playwright's own."""
    named = os.environ.get("CHROMIUM")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser and close it at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


if __name__ == "__main__":
    with chromium() as started:
        print(started.version)
