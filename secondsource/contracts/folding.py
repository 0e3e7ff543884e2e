"""One written form for many spellings of the same words, and the way back to where they stood.

Folding makes two spellings equal that a reader takes for the same word: case, Latin accents, compatibility
forms (𝐀 and Ａ for a), Arabic letter forms (أ إ آ for ا, ة for ه, ى for ي), vowel signs and tatweel, and
invisible characters. Everything that is neither letter nor digit becomes a space.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

#: Characters folded away without a trace: Arabic and Hebrew vowel signs, combining accents, tatweel,
#: zero-width and direction marks, variation selectors.
_DROPPED_CHARACTERS = (
    "\u00ad\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u061c\u0640\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff"
)
_DROPPED = re.compile(f"[{_DROPPED_CHARACTERS}]")

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


_table = _Table()  # a pure function's memory: what it holds does not depend on who filled it
for _code in range(0x800):
    _table[_code] = _fold_character(chr(_code))
_ASCII_TABLE = bytes(ord(_table[code]) if code < 128 else code for code in range(256))  # one for one


class Folded(NamedTuple):
    """`offsets[i]` is where the folded character i stood in the original; None where it is i itself."""

    text: str
    offsets: Sequence[int] | None


def fold(text: str) -> str:
    """The folded form; not trimmed, runs of spaces kept."""
    return _fold_ascii(text) if text.isascii() else text.translate(_table)


def _fold_ascii(text: str) -> str:
    return text.encode("ascii").translate(_ASCII_TABLE).decode("ascii")


def fold_with_offsets(text: str) -> Folded:
    """The folded form and the way back."""
    if text.isascii():
        return Folded(_fold_ascii(text), None)
    folded = text.translate(_table)
    if len(folded) == len(text) and not _LIGATURES.search(text):
        return Folded(folded, None)
    offsets: list[int] = []
    for position, character in enumerate(text):
        offsets.extend([position] * len(_table[ord(character)]))
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


# What copies have in common

#: Letters that look like a Latin one, as they are after folding: Cyrillic, Greek, Armenian, IPA, small capitals. What
#: matters is that both of a pair become the same, so that l, which stands for I in many fonts, becomes i.
_LOOKALIKES = str.maketrans(
    "авеікмнорстухѕјһԛԝѵԁԍгпзьбαβεηικνορτυχωγδμπσօսհոցքյաԼլɑɡɩɪʀʏɢɴʙʟʜƅƨȷɯʋᴀᴄᴅᴇᴊᴋᴍᴏᴘᴛᴜᴠᴡᴢꜱꞵl",
    "abeikmhopctyxsjhqwvdgrnebbabenikvoptuxwydmnoouhngqjuiiagiirygnbihbsjwvacdejkmoptuvwzsbi",
)
_FIGURES = str.maketrans("01345789", "oieastbg")
_FIGURE = re.compile("[0-9]")
_SINGLES = re.compile(r" \w \w \w ")
_SPELT = re.compile(r"(?<!\S)(?:[^\W\d_] ){3,}[^\W\d_](?!\S)")  # l i k e this
_LONGEST = 40_000  # characters of a text that are read
_REMEMBERED_LENGTH = 1_000  # characters of a text whose copied form is remembered
_FEWEST_WORDS = 8
# Possessive, so that blanks without end behind a prefix are walked over once, not once for each of them.
_REPOSTED = re.compile(r"(?:\s*+(?:RT|MT|QT|via)\b[\s:]*+(?:@[\w.@-]++[\s:]*+)?)+", re.IGNORECASE)
#: Begins with one of a few characters, which is searched for at once, and then looks back which of them it was.
_LINK_OR_MENTION = re.compile(
    r"[hwptHWPT@＠](?:(?i:(?<=h)ttps?:?/|(?<=w)ww\.|(?<=p)ic\.twitter\.com/|(?<=t)\.co/)\S*"
    r"|(?<=[@＠])(?<!\w[@＠])\w[\w.@-]*)"
)
_SIGN_IN_WORD = re.compile(r"(?<=\w)[@$](?=\w)")


#: Put before the vowel of a Hangul syllable that is written in parts, to be seen at once.
_IN_PARTS = "\ue000"
_VOWELS = range(0x1161, 0x1176)


class _CopyTable(dict[int, str]):
    def __missing__(self, code: int) -> str:
        folded = _table[code].translate(_LOOKALIKES)
        if code in _VOWELS:
            folded = _IN_PARTS + folded
        if code <= 0xFFFF:
            self[code] = folded
        return folded


_copy_table = _CopyTable()
for _code in range(0x800):
    _copy_table[_code] = _table[_code].translate(_LOOKALIKES)


RIGHT_TO_LEFT = "\u202e"  #: turns what follows it around
_TURNED = re.compile(f"{RIGHT_TO_LEFT}([^\u202c\n]{{0,5000}})\u202c?")


def forwards(text: str) -> str:
    """What a reader sees of a text that is written backwards behind a mark which turns it around."""
    return _TURNED.sub(lambda turned: turned[1][::-1], text)


def copied_text(text: str) -> str:
    """The words a copy of a text keeps, one blank apart, in a form that is for comparing only.

    No retweet prefix, links, mentions, emoji, case, accents, invisible characters, nor a last word cut short. Letters
    that look alike are one (а and a, l and I, and in a word 0 and o), s p e l t words are whole again, and so is what a
    direction mark turns around, and Hangul syllables that are written in parts.
    """
    # what is sketched is compared a moment later, and what is said often is copied often
    return _remembered(text) if len(text) <= _REMEMBERED_LENGTH else _copied(text[:_LONGEST])


def _copied(text: str) -> str:
    plain = text.isascii()
    if not plain:
        if RIGHT_TO_LEFT in text:
            text = forwards(text)
        text = _unseen(text)
    if text[:1].isspace() or text[:2] in _PREFIXES or text[:3].lower() == "via":
        prefix = _REPOSTED.match(text)
        text = text[prefix.end() :] if prefix else text
    if "@" in text or "//" in text or "＠" in text or "www." in text or "pic." in text or "t.co" in text:
        text = _LINK_OR_MENTION.sub(" ", text)
    cut = text[-10:].rstrip().endswith(("…", "..."))
    if "@" in text or "$" in text:
        text = _SIGN_IN_WORD.sub(lambda sign: "a" if sign[0] == "@" else "s", text)
    if plain:
        letters = text.encode("ascii").translate(_ASCII_COPY_TABLE)
        folded, shape = letters.decode("ascii"), letters.translate(_ASCII_SHAPES)
        singles, figures = b" a a a " in shape, b"0" in shape
    else:
        folded = text.translate(_copy_table)
        if _IN_PARTS in folded:
            folded = unicodedata.normalize("NFC", folded.replace(_IN_PARTS, ""))
        singles, figures = bool(_SINGLES.search(folded)), bool(_FIGURE.search(folded))
    if singles:
        folded = _joined(folded, text)
    kept = words(folded)
    if figures:
        kept = [word if word.isalpha() or word.isdecimal() else word.translate(_FIGURES) for word in kept]
    if cut and len(kept) > _FEWEST_WORDS:
        kept = kept[:-1]  # "…wounded near the hosp…" was cut by the platform inside its last word
    return " ".join(kept)


def _joined(folded: str, text: str) -> str:
    """With s p e l t words whole again: where most are, by the blanks of the text as it was, w-r-i-t-t-e-n like this,
    or by the wider ones.
    """
    letters = folded.split()
    if 4 * sum(len(each) == 1 for each in letters) < 3 * len(letters):
        return _SPELT.sub(lambda spelt: spelt[0].replace(" ", ""), folded)
    written = text.split()
    if 2 * len(written) <= len(letters):
        parts = [each.translate(_copy_table).replace(_IN_PARTS, "") for each in written]
    else:
        parts = folded.split("  ")
    return " ".join("".join(part.split()) for part in parts)


_remembered = lru_cache(maxsize=8_192)(_copied)

_PREFIXES = frozenset(a + b for word in ("rt", "mt", "qt") for a in (word[0], word[0].upper()) for b in "tT")
_ASCII_COPY_TABLE = bytes(ord(_copy_table[code]) if code < 128 else code for code in range(256))  # one for one
_ASCII_SHAPES = bytes(ord("a" if chr(code).isalpha() else "0" if chr(code).isdigit() else " ") for code in range(256))
_UNSEEN = re.compile(f"[{_DROPPED_CHARACTERS}\u180e\U000e0000-\U000e007f]+")


def _unseen(text: str) -> str:
    """Without marks and what nobody sees: they may stand inside "RT", a link or a mention."""
    return _UNSEEN.sub("", text)
