"""The command line. What a command does stands in the module named for it; here is how it is asked and answered.

Exit codes: 0 done · 1 something to look at (records rejected, stopped before the end) · 2 settings or arguments that
cannot work · 3 a service is away · 4 a stage halted on bad records.

A command imports what it needs when it runs, so that --help and `config check` need not wait for language models.
"""

from __future__ import annotations

import json
import logging
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from alerts.wording import act as wording_of
from alerts.wording import count
from config.loader import BUILT_IN, Configuration
from secondsource.app.configuring import load, problems, write_schemas
from secondsource.app.evaluation import eval_app
from secondsource.app.parts import PARTS
from secondsource.app.stance import stance_app
from secondsource.app.threads import stopping_on_signals
from secondsource.contracts.acts import ACT_KINDS, VERDICTS
from secondsource.contracts.errors import BadConfiguration, BadRecord, Halted, SecondSourceError, SourceAway
from secondsource.contracts.messages import DeadLetter
from secondsource.runtime.logs import configure_logging
from secondsource.runtime.logs import escape as plain

if TYPE_CHECKING:
    from ingest.collectors.replay.reading import Took
    from ingest.formats.recognising import JsonFormat
    from secondsource.app import importing, replaying
    from store.letters import StoredLetter
    from store.memory import Store
    from store.status import Status

FOUND, WRONG, AWAY, HALTED = 1, 2, 3, 4
_MOST_SHOWN = 20  #: lines of a list; the rest is counted

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Watches social media when a story breaks. Behind every alert: has this picture lived before, and how many "
    "independent sources are there, really?\n\nStart with [b]secondsource demo[/b]; it needs no service and no key.",
    epilog="Exit codes: 0 done, 1 something to look at, 2 settings or arguments that cannot work, 3 a service is away, "
    "4 stopped because too many records in a row could not be handled.",
)
config_app = typer.Typer(no_args_is_help=True, help="Check the YAML that says what is watched, and how.")
letters_app = typer.Typer(no_args_is_help=True, help="Records that could not be handled: list, show, send again.")
acts_app = typer.Typer(no_args_is_help=True, help="What analysts did about alerts: list it, do it.")
compliance_app = typer.Typer(no_args_is_help=True, help="Ask a platform which stored posts are gone from it.")
app.add_typer(config_app, name="config")
media_app = typer.Typer(no_args_is_help=True, help="Pictures that were seen before: import, find, explain.")
index_app = typer.Typer(no_args_is_help=True, help="The index by which parts of pictures are found again.")
media_app.add_typer(index_app, name="index")
app.add_typer(letters_app, name="dead-letters")
baselines_app = typer.Typer(no_args_is_help=True, help="What stories are expected to reach, by the stored past.")
app.add_typer(baselines_app, name="baselines")
app.add_typer(acts_app, name="acts")
app.add_typer(compliance_app, name="compliance")
app.add_typer(media_app, name="media")
app.add_typer(eval_app, name="eval")
app.add_typer(stance_app, name="stance")

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
    """In one piece however wide the terminal is: it may hold a command to copy."""
    Console(stderr=True, highlight=False).print(message, style="red", markup=False, soft_wrap=True)
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
    """Watch an invented event in an invented town: no service, no key, under a minute.

    It ends with a page that says what you have seen and what to run next.
    """
    from secondsource.app import demo as demonstration

    configure_logging(sys.stderr, level=logging.WARNING)
    with stopping_on_signals() as stop:
        demonstration.show(folder, Console(highlight=False), stop)


@app.command()
def run(
    parts: Annotated[
        list[str] | None,
        typer.Argument(help=f"What to run in this process: {', '.join(PARTS)}. Without: everything."),
    ] = None,
    config: ConfigFolder = None,
    log_json: Annotated[bool, typer.Option("--log-json", help="Log JSON lines instead of key=value.")] = False,
) -> None:
    """Follow the watches, live, until Ctrl-C or SIGTERM.

    With [b]transport: inline[/b] one process does everything; notify and desk may also run beside it.

    With [b]transport: kafka[/b] start as many processes as you like, each with its parts.

    For example:

      [b]secondsource run[/b]                 everything, in one process

      [b]secondsource run desk[/b]            only the evidence pages

      [b]secondsource run alerts notify[/b]   two parts of a deployment on Kafka
    """
    from secondsource.app import running, wiring

    chosen = [part for part in PARTS if part in (parts or [])]
    unknown = sorted(set(parts or []) - set(PARTS))
    if unknown:
        msg = f"no part named {', '.join(unknown)}; parts are {', '.join(PARTS)}"
        raise BadConfiguration(msg)
    configure_logging(sys.stderr, form="json" if log_json else "keyvalue")
    with stopping_on_signals() as stop, wiring.house(_configuration(config), stop=stop) as house:
        running.run(house, chosen, stop)


