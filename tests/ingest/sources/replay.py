"""Files of posts, for the replay."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from ingest.collectors.replay import Replay, ReplaySettings
from secondsource.contracts.clock import Clock
from secondsource.contracts.stage import Collector
from tests.ingest.payloads import FIRST_ID, body, v2_line, v2_repost
from tests.ingest.sources import WATCHES, Ability

BAD = b'{"data":{"id":"19000'


class ReplaySource:
    cannot: ClassVar[dict[Ability, str]] = {
        "deletes": "a recording does not change",
        "goes on": "a recording does not grow",
        "goes away": "a file is there or is not",
        "floods": "a file is read as fast as batches are taken",
        "says coverage": "what a recording missed is not known",
    }
    ahead: ClassVar[int] = 0

    def __init__(self, folder: Path) -> None:
        self._path = folder / "lines.jsonl"
        self._slow = folder / "slow.jsonl"
        self._lines: list[bytes] = []

    def __enter__(self) -> Self:
        self._path.write_bytes(b"")
        self._slow.write_bytes(body(v2_line(0)) + b"\n" + body(v2_line(3000)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing runs."""

    def publish(self, *numbers: int) -> None:
        self._write(*(body(v2_line(number)) for number in numbers))

    def publish_repost(self, number: int, of: int) -> None:
        self._write(body(v2_repost(number, of)))

    def publish_bad(self) -> bytes:
        self._write(BAD)
        return BAD

    def record(self, number: int) -> bytes:
        return body(v2_line(number))

    def delete(self, number: int) -> None:
        raise NotImplementedError

    def go_away(self) -> None:
        raise NotImplementedError

    def come_back(self) -> None:
        raise NotImplementedError

    def sent(self) -> int:
        raise NotImplementedError

    def uid(self, number: int) -> str:
        return f"x:{FIRST_ID + number}"

    def collector(self, clock: Clock) -> Collector:
        return Replay(ReplaySettings(paths=(self._path,), batch_size=3), WATCHES, clock)

    def waiting(self, clock: Clock) -> Collector:
        return Replay(ReplaySettings(paths=(self._slow,), speed=1.0), WATCHES, clock)

    def settled(self) -> None:
        """Nothing is shared."""

    def _write(self, *lines: bytes) -> None:
        self._lines += lines
        self._path.write_bytes(b"\n".join(self._lines))
