"""From a post entering to its alert leaving, at 500 posts a second, in real time: inline, and over Kafka."""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread

import numpy as np
from msgspec import structs

from alerts.delivery import Patience, Sender
from alerts.notifiers.contract import Pace
from benchmarks.deployment import deployed, kafka
from benchmarks.report import Report
from benchmarks.stream import posts
from benchmarks.whole_way import configured
from secondsource.app import wiring
from secondsource.app.wiring import House
from secondsource.contracts.messages import Account, Message, Post, Tick
from secondsource.contracts.outbox import Delivery
from secondsource.contracts.stage import Batch

PER_SECOND = 500
EVERY = 0.1  #: seconds between batches, as a live collector sends them
Push = Callable[[str, Batch, Event], None]


class Probe:
    """Takes alerts like Slack would, and notes how long ago the post that raised each had come in."""

    name = "console"
    pace: Pace | None = None
    digests = False

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def post(self, delivery: Delivery) -> str:
        if delivery.event.kind == "opened":
            self.seconds.append((datetime.now(UTC) - delivery.event.at).total_seconds())
        return delivery.event.alert_id

    def correct(self, delivery: Delivery) -> None:
        """Nothing is kept that could be corrected."""

    def find(self, delivery: Delivery) -> str | None:  # noqa: ARG002 - the protocol asks about a delivery
        return None


def run(report: Report, scale: float) -> None:
    logging.getLogger("kafka").setLevel(logging.ERROR)
    seconds = max(20.0, 60.0 * scale)
    console = "notify: {console: true}\n"
    with tempfile.TemporaryDirectory() as folder:
        configuration = configured(Path(folder), f"sqlite:///{folder}/bench.sqlite", console)
        with wiring.house(configuration) as at:
            _measure(report, "inline on SQLite", at, wiring.pipeline(at).push, seconds)
    with kafka() as bootstrap, deployed(bootstrap, "late", 4, more=console) as (deployment, at):
        deployment.start([["enrich"], ["alerts"], ["store"]])
        over = wiring.transport(at, "bench")
        _measure(report, "Kafka and PostgreSQL", at, wiring.publisher(at, over).push, seconds)
        over.close()
        deployment.check()


def _measure(report: Report, name: str, at: House, push: Push, seconds: float) -> None:
    probe, stop = Probe(), Event()
    sender = Sender(at.store.outbox, [probe], at.clock, holder="bench", patience=Patience(poll=0.1))
    sending = Thread(target=sender.run, args=(stop,), daemon=True)
    sending.start()
    for number, batch in enumerate(_live(seconds)):
        push("bench", Batch(batch, (), str(number)), Event())
    time.sleep(5)
    stop.set()
    sending.join()
    for percent in (50, 95, 99):
        value = float(np.percentile(probe.seconds, percent)) if probe.seconds else float("nan")
        note = f"{len(probe.seconds)} alerts; 1 s of it is the watch's lateness" if percent == 50 else ""
        report.add("latency", f"{name}, p{percent}", value, "s", note=note)


def _live(seconds: float) -> Iterator[list[Message]]:
    """A tenth of a second of posts at a time, when it is due: a background, and each second a story that takes off."""
    size = int(PER_SECOND * EVERY)
    start = time.time()
    # lone posts of the past hour, so that the watch knows what is usual
    history = [
        _moved(post, datetime.fromtimestamp(start, UTC) - timedelta(seconds=3600 - number / 2))
        for number, post in enumerate(posts(5000, seed=1))
        if not post.repost_of and not post.reply_to
    ]
    yield [*history, Tick(collector="bench", at=datetime.fromtimestamp(start - 1, UTC))]
    background = posts(10**9, seed=2)
    stories = [
        structs.replace(post, uid=f"{post.uid}-taking-off") for post in posts(10_000, seed=3) if not post.repost_of
    ]
    for number in range(int(seconds / EVERY)):
        due = start + number * EVERY
        time.sleep(max(0.0, due - time.time()))
        now = datetime.now(UTC)
        batch: list[Message] = [_moved(next(background), now) for _ in range(size)]
        story = stories[int(number * EVERY)]
        batch[::5] = [_spike(story, number * size + place, now) for place in range(0, size, 5)]
        yield [*batch, Tick(collector="bench", at=now)]


def _moved(post: Post, at: datetime) -> Post:
    return structs.replace(post, created_at=at, observed_at=at)


def _spike(story: Post, number: int, at: datetime) -> Post:
    """One more repost of this second's story."""
    return structs.replace(
        _moved(story, at), uid=f"x:9{number}", author=Account(uid=f"x:s{number}", handle=f"s{number}"),
        repost_of=story.uid,
    )  # fmt: skip
