"""What a backtest replays: posts of the store, or of files, enriched once and kept in a file for every judging of them.

Stored posts keep the pictures that were seen when they came, so that nothing is fetched again. What is written goes
into a folder of the backtest's own; the store is only read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from threading import Event
from typing import BinaryIO, Literal

import msgspec

from config.loader import Configuration
from ingest.collectors.replay import ReplaySettings
from ingest.collectors.replay.files import export_folder
from ingest.formats.recognising import JsonFormat
from ingest.matching import Matcher
from ingest.pictures import pictures
from secondsource.app import replaying, wiring
from secondsource.app.threads import Stopped
from secondsource.app.wiring import House
from secondsource.app.wiring.recorded import Again, RecordedMessage, without_fetching
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.messages import (
    Coverage,
    Engagement,
    Enriched,
    Message,
    Post,
    Takedown,
    Tick,
    decode,
    encode,
    event_time,
)
from secondsource.contracts.stage import Record
from secondsource.contracts.watch import Watch
from store.stage import StoreStage

Take = Literal["collected", "matching", "all"]
TAKES: tuple[Take, ...] = ("collected", "matching", "all")
_AT_ONCE = 2_000
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Posts of `watch` observed from `since` to just before `until` (None: as far as there are any).

    Those of `warm_up` before are replayed as well, for what to expect of a story rests on earlier ones; their alerts
    are not told. `take`: posts "collected" for the watch, those "matching" its words as they are now, or "all".
    Without `files` they come from the store.
    """

    watch: str
    since: datetime | None = None
    until: datetime | None = None
    warm_up: timedelta = timedelta(hours=72)
    take: Take = "collected"
    files: tuple[Path, ...] = ()
    format: JsonFormat = "auto"
    mapping: str = ""
    pictures: Path | None = None
    picture_urls: str = ""

    @property
    def first(self) -> datetime | None:
        """The moment from which posts are read."""
        return None if self.since is None else self.since - self.warm_up


@dataclass(frozen=True)
class Spool:
    """Enriched posts of one watch in event order, on disk. `posts` are those asked for, `before` those to learn from.

    `first` and `last` are when the posts asked for were observed; `refused` could not be handled.
    """

    path: Path
    posts: int
    before: int
    refused: int
    first: datetime | None
    last: datetime | None

    def batches(self) -> Iterator[list[Message]]:
        """Batches of messages, each with its ticks at the end."""
        with self.path.open("rb") as file:
            batch: list[Message] = []
            for line in file:
                message = decode(line)
                if batch and isinstance(batch[-1], Tick) and not isinstance(message, Tick):
                    yield batch
                    batch = []
                batch.append(message)
            if batch:
                yield batch


def watch_of(configuration: Configuration, name: str) -> Watch:
    """The configured watch of this name.

    Raises:
        BadConfiguration: there is none.
    """
    for watch in configuration.watches:
        if watch.name == name:
            return watch
    known = ", ".join(each.name for each in configuration.watches) or "none"
    msg = f"no watch named {name!r} in {configuration.folder}; there are: {known}"
    raise BadConfiguration(msg)


