"""The command line. What a command does stands in the module named for it; here is how it is asked and answered.

Exit codes: 0 done · 1 something to look at (problems found, records rejected) · 2 settings or arguments that cannot
work · 3 a service is away · 4 a stage halted on bad records.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from config.loader import BUILT_IN, Configuration, load, problems
from config.schema_files import write_schemas
from secondsource.app import demo as demonstration
from secondsource.app import letters, replaying, running, wiring
from secondsource.app.threads import stopping_on_signals
from secondsource.contracts.errors import BadConfiguration, BadRecord, Halted, SecondSourceError, SourceAway
from secondsource.contracts.messages import DeadLetter
from secondsource.runtime.logs import configure_logging
from secondsource.runtime.logs import escape as plain
from store.letters import StoredLetter
from store.status import Status

FOUND, WRONG, AWAY, HALTED = 1, 2, 3, 4

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Watches social media when a story breaks. Behind every alert: has this picture lived before, and how many "
    "independent sources are there, really?\n\nStart with [b]secondsource demo[/b]; it needs no service and no key.",
)
config_app = typer.Typer(no_args_is_help=True, help="Check the YAML that says what is watched, and how.")
letters_app = typer.Typer(no_args_is_help=True, help="Records that could not be handled: list, show, send again.")
app.add_typer(config_app, name="config")
app.add_typer(letters_app, name="dead-letters")

ConfigFolder = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", envvar="SECONDSOURCE_CONFIG", show_default=False,
        help="Folder with secondsource.yaml and watches/. Without it: ./config, or the sample that comes with us.",
    ),
]  # fmt: skip
AsJson = Annotated[bool, typer.Option("--json", help="JSON on standard output, for machines.")]


def main() -> None:
    """Run a command; our errors become one message and an exit code."""
    try:
        app()
    except BadConfiguration as error:
        _fail(str(error), WRONG)
    except SourceAway as error:
        _fail(str(error), AWAY)
    except Halted as error:
        _fail(str(error), HALTED)
    except SecondSourceError as error:
        _fail(str(error), FOUND)


def _fail(message: str, code: int) -> None:
    Console(stderr=True, highlight=False).print(f"[red]{escape(message)}[/]")
    sys.exit(code)


def _configuration(folder: Path | None) -> Configuration:
    return load(_folder(folder), os.environ)


def _folder(given: Path | None) -> Path:
    if given is not None:
        return given
    return Path("config") if Path("config", "watches").is_dir() else BUILT_IN


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where its files and database go; emptied first.")] = Path("demo"),
) -> None:
    """Watch an invented event in an invented town: no service, no key, under a minute."""
    configure_logging(sys.stderr, level=logging.WARNING)
    with stopping_on_signals() as stop:
        demonstration.show(folder, Console(highlight=False), stop)


@app.command()
def run(
    parts: Annotated[
        list[str] | None,
        typer.Argument(help=f"What to run in this process: {', '.join(running.PARTS)}. Without: everything."),
    ] = None,
    config: ConfigFolder = None,
    log_json: Annotated[bool, typer.Option("--log-json", help="Log JSON lines instead of key=value.")] = False,
) -> None:
    """Follow the watches, live, until Ctrl-C or SIGTERM.

    With transport: inline, one process does everything. With transport: kafka, start as many processes as you like,
    each with its part:

      secondsource run ingest      secondsource run alerts notify
    """
    chosen = [part for part in running.PARTS if part in (parts or [])]
    unknown = sorted(set(parts or []) - set(running.PARTS))
    if unknown:
        msg = f"no part named {', '.join(unknown)}; parts are {', '.join(running.PARTS)}"
        raise BadConfiguration(msg)
    configure_logging(sys.stderr, form="json" if log_json else "keyvalue")
    with stopping_on_signals() as stop, wiring.house(_configuration(config), stop=stop) as house:
        running.run(house, chosen, stop)


@app.command()
def replay(
    files: Annotated[list[Path], typer.Argument(help="Files to read; '-' is standard input; .gz is read as it is.")],
    watch: Annotated[str, typer.Option(help="All posts belong to this watch. Without: each matches or says.")] = "",
    format: Annotated[str, typer.Option(help="auto, own, x-v1 or x-v2 (JSON).")] = "auto",  # noqa: A002 - the word users know
    mapping: Annotated[str, typer.Option(help="CSV/TSV: a column mapping, by file or by name.")] = "",
    pictures: Annotated[Path | None, typer.Option(help="Folder with the pictures that posts name.")] = None,
    picture_urls: Annotated[str, typer.Option(help="Address of a picture, with {id} in it.")] = "",
    speed: Annotated[float, typer.Option(help="1: original pace, 60: a minute a second, 0: as fast as it goes.")] = 0.0,
    file_order: Annotated[bool, typer.Option("--file-order", help="As the posts stand, not in order of time.")] = False,
    notify: Annotated[bool, typer.Option("--notify", help="Send to Slack too, not only print.")] = False,
    config: ConfigFolder = None,
    as_json: AsJson = False,
) -> None:
    """Take recorded posts through the whole pipeline, in event time.

    The same files give the same alerts, to the byte. Stopped and started again it goes on where it was.
    """  # fmt: skip
    if format not in ("auto", "own", "x-v1", "x-v2"):
        msg = f"no format named {format!r}; there are auto, own, x-v1, x-v2, and --mapping for CSV and TSV"
        raise BadConfiguration(msg)
    configure_logging(sys.stderr, level=logging.WARNING)
    request = replaying.Request(
        files=tuple(files), watch=watch, format=format, mapping=mapping, pictures=pictures,  # type: ignore[arg-type]  # checked above
        picture_urls=picture_urls, speed=speed, in_file_order=file_order,
    )  # fmt: skip
    with stopping_on_signals() as stop, wiring.house(_configuration(config), stop=stop) as house:
        wiring.serve_metrics(house, beside_others=True)
        with _progress(as_json, "replaying") as progressed:
            done = replaying.replay(house, request, stop, progressed)
        inline = house.configuration.deployment.transport == "inline"
        if inline and not as_json:
            by = [each for each in wiring.notifiers(house, sys.stdout) if notify or each.name == "console"]
            wiring.sender(house, by, f"replay:{os.getpid()}").drain_once(stop, wait_up_to=3600.0 if notify else 0.0)
        if as_json:
            _print_json(
                {"sent": done.sent, "rejected": done.rejected, "status": msgspec.to_builtins(house.store.status())}
            )
        else:
            _say_replayed(done, house.store.status(), inline=inline)
        if done.rejected:
            raise typer.Exit(FOUND)


def _say_replayed(done: replaying.Replayed, status: Status, *, inline: bool) -> None:
    console = Console(highlight=False)
    console.print(f"{done.sent:,} records sent, {done.rejected:,} could not be read.")
    if done.rejected:
        console.print("See why: secondsource dead-letters list")
    if inline:
        console.print(
            f"{status.rows['stories']:,} stories, {status.rows['alerts']:,} alerts, {status.open_alerts:,} open."
        )
        console.print("Look at the evidence: secondsource run desk")
    else:
        console.print("They are on the broker; the stages that run elsewhere take them from there.")


@config_app.command("check")
def config_check(config: ConfigFolder = None, as_json: AsJson = False) -> None:
    """Say line by line what is wrong in the configuration, and what to write instead."""
    folder = _folder(config)
    found = problems(folder, os.environ)
    if as_json:
        _print_json([problem._asdict() for problem in found])
    else:
        for problem in found:
            typer.echo(str(problem))
        if not found:
            configuration = load(folder, os.environ)
            _say_configuration(configuration)
    raise typer.Exit(WRONG if found else 0)


def _say_configuration(configuration: Configuration) -> None:
    console = Console(highlight=False)
    names = ", ".join(watch.name for watch in configuration.watches) or "none"
    console.print(f"{configuration.folder}: good. Watches: {names}. Transport: {configuration.deployment.transport}.")
    for service in wiring.services(configuration):
        console.print(f"  {'on ' if service.on else 'off'}  {escape(service.name)}: {escape(service.how)}")


@config_app.command("schema")
def config_schema(
    folder: Annotated[Path, typer.Argument(help="Where to write them.")] = Path("config/schema"),
) -> None:
    """Write the JSON Schemas with which editors complete and check the YAML."""
    for path in write_schemas(folder):
        typer.echo(f"written {path}")


@app.command()
def migrate(config: ConfigFolder = None) -> None:
    """Bring the database's tables up to date. Safe to run again."""
    with wiring.house(_configuration(config), create=True):
        typer.echo("the tables are up to date")


