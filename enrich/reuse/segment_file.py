"""A segment as a file: a header that says what lies where, then the arrays, to be mapped as they are."""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path
from struct import Struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from enrich.reuse.segment import Segment
from enrich.reuse.vocabulary import vocabulary
from secondsource.contracts.errors import SecondSourceError

FORMAT: Final = 2
_HEAD: Final = Struct("<4sIIIIQ")  # magic, format, vocabulary, length of the table, its checksum, size of the file
_MAGIC: Final = b"2SIx"
_ALIGNED: Final = 64


class DamagedIndex(SecondSourceError):
    """A file of the index cannot be used; nothing is lost: it is made again from the store."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"the index of pictures is damaged: {path.name}: {reason}. Make it again from the store.")
        self.path = path


def write(path: Path, segment: Segment) -> None:
    """Write it, whole or not at all."""
    arrays = {name: np.ascontiguousarray(array) for name, array in segment._asdict().items()}
    table: dict[str, Any] = {}
    at = 0
    for name, array in arrays.items():
        table[name] = [
            array.dtype.str,
            list(array.shape),
            at,
            _checksum(array),
        ]
        at += -(-array.nbytes // _ALIGNED) * _ALIGNED
    body = json.dumps(table).encode()
    body += b" " * (-(_HEAD.size + len(body)) % _ALIGNED)
    begin = _HEAD.size + len(body)
    half = path.with_suffix(".ssp")
    with half.open("wb") as file:
        file.write(_HEAD.pack(_MAGIC, FORMAT, vocabulary().version, len(body), zlib.crc32(body), begin + at))
        file.write(body)
        for array in arrays.values():
            array.tofile(file)
            file.write(bytes(-array.nbytes % _ALIGNED))
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)


def mapped(path: Path) -> Segment:
    """Map it into memory; only what is searched is ever read.

    Raises:
        DamagedIndex: it is cut short, of another version, or no segment.
    """
    table, begin = _table(path)
    whole = np.memmap(path, np.uint8, "r")
    return Segment(**{name: _array(whole, begin, *table[name]) for name in Segment._fields})


def verified(path: Path) -> list[str]:
    """What is wrong with it, having read every byte."""
    try:
        table, begin = _table(path)
    except DamagedIndex as error:
        return [str(error)]
    whole = np.memmap(path, np.uint8, "r")
    wrong = []
    for name, (kind, shape, at, checksum) in table.items():
        array = np.ascontiguousarray(_array(whole, begin, kind, shape, at, checksum))
        if _checksum(array) != checksum:
            wrong.append(f"{path.name}: its {name} are not what was written")
    return wrong


def _table(path: Path) -> tuple[dict[str, Any], int]:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD.size)
            if len(head) < _HEAD.size or head[:4] != _MAGIC:
                raise DamagedIndex(path, "it is not one of our files")
            _, version, words, length, checksum, size = _HEAD.unpack(head)
            if (version, words) != (FORMAT, vocabulary().version):
                ours = f"we read {FORMAT}, {vocabulary().version}"
                raise DamagedIndex(path, f"it is of format {version}, vocabulary {words}; {ours}")
            if path.stat().st_size != size:
                raise DamagedIndex(path, f"it has {path.stat().st_size} bytes of {size}")
            body = file.read(length)
            if zlib.crc32(body) != checksum:
                raise DamagedIndex(path, "its table of contents is damaged")
            table = json.loads(body)
    except OSError as error:
        raise DamagedIndex(path, f"it cannot be read ({error.strerror})") from error
    return table, _HEAD.size + length


def _checksum(array: NDArray[Any]) -> int:
    return zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def _array(whole: NDArray[np.uint8], begin: int, kind: str, shape: list[int], at: int, _told: int) -> NDArray[Any]:
    dtype = np.dtype(kind)
    count = int(np.prod(shape))
    raw = whole[begin + at : begin + at + count * dtype.itemsize]
    return np.asarray(raw).view(dtype).reshape(shape)