@app.command()
def replay(
    files: Annotated[list[Path], typer.Argument(help="Files, folders, .zip and .gz to read; '-' is standard input.")],
    watch: Annotated[str, typer.Option(help="All posts belong to this watch. Without: each matches or says.")] = "",
    format: Annotated[str, typer.Option(help="auto, own, x-v1, x-v2, x-flat or telegram (JSON).")] = "auto",  # noqa: A002 - the word users know
    mapping: Annotated[str, typer.Option(help="CSV/TSV: a column mapping, by file or by name.")] = "",
    pictures: Annotated[Path | None, typer.Option(help="Folder with the pictures that posts name.")] = None,
    picture_urls: Annotated[str, typer.Option(help="Address of a picture, with {id} in it.")] = "",
    speed: Annotated[float, typer.Option(help="1: original pace, 60: a minute a second, 0: as fast as it goes.")] = 0.0,
    file_order: Annotated[bool, typer.Option("--file-order", help="As the posts stand, not in order of time.")] = False,
    notify: Annotated[
        bool, typer.Option("--notify", help="Send to Slack and all others too. Without: that waits for `run`.")
    ] = False,
    name: Annotated[str, typer.Option(help="A name to keep its place under. Without: the files' names.")] = "",
    config: ConfigFolder = None,
    as_json: AsJson = False,
) -> None:
    """Take recorded posts through the whole pipeline, in event time.

    The same files give the same alerts, to the byte. Stopped and started again it goes on where it was.

    For example:

      [b]secondsource replay posts.jsonl[/b]

      [b]secondsource replay day-1.jsonl.gz day-2.jsonl.gz --speed 60[/b]

      [b]secondsource replay posts.csv --mapping my-columns.yaml --pictures images --watch aleppo[/b]

      [b]secondsource replay ChatExport_2026-05-14 --watch velgrad[/b]

    The formats stand in docs/replay-formats.md, exports and tables of other tools in docs/import.md.
    """  # fmt: skip
    from secondsource.app import replaying, wiring

    read_as = _format(format)
    configure_logging(sys.stderr, level=logging.WARNING)
    request = replaying.Request(
        files=tuple(files), watch=watch, format=read_as, mapping=mapping, pictures=pictures,
        picture_urls=picture_urls, speed=speed, in_file_order=file_order, name=name,
    )  # fmt: skip
    with stopping_on_signals() as stop, wiring.house(_configuration(config), stop=stop) as house:
        wiring.serve_metrics(house, beside_others=True)
        took: list[Took] = []
        with _progress(as_json, "replaying", "posts/s") as progressed:
            done = replaying.replay(house, request, stop, progressed, took.append)
        inline = house.configuration.deployment.transport == "inline"
        if inline:
            by = [each for each in wiring.notifiers(house, sys.stdout) if _told(each.name, notify, as_json)]
            wiring.sender(house, by, f"replay:{os.getpid()}").drain_once(stop, wait_up_to=3600.0 if notify else 0.0)
        now = house.store.status()
        if as_json:
            _print_json(
                {
                    "sent": done.sent,
                    "rejected": done.rejected,
                    "unmatched": done.unmatched,
                    "stopped": done.stopped,
                    "files": [each._asdict() for each in took],
                    "refused": [{"source": each.source, "reason": each.reason} for each in done.refused],
                    "status": msgspec.to_builtins(now),
                }
            )
        else:
            _say_taken(took)
            _say_replayed(done, now, config, inline=inline)
    raise typer.Exit(FOUND if done.rejected or done.stopped else 0)


def _told(notifier: str, notify: bool, as_json: bool) -> bool:
    """Standard output is either for people or for machines; others are told where that was asked for."""
    return not as_json if notifier == "console" else notify


def _say_taken(took: Sequence[Took]) -> None:
    for each in took[:_MOST_SHOWN]:
        notes = f" ({'; '.join(each.notes)})" if each.notes else ""
        typer.echo(f"{plain(each.name)}: read as {each.format}, because {plain(each.why)}{plain(notes)}")
    if len(took) > _MOST_SHOWN:
        typer.echo(f"… and {len(took) - _MOST_SHOWN:,} more files")


def _say_refused(refused: Sequence[tuple[str, str]], of: int) -> None:
    """The first of what was refused, each with its place and reason."""
    for source, reason in refused[:_MOST_SHOWN]:
        typer.echo(f"  {plain(source)}: {plain(reason)}")
    if of > min(len(refused), _MOST_SHOWN):
        typer.echo(f"  … and {of - min(len(refused), _MOST_SHOWN):,} more")


