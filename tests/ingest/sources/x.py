"""A local X. Lines arrive by the stream; what a restart misses is found by search."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from ingest.collectors.x import X, XSettings
from secondsource.contracts.clock import Clock
from secondsource.contracts.stage import Collector
from tests.fakes.x import TOKEN, FakeX
from tests.ingest.payloads import FIRST_ID, Json, body, v2_line, v2_post
from tests.ingest.sources import WATCHES, Ability

BAD = b'{"data":{"id":"19000'


class XSource:
    cannot: ClassVar[dict[Ability, str]] = {
        "deletes": "the filtered stream does not say them; compliance jobs do",
        "goes away": "to be written",
        "floods": "to be written",
    }
    ahead: ClassVar[int] = 0

    def __init__(self, folder: Path) -> None:
        self._fake = FakeX()

    def __enter__(self) -> Self:
        self._fake.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._fake.__exit__(kind, error, trace)

    def publish(self, *numbers: int) -> None:
        for number in numbers:
            self._fake.archive.append({"data": v2_post(number)})
            self._fake.raw(body(v2_line(number)) + b"\r\n")

    def publish_repost(self, number: int, of: int) -> None:
        original: Json = v2_post(of)
        repost = v2_line(
            number,
            "RT …",
            referenced_tweets=[{"type": "retweeted", "id": original["id"]}],
            includes={"tweets": [original]},
        )
        self._fake.raw(body(repost) + b"\r\n")

    def publish_bad(self) -> bytes:
        self._fake.raw(BAD + b"\r\n")
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
        settings = XSettings(approved_use_case="testing", base_url=self._fake.url, flush_lines=3)
        return X(settings, WATCHES, clock, token=TOKEN)

    def waiting(self, clock: Clock) -> Collector:
        return self.collector(clock)

    def settled(self) -> None:
        assert self._fake.deserted()
