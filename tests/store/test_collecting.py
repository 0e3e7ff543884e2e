"""What collecting asks of the store: known posts, spending, posts to follow."""

from __future__ import annotations

from datetime import date, timedelta
from threading import Thread

from msgspec.structs import replace

from ingest.ports import Followed, Known, Removals, Spending
from secondsource.contracts.following import Candidate
from secondsource.contracts.messages import Counts
from store.store import Store
from tests.store import velgrad as v

DAY = date(2026, 3, 2)


def test_known_posts_come_with_their_watches(store: Store) -> None:
    known: Known = store.known
    v.keep(
        store,
        v.enriched(1, watches=("velgrad", "flood")),
        v.enriched(2, author=2),
        v.enriched(3, author=2, repost_of="x:1"),
        v.enriched(4),
        v.takedown(4),
    )
    assert known.posts(["x:1", "x:2", "x:4", "x:5"]) == {"x:1": ("flood", "velgrad"), "x:2": ("velgrad",)}
    assert known.of_accounts(["x:a2", "x:a9"]) == {"x:2": ("velgrad",), "x:3": ("velgrad",)}
    assert known.posts([]) == known.of_accounts(["x:a9"]) == {}


def test_a_platforms_posts_page_by_page(store: Store) -> None:
    v.keep(store, *(v.enriched(number) for number in (10, 2, 30)))
    assert store.known.page("x", "", 2) == ["x:10", "x:2"]
    assert store.known.page("x", "x:2", 2) == ["x:30"]
    assert store.known.page("bluesky", "", 2) == []


def test_spending_adds_up_by_day(store: Store) -> None:
    spending: Spending = store.spending
    assert spending.spent("x", DAY, DAY) == 0
    threads = [Thread(target=spending.spend, args=("x", DAY, 3)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spending.spend("x", DAY + timedelta(days=1), 5)
    spending.spend("other", DAY, 7)
    assert spending.spent("x", DAY, DAY) == 24
    assert spending.spent("x", DAY, DAY + timedelta(days=1)) == 29
    assert spending.spent("x", DAY + timedelta(days=2), DAY + timedelta(days=9)) == 0
    assert store.spending.days(DAY, DAY) == {"other": {DAY: 7}, "x": {DAY: 24}}


def test_posts_to_follow_come_with_their_last_two_snapshots(store: Store) -> None:
    followed: Followed = store.followed
    v.keep(
        store,
        v.enriched(1, seconds=0),
        v.enriched(2, seconds=5, counts=Counts(reposts=2, likes=9)),
        v.enriched(3, seconds=6),
        v.enriched(4, seconds=7, repost_of="x:2"),
        v.enriched(5, seconds=-9000, counts=Counts(reposts=99)),
        *(v.engagement(1, seconds, reposts) for seconds, reposts in ((10, 1), (20, 5), (30, 8))),
        v.engagement(2, 40, 3),
    )
    assert followed.candidates("bluesky", v.at(-60), 9) == []
    first, second, third = followed.candidates("x", v.at(-60), 9)
    assert first == Candidate(
        "x:1", ("velgrad",), v.at(-1), v.at(30), Counts(reposts=8, likes=16), Counts(reposts=5, likes=10)
    )
    assert second == Candidate("x:2", ("velgrad",), v.at(4), v.at(40), Counts(reposts=3, likes=6))
    assert third == Candidate("x:3", ("velgrad",), v.at(5), None, Counts())
    assert [each.uid for each in followed.candidates("x", v.at(-60), 1)] == ["x:1"]


def test_what_a_command_took_down_comes_in_order(store: Store) -> None:
    removals: Removals = store.removals
    v.keep(store, *(replace(v.takedown(number, 50 - number % 2), collector="compliance") for number in range(5)))
    v.keep(store, v.takedown(9))
    first = removals.after(None, "compliance", 3)
    assert [(at, uid) for at, uid, _ in first] == [(v.at(49), "x:1"), (v.at(49), "x:3"), (v.at(50), "x:0")]
    rest = removals.after(first[-1][:2], "compliance", 9)
    assert [uid for _, uid, _ in rest] == ["x:2", "x:4"]
    assert removals.after(rest[-1][:2], "compliance", 9) == []
