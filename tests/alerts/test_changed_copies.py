"""A copy, however its text was changed, adds no source: real changes, through the annotators and the judge."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alerts.judging.stage import AlertsStage
from config.loader import BUILT_IN
from enrich.annotators import CopyAnnotator, EntityAnnotator, LanguageAnnotator, MediaAnnotator, StanceAnnotator
from enrich.annotators.media import FetchingOff
from enrich.names.gazetteer import Gazetteer, each_term
from enrich.stage import EnrichStage
from secondsource.contracts.messages import Enriched, Post, StoryUpdate
from secondsource.contracts.stage import Out, Record
from tests.alerts.invented import final_stories, ordered, records, updates, watch
from tests.alerts.invented import post as invented
from tests.enrich.makers import cues
from tests.fakes.archive import MemoryArchive
from tests.fakes.clock import ManualClock

#: Who says each of these saw it: some tell of one thing in other words, most of nothing that the others do.
SOURCES = (
    "The old stone bridge of Velgrad fell into the river before noon today, a yellow bus and three cars went with it",
    "I stood on Weir Street when the stone bridge in Velgrad broke, the yellow bus hung over the river and then fell",
    "Nurses of the children's clinic in Velgrad have run out of clean water and of insulin since yesterday evening",
    "Tram 7 has left its rails on Mill Square in Velgrad, two people are hurt and the line is closed until tonight",
    "The ferry to Velgrad did not come again and forty families are waiting at the pier in the rain",
    "Somebody painted over the mural beside the old post office of Velgrad during the night and left a note",
    "Старый мост в Велграде обрушился в реку сегодня утром до полудня, жёлтый автобус упал вместе с ним",
    "انهار الجسر القديم في مدينة فلغراد في النهر صباح هذا اليوم وسقطت معه حافلة صفراء وثلاث سيارات",
    "维尔格勒的老石桥今天上午中午之前倒塌落入河中一辆黄色巴士和三辆汽车也掉进河里多人受伤",
    "벨그라드의 오래된 돌다리가 오늘 아침 정오 전에 강으로 무너져 내렸고 노란 버스 한 대가 함께 떨어졌다고 합니다",
)
#: What people put under their posts, or over them, whatever these say.
LINES = (
    "Please share this with everyone you know and follow our page for more updates from here, the world must hear us",
    "Follow Velgrad Live for updates from the town all day and turn on notifications",
    "Sign the petition for the people of Velgrad, every single name on it counts #StandWithVelgrad #Velgrad",
)
CHATTER = (
    "My cousin who lives there has just written to me and I believe her completely",
    "Nobody on television has said one word of it so far, think what you like",
    "So sad, these poor people",
    "I cannot sleep tonight, my hands are shaking while I type these few words to all of you",
)
_TWINS = str.maketrans("aeopcxyiTHB", "аеорсхуіТНВ")
_FIGURES = str.maketrans("aeio", "4310")
_MARKS = "\u0300\u064b\u064e\u0301\u0650"
_UNSEEN = "\u200b\u200c\u200d\u2060\ufeff"

Change = Callable[[str, random.Random], str]


def _between(text: str, thing: str, dice: random.Random) -> str:
    words = text.split(" ")
    words.insert(dice.randrange(len(words) + 1), thing)
    return " ".join(words)


def _scattered(text: str, marks: str, dice: random.Random) -> str:
    return "".join(letter + (dice.choice(marks) if dice.random() < 0.3 else "") for letter in text)


def _another_word(text: str, dice: random.Random) -> str:
    words = text.split(" ")
    words[dice.randrange(len(words))] = dice.choice(("really", "xxx", "they"))
    return " ".join(words)


def _twisted(text: str, dice: random.Random) -> str:
    place = dice.randrange(1, len(text))
    return text[: place - 1] + text[place] + text[place - 1] + text[place + 1 :]


CHANGES: tuple[Change, ...] = (
    lambda text, _: f"RT @ana_k: {text}",
    lambda text, dice: f"{dice.choice(CHATTER)} RT @ana_k: {text}",
    lambda text, _: f"@ana_k @boris {text} @carla.news",
    lambda text, dice: f"{text} https://example.org/{dice.randrange(99)}",
    lambda text, dice: _between(text, "😱🙏", dice),
    lambda text, _: text.translate(_TWINS),
    lambda text, _: text.translate(_FIGURES),
    lambda text, dice: _scattered(text, _MARKS, dice),
    lambda text, dice: _scattered(text, _UNSEEN, dice),
    lambda text, _: text.upper(),
    lambda text, _: f"“{text}”",
    lambda text, dice: f"{text}. {dice.choice(LINES)}",
    lambda text, dice: f"{dice.choice(LINES)}. {text}",
    lambda text, dice: f"{dice.choice(CHATTER)}: {text}",
    lambda text, dice: f"{dice.choice(CHATTER)}: {text} {dice.choice(CHATTER)}.",
    lambda text, _: f"BREAKING: {text} #Breaking #News",
    _another_word,
    _twisted,
)


class Told(NamedTuple):
    """A post: which of `SOURCES` its words are of."""

    source: int
    text: str


@st.composite
def _copies(draw: st.DrawFn, source: int) -> Told:
    dice = random.Random(draw(st.integers(0, 9_999)))
    text = SOURCES[source]
    for change in draw(st.lists(st.sampled_from(CHANGES), max_size=3)):
        text = change(text, dice)
    cut = draw(st.integers(0, len(SOURCES[source]) // 4))  # so that two copies have words in a row in common
    if cut:
        text = f"{text[:-cut]}…" if draw(st.booleans()) else text[cut:]
    return Told(source, text)


@st.composite
def _streams(draw: st.DrawFn) -> list[Told]:
    """Some sources, some of them with a line under what they say, and changed copies of them, in any order."""
    chosen = draw(st.lists(st.integers(0, len(SOURCES) - 1), min_size=1, max_size=5, unique=True))
    told = [Told(one, SOURCES[one]) for one in chosen]
    told = [one._replace(text=f"{one.text}. {LINES[0]}") if draw(st.integers(0, 3)) == 0 else one for one in told]
    told += [draw(_copies(draw(st.sampled_from(chosen)))) for _ in range(draw(st.integers(1, 6)))]
    return draw(st.permutations(told))


@cache
def _enrichment() -> EnrichStage:
    gazetteer = Gazetteer(each_term(tuple(sorted((BUILT_IN / "gazetteer").glob("*.tsv")))))
    media = MediaAnnotator(FetchingOff(), ManualClock())
    return EnrichStage(
        (LanguageAnnotator(), EntityAnnotator(gazetteer), CopyAnnotator(), StanceAnnotator(cues()), media)
    )


def judged(texts: Iterable[str]) -> list[Out]:
    posts: list[Post] = [invented(number + 1, 60.0 * number, text).post for number, text in enumerate(texts)]
    found = [out.message for out in _enrichment().handle([Record(post) for post in posts])]
    return AlertsStage({"velgrad": watch()}, MemoryArchive()).handle(
        records(ordered([one for one in found if isinstance(one, Enriched)]))
    )


def posts_of(outs: Iterable[Out]) -> dict[str, list[int]]:
    """The posts of each story, by their places in what was judged."""
    held: dict[str, set[int]] = {}
    for update in updates(outs):
        for member in update.members:
            numbers = held.setdefault(update.id, set())
            (numbers.discard if member.tie == "left" else numbers.add)(int(member.uid.removeprefix("x:")) - 1)
    return {story: sorted(numbers) for story, numbers in held.items()}


def living(outs: list[Out]) -> list[StoryUpdate]:
    return [story for story in final_stories(outs).values() if not story.merged_into]


@given(_streams())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_changed_copy_adds_no_source_in_any_order_of_arrival(told: list[Told]) -> None:
    outs = judged(one.text for one in told)
    members = posts_of(outs)
    for story in living(outs):
        sources = {told[number].source for number in members[story.id]}
        assert len(story.origins) <= len(sources), [told[number].text for number in members[story.id]]
        assert story.independent <= len(sources)


def _with_words_between(text: str) -> str:
    return " ".join(f"{word} xxx" if place % 2 else word for place, word in enumerate(text.split(" ")))


def _neighbours_swapped(text: str) -> str:
    words = text.split(" ")
    return " ".join(word for place in range(0, len(words), 2) for word in reversed(words[place : place + 2]))


REWRITTEN: tuple[Callable[[str], str], ...] = (
    lambda text: text[::-1],
    lambda text: " ".join(text.split(" ")[::-1]),
    lambda text: " ".join(word[::-1] for word in text.split(" ")),
    lambda text: text.replace(" ", ""),
    lambda text: text.title().replace(" ", "").replace(",", ""),
    lambda text: text.replace(" ", "\u200b"),
    lambda text: "".join(letter * 2 for letter in text),
    lambda text: text.replace("o", "oooo").replace("о", "оооо").replace("e", "eee"),
    lambda text: " ".join(" ".join(word) if len(word) > 4 else word for word in text.split(" ")),
    lambda text: " ".join(f"{place}. {word}" for place, word in enumerate(text.split(" "))),
    _with_words_between,
    _neighbours_swapped,
)


@pytest.mark.parametrize("rewritten", REWRITTEN)
def test_what_is_rewritten_in_another_order_is_the_same_source_whichever_came_first(
    rewritten: Callable[[str], str],
) -> None:
    for source in (0, 2, 6):
        text = SOURCES[source]
        for first, second in ((text, rewritten(text)), (rewritten(text), text)):
            (story,) = living(judged((first, second)))
            assert (len(story.origins), story.independent) == (1, 1)


def test_a_line_under_posts_that_tell_of_different_things_makes_no_story_of_them() -> None:
    texts = [f"{SOURCES[place]}. {LINES[0]}" for place in (3, 4, 5)]
    assert living(judged(texts)) == []


def test_what_a_post_copies_is_found_under_a_line_that_many_others_have() -> None:
    others = [f"{SOURCES[place]}. {LINES[0]}" for place in (3, 4, 5)]
    outs = judged([SOURCES[2], *others, f"{SOURCES[2]}. {LINES[0]}"])
    (story,) = living(outs)
    assert posts_of(outs)[story.id] == [0, 4]
    assert len(story.origins) == 1


HEADER = "BREAKING NEWS from our channel, subscribe and turn on the bell for everything from the region"


def test_a_line_over_posts_that_tell_of_different_things_makes_no_story_of_them() -> None:
    assert living(judged(f"{HEADER}: {SOURCES[place]}" for place in (3, 4, 5))) == []
    assert living(judged(f"{number} {HEADER}: {SOURCES[place]}" for number, place in enumerate((3, 4, 5)))) == []


def test_a_longer_line_over_posts_is_known_for_one_from_the_third_post_on() -> None:
    outs = judged(f"{LINES[0]}. {SOURCES[place]}" for place in (3, 4, 5, 2))
    assert [posts_of(outs)[story.id] for story in living(outs)] == [[0, 1]]


def test_what_a_post_copies_is_found_below_a_line_that_many_others_have() -> None:
    others = [f"{HEADER}: {SOURCES[place]}" for place in (3, 4, 5)]
    for texts in ([SOURCES[2], *others, f"{HEADER}: {SOURCES[2]}"], [f"{HEADER}: {SOURCES[2]}", *others, SOURCES[2]]):
        outs = judged(texts)
        (story,) = living(outs)
        assert (posts_of(outs)[story.id], len(story.origins)) == ([0, 4], 1)


def test_who_says_something_behind_anothers_words_copies_them_still() -> None:
    outs = judged([f"{SOURCES[0]}. {CHATTER[0]}", f"{SOURCES[0]}. {CHATTER[1]}"])
    (story,) = living(outs)
    assert (posts_of(outs)[story.id], len(story.origins)) == ([0, 1], 1)


def test_those_who_tell_of_one_thing_in_their_own_words_are_sources() -> None:
    """Or the law above would hold of nothing."""
    (story,) = living(judged(SOURCES[:2]))
    assert len(story.origins) == 2


TOLL = "The number of people killed by the collapse of the stone bridge in Velgrad has risen to {}, says the mayor"


def test_a_toll_written_backwards_is_the_same_text_and_of_the_same_numbers() -> None:
    outs = judged([TOLL.format(128), f"{TOLL.format(128)[::-1]} #velgrad"])
    ties = [member.tie for update in updates(outs) for member in update.members]
    assert ties == ["first", "text"]


WEATHER = (
    "Weather for {} this afternoon: cloudy with some sun, light wind from the north west, no rain before the evening"
)


def test_a_new_toll_is_the_same_story_of_the_same_source_and_not_the_same_text() -> None:
    outs = judged([TOLL.format(12), TOLL.format(48), "RT @ana_k: " + TOLL.format(48)])
    (story,) = living(outs)
    assert (posts_of(outs)[story.id], len(story.origins)) == ([0, 1, 2], 1)
    ties = [(member.tie, member.to) for update in updates(outs) for member in update.members]
    assert [tie for tie, _ in ties] == ["first", "words", "text"]
    assert ties[2][1] == "x:2"


def test_a_form_that_is_filled_in_for_many_places_is_many_stories() -> None:
    places = ("Paris", "Madrid", "Berlin", "Rome", "Vienna")
    outs = judged([WEATHER.format(place) for place in (*places, "Madrid")])
    assert [posts_of(outs)[story.id] for story in living(outs)] == [[1, 5]]
