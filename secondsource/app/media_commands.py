"""`secondsource media find`, `explain` and `index`: the archive of pictures asked by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace

from config.schema import Media
from enrich.looking import with_views, with_words
from enrich.media.fetch import Fetcher, FetchLimits
from enrich.media.ocr import Reader, installed
from enrich.media.pictures import NO_VIDEO, Frame, Rgb, Unusable, decode, hashed
from enrich.reuse.archive import Checked, ReuseArchive, reuse
from enrich.reuse.clip_frames import ClipLimits
from enrich.reuse.clip_prints import ClipPrint, clip_print
from enrich.reuse.clips import key_pictures
from enrich.reuse.drawing import side_by_side
from enrich.reuse.prints import looked
from enrich.reuse.search import search
from enrich.reuse.segment import segment
from secondsource.app.wiring import House
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import BadConfiguration, SourceAway
from secondsource.contracts.messages import Earlier, Picture, Reuse, frame_id

_KINDS = ("bytes", "clip", "text", "hash", "features")
_ASKED_FOR = 1_000  # sightings, oldest first, of which the nearest are told
_DATED_AHEAD = timedelta(days=367)


@dataclass(frozen=True)
class Found:
    """`picture` is the one that was asked about; `first` the oldest sighting of all; `sightings` nearest first, of
    equally near ones the oldest.
    """

    picture: Picture
    first: Earlier | None
    sightings: tuple[Earlier, ...]
    by_parts: bool  #: whether parts of pictures were looked for


@dataclass(frozen=True)
class Explained:
    """`match` is what of the first picture is seen in the second, None where nothing is; `bits` as PDQ sees the two."""

    match: Reuse | None
    bits: int
    png: bytes


def find(at: House, what: str, limit: int) -> Found:
    """Earlier sightings of a picture or a clip, a file or an address. Nothing of it is kept.

    Raises:
        BadConfiguration: it is no picture that can be looked at.
        SourceAway: the address, or the store, does not answer.
    """
    media = at.configuration.deployment.enrich.media
    shown = _picture(media, at.clock, what, media.key_frames)
    tesseract, _ = installed(at.configuration.deployment.enrich.languages)
    text = Reader(tesseract).read(shown.rgb) if tesseract is not None else ""
    asked = [_asked(at.reuse, shown, frame, text) for frame in shown.frames]
    picture = replace(asked[0], url=what, words=None, views=())
    # Of what is dated by a day, a month or a year the last second counts, which may be to come.
    sightings = at.store.archive.earlier(asked, at.clock.now() + _DATED_AHEAD, _ASKED_FOR)
    nearest = sorted(sightings, key=_nearness)[:limit]
    return Found(picture, sightings[0] if sightings else None, tuple(nearest), at.reuse is not None)


def _asked(archive: ReuseArchive | None, shown: _Shown, frame: Frame, text: str) -> Picture:
    """One moment of what is shown, with all that it is looked for by; `text` is what the first can be read as."""
    name, look = frame_id(shown.name, frame.number), looked(frame.rgb)
    print_ = hashed(frame.rgb, shown.width, shown.height)
    clip = None if frame.number else shown.clip
    picture = Picture(
        id=name,
        url="",
        state="fingerprinted",
        pdq=print_.pdq,
        quality=print_.quality,
        width=shown.width,
        height=shown.height,
        frame=frame.number,
        at_seconds=frame.at_seconds,
        of=shown.name if frame.number else "",
        found=archive.found(look, clip, but=name) if archive is not None else (),
    )
    return with_views(picture if frame.number else with_words(picture, text, frame.rgb), look.rectangles)


def as_json(found: Found) -> dict[str, Any]:
    """What `media find --json` prints."""
    return {name: in_rows(value) for name, value in (
        ("picture", found.picture), ("first", found.first), ("sightings", found.sightings)
    )}  # fmt: skip


def in_rows(value: object) -> Any:
    """As `msgspec.to_builtins`, each transform as two rows of three, which is how `eval media` writes it."""
    return _rows(msgspec.to_builtins(value))


def _rows(built: Any) -> Any:
    if isinstance(built, dict):
        return {
            name: [list(inner[:3]), list(inner[3:])] if name == "transform" else _rows(inner)
            for name, inner in built.items()
        }
    return [_rows(inner) for inner in built] if isinstance(built, list | tuple) else built


def _nearness(seen: Earlier) -> tuple[int, int, float, float, str]:
    return _KINDS.index(seen.kind), seen.distance, -seen.confidence, seen.seen_at.timestamp(), seen.source


def explain(media: Media, clock: Clock, earlier: str, later: str) -> Explained:
    """What of one picture is seen in another, drawn.

    Raises:
        BadConfiguration: one of them is no picture that can be looked at.
        SourceAway: an address does not answer.
    """
    first, second = _picture(media, clock, earlier, 1), _picture(media, clock, later, 1)
    asked = looked(second.rgb)
    within = segment([(bytes.fromhex(first.name), looked(first.rgb).kept)])
    matches = search(asked, [within])
    match = reuse(matches[0]) if matches else None
    one, two = (int(hashed(each.rgb, each.width, each.height).pdq, 16) for each in (first, second))
    return Explained(match, (one ^ two).bit_count(), side_by_side(first.rgb, second.rgb, match))


def index(at: House) -> ReuseArchive:
    """The index of the deployment.

    Raises:
        BadConfiguration: it has none.
    """
    if at.reuse is None:
        msg = (
            "there is no index of pictures: where the store is PostgreSQL, name a folder for it: enrich: media: index:"
        )
        raise BadConfiguration(msg)
    return at.reuse


def verify(at: House) -> Checked:
    return index(at).verify()


def rebuild(at: House) -> int:
    """How many pictures are in the index that was made again."""
    return index(at).rebuild()


class _Shown(NamedTuple):
    """SHA-256, key frames, the first of them first, and their size; of what moves, what is asked of it as a clip."""

    name: str
    frames: Sequence[Frame]
    width: int
    height: int
    clip: ClipPrint | None

    @property
    def rgb(self) -> Rgb:
        return self.frames[0].rgb


def _picture(media: Media, clock: Clock, what: str, most: int) -> _Shown:
    """At most so many of its key frames."""
    body = _body(media, clock, what)
    name = sha256(body).hexdigest()
    found = decode(body, max_pixels=media.max_pixels, key_frames=most)
    if found == Unusable(NO_VIDEO):
        keys = key_pictures(body, ClipLimits(), clock, most)
        if isinstance(keys, Unusable):
            raise BadConfiguration(f"{what}: {keys.reason}")
        height, width, _ = keys[0].rgb.shape
        frames = [Frame(number, key.at, key.rgb) for number, key in enumerate(keys)]
        return _Shown(name, frames, width, height, _clip(clock, body))
    if isinstance(found, Unusable):
        raise BadConfiguration(f"{what}: {found.reason}")
    clip = _clip(clock, body) if found.frames_said > 1 else None
    return _Shown(name, found.frames, found.width, found.height, clip)


def _clip(clock: Clock, body: bytes) -> ClipPrint | None:
    seen = clip_print(body, ClipLimits(), clock)
    return None if isinstance(seen, Unusable) else seen


def _body(media: Media, clock: Clock, what: str) -> bytes:
    if what.startswith(("http://", "https://")):
        limits = FetchLimits(max_bytes=media.max_bytes, total_seconds=media.timeout_seconds, per_host=media.per_host)
        fetcher = Fetcher(clock, limits)
        try:
            fetched = fetcher.fetch(what)
        finally:
            fetcher.stop()
        if fetched.state == "unavailable":
            raise SourceAway(f"{what}: {fetched.reason}")
        if fetched.state != "fetched":
            raise BadConfiguration(f"{what}: {fetched.reason}")
        return fetched.body
    try:
        with Path(what).open("rb") as file:
            body = file.read(media.max_bytes + 1)
    except OSError as error:
        raise BadConfiguration(f"{what}: cannot be read ({error.strerror})") from error
    if len(body) > media.max_bytes:
        raise BadConfiguration(f"{what}: larger than the {media.max_bytes:,} bytes that enrich.media.max_bytes allows")
    return body
