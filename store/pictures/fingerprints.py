"""An exact index of PDQ fingerprints in memory: 32 bytes each, compared with all (measured: docs/adr)."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from secondsource.contracts.errors import BadRecord
from secondsource.contracts.reuse import NEAR

BITS: Final = 256


def _codes(fingerprints: Sequence[str]) -> NDArray[np.uint8]:
    """Hex as rows of 32 bytes.

    Raises:
        BadRecord: one is not 64 hex digits.
    """
    try:
        packed = bytes.fromhex("".join(fingerprints))
        return np.frombuffer(packed, dtype=np.uint8).reshape(len(fingerprints), BITS // 8)
    except ValueError as error:
        msg = f"expected PDQ fingerprints of 64 hex digits: {error}"
        raise BadRecord(msg) from error


class Fingerprints:
    """Distinct fingerprints, and which of them are near a given one. Usable from several threads."""

    def __init__(self) -> None:
        # Loading faiss takes a third of a second and 60 MB: those who never see a picture need not pay.
        import faiss  # noqa: PLC0415

        self._index: Any = faiss.IndexBinaryFlat(BITS)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def add(self, fingerprints: Iterable[str]) -> None:
        """Take these in; those held already change nothing."""
        distinct = sorted(set(fingerprints))
        if not distinct:
            return
        codes = _codes(distinct)
        with self._lock:
            if self._index.ntotal:
                limits, _, _ = self._index.range_search(codes, 1)
                codes = codes[np.diff(limits) == 0]
            self._index.add(np.ascontiguousarray(codes))

    def near(self, fingerprints: Sequence[str]) -> list[dict[str, int]]:
        """For each of these, the fingerprints held within 31 bits of it and how far each is."""
        if not fingerprints:
            return []
        with self._lock:
            if not self._index.ntotal:
                return [{} for _ in fingerprints]
            limits, distances, found = self._index.range_search(_codes(fingerprints), NEAR + 1)
            names = {int(row): bytes(self._index.reconstruct(int(row))).hex() for row in np.unique(found)}
        return [
            {names[int(found[at])]: int(distances[at]) for at in range(int(limits[i]), int(limits[i + 1]))}
            for i in range(len(fingerprints))
        ]
