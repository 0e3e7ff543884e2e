"""What the metrics say, how they are named and where they are served."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal
from urllib.request import urlopen

from prometheus_client import CollectorRegistry

from secondsource.contracts import topics
from secondsource.contracts.messages import Coverage, Enriched, Language, Sketch, Stance, Tick
from secondsource.contracts.stage import Out
from secondsource.runtime.metrics import Metrics, serve
from tests.runtime.makers import START, post


def test_counts_by_type_watch_and_tick() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    enriched = Enriched(
        watch="velgrad",
        post=post(1),
        language=Language(code="en", confidence=0.9),
        sketch=Sketch(exact="1"),
        stance=Stance(label="asserts"),
    )
    metrics.received("enrich", [post(1), post(2), Tick(collector="replay", at=START)])
    metrics.sent("enrich", [Out(topics.ENRICHED, "velgrad", enriched)] * 3)

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"secondsource_{name}", labels)

    assert value("messages_received_total", stage="enrich", type="post") == 2
    assert value("messages_sent_total", stage="enrich", topic="enriched", type="enriched") == 3
    assert value("posts_total", watch="velgrad") == 3
    assert value("event_time_seconds", stage="enrich") == START.timestamp()


def test_the_newest_interval_says_whether_a_collector_is_blind() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)

    def told(start: int, end: int, state: Literal["seen", "blind"], reason: str = "") -> tuple[float | None, float]:
        moments = [START + timedelta(seconds=second) for second in (start, end)]
        metrics.covered(
            Coverage(collector="x", watches=("velgrad",), start=moments[0], end=moments[1], state=state, reason=reason)
        )
        labels = {"collector": "x", "watch": "velgrad"}
        until = registry.get_sample_value("secondsource_collector_seen_until_seconds", labels)
        blind = registry.get_sample_value("secondsource_collector_blind", labels)
        return blind, (until or 0.0) - START.timestamp()

    assert told(0, 10, "seen") == (0, 10)
    assert told(10, 20, "blind", "429") == (1, 10)
    assert told(10, 20, "seen", "found by search") == (1, 10), "found afterwards, and still not connected"
    assert told(0, 5, "seen") == (1, 10), "old news"
    assert told(20, 21, "seen") == (0, 21)


def test_every_metric_has_help_and_our_prefix() -> None:
    registry = CollectorRegistry()
    Metrics(registry)
    families = list(registry.collect())
    assert len(families) >= 12
    for family in families:
        assert family.name.startswith("secondsource_")
        assert family.documentation.endswith(".")


def test_serves_on_a_free_port() -> None:
    registry = CollectorRegistry()
    Metrics(registry).away("slack", is_away=True)
    port = serve(registry, 0)
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        assert b'secondsource_source_away{service="slack"} 1.0' in answer.read()


def test_registries_do_not_meet() -> None:
    Metrics(CollectorRegistry())
    Metrics(CollectorRegistry())
