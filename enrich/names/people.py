"""People who are in no list: a known given name and the family names after it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from secondsource.contracts.folding import fold

_CAPITAL = (
    "A-Z\u00c0-\u00d6\u00d8-\u00de\u0100\u0106\u010c\u0110\u0118\u011e\u0130\u0141\u0143\u0150"
    "\u015a\u015e\u0160\u0170\u0179\u017b\u017d"
)
_SMALL = "a-z\u00df-\u00f6\u00f8-\u00ff\u0101-\u017f"
_NAME = f"[{_CAPITAL}][{_SMALL}'’]*[{_SMALL}](?:-[{_CAPITAL}][{_SMALL}]+)?(?:[{_CAPITAL}][{_SMALL}]+)?"
_BETWEEN = "(?: [A-Z]\\.| (?:van|von|der|den|de|del|la|al|el|bin|ibn|da|dos|di|le))*"
_PERSON = re.compile(rf"(?<![\w@#＠＃'’/.])({_NAME})((?:{_BETWEEN} {_NAME}){{0,2}})(?![\w@])")
_SENTENCE_END = ".!?:;…\n|-–—•"
_QUOTES = " \"'“”‘’«»([*_"
_NOT_FAMILY = frozenset(
    """the and for but not you are was has had his her she they this that with from will would can could says said told
    when what who why how monday tuesday wednesday thursday friday saturday sunday january february march april may june
    july august september october november december street avenue road park university college school airport hospital
    county city church bridge island lake river day night show news live north south east west valley border army police
    government president prime minister embassy parliament ministry court bank club team football basketball cup league
    open times post today tribune journal herald match attack attacks bombing shooting war peace agreement accord
    climate fashion week festival marathon airport metro tower defence defense forces saint st new old city""".split()  # noqa: SIM905 -- a list to read
)


class Person(NamedTuple):
    """`start` and `end` are character offsets in the text; `id` the name in one spelling."""

    start: int
    end: int
    id: str


def people(text: str, given: frozenset[str]) -> Iterator[Person]:
    """Names of people in the text: of `given` names (folded) with what follows; alone only inside a sentence.

    A text that capitalises most of its words tells nothing.
    """
    if not given or _titled(text):
        return
    for match in _PERSON.finditer(text):
        first = fold(match[1])
        if first not in given:
            continue
        end = match.end()
        rest = match[2].split()
        while rest and fold(rest[-1]) in _NOT_FAMILY:
            end -= len(rest.pop()) + 1
        if not rest and begins_sentence(text, match.start()):
            continue
        yield Person(match.start(), end, " ".join(fold(text[match.start() : end]).split()))


def _titled(text: str) -> bool:
    said = [word for word in text.split() if word[0].isalpha()]
    return len(said) > 3 and 3 * sum(1 for word in said if word[0].isupper()) > 2 * len(said)


def begins_sentence(text: str, start: int) -> bool:
    """Whether what stands there begins a sentence, whatever quotes and brackets it is in."""
    while start and text[start - 1] in _QUOTES:  # what is before is not copied: a long text may have a name everywhere
        start -= 1
    return not start or text[start - 1] in _SENTENCE_END
