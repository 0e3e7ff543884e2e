"""A local outlet with one feed, which lists all that it ever published."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import msgspec

from ingest.collectors.feeds import Feeds
from ingest.collectors.feeds.polling import Unmapped
from ingest.collectors.feeds.settings import FeedsSettings
from ingest.formats.feed import Entry, Feed, entries
from secondsource.contracts.clock import Clock
from secondsource.contracts.stage import Collector
from tests.fakes.feeds import FakeFeeds, Item, document, rss
from tests.fakes.surroundings import surroundings
from tests.ingest.sources import WATCHES, Ability

PATH = "/rss.xml"
BAD = "<item><pubDate>Mon, 31 Dec 2029 12:00:00 GMT</pubDate></item>"


class FeedsSource:
    cannot: ClassVar[dict[Ability, str]] = {
        "reposts": "outlets do not repost; whose text they carry stands in the credits",
        "deletes": "feeds do not say what was deleted: articles leave them by getting old",
        "floods": "a document is asked for when batches are taken, and not before",
    }
    ahead: ClassVar[int] = 0

    def __init__(self, folder: Path) -> None:
        self._fake = FakeFeeds()
        self._items: list[str] = []
        self._feed = Feed(
            url=self._fake.url + PATH, publisher="The Velgrad Gazette", domain="gazette.example", language="en"
        )

    def __enter__(self) -> Self:
        self._fake.__enter__()
        self._publish()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._fake.__exit__(kind, error, trace)

    def publish(self, *numbers: int) -> None:
        for number in numbers:
            self._items.append(_item(number))
        self._publish()

    def publish_repost(self, number: int, of: int) -> None:
        raise NotImplementedError

    def publish_bad(self) -> bytes:
        self._items.append(BAD)
        self._publish()
        (entry,) = entries(rss([]).replace(b"</channel>", BAD.encode() + b"</channel>"), self._feed.url)
        return msgspec.json.encode(Unmapped(feed=self._feed.url, entry=entry))

    def record(self, number: int) -> bytes:
        return msgspec.json.encode(Unmapped(feed=self._feed.url, entry=self._entry(number)))

    def delete(self, number: int) -> None:
        raise NotImplementedError

    def go_away(self) -> None:
        self._fake.away = True

    def come_back(self) -> None:
        self._fake.away = False

    def sent(self) -> int:
        raise NotImplementedError

    def uid(self, number: int) -> str:
        return f"feed:https://gazette.example/?p={number}"

    def collector(self, clock: Clock) -> Collector:
        settings = FeedsSettings(feeds=(self._feed,), poll_seconds=5.0, private_hosts=(self._fake.host,))
        return Feeds(settings, WATCHES, surroundings(clock))

    def waiting(self, clock: Clock) -> Collector:
        return self.collector(clock)

    def settled(self) -> None:
        """Each asks by itself."""

    def _publish(self) -> None:
        listed = "".join(reversed(self._items)).encode()
        self._fake.on(PATH, document(rss([]).replace(b"</channel>", listed + b"</channel>")))

    def _entry(self, number: int) -> Entry:
        (entry,) = entries(rss([Item(number=number)]), self._feed.url)
        return entry


def _item(number: int) -> str:
    """What `rss` writes of one."""
    return "<item>" + rss([Item(number=number)]).decode().partition("<item>")[2].partition("</channel>")[0]
