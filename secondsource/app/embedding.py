"""The model of meanings that a deployment names, loaded and tried before anything depends on it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

import numpy as np

from alerts.text.embedding import Embedder, Floats
from secondsource.contracts.errors import BadConfiguration

_TRIED = ("The old bridge has fallen", "Le vieux pont est tombé", "The bakery opens at six")


def load_embedder(name: str) -> Embedder:
    """What `module:name` stands for: an object with `vectors`, or what makes one when called without arguments.

    Raises:
        BadConfiguration: it is not there, or does not give one finite row of the same length for each text.
    """
    module, _, attribute = name.partition(":")
    try:
        found = getattr(import_module(module), attribute)
        embedder = found if hasattr(found, "vectors") and not isinstance(found, type) else found()
        together, alone = embedder.vectors(list(_TRIED)), embedder.vectors([_TRIED[0]])
        rows, row = np.asarray(together, np.float32), np.asarray(alone, np.float32)
    except Exception as error:
        msg = f"stories.embedder {name} cannot be used ({type(error).__name__}: {error})"
        raise BadConfiguration(msg) from error
    if rows.ndim != 2 or len(rows) != len(_TRIED) or not rows.shape[1] or not np.isfinite(rows).all():
        msg = f"stories.embedder {name}: expected {len(_TRIED)} rows of finite numbers for {len(_TRIED)} texts"
        raise BadConfiguration(f"{msg}, came an array of shape {rows.shape}")
    if row.shape != (1, rows.shape[1]) or not np.allclose(row[0], rows[0], atol=1e-3):
        msg = f"stories.embedder {name}: the same text must give the same vector, whatever it is sent with"
        raise BadConfiguration(msg)
    return _Tried(embedder)


class _Tried:
    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def vectors(self, texts: Sequence[str]) -> Floats:
        return np.asarray(self._embedder.vectors(texts), np.float32)
