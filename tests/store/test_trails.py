"""How a story went is read back from what it left behind."""

from __future__ import annotations

from msgspec.structs import replace

from alerts.ports import Trails
from secondsource.contracts.evidence import Step, StoryTrail
from secondsource.contracts.messages import Enriched, Member, StanceLabel, Tie
from store.reads.trails import COPIES, TrailReads
from store.store import Store
from tests.store import velgrad as v

STORY = "velgrad/1"


def own(number: int, seconds: float, **more: str) -> Enriched:
    """A post by an account of its own, which passes on what `more` says."""
    made = v.enriched(number, seconds=seconds, author=number)
    blank = {"quote_of": "", "reply_to": "", "repost_of": "", "edit_of": ""}
    return replace(made, post=replace(made.post, **(blank | more)))


def member(number: int, tie: Tie, stance: StanceLabel = "asserts") -> Member:
    return Member(uid=f"x:{number}", stance=stance, tie=tie, to="" if tie == "first" else "x:1")


MEMBERS = (member(1, "first"), member(2, "repost"), member(3, "quote"), member(4, "text"))


def keep(store: Store, *more: Enriched, members: tuple[Member, ...] = ()) -> None:
    v.keep(
        store,
        own(1, 0),
        own(2, 10, repost_of="x:1"),
        own(3, 20, quote_of="x:1"),
        own(4, 30),
        own(5, 40),
        *more,
        v.engagement(1, 15, 7),
        v.engagement(1, 50, 9),
        v.engagement(5, 45, 3),
        replace(v.story(1), members=(*MEMBERS, *members)),
    )


def test_acts_and_counts_of_its_posts_in_order(store: Store) -> None:
    keep(store)
    trails: Trails = store.trails
    trail = trails.trail(STORY, v.at(100))
    assert trail.steps == (
        Step(v.at(10), "x:1", "x:a2"),
        Step(v.at(15), "x:1", "", 7),
        Step(v.at(20), "x:1", "x:a3"),
        Step(v.at(30), COPIES, "x:a4"),
        Step(v.at(50), "x:1", "", 9),
    )
    assert trail.languages == (("en", 4),)
    assert trail.platforms == (("x", 4),)


def test_only_what_counts_as_spread_is_a_step(store: Store) -> None:
    """Not an answer, a denial and who passes that on, nor who copies or passes on words of their own."""
    said = (own(6, 31, reply_to="x:1"), own(7, 32), own(8, 33, repost_of="x:7"))
    mine = (replace(own(9, 34), post=replace(own(9, 34).post, author=own(1, 0).post.author)),)
    left = (own(10, 35, repost_of="x:1"),)
    of = (
        member(6, "reply"), member(7, "text", "denies"), member(8, "repost", "denies"), member(9, "text"),
        member(10, "left"),
    )  # fmt: skip
    keep(store, *said, *mine, *left, members=of)
    v.keep(store, v.engagement(7, 60, 90))
    trail = store.trails.trail(STORY, v.at(100))
    assert [step.at for step in trail.steps] == [v.at(10), v.at(15), v.at(20), v.at(30), v.at(50)]
    assert trail.platforms == (("x", 8),), "but for what is in another story now, they are its posts"


def test_what_came_later_is_left_out(store: Store) -> None:
    keep(store)
    trail = store.trails.trail(STORY, v.at(20))
    assert [step.at for step in trail.steps] == [v.at(10), v.at(15), v.at(20)]
    assert trail.platforms == (("x", 3),)


def test_of_a_story_with_more_the_oldest(store: Store) -> None:
    keep(store)
    trail = TrailReads(store.database, most=2).trail(STORY, v.at(100))
    assert [step.at for step in trail.steps] == [v.at(10), v.at(15), v.at(50)]


def test_of_an_unknown_story_nothing(store: Store) -> None:
    assert store.trails.trail("velgrad/9", v.at(100)) == StoryTrail()


def test_a_removed_post_leaves_the_trail(store: Store) -> None:
    keep(store)
    v.keep(store, v.takedown(3))
    assert "x:a3" not in {step.account for step in store.trails.trail(STORY, v.at(100)).steps}
