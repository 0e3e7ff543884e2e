"""`media`: pictures that were seen before."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alerts.wording import count
from secondsource.app.cli.options import AsJson, ConfigFolder, configured, path
from secondsource.app.cli.output import FOUND, next_command, print_json, progress, say_refused
from secondsource.app.threads import stopping_on_signals
from secondsource.contracts.clock import SystemClock
from secondsource.runtime.logs import configure_logging
from secondsource.runtime.logs import escape as plain

if TYPE_CHECKING:
    from secondsource.app import importing

media_app = typer.Typer(no_args_is_help=True, help="Pictures that were seen before: import, find, explain.")
index_app = typer.Typer(no_args_is_help=True, help="The index by which parts of pictures are found again.")
media_app.add_typer(index_app, name="index")


@media_app.command("import")
def import_folder(
    folder: Annotated[Path, typer.Argument(parser=path, help="Folder of pictures; all below it is read.")],
    captions: Annotated[
        Path | None,
        typer.Option(
            help="CSV, TSV or JSON lines: file, date, caption, credit, place, url. Without: captions.csv in the folder."
        ),
    ] = None,
    source: Annotated[str, typer.Option(help="What the archive is called. Without: the folder's name.")] = "",
    timezone: Annotated[str, typer.Option(help="Of dates that do not say their zone, such as Europe/Berlin.")] = "UTC",
    config: ConfigFolder = None,
    as_json: AsJson = False,
) -> None:
    """Bring dated pictures into the archive: a later post of one is then told when it was seen first.

    A date comes from the captions file, else from the picture's EXIF data, else from the file's name.
    A picture without any is refused. Stopped and started again it goes on; importing again corrects.

    For example:

      [b]secondsource media import photos/1994 --source agency --timezone Europe/Berlin[/b]

    docs/import.md says what the captions file and the names may look like.
    """
    from secondsource.app import importing, wiring

    configure_logging(sys.stderr, level=logging.WARNING)
    request = importing.Request(folder=folder, captions=captions, source=source, timezone=timezone)
    configuration = configured(config)
    found = importing.look(request)
    with (
        stopping_on_signals() as stop,
        wiring.house(configuration, stop=stop) as house,
        progress(as_json, "importing", "pictures/s") as progressed,
    ):
        done = importing.import_media(house, found, stop, progressed)
    if as_json:
        print_json(
            {
                "source": done.source,
                "imported": done.imported,
                "unchanged": done.unchanged,
                "flat": done.flat,
                "others": done.others,
                "stopped": done.stopped,
                "dated_by": done.dated_by,
                "refused": [each._asdict() for each in done.refused],
            }
        )
    else:
        _say_imported(done)
    raise typer.Exit(FOUND if done.refused or done.stopped else 0)


@media_app.command("find")
def find(
    picture: Annotated[str, typer.Argument(metavar="FILE|URL", help="The picture to look for.")],
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many sightings, nearest first.")] = 20,
    config: ConfigFolder = None,
    as_json: AsJson = False,
) -> None:
    """When, where and with which words a picture was first seen; then all sightings, nearest first. Keeps nothing.

    For example:

      [b]secondsource media find bridge.jpg[/b]

    Exit code 1: it was not seen before; 2: it is no picture that can be looked at; 3: its address does not answer.
    docs/media-evidence.md says what each line means.
    """
    from alerts import wording
    from secondsource.app import media_commands, wiring

    configure_logging(sys.stderr, level=logging.WARNING)
    with wiring.house(configured(config), opening="found") as house:
        found = media_commands.find(house, picture, limit)
        now = house.clock.now()
    if as_json:
        print_json(media_commands.as_json(found))
    else:
        if found.first is not None:
            how = wording.how_it_matches(found.first) or "the same file"
            before = now if found.first.seen_at < now else None  # the end of this day, month or year
            typer.echo(f"First seen {plain(wording.earlier(found.first, now=before))}; {how}")
        for seen in found.sightings:
            how = wording.how_it_matches(seen) or "the same file"
            typer.echo(f"{plain(wording.earlier(seen))}; {how}")
        if found.picture.text:
            typer.echo(f"It reads: {plain(found.picture.text)}")
        if not found.sightings:
            typer.echo("Not seen before.")
        if not found.by_parts:
            typer.echo("Parts of pictures were not looked for: there is no index.")
    raise typer.Exit(0 if found.sightings else FOUND)


@media_app.command("explain")
def explain(
    earlier: Annotated[str, typer.Argument(metavar="EARLIER", help="A picture, as file or address.")],
    later: Annotated[str, typer.Argument(metavar="LATER", help="Another, that may show it or a part of it.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The PNG to write.")] = Path("explained.png"),
    config: ConfigFolder = None,
    as_json: AsJson = False,
) -> None:
    """Draw which part of one picture is seen in another, side by side. Exit code 1: none is.

    For example:

      [b]secondsource media explain bridge-1994.jpg screenshot.png --out both.png[/b]
    """
    from secondsource.app import media_commands

    configure_logging(sys.stderr, level=logging.WARNING)
    media = configured(config).deployment.enrich.media
    told = media_commands.explain(media, SystemClock(), earlier, later)
    out.write_bytes(told.png)
    if as_json:
        print_json({"match": media_commands.in_rows(told.match), "bits": told.bits, "png": str(out)})
    else:
        if told.match is not None:
            left, top, right, bottom = (f"{share:.0%}" for share in told.match.region)
            how = f"{told.match.inliers} places fit" if told.match.kind == "features" else "found by its hash"
            typer.echo(f"From {left}, {top} to {right}, {bottom} of it is in the other: {how}, ", nl=False)
            typer.echo(f"confidence {told.match.confidence:.0%}.")
        else:
            typer.echo("Nothing of it is found in the other.")
        typer.echo(f"As wholes they differ in {told.bits} of 256 bits. Drawn: {out}")
    raise typer.Exit(0 if told.match is not None else FOUND)


@index_app.command("rebuild")
def rebuild(config: ConfigFolder = None) -> None:
    """Make the index again of what the store holds. Others go on searching what was until it is done."""
    from secondsource.app import media_commands, wiring

    with wiring.house(configured(config), opening="found") as house:
        typer.echo(f"{count(media_commands.rebuild(house), 'picture')} in the index.")


@index_app.command("verify")
def verify(config: ConfigFolder = None, as_json: AsJson = False) -> None:
    """Read every byte of the index and compare it with the store. Exit code 1: something is wrong."""
    from secondsource.app import media_commands, wiring

    with wiring.house(configured(config), opening="found") as house:
        found = media_commands.verify(house)
    if as_json:
        print_json(found._asdict())
    else:
        typer.echo(f"{count(found.indexed, 'picture')} in the index, {found.kept:,} in the store.")
        for sentence in found.wrong:
            typer.echo(f"  {plain(sentence)}")
        if found.wrong:
            typer.echo(f"Make it again: {next_command('media index rebuild', config)}")
    raise typer.Exit(FOUND if found.wrong else 0)


def _say_imported(done: importing.Brought) -> None:
    typer.echo(
        f"{plain(done.source)}: {count(done.imported, 'picture')} imported, {done.unchanged:,} known already, "
        f"{len(done.refused):,} refused; {done.others:,} other files were not looked at."
    )
    for kind, number in done.dated_by.items():
        typer.echo(f"  dated by {kind}: {number:,}")
    if done.flat:
        typer.echo(f"  {done.flat:,} of them are too flat to be found again but byte by byte")
    say_refused(done.refused, len(done.refused))
    if done.stopped:
        typer.echo("Stopped before the end. The same command goes on from here.")
