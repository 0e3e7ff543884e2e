"""A text that stands in another among much else: a quotation, or a line that somebody puts under everything."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from alerts.judging.stage import AlertsStage
from enrich.sketching.sketch import sketch_texts
from secondsource.contracts.messages import Enriched, StoryUpdate
from tests.alerts.invented import CLAIM, final_stories, ordered, post, records, watch
from tests.fakes.archive import MemoryArchive

LINE = "Follow Velgrad Live for updates from the town all day and turn on notifications"
TRAM = "Tram 7 has left its rails on Mill Square, two people are hurt and the line is closed until tonight"
PLEA = "My cousin writes from Weir Street and begs everyone who reads this to pass her words on without delay"


def stories(*told: Enriched) -> list[StoryUpdate]:
    """What became of these posts, each sketched as enrichment does."""
    sketched = [replace(each, sketch=sketch_texts([each.post.text])[0]) for each in told]
    outs = AlertsStage({"velgrad": watch()}, MemoryArchive()).handle(records(ordered(sketched)))
    return sorted(final_stories(outs).values(), key=lambda story: story.opened_at)


def posts_of(found: Sequence[StoryUpdate]) -> list[int]:
    return [story.posts for story in found]


def test_a_line_under_every_post_makes_no_story_of_them() -> None:
    told = [post(1, 0, LINE, by="live")]
    told += [post(10 + n, 600 + n, f"{CLAIM}. {LINE}", by=f"b{n}") for n in range(4)]
    told += [post(20 + n, 900 + n, f"{TRAM}. {LINE}", by=f"t{n}") for n in range(3)]
    assert posts_of(stories(*told)) == [4, 3]  # one post is no story yet


def test_whose_text_stands_in_anothers_is_its_source_where_both_are_of_one_story() -> None:
    told = [
        post(1, 0, CLAIM, by="first"),
        post(2, 60, CLAIM, by="copies", repost_of=1),
        post(3, 120, f"{PLEA}: {CLAIM}. {PLEA[::-1]}", by="quotes", quote_of=1),
    ]
    (found,) = stories(*told)
    assert (found.posts, found.state) == (3, "single-origin")


def test_a_part_of_a_text_is_a_copy_of_it_however_small() -> None:
    told = [post(1, 0, f"{TRAM}. {CLAIM}. {PLEA}", by="long"), post(2, 60, CLAIM, by="short")]
    assert posts_of(stories(*told)) == [2]
