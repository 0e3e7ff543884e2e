"""Names worth knowing, and where they stand in a text.

A gazetteer file is UTF-8 TSV, one thing a line; `#` starts a comment line:

    id <TAB> person|place|organisation|event <TAB> name|other name|… [<TAB> language]

A name matches whole words in any case and spelling that `fold` takes for the same. A name of up to five capitals
(UN, WHO) matches only as written, and so does a name written with `=` before it (=Turkey). With a language, a line
counts only in posts of that language. A later file's names win over an earlier one's.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, cast, get_args

from ahocorasick_rs import AhoCorasick

from enrich.fold import WORD_CHARACTER, fold, fold_with_offsets, is_unspaced
from secondsource.contracts.errors import BadConfiguration

Kind = Literal["person", "place", "organisation", "event"]

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

_URL_OR_MENTION = re.compile(r"(?:https?://|www\.)\S+|(?<!\w)[@＠]\w[\w.@-]*")
_HASHTAG = re.compile(f"[#＃]{WORD_CHARACTER}+")
#: Where a word ends inside a hashtag: saveAleppo, Aleppo2016.
_INNER = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


class Term(NamedTuple):
    """One name of one thing; `source` is the file and line it came from."""

    id: str
    kind: Kind
    name: str
    exact: bool
    language: str
    source: str


class Match(NamedTuple):
    """`start` and `end` are character offsets in the text as given."""

    start: int
    end: int
    kind: Kind
    id: str


class _Candidate(NamedTuple):
    term: Term
    written: str  # as the text must have it, where the term is exact
    clitics: frozenset[str] | None  # what may stand between word start and name; None: the pattern says itself


def read_terms(files: Iterable[Path]) -> list[Term]:
    """All terms of the files, in their order.

    Raises:
        BadConfiguration: a file or line that cannot be read, with its file:line and what to write.
    """
    terms: list[Term] = []
    for file in files:
        try:
            lines = file.read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            msg = f"{file}: expected a gazetteer as UTF-8 TSV: {error}"
            raise BadConfiguration(msg) from error
        named: dict[tuple[str, str], str] = {}
        for number, line in enumerate(lines, start=1):
            if line.strip() and not line.startswith("#"):
                for term in _read_line(line, f"{file}:{number}"):
                    key = (term.name if term.exact else fold(term.name), term.language)
                    earlier = named.setdefault(key, term.source)
                    if earlier != term.source:
                        msg = (
                            f"{term.source}: the name {term.name!r} is already taken at {earlier}; keep one of the two"
                        )
                        raise BadConfiguration(msg)
                    terms.append(term)
    return terms


def _read_line(line: str, source: str) -> list[Term]:
    cells = [cell.strip() for cell in line.split("\t")]
    if len(cells) not in (3, 4) or not cells[0]:
        msg = (
            f"{source}: expected id, kind, names and perhaps a language between tabs, got {len(cells)} cells: {line!r}"
        )
        raise BadConfiguration(msg)
    kind, language = cells[1], cells[3] if len(cells) == 4 else ""
    if kind not in get_args(Kind):
        msg = f"{source}: kind: expected one of {', '.join(get_args(Kind))}, got {kind!r}"
        raise BadConfiguration(msg)
    terms = []
    for written in cells[2].split("|"):
        name = written.strip().removeprefix("=").strip()
        if len("".join(fold(name).split())) < (1 if any(map(is_unspaced, name)) else 2):
            msg = f"{source}: names: expected names of two letters or more between |, got {written!r}"
            raise BadConfiguration(msg)
        exact = written.strip().startswith("=") or _CAPITALS.match(name) is not None
        terms.append(Term(cells[0], cast("Kind", kind), name, exact, language, source))
    return terms


class Gazetteer:
    """All terms in one Aho-Corasick automaton: the time of a search does not depend on how many there are."""

    def __init__(self, terms: Iterable[Term]) -> None:
        candidates: dict[str, list[_Candidate]] = {}
        for term in terms:
            for pattern, clitics in _patterns(term.name):
                written = re.sub(r"^\W+|\W+$", "", term.name) if term.exact else ""
                candidates.setdefault(pattern, []).insert(0, _Candidate(term, written, clitics))
        self.size = len(candidates)
        self._candidates = list(candidates.values())
        self._patterns = AhoCorasick(candidates)
        # The pattern's length, less the spaces that stand for word ends.
        self._leads = [len(pattern) - len(pattern.lstrip(" ")) for pattern in candidates]
        self._tails = [len(pattern) - len(pattern.rstrip(" ")) for pattern in candidates]

    def find(self, text: str, language: str = "und") -> list[Match]:
        """Names in the text from left to right, the longest first where two begin together; none overlap."""
        folded, offsets = fold_with_offsets(text)
        found = self._search(text, folded, offsets, language, 0)
        if "#" in text or "＃" in text:
            found += self._inside_hashtags(text, language)
        if not found:
            return []
        if "@" in text or "＠" in text or "://" in text or "www." in text:
            found = _outside(found, [match.span() for match in _URL_OR_MENTION.finditer(text)])
        return _leftmost_longest(found)

    def _search(self, text: str, folded: str, offsets: Sequence[int] | None, language: str, shift: int) -> list[Match]:
        padded = f" {folded} "
        found: list[Match] = []
        for index, first, last in self._patterns.find_matches_as_indexes(padded, overlapping=True):
            start, end = first + self._leads[index] - 1, last - self._tails[index] - 1
            for candidate in self._candidates[index]:
                if candidate.clitics is not None and not _joined(folded, start, candidate.clitics):
                    continue
                term = candidate.term
                if term.language and term.language != language:
                    continue
                if offsets is None:
                    left, right = start, end
                else:
                    left, right = offsets[start], offsets[end - 1] + 1
                if term.exact and not _as_written(text, left + shift, right + shift, candidate.written):
                    continue
                found.append(Match(left + shift, right + shift, term.kind, term.id))
                break
        return found

    def _inside_hashtags(self, text: str, language: str) -> list[Match]:
        found: list[Match] = []
        for tag in _HASHTAG.finditer(text):
            word = tag.group()
            if not _INNER.search(word):
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
    for folded in dict.fromkeys((raw, " ".join(raw.split()))):
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
    found.sort(key=lambda match: (match.start, -match.end, match.id))
    chosen: list[Match] = []
    free = 0
    for match in found:
        if match.start >= free:
            chosen.append(match)
            free = match.end
    return chosen