def _say_replayed(done: replaying.Replayed, now: Status, config: Path | None, *, inline: bool) -> None:
    typer.echo(
        f"{count(done.sent, 'record')} sent, {done.unmatched:,} that no watch asks for, "
        f"{done.rejected:,} that could not be read."
    )
    if done.stopped:
        typer.echo("Stopped before the end. The same command goes on from here.")
    elif done.resumed:
        typer.echo("An earlier run of this replay had been here; this one went on where it stopped.")
        typer.echo("To send all of it again, give it a name of its own: --name again")
    if done.rejected:
        _say_refused([(each.source, each.reason) for each in done.refused], done.rejected)
        typer.echo(f"See why: {_command('dead-letters list', config)}")
    if not inline:
        typer.echo("They are on the broker; the stages that run elsewhere take them from there, notify included.")
        return
    rows = now.rows
    typer.echo(
        f"In the store: {count(rows['posts'], 'post')}, {count(rows['stories'], 'story', 'stories')} of several posts, "
        f"{count(rows['alerts'], 'alert')}, {now.open_alerts:,} of them open."
    )
    for destination, waiting in now.waiting.items():
        told = count(waiting, "message")
        typer.echo(f"Waiting for {plain(destination)}: {told}, which {_command('run notify', config)} sends.")
    if rows["alerts"]:
        typer.echo(f"Look at the evidence: {_command('run desk', config)}")


def _command(words: str, config: Path | None) -> str:
    """What to type next, with the configuration this was asked with."""
    return f"secondsource {words}" + (f" -c {shlex.quote(str(config))}" if config is not None else "")


