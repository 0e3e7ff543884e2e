"""Languages of the Arabic script told apart by the letters only they write.

Sources: the alphabets as Unicode lists them in chapter 9.2 of its core specification.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_LETTER = re.compile("[\u0620-\u064a\u066e-\u06d3\u06d5\u06ee\u06ef\u06fa-\u06ff\u0750-\u077f]")

#: Letters of one language among those told apart here, the most telling alphabets first.
_OWN: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("ug", re.compile("[ۇۈۋڭ]")),
    ("sd", re.compile("[ٻڀٿڄڃڇڌڏڊڳڱڻڦڪ]")),
    ("ps", re.compile("[ټډړږښڼېۍځڅ]")),
    ("ckb", re.compile("[ڕڵۆێە]")),
    ("ur", re.compile("[ٹڈڑںےۓہھ]")),
)
_LEAST = 0.02  # of the letters; a borrowed word in a long text is not enough
_NOT_ARABIC = re.compile("[پچژگ]")
_PERSIAN_FORMS = re.compile("[پچژگکی]")
_ARABIC_ONLY = re.compile("[ةىيكأإؤ]")


class Written(NamedTuple):
    """`language` is "" where the letters leave it open: then it is one of `among`."""

    language: str
    confidence: float
    among: tuple[str, ...] = ()


def by_letters(text: str) -> Written | None:
    """What a text is in by its letters, None where it is mostly in another script."""
    letters = len(_LETTER.findall(text))
    if 2 * letters < sum(map(str.isalpha, text)) or not letters:
        return None
    counts = [(len(own.findall(text)), language) for language, own in _OWN]
    most, language = max(counts, key=lambda count: count[0])
    if most >= max(1.0, _LEAST * letters):
        return Written(language, round(most / (most + 0.1 + sum(count for count, _ in counts) - most), 4))
    persian, arabic = len(_PERSIAN_FORMS.findall(text)), len(_ARABIC_ONLY.findall(text))
    if persian and not arabic:
        return Written("", 0.0, ("fa", "ur"))
    if arabic > 3 * persian and not _NOT_ARABIC.search(text) and arabic >= _LEAST * letters:
        return Written("ar", round(arabic / (arabic + 0.1 + persian), 4))
    return Written("", 0.0, ("ar", "fa"))
