"""What the cues of config/cues find in a text: what it denies, asks, affirms, hedges, and on whose word.

A cue is a few words of one language. All languages are searched at once, because the language of a short post is a
guess. Sentences are kept apart: no cue reaches over their ends, and no negation does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from enrich.stance.sources import named_after, named_before
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.folding import fold, words

#: Language → list → cues.
Cues = Mapping[str, Mapping[str, Sequence[str]]]

LISTS = (
    "denies", "rebuts", "asks", "affirms", "attribution", "hedges", "pronouns", "negations", "negations_after",
)  # fmt: skip
STOP = "ꙮ"  #: stands for the end of a sentence in a folded text: a letter, so that folding keeps it, and nobody's
FEW_WORDS = 6  #: a bare question of no more than this says nothing of its own
SHORTEST_STEM = 3  #: characters before a *

_YEAR, _SOURCE = "{year}", "{source}"
_REACH = 5  # words before a cue in which a negation turns it
_SOURCES_TRIED = 3
_LONGEST_MASKED = 2_000  # characters in which disguised words are looked for

# What is searched for in every text begins with a character, not with what stands before it: that is ten times faster.
_REPOSTED = re.compile(r"(?:\s*RT\b[\s:]*(?:@[\w.@-]+)?[\s:]*)+")
_NOT_OWN = re.compile(r"https?://\S+|www\.\S+|[@＠](?<!\w.)\w[\w.@-]*")
_QUESTION = re.compile(r"[?؟？;\u037e]\s*$")
_QUESTION_MARK = re.compile("[?؟？]")
# Only from where a run of them begins: tried from each of its characters, a long run would take its length squared.
_SENTENCE_END = re.compile(r"(?<![.!?؟？。！…\n])[.!?؟？。！…\n]+(?:\s|$)")
# An abbreviation ("U.N. said") ends no sentence.
_BREAK = re.compile(
    r"[.!?؟？。！…;:؛\n–—-](?:"
    r"(?<=[.!?؟？。！…])(?<!\b[^\W\d_]\.)[.!?؟？。！…]{0,8}(?=[\s\"”»')]|$)"
    r"|(?<=\n)|(?<=[;:؛])(?=\s)|(?<=\s[–—-])(?=\s))"
)
_TAG_OR_SAID = re.compile(r"[#＃]\w+|(\w+|[?؟？])")  # a hashtag; or, as group 1, a word or question mark
_YEAR_AFTER = re.compile(r"((?:19|20)\d\d)(?= |$)")
_YEAR_BEFORE = re.compile(r" ((?:19|20)\d\d)$")
_QUOTED = re.compile(r"[\"“”„«»]([^\"“”„«»]{1,500})[\"“”„«»]")
_REVERSED = re.compile("\u202e([^\u202c\n]{0,500})\u202c?")
_FEWEST_SPACED = 4  # letters
_SPACED = re.compile(r" [^\W\d_](?: [^\W\d_]){3,60}(?= )")
_MIXED = re.compile("[\u0370-\u052f](?:(?<=[a-z].)|(?=[a-z]))")
_MIXED_WORD = re.compile("[a-z\u0370-\u052f]+")
_AS_LATIN = str.maketrans("аеорсухіјѕһԁԛԝкмтнвαορυνικτε", "aeopcyxijshdqwkmthbaopuvikte")
_AS_CYRILLIC = str.maketrans("aeopcyxijkmthb", "аеорсухіјкмтнв")


class Reading(NamedTuple):
    """What a text says, whatever kind of post it is in.

    `denial`, `rebuttal`, `question`, `affirmed`, `attribution`, `hedge` are the first words of their kind, "" for none;
    `quoted` is a denial that stands between quotation marks only. `years` are dated denials: they hold for posts of
    a later year. `source` is whom it names as its source, as written. `folded` is the text as it was searched.
    """

    denial: str = ""
    rebuttal: str = ""
    question: str = ""
    affirmed: str = ""
    attribution: str = ""
    hedge: str = ""
    quoted: str = ""
    source: str = ""
    words: int = 0
    years: tuple[tuple[int, str], ...] = ()
    own: str = ""
    folded: str = ""

    def denied_in(self, year: int) -> str:
        """The words by which it denies, in a post of that year; "" for none."""
        return self.denial or next((cue for before, cue in self.years if before < year), "")


class _Cue(NamedTuple):
    label: str
    written: str
    holds: str  # its placeholder, or ""
    before: bool  # the placeholder stands before the words searched for
    tail: str  # what follows the placeholder
    asked: bool  # counts only in a text with a question mark


class CueReader:
    """Reads texts by the cues of all languages. The same text always reads the same.

    Raises:
        BadConfiguration: a list nobody reads, or a cue that cannot work.
    """

    def __init__(self, cues: Cues) -> None:
        patterns: dict[str, list[_Cue]] = {}
        plain: dict[str, set[str]] = {"negations": set(), "negations_after": set(), "pronouns": set()}
        for language, lists in cues.items():
            for label, listed in lists.items():
                place = f"cues.{language}.{label}"
                if label not in LISTS:
                    msg = f"{place}: expected one of {', '.join(LISTS)}"
                    raise BadConfiguration(msg)
                for written in listed:
                    if label in plain:
                        plain[label].add(_searched(written, place, written))
                    else:
                        _compile(patterns, place, label, written)
        self._negations, self._negations_after = plain["negations"], plain["negations_after"]
        self._pronouns = frozenset(plain["pronouns"])
        self._cues = list(patterns.values())
        self._patterns = AhoCorasick(patterns)

    def read(self, text: str) -> Reading:
        reposted = _REPOSTED.match(text) if "RT" in text[:20] else None
        own = text[reposted.end() :] if reposted else text
        if "@" in own or "＠" in own or "http" in own or "www." in own:
            own = _NOT_OWN.sub(" ", own)
        own = own.strip()
        if "\u202e" in own:  # what is written backwards is shown forwards
            own = _REVERSED.sub(lambda found: found[1][::-1], own)
        reading = self._read(own)
        if (reading.denial or reading.years) and _QUOTED.search(own):
            outside = self._read(_QUOTED.sub(" ", own))
            if outside.words and not (outside.denial or outside.years):
                quoted = reading.denial or reading.years[0][1]
                return reading._replace(denial="", years=(), quoted=quoted)
        return reading

    def _read(self, own: str) -> Reading:
        kept = words(fold(_BREAK.sub(f" {STOP} ", own)))
        count = len(kept) - kept.count(STOP)
        folded = f" {' '.join(kept)} "
        if len(folded) <= _LONGEST_MASKED:
            folded = _unmasked(folded, kept)
        marked = "?" in own or "؟" in own or "？" in own
        first: dict[str, str] = {}
        years: list[tuple[int, str]] = []
        source, tried = "", 0
        for cue, start, end in self._hits(folded, first, marked=marked):
            if cue.holds == _SOURCE:
                if source or tried == _SOURCES_TRIED:
                    continue
                tried += 1
                name = named_before if cue.before else named_after
                source = name(own, folded[start:end].split(), self._pronouns)
                if source:
                    first["attribution"] = cue.written.replace(_SOURCE, source)
                elif not cue.before:  # "according to people there": on the word of somebody
                    first.setdefault("attribution", cue.written.replace(_SOURCE, "").strip())
                continue
            turned = self._turned(folded, start, end) if cue.label in _TURNED else None
            if cue.holds == _YEAR:
                year = _year(folded, start, end, cue)
                if year and turned is None:
                    years.append((year, cue.written.replace(_YEAR, str(year))))
            elif turned is None:
                first.setdefault(cue.label, _as_found(cue, folded, start, end))
            elif cue.label in _OPPOSITE:
                first.setdefault(_OPPOSITE[cue.label], turned)
        return Reading(
            denial=first.get("denies", ""),
            rebuttal=first.get("rebuts", ""),
            question=first.get("asks", "") or ("?" if marked and _is_question(own, count) else ""),
            affirmed=first.get("affirms", ""),
            attribution=first.get("attribution", ""),
            hedge=first.get("hedges", ""),
            source=source,
            words=count,
            years=tuple(years),
            own=own,
            folded=folded,
        )

    def _hits(self, folded: str, first: Mapping[str, str], *, marked: bool) -> Iterator[tuple[_Cue, int, int]]:
        """Cues that may tell something new, where they stand."""
        for index, start, end in self._patterns.find_matches_as_indexes(folded, overlapping=True):
            for cue in self._cues[index]:
                if (marked or not cue.asked) and (cue.holds or cue.label not in first):
                    yield cue, start, end

    def _turned(self, folded: str, start: int, end: int) -> str | None:
        """A cue with the negation that turns it ("not an old photo"), None where nothing does."""
        before = folded[max(0, start - 80) : start].rpartition(STOP)[2].split()[-_REACH:]
        for place in range(len(before)):
            for stop in range(place + 1, min(place + 3, len(before)) + 1):
                if " ".join(before[place:stop]) in self._negations:
                    return f"{' '.join(before[place:])}{folded[start:end]}".strip()
        if self._negations_after:
            after = folded[end : end + 40].partition(" ")[0]
            if after in self._negations_after:
                return f"{folded[start:end].strip()} {after}"
        return None


_TURNED = frozenset({"denies", "rebuts", "affirms"})
_OPPOSITE = {"denies": "affirms", "affirms": "rebuts"}


def _compile(patterns: dict[str, list[_Cue]], place: str, label: str, written: str) -> None:
    head, holds, tail = written, "", ""
    for placeholder in (_YEAR, _SOURCE):
        if placeholder in written:
            head, holds, tail = written.partition(placeholder)
    if "{" in head + tail or "}" in head + tail or (holds == _SOURCE) != (holds != "" and label == "attribution"):
        msg = f"{place}: {written!r} has a placeholder that is not for this list"
        raise BadConfiguration(msg)
    before = bool(holds) and not head.strip()
    searched, tail = (tail, "") if before else (head, tail)
    open_end = searched.rstrip().endswith("*")
    pattern = _searched(searched.rstrip().removesuffix("*"), place, written)
    if "*" in searched.rstrip().removesuffix("*") + tail or (open_end and len(pattern) < SHORTEST_STEM):
        msg = f"{place}: expected * at the end of a cue only, after {SHORTEST_STEM} letters, got {written!r}"
        raise BadConfiguration(msg)
    cue = _Cue(label, written, holds, before, _fold(tail), _QUESTION_MARK.search(written) is not None)
    ending = "" if open_end else " "
    patterns.setdefault(f" {pattern}{ending}", []).append(cue)
    if "\u0621" <= pattern[0] <= "\u064a" and not pattern.startswith("و"):
        for joined in "وف":  # "and", "so": written with the next word
            patterns.setdefault(f" {joined}{pattern}{ending}", []).append(cue)


def _searched(part: str, place: str, written: str) -> str:
    pattern = _fold(part)
    if not pattern:
        msg = f"{place}: expected a cue that begins with a word, got {written!r}"
        raise BadConfiguration(msg)
    return pattern


def _fold(part: str) -> str:
    return " ".join(words(fold(part)))


def _year(folded: str, start: int, end: int, cue: _Cue) -> int:
    """The year in a cue's place for one, 0 for none."""
    found = _YEAR_BEFORE.search(folded, max(0, start - 5), start) if cue.before else _YEAR_AFTER.match(folded, end)
    if found is None or (cue.tail and not folded.startswith(f" {cue.tail} ", found.end())):
        return 0
    return int(found[1])


