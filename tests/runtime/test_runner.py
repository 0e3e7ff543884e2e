"""The one loop of every stage: bad records aside, services waited for, memory moved and saved, crashes unseen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secondsource.contracts import topics
from secondsource.contracts.errors import BadConfiguration, BadRecord, Halted, SourceAway
from secondsource.contracts.messages import DeadLetter, Message, Takedown, decode
from secondsource.contracts.stage import Out, Record, Remembering, Stage
from secondsource.runtime.inline import InlineTransport
from secondsource.runtime.runner import DEFAULTS, Runner, RunnerSettings
from secondsource.runtime.transport import Place
from tests.fakes.progress import MemoryProgress
from tests.runtime.makers import Counting, Passing, Surroundings, number_of, post


class Workshop(Surroundings):
    """A durable inline transport, a store, and runners on them."""

    def __init__(self, partitions: int = 1) -> None:
        super().__init__()
        self.transport = InlineTransport(partitions=partitions, durable=True)
        self.progress = MemoryProgress()

    def runner(self, stage: Stage, with_settings: RunnerSettings = DEFAULTS) -> Runner:
        return Runner(
            stage,
            self.transport,
            progress=self.progress,
            metrics=self.metrics,
            clock=self.clock,
            retry=self.retry,
            settings=with_settings,
        )

    def feed(self, numbers: Sequence[int]) -> None:
        self.transport.publish([Out(topics.POSTS, f"key {number}", post(number)) for number in numbers])

    def drain(self, runner: Runner) -> None:
        while runner.step(self.stop):
            pass

    def on(self, topic: str) -> list[Message]:
        """Everything ever published on a topic."""
        found = []
        for partition in range(self.transport.partitions):
            found += [message for _, message in self.transport.log(Place(topic, partition)).entries]
        assert not any(isinstance(message, bytes) for message in found)
        return found  # type: ignore[return-value]

    def letters(self) -> dict[str, DeadLetter]:
        letters = [letter for letter in self.on(topics.DEAD_LETTERS) if isinstance(letter, DeadLetter)]
        return {letter.id: letter for letter in letters}


def bad_at(numbers: set[int], error: Exception) -> Callable[[Record], None]:
    def trouble(record: Record) -> None:
        if number_of(record) in numbers:
            raise error

    return trouble


def uids(messages: Sequence[Message]) -> list[int]:
    return [number_of(Record(message)) for message in messages]


def test_handles_sends_and_commits() -> None:
    shop = Workshop()
    shop.feed(range(10))
    stage = Passing()
    runner = shop.runner(stage)
    shop.drain(runner)
    assert uids(shop.on(topics.ENRICHED)) == list(range(10))
    assert shop.transport.committed("passing") == {Place(topics.POSTS, 0): 10}
    assert shop.value("messages_received_total", stage="passing", type="post") == 10
    assert shop.value("messages_sent_total", stage="passing", topic="enriched", type="post") == 10


@settings(deadline=None)
@given(bad=st.sets(st.integers(0, 39), max_size=12), memory=st.booleans(), surprise=st.booleans())
def test_bad_records_are_put_aside_and_nothing_else(bad: set[int], memory: bool, surprise: bool) -> None:
    shop = Workshop(partitions=2)
    shop.feed(range(40))
    error = KeyError("boo") if surprise else BadRecord("no text")
    trouble = bad_at(bad, error)
    stage = Counting(trouble=trouble) if memory else Passing(trouble=trouble)
    runner = shop.runner(stage, RunnerSettings(max_records=17, halt_after=20, save_every_seconds=0))
    shop.drain(runner)

    sent = shop.on(topics.ALERTS if memory else topics.ENRICHED)
    assert set(uids(sent)) == set(range(40)) - bad
    if isinstance(stage, Counting):
        assert sorted(chain(*stage.seen.values())) == sorted(set(range(40)) - bad)
        assert len(set(sent)) == 40 - len(bad)  # what was sent twice was the same
    letters = shop.letters()
    assert {uids([decode(letter.body)])[0] for letter in letters.values()} == bad
    for letter in letters.values():
        assert letter.target == topics.POSTS
        assert letter.key == f"key {uids([decode(letter.body)])[0]}"
        assert letter.reason == ("KeyError: 'boo'" if surprise else "no text")
        assert letter.source.startswith("topic posts/")


def test_undecodable_bytes_go_aside_with_their_bytes() -> None:
    shop = Workshop()
    shop.feed([1])
    shop.transport.publish_bytes(topics.POSTS, 0, b"\xff\0")
    shop.feed([2])
    stage = Passing()
    shop.drain(shop.runner(stage))
    assert uids(shop.on(topics.ENRICHED)) == [1, 2]
    [letter] = shop.letters().values()
    assert letter.body == b"\xff\0"
    assert letter.source == "topic posts/0@1"
    assert shop.value("dead_letters_total", stage="passing") == 1


def test_what_was_sent_twice_is_one_letter() -> None:
    """As by a process that was killed between sending and committing."""
    shop = Workshop()
    shop.feed([1, 2, 1])
    shop.drain(shop.runner(Passing(trouble=bad_at({1}, BadRecord("no text")))))
    assert len(shop.on(topics.DEAD_LETTERS)) == 2
    assert len(shop.letters()) == 1


@pytest.mark.parametrize("memory", [False, True])
def test_halts_after_too_many_in_a_row(memory: bool) -> None:
    shop = Workshop()
    shop.feed(range(30))
    trouble = bad_at(set(range(5, 30)), BadRecord("no"))
    stage = Counting(trouble=trouble) if memory else Passing(trouble=trouble)
    runner = shop.runner(stage, RunnerSettings(halt_after=10, save_every_seconds=0, max_records=4))
    with pytest.raises(Halted, match="11 bad records in a row"):
        shop.drain(runner)
    committed = shop.transport.committed(stage.name).get(Place(topics.POSTS, 0), 0)
    assert committed <= 16  # the stream was not eaten


@pytest.mark.parametrize("memory", [False, True])
def test_as_many_as_allowed_do_not_halt(memory: bool) -> None:
    shop = Workshop()
    shop.feed(range(41))
    bad = set(range(1, 11)) | set(range(12, 22)) | set(range(30, 40))
    trouble = bad_at(bad, BadRecord("no"))
    stage = Counting(trouble=trouble) if memory else Passing(trouble=trouble)
    shop.drain(shop.runner(stage, RunnerSettings(halt_after=10, save_every_seconds=0, max_records=7)))
    assert len(shop.letters()) == 30


@pytest.mark.parametrize("memory", [False, True])
def test_a_service_that_is_away_is_waited_for(memory: bool) -> None:
    shop = Workshop()
    shop.feed(range(6))
    times = [SourceAway("away", retry_after=40)] * 3

    def trouble(record: Record) -> None:
        if number_of(record) == 4 and times:
            raise times.pop()

    stage = Counting(trouble=trouble) if memory else Passing(trouble=trouble)
    shop.drain(shop.runner(stage))
    sent = shop.on(topics.ALERTS if memory else topics.ENRICHED)
    assert uids(sent) == list(range(6))
    assert shop.clock.waits == [40, 40, 40]
    assert shop.value("source_away", service=stage.name) == 0
    assert not shop.letters()
    if isinstance(stage, Counting):
        assert stage.seen == {0: list(range(6))}


def test_stopped_while_a_service_is_away_commits_nothing() -> None:
    shop = Workshop()
    shop.feed(range(6))

    def trouble(record: Record) -> None:
        shop.stop.set()
        raise SourceAway("away")

    shop.runner(Passing(trouble=trouble)).run(shop.stop)
    assert shop.transport.committed("passing") == {}
    assert shop.value("stage_running", stage="passing") == 0


def test_configuration_errors_are_not_eaten() -> None:
    shop = Workshop()
    shop.feed([1])
    with pytest.raises(BadConfiguration):
        shop.drain(shop.runner(Passing(trouble=bad_at({1}, BadConfiguration("no such channel")))))


class StopsAfter(Passing):
    def __init__(self, stop: Event, batches: int) -> None:
        super().__init__()
        self.left, self.stop = batches, stop

    def handle(self, batch: Sequence[Record]) -> list[Out]:
        self.left -= 1
        if not self.left:
            self.stop.set()
        return super().handle(batch)


def test_stop_finishes_the_batch_and_leaves() -> None:
    shop = Workshop()
    shop.feed(range(10))
    shop.runner(StopsAfter(shop.stop, 2), RunnerSettings(max_records=4)).run(shop.stop)
    assert shop.transport.committed("passing") == {Place(topics.POSTS, 0): 8}
    assert uids(shop.on(topics.ENRICHED)) == list(range(8))


def test_stop_saves_memory() -> None:
    shop = Workshop()
    shop.feed(range(10))
    stage = Counting()
    runner = shop.runner(stage)
    runner.step(shop.stop)
    assert shop.progress.saved == {}  # not due yet
    shop.stop.set()
    runner.run(shop.stop)
    assert shop.progress.load("counting", 0).position == "10"
    assert stage.released == [0]


def test_saves_when_due() -> None:
    shop = Workshop()
    runner = shop.runner(Counting(), RunnerSettings(max_records=5, save_every_records=10, save_every_seconds=60))
    shop.feed(range(12))
    runner.step(shop.stop)
    assert shop.progress.saved == {}
    runner.step(shop.stop)
    assert shop.progress.load("counting", 0).position == "10"
    runner.step(shop.stop)
    assert shop.progress.load("counting", 0).position == "10"
    shop.clock.advance(61)
    runner.step(shop.stop)  # nothing came, but time has passed
    assert shop.progress.load("counting", 0).position == "12"
    assert shop.transport.committed("counting") == {Place(topics.POSTS, 0): 12}


def test_a_failed_save_is_made_up_for() -> None:
    shop = Workshop()
    shop.feed(range(5))
    shop.progress.fail_commits = 3
    runner = shop.runner(Counting(), RunnerSettings(save_every_seconds=0))
    runner.step(shop.stop)
    saved = shop.progress.load("counting", 0)
    assert saved.position == "5"
    assert len(shop.progress.memory("counting", 0)) == 5  # although `changes` says each change once


def test_memory_moves_with_its_partitions() -> None:
    shop = Workshop(partitions=4)
    shop.feed(range(20))
    never = RunnerSettings(save_every_seconds=1e9, save_every_records=10**9)
    first, second = Counting(), Counting()
    one = shop.runner(first, never)
    shop.drain(one)
    two = shop.runner(second, never)  # a worker joins: half of the partitions move, saved
    shop.feed(range(20, 40))
    shop.drain(one)
    shop.drain(two)
    assert sorted(first.seen) == [0, 2]
    assert sorted(second.seen) == [1, 3]
    assert sorted(chain(*first.seen.values(), *second.seen.values())) == list(range(40))


def overtaken(first: Workshop) -> tuple[Runner, Counting]:
    """A worker that handled five records and saved none, while another handled and saved eight."""
    never = RunnerSettings(max_records=5, save_every_seconds=1e9, save_every_records=10**9)
    second = Workshop()
    second.progress = first.progress
    for shop in (first, second):
        shop.feed(range(8))
    stage = Counting()
    runner, other = first.runner(stage, never), second.runner(Counting())
    runner.step(first.stop)
    second.drain(other)
    other.save(second.stop)
    return runner, stage


def test_a_worker_that_does_not_know_that_it_was_put_out_writes_over_nothing() -> None:
    """Paused until its group had forgotten it, a worker may join again, and be asked to give up what it held."""
    shop = Workshop()
    runner, stage = overtaken(shop)
    runner.revoked(Place(topics.POSTS, 0), lost=False)
    assert stage.released == [0]
    assert shop.progress.load("counting", 0).position == "8"
    assert len(shop.progress.memory("counting", 0)) == 8


def test_a_worker_that_was_overtaken_goes_on_from_what_the_other_saved() -> None:
    shop = Workshop()
    runner, stage = overtaken(shop)
    runner.save(shop.stop)
    assert shop.progress.load("counting", 0).position == "8"
    shop.feed(range(8, 12))
    shop.drain(runner)
    runner.save(shop.stop)
    assert stage.seen == {0: list(range(12))}
    assert shop.progress.load("counting", 0).position == "12"
    assert len(shop.progress.memory("counting", 0)) == 12


def test_memory_needs_one_topic() -> None:
    shop = Workshop()
    stage = Counting()
    stage.inlet = (topics.POSTS, topics.ALERTS)  # type: ignore[assignment]
    assert isinstance(stage, Remembering)
    with pytest.raises(BadConfiguration, match="one inlet topic"):
        shop.runner(stage)


def test_memory_of_another_form_is_dropped_and_what_made_it_read_again() -> None:
    shop = Workshop()
    before = Counting()
    runner = shop.runner(before)
    shop.feed(range(10))
    shop.drain(runner)
    runner.save(shop.stop)
    runner._inlet.close()
    shop.feed(range(10, 20))
    for _ in range(2):  # dropped once: what was saved since is taken up
        after = Counting()
        after.form = "2"
        runner = shop.runner(after)
        shop.drain(runner)
        assert after.seen == {0: list(range(20))}
        runner.save(shop.stop)
        runner._inlet.close()


class Killed(BaseException):
    """The process dies here; no handler of ours may catch it."""


class Doom:
    """Kills the process at the nth act of transport or store, before or after it takes effect."""

    def __init__(self, *acts: int) -> None:
        self.acts = sorted(acts)
        self.done = 0

    def maybe(self) -> None:
        self.done += 1
        if self.acts and self.done >= self.acts[0]:
            self.acts.pop(0)
            raise Killed


class DoomedTransport(InlineTransport):
    doom = Doom()

    def publish(self, outs: Sequence[Out]) -> list:  # type: ignore[type-arg]
        self.doom.maybe()
        half = len(outs) // 2
        super().publish(outs[:half])
        self.doom.maybe()  # in the middle of a batch
        super().publish(outs[half:])
        self.doom.maybe()
        return []

    def flush(self) -> None:
        self.doom.maybe()


class DoomedProgress(MemoryProgress):
    doom = Doom()

    def _commit(self) -> None:
        self.doom.maybe()
        super()._commit()

    def save(self, stage, partition, position, changes, after=None) -> bool:  # type: ignore[no-untyped-def]
        kept = super().save(stage, partition, position, changes, after)
        if not self.in_transaction:
            self.doom.maybe()
        return kept


def said(messages: Sequence[Message]) -> list[tuple[str, str]]:
    """Takedowns are upserted by uid downstream: what counts is the set of them."""
    assert all(isinstance(message, Takedown) for message in messages)
    return sorted({(message.uid, message.reason) for message in messages if isinstance(message, Takedown)})


@settings(max_examples=150, deadline=None)
@given(
    crashes=st.lists(st.integers(1, 120), max_size=6, unique=True),
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=12),
    max_records=st.integers(1, 8),
    save_every=st.integers(1, 30),
    bad=st.sets(st.integers(0, 50), max_size=3),
)
def test_crashes_change_nothing(
    crashes: list[int], sizes: list[int], max_records: int, save_every: int, bad: set[int]
) -> None:
    """Killed at any moments and started again, a stage with memory says what an undisturbed one says."""
    limits = RunnerSettings(max_records=max_records, save_every_records=save_every, save_every_seconds=1e9)

    def outcome(doom: Doom) -> tuple[list[tuple[str, str]], set[str], dict[int, list[int]]]:
        shop = Workshop(partitions=2)
        transport = DoomedTransport(partitions=2, durable=True)
        transport.doom = Doom()
        shop.transport = transport
        progress = DoomedProgress()
        shop.progress = progress
        progress.doom = doom
        stage = Counting(trouble=bad_at(bad, BadRecord("no")))
        runner = shop.runner(stage, limits)
        number = 0
        for size in sizes:
            transport.doom = Doom()
            shop.feed(range(number, number + size))
            transport.doom = doom
            number += size
            while True:
                try:
                    shop.drain(runner)
                    break
                except Killed:
                    for inlet in list(transport._inlets["counting"]):  # the dead say nothing when they leave
                        inlet._listener = None
                        inlet.close()
                    stage = Counting(trouble=bad_at(bad, BadRecord("no")))
                    runner = shop.runner(stage, limits)
        return said(shop.on(topics.ALERTS)), set(shop.letters()), stage.seen

    assert outcome(Doom(*crashes)) == outcome(Doom())
