"""The naive Bayes classifier of py3langid, asked for many texts at once.

py3langid takes one text a call and spends most of it on arrays of a few numbers. Its own walk over a text is used here;
the sums of all texts are worked out together. The probabilities are the same; a test holds the two together.

Source: Lui, Baldwin, "langid.py: An Off-the-shelf Language Identification Tool", ACL 2012.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from py3langid.langid import LanguageIdentifier, visit_counts


class Langid:
    """Tells the languages of `among` apart that the model knows; all that it knows where `among` is None.

    `labels` are these, in the order of the columns that `probabilities` gives.
    """

    def __init__(self, among: Collection[str] | None = None) -> None:
        model = LanguageIdentifier.from_model_file("data/model.npz.xz")
        self.known = frozenset(model.labels)
        if among is not None:
            model.set_languages(sorted(self.known.intersection(among)) or None)
        self.labels: tuple[str, ...] = tuple(model.labels)
        self._next, self._found = model.tk_nextmove, model.tk_output
        self._rows = [row << 8 for row in model.tk_row]
        self._weights = np.ascontiguousarray(model.nb_ptc, dtype=np.float32)
        self._first = np.asarray(model.nb_pc, dtype=np.float64)
        # A language may have several columns, one for each script.
        self._columns = [[at for at, one in enumerate(model.nb_classes) if one == label] for label in self.labels]

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Of each text in small letters the probability of each label. Shape (texts, labels)."""
        coded = [unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass") for text in texts]
        counted = [visit_counts(self._next, self._rows, self._found, one) or {} for one in coded]
        sizes = [len(one) for one in counted]
        features = np.fromiter(chain.from_iterable(counted), dtype=np.intp, count=sum(sizes))
        counts = np.fromiter(chain.from_iterable(one.values() for one in counted), dtype=np.float64, count=sum(sizes))
        said = self._weights[features] * np.log1p(counts)[:, None]
        scores = np.zeros((len(texts), len(self._first)))
        some = np.flatnonzero(sizes)
        if len(some):
            starts = (np.cumsum(sizes, dtype=np.intp) - np.array(sizes))[some]
            scores[some] = np.add.reduceat(said, starts, axis=0) + self._first
        scores /= np.sqrt([len(one) or 1 for one in coded])[:, None]  # keeps them comparable in texts of any length
        shares = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-np.inf))
        shares /= shares.sum(axis=1, keepdims=True)
        return np.column_stack([shares[:, columns].sum(axis=1) for columns in self._columns])
