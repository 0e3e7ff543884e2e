"""What a stance model sees of a post: names of what is there. All are yes or no; counts and shares come in steps.

Words carry most of it, but what a model learns of words is of one language and one set of events; so the cues, the
punctuation, and how much of the text stands already in what it answers are there too.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from enrich.stance_cues import STOP, Reading

_MOST_WORDS = 60  # read of a text
_CUES = ("denial", "rebuttal", "question", "affirmed", "attribution", "hedge", "quoted", "source")
_NEGATIVE_WORDS = """
not no never isn wasn aren weren don doesn didn won ain cannot can couldn wouldn hasn haven nobody none nothing nope
without ne pas jamais nunca ni sin tampoco не нет ни никогда degil yok ليس ليست لم لن لا غير مش
"""
_ASKING_WORDS = """
who what where when why how which is are was were do does did has have had can could would will should any anyone
qui quoi ou quand pourquoi comment est quel quelle quien que donde cuando porque como es esta alguien
кто что где когда почему как ли mi mu هل من ما اين متي لماذا كيف
"""
_NEGATIVE, _ASKING = frozenset(_NEGATIVE_WORDS.split()), frozenset(_ASKING_WORDS.split())
_LENGTHS = (1, 2, 4, 7, 11, 16, 22)
_SHARES = (0.01, 0.12, 0.25, 0.4, 0.6, 0.85)
_NEW = (1, 3, 6, 10, 15)
_END_MARK = re.compile(r"[?؟][\s!?؟]*(?:[#＃]\w+\s*)*$")
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")


class Thread(NamedTuple):
    """What a post answers, and what all of its thread began with. None: not known."""

    parent: Reading | None = None
    source: Reading | None = None


def features(reading: Reading, shows: bool, thread: Thread | None = None, *, cues: bool = True) -> list[str]:
    """The names of what is there. `shows`: the post carries a link or picture. `cues`: those of the lists too."""
    said = [word for word in reading.folded.split() if word != STOP][:_MOST_WORDS]
    found = [f"w {word}" for word in set(said)]
    found += {f"b {one} {other}" for one, other in pairwise(("^", *said, "$"))}
    found += _form(reading.own, said, shows)
    negative = _NEGATIVE.intersection(said)
    if negative:
        found.append("negative")
    if said and said[0] in _ASKING:
        found.append("asks first")
    if cues:
        found += _cues(reading, "")
    if thread is not None and (thread.source or thread.parent):
        found += _answering(said, thread, bool(negative), cues=cues)
    return found


def _form(own: str, said: list[str], shows: bool) -> Iterator[str]:
    yield f"length {bisect_right(_LENGTHS, len(said))}"
    if shows:
        yield "shows"
    if "?" in own or "؟" in own:
        yield "?"
        yield "? at the end" if _END_MARK.search(own) else "? inside"
        if own.count("?") > 1:
            yield "??"
    exclaimed = own.count("!")
    if exclaimed:
        yield "!!" if exclaimed > 2 else "!"
    if "..." in own or "…" in own:
        yield "..."
    if '"' in own or "“" in own or "«" in own:
        yield "quotes"
    if "#" in own:
        yield "hashtag"
    if any(map(str.isdigit, own)):
        yield "digits"
    if sum(map(str.isupper, own)) > 0.5 * len(own) > 4:
        yield "capitals"
    if not own.isascii() and _EMOJI.search(own):
        yield "emoji"


def _cues(reading: Reading, of: str) -> Iterator[str]:
    for kind, value in zip(_CUES, _values(reading), strict=True):
        if value:
            yield f"{of}cue {kind}"
    if reading.denial and not reading.question:
        yield f"{of}denies"
    elif (reading.rebuttal or reading.quoted) and not (reading.affirmed or reading.question):
        yield f"{of}rebuts only"


def _values(reading: Reading) -> tuple[object, ...]:
    return (
        reading.denial or reading.years, reading.rebuttal, reading.question, reading.affirmed, reading.attribution,
        reading.hedge, reading.quoted, reading.source,
    )  # fmt: skip


def _answering(said: list[str], thread: Thread, negative: bool, *, cues: bool) -> Iterator[str]:
    own = set(said)
    parent = set() if thread.parent is None else set(thread.parent.folded.split())
    source = set() if thread.source is None else set(thread.source.folded.split())
    size = max(1, len(own))
    if source:
        yield f"of the source {bisect_right(_SHARES, len(own & source) / size)}"
    if parent:
        yield f"of its parent {bisect_right(_SHARES, len(own & parent) / size)}"
    yield f"new {bisect_right(_NEW, len(own - parent - source))}"
    deep = bool(parent and source and parent != source)
    if deep:
        yield "deep"
        if said:
            yield f"deep ^ {said[0]}"
    if negative:
        yield "negative, its parent too" if _NEGATIVE & parent else "negative, its parent not"
        repeated = {other for word, other in pairwise(said) if word in _NEGATIVE} & (source | parent)
        if repeated:
            yield "negates its parent's word"
    for of, reading in (("parent ", thread.parent), ("source ", thread.source)):
        if reading is not None:
            if "?" in reading.own:
                yield f"{of}?"
            if cues and (of == "parent " or not deep):
                yield from _cues(reading, of)
