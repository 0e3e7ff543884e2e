"""Pictures kept by what they are: thumbnails for the desk, originals only where configured, each once by its SHA-256.

On a folder, or on anything fsspec reaches that puts a whole object or none (S3 and what speaks like it).
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Protocol

from secondsource.contracts.errors import BadConfiguration, SourceAway

Keep = Literal["nothing", "thumbnails", "originals"]

THUMBNAILS, ORIGINALS = "thumbnails", "originals"
_ID = re.compile(r"[0-9a-f]{64}\Z")
_PARTS = "parts"
_ABANDONED = 3600.0  # seconds after which a half-written file belongs to nobody any more


class Place(Protocol):
    """Where bytes are kept by name. Safe to use from several threads and processes.

    Raises SourceAway where it does not answer or has no room.
    """

    def ready(self) -> None:
        """Before the first `put`. Raises BadConfiguration where that could not work."""
        ...

    def put(self, name: str, body: bytes) -> None:
        """All of it or none, whenever we are killed. What is there already stays."""
        ...

    def has(self, name: str) -> bool: ...
    def get(self, name: str) -> bytes | None: ...
    def delete(self, name: str) -> None:
        """What is not there is gone already."""
        ...

    def names(self, kind: str) -> Iterator[str]:
        """The last parts of the names below `kind`, in no order."""
        ...


class Folder:
    """A folder of this machine, or one that several mount."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def ready(self) -> None:
        """Make it where it is missing, and sweep away what was left half-written long ago."""
        parts = self._root / _PARTS
        try:
            parts.mkdir(parents=True, exist_ok=True)
            probe = parts / secrets.token_hex(16)
            probe.touch()
            self._sweep(probe.stat().st_mtime)
            probe.unlink()
        except OSError as error:
            msg = f"enrich.media.store: {self._root} cannot be written to ({error.strerror}); name a folder that can"
            raise BadConfiguration(msg) from error

    def _sweep(self, now: float) -> None:
        """`now`: by the clock of the file system, which may be another machine's."""
        for part in (self._root / _PARTS).iterdir():
            with suppress(OSError):  # somebody else swept it
                if part.stat().st_mtime < now - _ABANDONED:
                    part.unlink()

    def put(self, name: str, body: bytes) -> None:
        path = self._root / name
        part = self._root / _PARTS / secrets.token_hex(16)
        try:
            if path.exists():
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            part.parent.mkdir(parents=True, exist_ok=True)
            with part.open("xb") as file:
                file.write(body)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise SourceAway(f"media store: {path} cannot be written: {error.strerror}") from error

    def has(self, name: str) -> bool:
        return (self._root / name).is_file()

    def get(self, name: str) -> bytes | None:
        try:
            return (self._root / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SourceAway(f"media store: {name} cannot be read: {error.strerror}") from error

    def delete(self, name: str) -> None:
        try:
            (self._root / name).unlink(missing_ok=True)
        except OSError as error:
            raise SourceAway(f"media store: {name} cannot be deleted: {error.strerror}") from error

    def names(self, kind: str) -> Iterator[str]:
        for path in (self._root / kind).glob("*/*"):
            yield path.name


class Bucket:
    """A store that fsspec reaches, such as s3://bucket/prefix."""

    def __init__(self, url: str, options: Mapping[str, object] | None = None) -> None:
        """`options` are those of fsspec's file system; credentials come from the environment, where its library looks.

        Raises:
            BadConfiguration: fsspec, or what it needs for this kind of address, is not installed.
        """
        self._url = url
        try:
            fsspec: Any = import_module("fsspec")
            self._files, self._root = fsspec.core.url_to_fs(url, use_listings_cache=False, **(options or {}))
        except (ImportError, ValueError) as error:
            msg = f"enrich.media.store: {url} cannot be used ({error}); turn it on with: pip install 'secondsource[s3]'"
            raise BadConfiguration(msg) from error

    def ready(self) -> None:
        """A bucket that does not answer is waited for, like every service."""

    def _away(self, did: str, error: Exception) -> SourceAway:
        return SourceAway(f"media store {self._url} could not {did}: {type(error).__name__}: {str(error)[:200]}")

    def put(self, name: str, body: bytes) -> None:
        try:
            self._files.pipe_file(f"{self._root}/{name}", body)
        except Exception as error:  # each kind of store raises its own library's errors
            raise self._away("take a picture", error) from error

    def has(self, name: str) -> bool:
        try:
            return bool(self._files.exists(f"{self._root}/{name}"))
        except Exception as error:
            raise self._away("be asked", error) from error

    def get(self, name: str) -> bytes | None:
        try:
            body: bytes = self._files.cat_file(f"{self._root}/{name}")
        except FileNotFoundError:
            return None
        except Exception as error:
            raise self._away("give a picture", error) from error
        return body

    def delete(self, name: str) -> None:
        try:
            self._files.rm_file(f"{self._root}/{name}")
        except FileNotFoundError:
            return
        except Exception as error:
            raise self._away("delete a picture", error) from error

    def names(self, kind: str) -> Iterator[str]:
        try:
            found = self._files.find(f"{self._root}/{kind}")
        except FileNotFoundError:
            return
        except Exception as error:
            raise self._away("list its pictures", error) from error
        for path in found:
            yield str(path).rpartition("/")[2]


class MediaStore:
    """What is kept of pictures, by `Picture.id`. Adding again, by whomever, changes nothing.

    Raises SourceAway wherever its place is away or full, so that the work is done again later.
    """

    def __init__(self, place: Place, keep: Keep) -> None:
        self._place = place
        self._keep = keep

    def ready(self) -> None:
        """Before anything is added.

        Raises:
            BadConfiguration: nothing could be.
        """
        if self._keep != "nothing":
            self._place.ready()

    def wants_thumbnail(self, picture: str) -> bool:
        return self._keep != "nothing" and not self._place.has(_name(THUMBNAILS, picture))

    def add_thumbnail(self, picture: str, body: bytes) -> None:
        if self._keep != "nothing":
            self._place.put(_name(THUMBNAILS, picture), body)

    def add_original(self, picture: str, body: bytes) -> None:
        """Kept if configured: the bytes as they came, never to be shown to a browser."""
        if self._keep == "originals" and not self._place.has(_name(ORIGINALS, picture)):
            self._place.put(_name(ORIGINALS, picture), body)

    def thumbnail(self, picture: str) -> bytes | None:
        """A JPEG of our own making, None where there is none, or where that is no picture's id."""
        return self._place.get(_name(THUMBNAILS, picture)) if _ID.match(picture) else None

    def original(self, picture: str) -> bytes | None:
        return self._place.get(_name(ORIGINALS, picture)) if _ID.match(picture) else None

    def remove(self, pictures: Collection[str]) -> None:
        """Forget these pictures, whatever is kept of them and whatever is configured now."""
        for picture in pictures:
            if _ID.match(picture):
                self._place.delete(_name(ORIGINALS, picture))
                self._place.delete(_name(THUMBNAILS, picture))

    def pictures(self) -> Iterator[str]:
        """Ids of which anything is kept; one may come twice."""
        for kind in (THUMBNAILS, ORIGINALS):
            yield from (name for name in self._place.names(kind) if _ID.match(name))


def _name(kind: str, picture: str) -> str:
    """By the first two digits, so that no folder holds millions."""
    return f"{kind}/{picture[:2]}/{picture}"


def place(where: str, options: Mapping[str, object] | None = None) -> Place:
    """`s3://bucket/prefix` and the like by fsspec, all else is a folder's path.

    Raises:
        BadConfiguration: it cannot be used.
    """
    if re.match(r"[a-z][a-z0-9+.-]+://", where):
        return Bucket(where.rstrip("/"), options)
    return Folder(Path(where))
