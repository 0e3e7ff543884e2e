"""A stand-in for a model of meanings: it knows a handful of words in three languages of Velgrad."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_SAME = (
    ("bridge", "pont", "most"), ("fallen", "tombé", "pao"), ("river", "rivière", "reka"), ("bus", "autobus", "autobus"),
    ("bakery", "boulangerie", "pekara"), ("opens", "ouvre", "otvara"), ("tomorrow", "demain", "sutra"),
)  # fmt: skip
_PLACE = {word: place for place, words in enumerate(_SAME) for word in words}


class Concepts:
    def __init__(self) -> None:
        self.asked = 0

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += len(texts)
        rows = np.zeros((len(texts), len(_SAME)), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.casefold().split():
                if word in _PLACE:
                    row[_PLACE[word]] += 1
        return rows


def concepts() -> Concepts:
    return Concepts()


class Mumbling:
    """Says something else each time."""

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.random.default_rng(len(texts)).random((len(texts), 4), dtype=np.float32)
