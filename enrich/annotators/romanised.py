"""Languages written in Latin letters though they have a script of their own, told by their commonest words.

No model we ship has learnt to read "yaar ye kab tak chalega" or "shu sar m3ak": it takes them for English, Indonesian
or Finnish. The lists hold words that are frequent there and are no words of the large languages of the Latin script;
weak ones are, and count only beside others.

Hindi and Urdu are one language when written so; it is reported as Hindi, or as Urdu where only that is configured.
"""

from __future__ import annotations

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
_TELLING = frozenset(word for word, hits in _BY_WORD.items() if any(strong for _, strong in hits))

_FEW, _MANY = 2, 3  # different telling words
_OF_FEW, _OF_MANY, _OF_ONE, _OF_WEAK = 0.25, 0.15, 0.5, 0.3  # the share of all words that must be in the list


class Romanised(NamedTuple):
    """The language, the share of the words that are in its list (weak ones count half), and whether that is plain."""

    language: str
    share: float
    sure: bool


def romanised(said: Sequence[str]) -> Romanised | None:
    """What words of small Latin letters and figures may be written in, if it is one of these languages.

    Sure: one telling word where half of the words are listed, two where a quarter are, three in long texts. Likely: one
    where a quarter are, or nothing but weak ones.
    """
    if _TELLING.isdisjoint(said):
        weak = sum(map(_BY_WORD.__contains__, said))
        if weak < 2 * _WEAKEST or weak < 2 * _OF_WEAK * len(said):
            return None
    telling: dict[str, set[str]] = {}
    weight: dict[str, float] = {}
    for word in said:
        for language, strong in _BY_WORD.get(word, ()):
            weight[language] = weight.get(language, 0.0) + (1.0 if strong else 0.5)
            if strong:
                telling.setdefault(language, set()).add(word)
    best: tuple[bool, int, float, str] | None = None
    for language, weighs in weight.items():
        words, share = len(telling.get(language, ())), weighs / len(said)
        least = _OF_ONE if words < _FEW else _OF_FEW if words < _MANY else _OF_MANY
        sure = words > 0 and share >= least
        if sure or (words and share >= _OF_FEW) or (share >= _OF_WEAK and weighs >= _WEAKEST):
            best = max(best or (False, 0, 0.0, ""), (sure, words, share, language))
    return Romanised(best[3], min(1.0, best[2]), best[0]) if best else None


def known_as(language: str, configured: Collection[str]) -> str:
    """The code a romanised language is reported by, "" where none that is configured fits."""
    if language in configured:
        return language
    return "ur" if language == "hi" and "ur" in configured else ""
