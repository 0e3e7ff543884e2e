"""Bluesky, by its public Jetstream: every post of the network, matched here against the watches. No key is needed.

Frames are read from one host at a time (stream), understood (wire), and mapped where a watch takes them
(formats.bluesky). When a connection is lost the next host is asked, and told from when on: what was missed is read
afterwards from the hosts' own record, and only then does the ledger say that it was seen (run). Deletions and accounts
that are gone become takedowns of what was sent or is stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from threading import Event
from typing import ClassVar, cast

import msgspec

from ingest.collectors.bluesky.memory import Handles
from ingest.collectors.bluesky.run import Cursor, Run
from ingest.collectors.bluesky.settings import BlueskySettings
from ingest.collectors.bluesky.wire import Event as StreamEvent
from ingest.collectors.bluesky.wire import Light, Wire, hosts, read_any, record_in
from ingest.formats.bluesky import Where, hashtags_of, languages_of, to_post
from ingest.matching import Matcher
from ingest.surroundings import Surroundings
from secondsource.contracts.errors import BadConfiguration, BadRecord
from secondsource.contracts.messages import Message, Post
from secondsource.contracts.stage import Batch
from secondsource.contracts.watch import Watch


class Bluesky:
    """Collector of Jetstream. `seen` counts over its life: frames, posts, rejected, repeated, unknown, connects …"""

    name: ClassVar[str] = "bluesky"
    Settings: ClassVar[type[BlueskySettings]] = BlueskySettings

    def __init__(self, settings: BlueskySettings, watches: Sequence[Watch], around: Surroundings) -> None:
        if settings.off():
            raise BadConfiguration(f"bluesky: {settings.off()}")
        self.settings = settings
        self.wire = cast("Wire", settings.wire)
        self.hosts = hosts(self.wire, settings.hosts)
        self.around = around
        self.watch_names = tuple(watch.name for watch in watches)
        self.matcher = Matcher(watches)
        self.handles = Handles(settings.remembered)
        self.seen: Counter[str] = Counter()

    def batches(self, cursor: str, stop: Event) -> Iterator[Batch]:
        """For ever, until `stop`.

        Raises:
            SourceAway: the store has been away for so long that deletions pile up.
            BadConfiguration: the cursor is not ours.
        """
        try:
            begun = msgspec.json.decode(cursor, type=Cursor) if cursor else Cursor()
        except msgspec.DecodeError as error:
            raise BadConfiguration(f"bluesky: expected a cursor of its own, came {cursor[:80]!r}: {error}") from error
        return Run(self, begun, stop).batches()

    def remap(self, body: bytes) -> Sequence[Message]:
        event = read_any(body)
        if event.kind != "commit" or event.record is None:
            raise BadRecord(f"expected a post, came {event.kind} {event.operation}".rstrip())
        watches = self.taking(event, event.record)
        if not watches:
            raise BadRecord("expected a post of a watch, came one that no watch takes")
        return [self.mapped(event, body, self.around.clock.now(), watches)]

    def taking(self, event: StreamEvent, record: Light) -> tuple[str, ...]:
        """The watches that take a post."""
        matcher = self.matcher
        return matcher.taking(
            record.text,
            hashtags=hashtags_of(record.text, record.facets, record.tags) if matcher.reads_hashtags else (),
            accounts=(event.did, self.handles.of(event.did)),
            languages=languages_of(record.langs),
        )

    def mapped(self, event: StreamEvent, body: bytes, observed_at: datetime, watches: tuple[str, ...]) -> Post:
        """Raises BadRecord."""
        where = Where(event.did, event.rkey, event.seen_at, self.handles.of(event.did))
        return to_post(record_in(body), where, observed_at, self.name, watches)
