"""Looking at what was fetched: decoded, its frames fingerprinted, its claims read, a thumbnail kept."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from threading import Lock
from typing import Protocol

from PIL import Image

from enrich.claims import claims
from enrich.pictures import KEY_FRAMES, NO_VIDEO, Decoded, Rgb, Unusable, decode, hashed
from secondsource.contracts.messages import Picture, frame_id

_SIDE = 480  # pixels of a thumbnail's longer side, at most
_QUALITY = 75

#: Key frames of a clip that no picture codec reads.
Clip = Callable[[bytes], Decoded | Unusable]


class Keeping(Protocol):
    """What is kept of pictures; see `enrich.media_store.MediaStore`."""

    def wants_thumbnail(self, picture: str) -> bool: ...
    def add_thumbnail(self, picture: str, body: bytes) -> None: ...
    def add_original(self, picture: str, body: bytes) -> None: ...


class Looker:
    """Bytes to pictures. Safe to use from several threads: a large picture is decoded alone."""

    def __init__(
        self,
        *,
        max_pixels: int,
        key_frames: int = KEY_FRAMES,
        kept: Keeping | None = None,
        clip: Clip | None = None,
    ) -> None:
        self._max_pixels = max_pixels
        self._key_frames = key_frames
        self._kept = kept
        self._clip = clip
        self._alone = Lock()

    @property
    def sees_clips(self) -> bool:
        return self._clip is not None

    def look(self, body: bytes) -> tuple[Picture, ...] | Unusable:
        """The picture, without `url` and `kind`; of an animation or a clip, then its later key frames.

        Never raises for what the bytes are.

        Raises:
            SourceAway: what is to be kept of it cannot be.
        """
        found = decode(body, max_pixels=self._max_pixels, key_frames=self._key_frames, alone=self._alone)
        if self._clip is not None and found == Unusable(NO_VIDEO):
            found = self._clip(body)
        if isinstance(found, Unusable):
            return found
        file = sha256(body).hexdigest()
        said = claims(body)
        pictures = []
        for frame in found.frames:
            print_ = hashed(frame.rgb, found.width, found.height)
            picture = Picture(
                id=frame_id(file, frame.number),
                url="",
                state="fingerprinted",
                pdq=print_.pdq,
                quality=print_.quality,
                width=found.width,
                height=found.height,
                frame=frame.number,
                at_seconds=frame.at_seconds,
                of=file if frame.number else "",
                claims=None if frame.number else said,
            )
            pictures.append(picture)
            if self._kept is not None and self._kept.wants_thumbnail(picture.id):
                self._kept.add_thumbnail(picture.id, thumbnail(frame.rgb))
        if self._kept is not None:
            self._kept.add_original(file, body)
        return tuple(pictures)


def thumbnail(rgb: Rgb) -> bytes:
    """A JPEG of at most 480 pixels a side, made of the pixels alone: nothing that the file carried is in it."""
    image = Image.fromarray(rgb)
    image.thumbnail((_SIDE, _SIDE))
    out = BytesIO()
    image.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()
