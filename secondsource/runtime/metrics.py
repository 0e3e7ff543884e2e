"""Every Prometheus metric we have, declared once. Names begin with `secondsource_`; times are seconds."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Sequence
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

from secondsource.contracts import topics
from secondsource.contracts.messages import AlertEvent, Coverage, Enriched, Message, Tick
from secondsource.contracts.stage import Out

Child_co = TypeVar("Child_co", covariant=True)


class _Family(Protocol[Child_co]):
    def labels(self, *values: str) -> Child_co: ...


class _Children(Generic[Child_co]):
    """A metric's children by their label values: a dictionary look-up is a third of what `labels()` costs."""

    def __init__(self, family: _Family[Child_co]) -> None:
        self._family = family
        self._known: dict[tuple[str, ...], Child_co] = {}

    def __call__(self, *values: str) -> Child_co:
        child = self._known.get(values)
        if child is None:
            child = self._known[values] = self._family.labels(*values)
        return child


class Metrics:
    """One instance a process, on the registry it is given."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, what: str, *labels: str) -> _Children[Counter]:
            return _Children(Counter(f"secondsource_{name}", what, labels, registry=registry))

        def gauge(name: str, what: str, *labels: str) -> _Children[Gauge]:
            return _Children(Gauge(f"secondsource_{name}", what, labels, registry=registry))

        # How much moves. Redelivered records count again: these are for rates, the store for exact numbers.
        self._received = counter("messages_received_total", "Messages a stage has taken in.", "stage", "type")
        self._sent = counter("messages_sent_total", "Messages a stage has sent.", "stage", "topic", "type")
        # Volume per watch, counted where a post becomes one Enriched a watch, and nowhere else.
        self._posts = counter("posts_total", "Posts that entered the stream, by watch.", "watch")
        self._alerts = counter("alert_events_total", "Steps in the lives of alerts.", "watch", "kind", "rule")
        self._deliveries = counter(
            "deliveries_total", "Tries to deliver an alert event.", "destination_kind", "destination", "outcome"
        )

        self._unread = counter(
            "texts_unread_total",
            "Posts that the model of meanings was not asked about, their watch's share used up.",
            "watch",
        )

        # What goes wrong. Anything here that rises steadily is worth a look.
        self._dead_letters = counter("dead_letters_total", "Records that could not be handled.", "stage")
        self._missed = counter(
            "records_missed_total", "Records that the broker had let go of before they were read.", "stage"
        )
        self._retries = counter("retries_total", "Waits for a service that was away.", "stage")
        self._away = gauge("source_away", "1 while a service does not answer, else 0.", "service")

        # How far behind we are.
        self._lag = gauge("lag", "Records waiting before a stage.", "stage", "partition")
        self._event_time = gauge("event_time_seconds", "Latest tick a stage has handled, as Unix time.", "stage")
        self._last_seen = gauge(
            "collector_last_seen_seconds", "When a collector last gave a batch, as Unix time.", "collector"
        )
        self._blind = gauge(
            "collector_blind", "1 while a collector does not see a watch, else 0.", "collector", "watch"
        )
        self._seen_until = gauge(
            "collector_seen_until_seconds",
            "Up to when a collector is sure to have seen a watch, as Unix time.",
            "collector",
            "watch",
        )
        self._covered: dict[tuple[str, str], datetime] = {}
        self._running = gauge("stage_running", "1 while a stage is running, else 0.", "stage")
        self._batch_seconds = _Children(
            Histogram(
                "secondsource_batch_seconds",
                "Time to handle one batch, sending and committing included.",
                ("stage",),
                buckets=(0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 15, 60),
                registry=registry,
            )
        )

    def received(self, stage: str, messages: Sequence[Message]) -> None:
        kinds: Tally[type[Message]] = Tally(map(type, messages))
        for kind, count in kinds.items():
            self._received(stage, str(kind.__struct_config__.tag)).inc(count)
        # The last tick of a batch is as good as its latest: collectors' clocks are a batch apart at most.
        for message in reversed(messages):
            if type(message) is Tick:
                self._event_time(stage).set(message.at.timestamp())
                break

    def sent(self, stage: str, outs: Sequence[Out]) -> None:
        sent = Tally([(topic, type(message)) for topic, _, message in outs])
        for (topic, kind), count in sent.items():
            self._sent(stage, topic, str(kind.__struct_config__.tag)).inc(count)
        if (topics.ENRICHED, Enriched) in sent:
            watches = Tally([out.message.watch for out in outs if type(out.message) is Enriched])
            for watch, count in watches.items():
                self._posts(watch).inc(count)
        if (topics.ALERTS, AlertEvent) in sent:
            for _, _, message in outs:
                if type(message) is AlertEvent:
                    self._alerts(message.watch, message.kind, message.finding.rule).inc()

    def delivered(self, destination: str, outcome: str) -> None:
        """`destination` "slack:#desk", "console"; `outcome` "sent", "postponed", "refused"."""
        self._deliveries(destination.partition(":")[0], destination, outcome).inc()

    def unread(self, watch: str) -> None:
        self._unread(watch).inc()

    def dead_lettered(self, stage: str, count: int = 1) -> None:
        self._dead_letters(stage).inc(count)

    def missed(self, stage: str, count: int) -> None:
        self._missed(stage).inc(count)

    def retried(self, stage: str) -> None:
        self._retries(stage).inc()

    def away(self, service: str, is_away: bool) -> None:
        self._away(service).set(is_away)

    def lag(self, stage: str, partition: str, records: int) -> None:
        """`partition` as "posts/3"."""
        self._lag(stage, partition).set(records)

    def collector_seen(self, collector: str, at: datetime) -> None:
        self._last_seen(collector).set(at.timestamp())

    def covered(self, coverage: Coverage) -> None:
        """The newest interval of a collector and watch says how it stands; gaps that were closed afterwards do not."""
        for watch in coverage.watches:
            seen = coverage.state == "seen"
            if seen and coverage.reason:
                continue
            line = coverage.collector, watch
            newest = self._covered.get(line)
            if newest is not None and coverage.end < newest:
                continue
            self._covered[line] = coverage.end
            self._blind(*line).set(not seen)
            if seen:
                self._seen_until(*line).set(coverage.end.timestamp())

    def running(self, stage: str, is_running: bool) -> None:
        self._running(stage).set(is_running)

    def batch(self, stage: str, seconds: float) -> None:
        self._batch_seconds(stage).observe(seconds)


def serve(registry: CollectorRegistry, port: int, address: str = "127.0.0.1") -> int:
    """Serve /metrics from a daemon thread. Port 0 takes a free one; returns the port taken."""
    server, _ = start_http_server(port, address, registry)
    return int(server.server_port)