def _as_found(cue: _Cue, folded: str, start: int, end: int) -> str:
    """A cue in the spelling of its list; of one with an open end, the word that was meant."""
    if not cue.written.endswith("*"):
        return cue.written
    stop = folded.find(" ", end)
    return folded[start : min(stop, end + 30)].strip()


def _unmasked(folded: str, kept: Sequence[str]) -> str:
    """With words in their usual spelling that were disguised: l e t t e r s apart, letters of another alphabet."""
    if not folded.isascii() and _MIXED.search(folded):
        folded = _MIXED_WORD.sub(_in_one_alphabet, folded)
    if list(map(len, kept)).count(1) < _FEWEST_SPACED:
        return folded
    return _SPACED.sub(lambda run: " " + run[0].replace(" ", ""), folded)


def _in_one_alphabet(word: re.Match[str]) -> str:
    if _MIXED.search(word[0]) is None:
        return word[0]
    latin = word[0].translate(_AS_LATIN)
    return word[0].translate(_AS_CYRILLIC) if _MIXED.search(latin) else latin


def _is_question(own: str, count: int) -> bool:
    """A text that is one question and nothing else: "Is this Velgrad?", "really??", "???"."""
    bare = own[: max((found.end() for found in _TAG_OR_SAID.finditer(own) if found[1]), default=0)] or own
    if _QUESTION.search(bare) is None:
        return False
    return count <= FEW_WORDS or _SENTENCE_END.search(bare.rstrip("?؟？ !")) is None
