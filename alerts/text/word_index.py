"""Which living story shares the rare words of a post.

Streaming TF-IDF (Salton & Buckley, "Term-weighting approaches in automatic text retrieval", 1988) over the stories
of the last hours: a story counts once for each of its terms, so that copies do not make a word common. Two posts
speak of the same thing when the rare terms they share weigh much against all that the shorter one says. Precision
before recall: two half stories cost an analyst a second look, two stories taken for one cost the truth.

Terms have numbers here. A saying is the terms of one post; each has a row of the places it needs. What sayings have a
term is a doubly linked list of such places (Zobel & Moffat, "Inverted files for text search engines", ACM Computing
Surveys 38, 2006, §2), as it must forget as well as it learns.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from alerts.text.dates import ordinal
from alerts.text.facts import Fact, Facts, apart, script
from alerts.text.places import name_of
from alerts.text.sorting import sort
from secondsource.compiling import compiled

#: Terms shared at least, and of these at least so many rare ones.
FEWEST_SHARED: Final = 3
FEWEST_RARE: Final = 2
#: Log-odds that two posts say the same, from the weight of the terms they share over that of all they say, and from the
#: number of rare ones: logistic regression (five-fold pair F1 .66) on pairs of posts about one checked claim and about
#: two, of the training part of CheckThat! 2022, task 2A. Posts are tied from even odds.
_OVERLAP, _RARE, _NONE = 42.1, 2.07, -7.95
#: Log-odds from the days that two texts write out: by how far they are apart, and where few write either; fitted to
#: the same pairs.
_APART, _NEAR = 0.65, 2.5
FEWEST_ODDS: Final = 0.0
SURE_ODDS = math.log(9)  #: nine to one
#: A term is rare if at most this share of the stories, or at most a handful, have it.
RARE_SHARE: Final = 0.02
_RARE_ANYWAY = 5
_PRIOR = 50.0  # stories imagined before the first, so that a young watch does not take its first words for telling

MOST_TERMS: Final = 32  #: of a saying
_LOOKED_UP = 8  # terms, the rarest
_LED_TO = 48
_MOST_SAYINGS = 4  # of a story, whose terms lead to it
_IN_ID = re.compile("[ :-]")
_CYRILLIC_BEGINS, _CYRILLIC_ENDS = "\u0400", "\u0530"  # whose words come here without their endings
_WINDOW_STORIES = 20_000
_WINDOW_SECONDS = 6 * 3600.0

# Weights are summed as whole numbers of this part, so that sums do not depend on an order.
_UNIT = float(1 << 40)


def _whole(weight: float) -> int:
    return round(weight * _UNIT)


#: Of how many stories have a term, half a story added. The window holds one more for a moment.
_LOGS = np.array([_whole(math.log(stories + 0.5)) for stories in range(_WINDOW_STORIES + 2)], np.int64)

_Terms = NDArray[np.int32]  # of each term: how many stories have it, its first place, a mark while one looks, its day
_COUNT, _HEAD, _MARK, _DAY = 0, 1, 2, 3
_Places = NDArray[np.int32]  # of each place: its term, those after and before it in the term's list, the first saying
_TERM, _AFTER, _BEFORE, _BEGUN = 0, 1, 2, 3
_Sayings = NDArray[np.int64]  # of each saying: its story, how many terms, and the story's next saying
_STORY, _SIZE, _NEXT = 0, 1, 2
_NOWHERE = -1
_UNLISTED = -2  # before a place whose term another saying of the story has: a story counts once


class Tied(NamedTuple):
    story: int
    odds: float
    shared: tuple[str, ...]


class WordIndex:
    """Which stories of the last hours have which terms. `stories` is ordered by when they opened."""

    def __init__(self) -> None:
        self._stories: dict[int, tuple[tuple[str, ...], ...]] = {}
        self._sayers: dict[int, tuple[int, ...]] = {}  # the post that each of a story's sayings is of
        self._first: dict[int, int] = {}  # of stories that say something
        self._numbers: dict[str, int] = {}
        self._named: list[str] = []
        self._unused: list[int] = []  # numbers of terms
        self._terms = np.zeros((4_096, 4), np.int32)
        self._places = np.zeros((0, 4), np.int32)
        self._sayings = np.zeros((0, 3), np.int64)
        self._free: list[int] = []  # sayings
        self._window: deque[tuple[float, int]] = deque()
        self._facts = Facts()
        self.slid = 0  #: the newest story that has left the window

    def open(self, story: int, at: float, sayings: Iterable[Sequence[str]], sayers: Iterable[int] = ()) -> None:
        """`sayings`: the terms of each of its posts whose terms are kept; `sayers`: these posts, if they are known."""
        self._window.append((at, story))
        said = list(sayings)
        self._put(story, zip(said, tuple(sayers) or (0,) * len(said), strict=True))

    def _put(self, story: int, said: Iterable[tuple[Sequence[str], int]]) -> None:
        self._stories[story] = ()
        self._sayers[story] = ()
        for terms, sayer in said:
            self.extend(story, terms, sayer)

    def extend(self, story: int, terms: Sequence[str], sayer: int = 0) -> None:
        """A story that is still in the window says it in other words, in those of this post."""
        known = self._stories.get(story)
        if known is None or not terms or len(known) >= _MOST_SAYINGS:
            return
        numbers = np.array([self._number(term) for term in terms[:MOST_TERMS]], np.int64)
        saying = self._room()
        first = self._first.setdefault(story, saying)
        _say(self._terms, self._places, self._sayings, numbers, story, saying, first)
        self._stories[story] = (*known, tuple(terms))
        self._sayers[story] = (*self._sayers[story], sayer)
        self._facts.add(story, terms)

    def _number(self, term: str) -> int:
        number = self._numbers.get(term)
        if number is None:
            if self._unused:
                number = self._unused.pop()
                self._named[number] = term
            else:
                number = len(self._named)
                self._named.append(term)
                if number == len(self._terms):
                    self._terms = np.concatenate((self._terms, np.zeros_like(self._terms)))
            self._numbers[term] = number
            self._terms[number, _DAY] = ordinal(term)
        return number

    def _room(self) -> int:
        """The number of a new saying."""
        if not self._free:
            held = len(self._sayings)
            more = max(held, 1_024)
            self._sayings = np.concatenate((self._sayings, np.zeros((more, 3), np.int64)))
            self._places = np.concatenate((self._places, np.zeros((more * MOST_TERMS, 4), np.int32)))
            self._free = list(range(held + more - 1, held - 1, -1))
        return self._free.pop()

    def slide(self, now: float) -> None:
        """Let go of what is older than the window, or beyond its size."""
        window = self._window
        while window and (len(self._stories) > _WINDOW_STORIES or window[0][0] < now - _WINDOW_SECONDS):
            self.slid = window.popleft()[1]
            self.drop(self.slid)

    def drop(self, story: int) -> None:
        self._stories.pop(story, None)
        self._facts.drop(story)
        self._sayers.pop(story, None)
        saying = self._first.pop(story, _NOWHERE)
        while saying != _NOWHERE:
            for number in _unsay(self._terms, self._places, self._sayings, saying).tolist():
                del self._numbers[self._named[number]]
                self._unused.append(number)
            self._free.append(saying)
            saying = int(self._sayings[saying, _NEXT])

    def unsay(self, story: int, sayer: int) -> None:
        """A post is gone: nothing of what it said is known any more."""
        said = [*zip(self.sayings(story) or (), self.sayers(story), strict=True)]
        left = [one for one in said if one[1] != sayer]
        if len(left) < len(said):
            self.drop(story)
            self._put(story, left)

    def sayers(self, story: int) -> tuple[int, ...]:
        """The post that each of its sayings is of, 0 where that is not known."""
        return self._sayers.get(story, ())

    def sayings(self, story: int) -> tuple[tuple[str, ...], ...] | None:
        """None where the story is not in the window (any more)."""
        return self._stories.get(story)

    def find(self, terms: Sequence[str], *, name_alone: bool = False) -> Tied | None:
        """The story that shares most with these terms, the earliest of equals; None if none shares enough.

        The term of a day comes first of them. Where words are not enough, as between languages, a fact may be.
        `name_alone`: a known name counts by its words too, and may be enough.
        """
        return self._by_words(terms, name_alone=name_alone) or self._by_fact(terms)

    def _by_fact(self, terms: Sequence[str]) -> Tied | None:
        """The first story that states a fact of theirs: to a part of a unit, or in letters that share no words."""
        written = -1
        found: tuple[int, Fact] | None = None
        for story, fact in self._facts.stated(terms):
            if found is not None and story >= found[0]:
                continue
            if "." not in fact[1]:
                written = script(terms) if written < 0 else written
                if any(script(saying) == written for saying in self._stories[story]):
                    continue
            found = story, fact
        return Tied(found[0], FEWEST_ODDS, found[1]) if found is not None else None

    def _by_words(self, terms: Sequence[str], *, name_alone: bool) -> Tied | None:
        number = self._numbers.get
        known = [found for term in sorted(terms) if (found := number(term)) is not None]
        if len(known) < FEWEST_SHARED:
            return None
        stories = len(self._stories)
        saying, odds = _find(
            self._terms,
            self._places,
            self._sayings,
            _LOGS,
            np.array(known, np.int64),
            len(terms) - len(known),
            _whole(math.log(stories + _PRIOR)),
            max(_RARE_ANYWAY, int(RARE_SHARE * stories)),
            ordinal(terms[0]),
        )
        if saying == _NOWHERE or apart(terms, said := self._said(saying)):
            return None
        theirs = set(said)
        shared = sorted(
            [(int(self._terms[one, _COUNT]), self._named[one]) for one in known if self._named[one] in theirs]
        )
        told = tuple(term for _, term in shared)
        return None if _few(told) and not name_alone else Tied(int(self._sayings[saying, _STORY]), odds, told)

    def _said(self, saying: int) -> tuple[str, ...]:
        place = saying * MOST_TERMS
        numbers = self._places[place : place + int(self._sayings[saying, _SIZE]), _TERM].tolist()
        return tuple(self._named[number] for number in numbers)


def _few(shared: Sequence[str]) -> bool:
    """Whether too few are shared, where a name counts once: by its id, and not again by the words of it. Words without
    their endings are shared more easily: of those it takes one more.
    """
    ids = [term for term in shared if " " in term]
    spelt = {word for name in ids for word in _IN_ID.split(name_of(name))}
    fewest = FEWEST_SHARED + any(_CYRILLIC_BEGINS <= term < _CYRILLIC_ENDS for term in shared)
    return sum(" " in term or term not in spelt for term in shared) < fewest


@compiled
def _say(
    terms: _Terms, places: _Places, sayings: _Sayings, numbers: NDArray[np.int64], story: int, saying: int, first: int
) -> None:
    """Enter a saying: the last of its story, whose first one is `first`, perhaps itself."""
    sayings[saying, _STORY], sayings[saying, _SIZE], sayings[saying, _NEXT] = story, len(numbers), _NOWHERE
    for at in range(len(numbers)):
        place, term = saying * MOST_TERMS + at, numbers[at]
        places[place, _TERM], places[place, _BEGUN] = term, first
        if saying != first and _says(places, sayings, first, term):
            places[place, _BEFORE] = _UNLISTED
            continue
        after = terms[term, _HEAD] if terms[term, _COUNT] else _NOWHERE
        places[place, _AFTER], places[place, _BEFORE] = after, _NOWHERE
        if after != _NOWHERE:
            places[after, _BEFORE] = place
        terms[term, _HEAD] = place
        terms[term, _COUNT] += 1
    if saying != first:
        while sayings[first, _NEXT] != _NOWHERE:
            first = sayings[first, _NEXT]
        sayings[first, _NEXT] = saying


@compiled
def _says(places: _Places, sayings: _Sayings, saying: int, term: int) -> bool:
    """Whether one of the sayings from this one on has a term."""
    while saying != _NOWHERE:
        for place in range(saying * MOST_TERMS, saying * MOST_TERMS + sayings[saying, _SIZE]):
            if places[place, _TERM] == term:
                return True
        saying = sayings[saying, _NEXT]
    return False


@compiled
def _unsay(terms: _Terms, places: _Places, sayings: _Sayings, saying: int) -> NDArray[np.int64]:
    """Take a saying out. The terms that nothing says any more."""
    size = sayings[saying, _SIZE]
    unused = np.empty(size, np.int64)
    many = 0
    for place in range(saying * MOST_TERMS, saying * MOST_TERMS + size):
        term, after, before = places[place, _TERM], places[place, _AFTER], places[place, _BEFORE]
        if before == _UNLISTED:
            continue
        if before == _NOWHERE:
            terms[term, _HEAD] = after
        else:
            places[before, _AFTER] = after
        if after != _NOWHERE:
            places[after, _BEFORE] = before
        terms[term, _COUNT] -= 1
        if not terms[term, _COUNT]:
            unused[many] = term
            many += 1
    return unused[:many]


@compiled
def _find(
    terms: _Terms, places: _Places, sayings: _Sayings, logs: NDArray[np.int64], known: NDArray[np.int64],
    unheard: int, all_: int, most: int, day: int,
) -> tuple[int, float]:  # fmt: skip
    """The saying that is most likely to say what these terms say, and its log-odds; -1 for none.

    `known`: numbers of the terms that stories have, in the terms' own order; so many are `unheard`. `all_` is the
    logarithm of how many stories there are; at most `most` have a rare term. `day`: the one they write out, or 0.
    """
    usual = False
    marked = np.zeros(16, np.int64)  # a bit for some terms in a thousand: most others need not be looked at
    total = unheard * (all_ - logs[0])
    for term in known:
        total += all_ - logs[terms[term, _COUNT]]
        terms[term, _MARK] = 1
        marked[term >> 6 & 15] |= 1 << (term & 63)
        usual |= terms[term, _DAY] != 0 and terms[term, _COUNT] > most
    best, best_odds, best_story = _NOWHERE, FEWEST_ODDS, 0
    for first in _likely(terms, places, sayings, known):
        saying = first
        while saying != _NOWHERE:
            odds = _odds(terms, places, sayings, logs, marked, saying, total, all_, most, day, usual)
            story = sayings[saying, _STORY]
            better = odds > best_odds or (odds == best_odds and (best == _NOWHERE or story < best_story))
            if odds >= FEWEST_ODDS and better:
                best, best_odds, best_story = saying, odds, story
            saying = sayings[saying, _NEXT]
    for term in known:
        terms[term, _MARK] = 0
    return best, best_odds


@compiled
def _likely(terms: _Terms, places: _Places, sayings: _Sayings, known: NDArray[np.int64]) -> tuple[int, int, int]:
    """The first sayings of the stories that share most of the rarest of these terms, two at least; the earliest of
    equals. -1 where there are no more.
    """
    rarest = np.empty(len(known), np.int64)
    for at in range(len(known)):
        rarest[at] = terms[known[at], _COUNT] * len(known) + at  # of equally rare ones the first
    sort(rarest, len(known))
    stories = np.empty(_LED_TO, np.int64)
    led_to = many = 0
    for ranked in rarest[:_LOOKED_UP]:
        led_to += ranked // len(known)
        if led_to > _LED_TO:
            break
        place = terms[known[ranked % len(known)], _HEAD]
        while place != _NOWHERE:
            stories[many] = places[place, _BEGUN]
            many += 1
            place = places[place, _AFTER]
    sort(stories, many)
    first = second = third = _NOWHERE
    most = next_most = third_most = 1
    start = 0
    for end in range(1, many + 1):
        if end == many or stories[end] != stories[start]:
            one, share = stories[start], end - start
            start = end
            if _before(sayings, one, share, first, most):
                first, second, third = one, first, second
                most, next_most, third_most = share, most, next_most
            elif _before(sayings, one, share, second, next_most):
                second, third = one, second
                next_most, third_most = share, next_most
            elif _before(sayings, one, share, third, third_most):
                third, third_most = one, share
    return first, second, third


@compiled
def _before(sayings: _Sayings, one: int, share: int, other: int, others: int) -> bool:
    if share == others and other != _NOWHERE:
        return bool(sayings[one, _STORY] < sayings[other, _STORY])
    return share > others


@compiled
def _odds(
    terms: _Terms, places: _Places, sayings: _Sayings, logs: NDArray[np.int64], marked: NDArray[np.int64], saying: int,
    total: int, all_: int, most: int, day: int, usual: bool,
) -> float:  # fmt: skip
    """Log-odds that a saying says what the marked terms do, which weigh `total`; less than even where too few are
    shared. Of the `day` that these write out many write, where it is `usual`.
    """
    begin, end = saying * MOST_TERMS, saying * MOST_TERMS + sayings[saying, _SIZE]
    shared = rare = common = others = 0
    for place in range(begin, end):
        term = places[place, _TERM]
        if marked[term >> 6 & 15] >> (term & 63) & 1 and terms[term, _MARK]:
            common += all_ - logs[terms[term, _COUNT]]
            shared += 1
            rare += terms[term, _COUNT] <= most
    if shared < FEWEST_SHARED or rare < FEWEST_RARE:
        return -math.inf
    if _OVERLAP * common / total + _RARE * math.log1p(rare) + _NONE + (_NEAR if day else 0.0) < FEWEST_ODDS:
        return -math.inf  # they could not share enough if theirs were nothing but what is shared
    for place in range(begin, end):
        term = places[place, _TERM]
        if not terms[term, _MARK]:
            others += all_ - logs[terms[term, _COUNT]]
    odds = _OVERLAP * common / (total + others) + _RARE * math.log1p(rare) + _NONE
    term = places[begin, _TERM]
    if day and terms[term, _DAY]:
        usual |= terms[term, _COUNT] > most
        odds += (0.0 if usual else _NEAR) - _APART * math.log1p(abs(day - terms[term, _DAY]))
    return odds
