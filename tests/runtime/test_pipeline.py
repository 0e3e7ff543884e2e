"""All stages in one process: a batch happens as a whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secondsource.contracts import topics
from secondsource.contracts.errors import BadRecord, Halted, SourceAway
from secondsource.contracts.messages import Coverage, DeadLetter, Takedown, Tick
from secondsource.contracts.stage import Batch, Out, Record, Rejected, Stage
from secondsource.runtime.pipeline import InlinePipeline
from secondsource.runtime.runner import DEFAULTS, Anew, RunnerSettings
from tests.fakes.progress import MemoryProgress
from tests.runtime.makers import START, Counting, Passing, Surroundings, number_of, post


class Keeping:
    """A store: upserts every message it sees into the progress fake's rows."""

    name = "keeping"
    inlet = (topics.ENRICHED, topics.ALERTS, topics.DEAD_LETTERS)

    def __init__(self, progress: MemoryProgress, trouble: Callable[[Record], None] = lambda record: None) -> None:
        self.progress = progress
        self.trouble = trouble

    def handle(self, batch: Sequence[Record]) -> list[Out]:
        with self.progress.transaction():
            for record in batch:
                message = record.message
                if isinstance(message, DeadLetter):
                    self.progress.rows["letter", message.id] = message.reason
                    continue
                self.trouble(record)
                said = message.reason if isinstance(message, Takedown) else "post"
                self.progress.rows[said.split(" ")[0], number_of(record)] = said
        return []


class Line(Surroundings):
    """Passing posts to enriched, counting them, keeping everything."""

    def __init__(
        self,
        *,
        prepare: Callable[[Record], None] = lambda record: None,
        counting: Callable[[Record], None] = lambda record: None,
        keeping: Callable[[Record], None] = lambda record: None,
        progress: MemoryProgress | None = None,
        limits: RunnerSettings = DEFAULTS,
        anew: Mapping[str, Anew] | None = None,
    ) -> None:
        super().__init__()
        self.progress = progress or MemoryProgress()
        self.passing = Passing(trouble=self.outside(prepare))
        self.counting = Counting(inlet=topics.ENRICHED, trouble=counting)
        stages: list[Stage] = [Keeping(self.progress, keeping), self.counting]
        self.pipeline = InlinePipeline(
            [self.passing],
            stages,
            progress=self.progress,
            metrics=self.metrics,
            clock=self.clock,
            retry=self.retry,
            settings=limits,
            anew=anew,
        )

    def outside(self, trouble: Callable[[Record], None]) -> Callable[[Record], None]:
        def check(record: Record) -> None:
            assert not self.progress.in_transaction
            trouble(record)

        return check

    def push(self, numbers: Sequence[int], rejected: Sequence[Rejected] = ()) -> None:
        batch = Batch([post(number) for number in numbers], rejected, f"after {numbers[-1]}")
        self.pipeline.push("replay", batch, self.stop)


def test_a_batch_goes_all_the_way_in_one_transaction() -> None:
    line = Line()
    line.push([1, 2, 3], [Rejected(b"\xff", "posts.tsv:7", "not UTF-8")])
    assert line.progress.commits == 1
    assert line.progress.load("ingest:replay", 0).position == "after 3"
    assert line.progress.memory("counting", 0) == {"0000": b"1", "0001": b"2", "0002": b"3"}
    assert {key: said for key, said in line.progress.rows.items() if key[0] != "letter"} == {
        ("post", 1): "post",
        ("post", 2): "post",
        ("post", 3): "post",
        ("number", 1): "number 1 of partition 0, sum 1",
        ("number", 2): "number 2 of partition 0, sum 3",
        ("number", 3): "number 3 of partition 0, sum 6",
    }
    assert [said for key, said in line.progress.rows.items() if key[0] == "letter"] == ["not UTF-8"]


def test_nothing_is_kept_of_what_has_passed() -> None:
    line = Line()
    for at in range(50):
        line.push([at])
    assert all(not log.entries for log in line.pipeline._transport._logs.values())


@pytest.mark.parametrize("where", ["away at start", "commit fails", "keeping", "counting", "prepare"])
def test_a_service_away_is_waited_for_and_the_batch_taken_once(where: str) -> None:
    left = [SourceAway("away")] * 2

    def trouble(record: Record) -> None:
        if number_of(record) == 12 and left:
            raise left.pop()

    line = Line(**{where: trouble} if where in {"keeping", "counting", "prepare"} else {})  # type: ignore[arg-type]
    line.push([1, 2])
    if where == "away at start":
        line.progress.away = 2
    if where == "commit fails":
        line.progress.fail_commits = 2
    line.push([11, 12, 13])
    assert line.counting.seen[0] == [1, 2, 11, 12, 13]
    assert line.progress.rows["number", 13] == "number 5 of partition 0, sum 39"
    assert len(line.clock.waits) == 2
    assert line.passing.batches == [[1, 2], [11, 12, 13]] or where == "prepare"
    assert line.value("source_away", service="store") == 0


