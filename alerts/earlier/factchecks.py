"""Which earlier fact-checks speak of the same claim as a story. Their verdict is not read: what is compared is what
was checked.

Two looks. The first, over all checks that are known, is BM25 (Robertson & Zaragoza, "The Probabilistic Relevance
Framework", 2009) twice: over words cut to their first letters, and over the four-letter pieces of the words, which
meet across inflection, misspelling and compounds without a stemmer for each language. The second look, over the best
of both, weighs how much of each field is found in the text and how much of the text is found there, words that stand
close together, and numbers. Its weights were fitted once to pairs of posts and checked claims (a conditional logit
model: McFadden, 1974); `secondsource eval factchecks` measures what they are worth on anybody's pairs.

Where there is a model of meanings, the first look also finds the checks whose vectors are nearest to the text's, and
the second adds the cosine. It is counted from the mean of all that are looked at, in their standard deviations: models
differ in how far apart they put what has nothing in common.
"""

from __future__ import annotations

import math
import re
import unicodedata
from array import array
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from alerts.text.understanding import ALIKE, Floats
from alerts.text.words import STOPWORDS

#: Characters of a text that are read.
LONGEST = 1_000

_K1, _B = 1.2, 0.75
_STEM = 6
_PIECE = 4
_NEAR = 4  # words between two that count as standing together
_LOOKED_AT = 30  # of each first look
_IMAGINED = 50.0  # checks before the first, so that few of them do not make every word telling

