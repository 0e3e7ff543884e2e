"""`secondsource eval media`: measure the matching of pictures on anybody's own, through the door the pipeline uses."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2

from enrich.media.pictures import KEY_FRAMES, NO_VIDEO, Frame, Unusable, decode
from enrich.reuse.clip_frames import ClipLimits
from enrich.reuse.clips import key_pictures
from enrich.reuse.index import Entry, Index
from enrich.reuse.prints import Print, looked
from enrich.reuse.search import Match, search
from secondsource.contracts.clock import SystemClock
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.messages import frame_id

_MAX_PIXELS: Final = 50_000_000
_AT_A_TIME: Final = 8

Mapping = Callable[[Callable[[Path], Any], Sequence[Path]], Iterator[Any]]


class Moment(NamedTuple):
    """A frame that is archived: of which file, by its SHA-256, and at which second of it."""

    file: str
    seconds: float


class Archived(NamedTuple):
    """A folder's pictures in an index of their own, in `folder`.

    `names`: SHA-256 to the files that have it, as they stand below the folder of pictures. `moments`: what stands in
    the index under which name; of what does not move, the file's SHA-256.

    `unusable`: files that gave no picture, and why.
    """

    folder: Path
    names: dict[str, list[str]]
    moments: dict[str, Moment]
    unusable: dict[str, str]


class Found(NamedTuple):
    """An archived frame that is seen in a query, and at which second of the query."""

    match: Match
    seconds: float


class _Printed(NamedTuple):
    """A file to be archived: the name of each of its frames, when it is shown, and its print."""

    file: str
    frames: list[tuple[str, float, Print]]


def files(folder: Path) -> list[Path]:
    """Everything below the folder but what is hidden, in order of name.

    Raises:
        BadConfiguration: it is no folder, or has nothing in it.
    """
    if not folder.is_dir():
        msg = f"expected a folder of pictures; {folder} is none"
        raise BadConfiguration(msg)
    found = shown(folder)
    if not found:
        msg = f"expected a folder of pictures; {folder} is empty"
        raise BadConfiguration(msg)
    return found


def shown(folder: Path) -> list[Path]:
    """The files below a folder, in order of name, without hidden ones and those in hidden folders."""
    below = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in below if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def read(path: Path, most: int) -> bytes | Unusable:
    """What is in a file, or why it is not looked at: it cannot be read, or has more than `most` bytes."""
    try:
        size = path.stat().st_size
        return path.read_bytes() if size <= most else Unusable(f"{size} bytes, more than the {most} allowed")
    except OSError as error:
        return Unusable(f"cannot be read: {error.strerror or error}")


def frames(body: bytes) -> Sequence[Frame] | Unusable:
    """What there is to look at: a picture, or the key frames of what moves."""
    decoded = decode(body, max_pixels=_MAX_PIXELS)
    if decoded == Unusable(NO_VIDEO):
        keys = key_pictures(body, ClipLimits(), SystemClock(), KEY_FRAMES)
        if isinstance(keys, Unusable):
            return keys
        return [Frame(number, key.at, key.rgb) for number, key in enumerate(keys)]
    return decoded if isinstance(decoded, Unusable) else decoded.frames


def archive(folder: Path, index: Path, jobs: int) -> Archived:
    """Put a folder's pictures into a new index in the folder `index`."""
    names: dict[str, list[str]] = {}
    moments: dict[str, Moment] = {}
    unusable: dict[str, str] = {}
    kept = Index(index)
    with _mapping(jobs, None) as each:
        for batch in _batches(files(folder), 256):
            entries = []
            for path, printed in zip(batch, each(_printed, batch), strict=True):
                if isinstance(printed, Unusable):
                    unusable[str(path.relative_to(folder))] = printed.reason
                    continue
                names.setdefault(printed.file, []).append(str(path.relative_to(folder)))
                for name, seconds, print_ in printed.frames:
                    moments[name] = Moment(printed.file, seconds)
                    entries.append(Entry(name, print_))
            kept.add(entries)
    return Archived(index, names, moments, unusable)


