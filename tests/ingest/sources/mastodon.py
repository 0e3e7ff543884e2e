"""A local Mastodon. Posts are in its timeline and come down its stream; what a restart misses is asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

from ingest.collectors.mastodon import Instance, Mastodon, MastodonSettings
from secondsource.contracts.clock import Clock
from secondsource.contracts.secret import Secret
from secondsource.contracts.stage import Collector
from tests.fakes.mastodon import TOKEN, FakeMastodon
from tests.fakes.surroundings import surroundings
from tests.ingest.payloads_mastodon import Json, body, status
from tests.ingest.sources import WATCHES, Ability, OfAFake

BAD = b'{"id":"1160000","uri":"https://velg'
MANY = 100  #: from this many on posts are long, so that they fill what is read ahead
HOURS = 24 * 365 * 20.0


class MastodonSource(OfAFake[FakeMastodon]):
    cannot: ClassVar[dict[Ability, str]] = {}
    ahead: ClassVar[int] = 600

    def __init__(self, folder: Path) -> None:
        super().__init__(FakeMastodon(domain="velgrad.example"))

    def publish(self, *numbers: int) -> None:
        for number in numbers:
            self._fake.add(self._long(number) if len(numbers) >= MANY else status(number))

    def publish_repost(self, number: int, of: int) -> None:
        self._fake.event("update", json.dumps(status(number, content="", reblog=status(of))).encode())

    def publish_bad(self) -> bytes:
        self._fake.event("update", BAD)
        return BAD

    def record(self, number: int) -> bytes:
        return body(status(number))

    def delete(self, number: int) -> None:
        assert self._fake.streaming()  # nobody is told of it afterwards
        self._fake.delete(status(number)["id"])

    def sent(self) -> int:
        return self._fake.sent

    def uid(self, number: int) -> str:
        return f"mastodon:{status(number)['uri']}"

    def collector(self, clock: Clock) -> Collector:
        settings = MastodonSettings(
            instances=(Instance(base_url=self._fake.url, token=Secret(TOKEN)),), look_back_hours=HOURS
        )
        return Mastodon(settings, WATCHES, surroundings(clock))

    def settled(self) -> None:
        assert self._fake.deserted()

    @staticmethod
    def _long(number: int) -> Json:
        one = status(number)
        return one | {"content": one["content"] + f"<p>{'and so on ' * 2500}</p>"}
