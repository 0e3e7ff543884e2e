"""Which earlier text this one copies, wholly, nearly or in part: candidates by the anchors they share (`Sketch.bands`),
verified letter by letter.

Only one representative of each cluster is indexed: with every copy of a much repeated text in the index, looking it up
would cost as much as there are copies.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from rapidfuzz import fuzz
from rapidfuzz.distance import LCSseq, Postfix, Prefix

from alerts.text.band_index import BandIndex, Bands
from secondsource.contracts.copied import copied_text
from secondsource.contracts.messages import Sketch

#: Two normalised texts at least this alike (Indel ratio, 0..100) are copies.
ALIKE = 85.0
#: A text at least this alike to a part of another is contained in it.
PARTLY = 90.0

#: Of a text's letters, the share that another accounts for from which it says what the other says; one that accounts
#: for less stands in it as a quotation does, or a line that somebody puts under everything.
MOST_OF_IT = 0.6

#: A text that is so many times as long as what it copies says more than that.
LONGER = 1.15

#: Parts of fewer letters are in many texts by chance, unless they are so many words in a row; of scripts that put no
#: blanks between words, so many signs.
_TELLING, _TELLING_WORDS, _TELLING_SIGNS = 40, 8, 16
_TELLING_SYLLABLES = 24  # as eight words have, where letters stand for syllables
_BLOCK_LETTERS = _TELLING_SIGNS // 2  # any run of `_TELLING_SIGNS` has so many from a multiple of it on
_SYLLABLES = "\u2e80"  # where Han, kana and Hangul begin
_PART = 0.85  # of a text's length: a part that is longer
_HARDLY = 5  # one word in so many, that two texts have in common of which one is written backwards
_IN_COMMON = 0.8  # of the words of the shorter text, that another in another order has
_RUN = 3  # words in a row: what two texts share that share an anchor
#: Of a part's letters, at least, in their order, in a text that holds it. A stretch of w letters that is `PARTLY` like
#: a part of m has 2·LCS ≥ .9·(m + w) and LCS ≤ w, so w and LCS are at least .9 / 1.1 of m.
_IN_ORDER = PARTLY / (200.0 - PARTLY)
_KEPT = 1_000  # letters of a text, for comparing
_BLOCK = 4  # words: any run of `_TELLING_WORDS` has so many from a multiple of it on
_TELLING_IN_ORDER = 12  # words that stand in another text in their order, others between them,
_BETWEEN = 2  # which may be as many
_BESIDE = 2  # words that may stand behind a line under a text, or before one over it: a number, a tag

Kind = Literal["exact", "near", "contained"]


class Likeness(NamedTuple):
    """How one text copies another, and how alike they (or, of the longer one, the best part) are, 0..100.

    `share`: how much of the text the other accounts for, 0..1; little where it quotes in passing.
    """

    kind: Kind
    percent: float
    share: float = 1.0

    def weight(self) -> float:
        """What of several is the most: a copy of the whole before one of a part."""
        return self.percent * self.share


def compared(text: str, other: str) -> Likeness | None:
    """How alike two normalised texts are; None where neither copies the other.

    Nearly the same: the Indel ratio is at least `ALIKE`; where one is the other cut short, of their common length; or
    else so many of their words are, in any order. Contained: the shorter one stands in the longer, `PARTLY` of its
    letters. What one is not as it stands it may be read in another order.
    """
    if text == other:
        return Likeness("exact", 100.0) if text else None
    found = _compared(text, other)
    if found is None and tells(text) and tells(other):
        found = next(filter(None, (_compared(*both) for both in _readings(text, other))), None)
    return found


def _compared(text: str, other: str) -> Likeness | None:
    """As `compared`, as they stand."""
    short, long = (text, other) if len(text) <= len(other) else (other, text)
    common = long[: len(short)] if long.startswith(short[:8]) and tells(short) else long
    alike = fuzz.ratio(short, common, score_cutoff=ALIKE)
    if alike:
        return Likeness("near", alike)
    # a part that is nearly as long as the whole would have been nearly the whole
    if len(short) > _PART * len(long) or not tells(short):
        return None
    part = 100.0 if short in long else _alike_to_a_part(short, long)
    return Likeness("contained", part, min(1.0, len(other) / len(text))) if part else None


def _readings(text: str, other: str) -> Iterator[tuple[str, str]]:
    """Two normalised texts in the orders in which one may have been written from the other, if they have their words in
    common so: its words backwards, or anyhow; its letters backwards; the letters of its words in an order of their own.
    """
    words, theirs = text.split(), {*other.split()}
    fewest = max(_TELLING_WORDS, _IN_COMMON * min(len({*words}), len(theirs)))
    shared = len(theirs & {*words})
    if shared >= fewest:
        yield " ".join(words[::-1]), other
        if len(text) >= 3 * len(words):
            yield " ".join(sorted(words)), " ".join(sorted(other.split()))
    elif shared * _HARDLY < fewest:
        turned = text[::-1].split()
        if len(theirs & {*turned}) >= fewest:
            yield text[::-1], other
            yield " ".join(turned[::-1]), other
        else:
            yield _jumbled(text), _jumbled(other)


@lru_cache(maxsize=4_096)  # what is said often is compared often
def _jumbled(text: str) -> str:
    """The letters of each word once, in the alphabet's order: "heeelp" and "hlep" → "ehlp"."""
    return " ".join("".join(sorted({*word})) for word in text.split())


