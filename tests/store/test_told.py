"""What has been told of stories and alerts, read back."""

from __future__ import annotations

from datetime import timedelta

from msgspec import structs

from store.store import Store
from tests.store import velgrad as v

HOUR = timedelta(hours=1)


def test_since_the_first_story_whose_alert_stands(store: Store) -> None:
    assert store.told.since(HOUR) is None
    v.keep(store, v.enriched(1, seconds=9_000))
    assert store.told.since(HOUR) == v.at(9_000) - HOUR
    closed = structs.replace(v.alert(1, name="velgrad:over", of=v.story(1, name="over")), kind="expired")
    v.keep(store, v.story(1, name="over"), closed)
    assert store.told.since(HOUR) == v.at(9_000) - HOUR
    v.keep(store, v.story(1, name="stands"), v.alert(1, name="velgrad:stands", of=v.story(1, name="stands")))
    assert store.told.since(HOUR) == v.at(0)


def test_the_last_versions_of_stories(store: Store) -> None:
    v.keep(store, v.story(3, name="one"), v.story(90, name="two"))
    v.keep(store, v.story(7, name="one"))
    assert store.told.stories(None) == {"one": 7, "two": 90}
    assert store.told.stories(v.at(8)) == {"two": 90}


def test_all_events_of_what_stands_or_was_told_of_since(store: Store) -> None:
    stands = [v.alert(seq, name="velgrad:a") for seq in (2, 1, 3)]
    over = [v.alert(1, name="velgrad:b"), structs.replace(v.alert(50, name="velgrad:b"), kind="expired")]
    long_over = [structs.replace(v.alert(5, name="velgrad:c"), kind="corroborated")]
    v.keep(store, *stands, *over, *long_over)
    told = store.told.alerts(v.at(40))
    assert {name: [event.seq for event in events] for name, events in told.items()} == {
        "velgrad:a": [1, 2, 3],
        "velgrad:b": [1, 50],
    }
    assert store.told.alerts(None).keys() == {"velgrad:a", "velgrad:b", "velgrad:c"}
