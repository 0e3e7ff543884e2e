"""What the archive keeps of a clip, and its bytes in the store: beside the print of its first frame, in one record.

One record a file, so that both are kept, followed and erased together.
"""

from __future__ import annotations

import zlib
from struct import Struct
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from enrich.reuse.clip_frames import Grey
from enrich.reuse.clip_prints import THUMB, ClipPrint
from secondsource.contracts.errors import BadRecord

NO_THUMB: Final = 0xFFFFFFFF
MOMENT: Final = np.dtype(
    [("pdq", "<u8", 4), ("clip", "<u4"), ("milliseconds", "<u4"), ("thumb", "<u4"), ("quality", "u1"),
     ("enclosed", "u1"), ("spare", "<u2")]
)  # fmt: skip
Rows = NDArray[Any]
_MAGIC: Final = b"2SCl"
_VERSION: Final = 1
_HEAD: Final = Struct("<4sIIIII")  # magic, version, length of the picture's print, milliseconds, moments, thumbs


class KeptClip(NamedTuple):
    """`moments` as `MOMENT` has them, of clip 0, their `thumb` counted within `thumbs`, n × 48 × 48 grey."""

    milliseconds: int
    moments: Rows
    thumbs: Grey


def kept(print_: ClipPrint) -> KeptClip:
    """What of a clip's print is for the archive."""
    moments = print_.moments
    chosen = np.flatnonzero(moments.kept)
    with_thumb = moments.key[chosen]
    rows = np.zeros(len(chosen), MOMENT)
    rows["pdq"] = moments.hashes[chosen, 0]
    rows["milliseconds"] = np.round(moments.at[chosen] * 1000)
    rows["quality"] = moments.quality[chosen]
    rows["enclosed"] = moments.enclosed[chosen]
    rows["thumb"] = NO_THUMB
    rows["thumb"][with_thumb] = np.arange(int(with_thumb.sum()))
    return KeptClip(min(round(print_.seconds * 1000), 0xFFFFFFFF), rows, moments.thumbs[chosen][with_thumb])


def bound(picture: bytes, clip: KeptClip | None) -> bytes:
    """A file's record in the store: the print of its picture alone, or with what is kept of the clip it is."""
    if clip is None:
        return picture
    sizes = len(picture), clip.milliseconds, len(clip.moments), len(clip.thumbs)
    body = _HEAD.pack(_MAGIC, _VERSION, *sizes) + picture + clip.moments.tobytes() + clip.thumbs.tobytes()
    return body + zlib.crc32(body).to_bytes(4, "little")


def parted(body: bytes) -> tuple[bytes, KeptClip | None]:
    """Inverse of `bound`. The picture's print is not looked into.

    Raises:
        BadRecord: it is damaged, or of another version.
    """
    if body[:4] != _MAGIC:
        return body, None
    if len(body) < _HEAD.size + 4 or zlib.crc32(body[:-4]).to_bytes(4, "little") != body[-4:]:
        msg = f"expected a clip's print; its {len(body)} bytes are cut short or damaged"
        raise BadRecord(msg)
    _, version, picture, milliseconds, moments, thumbs = _HEAD.unpack_from(body)
    first = _HEAD.size + picture
    second = first + moments * MOMENT.itemsize
    if version != _VERSION or second + thumbs * THUMB * THUMB + 4 != len(body):
        msg = f"expected a clip's print of version {_VERSION}; got {version}: look at the clip again"
        raise BadRecord(msg)
    rows = np.frombuffer(body, MOMENT, moments, first)
    small = np.frombuffer(body, np.uint8, thumbs * THUMB * THUMB, second).reshape(-1, THUMB, THUMB)
    return body[_HEAD.size : first], KeptClip(milliseconds, rows, small)
