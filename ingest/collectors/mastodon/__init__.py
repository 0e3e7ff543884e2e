"""Mastodon, by hashtag, on the instances an operator names.

Each hashtag of a watch is followed on each instance: asked for every so often (nothing is needed for that), and with
a token also streamed, which brings posts at once. Asking goes on by the id of the newest post, so that what came while
nobody looked is found afterwards; now and then it begins further back, because posts from other instances arrive late
and are filed under the time they were written. A stream that sends less than asking finds is connected and mute.

A run of it is in run, what a status says in formats/mastodon, what was sent in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from threading import Event
from typing import ClassVar

import msgspec

from ingest.collectors.mastodon.run import Cursor, Run
from ingest.collectors.mastodon.settings import Instance, MastodonSettings
from ingest.formats.mastodon import Terms, to_posts
from ingest.matching import Matcher, normalised
from ingest.surroundings import Surroundings
from secondsource.contracts.errors import BadConfiguration, BadRecord
from secondsource.contracts.messages import Message
from secondsource.contracts.stage import Batch
from secondsource.contracts.watch import Watch

__all__ = ["Instance", "Mastodon", "MastodonSettings", "tags_of"]


class Mastodon:
    """Collector of hashtags on Mastodon instances.

    `seen` counts, over the collector's life: posts, copies, edits, rejected, nobody's, hidden, deleted, unknown
    deletes, unknown events, mute, dials, requests.
    """

    name: ClassVar[str] = "mastodon"
    Settings: ClassVar[type[MastodonSettings]] = MastodonSettings

    def __init__(self, settings: MastodonSettings, watches: Sequence[Watch], around: Surroundings) -> None:
        self.settings = settings
        self.watches = tuple(watches)
        self.around = around
        self.seen: Counter[str] = Counter()
        self.matcher = Matcher(self.watches)
        self.tags = {watch.name: tags_of(watch) for watch in self.watches}

    def batches(self, cursor: str, stop: Event) -> Iterator[Batch]:
        """For ever, until `stop`."""
        try:
            begun = msgspec.json.decode(cursor, type=Cursor) if cursor else Cursor()
        except msgspec.DecodeError as error:
            raise BadConfiguration(f"mastodon: expected a cursor of its own, came {cursor[:80]!r}: {error}") from error
        return Run(self, begun, stop).batches()

    def remap(self, body: bytes) -> Sequence[Message]:
        terms = Terms(self.name, self.around.clock.now(), searchable_only=self.settings.searchable_only)
        mapped = to_posts(body, terms)
        if mapped.hidden:
            raise BadRecord(f"expected a status for everybody, came one that is {mapped.hidden}")
        watches = self.matcher.watches(mapped.posts[-1][1], mapped.context)
        if not watches:
            raise BadRecord("expected a status of a watch, came one that none takes")
        return [msgspec.structs.replace(post, watches=watches) for _, post in mapped.posts]


def tags_of(watch: Watch) -> tuple[str, ...]:
    """The hashtags that bring a watch its posts, as Mastodon names them."""
    named = [*watch.hashtags, *(term for term in (*watch.any_of, *watch.all_of) if term.startswith(("#", "＃")))]
    return tuple(dict.fromkeys(tag for tag in (normalised(name.lstrip("#＃")).strip() for name in named) if tag))
