"""What the cues of config/cues find in a text: what it denies, asks, affirms, hedges, and on whose word.

A cue is a few words of one language. All languages are searched at once, because the language of a short post is a
guess. Sentences are kept apart: no cue reaches over their ends, and no negation does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from enrich.stance.sources import named_after, named_before, named_behind_comma, named_joined
from secondsource.contracts.credits import OURS, Credits
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.folding import fold, words
from secondsource.contracts.retweet_prefix import without_rt

#: Language → list → cues.
Cues = Mapping[str, Mapping[str, Sequence[str]]]

LISTS = (
    "denies", "elsewhere", "pictures", "disowns", "owns", "rebuts", "alone", "asks", "affirms", "comments", "idle",
    "attribution", "hedges", "pronouns", "negations", "negations_after",
)  # fmt: skip
STOP = "ꙮ"  #: stands for the end of a sentence in a folded text: a letter, so that folding keeps it, and nobody's
FEW_WORDS = 6  #: a bare question of no more than this says nothing of its own
SHORTEST_STEM = 3  #: characters before a *

_YEAR, _SOURCE, _FEW, _NAME = "{year}", "{source}", "{few}", "{name}"
_MOST_BETWEEN = 3  # words that {few} may stand for
_NAMING = frozenset({"attribution", "denies"})  # lists whose cues may name somebody
_JOINED = " ل"  # Arabic "to", at the end of a cue: it is written with the name
_REACH = 5  # words before a cue in which a negation turns it
#: A cue that begins with one of these goes with a negation and is not turned by it ("no hay ninguna prueba").
_WITH_NEGATION = frozenset(
    """aucun aucune rien nada ningun ninguna ninguno никаких никакая никакие никакого никакое никакой ничего""".split()  # noqa: SIM905 -- a list to read
)
_SOURCES_TRIED = 3
_OLD = 20  # years from which what is no picture is older than what is passed off as new
_NEVER = 10_000
_FEW_BEFORE = 3  # words, the pronoun among them: with more, something was named that it stands for
#: Of the words that name nobody, those whose subject stands before them: "the bridge, which", "stood and".
_LINKING = frozenset("which that qui que and or but et ou mais y o pero и а но ve ama".split())  # noqa: SIM905 -- a list to read
#: Ends of Turkish comments, before which stands whom they are for.
_VERBS_LAST = frozenset({"rahmet", "diliyorum", "diliyoruz", "dilerim", "dileriz", "ediyorum", "ediyoruz"})
_LONGEST_NAME = 4  # words that {name} may stand for
_FEW_BESIDE = 2  # words of a clause beside a comment that report nothing by themselves
_LONGEST_MASKED = 2_000  # characters in which disguised words are looked for

# What is searched for in every text begins with a character, not with what stands before it: that is ten times faster.
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
#: What ends a clause; as does that somebody passes on another's words behind it ("Wrong RT @ana: It fell").
_COMMA = re.compile(r"[,،、:;؛.!?؟。！…\n()\"“”„«»]|\s[–—-]\s|\s(?:RT|MT|QT)(?=\s*[:@＠\"“«]|\s*$)")
_TAG = re.compile(r"[#＃]\w+")
_TAG_OR_SAID = re.compile(r"[#＃]\w+|(\w+|[?؟？])")  # a hashtag; or, as group 1, a word or question mark
_YEAR_AFTER = re.compile(r"(\d{4})(?= |$)")
_YEAR_BEFORE = re.compile(r" (\d{4})$")
_YEARS = range(1900, 2100)
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

    `denial`, `rebuttal`, `question`, `affirmed`, `attribution`, `hedge` are the first words of their kind, "" for none.
    `refusal` is a rebuttal that is all of a sentence, or of what stands before a comma; `remark` a comment beside which
    it reports nothing. `quoted` is a denial that stands between quotation marks only. `years` are dated denials: they
    hold for posts of a later year, up to the second one. `source` is whom it names as its source, as written.
    `disowned` is what it says that this is not, as `Stance.disowns`. `folded` is the text as it was searched.
    """

    denial: str = ""
    rebuttal: str = ""
    refusal: str = ""
    question: str = ""
    affirmed: str = ""
    remark: str = ""
    attribution: str = ""
    hedge: str = ""
    quoted: str = ""
    source: str = ""
    disowned: tuple[str, ...] = ()
    words: int = 0
    years: tuple[tuple[int, int, str], ...] = ()
    own: str = ""
    folded: str = ""

    def denied_in(self, year: int) -> str:
        """The words by which it denies, in a post of that year; "" for none."""
        return self.denial or next((cue for first, last, cue in self.years if first < year <= last), "")