@media_app.command("import")
def media_import(
    folder: Annotated[Path, typer.Argument(help="Folder of pictures; all below it is read.")],
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
    with (
        stopping_on_signals() as stop,
        wiring.house(_configuration(config), stop=stop) as house,
        _progress(as_json, "importing", "pictures/s") as progressed,
    ):
        done = importing.import_media(house, request, stop, progressed)
    if as_json:
        _print_json(
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


@eval_app.command("media")
def eval_media(
    archive: Annotated[Path, typer.Option(help="Folder of the pictures that were there before.")],
    queries: Annotated[Path, typer.Option(help="Folder of the pictures to look for.")],
    jobs: Annotated[int, typer.Option(min=0, help="Processes; 0 for one for each processor.")] = 0,
) -> None:
    """Look for each picture of one folder among those of another: JSON lines, one a match and one a query without any.

    Needs no configuration and no store. docs/eval.md says what the lines mean.

    For example:

      [b]secondsource eval media --archive originals --queries seen-lately > found.jsonl[/b]
    """
    from secondsource.app import evaluate_media

    for record in evaluate_media.media(archive, queries, jobs or evaluate_media.default_jobs()):
        if "archive" in record:
            typer.echo(f"{plain(record['archive'])} is not in the archive: {plain(record['reason'])}", err=True)
        else:
            typer.echo(plain(json.dumps(record, ensure_ascii=False)))


@eval_app.command("video")
def eval_video(
    archive: Annotated[Path, typer.Option(help="Folder of clips that were seen before; all below it is read.")],
    queries: Annotated[Path, typer.Option(help="Folder of clips to look for in it.")],
) -> None:
    """Which clips of one folder show seconds of which of another: JSON lines, one for each match.

    A query without any has one line, with [b]match[/b] null.
    """
    from secondsource.app import evaluate_video
    from secondsource.contracts.clock import SystemClock

    evaluate_video.evaluate(archive, queries, sys.stdout, sys.stderr, SystemClock())


@media_app.command("find")
def media_find(
    picture: Annotated[str, typer.Argument(metavar="FILE|URL", help="The picture to look for.")],
    limit: Annotated[int, typer.Option(min=1, max=1000, help="At most so many sightings, nearest first.")] = 20,
    config: ConfigFolder = None,
    as_json: AsJson = False,
) -> None:
    """When, where and with which words a picture was seen before: nearest first. Nothing of it is kept.

    For example:

      [b]secondsource media find bridge.jpg[/b]

    Exit code 1: it was not seen before. docs/media-evidence.md says what each line means.
    """
    from alerts import wording
    from secondsource.app import media_commands, wiring

    configure_logging(sys.stderr, level=logging.WARNING)
    with wiring.house(_configuration(config)) as house:
        found = media_commands.find(house, picture, limit)
    if as_json:
        _print_json({"picture": msgspec.to_builtins(found.picture), "sightings": msgspec.to_builtins(found.sightings)})
    else:
        for seen in found.sightings:
            how = wording.how_it_matches(seen) or "the same picture"
            typer.echo(f"{plain(wording.earlier(seen))}; {how}")
        if found.picture.text:
            typer.echo(f"It reads: {plain(found.picture.text)}")
        if not found.sightings:
            typer.echo("Not seen before.")
        if not found.by_parts:
            typer.echo("Parts of pictures were not looked for: there is no index.")
    raise typer.Exit(0 if found.sightings else FOUND)


@media_app.command("explain")
def media_explain(
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
    from secondsource.app import media_commands, wiring

    configure_logging(sys.stderr, level=logging.WARNING)
    with wiring.house(_configuration(config)) as house:
        told = media_commands.explain(house, earlier, later)
    out.write_bytes(told.png)
    if as_json:
        _print_json({"match": msgspec.to_builtins(told.match), "bits": told.bits, "png": str(out)})
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
def media_index_rebuild(config: ConfigFolder = None) -> None:
    """Make the index again of what the store holds. Others go on searching what was until it is done."""
    from secondsource.app import media_commands, wiring

    with wiring.house(_configuration(config)) as house:
        typer.echo(f"{count(media_commands.rebuild(house), 'picture')} in the index.")


@index_app.command("verify")
def media_index_verify(config: ConfigFolder = None, as_json: AsJson = False) -> None:
    """Read every byte of the index and compare it with the store. Exit code 1: something is wrong."""
    from secondsource.app import media_commands, wiring

    with wiring.house(_configuration(config)) as house:
        found = media_commands.verify(house)
    if as_json:
        _print_json(found._asdict())
    else:
        typer.echo(f"{count(found.indexed, 'picture')} in the index, {found.kept:,} in the store.")
        for sentence in found.wrong:
            typer.echo(f"  {plain(sentence)}")
        if found.wrong:
            typer.echo(f"Make it again: {_command('media index rebuild', config)}")
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
    _say_refused(done.refused, len(done.refused))
    if done.stopped:
        typer.echo("Stopped before the end. The same command goes on from here.")


@config_app.command("check")
def config_check(config: ConfigFolder = None, as_json: AsJson = False) -> None:
    """Say line by line what is wrong in the configuration, and what to write instead.

    Where nothing is wrong it says which services are on, and how to turn on the others.
    """
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
    names = ", ".join(watch.name for watch in configuration.watches) or "none"
    typer.echo(f"{configuration.folder}: good. Watches: {names}. Transport: {configuration.deployment.transport}.")
    _say_services(configuration)


def _say_services(configuration: Configuration) -> None:
    from secondsource.app import wiring

    for service in wiring.services(configuration):
        how = service.how if service.how.startswith("off") or not service.on else f"on; {service.how}"
        typer.echo(f"{plain(service.name)}: {plain(how)}")


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
    from secondsource.app import wiring

    with wiring.house(_configuration(config), create=True):
        typer.echo("the tables are up to date")


@app.command()
def backtest(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Recorded posts, as `replay` reads them. Without: those stored.")
    ] = None,
    watch: Annotated[str, typer.Option(help="The watch whose alerts are asked for.")] = "",
    since: Annotated[
        str, typer.Option("--from", help="From this moment, such as 2026-05-14 or 2026-05-14T16:00Z.")
    ] = "",
    until: Annotated[str, typer.Option("--to", help="To just before this moment.")] = "",
    against: Annotated[
        Path | None, typer.Option(help="A second configuration folder, to see beside the first.", show_default=False)
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            help="CSV or JSON lines with uid and label, in place of analysts' verdicts on alerts.", show_default=False
        ),
    ] = None,
    positive: Annotated[
        list[str] | None, typer.Option(help="A label that means: worth an alert. May be given more than once.")
    ] = None,
    take: Annotated[
        str, typer.Option(help="collected: posts of the watch; matching: those its words match now; all: every post.")
    ] = "collected",
    warm_up: Annotated[float, typer.Option(min=0, help="Hours of posts before --from to learn from.")] = 72.0,
    format: Annotated[str, typer.Option(help="Of the files: as in `replay`.")] = "auto",  # noqa: A002 - as in replay
    mapping: Annotated[str, typer.Option(help="Of CSV/TSV files: as in `replay`.")] = "",
    pictures: Annotated[Path | None, typer.Option(help="Folder with the pictures that posts name.")] = None,
    table: Annotated[
        Path | None, typer.Option("--csv", help="Write the alerts to this file as well.", show_default=False)
    ] = None,
    config: ConfigFolder = None,
    as_json: AsJson = False,
) -> None:
    """Which alerts posts of the past would have raised, when and why. Nothing is sent, nothing is stored.

    The same posts and configuration give the same output, to the byte.

    For example:

      [b]secondsource backtest --watch aleppo --from 2026-05-14 --to 2026-05-15[/b]

      [b]secondsource backtest --watch aleppo --from 2026-05-01 --against tried/config[/b]

      [b]secondsource backtest posts.jsonl --watch aleppo --labels labels.csv --json[/b]

    Exit code 1: there was no post in that time. docs/backtest.md says what each figure means.
    """
    from secondsource.app import backtest as looking_back
    from secondsource.app import backtest_asked, backtest_report, wiring

    configure_logging(sys.stderr, level=logging.WARNING)
    wanted = backtest_asked.wanted(
        watch=watch, since=since, until=until, warm_up=warm_up, take=take, files=tuple(files or ()),
        format=_format(format), mapping=mapping, pictures=pictures,
    )  # fmt: skip
    first = _configuration(config)
    configurations = [(str(_folder(config)), first)]
    if against is not None:
        configurations.append((str(against), _configuration(against)))
    with stopping_on_signals() as stop, wiring.house(first, stop=stop) as house:
        truth = backtest_asked.truth(house, watch, labels, positive or ())
        with _progress(as_json, "replaying", "posts/s") as progressed:
            found = looking_back.backtest(
                house, configurations, wanted, truth, stop, lambda done: progressed(done, None)
            )
    if table is not None:
        backtest_asked.write(table, backtest_report.table(found))
    if as_json:
        _print_json(msgspec.to_builtins(found))
    else:
        typer.echo(backtest_report.page(found), nl=False)
    if not any(outcome.posts for outcome in found.outcomes):
        typer.echo(backtest_asked.nothing(wanted), err=True)
        raise typer.Exit(FOUND)


@app.command()
def tune(
    watch: Annotated[str, typer.Argument(metavar="WATCH", help="The watch whose thresholds are tried.")],
    since: Annotated[str, typer.Option("--from", help="Posts from this moment, such as 2026-05-14.")] = "",
    until: Annotated[str, typer.Option("--to", help="To just before this moment.")] = "",
    vary: Annotated[
        list[str] | None,
        typer.Option(help="A threshold and its values: min_interactions=10,30,100. May be given more than once."),
    ] = None,
    alerts_per_day: Annotated[
        float | None, typer.Option(min=0, help="At most so many are wanted; without: no more than now.")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="Labels in place of verdicts, as in `backtest`.", show_default=False)
    ] = None,
    positive: Annotated[list[str] | None, typer.Option(help="A label that means: worth an alert.")] = None,
    warm_up: Annotated[float, typer.Option(min=0, help="Hours of posts before --from to learn from.")] = 72.0,
    jobs: Annotated[int, typer.Option(min=0, max=256, help="Processes; 0 for as many as pay.")] = 0,
    config: ConfigFolder = None,
    as_json: AsJson = False,
) -> None:
    """What other thresholds would have said of stored posts: precision, recall, alerts a day, and a diff to consider.

    Nothing changes by itself.

    For example:

      [b]secondsource tune aleppo --from 2026-05-01[/b]

      [b]secondsource tune aleppo --vary min_interactions=10,20,40 --vary independent_origins=2,3[/b]
    """
    from secondsource.app import backtest_asked, wiring
    from secondsource.app import tune as tuning

    configure_logging(sys.stderr, level=logging.WARNING)
    wanted = backtest_asked.wanted(watch=watch, since=since, until=until, warm_up=warm_up)
    varied = tuning.read_varied(vary or ())
    with stopping_on_signals() as stop, wiring.house(_configuration(config), stop=stop) as house:
        backtest_asked.known_watch(house.configuration, watch)
        truth = backtest_asked.truth(house, watch, labels, positive or ())
        if house.store.recorded.bounds(watch) is None:
            typer.echo(backtest_asked.nothing(wanted), err=True)
            raise typer.Exit(FOUND)
        with _progress(as_json, "trying", "") as progressed:
            found = tuning.tune(
                house, wanted, truth, varied, stop, most_a_day=alerts_per_day, jobs=jobs, progressed=progressed
            )
    if as_json:
        _print_json(msgspec.to_builtins(found))
    else:
        typer.echo(tuning.page(found), nl=False)
    if not found.posts:
        typer.echo(backtest_asked.nothing(wanted), err=True)
        raise typer.Exit(FOUND)