@contextmanager
def gathered(
    at: House,
    configuration: Configuration,
    wanted: Wanted,
    folder: Path,
    stop: Event,
    progressed: Callable[[int], None],
) -> Iterator[tuple[House, Spool]]:
    """The posts as `configuration` enriches them, and a house to judge them in: its store knows their pictures.

    Raises:
        BadConfiguration: a file, mapping or watch that cannot be used.
        SourceAway: the store does not answer.
        Stopped: `stop` was set.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as until_done:
        if wanted.files:
            apart = replace(configuration, store_url=f"sqlite:///{folder / 'pictures.sqlite'}")
            house = until_done.enter_context(wiring.house(apart, clock=at.clock))
            messages = _of_files(house, wanted, stop)
            roots = [each for each in (wanted.pictures, *map(export_folder, wanted.files)) if each is not None]
            found = wiring.enrichment(configuration, at.clock, roots=roots)
            known = None
        else:
            house = replace(at, configuration=configuration)
            everyone = "" if wanted.take != "collected" else wanted.watch
            messages = iter(at.store.recorded.messages(everyone, wanted.first, wanted.until))
            found = without_fetching(configuration, at.clock)
            known = at.store.recorded.pictures
        until_done.callback(found.close)
        watch = watch_of(configuration, wanted.watch)
        keep = StoreStage(house.store, ()) if wanted.files else None
        again = Again(found.stage, known)
        writing = _Writing(watch, wanted, again, keep)
        path = folder / "posts.jsonl"
        with path.open("wb") as file:
            while batch := list(islice(messages, _AT_ONCE)):
                if stop.is_set():
                    raise Stopped("stopped before all posts were read; nothing was judged")
                writing.write(file, batch)
                progressed(writing.posts + writing.before)
            writing.finish(file)
        yield house, Spool(path, writing.posts, writing.before, again.refused, writing.first, writing.last)


def _of_files(at: House, wanted: Wanted, stop: Event) -> Iterator[RecordedMessage]:
    """The messages of the files, in order of time."""
    settings = ReplaySettings(
        paths=wanted.files,
        format=replaying.load_columns(wanted.mapping) if wanted.mapping else wanted.format,
        assign="all" if wanted.take == "all" else "match" if wanted.take == "matching" else "keep",
        batch_size=_AT_ONCE,
    )
    watches = [watch_of(at.configuration, wanted.watch)]
    shown = pictures(wanted.pictures, wanted.picture_urls)
    collector = wiring.replay(at.clock, settings, watches, shown, mappings=replaying.built_in_mappings())
    for batch in collector.batches("", stop):
        for message in batch.messages:
            if isinstance(message, Post | Engagement | Takedown | Coverage) and _within(message, wanted):
                yield message


def _within(message: RecordedMessage, wanted: Wanted) -> bool:
    at, first = event_time(message), wanted.first
    return (first is None or at >= first) and (wanted.until is None or at < wanted.until)


class _Writing:
    """Takes messages through enrichment and writes what the alerts stage is to get."""

    def __init__(self, watch: Watch, wanted: Wanted, again: Again, keep: StoreStage | None) -> None:
        self._watch = watch
        self._since = wanted.since
        self._again = again
        self._keep = keep
        self._matcher = Matcher((watch,)) if wanted.take == "matching" else None
        self._from_files = bool(wanted.files)
        self._collectors: set[str] = set()
        self.posts = self.before = 0
        self.first: datetime | None = None
        self.last: datetime | None = None
        self._latest: datetime | None = None

    def write(self, file: BinaryIO, batch: Iterable[RecordedMessage]) -> None:
        taken = [ours for message in batch if (ours := self._taken(message)) is not None]
        if not taken:
            return
        enriched = self._again.enriched(taken)
        if self._keep is not None:
            kept = [m for m in enriched if isinstance(m, Takedown) or (isinstance(m, Enriched) and m.pictures)]
            self._keep.handle([Record(message) for message in kept])
        for message in enriched:
            self._count(message)
            file.write(encode(message) + b"\n")
        self._latest = event_time(taken[-1])
        self._promise(file, self._latest - _INSTANT, final=False)

    def finish(self, file: BinaryIO) -> None:
        """Say that there is no more."""
        if self._latest is not None:
            self._promise(file, self._latest, final=True)

    def _promise(self, file: BinaryIO, at: datetime, *, final: bool) -> None:
        ticks = (Tick(collector=collector, at=at, final=final) for collector in sorted(self._collectors))
        file.writelines(encode(tick) + b"\n" for tick in ticks)

    def _taken(self, message: RecordedMessage) -> RecordedMessage | None:
        """The message as one of this watch alone, None where it is none of it."""
        name = self._watch.name
        if isinstance(message, Coverage) and message.watches and name not in message.watches:
            return None
        if isinstance(message, Post):
            if self._matcher is not None and not self._matcher.watches(message, ""):
                return None
            if self._from_files and name not in message.watches:
                return None
        return msgspec.structs.replace(message, watches=(name,))

    def _count(self, message: Message) -> None:
        if isinstance(message, Enriched):
            at = message.post.observed_at
            self._collectors.add(message.post.collector)
            if self._since is not None and at < self._since:
                self.before += 1
            else:
                self.posts += 1
                self.first = self.first or at
                self.last = at
        elif isinstance(message, Engagement | Takedown):
            self._collectors.add(message.collector)
