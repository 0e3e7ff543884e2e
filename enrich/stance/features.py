"""What a stance model sees of a post: the letters of its words in runs, and signs, which are there or not.

Runs of letters carry most of it, but what a model learns of them is of one language and one set of events; so the cues,
the punctuation, whom it speaks to, and how much of the text stands already in what it answers are there too. Counts and
shares come in steps.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from enrich.stance.cues import STOP, Reading

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
_ADDRESSING_WORDS = (
    "you u ur your youre yours yourself ya tu te toi vous votre usted tus ты вы вас твой ваш sen siz انت انتم"
)
_DISPUTING_WORDS = """
wrong false fake lie lies liar lying lied bullshit bs crap nonsense ridiculous rubbish garbage propaganda biased rumor
rumors rumour rumours speculation stupid idiot idiots moron dumb fool ignorant racist shit fuck fucking shame shameful
disgusting pathetic lame irresponsible stop grow learn please really seriously
"""
_CERTAIN_WORDS = (
    "actually fact facts check truth true false clearly obviously evidence proof proven prove wrong incorrect"
)
_TURNING = frozenset({"but", "however", "though", "mais", "pero", "но", "ama", "لكن"})
_NEGATIVE, _ASKING = frozenset(_NEGATIVE_WORDS.split()), frozenset(_ASKING_WORDS.split())
_ADDRESSING, _CERTAIN = frozenset(_ADDRESSING_WORDS.split()), frozenset(_CERTAIN_WORDS.split())
_DISPUTING = frozenset(_DISPUTING_WORDS.split()) | _CERTAIN | _NEGATIVE
_REACH = 4  # words behind a negation that it may be about
_RUNS = (2, 5)  # letters of a run, within a word and the space around it
_MOST_LETTERS = 600  # read of a text, and looked at from its end
_LENGTHS = (1, 2, 4, 7, 11, 16, 22)
_SHARES = (0.01, 0.12, 0.25, 0.4, 0.6, 0.85)
_NEW = (1, 3, 6, 10, 15)
_END_MARK = re.compile(r"[?؟][\s!?؟]*(?:[#＃]\w+\s*)*$")
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]")


class Thread(NamedTuple):
    """What a post answers, and what all of its thread began with. None: not known."""

    parent: Reading | None = None
    source: Reading | None = None


class Seen(NamedTuple):
    """`signs` are the names of what is there; `letters` counts runs of letters, whose names begin with ~."""

    signs: frozenset[str]
    letters: Mapping[str, int]


def features(reading: Reading, shows: bool, thread: Thread | None = None, *, cues: bool = True) -> Seen:
    """What a model sees. `shows`: the post carries a link or picture. `cues`: with those of the lists."""
    said = [word for word in reading.folded.split() if word != STOP][:_MOST_WORDS]
    found = {*_form(reading.own, said, shows), *_tone(said)}
    if cues:
        found.update(_cues(reading, ""))
    if thread is not None and (thread.source or thread.parent):
        found.update(_answering(said, thread, cues=cues))
    return Seen(frozenset(found), _letters(reading.own))


def _letters(own: str) -> Mapping[str, int]:
    shortest, longest = _RUNS
    found: list[str] = []
    for word in own[:_MOST_LETTERS].casefold().split():
        padded = f" {word} "
        for size in range(shortest, longest + 1):
            if len(padded) <= size:
                found.append(f"~{padded}")
                break
            found += [f"~{padded[at : at + size]}" for at in range(len(padded) - size + 1)]
    return Counter(found)


def _tone(said: list[str]) -> Iterator[str]:
    """Whom it speaks to, and how."""
    own = set(said)
    disputing = len(own & _DISPUTING)
    negations = sum(word in _NEGATIVE for word in said)
    yield f"negations {min(negations, 3)}"
    if disputing:
        yield f"disputing {min(disputing, 3)}"
    if own & _CERTAIN:
        yield "certain"
    if own & _TURNING:
        yield "but"
    if own & _ADDRESSING:
        yield "addressing"
        if disputing:
            yield "addressing, disputing"
        if negations:
            yield "addressing, negative"
    if said:
        if said[0] in _ASKING:
            yield "asks first"
        if said[0] in _DISPUTING:
            yield "disputes first"
    if not _NEGATIVE.isdisjoint(said[:3]):
        yield "negative soon"


def _form(own: str, said: list[str], shows: bool) -> Iterator[str]:
    yield f"length {bisect_right(_LENGTHS, len(said))}"
    if shows:
        yield "shows"
    if "?" in own or "؟" in own:
        yield "?"
        yield "? at the end" if _END_MARK.search(own[-_MOST_LETTERS:]) else "? inside"
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


def _answering(said: list[str], thread: Thread, *, cues: bool) -> Iterator[str]:
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
        if not _NEGATIVE.isdisjoint(said):
            yield "negative, deep"
    yield from _against(said, parent, source)
    for of, other in (("parent ", thread.parent), ("source ", thread.source)):
        if other is not None:
            if "?" in other.own:
                yield f"{of}?"
            if cues and (of == "parent " or not deep):
                yield from _cues(other, of)


def _against(said: list[str], parent: set[str], source: set[str]) -> Iterator[str]:
    """What it sets against the words of its parent and of its thread's first post."""
    negative = [at for at, word in enumerate(said) if word in _NEGATIVE]
    if negative:
        yield "negative, its parent too" if _NEGATIVE & parent else "negative, its parent not"
        if any(len(word) > 3 and word in parent | source for at in negative for word in said[at + 1 : at + 1 + _REACH]):
            yield "negates a word of theirs"
    numbers, theirs = _numbers(said), _numbers(source)
    if numbers and theirs:
        yield "numbers of the source" if numbers & theirs else "other numbers than the source"
    if _ADDRESSING & parent:
        yield "its parent addressing"
    if _DISPUTING & parent:
        yield "its parent disputing"


def _numbers(said: Iterable[str]) -> set[str]:
    return {word for word in said if word.isdigit()}
