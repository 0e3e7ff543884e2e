"""A piece of the index: the prints of some thousand pictures, laid out as flat arrays to be searched.

The same arrays are built in memory from new prints and mapped from a file for old ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from enrich.reuse.prints import Print
from enrich.reuse.regions import Region
from enrich.reuse.vocabulary import CELLS

NAME: Final = 32  #: bytes of a picture's name: its SHA-256
_DENSE: Final = CELLS + 1  #: features from which a table of all cells is smaller than each feature's own cell


class Segment(NamedTuple):
    """n pictures, h hashes, f features.

    `names` n × 32 bytes; `sizes` n × 2 pixels; `thumbs` n × 4096 with `shapes` n × 2 (rows, columns);
    `hashes` 4 × h words of 64 bits, `hash_owner`, `hash_quality` h, `hash_region` h × 4 in 65,535ths;
    and in order of cell `places` f × 4, `signatures`, `owners`. `starts` says where each cell begins, or `cells` gives
    each one's cell; the other is empty.
    """

    names: NDArray[np.uint8]
    sizes: NDArray[np.uint16]
    shapes: NDArray[np.uint16]
    thumbs: NDArray[np.uint8]
    hashes: NDArray[np.uint64]
    hash_owner: NDArray[np.uint32]
    hash_quality: NDArray[np.uint8]
    hash_region: NDArray[np.uint16]
    places: NDArray[np.uint16]
    signatures: NDArray[np.uint64]
    owners: NDArray[np.uint32]
    starts: NDArray[np.uint32]
    cells: NDArray[np.uint32]

    @property
    def pictures(self) -> int:
        return len(self.sizes)

    def name(self, picture: int) -> str:
        return bytes(self.names[picture].tobytes()).hex()

    def thumb(self, picture: int) -> NDArray[np.uint8]:
        rows, columns = self.shapes[picture].tolist()
        return self.thumbs[picture, : rows * columns].reshape(rows, columns)

    def region(self, hash_: int) -> Region:
        return Region(*(self.hash_region[hash_] / 65_535).tolist())

    @property
    def size_in_bytes(self) -> int:
        return sum(array.nbytes for array in self)


def segment(prints: Sequence[tuple[bytes, Print]]) -> Segment:
    """Lay out pictures by name (32 bytes) and print."""
    count = len(prints)
    thumbs = np.zeros((count, 4_096), np.uint8)
    shapes = np.zeros((count, 2), np.uint16)
    for i, (_, each) in enumerate(prints):
        thumbs[i, : each.thumb.size] = each.thumb.ravel()
        shapes[i] = each.thumb.shape
    found = [(i, each) for i, (_, print_) in enumerate(prints) for each in print_.hashes]
    codes = np.frombuffer(b"".join(each.pdq for _, each in found), ">u8").astype(np.uint64).reshape(-1, 4)
    lengths = [len(print_.cells) for _, print_ in prints]
    cells = _joined([print_.cells for _, print_ in prints], np.uint32)
    order = np.argsort(cells, kind="stable")
    owners = np.repeat(np.arange(count, dtype=np.uint32), lengths)
    starts, ordered = directory(cells[order])
    return Segment(
        names=np.frombuffer(b"".join(name for name, _ in prints), np.uint8).reshape(count, NAME),
        sizes=np.array([(min(p.width, 65_535), min(p.height, 65_535)) for _, p in prints], np.uint16).reshape(-1, 2),
        shapes=shapes,
        thumbs=thumbs,
        hashes=np.ascontiguousarray(codes.T),
        hash_owner=np.array([i for i, _ in found], np.uint32),
        hash_quality=np.array([each.quality for _, each in found], np.uint8),
        hash_region=np.array([np.round(np.array(e.region) * 65_535) for _, e in found], np.uint16).reshape(-1, 4),
        places=_joined([print_.places.reshape(-1) for _, print_ in prints], np.uint16).reshape(-1, 4)[order],
        signatures=_joined([print_.signatures for _, print_ in prints], np.uint64)[order],
        owners=owners[order],
        starts=starts,
        cells=ordered,
    )


def directory(cells: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Where each cell begins among cells in order, or the cells themselves: the smaller of the two; the other empty."""
    if len(cells) < _DENSE:
        return np.zeros(0, np.uint32), cells
    return np.searchsorted(cells, np.arange(CELLS + 1)).astype(np.uint32), np.zeros(0, np.uint32)


def _joined(parts: Sequence[NDArray[Any]], kind: type[Any]) -> NDArray[Any]:
    return np.concatenate([np.zeros(0, kind), *parts]).astype(kind)


def merged(segments: Sequence[Segment]) -> Segment:
    """One segment of several, in their order."""
    if len(segments) == 1:
        return segments[0]
    pictures = np.cumsum([0, *(each.pictures for each in segments)])
    arrays: dict[str, NDArray[Any]] = {}
    for name in ("names", "sizes", "shapes", "thumbs", "hash_quality", "hash_region"):
        arrays[name] = np.concatenate([getattr(each, name) for each in segments])
    arrays["hashes"] = np.ascontiguousarray(np.concatenate([each.hashes for each in segments], axis=1))
    shifted = zip(segments, pictures[:-1].astype(np.uint32), strict=True)
    moved = [(each.hash_owner + by, each.owners + by) for each, by in shifted]
    arrays["hash_owner"] = np.concatenate([hashes for hashes, _ in moved])
    cells = np.concatenate([cells_of(each) for each in segments])
    order = np.argsort(cells, kind="stable")
    arrays["owners"] = np.concatenate([owners for _, owners in moved])[order]
    for name in ("places", "signatures"):
        arrays[name] = np.concatenate([getattr(each, name) for each in segments])[order]
    arrays["starts"], arrays["cells"] = directory(cells[order])
    return Segment(**arrays)


def cells_of(each: Segment) -> NDArray[np.uint32]:
    """The cell of each feature, in the segment's order."""
    if len(each.cells) or not len(each.starts):
        return each.cells
    return np.repeat(np.arange(CELLS, dtype=np.uint32), np.diff(each.starts.astype(np.int64)).astype(np.int64))
