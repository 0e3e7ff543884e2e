"""What of a text its copies keep, however they are written: the words without what copying changes.

Everything here makes two writings of one text equal. Whether what is left in common makes one text a copy of another is
for those to judge who have both.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from secondsource.contracts.folding import DROPPED_CHARACTERS, FOLDED, words
from secondsource.contracts.references import resolved
from secondsource.contracts.retweet_prefix import without_prefix

_LONGEST = 40_000  # characters of a text that are read
_REMEMBERED_LENGTH = 1_000  # characters of a text whose copied form is remembered
_FEWEST_WORDS = 8
_TIGHT = 16  # letters a word: who writes more leaves the blanks out

#: Letters and signs that look like a Latin letter, as they are after folding: Cyrillic, Greek, Armenian, others. What
#: matters is that both of a pair become the same, so that l, which stands for I in many fonts, becomes i.
_LOOKALIKES = str.maketrans(
    "авекмнорстухгпзьбяишцдэжфіѕјһԛԝѵԁԍєѡү" "αβεηικνορτυχωγδμπσλξθφ" "օսհոցքյաԼլ" "ɑɩƅƨɯʋꞵə¢∂l",
    "abekmhopctyxrnebbrnwuaexoisjhqwvdgewy" "abenikvoptuxwydmnoaeoo" "ouhngqjuii" "aibswvbecdi",
)  # fmt: skip
#: How characters are named that are Latin letters in another dress: ᴀ, ɐ, 🅰, ⒜, ɓ.
_DRESSED = re.compile(r"(?!COMBINING).*\bLATIN (?:SMALL |CAPITAL )?LETTER (?:[A-Z]+ )*([A-Z])(?: WITH [A-Z ]+)?")
_FILLERS = "\u115f\u1160\u3164\uffa0"  # letters of Hangul that show nothing
#: Put before the vowel of a Hangul syllable that is written in parts, to be seen at once.
_IN_PARTS = "\ue000"
_VOWELS = range(0x1161, 0x1176)
_PICTURED = range(0x1D400, 0x1FB00)  # letters of mathematics, emoji


class _Table(dict[int, str]):
    """A translation table that works out each character when it is first met."""

    def __missing__(self, code: int) -> str:
        letter = _plain_letter(chr(code)).translate(_LOOKALIKES)
        if code in _VOWELS:
            letter = _IN_PARTS + letter
        if code <= 0xFFFF or code in _PICTURED:  # hostile text must not grow the table without bound
            self[code] = letter
        return letter


def _plain_letter(character: str) -> str:
    """A character folded, a decimal digit of any script as one of ours, a Latin letter without its dress."""
    folded = FOLDED[ord(character)]
    if folded.isdecimal():
        return str(int(folded))
    if character in _FILLERS:
        return " "
    if folded in (" ", character) and ord(character) not in _LOOKALIKES:
        dressed = _DRESSED.fullmatch(unicodedata.name(character, ""))
        return dressed[1].lower() if dressed else folded
    return character if folded == " " else folded


_table = _Table()
_ASCII_TABLE = bytes(ord(_table[code]) if code < 128 else code for code in range(256))  # one for one
_ASCII_SHAPES = bytes(ord("a" if chr(code).isalpha() else "0" if chr(code).isdigit() else " ") for code in range(256))

#: Begins with one of a few characters, which is searched for at once, and then looks back which of them it was.
_LINK_OR_MENTION = re.compile(
    r"[hwptHWPT@＠](?:(?i:(?<=h)ttps?:?/|(?<=w)ww\.|(?<=p)ic\.twitter\.com/|(?<=t)\.co/)\S*"
    r"|(?<=[@＠])(?<!\w[@＠])\w[\w.@-]*)"
)
_FIGURES = str.maketrans("013456789", "oieasbtbg")
_FIGURE = re.compile("[0-9]")
#: Names with their sign behind them, and none with it before.
_ADDRESSED_BACKWARDS = re.compile(r"(?:[^@]*+(?<=\w)@(?!\S))++[^@]*+")
_SIGN_IN_WORD = re.compile(r"(?<=\w)[@$!€£](?=\w)|\$(?=[^\W\d])|(?<=[^\W\d])\$")
_SIGNS = {"@": "a", "$": "s", "!": "i", "€": "e", "£": "i"}
_SINGLES = re.compile(r" \w \w \w ")
_SPELT = re.compile(r"(?<!\S)(?:[^\W\d_] ){3,}[^\W\d_](?!\S)")  # l i k e this
_HUMP = re.compile(r"(?<=[a-z\d])(?=[A-Z])")

RIGHT_TO_LEFT = "\u202e"  #: turns what follows it around
_TURNED = re.compile(f"{RIGHT_TO_LEFT}([^\u202c\n]{{0,5000}})\u202c?")
#: Marks and what nobody sees: they may stand inside "RT", a link or a mention.
_UNSEEN = re.compile(f"[{DROPPED_CHARACTERS}\u180e\U000e0000-\U000e007f]+")

#: Letters and figures as they are seen when they stand on their heads.
_UPSIDE_DOWN = str.maketrans(
    "ɐqɔpǝɟƃɓɥᴉıɾſʞןlɯuodbɹsʇnʌʍxʎz∀ƎℲ⅁⅂⊥∩ԀᴚΛ⅄69",
    "abcdefgghiijjkllmnopqrstuvwxyzaefgltuprvy96",
)
_ON_THEIR_HEADS = re.compile("[ɐɔǝɟƃɓɥᴉıɾʞןɯɹʇʌʍʎ∀ƎℲ⅁⅂⊥∩ԀᴚΛ⅄]")
_FEWEST_ON_THEIR_HEADS = 5  # one character in so many, at least
_FLAG_LETTERS = re.compile("[\U0001f1e6-\U0001f1ff]")


def forwards(text: str) -> str:
    """What a reader sees of a text that is written backwards behind a mark which turns it around."""
    return _TURNED.sub(lambda turned: turned[1][::-1], text)


def copied_text(text: str) -> str:
    """The words a copy of a text keeps, one blank apart, in a form that is for comparing only.

    No retweet prefix, links, mentions, emoji, case, accents, invisible characters, nor a last word cut short. Letters
    that look alike are one (а and a, l and I, and in a word 0 and o), and so are those of other alphabets and fonts
    that stand for Latin ones. Whole again are s p e l t words, BlanksLeftOut, what a direction mark turns around, and
    Hangul syllables that are written in parts.
    """
    # what is sketched is compared a moment later, and what is said often is copied often
    return _remembered(text) if len(text) <= _REMEMBERED_LENGTH else _copied(text[:_LONGEST])


def _copied(text: str) -> str:
    if "&" in text and ";" in text:
        text = resolved(text)
    if "//:" in text or (("@ " in text or text[-1:] == "@") and _ADDRESSED_BACKWARDS.fullmatch(text)):
        text = text[::-1]
    plain = text.isascii()
    if not plain:
        text = _as_seen(text)
    text = without_prefix(text)
    if "@" in text or "//" in text or "＠" in text or "www." in text or "pic." in text or "t.co" in text:
        text = _LINK_OR_MENTION.sub(" ", text)
    if "@" in text or "$" in text or "!" in text or (not plain and ("€" in text or "£" in text)):
        text = _SIGN_IN_WORD.sub(lambda sign: _SIGNS[sign[0]], text)
    kept = _words(text, plain=plain)
    if len(kept) > _FEWEST_WORDS and text[-10:].rstrip().endswith(("…", "...")):
        kept = kept[:-1]  # "…wounded near the hosp…" was cut by the platform inside its last word
    found = " ".join(kept)
    if len(found) > _TIGHT * len(kept) and _HUMP.search(text):
        return _copied(_HUMP.sub(" ", text))
    return found if plain or 2 * len(found) > len(text) else _spelt_with_flags(text) or found


_remembered = lru_cache(maxsize=8_192)(_copied)


def _as_seen(text: str) -> str:
    if RIGHT_TO_LEFT in text:
        text = forwards(text)
    if "ǝ" in text or "ɐ" in text or "ʇ" in text:
        many = _FEWEST_ON_THEIR_HEADS * len(_ON_THEIR_HEADS.findall(text)) > len(text)
        text = text.translate(_UPSIDE_DOWN) if many else text
    return _UNSEEN.sub("", text)


def _words(text: str, *, plain: bool) -> list[str]:
    """In plain letters; `plain`: nothing but ASCII."""
    if plain:
        letters = text.encode("ascii").translate(_ASCII_TABLE)
        folded, shape = letters.decode("ascii"), letters.translate(_ASCII_SHAPES)
        singles, figures = b" a a a " in shape, b"0" in shape
    else:
        folded = text.translate(_table)
        if _IN_PARTS in folded:
            folded = unicodedata.normalize("NFC", folded.replace(_IN_PARTS, ""))
        singles, figures = bool(_SINGLES.search(folded)), bool(_FIGURE.search(folded))
    kept = words(_joined(folded, text) if singles else folded)
    if figures:
        return [word if word.isalpha() or word.isdecimal() else word.translate(_FIGURES) for word in kept]
    return kept


def _joined(folded: str, text: str) -> str:
    """With s p e l t words whole again: where most are, by the blanks of the text as it was, w-r-i-t-t-e-n like this,
    or by the wider ones.
    """
    letters = folded.split()
    if 4 * sum(len(each) == 1 for each in letters) < 3 * len(letters):
        return _SPELT.sub(lambda spelt: spelt[0].replace(" ", ""), folded)
    written = text.split()
    if 2 * len(written) <= len(letters):
        parts = [each.translate(_table).replace(_IN_PARTS, "") for each in written]
    else:
        parts = folded.split("  ")
    return " ".join("".join(part.split()) for part in parts)


def _spelt_with_flags(text: str) -> str:
    """What is spelt with the letters that flags are made of, if most letters are; else ""."""
    letters = len(_FLAG_LETTERS.findall(text))
    if letters < _FEWEST_WORDS or 2 * letters < sum(map(str.isalpha, text)):
        return ""
    return _copied(_FLAG_LETTERS.sub(lambda letter: chr(ord(letter[0]) - 0x1F1E6 + ord("a")), text))
