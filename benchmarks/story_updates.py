"""Story updates at many live stories: rules evaluated at each, memory, and how long the slowest take.

Each story has two posts that are reposted, counted and answered; every update is of a story far past the watch's
floor, so that the rules look at it. Posts are enriched beforehand: what is measured is the alerts stage alone,
fed as by the pipeline, and with memory saved as by the runner.

Which story an update is of follows a power law, as spread does; in the worst case any story is as likely as any other,
so that none is still at hand.
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from alerts.judging.stage import AlertsStage
from benchmarks.report import Report, measured, resident_megabytes
from enrich.annotators import CopyAnnotator
from secondsource.contracts.messages import (
    Account,
    AlertEvent,
    Counts,
    Earlier,
    Engagement,
    Enriched,
    Language,
    Message,
    Picture,
    Post,
    Stance,
    StoryUpdate,
    Tick,
)
from secondsource.contracts.stage import Record
from secondsource.contracts.watch import Thresholds, Watch

BENCH = "story-updates"
START = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)
_STORIES = 100_000
_UPDATES = 60_000
_BATCH = 500
_COPIES = CopyAnnotator()
_WATCH = Watch(
    name="velgrad", hashtags=("Velgrad",), thresholds=Thresholds(min_interactions=30, story_hours=480.0)
)  # fmt: skip


class _NoArchive:
    """Pictures are measured elsewhere."""

    def earlier(self, pictures: Sequence[Picture], before: datetime, limit: int) -> list[Earlier]:  # noqa: ARG002
        return []


def run(report: Report, scale: float) -> None:
    gc.set_threshold(200_000, 10, 10)  # as in every process of ours
    stories = int(_STORIES * scale)
    updates = int(_UPDATES * scale)
    stage = AlertsStage({_WATCH.name: _WATCH}, _NoArchive())
    at = START
    before = resident_megabytes()
    for batch in _batches(_openings(stories), 2_000):
        _feed(stage, batch)
        at = _moment(batch[-1])
    note = f"{before:,.0f} MB of it before the first"
    report.add(BENCH, f"memory at {stories:,} live stories", resident_megabytes(), "MB", target="< 2,000", note=note)
    pick = random.Random(3)
    led = [_led(pick, stories) for _ in range(2 * updates)]
    alike = [pick.randrange(stories) for _ in range(updates)]
    minutes = (timedelta(minutes=minute) for minute in (1, 41, 81, 121))
    _measure(report, stage, "updates of which most open an alert", list(_jumps(led[:updates], at + next(minutes))))
    reached = dict.fromkeys(range(stories), 0)
    for number, story in enumerate(led[:updates]):
        reached[story] = 30 + number
    growing = list(_counts(led[updates:], at + next(minutes), reached, pick))
    _measure(report, stage, "updates by counts", growing, target=True)
    _measure(report, stage, "updates by reposts", list(_reposts(led[:updates], at + next(minutes))), target=True)
    anywhere = list(_counts(alike, at + next(minutes), reached, pick))
    _measure(report, stage, "updates by counts, any story alike", anywhere)
    report.add(BENCH, "memory in the end", resident_megabytes(), "MB", target="< 2,000")


def _led(pick: random.Random, stories: int) -> int:
    """A story; half of the updates are of the sixth of them that is talked of most."""
    return int(stories * pick.random() ** 2.5)


def _measure(report: Report, stage: AlertsStage, kind: str, messages: list[Message], *, target: bool = False) -> None:
    told = events = 0
    with measured() as spent:
        for batch in _batches(iter(messages), _BATCH):
            found = _feed(stage, batch)
            told += found[0]
            events += found[1]
    note = f"{told:,} stories told of, {events:,} alert events"
    asked = "≥ 5,000" if target else ""
    report.add(BENCH, kind, len(messages) / spent.cpu, "updates/s/core", target=asked, note=note)
    # One at a time, for the time of each; the runner's batches are what the figure above rests on.
    took = []
    for number, message in enumerate(messages[-2_000:]):
        again = _later(message, number)
        started = time.thread_time()
        stage.handle([Record(again), Record(Tick(collector="bench", at=_moment(again)))])
        took.append(time.thread_time() - started)
    p95 = statistics.quantiles(took, n=20)[-1]
    name = f"{kind}: one by itself, p95 of CPU time"
    report.add(BENCH, name, p95 * 1000, "ms", target="< 1" if target else "")


def _feed(stage: AlertsStage, batch: Sequence[Message]) -> tuple[int, int]:
    """Story updates and alert events that came of a batch; its memory is asked for as the runner does."""
    last = _moment(batch[-1])
    outs = stage.handle([*map(Record, batch), Record(Tick(collector="bench", at=last))])
    stage.changes(0)
    told = sum(isinstance(out.message, StoryUpdate) for out in outs)
    return told, sum(isinstance(out.message, AlertEvent) for out in outs)


def _openings(stories: int) -> Iterator[Message]:
    """Each story's two posts, and counts that take it past the floor, over two days of event time."""
    step = 172_800 / max(1, stories)
    for number in range(stories):
        at = START + timedelta(seconds=number * step)
        words = _words(number)
        yield _post(f"x:{number}a", number, at, words)
        yield _post(f"x:{number}b", number + stories, at + timedelta(milliseconds=20), words, of=f"x:{number}a")
        # few go far, as few do
        reached = 40 + number % 60 if number % 20 == 0 else number % 4
        yield _engagement(f"x:{number}a", at + timedelta(milliseconds=40), reached)