_LINK = re.compile(r"(?:https?://|www\.|pic\.)\S+")
_TAG = re.compile(r"[#@＠](\w+)")
_JOINT = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])|_+")
_APOSTROPHE = re.compile(r"['’](?:s\b)?")
_WORD = re.compile(r"\w+")
_UNSEEN = re.compile("[\u00ad\u0640\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_LETTERS = str.maketrans("ىیةک", "ييهك")  # written one way or the other
#: Scripts written without spaces: their words are pairs of characters.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]{2,}")


class Check(NamedTuple):
    """A check as it is compared: the `claim` checked, `title` and more `words` of the article, if any."""

    claim: str
    title: str = ""
    words: str = ""


class Near(NamedTuple):
    """A check that is like a text. `score` orders those of one text; it is no probability.

    `covered` is the share (0..1, by weight) of the better covered of claim and title that the text says too; `shared`
    are the beginnings of the words that say so, the most telling first. `meant`: a model finds that both say the same.
    """

    check: int
    score: float
    covered: float
    shared: tuple[str, ...]
    meant: bool = False

    @property
    def similar(self) -> bool:
        """Whether it is like enough to be shown beside a story: half of it is said, or a little less in more words."""
        shared = len(self.shared)
        return self.meant or (shared >= 3 and self.covered >= 0.5) or (shared >= 4 and self.covered >= 0.4)


def words_of(text: str) -> list[str]:
    """Words without accents and case; hashtags and mentions in their parts, links left out."""
    text = _LINK.sub(" ", text[:LONGEST])
    if "#" in text or "@" in text or "＠" in text:
        text = _TAG.sub(lambda tag: f" {' '.join(_JOINT.split(tag[1]))} ", text)
    if not text.isascii():
        text = unicodedata.normalize("NFKD", _UNSEEN.sub("", text)).translate(_LETTERS)
        text = "".join(one for one in text if not unicodedata.combining(one))
    found = _WORD.findall(_APOSTROPHE.sub("", text.casefold()))
    if text.isascii():
        return found
    return [part for word in found for part in _parted(word)]


def _parted(word: str) -> Iterable[str]:
    return map("".join, pairwise(word)) if _UNSPACED.search(word) else (word,)


def stems_of(words: Iterable[str]) -> list[str]:
    return [word if word.isdigit() else word[:_STEM] for word in words if word not in STOPWORDS]


def pieces_of(words: Iterable[str]) -> list[str]:
    found: list[str] = []
    for word in words:
        padded = f" {word} "
        if len(padded) <= _PIECE:
            found.append(padded)
        else:
            found += [padded[start : start + _PIECE] for start in range(len(padded) - _PIECE + 1)]
    return found


class _Postings:
    """Term → the checks that have it and how often, scored by BM25."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[array[int], array[int]]] = {}
        self._lengths = array("d")
        self._total = 0.0
        self._living = 0

    def add(self, terms: Sequence[str]) -> None:
        number = len(self._lengths)
        counts: dict[str, int] = {}
        for term in terms:
            counts[term] = counts.get(term, 0) + 1
        for term, count in counts.items():
            held = self._held.get(term)
            if held is None:
                held = self._held[term] = (array("i"), array("i"))
            held[0].append(number)
            held[1].append(count)
        self._lengths.append(len(terms))
        self._total += len(terms)
        self._living += 1

    def remove(self, number: int, terms: Iterable[str]) -> None:
        """As if a check had never been added, but that its number stays taken. `terms`: as they were added."""
        for term in dict.fromkeys(terms):
            numbers, counts = self._held[term]
            place = numbers.index(number)
            del numbers[place], counts[place]
            if not numbers:
                del self._held[term]
        self._total -= self._lengths[number]
        self._lengths[number] = 0.0
        self._living -= 1

    def weight(self, term: str) -> float:
        """Inverse document frequency."""
        held = self._held.get(term)
        having = len(held[0]) if held is not None else 0
        return math.log(1 + (self._living + _IMAGINED - having + 0.5) / (having + 0.5))

    def scores(self, terms: Iterable[str]) -> NDArray[np.float64]:
        """BM25 of each check."""
        scores = np.zeros(len(self._lengths))
        if not self._living:
            return scores
        norms = _K1 * (1 - _B + _B * np.frombuffer(self._lengths) / max(1.0, self._total / self._living))
        for term in dict.fromkeys(terms):
            held = self._held.get(term)
            if held is None:
                continue
            numbers, counts = np.frombuffer(held[0], np.intc), np.frombuffer(held[1], np.intc)
            scores[numbers] += self.weight(term) * counts * (_K1 + 1) / (counts + norms[numbers])
        return scores


class _Read(NamedTuple):
    """What the second look compares of a check."""

    claim: frozenset[str]
    title: frozenset[str]
    words: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    numbers: frozenset[str]


class FactCheckIndex:
    """Checks by number, from 0 in the order they were added. Adding is cheap: they are read when first asked.

    `alike`: cosine from which a text means what a check is about.
    """

    def __init__(self, weights: Sequence[float] | None = None, alike: float = ALIKE) -> None:
        self._weights = np.array(WEIGHTS if weights is None else weights)
        self._alike = alike
        self._unread: list[Check] = []
        self._meanings: Floats = np.zeros((0, 0), np.float32)  # of each check that was read; of 0 where it has none
        self._added: dict[int, Floats] = {}
        self._stems = _Postings()
        self._pieces = _Postings()
        self._checks: list[_Read] = []
        self._said: list[list[str]] = []  # the words of each

    def __len__(self) -> int:
        return len(self._checks) + len(self._unread)

    def add(self, check: Check, meaning: Floats | None = None) -> None:
        """`meaning`: its vector, of length one."""
        if meaning is not None:
            self._added[len(self)] = meaning
        self._unread.append(check)

    def remove(self, number: int) -> None:
        """Forget a check; the others keep their numbers, and are found as if it had never been there."""
        self._read()
        self._stems.remove(number, stems_of(self._said[number]))
        self._pieces.remove(number, pieces_of(self._said[number]))
        self._said[number] = []
        if number < len(self._meanings):
            self._meanings[number] = 0.0

    def nearest(
        self, text: str, most: int, *, allowed: NDArray[np.bool_] | None = None, meaning: Floats | None = None
    ) -> list[Near]:
        """At most so many checks that have something in common with a text, the most alike first, of equals the first.

        `allowed`: which checks are asked for, all by default. `meaning`: the text's vector, of length one.
        """
        near = self.compared(text, allowed=allowed, meaning=meaning)
        return sorted(near, key=lambda near: (-near.score, near.check))[:most]

    def compared(
        self, text: str, *, allowed: NDArray[np.bool_] | None = None, meaning: Floats | None = None
    ) -> list[Near]:
        """All that the second look looked at, in no order."""
        self._read()
        cosines = self._cosines(meaning, allowed)
        numbers, features, asked = self.features(text, allowed=allowed, also=_best(cosines))
        if not numbers:
            return []
        scores, near = features @ self._weights, cosines[numbers]
        if near.any():
            scores += _BY_MEANING * _standing_out(near)
        return [
            Near(number, round(float(score), 6), *self._covered(number, asked), meant=bool(cosine >= self._alike))
            for number, score, cosine in zip(numbers, scores, near, strict=True)
        ]

    def _cosines(self, meaning: Floats | None, allowed: NDArray[np.bool_] | None) -> NDArray[np.float64]:
        """Of each check to a text; 0 where one of them has no vector."""
        cosines = np.zeros(len(self._checks))
        if meaning is not None and self._meanings.size:
            cosines[: len(self._meanings)] = self._meanings @ meaning
        return cosines if allowed is None else cosines * allowed

    def features(
        self, text: str, *, allowed: NDArray[np.bool_] | None = None, also: Sequence[int] = ()
    ) -> tuple[list[int], NDArray[np.float64], frozenset[str]]:
        """The checks that the first look found and `also` these, what the second sees of each (a row), and the words of
        the text.
        """
        self._read()
        words = words_of(text)
        stems = stems_of(words)
        asked = frozenset(stems)
        by_stem, by_piece = self._stems.scores(stems), self._pieces.scores(pieces_of(words))
        if allowed is not None:
            by_stem, by_piece = by_stem * allowed, by_piece * allowed
        numbers = sorted({*_best(by_stem), *_best(by_piece), *also})
        if not numbers:
            return [], np.zeros((0, len(FEATURES))), asked
        top_stem, top_piece = max(by_stem.max(), 1e-9), max(by_piece.max(), 1e-9)
        pairs = _pairs(stems)
        mass = self._mass(asked) or 1.0
        rows = []
        near: list[float] = []
        for number in numbers:
            read = self._checks[number]
            near.append(sum(self._stems.weight(one) + self._stems.weight(other) for one, other in read.pairs & pairs))
            rows.append(
                [
                    by_stem[number] / top_stem,
                    by_piece[number] / top_piece,
                    math.log1p(by_stem[number]),
                    *self._shares(read, asked, mass),
                    *_numbers(read.numbers, asked),
                ]
            )
        most = max(near) or 1.0
        table = np.array([[*row, pair / most, math.log1p(pair)] for row, pair in zip(rows, near, strict=True)])
        return numbers, table, asked

    def _read(self) -> None:
        for check in self._unread:
            claim, title, more = words_of(check.claim), words_of(check.title), words_of(check.words)
            every = [*title, *claim, *more]
            stems = stems_of(every)
            self._stems.add(stems)
            self._pieces.add(pieces_of(every))
            self._said.append(every)
            said = stems_of([*title, *claim])
            self._checks.append(
                _Read(
                    frozenset(stems_of(claim)),
                    frozenset(stems_of(title)),
                    frozenset(stems),
                    _pairs(said),
                    frozenset(word for word in said if word.isdigit()),
                )
            )
        self._unread = []
        if self._added:
            length = len(next(iter(self._added.values())))
            grown = np.zeros((len(self._checks), length), np.float32)
            if self._meanings.size:
                grown[: len(self._meanings)] = self._meanings
            for number, meaning in self._added.items():
                grown[number] = meaning
            self._meanings, self._added = grown, {}

    def _mass(self, stems: Iterable[str]) -> float:
        return math.fsum(map(self._stems.weight, stems))

    def _shares(self, read: _Read, asked: frozenset[str], mass: float) -> list[float]:
        found: list[float] = []
        for field in (read.claim, read.title, read.claim | read.title, read.words):
            shared = self._mass(field & asked)
            found += [shared / (self._mass(field) or 1.0), shared / mass]
        missing = max(map(self._stems.weight, (read.claim | read.title) - asked), default=0.0)
        telling = max(map(self._stems.weight, (read.claim | read.title) & asked), default=0.0)
        return [*found, missing / 10, telling / 10]

    def _covered(self, number: int, asked: frozenset[str]) -> tuple[float, tuple[str, ...]]:
        read = self._checks[number]
        covered = max(self._mass(field & asked) / (self._mass(field) or 1.0) for field in (read.claim, read.title))
        shared = sorted((read.claim | read.title) & asked, key=lambda stem: (-self._stems.weight(stem), stem))
        return covered, tuple(shared)


def _standing_out(cosines: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how many standard deviations each is over the mean; 0 for checks without a vector, and where all are equal."""
    had = cosines != 0.0
    spread = float(cosines[had].std())
    return np.where(had, (cosines - cosines[had].mean()) / spread, 0.0) if spread > 1e-6 else np.zeros(len(cosines))


def _best(scores: NDArray[np.float64]) -> list[int]:
    """The best few, of equals the first."""
    if len(scores) > _LOOKED_AT:
        least = np.partition(scores, -_LOOKED_AT)[-_LOOKED_AT]
        over = np.flatnonzero(scores > least)
        equal = np.flatnonzero(scores == least)[: _LOOKED_AT - len(over)]
        found = np.concatenate([over, equal])
    else:
        found = np.arange(len(scores))
    return [int(number) for number in found if scores[number] > 0]


def _pairs(stems: Sequence[str]) -> frozenset[tuple[str, str]]:
    """Words that stand close together, in either order."""
    return frozenset(
        (one, other) if one < other else (other, one)
        for place, one in enumerate(stems)
        for other in stems[place + 1 : place + 1 + _NEAR]
    )


def _numbers(theirs: frozenset[str], asked: frozenset[str]) -> tuple[float, float]:
    """The share of a check's numbers that a text has, and whether it has numbers, none of them this text's."""
    if not theirs:
        return 0.0, 0.0
    shared = len(theirs & asked)
    return shared / len(theirs), float(not shared)


#: What the second look sees, in order.
FEATURES = (
    "words", "pieces", "words, absolute", "claim covered", "by the claim", "title covered", "by the title",
    "both covered", "by both", "all covered", "by all", "missing", "telling", "numbers", "other numbers", "pairs",
    "pairs, absolute",
)  # fmt: skip
#: Fitted to 997 posts with the checked claim each is about (CheckThat! 2022, task 2A, training part), a quadratic
#: penalty of 3 on weights of standardised features; five-fold, without a claim in two folds, it gave MAP@5 .883.
WEIGHTS = (
    3.07, 7.57, -1.15, 4.43, -2.2, 3.13, 6.23, -1.52, -3.39, -6.87, 11.9, 0.76, 2.26, -0.159, -1.27, 1.4, -0.158
)  # fmt: skip
#: Of the cosine, in standard deviations, beside the score of `WEIGHTS`: from five folds of the same posts, without a
#: claim in two, the weights of each fitted without it. 1, 2 and 3 gave MAP@5 .912, .922 and .923.
_BY_MEANING = 2.0
