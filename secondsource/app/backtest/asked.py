"""What was asked of `backtest`, `tune` and `verdicts`: words of a command line as what they mean."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from errno import EACCES, EISDIR, ENOENT
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from config.loader import Configuration
from ingest.formats.recognising import JsonFormat
from secondsource.app import wiring
from secondsource.app.backtest.labels import Truth, of_verdicts, read_labels
from secondsource.app.backtest.posts import TAKES, Wanted, watch_of
from secondsource.app.wiring import House
from secondsource.contracts.errors import BadConfiguration

#: Verdicts below which a share of them says little.
ENOUGH = 20


def moment(said: str, option: str) -> datetime | None:
    """A day or a moment in ISO 8601, UTC where it names no zone; None for "".

    Raises:
        BadConfiguration: it is neither.
    """
    if not said:
        return None
    try:
        at = datetime.fromisoformat(said)
        return (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        msg = f"{option}: expected a day or a moment such as 2026-05-14 or 2026-05-14T16:00Z, came {said!r}"
        raise BadConfiguration(msg) from error


def wanted(
    *,
    watch: str,
    since: str = "",
    until: str = "",
    warm_up: float = 72.0,
    take: str = "collected",
    files: tuple[Path, ...] = (),
    format: JsonFormat = "auto",  # noqa: A002 - as in replay
    mapping: str = "",
    pictures: Path | None = None,
) -> Wanted:
    """Which posts to replay.

    Raises:
        BadConfiguration: no watch is named, or a word means nothing.
    """
    if not watch:
        raise BadConfiguration("which watch? Say --watch NAME; `secondsource config check` names them")
    if take not in TAKES:
        msg = f"--take: expected {', '.join(TAKES[:-1])} or {TAKES[-1]}, came {take!r}"
        raise BadConfiguration(msg)
    return Wanted(
        watch=watch,
        since=moment(since, "--from"),
        until=moment(until, "--to"),
        warm_up=timedelta(hours=warm_up),
        take=next(each for each in TAKES if each == take),
        files=files,
        format=format,
        mapping=mapping,
        pictures=pictures,
    )


@contextmanager
def house(configuration: Configuration, files: Sequence[Path], stop: Event) -> Iterator[House]:
    """Its store is only read. For files, where there is none, one is made that is gone with the house.

    Raises:
        SourceAway, BadConfiguration: see `wiring.house`.
    """
    with TemporaryDirectory(prefix="secondsource-backtest-") as folder:
        if files and wiring.is_new(configuration):
            configuration = replace(configuration, store_url=f"sqlite:///{folder}/nothing.sqlite")
        with wiring.house(configuration, opening="made" if files else "found", stop=stop) as made:
            yield made


def truth(at: House, watch: str, labels: Path | None, positive: Collection[str]) -> Truth:
    """What alerts are held against: the file's labels, or the verdicts there are.

    Raises:
        BadConfiguration: a file that cannot be used.
        SourceAway: the store does not answer.
    """
    if labels is not None:
        return read_labels(labels, positive)
    if positive:
        raise BadConfiguration("--positive says which labels are worth an alert, and there are none: add --labels FILE")
    return of_verdicts(at.store.verdicts.in_force(watch))


def names(configuration: Configuration, watch: str) -> list[str]:
    """The watch that was asked for; all where none was.

    Raises:
        BadConfiguration: there is no such watch.
    """
    return [known_watch(configuration, watch)] if watch else [each.name for each in configuration.watches]


def known_watch(configuration: Configuration, name: str) -> str:
    """Raise BadConfiguration where no watch has this name."""
    return watch_of(configuration, name).name


def nothing(wanted: Wanted) -> str:
    """Why there was nothing to replay, and what to try."""
    if wanted.files:
        return f"no post for watch {wanted.watch} in these files and that time; --take all takes every post of them"
    between = ""
    if wanted.since is not None:
        between += f" from {wanted.since:%Y-%m-%d %H:%M} UTC"
    if wanted.until is not None:
        between += f" to {wanted.until:%Y-%m-%d %H:%M} UTC"
    return f"no post of watch {wanted.watch} is stored{between}; see what there is: secondsource status"


def want_writable(path: Path) -> None:
    """Before minutes of work are done for it.

    Raises:
        BadConfiguration: it will not be written.
    """
    why = ENOENT if not path.parent.is_dir() else EISDIR if path.is_dir() else 0
    if not why and not os.access(path if path.exists() else path.parent, os.W_OK):
        why = EACCES
    if why:
        raise BadConfiguration(f"{path}: cannot be written: {os.strerror(why)}")


def write(path: Path, text: str) -> None:
    """Write a file.

    Raises:
        BadConfiguration: it cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        msg = f"{path}: cannot be written: {error.strerror or error}"
        raise BadConfiguration(msg) from error
