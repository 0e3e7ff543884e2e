"""Stories that became one, and two again: what was theirs stays on record, and is shown where it belongs now."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from secondsource.contracts.messages import Corroboration
from store.store import Store
from tests.store import velgrad as v


def test_a_story_that_goes_on_in_another_stays_on_record_and_is_not_asked_about(store: Store) -> None:
    told = v.story(1, members=[1, 2])
    last = replace(told, version=2, merged_into="velgrad/0", members=())
    v.keep(store, v.enriched(1), v.enriched(2), told, last)
    (row,) = store.dump("stories")
    assert (row["id"], row["merged_into"]) == ("velgrad/1", "velgrad/0")
    assert len(store.evidence.story_posts("velgrad/1", 9)) == 2
    assert _uncorroborated(store) == []


def test_a_story_that_stands_by_itself_again_is_asked_about(store: Store) -> None:
    told = v.story(1, members=[1])
    v.keep(store, replace(told, version=3), replace(told, version=2, merged_into="velgrad/0"))
    assert _uncorroborated(store) == ["velgrad/1"]


def test_a_post_that_left_a_story_is_not_shown_in_it_whatever_comes_first(store: Store) -> None:
    told = v.story(1, members=[1, 2])
    left = replace(told, version=2, members=(replace(told.members[0], tie="left"),))
    v.keep(store, v.enriched(1), v.enriched(2), left)
    v.keep(store, told)
    assert [shown.post.uid for shown in store.evidence.story_posts("velgrad/1", 9)] == ["x:2"]


@pytest.mark.parametrize(
    ("state", "independent", "asked"),
    [("none", 0.0, True), ("single-origin", 1.0, True), ("multi-origin", 2.0, False), ("contested", 1.0, True),
     ("contested", 2.0, False), ("unknown", 1.5, True), ("unknown", 3.0, False)],
)  # fmt: skip
def test_a_story_of_few_sources_is_asked_about_disputed_or_not(
    store: Store, state: Corroboration, independent: float, asked: bool
) -> None:
    v.keep(store, replace(v.story(1, members=[1]), state=state, independent=independent))
    assert bool(_uncorroborated(store)) == asked


def _uncorroborated(store: Store) -> list[str]:
    with store.engine.connect() as connection:
        return list(connection.execute(text("SELECT id FROM uncorroborated_stories")).scalars())
