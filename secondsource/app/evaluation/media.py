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

from enrich.media.pictures import Unusable, decode
from enrich.reuse.index import Entry, Index
from enrich.reuse.prints import Look, looked
from enrich.reuse.search import Match, search
from secondsource.contracts.errors import BadConfiguration

_MAX_PIXELS: Final = 50_000_000
_AT_A_TIME: Final = 8

Mapping = Callable[[Callable[[Path], Any], Sequence[Path]], Iterator[Any]]


class Archived(NamedTuple):
    """A folder's pictures in an index of their own, in `folder`.

    `names`: SHA-256 to the files that have it, as they stand below the folder of pictures.

    `unusable`: files that gave no picture, and why.
    """

    folder: Path
    names: dict[str, list[str]]
    unusable: dict[str, str]


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


def look_at(body: bytes) -> Look | Unusable:
    """A picture's look: its first frame's."""
    decoded = decode(body, max_pixels=_MAX_PIXELS, key_frames=1)
    return decoded if isinstance(decoded, Unusable) else looked(decoded.frames[0].rgb)


def archive(folder: Path, index: Path, jobs: int) -> Archived:
    """Put a folder's pictures into a new index in the folder `index`."""
    names: dict[str, list[str]] = {}
    unusable: dict[str, str] = {}
    kept = Index(index)
    with _mapping(jobs, None) as each:
        for batch in _batches(files(folder), 256):
            entries = []
            for path, (name, found) in zip(batch, each(_printed, batch), strict=True):
                if isinstance(found, Unusable):
                    unusable[str(path.relative_to(folder))] = found.reason
                    continue
                names.setdefault(name, []).append(str(path.relative_to(folder)))
                entries.append(Entry(name, found))
            kept.add(entries)
    return Archived(index, names, unusable)


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
            yield from records(str(path.relative_to(queries)), found, archived.names)


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


def records(query: str, found: Sequence[Match] | Unusable, names: dict[str, list[str]]) -> Iterator[dict[str, Any]]:
    """What is written of one query."""
    if isinstance(found, Unusable):
        yield {"query": query, "match": None, "reason": found.reason}
        return
    if not found:
        yield {"query": query, "match": None}
    for match in found:
        for name in names[match.name]:
            yield {"query": query, "match": name, **told(match)}


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


def _printed(path: Path) -> tuple[str, Any]:
    body = path.read_bytes()
    found = look_at(body)
    return sha256(body).hexdigest(), found if isinstance(found, Unusable) else found.kept


def _searched(path: Path) -> list[Match] | Unusable:
    assert _index is not None
    found = look_at(path.read_bytes())
    return found if isinstance(found, Unusable) else search(found, _index.segments())


def _batches(paths: Sequence[Path], size: int) -> Iterator[Sequence[Path]]:
    return (paths[at : at + size] for at in range(0, len(paths), size))


def default_jobs() -> int:
    """As many processes as this one may use processors, at most 8."""
    return min(8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
