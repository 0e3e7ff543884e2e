"""Asked to stop, a process ends soon and in order, and another goes on where it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from secondsource.app.demo.town import Town
from tests.app.deployment import STAGES, Deployment, Part, exit_codes
from tests.app.processes import SECONDS_TO_STOP, until
from tests.app.rows import assert_same
from tests.app.runs import Run
from tests.servers.kafka import KafkaServer

PARTS: tuple[Part, ...] = (*STAGES, "notify", "desk")
STOPPED_EARLY = 1  #: a replay says that there is more to come


@pytest.mark.kafka
@pytest.mark.postgres
def test_all_stop_in_the_middle_and_others_go_on(
    undisturbed: Run, town_day: Town, tmp_path: Path, postgres_url: str, kafka_broker: str
) -> None:
    with Deployment(
        tmp_path / "run", town_day, postgres_url, bootstrap=kafka_broker, batch_size=25, replay_batch=10
    ) as deployment:
        stopping = [deployment.run(part) for part in PARTS]
        deployment.wait_until_ready()
        replay = deployment.replay_half()
        replay.thaw()
        codes = exit_codes([*stopping, replay], SECONDS_TO_STOP)
        assert codes == {**{f"run {part}": 0 for part in PARTS}, "replay": STOPPED_EARLY}
        assert deployment.sent() < town_day.messages
        deployment.run("enrich", "alerts", "store")
        deployment.wait_until_through(deployment.replay())
        assert_same(deployment.rows(), undisturbed.rows)


@pytest.mark.slow
def test_an_inline_replay_stops_and_goes_on(undisturbed: Run, town_day: Town, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'velgrad.sqlite'}"
    with Deployment(tmp_path / "run", town_day, store, batch_size=10) as deployment:
        stopped = deployment.replay()
        until(lambda: deployment.count("posts") >= 300, "the middle", [stopped])
        assert exit_codes([stopped], SECONDS_TO_STOP) == {"replay": STOPPED_EARLY}
        assert deployment.count("posts") < 1000
        deployment.wait_until_through(deployment.replay())
        assert_same(deployment.rows(), undisturbed.rows)


@pytest.mark.kafka
def test_stops_while_the_broker_is_away(town_day: Town, tmp_path: Path) -> None:
    nobody = "127.0.0.1:9"
    with Deployment(tmp_path / "run", town_day, f"sqlite:///{tmp_path / 'a.sqlite'}", bootstrap=nobody) as deployment:
        waiting = [deployment.run("alerts"), deployment.replay()]
        until(lambda: all(worker.waits_for("broker") for worker in waiting), "both to wait", waiting)
        assert exit_codes(waiting, SECONDS_TO_STOP) == {"run alerts": 0, "replay": STOPPED_EARLY}


@pytest.mark.kafka
def test_stops_with_a_word_of_ours_where_the_broker_went_away_in_the_middle(
    town_day: Town, tmp_path: Path, kafka_server: KafkaServer
) -> None:
    store = f"sqlite:///{tmp_path / 'a.sqlite'}"
    with Deployment(tmp_path / "run", town_day, store, bootstrap=kafka_server.bootstrap, replay_batch=10) as deployment:
        stopped = deployment.replay()
        until(lambda: deployment.sent() >= 100, "100 records sent", [stopped])
        kafka_server.kill()
        until(lambda: stopped.waits_for("broker"), "the broker to be missed", [stopped])
        assert exit_codes([stopped], SECONDS_TO_STOP) == {"replay": STOPPED_EARLY}
        assert stopped.says("does not answer while sending")
        assert not stopped.says("Traceback"), stopped.output()