@app.command()
def status(config: ConfigFolder = None, as_json: AsJson = False) -> None:
    """What is stored, how far each collector has come, what waits, and where we were blind."""
    configuration = _configuration(config)
    with wiring.house(configuration) as house:
        now = house.store.status()
    if as_json:
        _print_json(msgspec.to_builtins(now))
        return
    console = Console(highlight=False)
    table = Table("what", "how many", title="Second Source", title_justify="left")
    for name, count in now.rows.items():
        table.add_row(name.replace("_", " "), f"{count:,}")
    table.add_row("open alerts", f"{now.open_alerts:,}")
    table.add_row("dead letters", f"{now.dead_letters:,}")
    console.print(table)
    for collector in now.collectors:
        ended = "ended" if collector.ended else "running"
        saw = f"{collector.first_at:%Y-%m-%d %H:%M} to {collector.last_at:%Y-%m-%d %H:%M} UTC"
        console.print(f"{plain(collector.name)}: saw {saw}, {ended}", markup=False)
    for gap in now.gaps:
        when = f"{gap.start:%Y-%m-%d %H:%M} to {gap.end:%H:%M} UTC"
        console.print(f"blind: {plain(gap.collector)} {when}: {plain(gap.reason)}", markup=False)
    for destination, waiting in now.waiting.items():
        console.print(f"waiting to be sent to {plain(destination)}: {waiting}", markup=False)
    for refused in now.refused:
        console.print(f"never delivered to {plain(refused.destination)}: {plain(refused.reason)}", markup=False)
    for service in wiring.services(configuration):
        console.print(f"{'on ' if service.on else 'off'}  {service.name}: {service.how}", markup=False)