def searched(archived: Archived, queries: Path, jobs: int) -> Iterator[dict[str, Any]]:
    """One record for each match that is accepted, surest first, and one for each query without any.

    `{query, match, kind, confidence, distance | inliers, region, transform}`: see docs/eval.md. Files are named as
    they stand below their folders; one that cannot be read as a picture has a `reason`.

    Raises:
        BadConfiguration: the folder is missing or empty.
    """
    asked = files(queries)
    with _mapping(jobs, archived.folder) as each:
        for path, found in zip(asked, each(_searched, asked), strict=True):
            yield from records(str(path.relative_to(queries)), found, archived)


def media(archive_folder: Path, queries: Path, jobs: int) -> Iterator[dict[str, Any]]:
    """Records of all queries; and first `{archive, reason}` for each archived file that is no picture.

    Raises:
        BadConfiguration: a folder is missing or empty.
    """
    files(queries)
    with tempfile.TemporaryDirectory(prefix="secondsource-eval-") as temporary:
        archived = archive(archive_folder, Path(temporary), jobs)
        yield from ({"archive": name, "reason": reason} for name, reason in archived.unusable.items())
        yield from searched(archived, queries, jobs)


def records(query: str, found: Sequence[Found] | Unusable, archived: Archived) -> Iterator[dict[str, Any]]:
    """What is written of one query: of each archived file, the frame that is surest."""
    if isinstance(found, Unusable):
        yield {"query": query, "match": None, "reason": found.reason}
        return
    if not found:
        yield {"query": query, "match": None}
    files: set[str] = set()
    for match, seconds in sorted(found, key=lambda each: (-each.match.confidence, each.match.name, each.seconds)):
        moment = archived.moments[match.name]
        if moment.file in files:
            continue
        files.add(moment.file)
        at = {"seconds": {"query": seconds, "match": moment.seconds}} if seconds or moment.seconds else {}
        for name in archived.names[moment.file]:
            yield {"query": query, "match": name, **told(match), **at}


def told(match: Match) -> dict[str, Any]:
    """A match as JSON says it."""
    measured = {"distance": match.distance} if match.distance is not None else {"inliers": match.inliers}
    return {
        "kind": match.kind,
        "confidence": match.confidence,
        **measured,
        "region": [round(edge, 4) for edge in match.region],
        "transform": [list(row) for row in match.transform],
    }


_index: Index | None = None  # of a worker process


def _begin(index: Path | None) -> None:
    global _index  # noqa: PLW0603 -- a worker of a process pool can be given something to keep in no other way
    cv2.setNumThreads(1)
    _index = Index(index) if index is not None else None


@contextmanager
def _mapping(jobs: int, index: Path | None) -> Iterator[Mapping]:
    """Something to do a thing to all paths with, in their order: in this process, or in several."""
    if jobs == 1:
        _begin(index)
        yield map
        return
    with ProcessPoolExecutor(jobs, get_context("spawn"), initializer=_begin, initargs=(index,)) as pool:
        yield partial(pool.map, chunksize=_AT_A_TIME)


def _printed(path: Path) -> _Printed | Unusable:
    body = read(path, ClipLimits().max_bytes)
    if isinstance(body, Unusable):
        return body
    found = frames(body)
    if isinstance(found, Unusable):
        return found
    file = sha256(body).hexdigest()
    return _Printed(file, [(frame_id(file, each.number), each.at_seconds, looked(each.rgb).kept) for each in found])


def _searched(path: Path) -> list[Found] | Unusable:
    assert _index is not None
    body = read(path, ClipLimits().max_bytes)
    found = body if isinstance(body, Unusable) else frames(body)
    if isinstance(found, Unusable):
        return found
    segments = _index.segments()
    return [Found(match, each.at_seconds) for each in found for match in search(looked(each.rgb), segments)]


def _batches(paths: Sequence[Path], size: int) -> Iterator[Sequence[Path]]:
    return (paths[at : at + size] for at in range(0, len(paths), size))


def default_jobs() -> int:
    """As many processes as this one may use processors, at most 8."""
    return min(8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
