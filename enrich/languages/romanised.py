"""Languages written in Latin letters though they have a script of their own, told by their commonest words.

No model we ship has learnt to read "yaar ye kab tak chalega" or "shu sar m3ak": it takes them for English, Indonesian
or Finnish. The lists hold words that are frequent there and are no words of the large languages of the Latin script;
weak ones are, and count only beside others. Figures that stand for letters (ba3ref, 7abibi) are Arabic's.

Hindi and Urdu are one language when written so; it is reported as Hindi, or as Urdu where only that is configured.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

_FILE = Path(__file__).with_name("romanised.tsv")
_SHORTEST_VERB = 5

_Hits = tuple[tuple[str, bool], ...]  # the languages a word is frequent in, and whether it is telling there


def _read() -> dict[str, _Hits]:
    lists: dict[str, dict[str, list[str]]] = {}
    for line in _FILE.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            language, kind, words = line.split("\t")
            lists.setdefault(language, {}).setdefault(kind, []).extend(words.split())
    found: dict[str, dict[str, bool]] = {}
    for language, kinds in lists.items():
        verbs = [stem + ending for stem in kinds.get("stem", ()) for ending in kinds.get("ending", ())]
        for word in [*kinds["telling"], *(verb for verb in verbs if len(verb) >= _SHORTEST_VERB)]:
            found.setdefault(word, {})[language] = True
        for word in kinds["weak"]:
            found.setdefault(word, {})[language] = False
    return {word: tuple(hits.items()) for word, hits in found.items()}


_BY_WORD = _read()
_WEAKEST = 1.5  # so much that three weak words make
#: Those of which two tell the language.
TELLING = frozenset(word for word, hits in _BY_WORD.items() if any(strong for _, strong in hits))

_FIGURES_ARE = "ar"
_FEW, _MANY = 2, 3  # different telling words
_OF_FEW, _OF_MANY, _OF_WEAK = 0.25, 0.15, 0.3  # the share of all words that must be in the list


#: Figures that stand for the consonants ء ع خ ح: beside a vowel within a word of four and more, which tells them from
#: those that stand for vowels themselves (s3cur1ty); and before a word.
_FIGURE_WITHIN = re.compile(r"(?=.{4})[a-z]*(?:[aeiou][2357][a-z]|[a-z][2357][aeiou])[a-z2357]*")
_FIGURE_BEFORE = re.compile(
    r"[2357](?!rd$|nd$|th$|up$|am$|pm$|day|week|month|year|hour|hrs|min|sec|nite|time)[a-z]{3,}"
)


class Romanised(NamedTuple):
    """The language, the share of the words that are in its list (weak ones count half), and whether that is plain."""

    language: str
    share: float
    sure: bool


def romanised(said: Sequence[str]) -> Romanised | None:
    """What words of small Latin letters and figures may be written in, if it is one of these languages.

    Sure: two telling words where a quarter of the words are listed, three in long texts. Likely: one where a quarter
    are, or nothing but weak ones.
    """
    within, before = _figures(said)
    if not within and TELLING.isdisjoint(said):
        weak = sum(map(_BY_WORD.__contains__, said)) + len(before)
        if weak < 2 * _WEAKEST or weak < 2 * _OF_WEAK * len(said):
            return None
    telling: dict[str, set[str]] = {}
    weight: dict[str, float] = {}
    for word in said:
        for language, strong in _BY_WORD.get(word, ()):
            weight[language] = weight.get(language, 0.0) + (1.0 if strong else 0.5)
            if strong:
                telling.setdefault(language, set()).add(word)
    if within or before:
        others = len(before) + weight.get(_FIGURES_ARE, 0.0)
        weight[_FIGURES_ARE] = weight.get(_FIGURES_ARE, 0.0) + len(within) + 0.5 * len(before)
        if others or len(within) > 1:  # one alone may be a name (face2face)
            telling.setdefault(_FIGURES_ARE, set()).update(within, (f"{word}'" for word in within))
    best: tuple[bool, int, float, str] | None = None
    for language, weighs in weight.items():
        words, share = len(telling.get(language, ())), weighs / len(said)
        sure = words >= _FEW and share >= (_OF_FEW if words < _MANY else _OF_MANY)
        if sure or (words and share >= _OF_FEW) or (share >= _OF_WEAK and weighs >= _WEAKEST):
            best = max(best or (False, 0, 0.0, ""), (sure, words, share, language))
    return Romanised(best[3], min(1.0, best[2]), best[0]) if best else None


def _figures(said: Sequence[str]) -> tuple[set[str], set[str]]:
    """Words that no list has with a figure for a letter within, and before."""
    within: set[str] = set()
    before: set[str] = set()
    for word in said:
        if not word.isalpha() and not word.isdigit() and word not in _BY_WORD:
            if _FIGURE_WITHIN.fullmatch(word):
                within.add(word)
            elif _FIGURE_BEFORE.fullmatch(word):
                before.add(word)
    return within, before


def known_as(language: str, configured: Collection[str]) -> str:
    """The code a romanised language is reported by, "" where none that is configured fits."""
    if language in configured:
        return language
    return "ur" if language == "hi" and "ur" in configured else ""
