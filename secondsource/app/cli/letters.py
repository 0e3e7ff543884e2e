"""`dead-letters`: records that could not be handled."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from alerts.wording import count
from secondsource.app.cli.options import AsJson, ConfigFolder, configured, format_named
from secondsource.app.cli.output import FOUND, next_command, print_json
from secondsource.contracts.errors import BadConfiguration, BadRecord
from secondsource.contracts.messages import DeadLetter
from secondsource.runtime.logs import configure_logging
from secondsource.runtime.logs import escape as plain

if TYPE_CHECKING:
    from store.letters import StoredLetter

letters_app = typer.Typer(no_args_is_help=True, help="Records that could not be handled: list, show, send again.")


@letters_app.command("list")
def list_waiting(
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 50,
    resent: Annotated[bool, typer.Option("--resent", help="Also those already sent again.")] = False,
    config: ConfigFolder = None,
    as_json: AsJson = False,
) -> None:
    """What could not be handled, and why: one line a record, newest first.

    For example:

      [b]secondsource dead-letters list --limit 1000 | grep 'expected a time'[/b]

      [b]secondsource dead-letters list --json | python -m json.tool[/b]
    """
    from secondsource.app import wiring

    with wiring.house(configured(config), opening="found") as house:
        found = house.store.letters.listed(limit, resent=resent)
        waiting = house.store.letters.waiting()
    if as_json:
        print_json([msgspec.to_builtins(each.letter) | {"resent_at": each.resent_at} for each in found])
        return
    typer.echo(f"{count(waiting, 'dead letter')} {'waits' if waiting == 1 else 'wait'} to be sent again.")
    for each in sorted(found, key=_place):
        letter = each.letter
        stage = "" if letter.stage.startswith("ingest:") else f"{plain(letter.stage)}, "
        sent = f" (sent again {each.resent_at:%Y-%m-%d %H:%M} UTC)" if each.resent_at else ""
        typer.echo(f"{plain(letter.id)}  {stage}{plain(letter.source)}  {plain(letter.reason)}{sent}")
    if waiting > len(found):
        typer.echo(f"These are the newest {len(found):,}; more with --limit {waiting}")
    if found:
        typer.echo(f"One with its bytes: {next_command('dead-letters show ID', config)}")


def _place(stored: StoredLetter) -> tuple[float, str, int]:
    """Newest first; of one moment, as the lines of a file stand."""
    file, _, line = stored.letter.source.rpartition(":")
    return -stored.letter.at.timestamp(), file, int(line) if line.isdecimal() else 0


@letters_app.command("show")
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="As `dead-letters list` shows it.")],
    config: ConfigFolder = None,
    as_json: AsJson = False,
) -> None:
    """One record with its bytes, where it came from and why it failed."""
    from secondsource.app import wiring

    with wiring.house(configured(config), opening="found") as house:
        found = house.store.letters.one(letter_id)
    letter = _letter(found, letter_id)
    if as_json:
        print_json(msgspec.to_builtins(letter) | {"resent_at": found and found.resent_at})
        return
    for name in ("id", "stage", "source", "target", "key", "reason"):
        typer.echo(f"{name:>7}  {plain(str(getattr(letter, name)))}")
    typer.echo(f"     at  {letter.at:%Y-%m-%d %H:%M:%S} UTC")
    typer.echo(f"   body  {plain(letter.body.decode('utf-8', 'backslashreplace'))}")


@letters_app.command("resend")
def resend(
    letter_ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Which; or --all.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that wait; with --file, all of that file.")] = False,
    format: Annotated[str, typer.Option(help="How a replayed record is to be read.")] = "auto",  # noqa: A002 - as in replay
    mapping: Annotated[str, typer.Option(help="The column mapping of a replayed CSV/TSV row.")] = "",
    file: Annotated[
        Path | None, typer.Option(help="The file CSV/TSV rows came from: its first row names the columns.")
    ] = None,
    pictures: Annotated[Path | None, typer.Option(help="Folder with the pictures that posts name.")] = None,
    watch: Annotated[str, typer.Option(help="The watch it belongs to. Without: it matches or says.")] = "",
    config: ConfigFolder = None,
) -> None:
    """Send records again, after what stopped them has been mended. Those that still fail stay.

    With [b]transport: inline[/b], not while [b]secondsource run[/b] follows the same watches in another process.

    For example:

      [b]secondsource dead-letters resend --all[/b]

      [b]secondsource dead-letters resend --all --mapping mended.yaml --file posts.csv --watch aleppo[/b]
    """
    from secondsource.app import letters, replaying, wiring

    read_as = format_named(format)
    configure_logging(sys.stderr, level=logging.WARNING)
    if not letter_ids and not every:
        raise BadConfiguration("which letters? give ids, or --all for all that wait")
    if file is not None and not file.is_file():
        raise BadConfiguration(f"{file}: expected the file that the rows came from, found none there")
    sent = failed = 0
    with wiring.house(configured(config), opening="found") as house:
        kept = house.store.letters
        ids = kept.waiting_ids(f"{file.name}:" if file else "") if every else letter_ids or []
        how = letters.How(
            format=replaying.load_columns(mapping) if mapping else read_as, watch=watch, file=file, pictures=pictures
        )
        with letters.resender(house, how) as resender:
            for letter_id in ids:
                letter = _letter(kept.one(letter_id), letter_id)
                try:
                    resender.resend(letter)
                    sent += 1
                except BadRecord as error:
                    failed += 1
                    typer.echo(f"{plain(letter_id)} still fails: {plain(str(error))}")
    typer.echo(f"{count(sent, 'record')} sent again, {failed:,} still failed and stay.")
    raise typer.Exit(FOUND if failed else 0)


def _letter(found: StoredLetter | None, letter_id: str) -> DeadLetter:
    if found is None:
        msg = f"no dead letter {letter_id}; see: secondsource dead-letters list"
        raise BadConfiguration(msg)
    return found.letter
