"""A local server of the invented platform Plaza, as docs/add-a-collector.md describes it, and its contract source."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import ModuleType
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from secondsource.contracts.clock import Clock
from secondsource.contracts.secret import Secret
from secondsource.contracts.stage import Collector
from tests.fakes.serving import Serving
from tests.fakes.surroundings import surroundings
from tests.ingest.sources import WATCHES, Ability

TOKEN = "plaza-key"
_NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
_ANSWERED_AT_ONCE = 3


class PlazaSource(Serving):
    """Satisfies `tests.ingest.sources.Source`. `module` is the page's, run."""

    module: ClassVar[ModuleType]
    cannot: ClassVar[dict[Ability, str]] = {
        "deletes": "Plaza keeps everything",
        "floods": "Plaza is asked, and answers with three posts at most",
    }
    ahead: ClassVar[int] = 0

    def __init__(self, folder: Path) -> None:
        self.lines: list[bytes] = []
        self.away = False
        source = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                allowed = self.headers["Authorization"] == f"Bearer {TOKEN}"
                status = 503 if source.away else 200 if allowed else 401
                start = int(parse_qs(urlsplit(self.path).query)["from"][0])
                body = b"\n".join(source.lines[start : start + _ANSWERED_AT_ONCE]) if status == 200 else b""
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        super().__init__(Handler)

    def publish(self, *numbers: int) -> None:
        self.lines += [self.record(number) for number in numbers]

    def publish_repost(self, number: int, of: int) -> None:
        self.publish(of)
        self.lines.append(self._line(number, passes_on=str(of)))

    def publish_bad(self) -> bytes:
        self.lines.append(self.record(0)[:20])
        return self.lines[-1]

    def record(self, number: int) -> bytes:
        return self._line(number)

    def delete(self, number: int) -> None:
        raise NotImplementedError

    def go_away(self) -> None:
        self.away = True

    def come_back(self) -> None:
        self.away = False

    def sent(self) -> int:
        raise NotImplementedError

    def uid(self, number: int) -> str:
        return f"plaza:{number}"

    def collector(self, clock: Clock) -> Collector:
        settings = self.module.PlazaSettings(enabled=True, token=Secret(TOKEN), base_url=self.url)
        made: Collector = self.module.Plaza(settings, WATCHES, surroundings(clock))
        return made

    def waiting(self, clock: Clock) -> Collector:
        return self.collector(clock)

    def settled(self) -> None:
        """Nothing is shared."""

    @staticmethod
    def _line(number: int, passes_on: str = "") -> bytes:
        at = (_NOON + timedelta(seconds=number)).isoformat()
        text = f"Post {number} on the bridge #Velgrad"
        return json.dumps({"id": str(number), "who": "mira_k", "text": text, "at": at, "passes_on": passes_on}).encode()
