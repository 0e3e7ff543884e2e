"""What two texts may share that share no word: a known name beside a figure, in any language.

"6.1 quake shakes Izmir" and «زلزال بقوة 6.1 درجات يضرب إزمير» have the place's id and the number in common.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, product
from typing import Final

from alerts.text.dates import DATE

_MOST_NAMES, _MOST_FIGURES = 4, 3  # of a text
_OF_ONE_FORM = 0.6  #: of the words of the shorter text
_YEARS = range(1900, 2101)  # say when, of which many texts speak
_LATIN = 0x250  # where other alphabets begin
_BLOCK = 0x80  # characters; the letters of a script stand together

Fact = tuple[str, str]
TOWN: Final = "town "  #: what the term of a place begins with of which is known where it is; that follows its id
_FAR = 25.0  # kilometres from where one town is no part of the other
_DEGREE = 111.2  # kilometres


def figures(terms: Iterable[str]) -> Iterator[str]:
    """The terms that are numbers and may tell one event from others: of two digits at least, and no year."""
    for term in terms:
        if term[:1].isdecimal() and term.replace(".", "", 1).isdecimal() and _tells(term):
            yield term


def _tells(number: str) -> bool:
    return "." in number or (len(number) > 1 and int(number) not in _YEARS)


def names(terms: Iterable[str]) -> Iterator[str]:
    """The terms that are ids of known names: "place place:izmir"."""
    return (term for term in terms if " " in term and not term.startswith(DATE))


def town(id_: str, lat: float, lon: float) -> str:
    """The term of a place that lies there."""
    return f"{TOWN}{id_} {lat:.2f},{lon:.2f}"


def name_of(term: str) -> str:
    """The id of a known name; any other term as it is."""
    kind, _, name = term.partition(" ")
    return (name.rpartition(" ")[0] if term.startswith(TOWN) else name) or kind


def apart(terms: Sequence[str], others: Sequence[str]) -> bool:
    """Whether two texts name towns far from each other and no figure in common, or are one form that was filled in
    twice, as notices of earthquakes are: other places, other figures, and otherwise nearly the same words.
    """
    here, there = {*figures(terms)}, {*figures(others)}
    if _far(_towns(terms), _towns(others)):
        return here.isdisjoint(there)
    if not (_other(_places(terms), _places(others)) and _other(here, there)):
        return False
    words, theirs = _words(terms), _words(others)
    return len(words & theirs) >= _OF_ONE_FORM * min(len(words), len(theirs))


def _far(here: Sequence[tuple[float, float]], there: Sequence[tuple[float, float]]) -> bool:
    return bool(here and there) and all(_kilometres(one, other) > _FAR for one in here for other in there)


def _kilometres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """As on a flat map of the place between them: right for what is near."""
    (north, east), (other_north, other_east) = one, other
    turn = abs(east - other_east) % 360
    breadth = min(turn, 360 - turn) * math.cos(math.radians((north + other_north) / 2))
    return _DEGREE * math.hypot(north - other_north, breadth)


def _towns(terms: Iterable[str]) -> list[tuple[float, float]]:
    """Where they are, in degrees."""
    found = (term.rpartition(" ")[2].split(",") for term in terms if term.startswith(TOWN))
    return [(float(lat), float(lon)) for lat, lon in found]


def _words(terms: Iterable[str]) -> set[str]:
    return {term for term in terms if " " not in term and not term[:1].isdecimal()}


def _places(terms: Iterable[str]) -> set[str]:
    return {term for term in terms if term.startswith(("place ", TOWN))}


def _other(here: set[str], there: set[str]) -> bool:
    return bool(here and there) and here.isdisjoint(there)


class Facts:
    """Which stories state which figure beside which name."""

    def __init__(self) -> None:
        self._stories: dict[Fact, list[int]] = {}

    def add(self, story: int, terms: Sequence[str]) -> None:
        for fact in _facts(terms):
            stories = self._stories.setdefault(fact, [])
            if story not in stories:
                stories.append(story)

    def drop(self, story: int, sayings: Iterable[Sequence[str]]) -> None:
        """`sayings`: all that was added of it."""
        for fact in {fact for terms in sayings for fact in _facts(terms)}:
            stories = self._stories[fact]
            stories.remove(story)
            if not stories:
                del self._stories[fact]

    def stated(self, terms: Sequence[str]) -> Iterator[tuple[int, Fact]]:
        """The stories that state a fact of a text, each with the fact."""
        for fact in _facts(terms):
            for story in self._stories.get(fact, ()):
                yield story, fact


def _facts(terms: Sequence[str]) -> Iterator[Fact]:
    stated = [*islice(figures(terms), _MOST_FIGURES)]
    return product(islice(names(terms), _MOST_NAMES), stated) if stated else iter(())


def script(terms: Iterable[str]) -> int:
    """That most of the words are written in, as a number; -1 where there are none."""
    blocks = Counter(
        0 if ord(term[0]) < _LATIN else ord(term[0]) // _BLOCK
        for term in terms
        if " " not in term and term[:1].isalpha()
    )
    return min(blocks, key=lambda block: (-blocks[block], block), default=-1)
