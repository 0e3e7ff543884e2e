"""`secondsource media import`: a folder of dated pictures into the archive, so that later posts of them are told."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import tzinfo
from hashlib import sha256
from itertools import islice
from pathlib import Path
from threading import Event, Lock
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec.structs import replace

from enrich.looking import thumbnail, with_views, with_words
from enrich.media.claims import claims
from enrich.media.exif import taken_at
from enrich.media.ocr import Reader, installed
from enrich.media.pictures import Unusable, decode, hashed
from enrich.names.gazetteer import Gazetteer, read_terms
from enrich.reuse.prints import Look, looked
from enrich.reuse.rectangles import rectangles
from ingest.dated_pictures import (
    CAPTIONS,
    PICTURES,
    VIDEOS,
    Caption,
    Dated,
    believable,
    captions,
    dated,
    dated_by_name,
    in_utc,
)
from secondsource.app.wiring import House
from secondsource.contracts.errors import BadConfiguration, BadRecord
from secondsource.contracts.messages import LONGEST_ID, Picture
from secondsource.contracts.reuse import USABLE, known_by_text
from store.pictures.archive import Imported

_TOGETHER = 64  #: pictures brought in one transaction: what a stop or a crash costs at most
_THREADS = 2
_MOST_NAMED = 8

Progressed = Callable[[int, int | None], None]


@dataclass(frozen=True, kw_only=True)
class Request:
    """`captions` None: the one in the folder, if there is one. `source` "": the folder's name.

    `timezone` (IANA) is for dates that do not say their zone.
    """

    folder: Path
    captions: Path | None = None
    source: str = ""
    timezone: str = "UTC"


class NotTaken(NamedTuple):
    """A picture or a row that was refused."""

    source: str
    reason: str


@dataclass(frozen=True)
class Brought:
    """`unchanged` were there already; `flat` can only be found again byte by byte; `others` are no pictures."""

    source: str
    imported: int
    unchanged: int
    flat: int
    others: int
    stopped: bool
    dated_by: dict[str, int] = field(default_factory=dict)
    refused: tuple[NotTaken, ...] = ()


class _Told(NamedTuple):
    """What is known of a picture before it is opened."""

    path: Path
    name: str
    caption: Caption | None


class Found(NamedTuple):
    """What is to be imported. `others` are files that are no pictures."""

    source: str
    zone: tzinfo
    told: Sequence[_Told]
    others: int
    refused: Sequence[NotTaken]


def look(request: Request) -> Found:
    """What there is to import; before a database is made for it.

    Raises:
        BadConfiguration: no such folder, a captions file that cannot be read, an unknown time zone.
    """
    folder, zone, source = request.folder, _zone(request.timezone), _source(request)
    if not folder.is_dir():
        raise BadConfiguration(f"expected a folder of pictures, found none at {folder}")
    refused: list[NotTaken] = []
    files, others = _files(folder, refused)
    return Found(source, zone, _told(folder, files, _captions_file(request), refused), others, refused)


def import_media(at: House, found: Found, stop: Event, progressed: Progressed) -> Brought:
    """Import to the end or until `stop`. Called again it goes on; what has not changed is not decoded again.

    Raises:
        SourceAway: the database does not answer.
    """
    source, zone, told, others, _ = found
    refused = list(found.refused)
    importer = _Importer(at, source, zone)
    done = 0
    steps = iter(told)
    progressed(0, len(told))
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="import") as pool:
        while not stop.is_set() and (chosen := list(islice(steps, _TOGETHER))):
            refused.extend(importer.take(chosen, pool))
            done += len(chosen)
            progressed(done, len(told))
    return Brought(
        source,
        importer.imported,
        importer.unchanged,
        importer.flat,
        others,
        stopped=done < len(told),
        dated_by=dict(sorted(importer.dated_by.items())),
        refused=tuple(refused),
    )


class _Importer:
    def __init__(self, at: House, source: str, zone: tzinfo) -> None:
        media = at.configuration.deployment.enrich.media
        self._archive = at.store.archive
        self._reuse = at.reuse
        self._gazetteer = Gazetteer(read_terms(at.configuration.gazetteers))
        self._now = at.clock.now()
        self._source = source
        self._zone = zone
        self._max_bytes, self._max_pixels = media.max_bytes, media.max_pixels
        self._alone = Lock()
        tesseract, _ = installed(at.configuration.deployment.enrich.languages)
        self._reader = Reader(tesseract) if tesseract is not None else None
        self._kept = at.kept
        if self._kept is not None:
            self._kept.ready()
        self.imported = self.unchanged = self.flat = 0
        self.dated_by: dict[str, int] = {}

    def take(self, chosen: Sequence[_Told], pool: ThreadPoolExecutor) -> Iterator[NotTaken]:
        """Brings these; those that cannot be taken come back with the reason."""
        ready: list[tuple[Imported, Path]] = []
        for told in chosen:
            try:
                ready.append((self._entry(told), told.path))
            except BadRecord as error:
                yield NotTaken(told.name, str(error))
        known = self._archive.brought([entry.entry for entry, _ in ready])
        fresh = []
        for entry, path in ready:
            self._count(entry.dated_by)
            if known.get(entry.entry) == entry.said:
                self.unchanged += 1
            else:
                fresh.append((entry, path))
        brought: list[Imported] = []
        for (entry, _), found in zip(fresh, pool.map(self._looked_at, fresh), strict=True):
            if isinstance(found, str):
                yield NotTaken(entry.entry.partition("/")[2], found)
                self._count(entry.dated_by, -1)
                continue
            picture, look = found
            if look is not None and self._reuse is not None:
                picture = replace(picture, found=self._reuse.recognised(picture.id, look))
            self.flat += picture.quality < USABLE and not known_by_text(picture)
            brought.append(entry._replace(picture=picture))
        if brought:
            self._archive.bring(brought)
        self.imported += len(brought)

    def _count(self, dated_by: str, step: int = 1) -> None:
        kind = dated_by.partition(",")[0]
        self.dated_by[kind] = self.dated_by.get(kind, 0) + step

    def _entry(self, told: _Told) -> Imported:
        """All but the fingerprint.

        Raises:
            BadRecord: no date, one that cannot be, a file too large or not to be read, a path too long.
        """
        entry = f"import:{self._source}/{told.name}"
        if len(entry) > LONGEST_ID:
            raise BadRecord(f"its path is longer than the {LONGEST_ID} characters an entry's name may have")
        if told.path.suffix.lower() in VIDEOS:
            raise BadRecord("a video: only pictures are imported; bring frames of it, or replay posts that show it")
        body = self._read(told.path)
        found, kind = self._date(told, body)
        at = believable(found, self._now)
        caption = told.caption
        picture = Picture(id=sha256(body).hexdigest(), url=caption.url if caption else "", state="unavailable")
        return Imported(
            picture,
            entry,
            at,
            caption=_words(caption),
            url=caption.url if caption else "",
            dated_by=f"{kind}, {found.given}" if found.given else kind,
            credit=caption.credit if caption else "",
            place=caption.place if caption else "",
            named=self._named(caption),
        )

    def _named(self, caption: Caption | None) -> tuple[str, ...]:
        """Ids of the places and events that its caption names, and of its place where the gazetteer knows it not."""
        if caption is None:
            return ()
        found = self._gazetteer.find(caption.caption, "und")
        names = [match.id for match in found if match.kind in {"place", "event"}]
        if caption.place:
            placed = [match.id for match in self._gazetteer.find(caption.place, "und") if match.kind == "place"]
            names += placed or [caption.place]
        return tuple(dict.fromkeys(names))[:_MOST_NAMED]

    def _read(self, path: Path) -> bytes:
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                raise BadRecord("no file, though it is named like a picture")
            with path.open("rb") as file:
                body = file.read(self._max_bytes + 1)
        except OSError as error:
            raise BadRecord(f"cannot be read: {error.strerror}") from error
        if len(body) > self._max_bytes:
            raise BadRecord(f"larger than the {self._max_bytes:,} bytes that enrich.media.max_bytes allows")
        return body

    def _date(self, told: _Told, body: bytes) -> tuple[Dated, str]:
        """By the importer, else the camera, else the file's name; and which of them."""
        if told.caption is not None and told.caption.date:
            return dated(told.caption.date, self._zone), "importer"
        at = taken_at(body)
        if at is not None:
            return Dated(in_utc(at, self._zone)), "exif"
        named = dated_by_name(told.path.name, self._zone)
        if named is None:
            raise BadRecord("no date: none in the captions file, in its EXIF data or in its name")
        return named, "file name"

    def _looked_at(self, each: tuple[Imported, Path]) -> tuple[Picture, Look | None] | str:
        """The picture with its fingerprint, or why it has none. Read once more: many at once would fill the memory."""
        entry, path = each
        try:
            body = self._read(path)
        except BadRecord as error:
            return str(error)
        if sha256(body).hexdigest() != entry.picture.id:
            return "it was changed while it was read"
        decoded = decode(body, max_pixels=self._max_pixels, key_frames=1, alone=self._alone)
        if isinstance(decoded, Unusable):
            return decoded.reason
        rgb = decoded.frames[0].rgb
        result = hashed(rgb, decoded.width, decoded.height)
        picture = Picture(
            id=entry.picture.id,
            url=entry.picture.url,
            state="fingerprinted",
            pdq=result.pdq,
            quality=result.quality,
            width=result.width,
            height=result.height,
            claims=claims(body),
        )
        if self._kept is not None and self._kept.wants_thumbnail(picture.id):
            self._kept.add_thumbnail(picture.id, thumbnail(rgb))
        if self._reader is not None:
            picture = with_words(picture, self._reader.read(rgb), rgb)
        look = looked(rgb) if self._reuse is not None else None
        return with_views(picture, look.rectangles if look is not None else rectangles(rgb)), look


