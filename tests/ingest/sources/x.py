"""A local X. Lines arrive by the stream; what a restart misses is found by search."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from ingest.collectors.x import X
from ingest.collectors.x.settings import Rhythm, XSettings
from secondsource.contracts.clock import Clock
from secondsource.contracts.secret import Secret
from secondsource.contracts.stage import Collector
from tests.fakes.surroundings import surroundings
from tests.fakes.x import TOKEN, FakeX
from tests.ingest.payloads import FIRST_ID, body, v2_line, v2_post, v2_repost
from tests.ingest.sources import WATCHES, Ability, OfAFake

BAD = b'{"data":{"id":"19000'
THEN = datetime(2026, 11, 20, 10, 0, 5, tzinfo=UTC)
WAITING = 200  #: lines the collector lets wait


class XSource(OfAFake[FakeX]):
    cannot: ClassVar[dict[Ability, str]] = {"deletes": "the filtered stream does not say them; compliance jobs do"}
    ahead: ClassVar[int] = WAITING + 1800  # and what the sockets' buffers on both sides hold, at 500 bytes a line

    def __init__(self, folder: Path) -> None:
        super().__init__(FakeX())

    def publish(self, *numbers: int) -> None:
        for number in numbers:
            self._fake.archive.append({"data": v2_post(number), "includes": v2_line(number)["includes"]})
            self._fake.raw(body(v2_line(number)) + b"\r\n")

    def publish_repost(self, number: int, of: int) -> None:
        self._fake.raw(body(v2_repost(number, of)) + b"\r\n")

    def publish_bad(self) -> bytes:
        self._fake.raw(BAD + b"\r\n")
        return BAD

    def record(self, number: int) -> bytes:
        return body(v2_line(number))

    def delete(self, number: int) -> None:
        raise NotImplementedError

    def sent(self) -> int:
        return self._fake.lines_sent

    def uid(self, number: int) -> str:
        return f"x:{FIRST_ID + number}"

    def collector(self, clock: Clock) -> Collector:
        # X dates by its own clock, whatever ours says: there it is just after the posts were written
        ahead = THEN - clock.now()
        self._fake.now = lambda: clock.now() + ahead
        settings = XSettings(
            enabled=True, approved_use_case="testing", base_url=self._fake.url, token=Secret(TOKEN), posts_per_month=0
        )
        rhythm = Rhythm(flush_lines=3, rules_apply=0.0, search_delay=0.0, waiting=WAITING)
        return X(settings, WATCHES, surroundings(clock), rhythm=rhythm)

    def settled(self) -> None:
        assert self._fake.deserted()
