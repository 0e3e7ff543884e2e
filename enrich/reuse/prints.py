"""A picture's print: all that is kept of it to find it again, in under ten kilobytes, and no way back to the picture.

`looked(rgb)` gives the print for the archive and, beyond it, what only a picture that is asked about needs.
"""

from __future__ import annotations

import zlib
from struct import Struct, error
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from enrich.reuse.features import AREA, ASKED, KEPT, Features, features, scaled
from enrich.reuse.rectangles import Rectangle, hashed_parts
from enrich.reuse.regions import Region, lettered, pictured, regions
from enrich.reuse.vocabulary import Floats, vocabulary
from secondsource.contracts.errors import BadRecord

THUMB: Final = 4_096  #: pixels of a thumbnail, at most
_SHARE: Final = 0.6  #: of the features are taken from the pictures found within, where there are some
_HEAD: Final = Struct("<4sHHHHHHBBH")
_MAGIC: Final = b"2SPr"


class Hash(NamedTuple):
    """The PDQ hash of one region, 32 bytes, and its quality 0..100."""

    region: Region
    pdq: bytes
    quality: int


class Print(NamedTuple):
    """What the archive keeps of a picture.

    `width` and `height` of the upright picture in pixels. `places` is n × 4 of uint16: x and y in 65,535ths of the
    sides, size in 256ths of an octave above 1/16 pixel, angle in 65,536ths of a turn, at 100,000 pixels; `cells` and
    `signatures` n each. `thumb` is grey, its lowest bit 1 where
    it is picture and 0 where it is interface.
    """

    width: int
    height: int
    hashes: tuple[Hash, ...]
    places: NDArray[np.uint16]
    cells: NDArray[np.uint32]
    signatures: NDArray[np.uint64]
    thumb: NDArray[np.uint8]


class Look(NamedTuple):
    """A picture that is asked about: its print, its rectangles, and its features and grey as they are.

    `rectangles` are those of `kept.hashes`, in their order.
    """

    kept: Print
    rectangles: tuple[Rectangle, ...]
    features: Features
    reduced: Floats
    reduced_mirrored: Floats
    grey: NDArray[np.uint8]

    def light(self) -> Look:
        """Without what is not needed any more: half a megabyte is left."""
        return self._replace(features=self.features._replace(roots=self.features.roots[:0].copy()))


def looked(rgb: NDArray[np.uint8]) -> Look:
    """Look at a picture, height × width × 3, upright."""
    height, width = rgb.shape[:2]
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    solid = pictured(rgb)
    within = regions(solid)
    hashed = hashed_parts(rgb, solid, within)
    whole = scaled(grey)
    seen = _judged(solid, lettered(whole))
    words = vocabulary()
    found, kept = _features(grey, whole, within, seen)
    reduced = words.reduced(found.roots)
    cells = words.cells(reduced[kept])
    print_ = Print(
        width,
        height,
        tuple(Hash(one.region, one.hashed.codes[0].tobytes(), one.hashed.quality) for one in hashed),
        packed(found.places[kept], found.width, found.height),
        cells,
        words.signatures(reduced[kept], cells),
        _thumbnail(whole, seen),
    )
    return Look(print_, hashed, found, reduced, words.reduced(found.mirrored().roots), marked(whole, seen))