@settings(deadline=None)
@given(bad=st.sets(st.integers(0, 19), max_size=6), where=st.sampled_from(["keeping", "counting", "prepare"]))
def test_bad_records_go_aside_wherever_they_are_found(bad: set[int], where: str) -> None:
    def trouble(record: Record) -> None:
        if number_of(record) in bad and not isinstance(record.message, Takedown):
            raise BadRecord(f"bad {number_of(record)}")

    line = Line(**{where: trouble})  # type: ignore[arg-type]
    for first, after in pairwise([0, 7, 8, 20]):
        line.push(range(first, after))
    letters = sorted(reason for key, reason in line.progress.rows.items() if key[0] == "letter")
    assert letters == sorted(f"bad {number}" for number in bad)
    good = [number for number in range(20) if number not in bad]
    counted = list(range(20)) if where == "keeping" else good
    assert line.counting.seen[0] == counted
    kept = list(range(20)) if where == "counting" else good
    assert sorted(number for kind, number in line.progress.rows if kind == "post") == kept


def test_a_halted_batch_has_not_happened_and_the_next_can() -> None:
    bad = [True]

    def trouble(record: Record) -> None:
        if bad[0] and number_of(record) > 10:
            raise BadRecord("no")

    line = Line(counting=trouble, limits=RunnerSettings(halt_after=3))
    line.push([1, 2])
    with pytest.raises(Halted):
        line.push(range(11, 20))
    assert line.progress.load("ingest:replay", 0).position == "after 2"
    assert not any(number in range(11, 20) for kind, number in line.progress.rows if kind != "letter")
    bad[0] = False
    line.push(range(11, 20))
    assert line.counting.seen[0] == [1, 2, *range(11, 20)]
    assert not any(kind == "letter" for kind, _ in line.progress.rows)


def test_stopped_while_away_leaves_no_trace() -> None:
    line = Line()
    line.push([1])
    line.progress.away = 10**9
    line.stop.set()
    with pytest.raises(SourceAway):
        line.push([2])
    line.progress.away = 0
    line.stop.clear()
    line.push([2])
    assert line.counting.seen[0] == [1, 2]


def test_a_batch_that_could_not_be_committed_leaves_no_trace_in_memory() -> None:
    line = Line()
    line.push([1])
    line.progress.fail_commits = 1
    line.stop.set()
    with pytest.raises(SourceAway):
        line.push([2, 3, 4])
    line.stop.clear()
    line.push([5])
    assert line.progress.memory("counting", 0) == {"0000": b"1", "0001": b"5"}


def test_memory_is_taken_up_by_the_next_process() -> None:
    line = Line()
    line.push([1, 2])
    again = Line(progress=line.progress)
    again.push([3])
    assert again.progress.rows["number", 3] == "number 3 of partition 0, sum 6"
    assert len(again.progress.memory("counting", 0)) == 3


def test_memory_of_another_form_is_made_anew_from_what_is_kept() -> None:
    line = Line()
    line.push([1, 2])
    again = Line(progress=line.progress, anew={"counting": lambda _partition: {"0000": b"7"}})
    again.counting.form = "2"
    again.push([3])
    assert again.progress.rows["number", 3] == "number 2 of partition 0, sum 10"
    assert again.progress.memory("counting", 0) == {"0000": b"7", "0001": b"3"}


def test_ticks_and_coverage_pass() -> None:
    seen: list[Out] = []

    class Watching:
        name = "watching"
        inlet = (topics.POSTS,)

        def handle(self, batch: Sequence[Record]) -> list[Out]:
            seen.extend(Out("", None, record.message) for record in batch)
            assert all(record.partitions == 1 for record in batch)
            return []

    around = Surroundings()
    pipeline = InlinePipeline(
        [Watching()],
        [],
        progress=MemoryProgress(),
        metrics=around.metrics,
        clock=around.clock,
        retry=around.retry,
    )
    tick = Tick(collector="replay", at=START)
    coverage = Coverage(collector="replay", watches=("velgrad",), start=START, end=START, state="seen")
    pipeline.push("replay", Batch([coverage, post(1), tick], [], "c"), around.stop)
    assert [out.message for out in seen] == [coverage, post(1), tick]
    pipeline.close()