class _Cue(NamedTuple):
    label: str
    written: str
    pattern: str  # what is searched for, without the spaces around it
    holds: str  # its placeholder, or ""
    before: bool  # the placeholder stands before the words searched for
    tail: str  # what follows the placeholder
    asked: bool  # counts only in a text with a question mark
    ends: bool  # counts only at the end of a clause, or as a hashtag
    name: Callable[[str, Sequence[str], Set[str]], str]  # finds whom it names


class CueReader:
    """Reads texts by the cues of all languages, and by the credits of agencies. The same text always reads the same.

    Raises:
        BadConfiguration: a list nobody reads, or a cue that cannot work.
    """

    def __init__(self, cues: Cues, agencies: Credits = OURS) -> None:
        self._agencies = agencies
        patterns: dict[str, list[_Cue]] = {}
        plain: dict[str, set[str]] = {
            "negations": set(), "negations_after": set(), "pronouns": set(), "owns": set(), "pictures": set()
        }  # fmt: skip
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
        self._pronouns, self._owns = frozenset(plain["pronouns"]), frozenset(plain["owns"])
        pictures = "|".join(map(re.escape, sorted(plain["pictures"]))) or "(?!)"
        self._pictures = re.compile(rf" [وفبلك]{{0,2}}(?:ال)?(?:{pictures})")  # Arabic joins "and", "in", "the"
        for name in _words_of(agencies):
            patterns.setdefault(f" {name} ", []).append(
                _Cue("agency", name, name, "", False, "", False, False, named_after)
            )
        self._cues = list(patterns.values())
        self._idle = frozenset(
            index for index, cues_of in enumerate(self._cues) if any(cue.label == "idle" for cue in cues_of)
        )
        self._patterns = AhoCorasick(patterns)

    def read(self, text: str) -> Reading:
        own = without_rt(text)
        if STOP in own:  # ours, to part sentences
            own = own.replace(STOP, " ")
        if "@" in own or "＠" in own or "http" in own or "www." in own:
            own = _NOT_OWN.sub(" ", own)
        own = own.strip()
        if "\u202e" in own:  # what is written backwards is shown forwards
            own = _REVERSED.sub(lambda found: found[1][::-1], own)
        reading = self._read(own)
        if (reading.denial or reading.years) and _QUOTED.search(own):
            outside = self._read(_QUOTED.sub(" ", own))
            if outside.words and not (outside.denial or outside.years):
                quoted = reading.denial or reading.years[0][-1]
                return reading._replace(denial="", years=(), quoted=quoted)
        elif reading.rebuttal and any(_fold(found) == _fold(reading.rebuttal) for found in _QUOTED.findall(own)):
            return reading._replace(quoted=reading.rebuttal, refusal="")
        return reading

    def _read(self, own: str) -> Reading:
        kept = _sentences(own)
        folded = f" {' '.join(kept)} "
        count = len(kept) - folded.count(STOP)
        if len(folded) <= _LONGEST_MASKED:
            folded = _unmasked(folded, kept)
        marked = "?" in own or "؟" in own or "？" in own
        question = "?" if marked and _is_question(own, count) else ""
        matches = self._patterns.find_matches_as_indexes(folded, overlapping=True)
        if not matches:  # most posts: they say what they say
            return Reading(question=question, words=count, own=own, folded=folded)
        found = _Found(own, folded)
        for cue, start, end in self._hits(matches, found, marked=marked):
            if cue.label in _BY_ITSELF and "alone" not in found.first and found.all_of_one(cue, start, end):
                found.first["alone"] = cue.written
            if cue.label == "comments":
                found.remarks.append(cue.pattern)
                found.first.setdefault("comments", cue.written)
            elif cue.label == "disowns":
                found.disown(cue, start, end, self._owns)
            elif cue.label not in _ASIDE and found.fits(cue, end):
                if cue.holds == _SOURCE and not found.source:
                    found.name(cue, start, end, self._pronouns)
                if cue.label != "attribution" or not cue.holds:
                    self._take(cue, start, end, found)
        first = found.first
        if "agency" in first and not found.source:
            found.source = next(iter(self._agencies.credited(own)), "")
            if found.source:
                first.setdefault("attribution", found.source)
        return Reading(
            denial=first.get("denies", ""),
            rebuttal=first.get("rebuts", ""),
            refusal=first.get("alone", ""),
            question=first.get("asks", question),
            affirmed=first.get("affirms", ""),
            remark=first["comments"] if found.remarks and "attribution" not in first and found.only_remarks() else "",
            attribution=first.get("attribution", ""),
            hedge=first.get("hedges", ""),
            source=found.source,
            disowned=tuple(found.disowned),
            words=count,
            years=tuple(found.years),
            own=own,
            folded=folded,
        )

    def _take(self, cue: _Cue, start: int, end: int, found: _Found) -> None:
        """A cue tells what its list says, or the opposite where a negation turns it."""
        turned = self._turned(start, end, found) if cue.label in _TURNED else None
        shown = (cue.label == "elsewhere" or cue.holds == _YEAR) and self._is_shown(cue, found.folded, start, end)
        if cue.label == "elsewhere" and not shown:
            return
        label = "denies" if cue.label == "elsewhere" else cue.label
        if cue.holds == _YEAR:
            year = _year(found.folded, start, end, cue)
            if year and turned is None:
                last = _NEVER if shown else year + _OLD
                found.years.append((year, last, cue.written.replace(_YEAR, str(year))))
        elif turned is None:
            found.first.setdefault(label, _as_found(cue, found.folded, start, end))
        elif label in _OPPOSITE:
            found.first.setdefault(_OPPOSITE[label], turned)

    def _is_shown(self, cue: _Cue, folded: str, start: int, end: int) -> bool:
        """Whether a cue says when or where a picture or a report is from: the post has a word for one, or the cue has
        no subject but a pronoun. Others come from other towns, and bridges from 1910.
        """
        if self._pictures.search(folded):
            return True
        before = folded[:start].rpartition(STOP)[2].split()
        if cue.before:  # "1910 yılına ait": what is of that year may follow
            before = before[:-1]
            if not before:
                return not folded[end:].partition(STOP)[0].strip()
        said = len(before)
        return not said or (
            said <= _FEW_BEFORE and before[-1] in self._pronouns and (said == 1 or before[-1] not in _LINKING)
        )

    def _hits(
        self, matches: Sequence[tuple[int, int, int]], found: _Found, *, marked: bool
    ) -> Iterator[tuple[_Cue, int, int]]:
        """Cues that may tell something new, where they stand."""
        idle = [
            (start, end)
            for index, start, end in matches
            if index in self._idle and any(cue.label == "idle" and found.fits(cue, end) for cue in self._cues[index])
        ]
        first = found.first
        for index, start, end in matches:
            tells_nothing = bool(idle) and any(begin < end - 1 and start < over - 1 for begin, over in idle)
            for cue in self._cues[index]:
                if tells_nothing and cue.label != "comments":
                    continue
                if (marked or not cue.asked) and (cue.holds or cue.label not in first or cue.label in _ALL_OF):
                    yield cue, start, end

    def _turned(self, start: int, end: int, found: _Found) -> str | None:
        """A cue with the negation that turns it ("not an old photo"), None where nothing does."""
        folded = found.folded
        if folded[start:end].split(maxsplit=1)[0] in _WITH_NEGATION:
            return None
        before = folded[max(0, start - 80) : start].rpartition(STOP)[2].split()[-_REACH:]
        for place in range(len(before)):
            for stop in range(place + 1, min(place + 3, len(before)) + 1):
                if " ".join(before[place:stop]) in self._negations:
                    turned = f"{' '.join(before[place:])}{folded[start:end]}".strip()
                    if found.in_one_clause(turned):
                        return turned
        if self._negations_after:
            after = folded[end : end + 40].partition(" ")[0]
            if after in self._negations_after:
                return f"{folded[start:end].strip()} {after}"
        return None


