"""Whom a text names as its source: "the UN" in "The UN said it had received reports". A guess at where a name ends."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from itertools import takewhile
from typing import NamedTuple

from secondsource.contracts.folding import fold, words

_LONGEST = 5  # words of a name
_LOOKED_AT = 9  # words around the cue
_TOKEN = re.compile(r"[@#]?\w(?:[\w.'’&@-]{0,60}\w)?")
_CLAUSE = re.compile(r"[!?؟？。！…,،;:؛|()\[\]\"“”„«»\n]|[.](?=\s)|\s[-–—]\s")
_APART = "ꙮ"  # a letter, so that folding keeps it, and nobody's
_PARTICLES = frozenset({"of", "the", "and", "for", "in", "de", "la", "le", "du", "des", "del", "al", "el", "d", "l"})


class _Word(NamedTuple):
    folded: str
    start: int
    end: int


def named_before(own: str, said: Sequence[str], pronouns: Set[str]) -> str:
    """The name before the words `said` (folded, as found in `own`); "" where none stands there."""
    tokens, place = _found(own, said)
    clause: list[_Word] = []
    following = tokens[place].start if tokens else 0
    for token in reversed(tokens[max(0, place - _LOOKED_AT) : place]):
        if _CLAUSE.search(own, token.end, following):
            break
        clause.insert(0, token)
        following = token.start
    if not clause or _names_nobody(own, clause[-1], pronouns):
        return ""
    if len(clause) > _LONGEST:
        clause = _capital_end(own, clause) or clause[-2:]
    return _name(own, clause[-_LONGEST:], pronouns)


def named_after(own: str, said: Sequence[str], pronouns: Set[str]) -> str:
    """The name after the words `said`."""
    tokens, place = _found(own, said)
    clause: list[_Word] = []
    before = tokens[place + len(said) - 1].end if tokens else 0
    whole = False  # the clause is over within the length of a name
    for token in tokens[place + len(said) : place + len(said) + _LONGEST + 1]:
        whole = _CLAUSE.search(own, before, token.start) is not None
        if whole:
            break
        clause.append(token)
        before = token.end
    if not clause:
        return ""
    over = whole or before == len(own) or _CLAUSE.match(own, before)
    if over and len(clause) <= _LONGEST:
        return _name(own, clause, pronouns)
    lower = list(takewhile(lambda token: not own[token.start].isupper(), clause))
    name = lower + list(
        takewhile(lambda token: own[token.start].isupper() or token.folded in _PARTICLES, clause[len(lower) :])
    )
    if len(lower) == len(clause) or len(lower) > 2:
        name = clause[: 2 + (clause[0].folded in _PARTICLES)]
    while name and name[-1].folded in _PARTICLES:
        name.pop()
    return _name(own, name, pronouns)


def _found(own: str, said: Sequence[str]) -> tuple[list[_Word], int]:
    """The words around the place where `said` is first found, one to each folded one, and that place among them; no
    words if it is nowhere.
    """
    matches = list(_TOKEN.finditer(own))
    found = words(fold(f" {_APART} ".join([match[0] for match in matches])))
    spelt = [word for word in found if word != _APART]
    owners: Sequence[int] = range(len(matches))  # of each folded word, the match it is of
    if len(found) != 2 * len(matches) - 1 or found[1::2].count(_APART) != len(matches) - 1:
        owners = [owner for owner, word in _counted(found) if word != _APART]
    wanted = list(said)
    place = _place(spelt, wanted)
    if place < 0:
        return [], 0
    first, end = max(0, place - _LOOKED_AT), place + len(wanted) + _LONGEST + 1
    around = zip(spelt[first:end], (matches[owner] for owner in owners[first:end]), strict=True)
    return [_Word(word, match.start(), match.end()) for word, match in around], place - first


def _counted(found: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Each word with how many ends of tokens stand before it."""
    owner = 0
    for word in found:
        yield owner, word
        owner += word == _APART


def _place(spelt: list[str], wanted: list[str]) -> int:
    """Where one list begins in the other, -1 if nowhere."""
    place = -1
    try:
        while True:
            place = spelt.index(wanted[0], place + 1)
            if spelt[place : place + len(wanted)] == wanted:
                return place
    except ValueError:
        return -1


def _capital_end(own: str, clause: Sequence[_Word]) -> list[_Word]:
    """The run of capitalised words at the end, with the particles inside it."""
    run: list[_Word] = []
    for token in reversed(clause):
        if not (own[token.start].isupper() or (run and token.folded in _PARTICLES)):
            break
        run.insert(0, token)
    while run and run[0].folded in _PARTICLES:
        run.pop(0)
    return run


def _name(own: str, tokens: Sequence[_Word], pronouns: Set[str]) -> str:
    """As written, without the words in front of it that name nobody."""
    named = list(tokens)
    while named and _names_nobody(own, named[0], pronouns):
        named.pop(0)
    return " ".join(own[named[0].start : named[-1].end].split()) if named else ""


def _names_nobody(own: str, token: _Word, pronouns: Set[str]) -> bool:
    """A pronoun or article; initials are a name whatever they spell ("US", "UN")."""
    written = own[token.start : token.end]
    return token.folded in pronouns and not (len(written) > 1 and written.isupper())
