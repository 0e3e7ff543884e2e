"""The alerts stage: enriched posts in, stories and alerts out.

It owns the whole stream of each watch (the topic is keyed by watch), holds messages back until all collectors have
promised that nothing earlier is on its way, and judges them in event order: the result does not depend on how the
stream was partitioned, batched or delayed, nor on what was sent twice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from alerts.judging.docket import Docket, Held, numbered, of_a_watch
from alerts.judging.judge import Judge
from alerts.judging.watermark import Watermark
from alerts.lives import life
from alerts.origins.registry import NOBODY, Registry
from alerts.ports import Archive, Baselines
from alerts.rules import RULES
from alerts.rules.evidence import Rule
from alerts.spread.expectation import NONE_KEPT
from alerts.stories.book import StoryBook
from alerts.text.embedding import Meanings
from alerts.text.understanding import Understanding
from secondsource.contracts.messages import AlertEvent, Coverage, Enriched, Tick
from secondsource.contracts.stage import Out, Record
from secondsource.contracts.topics import ALERTS, ENRICHED
from secondsource.contracts.watch import Watch

_WATERMARK = "/watermark/0"  # of no watch


def _no_link(alert_id: str) -> str:  # noqa: ARG001 -- there is no desk to link to
    return ""


def _uncounted(watch: str) -> None:
    """For who does not count."""


class AlertsStage:
    """A `Stage` that is `Remembering`. `link` gives the address of an alert's evidence page from the alert's id.

    `texts_per_minute`: how many texts of a watch `understanding` is asked about in a minute of event time at most, to
    tie posts to stories; `unread` is told a watch for each text that it was not asked about.

    Messages of watches that are no longer configured are passed over: the store has them, nobody is to be woken by
    them.
    """

    name = "alerts"
    inlet: tuple[str, ...] = (ENRICHED,)
    form = "2026-11-24"  #: raised when what is saved changes: see tests/alerts/test_saved_form.py

    def __init__(
        self,
        watches: Mapping[str, Watch],
        archive: Archive,
        link: Callable[[str], str] = _no_link,
        rules: tuple[Rule, ...] = RULES,
        registry: Registry = NOBODY,
        baselines: Baselines = NONE_KEPT,
        understanding: Understanding | None = None,
        texts_per_minute: int | None = None,
        unread: Callable[[str], None] = _uncounted,
    ) -> None:
        self._watches = dict(watches)
        self._archive = archive
        self._link = link
        self._rules = rules
        self._registry = registry
        self._understanding = understanding
        self._texts_per_minute = texts_per_minute
        self._unread = unread
        self._baselines = baselines
        self._partitions: dict[int, _Partition] = {}

    def handle(self, batch: Sequence[Record]) -> list[Out]:
        """Story updates (one a story at most), then alert events, each in the order of the stream, keyed by watch.

        Raises:
            BadRecord: a message of a kind that has no business on this topic.
            SourceAway: the archive did not answer. Handling the batch again gives what is missing.
        """
        touched: dict[int, _Partition] = {}
        for record in batch:
            partition = touched[record.partition] = self._partition(record.partition)
            partition.take(record)
        outs: list[Out] = []
        for partition in touched.values():
            outs += partition.outs()
        return outs

    def take_up(
        self, partition: int, versions: Mapping[str, int], told: Mapping[str, Sequence[AlertEvent]]
    ) -> list[str]:
        """What `partition` remembers was made anew from posts: go on from what was told of its stories (by id, the last
        version) and of its alerts (by id, their events, in order). Returns the alerts that are open and have no living
        story any more.
        """
        found = self._partition(partition).take_up(versions, told)
        return [alert for alert, events in told.items() if alert not in found and not life.told(events).closed]

    def restore(self, partition: int, parts: Mapping[str, bytes]) -> None:
        taken = self._partitions[partition] = _Partition(self._docket)
        taken.restore(parts)

    def changes(self, partition: int) -> dict[str, bytes | None]:
        return self._partition(partition).changes()

    def release(self, partition: int) -> None:
        self._partitions.pop(partition, None)

    def _partition(self, number: int) -> _Partition:
        partition = self._partitions.get(number)
        if partition is None:
            partition = self._partitions[number] = _Partition(self._docket)
        return partition

    def _docket(self, name: str) -> Docket | None:
        watch = self._watches.get(name)
        if watch is None:
            return None
        understanding = self._understanding
        meanings = None
        if understanding is not None:
            meanings = Meanings(understanding, a_minute=self._texts_per_minute, unread=partial(self._unread, name))
        book = StoryBook(watch, self._registry, meanings=meanings)
        return Docket(Judge(watch, self._rules, self._archive, self._link, book, self._baselines, understanding))


class _Partition:
    """The watches of one partition of the topic, and how far its lanes have come."""

    def __init__(self, docket: Callable[[str], Docket | None]) -> None:
        self._docket = docket
        self._watermark = Watermark()
        self._dockets: dict[str, Docket] = {}
        self._orphaned: set[str] = set()  # parts of watches that are gone
        self._ticked = False

    def take(self, record: Record) -> None:
        message = record.message
        if isinstance(message, Tick):
            self._watermark.tick(message)
            self._ticked = True
            self._release(self._watermark.low())
            return
        held = of_a_watch(message)
        if not isinstance(held, Coverage):
            collector = held.post.collector if isinstance(held, Enriched) else held.collector
            self._ticked |= self._watermark.heard(collector)
        for watch in (held.watch,) if isinstance(held, Enriched) else held.watches:
            self._hold(watch, held)

    def _hold(self, watch: str, message: Held) -> None:
        docket = self._dockets.get(watch)
        if docket is None:
            docket = self._docket(watch)
            if docket is None:
                return
            self._dockets[watch] = docket
        docket.hold(message)

    def _release(self, low: float) -> None:
        if low > -math.inf:
            for docket in self._dockets.values():
                docket.release(low)

    def outs(self) -> list[Out]:
        if self._watermark.low() == math.inf:  # everybody has ended, so that no tick will come for what came after
            self._release(math.inf)
        outs: list[Out] = []
        for watch, docket in self._dockets.items():
            updates, events = docket.drain()
            outs += [Out(ALERTS, watch, update) for update in updates]
            outs += [Out(ALERTS, watch, event) for event in events]
        return outs

    def take_up(self, versions: Mapping[str, int], told: Mapping[str, Sequence[AlertEvent]]) -> set[str]:
        return set[str]().union(*(docket.take_up(versions, told) for docket in self._dockets.values()))

    def changes(self) -> dict[str, bytes | None]:
        changes: dict[str, bytes | None] = dict.fromkeys(self._orphaned)
        self._orphaned = set()
        for docket in self._dockets.values():
            changes |= docket.changes()
        if self._ticked:
            changes[_WATERMARK] = self._watermark.save()
            self._ticked = False
        return changes

    def restore(self, parts: Mapping[str, bytes]) -> None:
        if _WATERMARK in parts:
            self._watermark.load(parts[_WATERMARK])
        own = {name: body for name, body in parts.items() if name != _WATERMARK}
        for watch, kinds in numbered(own).items():
            docket = self._docket(watch)
            if docket is None:
                self._orphaned |= {name for name in own if name.rsplit("/", 2)[0] == watch}
            else:
                docket.restore(kinds)
                self._dockets[watch] = docket
