"""One enriched post for each watch, in order; everything else passed on to where it belongs, or refused."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from enrich.annotator import Tags
from enrich.stage import EnrichStage
from secondsource.contracts.errors import BadConfiguration, BadRecord
from secondsource.contracts.messages import (
    Counts,
    Coverage,
    DeadLetter,
    Engagement,
    Enriched,
    Language,
    Message,
    Post,
    Sketch,
    Stance,
    Takedown,
    Tick,
)
from secondsource.contracts.stage import Out, Record
from secondsource.contracts.topics import ENRICHED, POSTS
from tests.enrich.makers import TIME, post


class Says:
    """An annotator that says the same of every post, and remembers how it was asked."""

    def __init__(self, fills: str, value: object) -> None:
        self.fills = fills
        self.value = value
        self.asked: list[int] = []

    def annotate(self, posts: Sequence[Post], tags: Tags) -> list[object]:
        self.asked.append(len(posts))
        return [self.value for _ in posts]


def stage() -> EnrichStage:
    return EnrichStage(
        (
            Says("language", Language(code="en", confidence=0.9)),
            Says("entities", ()),
            Says("pictures", ()),
            Says("sketch", Sketch(exact="e")),
            Says("stance", Stance(label="asserts")),
        )
    )


def engagement(uid: str, *watches: str) -> Engagement:
    return Engagement(uid=uid, observed_at=TIME, collector="x", watches=watches, counts=Counts(reposts=3))


def takedown(uid: str, *watches: str) -> Takedown:
    return Takedown(uid=uid, observed_at=TIME, collector="x", watches=watches, reason="deleted")


def handled(*messages: Message) -> list[Out]:
    return stage().handle([Record(message, 2, 4, offset) for offset, message in enumerate(messages)])


def test_it_reads_posts() -> None:
    assert stage().name == "enrich"
    assert stage().inlet == (POSTS,)


def test_a_post_comes_out_once_for_each_watch_under_its_key() -> None:
    outs = handled(post(watches=("velgrad", "flood", "velgrad")))
    assert [(out.topic, out.key) for out in outs] == [(ENRICHED, "velgrad"), (ENRICHED, "flood")]
    for out in outs:
        assert isinstance(out.message, Enriched)
        assert out.message.watch == out.key
        assert out.message.language == Language(code="en", confidence=0.9)


def test_order_is_kept_whatever_comes() -> None:
    coverage = Coverage(collector="x", watches=("velgrad",), start=TIME, end=TIME, state="seen")
    outs = handled(
        engagement("x:0", "velgrad"),
        post(uid="x:1"),
        Tick(collector="x", at=TIME),
        takedown("x:1", "velgrad", "flood"),
        post(uid="x:2", watches=("flood",)),
        coverage,
    )
    assert [(type(out.message).__name__, out.key) for out in outs] == [
        ("Engagement", "velgrad"),
        ("Enriched", "velgrad"),
        ("Tick", None),
        ("Takedown", "velgrad"),
        ("Takedown", "flood"),
        ("Enriched", "flood"),
        ("Coverage", None),
    ]


def test_a_tick_is_stamped_with_the_partition_it_came_through() -> None:
    (out,) = handled(Tick(collector="x", at=TIME, final=True))
    assert out.message == Tick(collector="x", at=TIME, final=True, lane=2, lanes=4)


def test_a_takedown_that_names_no_watch_goes_everywhere() -> None:
    assert handled(takedown("x:1")) == [Out(ENRICHED, None, takedown("x:1"))]


@pytest.mark.parametrize("message", [post(watches=()), engagement("x:1")])
def test_what_belongs_to_no_watch_is_a_bad_record(message: Message) -> None:
    with pytest.raises(BadRecord, match=r"x:1 belongs to no watch"):
        handled(message)


def test_what_has_no_place_on_posts_is_a_bad_record() -> None:
    letter = DeadLetter(id="1", stage="x", source="here", target="posts", reason="bad", body=b"", at=TIME)
    with pytest.raises(BadRecord, match=r"got DeadLetter"):
        handled(letter)


NO_ZONE = TIME.replace(tzinfo=None)


@pytest.mark.parametrize(
    "message",
    [
        post(observed_at=NO_ZONE),
        post(created_at=NO_ZONE),
        Engagement(uid="x:1", observed_at=NO_ZONE, collector="x", watches=("velgrad",), counts=Counts(reposts=3)),
        Takedown(uid="x:1", observed_at=NO_ZONE, collector="x", watches=("velgrad",), reason="deleted"),
        Coverage(collector="x", watches=("velgrad",), start=TIME, end=NO_ZONE, state="blind"),
        Tick(collector="x", at=NO_ZONE),
    ],
)
def test_a_time_without_its_zone_is_a_bad_record(message: Message) -> None:
    with pytest.raises(BadRecord, match=r"a time with its zone"):
        handled(message)


def test_a_bad_record_is_found_before_any_work_is_done() -> None:
    annotator = Says("language", Language(code="en", confidence=1.0))
    rest = [Says("entities", ()), Says("pictures", ()), Says("sketch", Sketch(exact="")), Says("stance", None)]
    with pytest.raises(BadRecord):
        EnrichStage([annotator, *rest]).handle([Record(post()), Record(post(watches=()))])
    assert annotator.asked == []


def test_each_field_needs_exactly_one_annotator() -> None:
    with pytest.raises(BadConfiguration, match="one annotator for each of"):
        EnrichStage((Says("language", None), Says("language", None)))


def test_an_empty_batch_is_no_work() -> None:
    assert handled() == []
