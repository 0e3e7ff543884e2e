"""Every panel of every board, on a real Prometheus and a real PostgreSQL: it must show something.

Twice: on a store and metrics filled by hand, which is quick and says which panel is at fault; and on a real run
(tests/app/runs.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from sqlalchemy import Engine, create_engine, delete, insert, select

from secondsource.contracts.messages import (
    Account,
    AlertEvent,
    Enriched,
    Finding,
    Language,
    Post,
    Sketch,
    Spread,
    Stance,
    StoryUpdate,
    Tick,
)
from secondsource.contracts.stage import Out
from secondsource.contracts.topics import ALERTS, ENRICHED
from secondsource.runtime.metrics import Metrics
from store.database import tables
from store.database.schema import migrate
from tests.app.runs import RealRun
from tests.deploy.board_queries import all_of, check_boards, filled_sql, queries
from tests.servers.prometheus import PrometheusServer, StartPrometheus

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
pytestmark = [pytest.mark.prometheus, pytest.mark.postgres]


def scraped(prometheus: PrometheusServer) -> None:
    """Wait until each rate has two samples to stand on."""
    assert prometheus.wait_for("min(count_over_time(up[1m])) >= 3")


# --- by hand ----------------------------------------------------------------------------------------------------------

ACCOUNT = Account(uid="x:7", handle="velgrad_port")
POST = Post(
    uid="x:1",
    platform="x",
    author=ACCOUNT,
    text="The bridge of Velgrad, now",
    created_at=NOON,
    observed_at=NOON,
    collector="replay",
    watches=("velgrad",),
)
STORY = StoryUpdate(
    id="s1",
    watch="velgrad",
    version=3,
    opened_at=NOON,
    as_of=NOON,
    claim=POST.text,
    claim_uid=POST.uid,
    state="single-origin",
    independent=1.0,
    posts=2,
    accounts=2,
    disputes=0,
    spread=Spread(interactions=90, age_seconds=600, state="measured", expected=4, surprise=1e-6, history=50),
)
EVENT = AlertEvent(
    alert_id="a1",
    seq=0,
    kind="opened",
    at=NOON,
    watch="velgrad",
    story=STORY,
    finding=Finding(rule="uncorroborated_spike", headline="Spreading, one origin", reasons=(), clears="one more"),
    link="http://127.0.0.1:8380/alerts/a1",
)


def enriched(post: Post) -> Enriched:
    language, stance = Language(code="en", confidence=0.9), Stance(label="asserts")
    return Enriched(watch="velgrad", post=post, language=language, sketch=Sketch(exact="x"), stance=stance)


@pytest.fixture
def metrics_by_hand() -> Iterator[str]:
    """Each metric of ours with a value, and the process's own."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    metrics = Metrics(registry)
    metrics.received("alerts", [POST, Tick(collector="replay", at=NOON)])
    metrics.sent("enrich", [Out(ENRICHED, "velgrad", enriched(POST))])
    metrics.sent("alerts", [Out(ALERTS, "velgrad", EVENT)])
    metrics.collector_seen("replay", NOON)
    metrics.running("alerts", is_running=True)
    metrics.batch("alerts", 0.03)
    metrics.lag("alerts", "enriched/0", 5)
    server, thread = start_http_server(0, "127.0.0.1", registry)
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def store_by_hand(postgres_url: str) -> Iterator[Engine]:
    """A post, its older picture, its story, an alert, and one thing gone wrong."""
    engine = create_engine(postgres_url)
    migrate(engine)
    words = dict.fromkeys(("url", "repost_of", "quote_of", "reply_to", "edit_of", "lang_hint", "stance_cue"), "")
    lists: dict[str, object] = {"links": [], "media": [], "hashtags": [], "mentions": [], "media_notes": []}
    post = {
        **words,
        **lists,
        "uid": POST.uid,
        "platform": "x",
        "account_uid": ACCOUNT.uid,
        "created_at": NOON,
        "observed_at": NOON,
        "collector": "replay",
        "watches": ["velgrad"],
        "text": POST.text,
        "root": POST.uid,
        "language": "en",
        "confidence": 0.9,
        "stance": "asserts",
        "entities": [{"kind": "place", "id": "Velgrad", "text": "Velgrad"}],
        "digest": 1,
    }
    picture = {"pdq": "0" * 64, "quality": 90, "width": 9, "height": 9, "kind": "image", "state": "fingerprinted"}
    sighting = {"url": "", "account_uid": ACCOUNT.uid, "handle": ACCOUNT.handle, "caption": "A bridge"}
    story = {
        **{name: getattr(STORY, name) for name in ("id", "watch", "version", "opened_at", "as_of", "claim")},
        **{name: getattr(STORY, name) for name in ("claim_uid", "state", "independent", "posts", "accounts")},
        **{name: getattr(STORY.spread, name) for name in ("interactions", "age_seconds", "expected", "surprise")},
        "disputes": 0,
        "dispersion": 1.0,
        "history": 50,
        "spread_state": "measured",
        "origins": [],
        "digest": 1,
    }
    alert = {"id": "a1", "watch": "velgrad", "story": "s1", "rule": EVENT.finding.rule, "kind": "opened", "seq": 0}
    event = {"id": EVENT.id, "alert_id": "a1", "seq": 0, "kind": "opened", "at": NOON, "watch": "velgrad"}
    outgoing = {"id": "o1", "destination": "console", "event_id": EVENT.id, "alert_id": "a1", "seq": 0, "at": NOON}
    letter = {"id": "d1", "stage": "replay", "source": "posts.tsv:9", "target": "posts", "reason": "no text"}
    covered = {"collector": "replay", "watch": "", "state": "seen", "reason": "", "start_at": NOON, "end_at": NOON}
    rows: list[tuple[str, dict[str, object]]] = [
        ("posts", post),
        ("pictures", {**picture, "id": "p1", "reason": ""}),
        ("pictures", {**picture, "id": "p2", "reason": ""}),
        ("picture_matches", {"a": "p1", "b": "p2", "distance": 4}),
        ("sightings", {**sighting, "picture": "p2", "source": POST.uid, "seen_at": NOON}),
        ("sightings", {**sighting, "picture": "p1", "source": "archive:1", "seen_at": NOON - timedelta(days=800)}),
        ("stories", story),
        ("alerts", {**alert, "opened_at": NOON, "at": NOON, "headline": EVENT.finding.headline, "channel": ""}),
        ("alert_events", {**event, "story": "s1", "body": {"link": EVENT.link, "finding": {"headline": "Spreading"}}}),
        ("outbox", {**outgoing, "state": "waiting", "attempts": 0, "reason": "", "reference": ""}),
        ("dead_letters", {**letter, "body": b"{", "at": NOON, "key": ""}),
        ("coverage", covered),
    ]
    with engine.begin() as connection:
        for table, row in rows:
            connection.execute(insert(tables.metadata.tables[table]), row)
    yield engine
    engine.dispose()


