"""The model of meanings that a deployment names, loaded and tried before anything depends on it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np

from alerts.text.sentences import SentenceModel
from alerts.text.understanding import ALIKE, Embedder, Floats, Understanding
from secondsource.contracts.errors import BadConfiguration

_TRIED = ("The old bridge has fallen", "Le vieux pont est tombé", "The bakery opens at six")


class Named(NamedTuple):
    """What a deployment, or a command, names: the `model` folder of a sentence model, or an `embedder` of its own."""

    model: Path | None = None
    embedder: str | None = None
    alike: float = ALIKE


def understanding_of(named: Named) -> Understanding | None:
    """None where nothing is named.

    Raises:
        BadConfiguration: both are named, or what is named cannot be used.
    """
    if named.model is not None and named.embedder is not None:
        raise BadConfiguration("a model and an embedder are both named: expected one of the two")
    if named.model is not None:
        return Understanding(load_model(named.model), named.alike)
    return None if named.embedder is None else Understanding(load_embedder(named.embedder), named.alike)


def load_model(folder: Path) -> Embedder:
    """The sentence model of a folder (docs/stories.md).

    Raises:
        BadConfiguration: it, or what reads it, is not there or cannot be used.
    """
    try:
        model = SentenceModel(folder)
    except BadConfiguration as error:
        msg = f"stories.model: {error}"
        raise BadConfiguration(msg) from error
    return _tried(model, f"stories.model {folder}")


def load_embedder(name: str) -> Embedder:
    """What `module:name` stands for: an object with `vectors`, or what makes one when called without arguments.

    Raises:
        BadConfiguration: it is not there, or does not give one finite row of the same length for each text.
    """
    module, _, attribute = name.partition(":")
    try:
        found = getattr(import_module(module), attribute)
        embedder: Embedder = found if hasattr(found, "vectors") and not isinstance(found, type) else found()
    except Exception as error:
        msg = f"stories.embedder {name} cannot be used ({type(error).__name__}: {error})"
        raise BadConfiguration(msg) from error
    return _tried(embedder, f"stories.embedder {name}")


def _tried(embedder: Embedder, name: str) -> Embedder:
    try:
        together, alone = embedder.vectors(list(_TRIED)), embedder.vectors([_TRIED[0]])
        rows, row = np.asarray(together, np.float32), np.asarray(alone, np.float32)
    except Exception as error:
        msg = f"{name} cannot be used ({type(error).__name__}: {error})"
        raise BadConfiguration(msg) from error
    if rows.ndim != 2 or len(rows) != len(_TRIED) or not rows.shape[1] or not np.isfinite(rows).all():
        msg = f"{name}: expected {len(_TRIED)} rows of finite numbers for {len(_TRIED)} texts"
        raise BadConfiguration(f"{msg}, came an array of shape {rows.shape}")
    if row.shape != (1, rows.shape[1]) or not np.allclose(row[0], rows[0], atol=1e-3):
        msg = f"{name}: the same text must give the same vector, whatever it is sent with"
        raise BadConfiguration(msg)
    return _Tried(embedder)


class _Tried:
    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def vectors(self, texts: Sequence[str]) -> Floats:
        return np.asarray(self._embedder.vectors(texts), np.float32)