class _Found:
    """What is found in one text, list by list; and its clauses, between commas and ends of sentences."""

    __slots__ = (
        "_clauses", "_plain", "_tags", "disowned", "first", "folded", "own", "remarks", "source", "tried", "years"
    )  # fmt: skip

    def __init__(self, own: str, folded: str) -> None:
        self.own = own
        self.folded = folded
        self.first: dict[str, str] = {}
        self.years: list[tuple[int, int, str]] = []
        self.remarks: list[str] = []
        self.disowned: dict[str, None] = {}  # in order
        self.source = ""
        self.tried = 0
        self._clauses: list[str] | None = None
        self._plain = ""
        self._tags: tuple[Collection[str], Collection[str]] | None = None

    def name(self, cue: _Cue, start: int, end: int, pronouns: Set[str]) -> None:
        """Whom it names as its source."""
        if self.tried == _SOURCES_TRIED or (cue.name is named_behind_comma and _COMMA.search(self.own) is None):
            return
        self.tried += 1
        self.source = cue.name(self.own, _whole(self.folded, start, end).split(), pronouns)
        if self.source and cue.label == "attribution":
            self.first["attribution"] = cue.written.replace(_SOURCE, self.source).lstrip(", ")
        elif not self.source and cue.name is named_after:  # "according to people there": on the word of somebody
            self.first.setdefault("attribution", cue.written.replace(_SOURCE, "").strip())

    def disown(self, cue: _Cue, start: int, end: int, owns: Set[str]) -> None:
        """The words beside a cue, one more each time: which of them are a name others know. "Aleppo's" is none, and
        "not Aleppo alone" says nothing of it.
        """
        said = self.folded[start:end]
        before = self.folded[:start].rpartition(STOP)[2].rsplit(maxsplit=_LONGEST_NAME + 1)[-_LONGEST_NAME - 1 :]
        after = self.folded[end:].partition(STOP)[0].split(maxsplit=_LONGEST_NAME + 1)[: _LONGEST_NAME + 1]
        for count in range(1, min(len(before if cue.before else after), _LONGEST_NAME) + 1):
            if cue.before:
                name, before_it, behind_it = before[-count:], before[:-count], after
                phrase, nearest = f" {' '.join(name)}{said}", f" {name[-1]}{said}"
            else:
                name, before_it, behind_it = after[:count], before, after[count:]
                phrase, nearest = f"{said}{' '.join(name)} ", f"{said}{name[0]} "
            if count == 1 and not self._is_said(nearest, begins=cue.written.startswith(",")):
                return
            beside = [f" {word}{phrase}" for word in before_it[-1:] if word in owns]
            beside += [f"{phrase}{word} " for word in behind_it[:1] if word in owns]
            if any(map(self.in_one_clause, beside)) or (not cue.before and behind_it[:1] == ["s"]):
                continue
            self.disowned.setdefault("".join(name))

    def _is_said(self, phrase: str, *, begins: bool) -> bool:
        """Whether no comma parts it ("No, it is Aleppo"). In disguised words none is looked for."""
        if any(clause.startswith(phrase) for clause in self.clauses()) if begins else self.in_one_clause(phrase):
            return True
        self._plain = self._plain or f" {_fold(self.own)} "
        return phrase not in self._plain

    def clauses(self) -> list[str]:
        """Folded, with a space around each; read when they are first asked for."""
        if self._clauses is None:
            own = self.own[:_LONGEST_MASKED]
            self._clauses = [f" {said} " for said in map(_fold, _COMMA.split(own)) if said]
        return self._clauses

    def _tagged(self) -> tuple[Collection[str], Collection[str]]:
        """Its hashtags, and what stands between commas without them: as `clauses`, each once."""
        if self._tags is None:
            own = self.own
            found = _TAG.findall(own), _COMMA.split(_TAG.sub(" ", own))
            tags, tagless = ({f" {_fold(said)} ": None for said in each} for each in found)
            self._tags = tags, tagless
        return self._tags

    def in_one_clause(self, phrase: str) -> bool:
        return len(self.own) > _LONGEST_MASKED or any(phrase in clause for clause in self.clauses())

    def all_of_one(self, cue: _Cue, start: int, end: int) -> bool:
        """Whether a cue is all that the first or last clause says: "Wrong, it stands". One of the list "alone" begins
        the post, and is no cry: "No! Not again".
        """
        said = f" {cue.pattern} "
        if cue.label == "alone":
            if start:
                return False
            ended = rf"(?<!\w){re.escape(cue.written)}\s*(?:[,،:;–—]|[.](?!\s*\d))"
            return re.search(ended, self.own, re.IGNORECASE) is not None and said in self.clauses()
        if start and self.folded[end:].strip(f" {STOP}"):
            return False
        clauses = self.clauses()
        return bool(clauses) and said in {clauses[0], clauses[-1]}

    def fits(self, cue: _Cue, end: int) -> bool:
        """Whether what must follow a cue does: the word it is about, or the end of a clause; hashtags end nothing."""
        if cue.holds == _FEW:
            most = _MOST_BETWEEN + 1 + cue.tail.count(" ")
            after = self.folded[end - 1 :].partition(f" {STOP}")[0].split(maxsplit=most)[:most]
            return f" {cue.tail} " in f" {' '.join(after)} "
        if not cue.ends:
            return True
        said = f" {cue.pattern} "
        if any(clause.endswith(said) for clause in self.clauses()):
            return True
        if "#" not in self.own:
            return False
        tags, tagless = self._tagged()
        return any(map(said.endswith, tags)) or any(part.endswith(said) for part in tagless)

    def only_remarks(self) -> bool:
        """Whether nothing is said but comments: no figure, and no clause of more than a few words that does not begin
        with one. A single word is one of few: "terrible fire in the harbour" reports.
        """
        if any(map(str.isdigit, self.own)):
            return False
        return all(len(clause.split()) <= _FEW_BESIDE or _remarks(clause, self.remarks) for clause in self.clauses())


