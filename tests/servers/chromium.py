"""A real browser, one start for each page."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

SECONDS = 180
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # a test's page lives on this machine; whatever it refers to elsewhere is not found rather than fetched
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)


class Browser:
    def __init__(self, binary: Path) -> None:
        self._binary = binary

    def dump_dom(self, url: str) -> str:
        """The page's HTML after its scripts have run."""
        return self._run("--dump-dom", url)

    def screenshot(self, url: str, path: Path, *, width: int = 1280, height: int = 2000) -> None:
        """A PNG of the page as a window of that size shows it."""
        self._run(f"--screenshot={path}", f"--window-size={width},{height}", "--hide-scrollbars", url)

    def _run(self, *arguments: str) -> str:
        with tempfile.TemporaryDirectory(prefix="secondsource-chromium-", ignore_cleanup_errors=True) as profile:
            done = subprocess.run(
                [self._binary, *FLAGS, f"--user-data-dir={profile}", *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
        if done.returncode:
            raise RuntimeError(
                f"Chromium ended with {done.returncode}:\n{done.stderr.decode(errors='replace')[-4000:]}"
            )
        return done.stdout.decode()
