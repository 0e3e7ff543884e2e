"""How commands answer: exit codes, JSON for machines, progress, what was refused, and what to type next."""

from __future__ import annotations

import codecs
import json
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from config.loader import Configuration
from secondsource.runtime.logs import escape as plain

if TYPE_CHECKING:
    from secondsource.app import replaying

FOUND, WRONG, AWAY, HALTED = 1, 2, 3, 4
MOST_SHOWN = 20  #: lines of a list; the rest is counted
_COMMAND = re.compile(r"(?:(?<=: )|(?<=`))secondsource ([^`\n]+)")


def speak_utf8() -> None:
    """On standard output, whatever the terminal is set to: what machines read is."""
    _write_as(encoding="utf-8")


def bear_any_terminal() -> None:
    """A sign that a terminal cannot show is a question mark there, and ends no command. ASCII, which nobody chose, is
    taken for UTF-8, as Typer takes it.
    """
    if getattr(sys.stdout, "encoding", None) and codecs.lookup(sys.stdout.encoding).name == "ascii":
        speak_utf8()
    _write_as(errors="replace")


def _write_as(**how: str) -> None:
    if reconfigure := getattr(sys.stdout, "reconfigure", None):
        reconfigure(**how)


def print_json(value: Any) -> None:
    r"""What json.dumps leaves as it is and a terminal would obey becomes \uXXXX, which means the same in JSON."""
    speak_utf8()
    for line in json.dumps(value, ensure_ascii=False, indent=2, default=str).split("\n"):
        typer.echo(plain(line))


def say_refused(refused: Sequence[tuple[str, str]], of: int) -> None:
    """The first of what was refused, each with its place and reason."""
    for source, reason in refused[:MOST_SHOWN]:
        typer.echo(f"  {plain(source)}: {plain(reason)}")
    if of > min(len(refused), MOST_SHOWN):
        typer.echo(f"  … and {of - min(len(refused), MOST_SHOWN):,} more")


def next_command(words: str, config: Path | None) -> str:
    """What to type next, with the configuration this was asked with."""
    return f"secondsource {words}" + (f" -c {shlex.quote(str(config))}" if config is not None else "")


def pasteable(message: str, config: Path | None) -> str:
    """The message with what `next_command` adds after each command in it: one after a colon, or in backticks."""
    if config is None:
        return message
    return _COMMAND.sub(lambda found: next_command(found[1], config), message)


def say_services(configuration: Configuration) -> None:
    from secondsource.app import wiring

    for service in wiring.services(configuration):
        state = "on" if service.on else "off"
        how = service.how if service.how.startswith(("off", "nothing")) else f"{state}; {service.how}"
        typer.echo(f"{plain(service.name)}: {plain(how)}")


@contextmanager
def progress(quiet: bool, doing: str, unit: str) -> Iterator[replaying.Progressed]:
    if quiet:
        yield lambda _done, _total: None
        return
    speed = TextColumn("{task.fields[speed]}")
    columns = (SpinnerColumn(), TextColumn(doing), BarColumn(), MofNCompleteColumn(), speed, TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(doing, total=None, speed="")

        def progressed(done: int, total: int | None) -> None:
            speed = bar.tasks[0].speed
            bar.update(task, completed=done, total=total, speed=f"{speed:,.0f} {unit}" if speed else "")

        yield progressed
