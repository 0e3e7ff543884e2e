"""What is older than it is wanted leaves, and what is newer stays."""

from __future__ import annotations

from msgspec.structs import replace

from secondsource.contracts.messages import Coverage, Message
from store.leaving.retention import Forgotten
from store.store import Store
from tests.store.velgrad import (
    alert,
    at,
    emptied,
    engagement,
    enriched,
    everything,
    keep,
    letter,
    picture,
    story,
    takedown,
)

LAST_YEAR = -365 * 86_400.0
BRIDGE = picture("bridge", "f0" * 32)


def happened(seconds: float, number: int) -> list[Message]:
    """A post with all that follows from it."""
    name = f"velgrad/{number}"
    told = replace(story(1, name=name, members=(number,), claim_uid=f"x:{number}"), as_of=at(seconds))
    return [
        enriched(number, seconds=seconds, author=number, pictures=(BRIDGE,)),
        engagement(number, seconds + 1, 5),
        told,
        replace(alert(1, name=f"{name}/spike", of=told), at=at(seconds)),
        letter(f"letter-{number}", seconds),
        Coverage(collector="x", watches=("velgrad",), start=at(seconds), end=at(seconds + 9), state="seen"),
    ]


def test_the_old_leaves_every_table_and_the_new_is_as_if_it_were_alone(store: Store) -> None:
    keep(store, *happened(LAST_YEAR, 1), *happened(0, 2))
    assert store.retention.forget(at(-3600)) == Forgotten(posts=1, accounts=1, stories=1, alerts=1, dead_letters=1)
    left = everything(store)
    keep(emptied(store), *happened(0, 2))
    alone = everything(store)
    apart = {"sightings", "pictures_to_forget"}
    assert {name: rows for name, rows in left.items() if name not in apart} == {
        name: rows for name, rows in alone.items() if name not in apart
    }


def test_that_its_picture_has_lived_before_is_known_still_but_not_by_whom(store: Store) -> None:
    keep(store, *happened(LAST_YEAR, 1))
    store.retention.forget(at(-3600))
    (sighting,) = store.archive.earlier((BRIDGE,), at(0), 5)
    assert (sighting.seen_at, sighting.source) == (at(LAST_YEAR), "x:1")
    assert (sighting.handle, sighting.caption, sighting.url) == ("", "", "")


def test_an_account_stays_as_long_as_one_of_its_posts(store: Store) -> None:
    keep(store, enriched(1, seconds=LAST_YEAR), enriched(2, seconds=0))
    assert store.retention.forget(at(-3600)).accounts == 0
    assert len(store.dump("accounts")) == 1


def test_an_account_leaves_once_its_last_post_was_taken_down_however_new_it_is(store: Store) -> None:
    keep(store, enriched(1, seconds=0, author=1), enriched(2, seconds=0, author=2), takedown(1, 1))
    assert store.retention.forget(at(-3600)) == Forgotten(accounts=1)
    assert [row["uid"] for row in store.dump("accounts")] == ["x:a2"]


def test_a_second_time_nothing_is_left_to_do_however_much_there_was(store: Store) -> None:
    keep(store, *(enriched(number, seconds=LAST_YEAR + number) for number in range(2_500)))
    assert store.retention.forget(at(-3600)).posts == 2_500
    assert store.retention.forget(at(-3600)) == Forgotten()
