"""Feeds of outlets, agencies and fact-checkers: what is said of a story where somebody answers for it.

Each feed is asked on its own schedule, with what it said last time so that it need not say it again, and less often
while it does not change or does not answer (polling). Its entries are matched against the watches here. With a
key, Google's Fact Check Tools are asked for the watches' words too (fact_checks).

Feeds list what was published lately: a gap that they reach back over is closed by reading them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from threading import Event
from typing import ClassVar

import msgspec

from ingest.collectors.feeds.fact_checks import ClaimSearch, to_posts
from ingest.collectors.feeds.polling import FeedPolling, Polling, Unmapped
from ingest.collectors.feeds.run import Cursor, Run
from ingest.collectors.feeds.settings import FeedsSettings
from ingest.formats.feed import to_post
from ingest.formats.reading import FAULTS, unreadable
from ingest.matching import Matcher
from ingest.surroundings import Surroundings
from secondsource.contracts.errors import BadConfiguration, BadRecord
from secondsource.contracts.messages import Message, Post
from secondsource.contracts.stage import Batch
from secondsource.contracts.watch import Watch
from secondsource.outside.web import Limits, Web


class Feeds:
    """Collector of feeds.

    Raises:
        BadConfiguration: a feed without a publisher.
    """

    name: ClassVar[str] = "feeds"
    Settings: ClassVar = FeedsSettings

    def __init__(self, settings: FeedsSettings, watches: Sequence[Watch], around: Surroundings) -> None:
        for feed in settings.feeds:
            if not (feed.url and feed.publisher and feed.domain):
                raise BadConfiguration(
                    f"feeds: expected url, publisher and domain of each feed, came {feed.url or feed.publisher!r}"
                )
        self.settings = settings
        self.watches = tuple(watches)
        self.around = around
        self.matcher = Matcher(self.watches)

    def batches(self, cursor: str, stop: Event) -> Iterator[Batch]:
        """For ever, until `stop`."""
        try:
            begun = msgspec.json.decode(cursor, type=Cursor) if cursor else Cursor()
        except msgspec.DecodeError as error:
            raise BadConfiguration(f"feeds: expected a cursor of its own, came {cursor[:80]!r}: {error}") from error
        return Run(self, begun, stop).batches()

    def remap(self, body: bytes) -> Sequence[Message]:
        try:
            record = msgspec.json.decode(body, type=Unmapped)
        except FAULTS as error:
            raise unreadable(error, body) from error
        now = self.around.clock.now()
        if record.claim is not None:
            return self._wanted(to_posts(record.claim, now, self.name))
        feed = next((feed for feed in self.settings.feeds if feed.url == record.feed), None)
        if record.entry is None or feed is None:
            raise BadRecord(f"expected an entry of a feed that is read, came one of {record.feed[:200]!r}")
        return self._wanted([to_post(record.entry, feed, now, self.name, agencies=self.around.agencies)])

    def _wanted(self, posts: Sequence[Post]) -> list[Message]:
        matched = [(post, self.matcher.watches(post)) for post in posts]
        return [msgspec.structs.replace(post, watches=watches) for post, watches in matched if watches]

    def pollings(self) -> list[Polling]:
        settings, around = self.settings, self.around
        limits = Limits(max_bytes=settings.max_bytes, total_seconds=settings.timeout_seconds)
        web = Web(around.clock, limits, around.user_agent, private=settings.private_hosts)
        asked: list[Polling] = [
            FeedPolling(
                feed, web, self.matcher, around.clock, self.name, settings.poll_seconds, agencies=around.agencies
            )
            for feed in settings.feeds
        ]
        if settings.fact_check_key is not None:
            asked += [
                ClaimSearch(
                    watch,
                    web,
                    self.matcher,
                    around.clock,
                    collector=self.name,
                    base_url=settings.fact_check_url,
                    key=settings.fact_check_key,
                    seconds=settings.fact_check_seconds,
                    days=settings.fact_check_days,
                )
                for watch in self.watches
            ]
        return asked