def _remarks(part: str, remarks: Sequence[str]) -> bool:
    for remark in remarks:
        before, found, after = part.partition(f" {remark} ")
        if remark.rpartition(" ")[2] in _VERBS_LAST:
            beside = len(after.split())
        else:
            beside = len(before.split()) if " " in remark else len(before.split()) + len(after.split())
        if found and beside <= _FEW_BESIDE:
            return True
    return False


_ASIDE = frozenset({"alone", "idle"})
_BY_ITSELF = frozenset({"rebuts", "alone"})
_ALL_OF = frozenset({"rebuts", "comments"})  # more than the first of these may tell something
_TURNED = frozenset({"denies", "elsewhere", "rebuts", "affirms"})
_OPPOSITE = {"denies": "affirms", "affirms": "rebuts"}


def _words_of(agencies: Credits) -> set[str]:
    """A word of each form of an agency's name, as a glance before credits are looked for."""
    longest = (max(words(fold(form)), key=len, default="") for forms in agencies.agencies.values() for form in forms)
    return {word for word in longest if len(word) > 1}


def _compile(patterns: dict[str, list[_Cue]], place: str, label: str, written: str) -> None:
    head, holds, tail = written, "", ""
    for placeholder in (_YEAR, _SOURCE, _FEW, _NAME):
        if placeholder in written:
            head, holds, tail = written.partition(placeholder)
    if holds == _FEW and not tail.strip():
        msg = f"{place}: expected words on both sides of {_FEW}, got {written!r}"
        raise BadConfiguration(msg)
    if holds in {_SOURCE, _NAME} and head.strip() and tail.strip():
        msg = f"{place}: expected words on one side of {holds}, got {written!r}"
        raise BadConfiguration(msg)
    if (
        "{" in head + tail
        or "}" in head + tail
        or (holds == _SOURCE and label not in _NAMING)
        or (holds == _NAME) != (label == "disowns")
        or (holds == _YEAR and label in {"attribution", "alone", "comments", "idle"})
    ):
        msg = f"{place}: {written!r} has a placeholder that is not for this list"
        raise BadConfiguration(msg)
    before = bool(holds) and not head.strip()
    searched, tail = (tail, "") if before else (head, tail)
    open_end = searched.rstrip().endswith("*")
    pattern = _searched(searched.rstrip().removesuffix("*"), place, written)
    if "*" in searched.rstrip().removesuffix("*") + tail or (open_end and len(pattern) < SHORTEST_STEM):
        msg = f"{place}: expected * at the end of a cue only, after {SHORTEST_STEM} letters, got {written!r}"
        raise BadConfiguration(msg)
    joined = holds == _SOURCE and not before and pattern.endswith(_JOINED)
    asked = _QUESTION_MARK.search(written) is not None
    if joined:
        name = named_joined
    elif before:
        name = named_before
    else:
        name = named_behind_comma if written.startswith(",") else named_after
    cue = _Cue(label, written, pattern, holds, before, _fold(tail), asked, written.endswith("."), name)
    ending = "" if open_end or joined else " "
    same = patterns.setdefault(f" {pattern}{ending}", [])
    if cue in same:  # another language has it, too
        return
    same.append(cue)
    if "\u0621" <= pattern[0] <= "\u064a" and not pattern.startswith("و"):
        for also in "وف":  # "and", "so": written with the next word
            patterns.setdefault(f" {also}{pattern}{ending}", []).append(cue)


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
    year = int(found[1])  # in any digits: ٢٠١٤
    return year if year in _YEARS else 0


def _as_found(cue: _Cue, folded: str, start: int, end: int) -> str:
    """A cue in the spelling of its list; of one with an open end, the word that was meant."""
    if cue.holds == _FEW:
        return cue.written.replace(_FEW, "…")
    if cue.ends:
        return cue.pattern
    if not cue.written.endswith("*") and cue.holds != _SOURCE:
        return cue.written
    return _whole(folded, start, end)


def _whole(folded: str, start: int, end: int) -> str:
    """What was found, to the end of its last word."""
    if folded[end - 1] == " ":
        return folded[start:end].strip()
    return folded[start : min(folded.find(" ", end), end + 30)].strip()


def _sentences(own: str) -> list[str]:
    """Folded words, with STOP between sentences. Each sentence is folded apart, without STOP, which is not ASCII:
    folding ASCII is much faster, and many posts are nothing else.
    """
    folded = f" {STOP} ".join([fold(sentence) for sentence in _BREAK.split(own)])
    return folded.split() if own.isascii() else words(folded)


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
