"""Measure the matching of clips on anybody's own: every clip of one folder against every clip of another.

One JSON line for each accepted match and one for each query without any, in order of query:
`{query, match, kind, confidence, segments, frames, transform}`; `match` null where there is none, with a `reason` where
the query could not be decoded. `segments` are seconds, `{query: [from, to], match: [from, to]}`; `frames` how many
archived moments agree; `transform` has `speed` (archived seconds for one of the query), `mirrored`, `turned` (degrees).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple, TextIO

from enrich.media.pictures import Unusable
from enrich.reuse.clip_archive import ClipArchive
from enrich.reuse.clip_features import by_features, covered, entries
from enrich.reuse.clip_frames import ClipLimits
from enrich.reuse.clip_prints import TURNS, ClipPrint, clip_print
from enrich.reuse.clip_search import ClipMatch, search
from enrich.reuse.index import Index
from secondsource.app.evaluation.media import read, shown
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import BadConfiguration

_COVERED: Final = 0.5  #: of a query found by whole frames, under which its key frames are looked for piece by piece


def evaluate(
    archive: Path, queries: Path, out: TextIO, told: TextIO, clock: Clock, limits: ClipLimits | None = None
) -> None:
    """Write the lines to `out`, and to `told` which archived files could not be used.

    Raises:
        BadConfiguration: one of the folders is none, or the archive holds no clip we can use.
    """
    allowed = limits or ClipLimits()
    with TemporaryDirectory(prefix="secondsource-clips-") as folder:
        clips, pictures = ClipArchive(Path(folder) / "clips"), Index(Path(folder) / "pictures")
        names: dict[str, list[str]] = {}
        seconds: dict[str, float] = {}
        for path in _files(archive):
            found = _print(path, allowed, clock)
            if isinstance(found, Unusable):
                print(f"{_name(path, archive)}: {found.reason}", file=told)
                continue
            body, name, print_ = found
            names.setdefault(name, []).append(_name(path, archive))
            if clips.add(name, print_):
                seconds[name] = print_.seconds
                keys = entries(name, body, allowed, clock)
                pictures.add([] if isinstance(keys, Unusable) else keys)
        if not names:
            msg = f"expected clips in {archive}; none there can be decoded"
            raise BadConfiguration(msg)
        archived = clips.archived()
        for path in _files(queries):
            query = _name(path, queries)
            found = _print(path, allowed, clock)
            if isinstance(found, Unusable):
                _line(out, {"query": query, "match": None, "reason": found.reason})
                continue
            matches = search(found.print_, archived)
            if covered(matches, found.print_) < _COVERED:
                known = {match.name for match in matches}
                more = by_features(found.body, allowed, clock, pictures.segments(), seconds)
                matches += [match for match in more if match.name not in known]
            for match in matches:
                for name in names[match.name]:
                    _line(out, {"query": query, "match": name, **as_json(match)})
            if not matches:
                _line(out, {"query": query, "match": None})


def as_json(match: ClipMatch) -> dict[str, Any]:
    turns, mirrored = TURNS[match.turn]
    speed = sum(each.speed * each.moments for each in match.stretches) / match.moments
    return {
        "kind": "clip",
        "confidence": match.confidence,
        "segments": [{"query": list(each.asked), "match": list(each.kept)} for each in match.stretches],
        "frames": match.moments,
        "transform": {"speed": round(speed, 3), "mirrored": mirrored, "turned": turns * 90},
    }


class _Clip(NamedTuple):
    body: bytes
    name: str
    print_: ClipPrint


def _print(path: Path, limits: ClipLimits, clock: Clock) -> _Clip | Unusable:
    body = read(path, limits.max_bytes)
    if isinstance(body, Unusable):
        return body
    print_ = clip_print(body, limits, clock)
    return print_ if isinstance(print_, Unusable) else _Clip(body, sha256(body).hexdigest(), print_)


def _files(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        msg = f"expected a folder of clips; {folder} is none"
        raise BadConfiguration(msg)
    return iter(shown(folder))


def _name(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _line(out: TextIO, value: dict[str, Any]) -> None:
    out.write(json.dumps(value, ensure_ascii=False) + "\n")
    out.flush()
