"""Any process may be killed at any moment: started again, it comes to the same as if nothing had happened."""

from __future__ import annotations

import shutil
from pathlib import Path
from threading import Event, Lock

import pytest

from secondsource.app.demo.town import Town
from tests.app.deployment import STAGES, Deployment, Part, StageName
from tests.app.processes import until
from tests.app.rows import assert_same, assert_told_once
from tests.app.runs import Run
from tests.fakes.slack import FakeSlack, Json

PARTS: tuple[Part, ...] = (*STAGES, "notify")


@pytest.mark.slow
def test_an_inline_replay_killed_twice(town_day: Town, tmp_path: Path) -> None:
    with Deployment(tmp_path / "calm", town_day, f"sqlite:///{tmp_path / 'calm.sqlite'}", parts=True) as calm:
        calm.wait_until_through(calm.replay())
        undisturbed = calm.rows()
    store = f"sqlite:///{tmp_path / 'velgrad.sqlite'}"
    with Deployment(tmp_path / "run", town_day, store, batch_size=10, parts=True) as deployment:
        for least in (100, 700):
            killed = deployment.replay()
            until(lambda: deployment.count("posts") >= least, f"{least} posts", [killed])  # noqa: B023 - called before the next
            killed.kill()
            assert least <= deployment.count("posts") < 1000
        deployment.wait_until_through(deployment.replay())
        assert_same(deployment.rows(), undisturbed)


@pytest.mark.kafka
@pytest.mark.postgres
def test_a_replay_killed_in_the_middle(
    undisturbed: Run, town_day: Town, tmp_path: Path, postgres_url: str, kafka_broker: str
) -> None:
    with Deployment(
        tmp_path / "run", town_day, postgres_url, bootstrap=kafka_broker, batch_size=25, replay_batch=10
    ) as deployment:
        deployment.run("enrich", "alerts", "store")
        deployment.wait_until_ready()
        killed = deployment.replay()
        until(lambda: deployment.sent() >= 300, "300 records sent", [killed])
        killed.kill()
        assert deployment.sent() < town_day.messages
        deployment.wait_until_through(deployment.replay())
        assert_same(deployment.rows(), undisturbed.rows)


@pytest.mark.kafka
@pytest.mark.postgres
@pytest.mark.parametrize("victim", STAGES)
def test_a_stage_killed_in_the_middle(
    victim: StageName, undisturbed: Run, deployment: Deployment, slack: FakeSlack
) -> None:
    deployment.run(*(part for part in PARTS if part != victim))
    killed = deployment.run(victim)
    deployment.wait_until_ready()
    replay = deployment.replay_half()
    with deployment.going_on(victim):
        replay.thaw()
    killed.kill()
    deployment.run(victim)
    deployment.wait_until_through(replay)
    assert_same(deployment.rows(), undisturbed.rows)
    assert_told_once(slack, undisturbed.rows)


@pytest.mark.kafka
@pytest.mark.postgres
def test_all_processes_killed_at_once_and_again(undisturbed: Run, deployment: Deployment, slack: FakeSlack) -> None:
    """As when the machine's power is cut, twice."""
    for least in (100, 500):
        deployment.run("enrich", "alerts")
        deployment.run("store", "notify")
        replay = deployment.replay()
        deployment.wait_for_posts(least)
        for worker in deployment.workers:
            worker.kill()
        assert deployment.count("posts") < 1000
        deployment.let_leases_run_out()
    deployment.run(*PARTS)
    replay = deployment.replay()
    deployment.wait_until_through(replay)
    assert_same(deployment.rows(), undisturbed.rows)
    assert_told_once(slack, undisturbed.rows)


class HeldSlack(FakeSlack):
    """Keeps whoever posts waiting, once when it has taken the message and once instead of taking it.

    `held` is set while somebody waits; `go_on` lets go of them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.held = Event()
        self.go_on = Event()
        self._posts = 0
        self._counting = Lock()

    def answer(self, method: str, token: str, body: Json) -> tuple[int, dict[str, str], bytes] | None:
        if method != "chat.postMessage":
            return super().answer(method, token, body)
        with self._counting:
            self._posts += 1
            number = self._posts
        answer = None if number == 2 else super().answer(method, token, body)
        if number <= 2:
            self.held.set()
            self.go_on.wait(60)
            self.go_on.clear()
        return answer


@pytest.mark.slow
def test_a_sender_killed_before_it_hears_whether_slack_took_its_message(
    undisturbed: Run, town_day: Town, tmp_path: Path
) -> None:
    slack = HeldSlack()
    slack.start()
    database = shutil.copy(undisturbed.database, tmp_path)
    try:
        with Deployment(tmp_path / "run", town_day, f"sqlite:///{database}", slack=slack.url) as deployment:
            for _ in ("taken", "not taken"):
                killed = deployment.run("notify")
                until(slack.held.is_set, "Slack to be asked", [killed])
                killed.kill()
                slack.held.clear()
                slack.go_on.set()
                deployment.let_leases_run_out()
            last = deployment.run("notify")
            until(lambda: not deployment.store.status().waiting, "the outbox to be empty", [last])
            assert_told_once(slack, deployment.rows())
    finally:
        slack.stop()
