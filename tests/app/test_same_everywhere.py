"""One recording, one result: in one process on SQLite, and in many on Kafka and PostgreSQL."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from secondsource.app.demo.town import Town
from tests.app.deployment import STAGES, Deployment, exit_codes
from tests.app.processes import SECONDS_TO_STOP
from tests.app.rows import assert_same
from tests.app.runs import Run


def test_there_is_something_to_compare(undisturbed: Run, town_day: Town) -> None:
    rows = undisturbed.rows
    assert len(rows["posts"]) > 1000
    assert Counter(letter["stage"] for letter in rows["dead_letters"]) == {
        "ingest:replay:posts.jsonl": town_day.malformed,
        "enrich": 1,
    }
    assert {story["watch"] for story in rows["stories"]} == {"harbour", "velgrad"}
    kinds = {event["kind"] for event in rows["alert_events"]}
    assert {"opened", "corroborated"} <= kinds
    for table in ("sightings", "picture_matches", "engagement", "takedowns", "story_posts", "outbox"):
        assert rows[table], table


def test_inline_in_small_steps(undisturbed: Run, town_day: Town, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'velgrad.sqlite'}"
    with Deployment(tmp_path / "run", town_day, store, batch_size=37) as deployment:
        deployment.wait_until_through(deployment.replay())
        assert_same(deployment.rows(), undisturbed.rows)


@pytest.mark.postgres
def test_inline_on_postgresql(undisturbed: Run, town_day: Town, tmp_path: Path, postgres_url: str) -> None:
    with Deployment(tmp_path / "run", town_day, postgres_url) as deployment:
        deployment.wait_until_through(deployment.replay())
        assert_same(deployment.rows(), undisturbed.rows)


@pytest.mark.kafka
@pytest.mark.postgres
def test_each_stage_in_a_process_of_its_own(
    undisturbed: Run, town_day: Town, tmp_path: Path, postgres_url: str, kafka_broker: str
) -> None:
    with Deployment(tmp_path / "run", town_day, postgres_url, bootstrap=kafka_broker, partitions=3) as deployment:
        for stage in STAGES:
            deployment.run(stage)
        deployment.wait_until_through(deployment.replay())
        assert_same(deployment.rows(), undisturbed.rows)


@pytest.mark.kafka
@pytest.mark.postgres
def test_several_workers_a_stage_of_which_one_leaves_in_the_middle(
    undisturbed: Run, town_day: Town, tmp_path: Path, postgres_url: str, kafka_broker: str
) -> None:
    with Deployment(
        tmp_path / "run", town_day, postgres_url, bootstrap=kafka_broker, partitions=4, batch_size=25, replay_batch=10
    ) as deployment:
        deployment.run("enrich", "store")
        deployment.run("alerts")
        leaving = [deployment.run(*STAGES)]
        deployment.wait_until_ready()
        replay = deployment.replay_half()
        with deployment.going_on("alerts"):
            replay.thaw()
        assert exit_codes(leaving, SECONDS_TO_STOP) == {"run enrich alerts store": 0}
        deployment.wait_until_through(replay)
        assert_same(deployment.rows(), undisturbed.rows)
