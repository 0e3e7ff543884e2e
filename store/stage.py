"""The stage that remembers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence

from secondsource.contracts.errors import SourceAway
from secondsource.contracts.messages import AlertEvent
from secondsource.contracts.stage import Out, Record
from secondsource.contracts.topics import ALERTS, DEAD_LETTERS, ENRICHED
from store.memory import Store

_log = logging.getLogger(__name__)


def destinations(notifiers: Sequence[str], event: AlertEvent) -> Iterator[str]:
    """Where an event goes: "console", "slack:CHANNEL", "webhook:CHANNEL". Only Slack must have one."""
    for notifier in notifiers:
        if notifier == "console":
            yield notifier
        elif event.channel:
            yield f"{notifier}:{event.channel}"
        elif notifier != "slack":
            yield notifier


class StoreStage:
    """Keeps what comes, one transaction a batch, and queues each alert event for the notifiers named. Sends nothing."""

    def __init__(
        self, store: Store, notifiers: tuple[str, ...], forget: Callable[[Collection[str]], None] | None = None
    ) -> None:
        """`forget` removes what is kept of pictures outside the database."""
        self._store = store
        self._notifiers = notifiers
        self._forget = forget

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
        self._store.write([record.message for record in batch], lambda event: destinations(self._notifiers, event))
        if self._forget is not None:
            try:
                self._store.forgetting.drain(self._forget)
            except SourceAway as error:  # they stay queued for the next batch; what came has been kept
                _log.warning("pictures of removed posts wait to be forgotten", extra={"reason": str(error)})
        return []