def as_read(text: str, other: str) -> str:
    """A normalised text, forwards or backwards, whichever has more words of the other one."""
    turned, theirs = text[::-1], {*other.split()}
    return turned if len(theirs & {*turned.split()}) > len(theirs & {*text.split()}) else text


def _alike_to_a_part(short: str, long: str) -> float:
    """How like `short` the stretch of `long` is that shares its runs of words, 0.0 where it is under `PARTLY`.

    The stretch reaches from where the first shared run says that the part begins to where the last one says that it
    ends, or lies where most runs say: a run that stands elsewhere as well may say wrong.
    """
    if not LCSseq.similarity(short, long, score_cutoff=math.ceil(_IN_ORDER * len(short))):
        return 0.0
    starts = _starts(short, long)
    if not starts:
        return 0.0
    (likely, _), *_ = Counter(starts).most_common(1)
    stretches = {(starts[0], starts[-1]), (likely, likely)}
    return max(
        fuzz.ratio(short, long[max(0, first) : last + len(short)], score_cutoff=PARTLY) for first, last in stretches
    )


def _starts(short: str, long: str) -> list[int]:
    """Where in `long` the letters of `short` would begin, by each run of words that they share."""
    words, at, starts = short.split(), 0, []
    for place in range(len(words) - _RUN + 1):
        found = long.find(" ".join(words[place : place + _RUN]))
        if found >= 0:
            starts.append(found - at)
        at += len(words[place]) + 1
    return starts


def tells(text: str) -> bool:
    """Whether a part of a normalised text is more than what many say by chance."""
    if len(text) >= _TELLING:
        return True
    many = text.count(" ") + 1
    if many >= (_TELLING_WORDS if len(text) >= 3 * many else _TELLING_SIGNS):
        return True
    letters = text.replace(" ", "")
    return len(letters) >= _TELLING_SYLLABLES and _are_syllables(letters)


