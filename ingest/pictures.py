"""Where a replayed post's pictures are: in a folder by name, at an address made from their id, or nowhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.messages import MediaRef

_VIDEOS = frozenset({".mp4", ".mov", ".webm", ".mkv", ".avi", ".m4v"})
_PICTURES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".avif", ".heic"})


@dataclass(frozen=True, slots=True)
class Pictures:
    """Media references for the ids in a file.

    `pattern` is an address with `{id}` in it; `files` maps a file's name without suffix to its path. An id that is an
    address itself is taken as it is. One that is found nowhere keeps the address `replay-media:ID`, which cannot be
    fetched, but by which posts that name the same picture still meet.
    """

    files: dict[str, Path] = field(default_factory=dict)
    pattern: str = ""

    def ref(self, id_: str) -> MediaRef:
        if id_.startswith(("http://", "https://")):
            return MediaRef(url=id_, kind=_kind(Path(id_.partition("?")[0]).suffix))
        path = self.files.get(id_)
        if path is not None:
            return MediaRef(url=path.as_uri(), kind=_kind(path.suffix))
        if self.pattern:
            return MediaRef(url=self.pattern.replace("{id}", quote(id_, safe="")))
        return MediaRef(url=f"replay-media:{quote(id_, safe='')}")


def pictures(folder: Path | None = None, pattern: str = "") -> Pictures:
    """Looks through `folder` and all below it once. Of files of one name, the first in path order counts.

    Raises:
        BadConfiguration: no such folder, or a pattern without `{id}`.
    """
    if pattern and "{id}" not in pattern:
        raise BadConfiguration(f"pictures: expected an address with {{id}} in it, came {pattern!r}")
    if folder is None:
        return Pictures(pattern=pattern)
    if not folder.is_dir():
        raise BadConfiguration(f"pictures: expected a folder, found none at {folder}")
    files: dict[str, Path] = {}
    for path in sorted(folder.resolve().rglob("*")):
        if path.suffix.lower() in _PICTURES | _VIDEOS and path.is_file():
            files.setdefault(path.stem, path)
            files.setdefault(path.name, path)
    return Pictures(files=files, pattern=pattern)


def _kind(suffix: str) -> Literal["image", "video", "gif"]:
    return "video" if suffix.lower() in _VIDEOS else "image"
