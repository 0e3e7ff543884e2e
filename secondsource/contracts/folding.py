"""One written form for many spellings of the same words, and the way back to where they stood.

Folding makes two spellings equal that a reader takes for the same word: case, Latin accents, compatibility
forms (𝐀 and Ａ for a), Arabic letter forms (أ إ آ for ا, ة for ه, ى for ي), vowel signs and tatweel, and
invisible characters. Everything that is neither letter nor digit becomes a space.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

#: Characters folded away without a trace: Arabic and Hebrew vowel signs, combining accents, tatweel,
#: zero-width and direction marks, variation selectors.
DROPPED_CHARACTERS = (
    "\u00ad\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u061c\u0640\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff"
)
_DROPPED = re.compile(f"[{DROPPED_CHARACTERS}]")

#: Where one character may fold to several (ligatures). Elsewhere a character folds to one or to none, so that a
#: folded text as long as its original, with none of these in it, has lost nothing and has the original's offsets.
_LIGATURES = re.compile("[\ufb00-\ufb4f\ufb50-\ufdff\ufe70-\ufefe]")

#: A character of a word for a regular expression: `\w` leaves out the marks that Arabic, Hebrew and Indic words carry.
WORD_CHARACTER = r"[\w\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u109f\u200c\u200d]"

_ARABIC = {
    "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ئ": "ي", "ؤ": "و",
    "ة": "ه", "ۀ": "ه", "ہ": "ه", "ک": "ك",
}  # fmt: skip
_ODD = {"ß": "s", "ı": "i", "ł": "l", "ø": "o", "đ": "d", "ς": "σ"}


class _Table(dict[int, str]):
    """A translation table that works out each character when it is first met."""

    def __missing__(self, code: int) -> str:
        folded = _fold_character(chr(code))
        if code <= 0xFFFF:  # hostile text must not grow the table without bound
            self[code] = folded
        return folded


def _fold_character(character: str) -> str:
    if _DROPPED.match(character):
        return ""
    compatible = unicodedata.normalize("NFKC", character).lower()
    if not _LIGATURES.match(character):
        compatible = compatible[:1]
    return "".join(_fold_letter(letter) for letter in compatible if not _DROPPED.match(letter)) or " "


def _fold_letter(letter: str) -> str:
    if letter in _ARABIC:
        return _ARABIC[letter]
    if letter in _ODD:
        return _ODD[letter]
    parts = unicodedata.normalize("NFD", letter)
    if len(parts) > 1 and all("\u0300" <= mark <= "\u036f" for mark in parts[1:]):
        return _ODD.get(parts[0], parts[0])
    # Vowel signs of Indic scripts (Mn, Mc) are part of the word; surrogates and unassigned characters are not.
    return letter if letter.isalnum() or unicodedata.category(letter) in {"Mn", "Mc"} else " "


#: What each character folds to, by its number: a pure function's memory, which does not depend on who filled it.
FOLDED = _Table()
for _code in range(0x800):
    FOLDED[_code] = _fold_character(chr(_code))
_ASCII_TABLE = bytes(ord(FOLDED[code]) if code < 128 else code for code in range(256))  # one for one


class Folded(NamedTuple):
    """`offsets[i]` is where the folded character i stood in the original; None where it is i itself."""

    text: str
    offsets: Sequence[int] | None


def fold(text: str) -> str:
    """The folded form; not trimmed, runs of spaces kept."""
    return _fold_ascii(text) if text.isascii() else text.translate(FOLDED)


def _fold_ascii(text: str) -> str:
    return text.encode("ascii").translate(_ASCII_TABLE).decode("ascii")


def fold_with_offsets(text: str) -> Folded:
    """The folded form and the way back."""
    if text.isascii():
        return Folded(_fold_ascii(text), None)
    folded = text.translate(FOLDED)
    if len(folded) == len(text) and not _LIGATURES.search(text):
        return Folded(folded, None)
    offsets: list[int] = []
    for position, character in enumerate(text):
        offsets.extend([position] * len(FOLDED[ord(character)]))
    return Folded(folded, offsets)


def words(folded: str) -> list[str]:
    """Words of a folded text; in scripts written without spaces each character is one."""
    if folded.isascii() or not _UNSPACED.search(folded):
        return folded.split()
    return _WORD.findall(folded)


#: Scripts that put no space between words: Thai, Lao, Myanmar, Khmer, kana, Han.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
)
_UNSPACED = re.compile(f"[{UNSPACED}]")
_WORD = re.compile(f"[{UNSPACED}]|[^\\s{UNSPACED}]+")


def is_unspaced(character: str) -> bool:
    return _UNSPACED.match(character) is not None