@app.command()
def verdicts(
    watch: Annotated[str, typer.Option(help="Of this watch only.")] = "",
    since: Annotated[str, typer.Option("--from", help="Alerts that opened from this moment.")] = "",
    until: Annotated[str, typer.Option("--to", help="To just before this moment.")] = "",
    config: ConfigFolder = None,
    as_json: AsJson = False,
) -> None:
    """How good alerts were by what analysts said: per watch and rule, precision, alerts a day, time to acknowledge.

    For example:

      [b]secondsource verdicts --watch aleppo --from 2026-05-01[/b]
    """
    from secondsource.app import backtest_asked, wiring
    from secondsource.app import verdicts as records

    start, end = backtest_asked.moment(since, "--from"), backtest_asked.moment(until, "--to")
    configuration = _configuration(config)
    names = [backtest_asked.known_watch(configuration, watch)] if watch else [w.name for w in configuration.watches]
    with wiring.house(configuration) as house:
        found = records.records(house.store, names, start, end)
    if as_json:
        _print_json(msgspec.to_builtins(found))
        return
    typer.echo(records.page(found), nl=False)
    for sentence in records.few(found, backtest_asked.ENOUGH):
        typer.echo(sentence)


@baselines_app.command("fit")
def baselines_fit(
    watch: Annotated[str, typer.Option(help="Of this watch only.")] = "",
    since: Annotated[str, typer.Option("--from", help="Stories that opened from this moment; 30 days if absent.")] = "",
    until: Annotated[str, typer.Option("--to", help="To just before this moment; now if absent.")] = "",
    applies: Annotated[
        str,
        typer.Option("--applies-from", help="For what happens from this moment on; ten minutes from now if absent."),
    ] = "",
    config: ConfigFolder = None,
    as_json: AsJson = False,
) -> None:
    """Fit what stories are expected to reach, from what is stored. Running processes take it up by themselves.

    For example:

      [b]secondsource baselines fit --watch aleppo[/b]
    """
    from secondsource.app import backtest_asked, baselines, wiring

    moments = {"--from": since, "--to": until, "--applies-from": applies}
    given = [backtest_asked.moment(text, option) for option, text in moments.items()]
    configuration = _configuration(config)
    names = [backtest_asked.known_watch(configuration, watch)] if watch else [w.name for w in configuration.watches]
    with wiring.house(configuration) as house:
        made = baselines.fit(house, names, *given)
    if as_json:
        _print_json(msgspec.to_builtins(made))
        return
    for name, baseline in made.items():
        typer.echo(f"{name}: too little to go by\n" if baseline is None else baselines.page(name, [baseline]), nl=False)


