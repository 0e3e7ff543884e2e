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
_OPENING = re.compile(r"\s+[«\"“„]")  # before a name that is set off: сообщает «Интерфакс»
_APART = "ꙮ"  # a letter, so that folding keeps it, and nobody's
_ARABIC = re.compile("[\u0621-\u064a]")
#: Folded: "çöktüğünü", "düştüğü", "sayısını", "iddialarını".
_REPORTED = re.compile("(?:[dt][iu]g[iu](?:n[iu])?|[ae]c[ae]gi(?:n[iu])?|[^s]s[iu]n[iu]|l[ae]r[iu]n[iu])$")
_GENITIVE = re.compile("n[iu]n$|[^n][iu]n$")
_INFLECTED = re.compile("(?<=\\w\\w)['’][yn]?[ae]$")  # Turkish "to", set off from a name
_ELIDED = re.compile("^[ld]['’](?=\\w)")  # "selon l'AFP"
_PARTICLES = frozenset({"of", "the", "and", "for", "in", "de", "la", "le", "du", "des", "del", "al", "el", "d", "l"})


class _Word(NamedTuple):
    folded: str
    start: int
    end: int


def named_before(own: str, said: Sequence[str], pronouns: Set[str]) -> str:
    """The name before the words `said` (folded, as found in `own`); "" where none stands there."""
    tokens, place = _found(own, said, before=_LOOKED_AT)
    following = tokens[place].start if tokens else 0
    clause = _clause_before(own, tokens[:place], following)
    if not clause or (not _inflected(clause) and _names_nobody(own, clause[-1], pronouns)):
        return ""
    if _REPORTED.search(clause[-1].folded):  # Turkish: what is said stands between who says it and "said"
        subject = _clause_before(own, tokens[: place - len(clause)], clause[0].start, over=",")
        clause = subject if 0 < len(subject) <= _LONGEST else _up_to_reported(own, clause)
    if len(clause) > _LONGEST:
        clause = _capital_end(own, clause) or clause[-2:]
    return _name(own, clause[-_LONGEST:], pronouns)


def named_after(own: str, said: Sequence[str], pronouns: Set[str]) -> str:
    """The name after the words `said`."""
    return _after(own, *_found(own, said, after=_LONGEST + 1), len(said), pronouns)


def named_behind_comma(own: str, said: Sequence[str], pronouns: Set[str]) -> str:
    """The name after the words `said`, where these begin a clause: "…, says the mayor"."""
    tokens, place = _found(own, said, before=1, after=_LONGEST + 1)
    if not tokens or not place or _CLAUSE.search(own, tokens[place - 1].end, tokens[place].start) is None:
        return ""
    return _after(own, tokens, place, len(said), pronouns)


def named_joined(own: str, said: Sequence[str], pronouns: Set[str]) -> str:
    """The name whose first word is the last of `said`, without the letter before it: "للأمم المتحدة" is "to the UN"."""
    bare = _after(own, *_found(own, said, before=1, after=_LONGEST), len(said) - 1, pronouns)[1:]
    name = f"ا{bare}" if bare.startswith("ل") else bare
    return "" if fold(name.partition(" ")[0]) in pronouns else name


def _after(own: str, tokens: Sequence[_Word], place: int, length: int, pronouns: Set[str]) -> str:
    clause: list[_Word] = []
    before = tokens[place + length - 1].end if tokens else 0
    whole = False  # the clause is over within the length of a name
    for token in tokens[place + length : place + length + _LONGEST + 1]:
        set_off = not clause and own[token.start].isupper() and _OPENING.fullmatch(own, before, token.start) is not None
        whole = (not set_off and _CLAUSE.search(own, before, token.start) is not None) or (
            bool(clause)
            and (token.folded in pronouns or token.folded.isdigit())
            and _ends_name(own, clause[-1], token, pronouns)
        )
        if whole:
            break
        clause.append(token)
        before = token.end
    if not clause:
        return ""
    over = whole or before == len(own) or _CLAUSE.match(own, before)
    if _ARABIC.match(clause[0].folded):
        return _name(own, _arabic(clause), pronouns)
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


def _arabic(clause: list[_Word]) -> list[_Word]:
    """Words of a name, without those of the sentence that follows: nothing sets them apart but that a name with the
    article ends with it.
    """
    articled = [token.folded.startswith("ال") for token in clause]
    first = articled.index(True) if True in articled else len(clause)
    if first > 2:
        return clause[:3]
    end = first
    while end < len(clause) and articled[end]:
        end += 1
    return clause[:end]


def _ends_name(own: str, last: _Word, token: _Word, pronouns: Set[str]) -> bool:
    """Whether a name is over before a word: "that", or a figure that numbers no name ("police 3 hurt")."""
    if token.folded.isdigit():
        return own[last.start].islower()
    return token.folded not in _PARTICLES and _names_nobody(own, token, pronouns)


def _inflected(clause: Sequence[_Word]) -> bool:
    """Whether the last word is an ending that an apostrophe sets off ("Reuters'a")."""
    return len(clause) > 1 and clause[-1].start == clause[-2].start


def _clause_before(own: str, tokens: Sequence[_Word], following: int, over: str = "") -> list[_Word]:
    """The last words of those before a place that no sign parts from it, but the one that may stand right before it."""
    clause: list[_Word] = []
    for token in reversed(tokens):
        between = own[token.end : following]
        if over and not clause:
            if between.strip() != over:
                break
        elif _CLAUSE.search(own, token.end, following):
            break
        clause.insert(0, token)
        following = token.start
    return clause


def _up_to_reported(own: str, clause: list[_Word]) -> list[_Word]:
    """The words before those of a reported clause, whose subject stands in the genitive; where none is, the first that
    have capitals and no ending, or the first.
    """
    genitive = next((place for place, token in enumerate(clause[:-1]) if place and _GENITIVE.search(token.folded)), 0)
    if genitive:
        return clause[:genitive]
    inflected = (
        place for place, token in enumerate(clause[:-1])
        if not own[token.start].isupper() or token.start == clause[place + 1].start
    )  # fmt: skip
    return clause[: next(inflected, 1) or 1]


def _found(own: str, said: Sequence[str], *, before: int = 0, after: int = 0) -> tuple[list[_Word], int]:
    """The words `said` where they are first found, with so many before and after them, one to each folded one; and
    their place among these. No words if they are nowhere.
    """
    matches = list(_TOKEN.finditer(own))
    tokens = [match[0] for match in matches]
    spelt = fold(" ".join(tokens)).split() if own.isascii() and "_" not in own else []
    owners: Sequence[int] = range(len(matches))  # of each folded word, the match it is of
    if len(spelt) != len(matches):  # in ASCII each token is a word at least: as many words are one each
        found = words(fold(f" {_APART} ".join(tokens)))
        spelt = [word for word in found if word != _APART]
        if len(found) != 2 * len(matches) - 1 or found[1::2].count(_APART) != len(matches) - 1:
            owners = [owner for owner, word in _counted(found) if word != _APART]
    wanted = list(said)
    place = _place(spelt, wanted)
    if place < 0:
        return [], 0
    first, end = max(0, place - before), place + len(wanted) + after
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
    name = " ".join(own[named[0].start : named[-1].end].split()) if named else ""
    return _ELIDED.sub("", _INFLECTED.sub("", name))


def _names_nobody(own: str, token: _Word, pronouns: Set[str]) -> bool:
    """A pronoun or article; initials are a name whatever they spell ("US", "UN")."""
    written = own[token.start : token.end]
    return token.folded in pronouns and not (len(written) > 1 and written.isupper())
