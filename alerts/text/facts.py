"""What two texts may share that share no word: a known name beside a figure, in any language.

"6.1 quake shakes Izmir" and «زلزال بقوة 6.1 درجات يضرب إزمير» have the place's id and the number in common.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import product

from alerts.text.dates import DATE
from alerts.text.places import TOWN, far, towns

_MOST_NAMES, _MOST_FIGURES = 4, 3  # of a text
_OF_ONE_FORM = 0.6  #: of the words of the shorter text
_YEARS = range(1900, 2101)  # say when, of which many texts speak
_LATIN = 0x250  # where other alphabets begin
_BLOCK = 0x80  # characters; the letters of a script stand together

Fact = tuple[str, str]


def figures(terms: Iterable[str]) -> list[str]:
    """The terms that are numbers and may tell one event from others: of two digits at least, and no year."""
    return [term for term in terms if term[:1].isdecimal() and term.replace(".", "", 1).isdecimal() and _tells(term)]


def _tells(number: str) -> bool:
    return "." in number or (len(number) > 1 and int(number) not in _YEARS)


def names(terms: Iterable[str]) -> list[str]:
    """The terms that are ids of known names: "place place:izmir"."""
    return [term for term in terms if " " in term and not term.startswith(DATE)]


def apart(terms: Sequence[str], others: Sequence[str]) -> bool:
    """Whether two texts name towns far from each other and no figure in common, or are one form that was filled in
    twice, as notices of earthquakes are: other places, other figures, and otherwise nearly the same words.
    """
    if far(towns(terms), towns(others)):
        return {*figures(terms)}.isdisjoint(figures(others))
    if not (_other(_places(terms), _places(others)) and _other({*figures(terms)}, {*figures(others)})):
        return False
    words, theirs = _words(terms), _words(others)
    return len(words & theirs) >= _OF_ONE_FORM * min(len(words), len(theirs))


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
        self._stated_by: dict[int, list[Fact]] = {}  # of stories that state any

    def add(self, story: int, terms: Sequence[str]) -> None:
        for fact in _facts(terms):
            stories = self._stories.setdefault(fact, [])
            if story not in stories:
                stories.append(story)
                self._stated_by.setdefault(story, []).append(fact)

    def drop(self, story: int) -> None:
        for fact in self._stated_by.pop(story, ()):
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
    stated = figures(terms)[:_MOST_FIGURES]
    return product(names(terms)[:_MOST_NAMES], stated) if stated else iter(())


def script(terms: Iterable[str]) -> int:
    """That most of the words are written in, as a number; -1 where there are none."""
    blocks = Counter(
        0 if ord(term[0]) < _LATIN else ord(term[0]) // _BLOCK
        for term in terms
        if " " not in term and term[:1].isalpha()
    )
    return min(blocks, key=lambda block: (-blocks[block], block), default=-1)
