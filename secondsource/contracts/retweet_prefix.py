"""The "RT @who:" before a text that somebody passes on by hand, as often as it was passed on so.

Where two texts are compared, "MT", "QT" and "via" go too, in any case: at worst both lose a word. A text that is read
for what it says loses "RT" alone, or it would lose the Mt. of a mountain.
"""

from __future__ import annotations

import re

# Possessive, so that blanks without end behind a prefix are walked over once, not once for each of them.
_PREFIXES = r"(?:\s*+(?:{})\b[\s:]*+(?:@[\w.@-]++[\s:]*+)?)+"
_RETWEETED = re.compile(_PREFIXES.format("RT"))
_PASSED_ON = re.compile(_PREFIXES.format("RT|MT|QT|via"), re.IGNORECASE)
_BY_HAND = re.compile(r"(?:\s*+(?:RT|MT|QT)\b[\s:]*+@([\w.@-]*+(?<=\w))\s*+:\s*+)+")
_BEGINNINGS = frozenset(a + b for word in ("rt", "mt", "qt") for a in (word[0], word[0].upper()) for b in "tT")


def without_rt(text: str) -> str:
    """The text behind each "RT @who:" that it begins with."""
    return _behind(_RETWEETED, text) if "RT" in text[:20] else text


def without_prefix(text: str) -> str:
    """The text behind each prefix of any kind that it begins with."""
    if text[:1].isspace() or text[:2] in _BEGINNINGS or text[:3].lower() == "via":
        return _behind(_PASSED_ON, text)
    return text


def passed_on_from(text: str) -> str:
    """Whose words somebody passes on by hand: "ana" of "RT @brana: RT @ana: Fire", without the sign; "" of others."""
    found = _BY_HAND.match(text) if "@" in text[:20] else None
    return found[1] if found else ""


def _behind(prefixes: re.Pattern[str], text: str) -> str:
    found = prefixes.match(text)
    return text[found.end() :] if found else text
