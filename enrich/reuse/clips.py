"""The key frames of a clip, as pictures: one of every shot, and one at least every few seconds.

They are matched as any picture is. Which seconds of a clip are in another is told by `clip_prints` and `clip_search`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import cv2
import numpy as np
from PIL import Image

from enrich.media.pictures import Unusable, hashed
from enrich.reuse.clip_frames import ClipLimits, Frame, Grey, frames_of
from enrich.reuse.clip_prints import SETTLED, cut_between
from enrich.reuse.clip_readers import Rgb
from secondsource.contracts.clock import Clock

KEY_FRAME_EVERY: Final = 3.0  #: seconds, at most, between two
MOST_KEY_FRAMES: Final = 64  #: of one clip; of longer ones as many, further apart
_ENOUGH_PIXELS: Final = 1_000_000  #: as for stills: PDQ looks at 64 × 64 of them
_APART: Final = 0.3  #: seconds, at least, between two: of a scene shorter than that nobody sees anything
_HELD: Final = 48  #: whole frames in memory at a time, at most


class KeyFrame(NamedTuple):
    """A frame as a picture: `pdq` 64 hex digits and `quality` 0..100 of it, as of any picture; when it is shown."""

    at_seconds: float
    pdq: str
    quality: int
    width: int
    height: int


def key_frames(body: bytes, limits: ClipLimits, clock: Clock) -> list[KeyFrame] | Unusable:
    """What of a clip to look at as pictures, in order. Never raises, whatever the bytes are."""
    frames = frames_of(body, limits, clock)
    if isinstance(frames, Unusable):
        return frames
    found: list[KeyFrame] = []
    for frame in keys(frames):
        if found and len(found) >= 4 * MOST_KEY_FRAMES:  # of a clip that is all cuts: every second one will do
            found = found[::2]
        height, width = frame.rgb.shape[:2]
        print_ = hashed(_reduced(frame.rgb), width, height)
        found.append(KeyFrame(round(frame.at, 3), print_.pdq, print_.quality, width, height))
    if not found:
        return Unusable(frames.reason or "no frame in it that we can decode")
    return [found[i] for i in _spread(len(found), MOST_KEY_FRAMES)]


def key_pictures(body: bytes, limits: ClipLimits, clock: Clock, most: int) -> list[Frame] | Unusable:
    """Key frames with their pixels, at most `most` of them and never more than 48: for local features."""
    frames = frames_of(body, limits, clock)
    if isinstance(frames, Unusable):
        return frames
    found: list[Frame] = []
    step = 1
    for number, frame in enumerate(keys(frames)):
        if number % step:
            continue
        if len(found) >= _HELD:
            found, step = found[::2], step * 2
        found.append(Frame(frame.at, _reduced(frame.rgb)))
    if not found:
        return Unusable(frames.reason or "no frame in it that we can decode")
    return [found[i] for i in _spread(len(found), min(most, _HELD))]


def keys(frames: Iterable[Frame]) -> Iterator[Frame]:
    """The frames that stand for others: a moment after each cut, and every few seconds."""
    last: Grey | None = None
    waiting: Frame | None = None  # the latest frame of a scene too young to have a key frame
    began = key = 0.0
    for frame in frames:
        now = _tiny(frame.rgb)
        if last is not None and cut_between(last, now):
            if waiting is not None and waiting.at - key >= _APART:
                yield waiting
                key = waiting.at
            began, waiting = frame.at, frame
        elif last is None:
            began, waiting = frame.at, frame
        last = now
        if waiting is not None:
            waiting = frame
            due = frame.at - began >= SETTLED
        else:
            due = frame.at - key >= KEY_FRAME_EVERY
        if due:
            yield frame
            key, waiting = frame.at, None
    if waiting is not None and (key == 0.0 or waiting.at - key >= _APART):
        yield waiting


def _tiny(rgb: Rgb) -> Grey:
    return np.asarray(cv2.cvtColor(cv2.resize(rgb, (16, 16), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY))


def _reduced(rgb: Rgb) -> Rgb:
    """By whole steps, as stills are: others move more bits."""
    height, width = rgb.shape[:2]
    by = max(1, min(math.ceil(math.sqrt(width * height / _ENOUGH_PIXELS)), min(width, height) // 64))
    return rgb if by == 1 else np.asarray(Image.fromarray(rgb).reduce(by))


def _spread(count: int, most: int) -> list[int]:
    return [int(i) for i in np.unique(np.linspace(0, count - 1, min(count, most)).round())]
