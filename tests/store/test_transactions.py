"""Effects and progress are kept together or not at all, by several writers at once too."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event

from secondsource.contracts.errors import BadRecord, SourceAway
from secondsource.contracts.messages import Counts
from secondsource.contracts.progress import Saved
from secondsource.runtime.ports import Progress
from store.store import Store, open_store
from tests.store import velgrad as v


class Crash(Exception):
    """What a process that dies leaves behind is what this leaves behind."""


def test_progress_is_kept_beside_the_effects(store: Store) -> None:
    progress: Progress = store
    with progress.transaction():
        v.keep(store, v.enriched(1))
        progress.save("store", 0, "7", {"a": b"1", "b": b"\x00"})
    with progress.transaction():
        progress.save("store", 0, "8", {"a": None, "c": b"3"})
    assert progress.load("store", 0) == Saved("8", {"b": b"\x00", "c": b"3"})
    assert progress.load("store", 1) == Saved("", {})


def test_changes_are_kept_only_on_what_they_were_made_of(store: Store) -> None:
    progress: Progress = store
    assert progress.save("alerts", 0, "7", {"a": b"1"}, "")
    assert not progress.save("alerts", 0, "5", {"a": b"0", "b": b"0"}, "")
    assert progress.save("alerts", 0, "9", {"b": b"2"}, "7")
    assert not progress.save("alerts", 0, "8", {"a": None}, "7")
    assert progress.load("alerts", 0) == Saved("9", {"a": b"1", "b": b"2"})


def test_a_crash_inside_a_transaction_leaves_nothing(store: Store) -> None:
    before = v.everything(store)
    crashing = pytest.raises(Crash)
    with crashing, store.transaction():
        v.keep(store, *(v.enriched(n, pictures=(v.picture(str(n), f"{n:064x}"),)) for n in range(40)), v.alert(1))
        store.save("store", 0, "7", {"a": b"1"})
        raise Crash
    assert v.everything(store) == before
    v.keep(store, *(v.enriched(n) for n in range(40)))
    assert len(store.dump("posts")) == 40


def test_an_inner_failure_leaves_the_outer_transaction_whole(store: Store) -> None:
    """The runner finds a bad record by handling a batch one by one, in the same transaction."""
    bad = v.enriched(2, counts=Counts(likes=2**70))
    with store.transaction():
        v.keep(store, v.enriched(1))
        with pytest.raises(BadRecord):
            v.keep(store, v.enriched(3), bad)
        v.keep(store, v.enriched(4))
        store.save("store", 0, "3", {})
    assert [row["uid"] for row in store.dump("posts")] == ["x:1", "x:4"]
    assert store.load("store", 0).position == "3"


def test_a_large_batch_with_a_bad_record_leaves_nothing_and_the_next_one_works(store: Store) -> None:
    bad = v.enriched(50, counts=Counts(likes=2**70))
    with pytest.raises(BadRecord):
        v.keep(store, *(v.enriched(n) for n in range(50)), bad)
    assert store.dump("posts") == []
    v.keep(store, *(v.enriched(n) for n in range(50)))
    assert len(store.dump("posts")) == 50


def test_reads_inside_a_transaction_see_its_writes_and_others_do_not(store: Store) -> None:
    with store.transaction():
        v.keep(store, v.enriched(1))
        assert len(store.dump("posts")) == 1
        with ThreadPoolExecutor(1) as other:
            assert other.submit(store.dump, "posts").result() == []


def test_two_threads_write_without_losing_a_row(store: Store) -> None:
    start = threading.Barrier(2)

    def write(first: int) -> None:
        start.wait(timeout=30)
        for number in range(first, first + 15):
            with store.transaction():
                pictures = (v.picture(f"{number}", "ab" * 32),)
                v.keep(store, v.enriched(number, pictures=pictures), v.enriched(999, seconds=number))
                store.save(f"thread {first}", 0, str(number), {})

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(write, first) for first in (0, 100)]:
            done.result()
    assert len(store.dump("posts")) == 31
    assert len(store.dump("picture_matches")) == 30 * 29 // 2
    (last,) = [row for row in store.dump("posts") if row["uid"] == "x:999"]
    assert last["observed_at"] == v.at(114)


def test_two_stores_write_without_losing_a_match(store: Store, store_url: str) -> None:
    """Two processes, each with its own index in memory."""
    other = open_store(store_url)
    start = threading.Barrier(2)

    def write(to: Store, first: int) -> None:
        start.wait(timeout=30)
        for number in range(first, first + 10):
            v.keep(to, v.enriched(number, pictures=(v.picture(f"{number}", "cd" * 32),)))

    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(write, store, 0), threads.submit(write, other, 100)]:
            done.result()
    other.close()
    assert len(store.dump("picture_matches")) == 20 * 19 // 2


def test_takedown_and_post_at_once_never_leave_the_post(store: Store, store_url: str) -> None:
    other = open_store(store_url)
    for number in range(10):
        start = threading.Barrier(2)

        def post(number: int = number, start: threading.Barrier = start) -> None:
            start.wait(timeout=30)
            v.keep(store, v.enriched(number))

        def remove(number: int = number, start: threading.Barrier = start) -> None:
            start.wait(timeout=30)
            v.keep(other, v.takedown(number))

        with ThreadPoolExecutor(2) as threads:
            for done in [threads.submit(post), threads.submit(remove)]:
                done.result()
    other.close()
    assert store.dump("posts") == []
    assert len(store.dump("takedowns")) == 10


def test_a_full_disk_is_waited_for(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'small.db'}", create=True)
    limit = [0]

    def confine(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count={limit[0]}")

    with store.engine.connect() as connection:
        limit[0] = connection.exec_driver_sql("PRAGMA page_count").scalar_one() + 4
    store.engine.dispose()
    event.listen(store.engine, "connect", confine)
    batch = [v.enriched(n, text="water " * 200) for n in range(200)]
    away = pytest.raises(SourceAway, match="no room left; free disk space")
    with away, store.transaction():
        v.keep(store, *batch)
    away_for_all = pytest.raises(SourceAway)
    with away_for_all, store.transaction():
        with pytest.raises(SourceAway):
            v.keep(store, *batch)
        v.keep(store, v.enriched(1))  # must not commit by itself what the transaction has lost
    assert store.dump("posts") == []
    limit[0] = 1_000_000
    store.engine.dispose()
    v.keep(store, *batch)
    assert len(store.dump("posts")) == 200
    store.close()