def _thumbnail(grey: NDArray[np.uint8], solid: NDArray[np.uint8]) -> NDArray[np.uint8]:
    by = (THUMB / grey.size) ** 0.5
    rows = min(256, max(16, int(grey.shape[0] * by)))
    columns = max(16, min(THUMB // rows, round(grey.shape[1] * by)))
    return marked(np.asarray(cv2.resize(grey, (columns, rows), interpolation=cv2.INTER_AREA), dtype=np.uint8), solid)


def _judged(solid: NDArray[np.uint8], letters: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Where there is something to compare: picture without letters; with them where little would be left."""
    rows, columns = letters.shape
    solid = np.asarray(cv2.resize(solid, (columns, rows), interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    left = solid & (1 - letters)
    return left if left.sum() > 0.4 * solid.sum() else solid


def marked(grey: NDArray[np.uint8], solid: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey whose lowest bit says whether the place is picture or interface: half a grey level nobody sees."""
    size = grey.shape[1], grey.shape[0]
    mask = np.asarray(cv2.resize(solid, size, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    return np.asarray((grey & np.uint8(254)) | mask, dtype=np.uint8)


def _features(
    grey: NDArray[np.uint8], whole: NDArray[np.uint8], within: list[Region], seen: NDArray[np.uint8]
) -> tuple[Features, NDArray[np.intp]]:
    """Features of the whole and of the pictures in it, and which of them the archive keeps."""
    height, width = whole.shape
    parts = [features(whole, ASKED, seen)]
    shares = [1.0]
    for region in within:
        left, top, right, bottom = region.pixels(grey.shape[1], grey.shape[0])
        cut = np.ascontiguousarray(grey[top:bottom, left:right])
        if min(cut.shape) < 24:
            continue
        part = features(scaled(cut, AREA // min(2, len(within))), ASKED // min(2, len(within)))
        places = part.places.copy()
        places[:, 0] = (places[:, 0] / part.width * (right - left) + left) * width / grey.shape[1]
        places[:, 1] = (places[:, 1] / part.height * (bottom - top) + top) * height / grey.shape[0]
        places[:, 2] *= (right - left) * width / grey.shape[1] / part.width
        parts.append(part._replace(places=places))
        shares.append(region.area**0.5)
    if len(parts) > 1:
        total = sum(shares[1:])
        shares = [1 - _SHARE, *(_SHARE * share / total for share in shares[1:])]
    offsets = np.cumsum([0, *(len(part.places) for part in parts)])
    kept = np.concatenate(
        [
            np.arange(min(len(part.places), round(KEPT * share))) + offset
            for part, share, offset in zip(parts, shares, offsets[:-1], strict=True)
        ]
    )
    together = Features(
        np.concatenate([part.places for part in parts]), np.concatenate([part.roots for part in parts]), width, height
    )
    return together, kept


def packed(places: Floats, width: float, height: float) -> NDArray[np.uint16]:
    """Places as the archive keeps them."""
    out = np.empty((len(places), 4), np.float64)
    out[:, 0] = np.clip(places[:, 0] / width, 0, 1) * 65_535
    out[:, 1] = np.clip(places[:, 1] / height, 0, 1) * 65_535
    out[:, 2] = np.clip((np.log2(np.maximum(places[:, 2], 1e-3)) + 4) * 4_096, 0, 65_535)
    out[:, 3] = (places[:, 3] % (2 * np.pi)) / (2 * np.pi) * 65_535
    return np.round(out).astype(np.uint16)


def unpacked(places: NDArray[np.uint16], width: float, height: float) -> Floats:
    """Inverse of `packed`, to its steps; `width` and `height` of the picture scaled to 100,000 pixels."""
    out = places.astype(np.float32)
    out[:, 0] *= width / 65_535
    out[:, 1] *= height / 65_535
    out[:, 2] = np.exp2(out[:, 2] / 4_096 - 4)
    out[:, 3] *= 2 * np.pi / 65_535
    return out


def normal_size(width: int, height: int) -> tuple[float, float]:
    """Sides of a picture scaled to 100,000 pixels."""
    by = (AREA / (width * height)) ** 0.5
    return max(16.0, round(width * by)), max(16.0, round(height * by))


def encode(print_: Print) -> bytes:
    """Bytes for the store and for the index; the same for the same print."""
    rows, columns = print_.thumb.shape
    count = len(print_.cells)
    head = _HEAD.pack(
        _MAGIC, vocabulary().version, min(print_.width, 65_535), min(print_.height, 65_535), rows, columns, count,
        len(print_.hashes), 0, 0,
    )  # fmt: skip
    parts = [head]
    for each in print_.hashes:
        edges = (np.array(each.region) * 65_535).round().astype("<u2")
        parts += [edges.tobytes(), bytes([each.quality]), each.pdq]
    parts += [
        print_.places.astype("<u2").tobytes(),
        print_.cells.astype("<u4").tobytes(),
        print_.signatures.astype("<u8").tobytes(),
        print_.thumb.tobytes(),
    ]
    body = b"".join(parts)
    return body + zlib.crc32(body).to_bytes(4, "little")


def decode(body: bytes) -> Print:
    """Inverse of `encode`.

    Raises:
        BadRecord: these bytes are no print, are damaged, or of another vocabulary than ours.
    """
    if len(body) < _HEAD.size + 4 or zlib.crc32(body[:-4]).to_bytes(4, "little") != body[-4:]:
        msg = f"expected a picture's print; its {len(body)} bytes are cut short or damaged"
        raise BadRecord(msg)
    magic, version, width, height, rows, columns, count, hashes, _, _ = _HEAD.unpack_from(body)
    if magic != _MAGIC or version != vocabulary().version:
        ours = f"{_MAGIC!r}, {vocabulary().version}"
        msg = f"expected a picture's print that begins with {ours}; got {magic!r}, {version}: look at the picture again"
        raise BadRecord(msg)
    at = _HEAD.size
    found = []
    for _ in range(hashes):
        edges = np.frombuffer(body, "<u2", 4, at) / 65_535
        found.append(Hash(Region(*edges.tolist()), body[at + 9 : at + 41], body[at + 8]))
        at += 41
    try:
        places = np.frombuffer(body, "<u2", count * 4, at).reshape(count, 4)
        cells = np.frombuffer(body, "<u4", count, at + 8 * count)
        signatures = np.frombuffer(body, "<u8", count, at + 12 * count)
        thumb = np.frombuffer(body, np.uint8, rows * columns, at + 20 * count).reshape(rows, columns)
    except (ValueError, error) as wrong:
        msg = f"a picture's print is shorter than it says: {wrong}"
        raise BadRecord(msg) from wrong
    return Print(width, height, tuple(found), places, cells, signatures, thumb)