def _jumps(stories: Sequence[int], at: datetime) -> Iterator[Message]:
    """Each takes a story past the floor at once, or to twice what it had."""
    for number, story in enumerate(stories):
        yield _engagement(f"x:{story}a", at + timedelta(milliseconds=10 * number), 30 + number)


def _counts(stories: Sequence[int], at: datetime, reached: dict[int, int], pick: random.Random) -> Iterator[Message]:
    """Each tells of some more interactions than the one before of its story."""
    for number, story in enumerate(stories):
        reached[story] = max(30, reached[story]) + pick.randint(1, 20)
        yield _engagement(f"x:{story}a", at + timedelta(milliseconds=10 * number), reached[story])


def _reposts(stories: Sequence[int], at: datetime) -> Iterator[Message]:
    for number, story in enumerate(stories):
        moment = at + timedelta(milliseconds=10 * number)
        yield _post(f"x:r{number}", 10_000_000 + number, moment, _words(story), of=f"x:{story}a")


def _words(story: int) -> str:
    """A text that no other story has: twelve words of a large vocabulary."""
    pick = random.Random(story)
    return " ".join(f"{pick.choice('bdfgklmnprstvz')}{pick.randrange(40_000):x}a" for _ in range(12))


def _post(uid: str, account: int, at: datetime, text: str, *, of: str = "") -> Enriched:
    post = Post(
        uid=uid, platform="x", author=Account(uid=f"x:u{account}", handle=f"user{account}"), text=text,
        created_at=at, observed_at=at, collector="bench", watches=(_WATCH.name,), repost_of=of,
    )  # fmt: skip
    (sketch,) = _COPIES.annotate([post], {})
    return Enriched(
        watch=_WATCH.name,
        post=post,
        language=Language(code="en", confidence=1.0),
        sketch=sketch,
        stance=Stance(label="asserts"),
    )


def _engagement(uid: str, at: datetime, reposts: int) -> Engagement:
    return Engagement(
        uid=uid, observed_at=at, collector="bench", watches=(_WATCH.name,), counts=Counts(reposts=reposts)
    )  # fmt: skip


def _later(message: Message, number: int) -> Message:
    """Something like it, after all of them."""
    at = _moment(message) + timedelta(minutes=20)
    if isinstance(message, Engagement):
        return _engagement(message.uid, at, (message.counts.reposts or 0) + 7 * number)
    assert isinstance(message, Enriched)
    post = message.post
    return _post(f"{post.uid}-later", 20_000_000 + number, at, post.text, of=post.repost_of)


def _moment(message: Message) -> datetime:
    if isinstance(message, Enriched):
        return message.post.observed_at
    assert isinstance(message, Engagement)
    return message.observed_at


def _batches(messages: Iterator[Message], size: int) -> Iterator[list[Message]]:
    batch: list[Message] = []
    for message in messages:
        batch.append(message)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
