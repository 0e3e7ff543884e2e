"""The stage that remembers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import SourceAway
from secondsource.contracts.messages import AlertEvent
from secondsource.contracts.stage import Out, Record
from secondsource.contracts.topics import ALERTS, DEAD_LETTERS, ENRICHED
from store.store import Store

_log = logging.getLogger(__name__)


def destinations(notifiers: Sequence[str], asked: Sequence[str], event: AlertEvent) -> Iterator[str]:
    """Where an event goes, of the notifiers there are: "console"; "slack:CHANNEL" where its watch has a channel; and
    what its watch asked for beside that, "webhook:NAME" and "email:NAME".

    Nobody is sent a mail because a story is over: that asks nothing of anybody, and stands on the desk.
    """
    if "console" in notifiers:
        yield "console"
    if "slack" in notifiers and event.channel:
        yield f"slack:{event.channel}"
    for destination in dict.fromkeys(asked):
        kind = destination.partition(":")[0]
        if kind in notifiers and not (kind == "email" and event.kind == "expired"):
            yield destination


class StoreStage:
    """Keeps what comes, one transaction a batch, and queues each alert event for the notifiers named. Sends nothing."""

    def __init__(
        self,
        store: Store,
        notifiers: tuple[str, ...],
        forget: Callable[[Collection[str]], None] | None = None,
        *,
        asked: Mapping[str, Sequence[str]] | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`forget` removes what is kept of pictures outside the database. `asked` is what watches ask for beside their
        channel, by their names. `clock` tells since when an event waits in the outbox; None: that is not noted.
        """
        self._store = store
        self._notifiers = notifiers
        self._forget = forget
        self._asked = asked or {}
        self._clock = clock

    @property
    def name(self) -> str:
        return "store"

    @property
    def inlet(self) -> tuple[str, ...]:
        return (ENRICHED, ALERTS, DEAD_LETTERS)

    def handle(self, batch: Sequence[Record]) -> list[Out]:
        """Keep a batch.

        Raises:
            BadRecord: a record cannot be kept; none of the batch is.
            SourceAway: the database did not answer or has no room; nothing was kept.
        """
        now = None if self._clock is None else self._clock.now()
        self._store.write([record.message for record in batch], self._destinations, now)
        if self._forget is not None:
            try:
                self._store.forgetting.drain(self._forget)
            except SourceAway as error:  # they stay queued for the next batch; what came has been kept
                _log.warning("pictures of removed posts wait to be forgotten", extra={"reason": str(error)})
        return []

    def _destinations(self, event: AlertEvent) -> Iterator[str]:
        return destinations(self._notifiers, self._asked.get(event.watch, ()), event)