@letters_app.command("list")
def letters_list(
    limit: Annotated[int, typer.Option(min=1, help="At most so many, newest first.")] = 50,
    resent: Annotated[bool, typer.Option("--resent", help="Also those already sent again.")] = False,
    config: ConfigFolder = None,
    as_json: AsJson = False,
) -> None:
    """What could not be handled, and why."""
    with wiring.house(_configuration(config)) as house:
        found = house.store.letters.listed(limit, resent=resent)
        waiting = house.store.letters.waiting()
    if as_json:
        _print_json([msgspec.to_builtins(each.letter) | {"resent_at": each.resent_at} for each in found])
        return
    table = Table("id", "stage", "where from", "reason", title=f"{waiting} dead letters", title_justify="left")
    for each in found:
        letter = each.letter
        table.add_row(*(escape(plain(text)) for text in (letter.id, letter.stage, letter.source, letter.reason)))
    Console(highlight=False).print(table)


@letters_app.command("show")
def letters_show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="As `dead-letters list` shows it.")],
    config: ConfigFolder = None,
    as_json: AsJson = False,
) -> None:
    """One record with its bytes, where it came from and why it failed."""
    with wiring.house(_configuration(config)) as house:
        found = house.store.letters.one(letter_id)
    letter = _letter(found, letter_id)
    if as_json:
        _print_json(msgspec.to_builtins(letter) | {"resent_at": found and found.resent_at})
        return
    console = Console(highlight=False)
    for name in ("id", "stage", "source", "target", "key", "reason"):
        console.print(f"{name:>7}  {plain(str(getattr(letter, name)))}", markup=False)
    console.print(f"     at  {letter.at:%Y-%m-%d %H:%M:%S} UTC", markup=False)
    console.print(f"   body  {plain(letter.body.decode('utf-8', 'backslashreplace'))}", markup=False)


@letters_app.command("resend")
def letters_resend(
    letter_ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Which; or --all.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that wait.")] = False,
    format: Annotated[str, typer.Option(help="How a replayed record is to be read.")] = "auto",  # noqa: A002 - as in replay
    mapping: Annotated[str, typer.Option(help="The column mapping of a replayed CSV/TSV row.")] = "",
    watch: Annotated[str, typer.Option(help="The watch it belongs to. Without: it matches or says.")] = "",
    config: ConfigFolder = None,
) -> None:
    """Send records again, after what stopped them has been mended. Those that still fail stay."""
    failed = 0
    with wiring.house(_configuration(config)) as house:
        kept = house.store.letters
        ids = [each.letter.id for each in kept.listed(100_000)] if every else letter_ids or []
        if not ids:
            raise BadConfiguration("which letters? give ids, or --all for all that wait")
        how = replaying.load_columns(mapping) if mapping else format
        for letter_id in ids:
            found = kept.one(letter_id)
            try:
                count = letters.resend(house, _letter(found, letter_id), how, watch)  # type: ignore[arg-type]  # Replay checks the name
                typer.echo(f"{letter_id} sent again: {count} messages")
            except BadRecord as error:
                failed += 1
                typer.echo(f"{letter_id} still fails: {plain(str(error))}")
    raise typer.Exit(FOUND if failed else 0)


def _letter(found: StoredLetter | None, letter_id: str) -> DeadLetter:
    if found is None:
        msg = f"no dead letter {letter_id}; see: secondsource dead-letters list"
        raise BadConfiguration(msg)
    return found.letter


def _print_json(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


@contextmanager
def _progress(quiet: bool, doing: str) -> Iterator[replaying.Progressed]:
    if quiet:
        yield lambda _done, _total: None
        return
    columns = (SpinnerColumn(), TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


if __name__ == "__main__":
    main()