@baselines_app.command("show")
def baselines_show(
    watch: Annotated[str, typer.Option(help="Of this watch only.")] = "",
    config: ConfigFolder = None,
    as_json: AsJson = False,
) -> None:
    """What stories are expected to reach, in all versions; the newest in full."""
    from secondsource.app import backtest_asked, baselines, wiring

    configuration = _configuration(config)
    names = [backtest_asked.known_watch(configuration, watch)] if watch else [w.name for w in configuration.watches]
    with wiring.house(configuration) as house:
        versions = {name: house.store.baselines.all(name) for name in names}
    if as_json:
        _print_json(msgspec.to_builtins(versions))
        return
    for name, known in versions.items():
        typer.echo(baselines.page(name, known), nl=False)


@app.command()
def forget(
    older_than: Annotated[
        int | None, typer.Option(min=1, metavar="DAYS", help="How old; store.keep_days of the configuration if absent.")
    ] = None,
    config: ConfigFolder = None,
    as_json: AsJson = False,
) -> None:
    """Let go of posts, people, stories and alerts that are older than they are wanted. It cannot be undone.

    For example:

        secondsource forget --older-than 90
    """
    from secondsource.app import wiring

    configuration = _configuration(config)
    days = older_than or configuration.deployment.store.keep_days
    if days is None:
        raise BadConfiguration("how old? Say --older-than DAYS, or write keep_days: under store: in secondsource.yaml")
    with wiring.house(configuration) as house:
        gone = house.store.retention.forget(house.clock.now() - timedelta(days=days))
        if house.kept is not None:
            house.store.forgetting.drain(house.kept.remove)
    if as_json:
        _print_json(gone._asdict())
        return
    typer.echo(
        "; ".join(f"{name.replace('_', ' ')}: {number:,}" for name, number in gone._asdict().items()) + " let go"
    )