def _words(caption: Caption | None) -> str:
    """As a paper prints it: The bridge after the flood (Ida Holm, Velgrad)."""
    if caption is None:
        return ""
    beside = ", ".join(part for part in (caption.credit, caption.place) if part)
    return f"{caption.caption} ({beside})".strip() if beside else caption.caption


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadConfiguration(f"expected an IANA time zone such as Europe/Berlin, came {name!r}") from error


def _source(request: Request) -> str:
    name = request.source or request.folder.resolve().name
    if not name or len(name) > 100 or any(mark in name for mark in "/:\n\t"):
        raise BadConfiguration(
            f"expected a name of 1 to 100 characters without / and :, came {name[:120]!r}; give --source"
        )
    return name


def _files(folder: Path, refused: list[NotTaken]) -> tuple[list[Path], int]:
    """Pictures and videos in order of their paths, and how many files are neither. No link to a folder is followed."""

    def unreadable(error: OSError) -> None:
        where = Path(error.filename).relative_to(folder).as_posix()
        refused.append(NotTaken(f"{where}/", f"cannot be read: {error.strerror}"))

    found, others = [], 0
    for place, folders, names in os.walk(folder, onerror=unreadable):
        for name in folders:
            path = Path(place, name)
            if path.is_symlink():
                where = path.relative_to(folder).as_posix()
                refused.append(NotTaken(f"{where}/", "a link to a folder, which is not followed: import that folder"))
        for name in names:
            path = Path(place, name)
            if name.startswith("."):
                continue
            if path.suffix.lower() in PICTURES | VIDEOS:
                found.append(path)
            elif name not in CAPTIONS:
                others += 1
    return sorted(found), others