def test_every_panel_shows_what_was_put_there_by_hand(
    prometheus_server: StartPrometheus, metrics_by_hand: str, store_by_hand: Engine
) -> None:
    prometheus = prometheus_server([metrics_by_hand])
    scraped(prometheus)
    assert check_boards(prometheus.query, store_by_hand) == []

    with store_by_hand.begin() as connection:
        connection.execute(delete(tables.alerts))
    assert check_boards(prometheus.query, store_by_hand) == [
        "newsroom: Open alerts: no rows",
        "newsroom: How good alerts were: no rows",
    ]


def test_a_story_that_went_on_in_another_is_counted_once(store_by_hand: Engine) -> None:
    with store_by_hand.begin() as connection:
        row = connection.execute(select(tables.stories)).mappings().one()
        connection.execute(insert(tables.stories), {**row, "id": "s2", "merged_into": "s1"})
    (query,) = (one for one in queries() if one.where == "newsroom: Corroboration of stories")
    with store_by_hand.connect() as connection:
        found = connection.exec_driver_sql(filled_sql(query.text, all_of(store_by_hand))).all()
    assert found == [("single-origin", 1)]


# --- a real run -------------------------------------------------------------------------------------------------------


@pytest.mark.kafka
def test_every_panel_shows_a_real_run(prometheus_server: StartPrometheus, real_run: RealRun) -> None:
    prometheus = prometheus_server(real_run.metrics)
    scraped(prometheus)
    engine = create_engine(real_run.database_url)
    try:
        assert check_boards(prometheus.query, engine) == []
    finally:
        engine.dispose()