def _are_syllables(letters: str) -> bool:
    """Whether most are signs that stand for a syllable or a word each."""
    return sorted(letters)[len(letters) // 2] >= _SYLLABLES


class Run(NamedTuple):
    """Words in a row that two normalised texts have in common: where they begin and end in either, counted in words."""

    begin: int
    end: int
    other_begin: int
    other_end: int


def run_in_common(text: str, other: str) -> Run | None:
    """The longest; None for none that `tells`."""
    words, others, among = text.split(), other.split(), f" {other} "
    found, longest, at = None, 0, 0
    while at + _BLOCK <= len(words):
        place = among.find(f" {' '.join(words[at : at + _BLOCK])} ")
        if place < 0:
            at += _BLOCK
            continue
        there = among.count(" ", 0, place + 1) - 1
        begin, end = at, at + _BLOCK
        while begin and there and words[begin - 1] == others[there - 1]:
            begin, there = begin - 1, there - 1
        while end < len(words) and there + end - begin < len(others) and words[end] == others[there + end - begin]:
            end += 1
        shared = " ".join(words[begin:end])
        if len(shared) > longest and tells(shared):
            found, longest = Run(begin, end, there, there + end - begin), len(shared)
        at = end
    return found


def have_much_in_common(text: str, other: str) -> bool:
    """Whether two normalised texts share as many runs of three words as a part that `tells` has, in a row or not: a
    word may have been changed in it; or nearly all words of the one stand in the other in their order, or as many of
    its letters as tell in a row, whatever blanks are between them; or so if one is read backwards.
    """
    words, others = text.split(), other.split()
    shared = len({*words} & {*others})
    if shared > _TELLING_WORDS - _RUN and (_share_runs(text, other) or _in_order(words, others, shared)):
        return True
    letters, theirs = _letters(text), _letters(other)
    if _stretch(letters, theirs) or (shared >= _TELLING_WORDS and _share_runs(" ".join(words[::-1]), other)):
        return True
    if shared * _HARDLY >= min(len(words), len(others)):
        return False
    turned = text[::-1]
    return (
        _stretch(letters[::-1], theirs)
        or _share_runs(turned, other)
        or _share_runs(" ".join(turned.split()[::-1]), other)
    )


def _share_runs(text: str, other: str) -> bool:
    fewest = (_TELLING_WORDS if len(text) >= 3 * text.count(" ") else _TELLING_SIGNS) - _RUN
    return len(_runs(text) & _runs(other)) > fewest


@lru_cache(maxsize=4_096)  # what is said often is compared often
def _runs(text: str) -> frozenset[tuple[str, ...]]:
    words = text.split()
    return frozenset(zip(words, words[1:], words[2:], strict=False))


@lru_cache(maxsize=4_096)
def _letters(text: str) -> str:
    """Without blanks, a letter that is repeated once."""
    letters = text.replace(" ", "")
    return "".join(
        [one for one, after in zip(letters, f"{letters[1:]} ", strict=True) if one != after or one.isdigit()]
    )


def _stretch(letters: str, others: str) -> bool:
    """Whether they have so many letters in a row in common that it tells: fewer of signs that stand for syllables."""
    for at in range(0, len(letters) - _BLOCK_LETTERS + 1, _BLOCK_LETTERS):
        place = others.find(letters[at : at + _BLOCK_LETTERS])
        if place >= 0:
            begin = at - Postfix.similarity(letters[:at], others[:place])
            run = letters[begin : at + Prefix.similarity(letters[at:], others[place:])]
            if len(run) >= _TELLING or (len(run) >= _TELLING_SIGNS and _are_syllables(run)):
                return True
    return False


def _in_order(words: list[str], others: list[str], shared: int) -> bool:
    """Whether nearly all of the fewer words stand among the others in their order. `shared`: those that are in both."""
    fewer, more = sorted((len(words), len(others)))
    fewest = math.ceil(PARTLY / 100 * fewer)
    return (
        shared * _BETWEEN >= fewest  # as a word may come again
        and fewer >= _TELLING_IN_ORDER
        and more <= _BETWEEN * fewer
        and LCSseq.similarity(words, others, score_cutoff=fewest) > 0
    )


class Line(NamedTuple):
    """What two normalised texts begin or end with that else say different things: a line that is put over or under
    everything. `sure`: not what they say, with something of one's own behind it.
    """

    text: str
    sure: bool


def line_in_common(text: str, other: str, *, cut: bool) -> Line | None:
    """None for none. `cut`: the other one goes on behind what is known of it."""
    run = run_in_common(text, other)
    if run is None:
        return None
    words, others = text.split(), other.split()
    over = run.begin <= _BESIDE and run.other_begin <= _BESIDE
    if over:
        line, rest, their_rest = words[: run.end], words[run.end :], others[run.other_end :]
    elif len(others) - run.other_end <= _BESIDE and (cut or len(words) - run.end <= _BESIDE):
        line, rest, their_rest = words[run.begin :], words[: run.begin], others[: run.other_begin]
    else:
        return None
    said, they_said = " ".join(rest), " ".join(their_rest)
    both = {*rest} & {*their_rest}
    if not (tells(said) and tells(they_said)) or 2 * len(both) > min(len({*rest}), len({*their_rest})):
        return None
    shared = " ".join(line)
    return Line(shared, not over or len(shared) <= min(len(said), len(they_said)))


def likeness(text: str, other: str) -> float:
    """The percentage of `compared`, 0 for texts that are no copies."""
    found = compared(text, other)
    return found.percent if found else 0.0


def best(text: str, candidates: Sequence[tuple[int, str]]) -> tuple[int, Likeness] | None:
    """The first of the candidates (number, text) of which `text` copies most, and how; None where it copies none."""
    return (
        _best(copied_text(text), ((number, copied_text(other)) for number, other in candidates)) if candidates else None
    )


def _best(text: str, candidates: Iterable[tuple[int, str]]) -> tuple[int, Likeness] | None:
    """As `best`, of normalised texts."""
    found: tuple[int, Likeness] | None = None
    for number, other in candidates:
        alike = compared(text, other)
        if alike is not None and (found is None or alike.weight() > found[1].weight()):
            found = number, alike
    return found


class Copy(NamedTuple):
    """`of`: the post whose text was there before."""

    of: str
    kind: Kind
    percent: float


class CopyIndex:
    """Copies in a stream of texts: what is kept is bounded by a window of time and a number of posts.

    A text of under `fewest` words matches nothing: so few are said by many who never met. A post that is a copy leaves
    no trace but where it holds more than what it copies.
    """

    def __init__(self, *, window_seconds: float = 72 * 3600.0, most: int = 1_000_000, fewest: int = 8) -> None:
        self._window = window_seconds
        self._most = most
        self._fewest = fewest
        self._bands = BandIndex()
        self._exacts: dict[int, int] = {}
        self._kept: dict[int, tuple[str, int, str]] = {}  # number → id, digest, normalised text
        self._order: deque[tuple[float, int]] = deque()
        self._next = 1

    def __len__(self) -> int:
        return len(self._kept)

    def take(self, id_: str, text: str, sketch: Sketch, at: float) -> Copy | None:
        """What a post copies, if anything; it is remembered for those after it. `text`: its `copied_text`."""
        if sketch.words < self._fewest:
            return None
        self._expire(at)
        exact = int(sketch.exact[:15], 16)
        same = self._exacts.get(exact)
        if same is not None:
            return Copy(self._kept[same][0], "exact", 100.0)
        text = text[:_KEPT]
        bands = np.array(sketch.bands, np.int64)
        found = self._nearly(text, bands)
        copy = Copy(self._kept[found[0]][0], found[1].kind, found[1].percent) if found else None
        if found is None or (found[1].kind == "contained" and len(text) > len(self._kept[found[0]][2])):
            self._keep(id_, exact, text, bands, at)
        return copy

    def find(self, text: str, sketch: Sketch) -> Copy | None:
        """As `take`, of a post that is not to be remembered."""
        same = self._exacts.get(int(sketch.exact[:15], 16)) if sketch.words >= self._fewest else None
        if same is not None:
            return Copy(self._kept[same][0], "exact", 100.0)
        found = self._nearly(text[:_KEPT], sketch.bands)
        return Copy(self._kept[found[0]][0], found[1].kind, found[1].percent) if found else None

    def _nearly(self, text: str, bands: Bands) -> tuple[int, Likeness] | None:
        return _best(text, ((number, self._kept[number][2]) for number in self._bands.candidates(bands)))

    def _keep(self, id_: str, exact: int, text: str, bands: Bands, at: float) -> None:
        number = self._next
        self._next += 1
        self._kept[number] = id_, exact, text
        self._exacts[exact] = number
        self._order.append((at, number))
        while len(self._kept) > self._most:
            self._drop(self._order.popleft()[1])
        self._bands.add(number, bands)

    def _expire(self, at: float) -> None:
        while self._order and self._order[0][0] < at - self._window:
            self._drop(self._order.popleft()[1])

    def _drop(self, number: int) -> None:
        _, exact, _ = self._kept.pop(number)
        self._bands.drop(number)
        if self._exacts.get(exact) == number:
            del self._exacts[exact]
