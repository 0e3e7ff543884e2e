"""What is kept of a picture outside the database goes with the last post that showed it."""

from __future__ import annotations

from collections.abc import Collection
from threading import Thread

import pytest

from secondsource.contracts.errors import SourceAway
from secondsource.contracts.stage import Record
from store.stage import StoreStage
from store.store import Store, open_store
from tests.store import velgrad as v

BRIDGE = "0f1e2d3c4b5a6978" * 4
ONLY, SHARED = v.picture("only here", BRIDGE), v.picture("here and there", v.flipped(BRIDGE, 3))
FIRST = v.enriched(1, pictures=(ONLY, SHARED))
SECOND = v.enriched(2, seconds=1, pictures=(SHARED,), text="Also here", author=2)


class Kept:
    """Pictures that are kept somewhere; away while told so."""

    def __init__(self, *pictures: str) -> None:
        self.pictures = set(pictures)
        self.away = False

    def remove(self, pictures: Collection[str]) -> None:
        if self.away:
            raise SourceAway("the bucket does not answer")
        self.pictures -= set(pictures)


def test_only_what_nothing_shows_any_more_is_removed(store: Store) -> None:
    kept = Kept(ONLY.id, SHARED.id)
    stage = StoreStage(store, (), kept.remove)
    stage.handle([Record(FIRST), Record(SECOND)])
    assert kept.pictures == {ONLY.id, SHARED.id}
    stage.handle([Record(v.takedown(1))])
    assert kept.pictures == {SHARED.id}
    stage.handle([Record(v.takedown(2))])
    assert kept.pictures == set()
    assert store.dump("pictures_to_forget") == []


def test_a_post_too_old_to_be_kept_shows_its_pictures_no_more(store: Store) -> None:
    kept = Kept(ONLY.id, SHARED.id)
    stage = StoreStage(store, (), kept.remove)
    stage.handle([Record(FIRST), Record(SECOND)])
    store.retention.forget(v.at(0.5))
    assert store.forgetting.drain(kept.remove) == 1
    assert kept.pictures == {SHARED.id}
    store.retention.forget(v.at(60))
    store.forgetting.drain(kept.remove)
    assert kept.pictures == set()
    assert len(store.dump("sightings")) == 3, "that they have lived before is known still"


def test_a_post_that_comes_after_its_takedown_leaves_nothing(store: Store) -> None:
    kept = Kept(ONLY.id, SHARED.id)
    stage = StoreStage(store, (), kept.remove)
    stage.handle([Record(v.takedown(1))])
    stage.handle([Record(FIRST)])
    assert kept.pictures == set()


def test_while_the_place_is_away_pictures_stay_queued_and_posts_are_kept(store: Store) -> None:
    kept = Kept(ONLY.id)
    kept.away = True
    stage = StoreStage(store, (), kept.remove)
    stage.handle([Record(FIRST), Record(v.takedown(1))])
    assert kept.pictures == {ONLY.id}
    kept.away = False
    stage.handle([Record(SECOND)])
    assert kept.pictures == set()
    assert [row["uid"] for row in store.dump("posts")] == ["x:2"]


def test_what_is_shown_again_meanwhile_stays(store: Store) -> None:
    kept = Kept(SHARED.id)
    v.keep(store, FIRST, v.takedown(1), SECOND)
    assert store.forgetting.drain(kept.remove) == 1  # the other one
    assert kept.pictures == {SHARED.id}


def test_more_than_are_removed_at_once(store: Store) -> None:
    pictures = tuple(v.picture(f"picture {number}") for number in range(1_203))
    kept = Kept(*(picture.id for picture in pictures))
    v.keep(store, v.enriched(1, pictures=pictures), v.takedown(1))
    assert store.forgetting.drain(kept.remove) == 1_203
    assert kept.pictures == set()


def test_a_stage_without_a_place_keeps_the_queue_for_one_that_has_it(store: Store) -> None:
    StoreStage(store, ()).handle([Record(FIRST), Record(v.takedown(1))])
    assert {row["picture"] for row in store.dump("pictures_to_forget")} == {ONLY.id, SHARED.id}
    away = Kept()
    away.away = True
    with pytest.raises(SourceAway):
        store.forgetting.drain(away.remove)
    assert store.forgetting.drain(Kept().remove) == 2


def test_what_is_queued_while_others_are_removed_is_removed_as_well(store: Store, store_url: str) -> None:
    """It was on the queue already, shown still; the last post that shows it goes while the queue is worked off."""
    kept = Kept(ONLY.id, SHARED.id)
    v.keep(store, FIRST, SECOND, v.takedown(1))
    beside = open_store(store_url)
    other = Thread(target=lambda: v.keep(beside, v.takedown(2)))

    def remove(pictures: Collection[str]) -> None:
        if not other.ident:
            other.start()
            other.join(0.5)  # done by then, or it waits for us
        kept.remove(pictures)

    store.forgetting.drain(remove)
    other.join()
    beside.close()
    store.forgetting.drain(kept.remove)
    assert kept.pictures == set()
    assert store.dump("pictures_to_forget") == []
