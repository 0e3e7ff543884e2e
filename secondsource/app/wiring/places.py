"""Where pictures and the index of their prints are kept: as configured, or beside the store."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from config.loader import Configuration
from secondsource.contracts.errors import BadConfiguration
from store.store import Store

if TYPE_CHECKING:
    from enrich.media.kept import MediaStore
    from enrich.reuse.archive import ReuseArchive


def media_store(configuration: Configuration) -> MediaStore | None:
    """What is kept of pictures, None where there is no place for it.

    Raises:
        BadConfiguration: the place needs a package that is not installed.
    """
    media = configuration.deployment.enrich.media
    where = media.store or beside_the_store(configuration.store_url)
    if not where or (media.keep == "nothing" and media.store is None):
        return None
    from enrich.media.kept import MediaStore, place

    options = {"client_kwargs": {"endpoint_url": media.endpoint}} if media.endpoint else None
    return MediaStore(place(where, options), media.keep)


def reuse_archive(configuration: Configuration, store: Store) -> ReuseArchive | None:
    """The index of prints, made of the store where it is missing; None where there is no place for it.

    Raises:
        SourceAway: the store did not answer.
        BadConfiguration: its folder cannot be written.
    """
    folder = index_folder(configuration)
    if folder is None:
        return None
    from enrich.reuse.archive import ReuseArchive

    try:
        return ReuseArchive(folder, store.prints)
    except OSError as error:
        msg = f"the index of pictures cannot be kept in {folder} ({error.strerror}): set enrich: media: index:"
        raise BadConfiguration(msg) from error


def index_folder(configuration: Configuration) -> Path | None:
    """Where the index of prints is: as named, beside the SQLite file, or in this user's cache; None for nowhere.

    It is a copy of what the store holds, so a cache is place enough: one for each database.
    """
    named = configuration.deployment.enrich.media.index
    if named is not None:
        return named
    url = urlsplit(configuration.store_url)
    if url.scheme.startswith("sqlite"):
        beside = beside_the_store(configuration.store_url, ".index")
        return Path(beside) if beside else None
    of = sha256(f"{url.hostname}:{url.port}{url.path}".encode()).hexdigest()[:16]
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "secondsource" / f"{of}.index"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # a read-only home, or a user who has none, as in containers
        return None
    return folder if os.access(folder, os.W_OK) else None


def beside_the_store(store_url: str, ending: str = ".media") -> str:
    """The folder that goes with a SQLite file; "" where the store is no file."""
    path = sqlite_file(store_url)
    return str(path.with_suffix(ending)) if path is not None else ""


def sqlite_file(store_url: str) -> Path | None:
    """The store's file, None where it is no file."""
    path = store_url.removeprefix("sqlite:///") if store_url.startswith("sqlite:///") else ""
    return Path(path) if path and path != ":memory:" else None
