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
from pathlib import Path
from typing import Literal, NamedTuple, cast, get_args

from ahocorasick_rs import AhoCorasick

from enrich.names.people import people
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
_HASHTAG = re.compile(f"[#＃]{WORD_CHARACTER}+")
#: Where a word ends inside a hashtag: saveAleppo, Aleppo2016.
_INNER = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


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
            for pattern, clitics in _patterns(term.name):
                anywhere = clitics is None and not (term.language or term.cased or term.exact)
                candidate = _Candidate(
                    term.id, term.kind, term.language, term.cased, term.exact, written, clitics, anywhere
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
            listed = {(match.start, match.end) for match in found}
            found += [
                Match(start, end, "person", id_)
                for start, end, id_ in people(text, self._given)
                if (start, end) not in listed
            ]
        if not found:
            return []
        if "@" in text or "＠" in text or "://" in text or "www." in text:
            found = _outside(found, [match.span() for match in _URL_OR_MENTION.finditer(text)])
        return _leftmost_longest(found)

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
                if offsets is None:
                    left, right = start, end
                else:
                    left, right = offsets[start], offsets[end - 1] + 1
                if candidate.cased and not _as_a_name(text, left + shift):
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
            if (word[1:].isalpha() and word[2:].islower()) or not _INNER.search(word):
                continue
            folded: list[str] = []
            offsets: list[int] = []
            for position, character in enumerate(word):
                if position and _INNER.match(word, position):
                    folded.append(" ")
                    offsets.append(position)
                letters = fold(character)
                folded.append(letters)
                offsets.extend([position] * len(letters))
            found += self._search(text, "".join(folded), offsets, language, tag.start())
        return found


def _patterns(name: str) -> Iterable[tuple[str, frozenset[str] | None]]:
    """What to search for in folded text, with the clitics allowed before it (None: a word start is in the pattern)."""
    raw = fold(name).strip()
    plain = " ".join(raw.split())
    for folded in (raw,) if plain == raw else (raw, plain):
        tail = "" if is_unspaced(folded[-1]) else " "
        if _ARABIC.match(folded):
            yield folded + tail, _CLITICS
            if folded.startswith("ال") and len(folded) > 4:
                yield folded[2:] + tail, _CONTRACTED
        else:
            yield ("" if is_unspaced(folded[0]) else " ") + folded + tail, None


def _joined(folded: str, start: int, clitics: frozenset[str]) -> bool:
    before = folded[max(0, start - 5) : start].rsplit(" ", 1)[-1]
    return before in clitics


def _as_written(text: str, start: int, end: int, written: str) -> bool:
    # In a text all in capitals, "US" says nothing about the country.
    return text[start:end] == written and not (len(written) <= 3 and written.isupper() and _shouted(text))


def _as_a_name(text: str, start: int) -> bool:
    """Whether a capital stands there that nothing but a name asks for; always in scripts that have none."""
    first = text[start]
    if not first.isupper():
        return not first.islower()
    before = text[:start].rstrip(" \"'“”‘’«»([*_")
    if not before or before[-1] in ".!?:;…\n|-–—•":
        return False
    said = [word for word in text.split() if word[0].isalpha()]
    return 2 * sum(1 for word in said if word[0].isupper()) <= len(said) + 1


def _shouted(text: str) -> bool:
    return text.isupper() and len(text.split()) > 3


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
