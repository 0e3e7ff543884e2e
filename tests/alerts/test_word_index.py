"""The compiled indexes find what a plain search through all that is held finds."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.text.band_index import BandIndex
from alerts.text.word_index import WordIndex

_WORDS = [f"w{number}" for number in range(24)]
_said = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=9, unique=True).map(tuple)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("open"), _said),
        st.tuples(st.just("extend"), st.integers(1, 40), _said),
        st.tuples(st.just("drop"), st.integers(1, 40)),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(_steps, _said)
def test_the_story_with_most_in_common_is_found_whatever_came_and_went(
    steps: list[tuple[Any, ...]], asked: tuple[str, ...]
) -> None:
    index = WordIndex()
    held: dict[int, list[tuple[str, ...]]] = {}
    opened = 0
    for step in steps:
        if step[0] == "open":
            opened += 1
            index.open(opened, float(opened), [step[1]])
            held[opened] = [step[1]]
        elif step[0] == "extend":
            index.extend(step[1], step[2])
            if step[1] in held and len(held[step[1]]) < 4:
                held[step[1]].append(step[2])
        else:
            index.drop(step[1])
            held.pop(step[1], None)
    found = index.find(asked)
    assert (None if found is None else (found.story, found.shared)) == _plainly(held, asked)
    if found is not None:
        assert found.odds >= 0.0


def _plainly(held: dict[int, list[tuple[str, ...]]], asked: tuple[str, ...]) -> tuple[int, tuple[str, ...]] | None:
    having = {term: {story for story, said in held.items() if any(term in one for one in said)} for term in _WORDS}
    known = sorted((len(having[term]), term) for term in asked if having[term])
    shared: Counter[int] = Counter()
    led_to = 0
    for count, term in known[:8]:
        led_to += count
        if led_to > 48:
            break
        shared.update(having[term])
    likely = sorted((-count, story) for story, count in shared.items() if count > 1)[:3]
    weights = {term: math.log(len(held) + 50) - math.log(len(having[term]) + 0.5) for term in _WORDS}
    best: tuple[float, int] | None = None
    shares: tuple[str, ...] = ()
    for _, story in likely if len(known) >= 3 else ():
        for said in held[story]:
            both = set(said) & set(asked)
            rare = [term for term in both if len(having[term]) <= 5]
            if len(both) < 3 or len(rare) < 2:
                continue
            common = math.fsum(weights[term] for term in both)
            every = math.fsum(weights[term] for term in {*said, *asked})
            odds = round(42.1 * common / every + 2.07 * math.log1p(len(rare)) - 7.95, 9)
            if odds >= 0 and (best is None or (odds, -story) > best):
                best = odds, -story
                shares = tuple(sorted(both, key=lambda term: (len(having[term]), term)))
    return None if best is None else (-best[1], shares)


_bands = st.lists(st.integers(1, 30), min_size=1, max_size=12, unique=True).map(tuple)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(_bands, st.integers(0, 9)), max_size=80), _bands,
    st.lists(st.integers(1, 80), max_size=30), st.lists(st.integers(1, 80), max_size=10),
)  # fmt: skip
def test_the_living_texts_that_share_most_bands_are_found(
    taken: list[tuple[tuple[int, ...], int]], asked: tuple[int, ...], over: list[int], removed: list[int]
) -> None:
    index = BandIndex(1, slots=1 << 4)
    living: dict[int, tuple[int, ...]] = {}
    for story, (bands, late) in enumerate(taken, 1):
        index.add(story << 1, bands)
        living[story << 1] = bands
        if late == story % 10 and over and over[-1] <= story:  # what is gone while others come
            gone = over.pop()
            index.drop(gone)
            living.pop(gone << 1, None)
        index.candidates(asked)
    for story in over:
        index.drop(story)
        living.pop(story << 1, None)
    for story in removed:
        if story << 1 in living:
            index.remove(story << 1, living.pop(story << 1))
    holding: dict[int, list[int]] = {}
    again = BandIndex(1, slots=1 << 4)
    for text, bands in living.items():
        again.add(text, bands)
        for band in bands:
            holding[band] = [*holding.get(band, ()), text][-16:]
    assert index.candidates(asked) == again.candidates(asked) == _most_alike(holding, asked)


def _most_alike(holding: dict[int, list[int]], asked: tuple[int, ...]) -> list[int]:
    shared = Counter(number for band in asked for number in holding.get(band, ()))
    weighs: Counter[int] = Counter()
    for band in asked:
        for number in holding.get(band, ()):
            weighs[number] += 720_720 // len(holding[band])
    fewest = 1 + (len(asked) >= 8)
    found = [one for one in shared if shared[one] >= fewest and 2 * weighs[one] >= 720_720]
    return [number for _, number in sorted((-weighs[one], one) for one in found)][:4]