@app.command()
def status(config: ConfigFolder = None, as_json: AsJson = False) -> None:
    """What is stored, how far each collector has come, what waits, and where we were blind."""
    from secondsource.app import wiring

    configuration = _configuration(config)
    with wiring.house(configuration) as house:
        now = house.store.status()
        volumes = _volumes(house.store, now)
        budget = wiring.budget(house)
    if as_json:
        _print_json(msgspec.to_builtins(now) | {"last_day": volumes, "x_budget": budget})
        return
    typer.echo(f"Store: {house.store.engine.url.render_as_string()}")
    for name, number in (*now.rows.items(), ("open alerts", now.open_alerts), ("dead letters", now.dead_letters)):
        typer.echo(f"  {name.replace('_', ' '):<16}{number:>12,}")
    for collector in now.collectors:
        ended = "; it has ended" if collector.ended else ""
        typer.echo(f"{plain(collector.name)}: everything up to {collector.last_at:%Y-%m-%d %H:%M} UTC has come{ended}")
    for watch, volume in volumes.items():
        most = f"{volume['most_in_an_hour']:,} in its fullest hour"
        typer.echo(f"watch {plain(watch)}: {count(volume['posts'], 'post')} in the last day of event time, {most}")
    for sight in now.standing:
        sees = "sees" if sight.state == "seeing" else "is blind to"
        why = f": {plain(sight.reason)}" if sight.reason else ""
        when = f"since {sight.since:%Y-%m-%d %H:%M}, last told of {sight.until:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"{plain(sight.collector)} {sees} {plain(sight.watch) or 'all its watches'} {when}{why}")
    for gap in now.gaps:
        when = f"{gap.start:%Y-%m-%d %H:%M} to {gap.end:%Y-%m-%d %H:%M} UTC"
        typer.echo(
            f"blind: {plain(gap.collector)}, {plain(gap.watch) or 'all its watches'}, {when}: {plain(gap.reason)}"
        )
    for destination, waiting in now.waiting.items():
        typer.echo(f"waiting to be sent to {plain(destination)}: {waiting:,}")
    for refused in now.refused:
        typer.echo(f"never delivered to {plain(refused.destination)}: {plain(refused.reason)}")
    for sentence in budget:
        typer.echo(f"x: {sentence}")
    _say_services(configuration)


def _volumes(store: Store, now: Status) -> dict[str, dict[str, int]]:
    """Each watch's posts in the day before the last one."""
    from store.reports import posts_per_hour

    if now.last_event is None:
        return {}
    hours = posts_per_hour(store, now.last_event - timedelta(days=1), now.last_event + timedelta(microseconds=1))
    return {
        str(watch): {"posts": int(hours[watch].sum()), "most_in_an_hour": int(hours[watch].max())} for watch in hours
    }


@letters_app.command("list")
def letters_list(
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

    with wiring.house(_configuration(config)) as house:
        found = house.store.letters.listed(limit, resent=resent)
        waiting = house.store.letters.waiting()
    if as_json:
        _print_json([msgspec.to_builtins(each.letter) | {"resent_at": each.resent_at} for each in found])
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
        typer.echo(f"One with its bytes: {_command('dead-letters show ID', config)}")


def _place(stored: StoredLetter) -> tuple[float, str, int]:
    """Newest first; of one moment, as the lines of a file stand."""
    file, _, line = stored.letter.source.rpartition(":")
    return -stored.letter.at.timestamp(), file, int(line) if line.isdecimal() else 0


@letters_app.command("show")
def letters_show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="As `dead-letters list` shows it.")],
    config: ConfigFolder = None,
    as_json: AsJson = False,
) -> None:
    """One record with its bytes, where it came from and why it failed."""
    from secondsource.app import wiring

    with wiring.house(_configuration(config)) as house:
        found = house.store.letters.one(letter_id)
    letter = _letter(found, letter_id)
    if as_json:
        _print_json(msgspec.to_builtins(letter) | {"resent_at": found and found.resent_at})
        return
    for name in ("id", "stage", "source", "target", "key", "reason"):
        typer.echo(f"{name:>7}  {plain(str(getattr(letter, name)))}")
    typer.echo(f"     at  {letter.at:%Y-%m-%d %H:%M:%S} UTC")
    typer.echo(f"   body  {plain(letter.body.decode('utf-8', 'backslashreplace'))}")


