"""A local Jetstream that keeps everything, and sends all of it to whoever comes without a cursor."""

from __future__ import annotations

import time
from pathlib import Path
from typing import ClassVar

from ingest.collectors.bluesky import Bluesky
from ingest.collectors.bluesky.settings import BlueskySettings
from secondsource.contracts.clock import Clock
from secondsource.contracts.stage import Collector
from tests.fakes.bluesky import THEN, FakeBluesky, Happened, Json, post_record, v2_frame
from tests.fakes.surroundings import surroundings
from tests.ingest.sources import WATCHES, Ability, OfAFake

MIRA = "did:plc:mira2velgrad3example4aa"
BAD = b'{"$type":"message","payload":{"$type":"network.bsky.jetstream.subscribeEvents#commit","seq":7,"did":"did:pl'
READ_AHEAD = 200


class BlueskySource(OfAFake[FakeBluesky]):
    cannot: ClassVar[dict[Ability, str]] = {
        "reposts": "reposts are records of their own, of high volume, and not asked for; counts tell of them"
    }
    ahead: ClassVar[int] = READ_AHEAD + 1800  # and what the sockets' buffers on both sides hold, at 500 bytes a frame

    def __init__(self, folder: Path) -> None:
        super().__init__(FakeBluesky(from_start=True))

    def publish(self, *numbers: int) -> None:
        for number in numbers:
            self._fake.post(MIRA, _rkey(number), record=_record(number))

    def publish_repost(self, number: int, of: int) -> None:
        raise NotImplementedError

    def publish_bad(self) -> bytes:
        self._fake.raw(BAD)
        return BAD

    def record(self, number: int) -> bytes:
        payload = {"did": MIRA, "rev": "3l", "operation": "create", "collection": "app.bsky.feed.post"}
        return v2_frame(Happened(1, THEN, "commit", {**payload, "rkey": _rkey(number), "record": _record(number)}))

    def delete(self, number: int) -> None:
        self._fake.delete(MIRA, _rkey(number))

    def sent(self) -> int:
        return self._fake.frames_sent

    def uid(self, number: int) -> str:
        return f"bluesky:{MIRA}/{_rkey(number)}"

    def collector(self, clock: Clock) -> Collector:
        settings = BlueskySettings(hosts=(self._fake.stream,), read_ahead=READ_AHEAD)
        return Bluesky(settings, WATCHES, surroundings(clock))

    def settled(self) -> None:
        until = time.monotonic() + 5
        while self._fake.connections and time.monotonic() < until:
            time.sleep(0.01)


def _rkey(number: int) -> str:
    return f"3mmoojp{number:06d}"


def _record(number: int) -> Json:
    at = f"2026-11-20T10:{number // 60 % 60:02d}:{number % 60:02d}.000Z"
    return post_record(f"Post {number} on the bridge #Velgrad", createdAt=at)
