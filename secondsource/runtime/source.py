"""Runs a collector: its batches go out, then its cursor is saved."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial
from threading import Event

from secondsource.contracts import topics
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import SourceAway
from secondsource.contracts.messages import Coverage, Engagement, Message, Post, Takedown, Tick
from secondsource.contracts.stage import Batch, Collector, Out
from secondsource.runtime import dead_letters
from secondsource.runtime.metrics import Metrics
from secondsource.runtime.ports import Progress
from secondsource.runtime.retry import Retry
from secondsource.runtime.transport import Transport

_log = logging.getLogger(__name__)

Push = Callable[[str, Batch, Event], None]  #: takes a collector's name and batch all the way, cursor included


def cursor_of(collector: str) -> str:
    """The name a collector's cursor is kept under in `Progress`, as partition 0."""
    return f"ingest:{collector}"


def to_out(message: Message) -> Out:
    """Where a collector's message goes, keyed as `contracts.topics` says."""
    if isinstance(message, Post):
        return Out(topics.POSTS, message.root, message)
    if isinstance(message, Tick):
        return Out(topics.POSTS, None, message)
    if isinstance(message, Coverage):
        return Out(topics.POSTS, message.collector, message)
    if isinstance(message, Engagement | Takedown):
        return Out(topics.POSTS, message.uid, message)
    msg = f"expected Post, Engagement, Takedown, Coverage or Tick from a collector, got {type(message).__name__}"
    raise TypeError(msg)


def to_outs(collector: str, batch: Batch, now: datetime) -> list[Out]:
    """A batch as messages: rejected records as dead letters first, so that its Tick stays the last word."""
    letters = [dead_letters.of_rejected(collector, rejected, now) for rejected in batch.rejected]
    return letters + [to_out(message) for message in batch.messages]


class TopicPublisher:
    """Where collectors push on Kafka: publish, wait until it has arrived, then save the cursor.

    A crash in between sends the batch again: posts are upserted by uid, letters by id.
    """

    def __init__(
        self, transport: Transport, *, progress: Progress, metrics: Metrics, clock: Clock, retry: Retry
    ) -> None:
        self._transport = transport
        self._progress = progress
        self._metrics = metrics
        self._clock = clock
        self._retry = retry

    def push(self, collector: str, batch: Batch, stop: Event) -> None:
        """Satisfies `Push`.

        Raises:
            SourceAway: `stop` was set while the broker or the database was away.
        """
        stage = cursor_of(collector)
        now = self._clock.now()
        outs = to_outs(collector, batch, now)
        while outs:
            refused = self._retry(partial(self._transport.publish, outs), stage=stage, stop=stop, service="broker")
            self._metrics.sent(stage, outs)
            outs = [dead_letters.of_refused(stage, each, now) for each in refused]
        self._retry(self._transport.flush, stage=stage, stop=stop, service="broker")
        self._retry(lambda: self._progress.save(stage, 0, batch.cursor, {}), stage=stage, stop=stop, service="store")


class SourceRunner:
    """Runs one collector until it ends or is stopped. `on_batch` is told of each batch taken (progress bars)."""

    def __init__(
        self,
        collector: Collector,
        push: Push,
        *,
        progress: Progress,
        metrics: Metrics,
        clock: Clock,
        retry: Retry,
        on_batch: Callable[[Batch], None] | None = None,
    ) -> None:
        self.collector = collector
        self._push = push
        self._progress = progress
        self._metrics = metrics
        self._clock = clock
        self._retry = retry
        self._on_batch = on_batch

    def run(self, stop: Event) -> None:
        """From the saved cursor until the source ends or `stop` is set. While the platform is away: wait and go on.

        Raises:
            BadConfiguration: the platform refuses the settings; no retry will change that.
            Halted: a stage did (inline).
        """
        stage = cursor_of(self.collector.name)
        self._metrics.running(stage, is_running=True)
        try:
            self._run(stage, stop)
        except SourceAway as error:
            if not stop.is_set():
                raise
            _log.warning("stopped while a service was away", extra={"stage": stage, "reason": str(error)})
        finally:
            self._metrics.running(stage, is_running=False)

    def _run(self, stage: str, stop: Event) -> None:
        name = self.collector.name
        cursor = self._retry(lambda: self._progress.load(stage, 0), stage=stage, stop=stop, service="store").position
        attempt = 0
        while not stop.is_set():
            try:
                for batch in self.collector.batches(cursor, stop):
                    self._push(name, batch, stop)
                    cursor = batch.cursor
                    if attempt:
                        self._retry.back(stage=stage)
                        attempt = 0
                    self._took(batch)
                    if stop.is_set():
                        break
            except SourceAway as error:
                if self._retry.pause(error, attempt, stage=stage, stop=stop):
                    return
                attempt += 1
            else:
                return

    def _took(self, batch: Batch) -> None:
        name = self.collector.name
        self._metrics.collector_seen(name, self._clock.now())
        for message in batch.messages:
            if type(message) is Coverage:
                self._metrics.covered(message)
        if batch.rejected:
            self._metrics.dead_lettered(cursor_of(name), len(batch.rejected))
        if self._on_batch is not None:
            self._on_batch(batch)
