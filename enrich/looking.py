"""Looking at what was fetched: decoded, its frames fingerprinted, its claims read, a thumbnail kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING, Protocol

import msgspec
from PIL import Image

from enrich.media.claims import claims
from enrich.media.pictures import KEY_FRAMES, NO_VIDEO, Decoded, Rgb, Unusable, decode, hashed, tempered
from enrich.memo import Memo
from enrich.sketching.sketch import sketch_texts
from secondsource.contracts.messages import WHOLE, Picture, Reuse, View, frame_id
from secondsource.contracts.reuse import FEWEST_WORDS, USABLE, area, known_by_text

if TYPE_CHECKING:
    from enrich.reuse.clip_prints import ClipPrint
    from enrich.reuse.prints import Look
    from enrich.reuse.rectangles import Rectangle
    from enrich.reuse.regions import Region

_SIDE = 480  # pixels of a thumbnail's longer side, at most
_QUALITY = 75
_RECOGNISED = 4  # frames of a moving picture that are looked for in the archive by their features
_SMALLEST = 0.08  # of the area: what is enclosed
_LONGEST = 3.0  # times as long as wide
_REMEMBERED = 20_000  # pictures whose finds are remembered

#: Key frames of a clip that no picture codec reads.
Clip = Callable[[bytes], Decoded | Unusable]
#: What is asked, and kept, of anything that moves.
Watch = Callable[[bytes], "ClipPrint | Unusable"]


class Keeping(Protocol):
    """What is kept of pictures; see `enrich.media.kept.MediaStore`."""

    def wants_thumbnail(self, picture: str) -> bool: ...
    def add_thumbnail(self, picture: str, body: bytes) -> None: ...
    def add_original(self, picture: str, body: bytes) -> None: ...


class Reading(Protocol):
    """What can be read in a picture; see `enrich.media.ocr.Reader`."""

    def read(self, rgb: Rgb) -> str: ...


class Recognising(Protocol):
    """Which archived pictures are in one, and clips in a clip; see `enrich.reuse.archive.ReuseArchive`."""

    def recognised(self, picture: str, look: Look, clip: ClipPrint | None = None) -> tuple[Reuse, ...]: ...


class Looker:
    """Bytes to pictures. Safe to use from several threads: a large picture is decoded alone.

    With an `archive`, what `look` has seen waits to be recognised by `recognise`, which is called for one picture after
    the other in the order of the stream: what is found in one depends on those before it.
    """

    def __init__(
        self,
        *,
        max_pixels: int,
        key_frames: int = KEY_FRAMES,
        kept: Keeping | None = None,
        clip: Clip | None = None,
        reader: Reading | None = None,
        archive: Recognising | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._max_pixels = max_pixels
        self._key_frames = key_frames
        self._kept = kept
        self._clip = clip
        self._reader = reader
        self._archive = archive
        self._alone = Lock()
        self._watch = watch
        self._waiting: dict[str, tuple[Look, ClipPrint | None]] = {}
        self._known: Memo[str, tuple[Reuse, ...]] = Memo(_REMEMBERED)

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
        video = self._clip is not None and found == Unusable(NO_VIDEO)
        if self._clip is not None and video:
            found = self._clip(body)
        if isinstance(found, Unusable):
            return found
        from enrich.reuse.rectangles import rectangles  # noqa: PLC0415 -- loads OpenCV: who sees no picture need not

        moving = self._moving(body) if video or found.frames_said > 1 else None
        file = sha256(body).hexdigest()
        said = claims(body)
        pictures: list[Picture] = []
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
            if self._reader is not None and not frame.number:
                picture = with_words(picture, self._reader.read(frame.rgb), frame.rgb)
            if self._archive is not None and len(pictures) < _RECOGNISED:
                from enrich.reuse.prints import looked  # noqa: PLC0415 -- and the vocabulary: who recognises nothing need not

                look = looked(frame.rgb).light()
                self._waiting[picture.id] = look, None if frame.number else moving
                picture = with_views(picture, look.rectangles)
            else:
                picture = with_views(picture, rectangles(frame.rgb))
            pictures.append(picture)
            if self._kept is not None and self._kept.wants_thumbnail(picture.id):
                self._kept.add_thumbnail(picture.id, thumbnail(frame.rgb))
        if self._kept is not None:
            self._kept.add_original(file, body)
        return tuple(pictures)

    def keeps(self, pictures: tuple[Picture, ...]) -> bool:
        """Whether what is to be kept of these still is: it goes with the last post that showed them.

        Raises:
            SourceAway: where it is kept did not answer.
        """
        kept = self._kept
        return kept is None or not any(kept.wants_thumbnail(one.id) for one in pictures if one.state == "fingerprinted")

    def _moving(self, body: bytes) -> ClipPrint | None:
        """What is asked of a clip as a clip, beside its key frames as pictures."""
        if self._archive is None or self._watch is None:
            return None
        seen = self._watch(body)
        return None if isinstance(seen, Unusable) else seen

    def recognise(self, pictures: tuple[Picture, ...]) -> tuple[Picture, ...]:
        """These pictures with what of the archive is seen in them. Not for several threads at once.

        Raises:
            SourceAway: the archive did not answer; they may be asked for again.
        """
        return tuple(map(self._recognised, pictures)) if self._archive is not None else pictures

    def _recognised(self, picture: Picture) -> Picture:
        seen = self._waiting.get(picture.id)
        if seen is not None and self._archive is not None:
            self._known.put(picture.id, self._archive.recognised(picture.id, *seen))
            del self._waiting[picture.id]
        found = self._known.get(picture.id)
        return msgspec.structs.replace(picture, found=found) if found else picture

    def forget(self) -> None:
        """Nothing waits to be recognised any more."""
        self._waiting.clear()


def with_words(picture: Picture, text: str, rgb: Rgb) -> Picture:
    """The picture with what was read in it. A card of text is known by that: rows of letters are not flat to PDQ, yet
    have hashes that move when they are saved again or set otherwise.
    """
    if not text:
        return picture
    from enrich.reuse.regions import is_card  # noqa: PLC0415 -- loads OpenCV, as above

    (sketch,) = sketch_texts([text])
    card = sketch.words >= FEWEST_WORDS and is_card(rgb)
    quality = min(picture.quality, USABLE - 1) if card else picture.quality
    return msgspec.structs.replace(picture, text=text, words=sketch, quality=quality)


def with_views(picture: Picture, seen: Iterable[Rectangle]) -> Picture:
    """The picture with hashes of what is seen in it, of what is not too flat; none of what is known by its text."""
    if known_by_text(picture):
        return picture
    views = []
    for region, found in seen:
        quality = tempered(found)
        if quality >= USABLE and _may_be_a_picture(region, picture.width / picture.height):
            left, top, right, bottom = (round(edge, 4) for edge in region)
            views.append(View(codes=found.codes.tobytes(), quality=quality, region=(left, top, right, bottom)))
    views.sort(key=lambda view: -area(view.region))
    return msgspec.structs.replace(picture, views=tuple(views)) if views else picture


def _may_be_a_picture(region: Region, proportions: float) -> bool:
    """Rather than a bar on which a caption stands, or an icon: these are alike round different pictures."""
    if region == WHOLE:
        return True
    sides = (region.right - region.left) * proportions, region.bottom - region.top
    return region.area >= _SMALLEST and max(sides) <= _LONGEST * min(sides)


def thumbnail(rgb: Rgb) -> bytes:
    """A JPEG of at most 480 pixels a side, made of the pixels alone: nothing that the file carried is in it."""
    image = Image.fromarray(rgb)
    image.thumbnail((_SIDE, _SIDE))
    out = BytesIO()
    image.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()
