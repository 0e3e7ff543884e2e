"""A model of meanings ties what words cannot, where one is installed; without one nothing asks for it."""

from __future__ import annotations

import pytest

from alerts.judging.stage import AlertsStage
from alerts.text.embedding import Meanings
from alerts.text.understanding import Understanding
from secondsource.app.embedding import load_embedder
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.messages import Entity, Message
from secondsource.contracts.stage import Out
from tests.alerts.invented import DEFAULTS, at, final_stories, gone, ordered, post, records, tick, updates, watch
from tests.fakes.archive import MemoryArchive
from tests.fakes.embedder import Concepts

ENGLISH = "the old bridge has fallen and a bus lies in the river"
FRENCH = "le vieux pont est tombé et un autobus est dans la rivière"
BAKERY = "the bakery by the mill opens at six tomorrow"


def stage(embedder: Concepts | None) -> AlertsStage:
    understanding = None if embedder is None else Understanding(embedder)
    return AlertsStage({"velgrad": watch()}, MemoryArchive(), understanding=understanding)


def posts_of(outs: list[Out]) -> list[int]:
    return sorted(story.posts for story in final_stories(outs).values())


def test_posts_in_two_languages_meet_where_a_model_finds_them_alike() -> None:
    told = records(ordered([post(1, 0, ENGLISH), post(2, 9, FRENCH), post(3, 20, BAKERY)]))
    assert posts_of(stage(None).handle(told)) == []
    outs = stage(Concepts()).handle(told)
    assert posts_of(outs) == [2]
    joined = next(one for update in updates(outs) for one in update.members if one.uid == "x:2")
    assert (joined.tie, joined.to, joined.evidence) == ("meaning", "x:1", "cosine 1.00")
    assert final_stories(outs)[updates(outs)[0].id].independent == 1.5, "only a model ties it: it weighs half"


def test_what_is_said_of_a_town_far_off_is_another_story_whatever_a_model_finds() -> None:
    osmar, brenn = (
        Entity(kind="place", id=name, text=name, lat=lat, lon=7.0) for name, lat in (("o", 31.0), ("b", 32.0))
    )
    for there, stories in ((osmar, [2]), (brenn, [])):
        model = Concepts()
        told = ordered([post(1, 0, ENGLISH, entities=(osmar,)), post(2, 9, FRENCH, entities=(there,))])
        asking = stage(model)
        model.asked = 0
        assert posts_of(asking.handle(records(told))) == stories
        assert model.asked == 2


def test_the_model_is_asked_once_of_a_post_that_nothing_else_ties() -> None:
    model = Concepts()
    asking = stage(model)
    model.asked = 0  # at the start it is tried
    asking.handle(records(ordered([post(1, 0, ENGLISH), *[post(n, n, ENGLISH) for n in range(2, 30)]])))
    assert model.asked == 1


def test_what_is_gone_or_over_is_not_found() -> None:
    outs = stage(Concepts()).handle(records(ordered([post(1, 0, ENGLISH), gone(1, 5), post(2, 9, FRENCH)])))
    assert posts_of(outs) == []


def test_it_finds_the_same_after_a_crash() -> None:
    first: list[Message] = [post(1, 0, ENGLISH), post(3, 2, BAKERY), tick(100)]
    rest = records(ordered([post(2, 200, FRENCH)]))
    whole, broken, again = (stage(Concepts()) for _ in range(3))
    whole.handle(records(first))
    broken.handle(records(first))
    again.restore(0, {name: body for name, body in broken.changes(0).items() if body is not None})
    assert again.handle(rest) == whole.handle(rest)
    assert posts_of(whole.handle([])) == []


#: Of these, in this order, the model is asked about one a minute.
CROWD = [post(3, 0, BAKERY), post(1, 9, ENGLISH), post(4, 70, "they say that all is well"), post(2, 130, FRENCH)]


def crowded(model: Concepts, unread: list[str] | None = None) -> AlertsStage:
    told = unread.append if unread is not None else lambda watch: None
    return AlertsStage(
        {"velgrad": watch()},
        MemoryArchive(),
        understanding=Understanding(model),
        texts_per_minute=1,
        unread=told,
    )


def test_in_a_minute_of_event_time_it_is_asked_so_often_and_no_more() -> None:
    model, unread = Concepts(), list[str]()
    crowd = crowded(model, unread)
    model.asked = 0
    assert posts_of(crowd.handle(records(ordered(CROWD)))) == [], "the first of the bridge was the second of its minute"
    assert model.asked == 3
    assert unread == ["velgrad"]
    few = [each for each in CROWD if each.post.uid != "x:3"]
    assert posts_of(crowded(Concepts()).handle(records(ordered(few)))) == [2]


@pytest.mark.parametrize("stopped_at", [5, 30, 100, 135])
def test_what_it_was_not_asked_about_stays_so_over_a_new_start(stopped_at: int) -> None:
    judged = tick(stopped_at + DEFAULTS.lateness_seconds)
    first: list[Message] = [each for each in CROWD if each.post.observed_at <= at(stopped_at)]
    rest = records(ordered([each for each in CROWD if each.post.observed_at > at(stopped_at)]))
    whole, broken, again = (crowded(Concepts()) for _ in range(3))
    whole.handle(records([*first, judged]))
    broken.handle(records([*first, judged]))
    again.restore(0, {name: body for name, body in broken.changes(0).items() if body is not None})
    told = again.handle(rest)
    assert told == whole.handle(rest)
    assert posts_of(told) == []


def test_an_edit_is_read_though_the_first_words_were_not() -> None:
    edited = [*CROWD[:3], post(1, 71, "the old bridge has fallen, a bus lies in the river"), CROWD[3]]
    assert posts_of(crowded(Concepts()).handle(records(ordered(edited)))) == [2]


def test_it_keeps_so_many_and_no_more() -> None:
    meanings = Meanings(Understanding(Concepts()), most=3)
    for part, word in enumerate(("bridge", "river", "bus", "bakery", "opens"), 1):
        meanings.add(part, f"something about the {word}")
    assert meanings.find("they talk of the bridge") is None
    assert meanings.find("they talk of the bakery") == (4, 1.0)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no_such_module:thing", "cannot be used"),
        ("tests.fakes.embedder:nothing", "cannot be used"),
        ("tests.fakes.embedder:Mumbling", "the same text must give the same vector"),
    ],
)
def test_what_cannot_work_is_refused_at_the_start(name: str, said: str) -> None:
    with pytest.raises(BadConfiguration, match=said):
        load_embedder(name)


def test_an_object_and_what_makes_one_both_do() -> None:
    assert load_embedder("tests.fakes.embedder:Concepts").vectors([ENGLISH]).shape == (1, 7)
    assert load_embedder("tests.fakes.embedder:concepts").vectors([ENGLISH, FRENCH]).shape == (2, 7)