def _captions_file(request: Request) -> Path | None:
    if request.captions is not None:
        return request.captions
    there = [request.folder / name for name in CAPTIONS if (request.folder / name).is_file()]
    if len(there) > 1:
        raise BadConfiguration(f"{request.folder} holds several captions files; say which with --captions")
    return there[0] if there else None


def _told(folder: Path, files: Sequence[Path], captions_file: Path | None, refused: list[NotTaken]) -> list[_Told]:
    """Each picture with its caption; a row names it by its path in the folder, or by its name if no other has it."""
    names = {path.relative_to(folder).as_posix(): path for path in files}
    bare: dict[str, list[str]] = {}
    for name, path in names.items():
        bare.setdefault(path.name, []).append(name)
    rows: dict[str, Caption] = {}
    for row in captions(captions_file) if captions_file is not None else ():
        if not isinstance(row, Caption):
            refused.append(NotTaken(*row))
            continue
        wanted = row.file.replace("\\", "/").removeprefix("./")
        matching = [wanted] if wanted in names else bare.get(wanted, [])
        if len(matching) != 1:
            why = (
                "no picture of this name"
                if not matching
                else f"several pictures have this name: {', '.join(matching[:3])}"
            )
            refused.append(NotTaken(row.place_in_file, f"{row.file[:100]!r}: {why}"))
        elif matching[0] in rows and rows[matching[0]][:6] != row[:6]:
            refused.append(NotTaken(row.place_in_file, f"{row.file[:100]!r} was told of before, otherwise"))
        else:
            rows[matching[0]] = row
    return [_Told(path, name, rows.get(name)) for name, path in names.items()]
