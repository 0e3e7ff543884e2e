"""Whether two sources tell of one incident, each by itself. No judgement of a story rests on it; how well it does on an
archive of videos is measured by `python -m benchmarks --only corroboration`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from secondsource.contracts.folding import fold, words


class Statement(NamedTuple):
    """What somebody tells of an incident: who, when (seconds since 1970), and in which words."""

    source: str
    at: float
    text: str


class Place(NamedTuple):
    """A place with the names it goes by."""

    id: str
    names: tuple[str, ...]


class SameIncident(NamedTuple):
    """Two sources tell of one incident: the places they name, hours between them."""

    places: tuple[str, ...]
    hours: float


_ARTICLE = re.compile(r"^(?:al|el|as|ash|an|ar|ad|at|az)[\s'’-]+")
_ALIKE = str.maketrans({"q": "k", "c": "k", "g": "j", "z": "s", "d": "t", "v": "f", "p": "b"})
_SHORTEST = 4  # consonants: names of fewer are told apart by their vowels only
_LONGEST = 3  # words of a name
_DAY = 86_400.0


def skeleton(name: str) -> str:
    """What is left of a name however it is romanised: its consonants, those that are written for one another as one.

    "Kafr Nabudah", "Kafarnaboudah" and "Kfer Nabuda" are one. "" for names that keep too few.
    """
    bare = _ARTICLE.sub("", fold(name).strip())
    letters = re.sub(r"(?:kh|gh|sh|th|dh|ph)", lambda two: {"ph": "f"}.get(two[0], two[0][0].upper()), bare)
    kept = re.sub(r"[^a-zA-Z\u0621-\u064a]|[aeiouyw]", "", letters).translate(_ALIKE).removesuffix("h")
    kept = re.sub(r"(.)\1+", r"\1", kept)
    return kept if len(kept) >= _SHORTEST else ""


class PlaceNames:
    """Places by their names, as they are spelt by whoever writes them."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._exact: dict[str, set[str]] = {}
        self._alike: dict[str, set[str]] = {}
        for place in places:
            for name in place.names:
                said = " ".join(words(fold(name)))
                if said:
                    self._exact.setdefault(said, set()).add(place.id)
                if bones := skeleton(name):
                    self._alike.setdefault(bones, set()).add(place.id)

    def named(self, text: str) -> frozenset[str]:
        """The places a text names; where one spelling stands for several, none of them."""
        said = words(fold(text))
        found: set[str] = set()
        for size in range(1, _LONGEST + 1):
            for start in range(len(said) - size + 1):
                name = " ".join(said[start : start + size])
                known = self._exact.get(name) or self._alike.get(skeleton(name), set())
                if len(known) == 1:
                    found |= known
        return frozenset(found)


def same_incident(one: Statement, other: Statement, places: PlaceNames) -> SameIncident | None:
    """Whether two sources tell of one incident, each by itself: both name the same places that day.

    A source whose own name says where it is ("Velgrad Media Centre") and that tells of another place has it from there:
    what it shows may be of a third, so it links nothing. Days are UTC's. Who copied whom is for the ties of origins.
    """
    if fold(one.source) == fold(other.source) or int(one.at // _DAY) != int(other.at // _DAY):
        return None
    named = places.named(one.text)
    if not named or named != places.named(other.text):
        return None
    homes = (places.named(one.source), places.named(other.source))
    if any(home and home.isdisjoint(named) for home in homes):
        return None
    return SameIncident(tuple(sorted(named)), abs(one.at - other.at) / 3600)
