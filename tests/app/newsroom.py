"""A newsroom of one person: a configuration, a store, and the command line, in this process or in one of its own."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from config.loader import BUILT_IN
from secondsource.app import cli
from secondsource.contracts.messages import DeadLetter
from store.store import Store, open_store

WATCH = "velgrad"
_WATCHES = f"watches:\n  - name: {WATCH}\n    hashtags: [Velgrad]\n"
_NAMES = BUILT_IN / "gazetteer" / "core.tsv"  # few, and soon read: a test has many starts
_SETTINGS = (
    f"desk:\n  port: 0\nmetrics:\n  port: 0\nenrich:\n  languages: [en, ar]\n  gazetteers: ['{_NAMES.resolve()}']\n"
)
ALL_OFF = "collectors: {bluesky: {enabled: false}, feeds: {enabled: false}, refresher: {enabled: false}}\n"


class Ran(NamedTuple):
    """What a command did. `out` is its standard output, `err` its standard error."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Newsroom:
    """`settings` is text added to secondsource.yaml; `environ` what commands see beside the store's address.

    No collector is on, unless the settings say which: a test asks no platform.
    """

    def __init__(
        self, folder: Path, store_url: str = "", *, settings: str = "", environ: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.config = folder / "config"
        (self.config / "watches").mkdir(parents=True, exist_ok=True)
        (self.config / "watches" / "velgrad.yaml").write_text(_WATCHES, "utf-8")
        (self.config / "secondsource.yaml").write_text(
            _SETTINGS + ("" if "collectors:" in settings else ALL_OFF) + settings, "utf-8"
        )
        self.store_url = store_url or f"sqlite:///{folder / 'velgrad.sqlite'}"
        self._environ = {
            "SECONDSOURCE_CONFIG": str(self.config),
            "SECONDSOURCE_STORE_URL": self.store_url,
            **(environ or {}),
        }
        if not self.store_url.startswith("sqlite"):
            assert self.run("migrate").code == 0

    def run(self, *arguments: str | Path) -> Ran:
        """Run a command in this process."""
        return run(*arguments, environ=self._environ)

    def start(
        self, *arguments: str | Path, environ: Mapping[str, str] | None = None, **options: Any
    ) -> subprocess.Popen[str]:
        """Start a command in a process of its own; the caller ends it."""
        return subprocess.Popen(
            [sys.executable, "-m", "secondsource.app", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **self._environ, **(environ or {})},
            **options,
        )

    def write(self, name: str, lines: Sequence[bytes | Mapping[str, Any]] | str | bytes) -> Path:
        """A file of JSON lines, bytes as they are; or of text."""
        path = self.folder / name
        if isinstance(lines, bytes):
            path.write_bytes(lines)
        elif isinstance(lines, str):
            path.write_text(lines, "utf-8")
        else:
            path.write_bytes(
                b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)
            )
        return path

    @contextmanager
    def store(self) -> Iterator[Store]:
        opened = open_store(self.store_url)
        try:
            yield opened
        finally:
            opened.close()

    def rows(self, table: str) -> list[dict[str, Any]]:
        with self.store() as store:
            return store.dump(table)

    def letters(self) -> list[DeadLetter]:
        """Those that wait, as the lines of their files stand."""
        with self.store() as store:
            found = [each.letter for each in store.letters.listed(10_000)]
        return sorted(found, key=lambda each: int(each.source.rpartition(":")[2]) if ":" in each.source else 0)


def run(*arguments: str | Path, environ: Mapping[str, str] | None = None) -> Ran:
    """Run a command in this process, as the installed script would."""
    out, err = io.StringIO(), io.StringIO()
    logs = logging.getLogger()
    handlers, level = list(logs.handlers), logs.level
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["secondsource", *map(str, arguments)])
        for name, value in (environ or {}).items():
            patch.setenv(name, value)
        try:
            cli.main()
            code = 0
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 0 if left.code is None else 1
        finally:
            logs.handlers[:] = handlers
            logs.setLevel(level)
    return Ran(code, out.getvalue(), err.getvalue())


def post(number: int, text: str = "", **fields: Any) -> dict[str, Any]:
    """A post as somebody writes one by hand, `number` seconds after ten o'clock."""
    return {
        "uid": f"plaza:{number}",
        "author": {"uid": f"plaza:u{number}", "handle": f"resident_{number}"},
        "text": text or f"Number {number} from the square #Velgrad",
        "created_at": f"2026-05-14T10:{number // 60:02d}:{number % 60:02d}Z",
        **fields,
    }
