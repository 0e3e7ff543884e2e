"""A trained stance model: for each feature a weight for each label, and nothing that runs.

Runs of letters count by their TF-IDF (1 + ln of how often, times the `scale` that is kept with the model), scaled to
length one; signs count alike, scaled to half of that.

A file is NumPy's .npz without pickled objects, so that reading one cannot run anybody's code. It says which version of
the features it was trained on, and carries a digest of its contents: a file cut short or changed by hand is refused.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Mapping
from hashlib import sha256
from lzma import LZMAError
from math import exp, log, sqrt
from pathlib import Path
from tokenize import TokenError
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from enrich.stance.features import Seen
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.messages import StanceLabel

LABELS: Final[tuple[StanceLabel, ...]] = ("asserts", "denies", "asks", "comments")
VERSION = 2  #: of the features' names; another one needs training anew
_VIEWS = ("thread", "alone")
_MOST_FEATURES = 500_000
_SIGNS = 0.5  # length of what the signs add
_MOST_BYTES = 100_000_000


class Weights(NamedTuple):
    """`rows` has a row of four weights for each name; `scale` what a run of letters counts by; `bias` is added to all.
    float32.
    """

    names: tuple[str, ...]
    rows: NDArray[np.float32]
    scale: NDArray[np.float32]
    bias: NDArray[np.float32]


def counting(seen: Seen, table: Mapping[str, int], scale: NDArray[np.float32]) -> tuple[list[int], list[float]]:
    """The rows of what is seen and known, and by how much each counts."""
    letters = [(row, count) for name, count in seen.letters.items() if (row := table.get(name)) is not None]
    rows = [row for row, _ in letters]
    weights = [(1.0 + log(count)) * each for (_, count), each in zip(letters, scale[rows].tolist(), strict=True)]
    length = sqrt(sum(weight * weight for weight in weights)) or 1.0
    signs = sorted(row for row in map(table.get, seen.signs) if row is not None)
    return rows + signs, [weight / length for weight in weights] + [_SIGNS / sqrt(len(signs) or 1)] * len(signs)


class StanceModel:
    """One set of weights for posts whose thread is known, one for those of which only the text is.

    A label's chance is the logistic of its weights' sum, each label against the rest, scaled to sum to 1.
    """

    def __init__(self, thread: Weights, alone: Weights, about: Mapping[str, Any] | None = None) -> None:
        self._weights = {"thread": thread, "alone": alone}
        self._tables: dict[str, dict[str, int]] = {
            view: {name: row for row, name in enumerate(weights.names)} for view, weights in self._weights.items()
        }
        self.about = dict(about or {})

    def chances(self, seen: Seen, *, with_thread: bool) -> tuple[float, ...]:
        """The chance of each of LABELS."""
        view = "thread" if with_thread else "alone"
        weights = self._weights[view]
        rows, values = counting(seen, self._tables[view], weights.scale)
        sums = np.array(values) @ weights.rows[rows] + weights.bias
        odds = [1.0 / (1.0 + exp(-min(30.0, max(-30.0, score)))) for score in sums.tolist()]
        total = sum(odds)
        return tuple(one / total for one in odds)

    def save(self, path: Path) -> None:
        """Write the file; the same model gives the same bytes."""
        arrays: dict[str, NDArray[Any]] = {}
        for view, weights in self._weights.items():
            arrays[f"{view}_names"] = np.frombuffer("\n".join(weights.names).encode(), np.uint8)
            arrays[f"{view}_rows"] = weights.rows.astype(np.float32)
            arrays[f"{view}_scale"] = weights.scale.astype(np.float32)
            arrays[f"{view}_bias"] = weights.bias.astype(np.float32)
        about = {**self.about, "version": VERSION, "labels": list(LABELS), "sha256": _digest(arrays)}
        arrays["about"] = np.frombuffer(json.dumps(about, sort_keys=True).encode(), np.uint8)
        with path.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)

    @classmethod
    def load(cls, path: Path) -> StanceModel:
        """Read a file.

        Raises:
            BadConfiguration: it is not there, is no model, was changed, or was trained for other features.
        """
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise _unusable(path, f"is larger than {_MOST_BYTES // 1_000_000} MB")
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            about = json.loads(arrays.pop("about").tobytes())
            if about["version"] != VERSION or about["labels"] != list(LABELS):
                raise _unusable(path, f"was trained for version {about['version']} of the features, this is {VERSION}")
            if about.pop("sha256") != _digest(arrays):
                raise _unusable(path, "is not as it was written: its digest differs")
            thread, alone = (_weights(path, arrays, view) for view in _VIEWS)
        except FileNotFoundError:
            raise _unusable(path, "is not there") from None
        except _DAMAGED as error:
            raise _unusable(path, "is not a stance model") from error  # NumPy's words advise to read it unsafely
        return cls(thread, alone, about)


#: What zipfile, those who unpack for it, NumPy and JSON raise of files that are damaged, or were made to look so.
_DAMAGED = (
    OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError, MemoryError, SyntaxError,
    zipfile.BadZipFile, zlib.error, LZMAError, TokenError,
)  # fmt: skip


def _weights(path: Path, arrays: Mapping[str, NDArray[Any]], view: str) -> Weights:
    names = tuple(arrays[f"{view}_names"].tobytes().decode().split("\n"))
    rows, scale, bias = (arrays[f"{view}_{kind}"] for kind in ("rows", "scale", "bias"))
    fits = rows.shape == (len(names), len(LABELS)) and scale.shape == (len(names),) and bias.shape == (len(LABELS),)
    if not fits or len(names) > _MOST_FEATURES or not all(np.isfinite(one).all() for one in (rows, scale, bias)):
        raise _unusable(path, "has weights that do not fit its features")
    return Weights(names, rows.astype(np.float32), scale.astype(np.float32), bias.astype(np.float32))


def _digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = sha256()
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].dtype.str} {arrays[name].shape}\n".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()


def _unusable(path: Path, what: str) -> BadConfiguration:
    return BadConfiguration(
        f"stance model {path} {what}; make one with: secondsource stance train DATA --out {path.name}"
    )
