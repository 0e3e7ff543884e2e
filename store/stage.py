"""The stage that remembers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from secondsource.contracts.messages import AlertEvent
from secondsource.contracts.stage import Out, Record
from secondsource.contracts.topics import ALERTS, DEAD_LETTERS, ENRICHED
from store.memory import Store


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

    def __init__(self, store: Store, notifiers: tuple[str, ...]) -> None:
        self._store = store
        self._notifiers = notifiers

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
        return []
