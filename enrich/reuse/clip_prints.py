"""A clip's print: fingerprints of what it shows, moment by moment, and small pictures of its key frames.

A hand-held camera moves so much that frames a fifteenth of a second apart are strangers to PDQ. So the archive keeps
two moments a second, and a clip that is asked about is looked at frame by frame: one of them was the archived one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from enrich.media.pdq import pdq_turned
from enrich.media.pictures import Unusable
from enrich.reuse.clip_frames import ClipLimits, Frame, Grey, frames_of
from enrich.reuse.enclosures import enclosed
from enrich.reuse.regions import Region
from secondsource.contracts.clock import Clock

THUMB: Final = 48  #: pixels of the sides of a moment's small picture
ARCHIVED_EVERY: Final = 0.5  #: seconds
KEY_EVERY: Final = 2.0  #: seconds, at most, between the key frames of one shot
_WORKED: Final = 256  #: longest side frames are remembered at while their shot lasts
_HASHED: Final = 128  #: sides of the square that is hashed: whatever its size and aspect were, it is the same clip
_CUT: Final = 16.0  #: grey levels by which, on the mean, a cut changes a picture of 16 × 16
SETTLED: Final = 0.2  #: seconds after a cut at which its key frame is taken: the first may still be blended
_SHOT: Final = 8.0  #: seconds after which a shot is worked off, so that it need not be remembered
_SAME: Final = 6  #: bits within which a frame is the last one again
_AGAIN: Final = 0.25  #: seconds after which it is kept all the same
MIRRORED: Final = 5  #: of PDQ's eight orientations (`pdq_turned`), the one left to right
#: Each of them in numpy's words: quarter turns, then whether flipped left to right.
TURNS: Final = ((0, False), (1, False), (2, False), (3, False), (2, True), (0, True), (3, True), (1, True))
Words = NDArray[np.uint64]


def turned(grey: Grey, orientation: int) -> Grey:
    turns, flipped = TURNS[orientation]
    out = np.rot90(grey, turns)
    return np.ascontiguousarray(out[:, ::-1] if flipped else out)


class Moments(NamedTuple):
    """n looks at what is shown: at a time the frame, and the picture enclosed in it where bars or a still surround it.

    `at` n seconds; `hashes` n × 8 × 4 words of 64 bits: PDQ in its eight orientations; `quality` n of 0..100;
    `enclosed`, `kept`, `key` n: of an enclosed picture, for the archive, of a key frame; `thumbs` n × 48 × 48 grey,
    squeezed to that.
    """

    at: NDArray[np.float32]
    hashes: Words
    quality: NDArray[np.uint8]
    enclosed: NDArray[np.bool_]
    kept: NDArray[np.bool_]
    key: NDArray[np.bool_]
    thumbs: Grey


class ClipPrint(NamedTuple):
    """`seconds` of the clip were seen; `complete` if that is all of it, else `reason`; `frames` were looked at."""

    seconds: float
    frames: int
    complete: bool
    reason: str
    moments: Moments


class _Seen(NamedTuple):
    at: float
    grey: Grey  # at most 256 on a side
    kept: bool
    key: bool


def clip_print(body: bytes, limits: ClipLimits, clock: Clock) -> ClipPrint | Unusable:
    """What is kept, and asked, of a clip. Never raises, whatever the bytes are."""
    frames = frames_of(body, limits, clock)
    if isinstance(frames, Unusable):
        return frames
    count = 0
    looks: list[_Look] = []
    for shot in _shots(frames):
        count += len(shot)
        looks += _looks(shot, looks[-1] if looks else None)
    if not looks:
        return Unusable(frames.reason or "no frame in it that we can decode")
    return ClipPrint(round(frames.seconds, 3), count, frames.complete, frames.reason, _laid_out(looks))


def cut_between(last: Grey, now: Grey) -> bool:
    """Whether one of two pictures of 16 × 16 is of another scene."""
    return bool(cv2.norm(last, now, cv2.NORM_L1) / last.size > _CUT)


def _shots(frames: Iterable[Frame]) -> Iterator[list[_Seen]]:
    """Runs of frames of one scene and size, none longer than some seconds."""
    shot: list[_Seen] = []
    small: Grey | None = None
    began = key = 0.0
    waiting = True  # for the key frame of a scene that has begun
    slot = -1
    for frame in frames:
        grey = _worked(frame)
        now = cv2.resize(grey, (16, 16), interpolation=cv2.INTER_AREA)
        if small is not None and (shot[-1].grey.shape != grey.shape or cut_between(small, np.asarray(now))):
            yield _with_key(shot)
            shot, began, waiting = [], frame.at, True
        elif shot and frame.at - shot[0].at > _SHOT:
            yield _with_key(shot)
            shot = []
        small = np.asarray(now)
        is_key = frame.at - began >= SETTLED if waiting else frame.at - key >= KEY_EVERY
        if is_key:
            key, waiting = frame.at, False
        kept = int(frame.at / ARCHIVED_EVERY) != slot
        slot = int(frame.at / ARCHIVED_EVERY)
        shot.append(_Seen(frame.at, grey, kept or is_key, is_key))
    if shot:
        yield _with_key(shot)


def _with_key(shot: list[_Seen]) -> list[_Seen]:
    """A shot too short to settle has its last frame for a key frame."""
    if not any(seen.key for seen in shot):
        shot[-1] = shot[-1]._replace(kept=True, key=True)
    return shot


def _worked(frame: Frame) -> Grey:
    height, width = frame.rgb.shape[:2]
    by = min(1.0, _WORKED / max(height, width))
    size = max(16, round(width * by)), max(16, round(height * by))
    small = cv2.resize(frame.rgb, size, interpolation=cv2.INTER_AREA) if by < 1 else frame.rgb
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))


class _Look(NamedTuple):
    at: float
    hashes: Words  # 8 × 4
    quality: int
    enclosed: bool
    kept: bool
    key: bool
    thumb: Grey


def _looks(shot: list[_Seen], last: _Look | None) -> list[_Look]:
    region = enclosed(np.stack([seen.grey for seen in shot]))
    looks: list[_Look] = []
    for seen in shot:
        look = _look(seen, seen.grey, is_enclosed=False)
        still = last is not None and seen.at - last.at < _AGAIN and _apart(last.hashes[0], look.hashes[0]) <= _SAME
        if still and not seen.kept:
            continue
        looks.append(look)
        last = look
        if region is not None:
            looks.append(_look(seen, _part(seen.grey, region), is_enclosed=True))
    return looks


def _part(grey: Grey, region: Region) -> Grey:
    left, top, right, bottom = region.pixels(grey.shape[1], grey.shape[0])
    return grey[top:bottom, left:right]


def _look(seen: _Seen, grey: Grey, *, is_enclosed: bool) -> _Look:
    square = cv2.resize(grey, (_HASHED, _HASHED), interpolation=cv2.INTER_AREA)
    found = pdq_turned(np.asarray(square, np.uint8))
    codes = found.codes.view(">u8").astype(np.uint64)
    thumb = np.asarray(cv2.resize(square, (THUMB, THUMB), interpolation=cv2.INTER_AREA), np.uint8)
    return _Look(seen.at, codes, found.quality, is_enclosed, seen.kept, seen.key, thumb)


def _apart(one: Words, other: Words) -> int:
    return int(np.bitwise_count(one ^ other).sum())


def _laid_out(looks: list[_Look]) -> Moments:
    return Moments(
        at=np.array([look.at for look in looks], np.float32),
        hashes=np.stack([look.hashes for look in looks]),
        quality=np.array([look.quality for look in looks], np.uint8),
        enclosed=np.array([look.enclosed for look in looks]),
        kept=np.array([look.kept for look in looks]),
        key=np.array([look.key for look in looks]),
        thumbs=np.stack([look.thumb for look in looks]),
    )
