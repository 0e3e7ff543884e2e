"""Which watches a post belongs to, decided here: for replays, and where a platform does not say why it sent a post.

A watch takes a post that meets any of its hashtags, `any_of`, phrases and accounts (or has none of these), and all of
`all_of`, and none of `none_of`, in one of its languages. A post whose platform names no language passes: enrichment
will find out. A watch without a single positive word takes nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from secondsource.contracts.messages import Post
from secondsource.contracts.watch import Watch

_ARABIC_MARKS = "\u0640" + "".join(map(chr, (*range(0x0610, 0x061B), *range(0x064B, 0x0660), 0x0670)))
_ARABIC = str.maketrans("أإآٱىئؤةکی", "ااااييوهكي", _ARABIC_MARKS)
_WORD = re.compile(r"\w+")
# Thai, Lao, Burmese, Khmer, kana, Han: written without spaces, so a keyword is sought anywhere
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def normalised(text: str) -> str:
    """Case folded, compatibility forms unified, Arabic letter forms and vowel marks levelled."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", text).casefold()
    return text.translate(_ARABIC) if any("\u0600" <= letter <= "\u06ff" for letter in text) else text


def words(text: str) -> list[str]:
    """Words of a normalised text; '#', '@' and punctuation are no part of them."""
    return _WORD.findall(text)


class _Terms(NamedTuple):
    """Numbers of the terms a watch speaks of."""

    any_of: frozenset[int]
    all_of: frozenset[int]
    none_of: frozenset[int]
    languages: frozenset[str]


class Matcher:
    """Many watches at once: terms are found through the first word of each, whatever their number."""

    def __init__(self, watches: Sequence[Watch]) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self._watches = [(watch.name, self._terms(watch)) for watch in watches]
        self._by_first: dict[str, list[tuple[str, int]]] = defaultdict(list)
        self._unspaced: list[tuple[str, int]] = []
        self._hashtags: dict[str, int] = {}
        self._accounts: dict[str, int] = {}
        for (kind, text), number in self._numbers.items():
            if kind == "hashtag":
                self._hashtags[text] = number
            elif kind == "account":
                self._accounts[text] = number
            elif _UNSPACED.search(text):
                self._unspaced.append((text, number))
            else:
                self._by_first[text.partition(" ")[0]].append((f" {text} ", number))
        self._of_term: dict[int, list[int]] = defaultdict(list)
        for index, (_, terms) in enumerate(self._watches):
            # a watch is looked at only when one of these is met
            for number in terms.any_of or terms.all_of:
                self._of_term[number].append(index)

    def watches(self, post: Post, context: str = "") -> tuple[str, ...]:
        """Names of the watches that take the post, in the order given. `context` is the text of what it quotes."""
        met = self._met(post, f"{post.text}\n{context}" if context else post.text)
        if not met:
            return ()
        candidates = sorted({index for number in met for index in self._of_term.get(number, ())})
        return tuple(
            name
            for index in candidates
            for name, terms in (self._watches[index],)
            if _takes(terms, met, post.lang_hint)
        )

    def _terms(self, watch: Watch) -> _Terms:
        any_of = [self._word(term) for term in (*watch.any_of, *watch.phrases)]
        any_of += [self._number("hashtag", normalised(tag.lstrip("#＃"))) for tag in watch.hashtags]
        any_of += [self._number("account", handle.lstrip("@").lower()) for handle in watch.accounts]
        return _Terms(
            frozenset(any_of),
            frozenset(self._word(term) for term in watch.all_of),
            frozenset(self._word(term) for term in watch.none_of),
            frozenset(code.lower().partition("-")[0] for code in watch.languages),
        )

    def _word(self, term: str) -> int:
        if term.startswith(("#", "＃")):
            return self._number("hashtag", normalised(term[1:]))
        text = normalised(term)
        return self._number("word", text.strip() if _UNSPACED.search(text) else " ".join(words(text)))

    def _number(self, kind: str, text: str) -> int:
        return self._numbers.setdefault((kind, text), len(self._numbers))

    def _met(self, post: Post, text: str) -> set[int]:
        text = normalised(text)
        found = words(text)
        met: set[int] = set()
        by_first = self._by_first
        firsts = by_first.keys() & set(found)
        if firsts:
            line = f" {' '.join(found)} "
            met.update(number for first in firsts for term, number in by_first[first] if term in line)
        met.update(number for term, number in self._unspaced if term in text)
        for tag in post.hashtags:
            number = self._hashtags.get(normalised(tag))
            if number is not None:
                met.add(number)
        number = self._accounts.get(post.author.handle.lower())
        if number is not None:
            met.add(number)
        return met


def _takes(terms: _Terms, met: set[int], language: str) -> bool:
    return (
        (not terms.any_of or not terms.any_of.isdisjoint(met))
        and terms.all_of <= met
        and terms.none_of.isdisjoint(met)
        and (not terms.languages or not language or language.partition("-")[0].lower() in terms.languages)
    )
