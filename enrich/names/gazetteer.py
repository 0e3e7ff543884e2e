"""Names worth knowing, and where they stand in a text.

A gazetteer file is UTF-8 TSV, one thing a line; `#` starts a comment line:

    id <TAB> kind <TAB> name|other name|… [<TAB> language [<TAB> latitude,longitude]]

Kinds are person, place, organisation, event and given-name.

A name matches whole words in any case and spelling that `fold` takes for the same. A name of up to five capitals
(UN, WHO) matches only as written, and so does a name written with `=` before it (=Turkey). A name with `~` before it is
a word as well (~Nice): it matches only with a capital where the sentence does not ask for one. A
given-name is none of these: it makes a person of the words with a capital after it. With a language, a line counts only
in posts of that language. A later file's names win over an earlier one's.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple, cast, get_args

from ahocorasick_rs import AhoCorasick

from enrich.names.people import Person, begins_sentence, people
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.folding import WORD_CHARACTER, fold, fold_with_offsets, is_unspaced

Kind = Literal["person", "place", "organisation", "event"]

_KINDS = (*get_args(Kind), "given-name")
_CAPITALS = re.compile(r"[A-Z]{1,5}$")
_ARABIC = re.compile("[\u0621-\u064a]")

#: Arabic particles written together with the word after them: and, so, with, for, like, the, and their chains.
_JOINED = ("", "و", "ف")
_CASE = ("", "ب", "ك", "ل")
_CLITICS = frozenset(
    first + case + article for first in _JOINED for case in _CASE for article in ("", "ال") if case + article != "لال"
)
#: "For the" contracts لال to لل, which swallows the article of a name that has one.
_CONTRACTED = frozenset(f"{first}لل" for first in _JOINED)

_URL_OR_MENTION = re.compile(r"[hw@＠](?:(?<=h)ttps?://\S+|(?<=w)ww\.\S+|(?<=[@＠])(?<!\w.)\w[\w.@-]*)", re.DOTALL)
#: Addresses as people shorten them ("aleppo.com", "desk@aleppo.org"), and what joins a name to the rest of one.
_BARE_ADDRESS = re.compile(r"(?<![\w.@-])\w[\w.@-]*\.(?:com|org|net|info|edu|gov|news|[a-z]{2,}(?=/\w))(?!\w)(?:/\S*)?")
_JOINTS = frozenset(".@/-")
_HASHTAG = re.compile(f"[#＃]{WORD_CHARACTER}+")

#: Hebrew prefixes: in, to, from, the, and, as, that, and their chains.
_HEBREW = re.compile("[\u05d0-\u05ea]")
_HEBREW_PREFIXES = frozenset("ב ל מ ה ו כ ש וב ול ומ וה וש כש שב שמ מה לכ".split()) | {""}  # noqa: SIM905 -- to read
_LEAST_HEBREW = 3  # letters of a name that is looked for behind a prefix
#: What follows a Korean name in its word: kinds of places, and the particles of place, subject, object and the rest.
_KOREAN = re.compile("[\uac00-\ud7a3]")
_KOREAN_ENDINGS = frozenset(
    kind + particle
    for kind in ("", "시", "도", "군", "주", "현", "행", "발", "산")
    for particle in (
        "", "에", "에서", "에서는", "에서도", "에는", "에도", "에게",
        "은", "는", "이", "가", "을", "를", "의", "로", "으로",
        "와", "과", "도", "만",
        "부터", "까지", "까지도", "이나", "나", "이라", "라", "이다", "입니다", "인", "처럼", "보다",
    )
)  # fmt: skip
#: Endings of the cases of a Russian or Ukrainian name, by the letter its first case ends in ("" for a consonant).
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_CASES = {
    last: frozenset(fold(ending) for ending in endings.split())
    for last, endings in {
        "": "а у ом ем е і ові ым",
        "а": "ы и е у ой ою і",
        "я": "и е ю ей ею і ї єю",
        "ь": "я ю ем ём е и ью і",
        "й": "я ю ем ём е и ї єм",
    }.items()
}
_CYRILLIC_VOWELS = frozenset("аеёиоуыэюяіїєъ")
_ENDING_OF_A_NAME = re.compile(r"['’](?!(?:re|ve|ll|em|til|cause)\b)[a-zçğıöşü]*[aeıioöuü][a-zçğıöşü]*(?!\w)")
_LONGEST_ENDING = 8  # letters, the blank behind them included
_LEAST_CYRILLIC = 4  # letters of a name whose cases are looked for

_SHORTEST_TAG, _LONGEST_TAG = 7, 40  # letters of a hashtag that is taken apart by words
_LEAST_IN_TAG = 4  # letters of a name in one
_LEAST_WORDS = 3  # letters beside it


class Term(NamedTuple):
    """One name of one thing; `source` is the file and line it came from, `where` degrees north and east."""

    id: str
    kind: Kind | Literal["given-name"]
    name: str
    exact: bool
    language: str
    source: str
    cased: bool = False
    where: tuple[float, float] | None = None


class Match(NamedTuple):
    """`start` and `end` are character offsets in the text as given."""

    start: int
    end: int
    kind: Kind
    id: str


class _Candidate(NamedTuple):
    """What a pattern stands for. Without the name, so that most names of a thing share one."""

    id: str
    kind: Kind
    language: str
    cased: bool
    exact: bool
    written: str  # as the text must have it, where it is exact
    clitics: frozenset[str] | None  # what may stand between word start and name; None: the pattern says itself
    endings: frozenset[str] | None  # what must stand between it and the word's end; None: the pattern says itself
    declined: bool  # the ending belongs to the name
    anywhere: bool  # it is this wherever the pattern is found


def read_terms(files: Iterable[Path]) -> list[Term]:
    """All terms of the files, in their order.

    Raises:
        BadConfiguration: a file or line that cannot be read, with its file:line and what to write.
    """
    return list(each_term(files))


def each_term(files: Iterable[Path]) -> Iterator[Term]:
    """As `read_terms`, one by one: of a hundred thousand, none needs to stay."""
    for file in files:
        try:
            lines = file.read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            msg = f"{file}: expected a gazetteer as UTF-8 TSV: {error}"
            raise BadConfiguration(msg) from error
        named: dict[tuple[str, str], int] = {}
        for number, line in enumerate(lines, start=1):
            if line.strip() and not line.startswith("#"):
                for term in _read_line(line, f"{file}:{number}"):
                    key = (term.name if term.exact else fold(term.name), term.language)
                    earlier = named.setdefault(key, number)
                    if earlier != number:
                        msg = (
                            f"{term.source}: the name {term.name!r} is already taken at {file}:{earlier}; keep one of "
                            "the two"
                        )
                        raise BadConfiguration(msg)
                    yield term


def _read_line(line: str, source: str) -> list[Term]:
    cells = [cell.strip() for cell in line.split("\t")]
    if not 3 <= len(cells) <= 5 or not cells[0]:
        msg = (
            f"{source}: expected id, kind, names, and perhaps a language and latitude,longitude between tabs, got "
            f"{len(cells)} cells: {line!r}"
        )
        raise BadConfiguration(msg)
    kind, language = cells[1], cells[3] if len(cells) > 3 else ""
    where = _read_where(cells[4], source) if len(cells) > 4 else None
    if kind not in _KINDS:
        msg = f"{source}: kind: expected one of {', '.join(_KINDS)}, got {kind!r}"
        raise BadConfiguration(msg)
    terms = []
    for written in cells[2].split("|"):
        mark, name = written.strip()[:1], written.strip().removeprefix("=").removeprefix("~").strip()
        if len("".join(fold(name).split())) < (1 if any(map(is_unspaced, name)) else 2):
            msg = f"{source}: names: expected names of two letters or more between |, got {written!r}"
            raise BadConfiguration(msg)
        exact = mark == "=" or _CAPITALS.match(name) is not None
        terms.append(Term(cells[0], cast("Kind", kind), name, exact, language, source, mark == "~", where))
    return terms


def _read_where(cell: str, source: str) -> tuple[float, float] | None:
    if not cell:
        return None
    try:
        latitude, longitude = (float(part) for part in cell.split(","))
    except ValueError:
        latitude = longitude = math.inf
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        msg = f"{source}: expected latitude,longitude in degrees, such as 36.2,37.16, got {cell!r}"
        raise BadConfiguration(msg)
    return latitude, longitude


class Gazetteer:
    """All terms in one Aho-Corasick automaton: the time of a search does not depend on how many there are."""

    def __init__(self, terms: Iterable[Term]) -> None:
        candidates: dict[str, tuple[_Candidate, ...]] = {}
        shared: dict[_Candidate, tuple[_Candidate, ...]] = {}
        self._where: dict[str, tuple[float, float]] = {}
        given: set[str] = set()
        for term in terms:
            if term.kind == "given-name":
                given.add(fold(term.name))
                continue
            if term.where is not None:
                self._where[term.id] = term.where
            written = re.sub(r"^\W+|\W+$", "", term.name) if term.exact else ""
            for pattern, clitics, endings, declined in _patterns(term.name, exact=term.exact):
                anywhere = clitics is None and endings is None and not (term.language or term.cased or term.exact)
                candidate = _Candidate(
                    term.id,
                    term.kind,
                    term.language,
                    term.cased,
                    term.exact,
                    written,
                    clitics,
                    endings,
                    declined,
                    anywhere,
                )
                alone = shared.setdefault(candidate, (candidate,))
                others = candidates.get(pattern)
                candidates[pattern] = alone if others is None else alone + others
        self._given = frozenset(given)
        self.size = len(candidates) + len(given)
        self._candidates = list(candidates.values())
        self._patterns = AhoCorasick(candidates)
        # The pattern's length, less the spaces that stand for word ends.
        self._leads = [len(pattern) - len(pattern.lstrip(" ")) for pattern in candidates]
        self._tails = [len(pattern) - len(pattern.rstrip(" ")) for pattern in candidates]
        self._named_in_tag = lru_cache(maxsize=4_096)(self._by_words)

    def where(self, id_: str) -> tuple[float, float] | None:
        """Latitude and longitude of a place, in degrees, where the gazetteer gives them."""
        return self._where.get(id_)

    def find(self, text: str, language: str = "und") -> list[Match]:
        """Names in the text from left to right, the longest first where two begin together; none overlap."""
        folded, offsets = fold_with_offsets(text)
        found = self._search(text, folded, offsets, language, 0)
        if "#" in text or "＃" in text:
            found += self._inside_hashtags(text, language)
        if self._given:
            found += _unlisted(people(text, self._given), found)
        if not found:
            return []
        if "@" in text or "＠" in text or "://" in text or "www." in text:
            found = _outside(found, [match.span() for match in _URL_OR_MENTION.finditer(text)])
        names = _leftmost_longest(found)
        if "." in text and any(_in_longer(text, match) for match in names):
            names = _outside(names, [match.span() for match in _BARE_ADDRESS.finditer(text)])
        return names

    def _search(self, text: str, folded: str, offsets: Sequence[int] | None, language: str, shift: int) -> list[Match]:
        leads, tails, candidates = self._leads, self._tails, self._candidates
        found: list[Match] = []
        for index, first, last in self._patterns.find_matches_as_indexes(f" {folded} ", overlapping=True):
            start, end = first + leads[index] - 1, last - tails[index] - 1
            for candidate in candidates[index]:
                if candidate.anywhere and offsets is None:
                    found.append(Match(start + shift, end + shift, candidate.kind, candidate.id))
                    break
                if candidate.clitics is not None and not _joined(folded, start, candidate.clitics):
                    continue
                if candidate.language and candidate.language != language:
                    continue
                stop = end if candidate.endings is None else _ended(folded, end, candidate)
                if not stop:
                    continue
                if offsets is None:
                    left, right = start, stop
                else:
                    left, right = offsets[start], offsets[stop - 1] + 1
                if candidate.declined and not text[left + shift].isupper():
                    continue
                if candidate.cased and not _as_a_name(text, left + shift, right + shift):
                    continue
                if candidate.exact and not _as_written(text, left + shift, right + shift, candidate.written):
                    continue
                found.append(Match(left + shift, right + shift, candidate.kind, candidate.id))
                break
        return found

    def _inside_hashtags(self, text: str, language: str) -> list[Match]:
        found: list[Match] = []
        for tag in _HASHTAG.finditer(text):
            word = tag.group()
            starts = _inner_starts(word)
            if not starts:
                written = fold(word[1:])
                if len(written) != len(word) - 1 or not _SHORTEST_TAG <= len(written) <= _LONGEST_TAG:
                    continue
                first, last = self._named_in_tag(written)
                if not last:
                    continue
                starts = frozenset((first + 1, last + 1))
            folded: list[str] = []
            offsets: list[int] = []
            for position, character in enumerate(word):
                if position in starts:
                    folded.append(" ")
                    offsets.append(position)
                letters = fold(character)
                folded.append(letters)
                offsets.extend([position] * len(letters))
            found += self._search(text, "".join(folded), offsets, language, tag.start())
        return found

    def _by_words(self, tag: str) -> tuple[int, int]:
        """Where the longest name is in a folded hashtag of which all else is known words; (0, 0) where none is."""
        words = tag_words()
        whole = len(tag)
        before = [True] + [False] * whole
        for end in range(1, whole + 1):
            before[end] = any(before[at] and tag[at:end] in words for at in range(max(0, end - 16), end))
        after = [False] * whole + [True]
        for at in range(whole - 1, -1, -1):
            after[at] = any(after[end] and tag[at:end] in words for end in range(at + 1, min(whole, at + 16) + 1))
        if before[whole]:
            return 0, 0
        spans = [
            (last - first, first, last)
            for first in range(whole)
            if before[first]
            for last in range(first + _LEAST_IN_TAG, whole + 1)
            if after[last] and whole - (last - first) >= _LEAST_WORDS
        ]
        for length, first, last in sorted(spans, reverse=True):
            name = tag[first:last]
            if any(match.start == 0 and match.end == length for match in self._search(name, name, None, "und", 0)):
                return first, last
        return 0, 0


def _inner_starts(word: str) -> frozenset[int]:
    """Where words begin inside a hashtag: saveAleppo, Aleppo2016."""
    if word[1:].isalpha() and word[2:].islower():
        return frozenset()
    starts = []
    for position in range(2, len(word)):
        before, after = word[position - 1], word[position]
        if (before.islower() and after.isupper()) or (
            before != "_" and after != "_" and before.isdigit() != after.isdigit() and before.isalnum()
        ):
            starts.append(position)
    return frozenset(starts)


@lru_cache(maxsize=1)
def tag_words() -> frozenset[str]:
    """Folded words that hashtags are made of, beside names."""
    lines = Path(__file__).with_name("tag_words.txt").read_text("utf-8").splitlines()
    return frozenset(fold(word) for line in lines if not line.startswith("#") for word in line.split())


class _Pattern(NamedTuple):
    """What to search for in folded text, with what may stand before and behind it in its word."""

    text: str
    clitics: frozenset[str] | None = None
    endings: frozenset[str] | None = None
    declined: bool = False


def _patterns(name: str, *, exact: bool = False) -> Iterator[_Pattern]:
    """Where nothing may stand before a name or behind it, a blank in its pattern says so."""
    raw = fold(name).strip()
    plain = " ".join(raw.split())
    for folded in (raw,) if plain == raw else (raw, plain):
        tail = "" if is_unspaced(folded[-1]) else " "
        if _ARABIC.match(folded):
            yield _Pattern(folded + tail, _CLITICS)
            if folded.startswith("ال") and len(folded) > 4:
                yield _Pattern(folded[2:] + tail, _CONTRACTED)
        elif _HEBREW.match(folded) and len(folded) >= _LEAST_HEBREW:
            yield _Pattern(folded + tail, _HEBREW_PREFIXES)
        elif _KOREAN.match(folded) and _KOREAN.match(folded[-1]) and len(folded) > 1:
            yield _Pattern(f" {folded}", None, _KOREAN_ENDINGS)
        else:
            yield _Pattern(("" if is_unspaced(folded[0]) else " ") + folded + tail)
    if not exact and _CYRILLIC.match(plain) and len(plain) >= _LEAST_CYRILLIC:
        last = name.strip()[-1].lower()
        if last in _CASES:
            yield _Pattern(f" {plain[:-1]}", None, _CASES[last], declined=True)
        elif last.isalpha() and last not in _CYRILLIC_VOWELS:
            yield _Pattern(f" {plain}", None, _CASES[""], declined=True)


def _ended(folded: str, end: int, candidate: _Candidate) -> int:
    """Where the name ends whose pattern ends there; 0 where its word goes on with what is no ending."""
    ending = folded[end : end + _LONGEST_ENDING].split(" ", 1)[0]
    if ending not in (candidate.endings or ()):
        return 0
    return end + len(ending) if candidate.declined else end


def _joined(folded: str, start: int, clitics: frozenset[str]) -> bool:
    before = folded[max(0, start - 5) : start].rsplit(" ", 1)[-1]
    return before in clitics


def _as_written(text: str, start: int, end: int, written: str) -> bool:
    # In a text all in capitals, "US" says nothing about the country.
    return text[start:end] == written and not (len(written) <= 3 and written.isupper() and _shouted(text))


def _as_a_name(text: str, start: int, end: int) -> bool:
    """Whether a capital stands there that nothing but a name asks for; always in scripts that have none. Turkish cuts
    the endings off names, and off nothing else, with an apostrophe.
    """
    first = text[start]
    if not first.isupper():
        return not first.islower()
    if _ENDING_OF_A_NAME.match(text, end):
        return True
    return not begins_sentence(text, start) and not _mostly_capitals(text)


@lru_cache(maxsize=8)  # asked of each name in a text
def _mostly_capitals(text: str) -> bool:
    """Whether most of its words have a capital."""
    said = [word for word in text.split() if word[0].isalpha()]
    return 2 * sum(1 for word in said if word[0].isupper()) > len(said) + 1


@lru_cache(maxsize=8)
def _shouted(text: str) -> bool:
    return text.isupper() and len(text.split()) > 3


def _unlisted(told: Iterable[Person], found: Sequence[Match]) -> list[Match]:
    """People whom the lists do not have, nor have otherwise: what begins as a place and goes on as one is no person."""
    ends = {(match.start, match.end) for match in found}
    starts = {match.start for match in found}
    return [
        Match(start, end, "person", id_)
        for start, end, id_ in told
        if (start, end) not in ends and not (start in starts and any(start < other < end for other in starts))
    ]


def _in_longer(text: str, match: Match) -> bool:
    """Whether a name stands in something longer, as one in an address does."""
    after = text[match.end : match.end + 2]
    return text[match.start - 1 : match.start] in _JOINTS or (after[:1] in _JOINTS and after[1:].isalnum())


def _outside(found: list[Match], closed: Sequence[tuple[int, int]]) -> list[Match]:
    """Those that touch none of the closed spans, which are in order and do not overlap."""
    starts = [start for start, _ in closed]
    kept: list[Match] = []
    for match in found:
        before = bisect_left(starts, match.end)  # so many spans begin before the match ends; the last of them ends last
        if not before or closed[before - 1][1] <= match.start:
            kept.append(match)
    return kept


def _leftmost_longest(found: list[Match]) -> list[Match]:
    if len(found) > 1:
        found.sort(key=lambda match: (match[0], -match[1], match[3]))
    chosen: list[Match] = []
    free = 0
    for match in found:
        if match.start >= free:
            chosen.append(match)
            free = match.end
    return chosen
