"""From a message entering to the Slack call leaving, at 500 posts a second, in real time: inline, and over Kafka.

Stories take off in two ways: by reposts in the stream, and by one snapshot of counts that the refresher brings.
"""

from __future__ import annotations

import logging
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import numpy as np
from msgspec import structs

from alerts.delivery.sending import Sender
from alerts.notifiers import SlackNotifier
from alerts.ports import Delivery
from benchmarks.deployment import deployed, kafka
from benchmarks.report import Report
from benchmarks.stream import posts
from benchmarks.whole_way import configured
from secondsource.app import wiring
from secondsource.app.wiring import House
from secondsource.contracts.messages import Account, Counts, Engagement, Message, Post, Tick
from secondsource.contracts.stage import Batch
from tests.fakes.slack import TOKEN, FakeSlack

PER_SECOND = 500
EVERY = 0.1  #: seconds between batches, as a live collector sends them
SETTLE = 5.0  #: seconds for what came before to be taken in
CHANNEL = "C0000000001"
A_STORY = 2.0  #: seconds between two stories that take off
_ASKED_FOR = "-asked-for"  #: ends the uid of a story that takes off by its counts
Push = Callable[[str, Batch, Event], None]


class Slack(FakeSlack):
    """Notes when each alert's first message comes in."""

    def __init__(self) -> None:
        super().__init__()
        self.came: dict[str, datetime] = {}

    def answer(self, method: str, token: str, body: dict[str, object]) -> tuple[int, dict[str, str], bytes] | None:
        if method == "chat.postMessage":
            metadata = body.get("metadata")
            payload = metadata["event_payload"] if isinstance(metadata, dict) else {}
            self.came.setdefault(payload.get("key", ""), datetime.now(UTC))
        return super().answer(method, token, body)


class Probe(SlackNotifier):
    """Slack's own notifier, but for Slack's one message a second: what waits for that is not what is measured."""

    def __init__(self, url: str) -> None:
        super().__init__(TOKEN, url, per_second=100.0)
        self.opened: list[Delivery] = []

    def post(self, delivery: Delivery) -> str:
        if delivery.event.kind == "opened":
            self.opened.append(delivery)
        return super().post(delivery)


def run(report: Report, scale: float) -> None:
    logging.getLogger("kafka").setLevel(logging.ERROR)
    seconds = max(20.0, 60.0 * scale)
    slack = Slack()
    slack.start()
    settings = f'notify: {{console: false, slack: {{token_file: slack-token, base_url: "{slack.url}"}}}}\n'
    try:
        with tempfile.TemporaryDirectory() as folder:
            configuration = configured(Path(folder), f"sqlite:///{folder}/bench.sqlite", settings, channel=CHANNEL)
            with wiring.house(configuration) as at:
                _measure(report, "inline on SQLite", "< 2", at, wiring.pipeline(at).push, seconds, slack)
        with kafka() as bootstrap, deployed(bootstrap, "late", 4, more=settings, channel=CHANNEL) as (deployment, at):
            deployment.start([["enrich"], ["alerts"], ["store"]])
            over = wiring.transport(at, "bench")
            push = wiring.publisher(at, over).push
            _measure(report, "Kafka and PostgreSQL", "< 4", at, push, seconds, slack)
            over.close()
            deployment.check()
    finally:
        slack.stop()


def _measure(report: Report, name: str, target: str, at: House, push: Push, seconds: float, slack: Slack) -> None:
    probe, stop = Probe(slack.url), Event()
    sender = Sender(at.store.outbox, [probe], at.clock, holder="bench")  # as patient as in a deployment
    sending = Thread(target=sender.run, args=(stop,), daemon=True)
    sending.start()
    slack.came.clear()
    for number, batch in enumerate(_live(seconds)):
        push("bench", Batch(batch, (), str(number)), Event())
    time.sleep(8)
    stop.set()
    sending.join()
    took = defaultdict(list)
    for delivery in probe.opened:
        if delivery.id in slack.came:
            way = "counts" if delivery.event.story.claim_uid.endswith(_ASKED_FOR) else "reposts"
            took[way].append((slack.came[delivery.id] - delivery.event.at).total_seconds())
    for way, says in (("counts", "an engagement message"), ("reposts", "a repost")):
        for percent in (50, 95, 99):
            note = f"{len(took[way])} alerts; 1 s of it is the watch's lateness" if percent == 50 else ""
            asked = target if percent == 95 else ""
            what = f"{name}, from {says} to the Slack call, p{percent}"
            report.add("latency", what, _percentile(took[way], percent), "s", target=asked, note=note)
    rows = [row for row in at.store.dump("outbox") if row["seq"] == 1 and row["sent_at"] and row["queued_at"]]
    waited = [(row["sent_at"] - row["queued_at"]).total_seconds() for row in rows]
    report.add("latency", f"{name}, of it from the outbox to Slack's answer, p95", _percentile(waited, 95), "s")


def _percentile(seconds: list[float], percent: int) -> float:
    return float(np.percentile(seconds, percent)) if seconds else float("nan")


def _live(seconds: float) -> Iterator[list[Message]]:
    """A tenth of a second of posts at a time, when it is due: a background, and every other second a story that takes
    off, by turns by reposts and, two seconds after it was posted, by its counts.
    """
    size = int(PER_SECOND * EVERY)
    start = time.time()
    # lone posts of the past hour, so that the watch knows what is usual
    history = [
        _moved(post, datetime.fromtimestamp(start, UTC) - timedelta(seconds=3600 - number / 2))
        for number, post in enumerate(posts(5000, seed=1))
        if not post.repost_of and not post.reply_to
    ]
    yield [*history, Tick(collector="bench", at=datetime.fromtimestamp(start - 1, UTC))]
    time.sleep(SETTLE)
    start = time.time()
    background = posts(10**9, seed=2)
    stories = [post for post in posts(10_000, seed=3) if not post.repost_of and not post.reply_to]
    for number in range(int(seconds / EVERY)):
        due = start + number * EVERY
        time.sleep(max(0.0, due - time.time()))
        now = datetime.now(UTC)
        batch: list[Message] = [_moved(next(background), now) for _ in range(size)]
        turn, place = divmod(round(number * EVERY, 3), A_STORY)
        ending = _ASKED_FOR if int(turn) % 2 else "-taking-off"
        story = structs.replace(stories[int(turn)], uid=f"{stories[int(turn)].uid}{ending}")
        if int(turn) % 2 == 0:
            batch[::5] = [_spike(story, number * size + each, now) for each in range(0, size, 5)]
        elif place == 0:
            batch[0] = _moved(story, now)
        elif round(place, 3) == A_STORY - EVERY:
            batch.append(_asked(story, now))
        yield [*batch, Tick(collector="bench", at=now)]


def _moved(post: Post, at: datetime) -> Post:
    return structs.replace(post, created_at=at, observed_at=at)


def _spike(story: Post, number: int, at: datetime) -> Post:
    """One more repost of the story of these seconds."""
    return structs.replace(
        _moved(story, at), uid=f"x:9{number}", author=Account(uid=f"x:s{number}", handle=f"s{number}"),
        repost_of=story.uid,
    )  # fmt: skip


def _asked(story: Post, at: datetime) -> Engagement:
    """What the refresher brings: it was passed on a great deal."""
    return Engagement(
        uid=story.uid, observed_at=at, collector="bench", watches=story.watches, counts=Counts(reposts=400, replies=30)
    )
