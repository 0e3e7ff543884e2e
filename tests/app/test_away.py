"""A broker, a database, a disk or a Slack that is away is waited for, at the start and in the middle."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Event

import pytest

from secondsource.app import replaying, wiring
from secondsource.app.configuring import load
from secondsource.app.demo.town import Town
from tests.app.deployment import Deployment
from tests.app.newsroom import Newsroom, post
from tests.app.processes import PATIENCE, Worker, until
from tests.app.rows import assert_same, assert_told_once
from tests.app.runs import Run
from tests.fakes.slack import Dropped, FakeSlack, Html, RateLimited
from tests.servers.kafka import KafkaServer
from tests.servers.postgres import PostgresServer


def wait_until_away(service: str, *workers: Worker) -> None:
    """Until each says that it waits for a service, counted from now."""
    since = {worker: worker.said for worker in workers}
    until(
        lambda: all(worker.waits_for(service, since[worker]) for worker in workers),
        f"all to say that the {service} is away",
        workers,
    )


@pytest.mark.kafka
@pytest.mark.postgres
def test_the_broker_is_away(
    undisturbed: Run, town_day: Town, tmp_path: Path, postgres_url: str, kafka_server: KafkaServer
) -> None:
    kafka_server.stop()
    with Deployment(
        tmp_path / "run", town_day, postgres_url, bootstrap=kafka_server.bootstrap, batch_size=25, replay_batch=10
    ) as deployment:
        stages = [deployment.run("enrich"), deployment.run("alerts", "store")]
        wait_until_away("broker", *stages)
        kafka_server.start()
        deployment.wait_until_ready()
        replay = deployment.replay_half()
        stages[0].freeze()
        deployment.send_more(replay)
        with deployment.going_on("enrich"):
            stages[0].thaw()
        kafka_server.kill()
        replay.thaw()
        wait_until_away("broker", replay)  # a stage that has nothing to send does not notice
        kafka_server.start()
        deployment.wait_until_through(replay)
        assert_same(deployment.rows(), undisturbed.rows)


@pytest.mark.kafka
@pytest.mark.postgres
def test_the_database_is_away(
    undisturbed: Run, town_day: Town, tmp_path: Path, postgres_server: PostgresServer, kafka_broker: str
) -> None:
    store = postgres_server.url(postgres_server.create_database())
    with Deployment(
        tmp_path / "run", town_day, store, bootstrap=kafka_broker, batch_size=25, replay_batch=10
    ) as deployment:
        postgres_server.stop()
        stages = [deployment.run("enrich"), deployment.run("alerts", "store")]
        wait_until_away("store", *stages)
        postgres_server.start()
        deployment.wait_until_ready()
        replay = deployment.replay_half()
        stages[1].freeze()
        deployment.send_more(replay)  # a stage that has nothing to handle does not notice
        postgres_server.stop()
        stages[1].thaw()
        replay.thaw()
        wait_until_away("store", stages[1], replay)  # enrich has no use for it
        postgres_server.start()
        deployment.wait_until_through(replay)
        assert_same(deployment.rows(), undisturbed.rows)


@pytest.mark.postgres
def test_the_database_goes_away_as_soon_as_it_was_found(tmp_path: Path, postgres_server: PostgresServer) -> None:
    newsroom = Newsroom(tmp_path, postgres_server.url(postgres_server.create_database()))
    request = replaying.Request(files=(newsroom.write("posts.jsonl", [post(number) for number in range(3)]),))
    stop = Event()
    with wiring.house(load(newsroom.config, {"SECONDSOURCE_STORE_URL": newsroom.store_url}), stop=stop) as at:
        postgres_server.stop()
        with ThreadPoolExecutor(1) as beside:
            replayed = beside.submit(replaying.replay, at, request, stop, lambda _done, _total: None)
            waits = partial(at.registry.get_sample_value, "secondsource_source_away", {"service": "store"})
            until(lambda: waits() or replayed.done(), "the replay to wait")
            postgres_server.start()
            assert replayed.result(PATIENCE).sent == 3
    assert len(newsroom.rows("posts")) == 3


@pytest.mark.slow
def test_the_disk_takes_no_more(undisturbed: Run, town_day: Town, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'velgrad.sqlite'}"
    with Deployment(tmp_path / "run", town_day, store, batch_size=10) as deployment:
        replay = deployment.replay()
        until(lambda: deployment.count("posts") >= 300, "the middle", [replay])
        replay.limit_files(64 * 1024)
        wait_until_away("store", replay)
        assert replay.says("velgrad.sqlite cannot be read or written; check the disk")
        assert deployment.count("posts") < 1000
        replay.limit_files(None)
        deployment.wait_until_through(replay)
        assert_same(deployment.rows(), undisturbed.rows)


@pytest.mark.kafka
@pytest.mark.postgres
def test_nobody_answers_where_slack_is(undisturbed: Run, deployment: Deployment, slack: FakeSlack) -> None:
    slack.leave()
    deployment.run("enrich", "alerts")
    sender = deployment.run("store", "notify")
    wait_until_away("slack", sender)
    slack.come_back()
    deployment.wait_until_ready()
    replay = deployment.replay_half()
    slack.leave()
    replay.thaw()
    until(lambda: "postponed" in _outcomes(sender), "a message to be postponed", [sender])
    slack.come_back()
    deployment.wait_until_through(replay)
    assert_same(deployment.rows(), undisturbed.rows)
    assert_told_once(slack, undisturbed.rows)


def _outcomes(sender: Worker) -> set[str]:
    return {event["outcome"] for event in sender.events("delivery")}


@pytest.mark.slow
def test_slack_that_answers_oddly(undisturbed: Run, town_day: Town, tmp_path: Path, slack: FakeSlack) -> None:
    database = shutil.copy(undisturbed.database, tmp_path)
    slack.fail(
        "chat.postMessage", Html(503), Dropped(after=False), Dropped(after=True), RateLimited(2), Html(503, after=True)
    )
    slack.fail("chat.update", Html(503), Dropped(after=True))
    slack.fail("conversations.history", Html(503))
    with Deployment(tmp_path / "run", town_day, f"sqlite:///{database}", slack=slack.url) as deployment:
        sender = deployment.run("notify")
        until(lambda: not deployment.store.status().waiting, "the outbox to be empty", [sender])
        assert {"postponed", "doubtful", "found", "sent"} <= _outcomes(sender)
        assert not any(slack.faults.values())
        assert_told_once(slack, deployment.rows())
