"""What other people wrote, made safe to show: no terminal codes, no hidden characters, no reordering of our own words.

Letters of every script, the joiners that Persian and emoji need, and the writer's own punctuation stay as they are.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote, urlsplit

from secondsource.contracts.characters import HALF, replaced

ELLIPSIS = "…"
#: Marks stacked on one letter beyond this climb over the lines above ("Zalgo text"); no orthography needs more.
MOST_MARKS = 4

#: ECMA-48: control sequences (CSI), command strings up to their end (OSC, DCS …), escapes; 7- and 8-bit forms. No
#: string begins within another: were an end that is nowhere sought from each, many would take their number squared.
_TERMINAL_CODE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9c-\x9f]*+(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -~]?"
)
_BLANK = re.compile(r"\s+")
#: Bidirectional embeddings, overrides, isolates and marks (UAX #9 §2), which show text in another order than it has.
_REORDERING = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
#: Characters that take no room: no reader sees them, no search finds them. ZWNJ and ZWJ are needed, so stay.
_UNSEEN = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060-\u2065\u206a-\u206f"
    "\u3164\ufeff\uffa0\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e0fff"
)
#: C0 and C1 controls that are not whitespace.
_CONTROL = "\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f"
_UNSHOWN = re.compile(f"[{_CONTROL}{_REORDERING}{_UNSEEN}]")
_RIGHT_TO_LEFT = frozenset({"R", "AL", "RLE", "RLO"})
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"


def clean(text: str) -> str:
    """One line of plain text: whitespace becomes single spaces, nothing is left that acts on its surroundings."""
    text = _TERMINAL_CODE.sub("", text)
    text = replaced(text, HALF)
    text = _UNSHOWN.sub("", text)
    return _few_marks(_BLANK.sub(" ", text).strip())


def clipped(text: str, most: int) -> str:
    """`clean`, cut to at most this many characters, the cut shown."""
    head = text[: _enough(most)]
    return _cut(clean(head), most, more=len(head) < len(text))


def paragraphs(text: str, most: int) -> str:
    """As `clipped`, but keeping single line breaks: for where a text has room of its own."""
    head = text[: _enough(most)]
    lines = [clean(line) for line in head.splitlines()]
    return _cut("\n".join(line for line in lines if line), most, more=len(head) < len(text))


def isolated(text: str) -> str:
    """Text that runs right to left, wrapped so that it does not move the words around it (UAX #9 §2.4.2)."""
    if any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in text):
        return f"{_FIRST_STRONG_ISOLATE}{text}{_POP_ISOLATE}"
    return text


def web_address(url: str) -> str:
    """The address if it is http(s) and names a host, with what could end an attribute or a link encoded; else ""."""
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
    except ValueError:
        return ""
    if parts.scheme.lower() not in {"http", "https"} or not host or HALF.search(url):
        return ""
    return quote(parts.geturl(), safe="!#$%&'()*+,/:;=?@[]~")


def host(url: str) -> str:
    """The host that a web address leads to, "" where it is none: shown beside a link, so that its words cannot lie."""
    address = web_address(url)
    return clipped(urlsplit(address).hostname or "", 80) if address else ""


def _enough(most: int) -> int:
    """How much of a text of any length to look at to show that much of it."""
    return 10 * most + 500


def _cut(text: str, most: int, *, more: bool) -> str:
    return text[: most - 1].rstrip() + ELLIPSIS if more or len(text) > most else text


def _few_marks(text: str) -> str:
    if text.isascii():
        return text
    kept: list[str] = []
    marks = 0
    for c in text:
        marks = marks + 1 if unicodedata.category(c) in {"Mn", "Me"} else 0
        if marks <= MOST_MARKS:
            kept.append(c)
    return "".join(kept)
