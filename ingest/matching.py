"""Which watches a post belongs to, decided here: for replays, and where a platform does not say why it sent a post.

A watch takes a post that meets any of its hashtags, `any_of`, phrases and accounts (or has none of these), and all of
`all_of`, and none of `none_of`, in one of its languages. A post whose platform names no language passes: enrichment
will find out. A watch without a single positive word takes nothing.

One pass over the text finds the terms of all watches together (Aho and Corasick 1975, "Efficient string matching"), so
the time grows with the text, not with the number of watches. That pass looks for letters anywhere; only where it finds
some is the text cut into words and each find checked to be a word of its own. A watch is looked at only when a term
that it cannot do without was met.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

from secondsource.contracts.messages import Post
from secondsource.contracts.watch import Watch

_ARABIC = re.compile("[\u0600-\u06ff]")
_ARABIC_MARKS = re.compile("[\u0640\u0610-\u061a\u064b-\u065f\u0670]")
_ARABIC_FORMS = tuple(zip("أإآٱىئؤةکی", "ااااييوهكي", strict=True))
_WORD = re.compile(r"\w+")
# Thai, Lao, Burmese, Khmer, kana, Han: written without spaces, so a keyword is sought anywhere
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def normalised(text: str) -> str:
    """Case folded, compatibility forms unified, Arabic letter forms and vowel marks levelled."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKC", text).casefold()
    if "\u0307" in text:  # what folding makes of the Turkish İ, which nobody types
        text = text.replace("i\u0307", "i")
    return _levelled(text) if _ARABIC.search(text) else text


def _levelled(text: str) -> str:
    # each of these scans at the speed of memory; str.translate looks every letter up
    for form, letter in _ARABIC_FORMS:
        text = text.replace(form, letter)
    return _ARABIC_MARKS.sub("", text)


def words(text: str) -> list[str]:
    """Words of a normalised text; '#', '@' and punctuation are no part of them."""
    return _WORD.findall(text)


def _anywhere(term: str) -> bool:
    """Whether a normalised term is sought anywhere in a text, not as words: unspaced scripts, and emoji."""
    return bool(_UNSPACED.search(term)) or not _WORD.search(term)


class _Terms(NamedTuple):
    """A watch, and the numbers of the terms it speaks of. `plain`: meeting any one of them is enough."""

    name: str
    any_of: frozenset[int]
    all_of: frozenset[int]
    none_of: frozenset[int]
    languages: frozenset[str]
    plain: bool


class Matcher:
    """Many watches at once, whatever their number."""

    def __init__(self, watches: Sequence[Watch]) -> None:
        self._numbers: dict[tuple[str, str], int] = {}
        self._watches = [self._terms(watch) for watch in watches]
        self._hashtags: dict[str, int] = {}
        self._accounts: dict[str, int] = {}
        # what is searched for: an unspaced term itself; of others, their longest word, and with it the term as words
        self._sought: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for (kind, text), number in self._numbers.items():
            if kind == "hashtag":
                self._hashtags[text] = number
            elif kind == "account":
                self._accounts[text] = number
            elif text and _anywhere(text):
                self._sought[text].append(("", number))
            elif text:
                self._sought[max(text.split(), key=len)].append((f" {text} ", number))
        self._candidates = list(self._sought.values())
        self._letters = AhoCorasick(self._sought)
        self._of_term = self._inverted()

    @property
    def reads_hashtags(self) -> bool:
        """Whether any watch names one: where finding a post's hashtags costs, it may be left undone otherwise."""
        return bool(self._hashtags)

    def watches(self, post: Post, context: str = "") -> tuple[str, ...]:
        """Names of the watches that take the post, in the order given. `context` is the text of what it quotes."""
        return self.taking(
            f"{post.text}\n{context}" if context else post.text,
            hashtags=post.hashtags,
            accounts=(post.author.handle, post.author.uid.partition(":")[2]),
            languages=(post.lang_hint,) if post.lang_hint else (),
        )

    def taking(
        self,
        text: str,
        *,
        hashtags: Sequence[str] = (),
        accounts: Sequence[str] = (),
        languages: Sequence[str] = (),
    ) -> tuple[str, ...]:
        """As `watches`, of a post that has not been mapped yet.

        `accounts` are the names its author goes by; `languages` those its platform names, one of which is enough.
        """
        met = self._met(text)
        if self._hashtags:
            for tag in hashtags:
                number = self._hashtags.get(normalised(tag))
                if number is not None:
                    met.add(number)
        if self._accounts:
            for account in accounts:
                number = self._accounts.get(account.lower())
                if number is not None:
                    met.add(number)
        if not met:
            return ()
        found = {index for number in met for index in self._of_term.get(number, ())}
        if not found:
            return ()
        spoken = [language.partition("-")[0].lower() for language in languages]
        every = self._watches
        return tuple(
            every[index].name for index in sorted(found) if every[index].plain or _takes(every[index], met, spoken)
        )

    def _met(self, text: str) -> set[int]:
        """Numbers of the words and phrases that the text holds."""
        text = normalised(text)
        hits = self._letters.find_matches_as_indexes(text, overlapping=True)
        met: set[int] = set()
        if not hits:
            return met
        line = f" {' '.join(words(text))} "
        for index in {hit[0] for hit in hits}:
            for term, number in self._candidates[index]:
                if term in line:  # "" of unspaced terms is in every line
                    met.add(number)
        return met

    def _terms(self, watch: Watch) -> _Terms:
        any_of = [self._word(term) for term in (*watch.any_of, *watch.phrases)]
        any_of += [self._number("hashtag", normalised(tag.lstrip("#＃"))) for tag in watch.hashtags]
        any_of += [self._number("account", handle.lstrip("@").lower()) for handle in watch.accounts]
        all_of = frozenset(self._word(term) for term in watch.all_of)
        none_of = frozenset(self._word(term) for term in watch.none_of)
        languages = frozenset(code.lower().partition("-")[0] for code in watch.languages)
        plain = not (all_of or none_of or languages)
        return _Terms(watch.name, frozenset(any_of), all_of, none_of, languages, plain)

    def _inverted(self) -> dict[int, list[int]]:
        """Indexes of the watches by the terms they cannot do without.

        That is one of `all_of` where there are any, the longest being the rarest; else each of `any_of`.
        """
        length = {number: len(text) for (_, text), number in self._numbers.items()}
        of_term: dict[int, list[int]] = defaultdict(list)
        for index, terms in enumerate(self._watches):
            needed = [max(terms.all_of, key=lambda number: (length[number], number))] if terms.all_of else terms.any_of
            for number in needed:
                of_term[number].append(index)
        return dict(of_term)

    def _word(self, term: str) -> int:
        if term.startswith(("#", "＃")):
            return self._number("hashtag", normalised(term[1:]))
        text = normalised(term)
        return self._number("word", text.strip() if _anywhere(text) else " ".join(words(text)))

    def _number(self, kind: str, text: str) -> int:
        return self._numbers.setdefault((kind, text), len(self._numbers))


def _takes(terms: _Terms, met: set[int], languages: Sequence[str]) -> bool:
    return (
        (not terms.any_of or not terms.any_of.isdisjoint(met))
        and terms.all_of <= met
        and terms.none_of.isdisjoint(met)
        and (not terms.languages or not languages or not terms.languages.isdisjoint(languages))
    )
