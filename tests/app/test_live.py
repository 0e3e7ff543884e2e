"""From a hashtag to a Slack message, live: X streams, and processes as an operator starts them tell Slack."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import Popen
from uuid import uuid4

import pytest

from secondsource.app.parts import PARTS
from store.database.tables import leases
from tests.app.newsroom import Newsroom, post
from tests.app.processes import SECONDS_TO_STOP, until
from tests.app.rows import CHANNEL, assert_told_once, rows_of
from tests.fakes import slack as slacks
from tests.fakes import x as xs
from tests.ingest.payloads import Json, v2_line

CLAIM = "The old bridge in #Velgrad has just collapsed, people are in the river"
COPIES = 40  #: more than the thirty below which a watch wakes nobody


@pytest.fixture
def x() -> Iterator[xs.FakeX]:
    with xs.FakeX() as one:
        yield one


def newsroom(folder: Path, x: xs.FakeX, slack: slacks.FakeSlack, store_url: str = "", more: str = "") -> Newsroom:
    """It follows #Velgrad on X, tells a channel in Slack, and knows how posts of other days went."""
    x_on = f"{{enabled: true, approved_use_case: testing, token_env: X_TOKEN, base_url: '{x.url}'}}"
    settings = (
        f"collectors: {{x: {x_on}, bluesky: {{enabled: false}}, feeds: {{enabled: false}}}}\n"
        f"notify: {{console: false, slack: {{token_env: SLACK_TOKEN, base_url: '{slack.url}'}}}}\n{more}"
    )
    made = Newsroom(folder, store_url, settings=settings, environ={"X_TOKEN": xs.TOKEN, "SLACK_TOKEN": slacks.TOKEN})
    watch = made.config / "watches" / "velgrad.yaml"
    watch.write_text(f"{watch.read_text('utf-8')}    slack_channel: {CHANNEL}\n", "utf-8")
    before = [post(number, f"Word {number}{number} of the {number}th street in #Velgrad") for number in range(40)]
    assert made.run("replay", made.write("before.jsonl", before)).code == 0
    return made


def line(number: int) -> Json:
    """Of the stream: each account says the same."""
    at = (datetime.now(UTC) - timedelta(minutes=3)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    made = v2_line(number, CLAIM, created_at=at, author_id=str(number))
    made["includes"]["users"][0] |= {"id": str(number), "username": f"resident_{number}"}
    return made


def posts_of_story(at: Newsroom) -> int:
    return max((int(story["posts"]) for story in at.rows("stories")), default=0)


def tell(at: Newsroom, x: xs.FakeX, slack: slacks.FakeSlack, processes: list[list[str]], killed: list[str]) -> None:
    """What X streams is told in Slack. `killed` and started again, X sends it all once more: nothing is told twice."""
    lines = [line(number) for number in range(COPIES)]
    with ExitStack() as ends:
        running: dict[str, Popen[str]] = {}

        def start(words: list[str]) -> None:
            process = running[" ".join(words)] = ends.enter_context(at.start("run", *words))
            ends.callback(process.kill)

        for words in processes:
            start(words)
        for each in lines:
            x.send(each)
        x.raw(b'{"data":{"id":"19000\r\n')
        until(lambda: bool(slack.first_messages(CHANNEL)) and posts_of_story(at) == COPIES, "the alert in Slack")
        running[" ".join(killed)].kill()
        assert x.deserted()
        with at.store() as store, store.database.writing() as connection:
            connection.execute(leases.delete())
        start(killed)
        for each in [*lines, line(COPIES)]:
            x.send(each)
        until(lambda: posts_of_story(at) == COPIES + 1, "what came after")
        with at.store() as store:
            until(lambda: not store.status().waiting, "the outbox to be empty")
        for process in running.values():
            process.terminate()
        assert {process.wait(SECONDS_TO_STOP) for process in running.values()} == {0}
    with at.store() as store:
        rows = rows_of(store)
    assert [letter["stage"] for letter in rows["dead_letters"]] == ["ingest:x"]
    assert len(rows["posts"]) == 40 + COPIES + 1
    assert len(rows["alerts"]) == 1
    assert_told_once(slack, rows)
    assert "one origin" in slack.first_messages(CHANNEL)[0]["text"]


@pytest.mark.slow
def test_in_one_process(tmp_path: Path, x: xs.FakeX, slack: slacks.FakeSlack) -> None:
    tell(newsroom(tmp_path, x, slack), x, slack, [[]], [])


@pytest.mark.kafka
@pytest.mark.postgres
def test_with_a_process_for_each_part(
    tmp_path: Path, x: xs.FakeX, slack: slacks.FakeSlack, kafka_broker: str, postgres_url: str
) -> None:
    kafka = f"transport: kafka\nkafka: {{bootstrap: '{kafka_broker}', prefix: l{uuid4().hex[:8]}, partitions: 2}}\n"
    at = newsroom(tmp_path, x, slack, postgres_url, kafka)
    tell(at, x, slack, [[part] for part in PARTS], ["ingest"])