@letters_app.command("resend")
def letters_resend(
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

    read_as = _format(format)
    configure_logging(sys.stderr, level=logging.WARNING)
    sent = failed = 0
    with wiring.house(_configuration(config)) as house:
        kept = house.store.letters
        ids = kept.waiting_ids(f"{file.name}:" if file else "") if every else letter_ids or []
        if not ids and not every:
            raise BadConfiguration("which letters? give ids, or --all for all that wait")
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


@acts_app.command("list")
def acts_list(
    alert: Annotated[str, typer.Option(help="Only what was done about this alert, the oldest first.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Without --alert: so many, the newest first.")] = 50,
    config: ConfigFolder = None,
    as_json: AsJson = False,
) -> None:
    """What was done about alerts, by whom and when.

    For example:

      [b]secondsource acts list[/b]

      [b]secondsource acts list --alert velgrad:17 --json[/b]
    """
    from secondsource.app import wiring

    with wiring.house(_configuration(config)) as house:
        found = list(house.store.acts.of(alert)) if alert else house.store.acts.latest(limit)
    if as_json:
        _print_json(msgspec.to_builtins(found))
        return
    for act in found:
        note = f": {act.note}" if act.note else ""
        typer.echo(plain(f"{act.alert_id}  {wording_of(act)}, via {act.via}{note}"))
    if not found:
        typer.echo("nothing was done yet", err=True)


@acts_app.command("add")
def acts_add(
    alert: Annotated[str, typer.Argument(metavar="ALERT", help="Its id, as its message and its page show it.")],
    kind: Annotated[str, typer.Argument(metavar="KIND", help=f"One of {', '.join(ACT_KINDS)}.")],
    verdict: Annotated[str, typer.Option(help=f"Of a dismissal: {', '.join(VERDICTS)}.")] = "",
    hours: Annotated[float, typer.Option(help="Of a snooze: how long it lasts.", show_default=False)] = 0.0,
    by: Annotated[str, typer.Option(help="Who does it; your login name if not given.", show_default=False)] = "",
    note: Annotated[str, typer.Option(help="In your own words, if any; it should quote no post.")] = "",
    press: Annotated[str, typer.Option("--id", help="For scripts: the same id twice is done once.")] = "",
    config: ConfigFolder = None,
    as_json: AsJson = False,
) -> None:
    """Acknowledge, snooze, dismiss or reopen an alert. Its messages will say so.

    For example:

      [b]secondsource acts add velgrad:17 dismissed --verdict known[/b]

      [b]secondsource acts add velgrad:17 snoozed --hours 4 --by ana[/b]
    """
    from secondsource.app import wiring
    from secondsource.app.acting import made

    with wiring.house(_configuration(config)) as house:
        act = made(alert, kind, house.clock.now(), verdict=verdict, hours=hours, by=by, note=note, press=press)
        recorded = house.store.acts.record(act)
    if as_json:
        _print_json(msgspec.to_builtins(act) | {"recorded": recorded})
    else:
        typer.echo(plain(wording_of(act) if recorded else f"{press} was done before; nothing changed"))


@compliance_app.command("x")
def compliance_x(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is gone; take nothing down.")] = False,
    config: ConfigFolder = None,
    as_json: AsJson = False,
) -> None:
    """Take down every stored X post that was deleted there, protected, or whose author was suspended.

    X's terms ask for it; its stream says nothing of deletions. Let it run every day, beside [b]secondsource run[/b].

    It asks by X's batch compliance job, which costs nothing and may take some minutes.
    """
    from secondsource.app import compliance, wiring

    configure_logging(sys.stderr, level=logging.WARNING)
    with stopping_on_signals() as stop, wiring.house(_configuration(config)) as house:
        done = compliance.check(house, "x", wiring.ask_x_what_is_gone(house), stop, dry_run=dry_run)
    if as_json:
        _print_json({"asked": done.asked, "gone": dict(done.gone), "stopped": done.stopped, "dry_run": dry_run})
    else:
        for uid, reason in sorted(done.gone.items()):
            typer.echo(f"{plain(uid)}  {plain(reason)}")
        what = "gone; nothing was taken down" if dry_run else "gone, and taken down here"
        typer.echo(f"{count(done.asked, 'post')} asked for, {len(done.gone):,} {what}.")
        if done.stopped:
            typer.echo("Stopped before the end. The same command begins anew.")
    raise typer.Exit(FOUND if done.stopped else 0)


def _format(name: str) -> JsonFormat:
    from ingest.formats.recognising import JsonFormat

    if name not in get_args(JsonFormat):
        known = ", ".join(get_args(JsonFormat))
        msg = f"no format named {name!r}; there are {known}, and --mapping for CSV and TSV"
        raise BadConfiguration(msg)
    return name  # type: ignore[return-value]  # it is one of them


def _letter(found: StoredLetter | None, letter_id: str) -> DeadLetter:
    if found is None:
        msg = f"no dead letter {letter_id}; see: secondsource dead-letters list"
        raise BadConfiguration(msg)
    return found.letter


def _print_json(value: Any) -> None:
    r"""What json.dumps leaves as it is and a terminal would obey becomes \uXXXX, which means the same in JSON."""
    for line in json.dumps(value, ensure_ascii=False, indent=2, default=str).split("\n"):
        typer.echo(plain(line))


@contextmanager
def _progress(quiet: bool, doing: str, unit: str) -> Iterator[replaying.Progressed]:
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


if __name__ == "__main__":
    main()
