"""`demo`, `run`, `replay`, `status`: posts go through the pipeline, and how far they have come."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console

from alerts.wording import count
from ingest.collectors.refresher import COMMANDED
from ingest.formats.reading import EARLIEST
from secondsource.app.cli.options import AsJson, ConfigFolder, configured, format_named, path
from secondsource.app.cli.output import FOUND, MOST_SHOWN, next_command, print_json, progress, say_refused, say_services
from secondsource.app.parts import PARTS
from secondsource.app.threads import Stopped, stopping_on_signals
from secondsource.contracts.errors import BadConfiguration
from secondsource.runtime.logs import configure_logging
from secondsource.runtime.logs import escape as plain

if TYPE_CHECKING:
    from ingest.collectors.replay.reading import Took
    from secondsource.app import replaying
    from store.reads.status import Status
    from store.store import Store


def demo(
    folder: Annotated[Path, typer.Option(help="Where its files and database go; emptied first.")] = Path("demo"),
) -> None:
    """Watch an invented event in an invented town: no service, no key, under a minute.

    It ends with a page that says what you have seen and what to run next.
    """
    from secondsource.app.demo import showing

    configure_logging(sys.stderr, level=logging.WARNING)
    with stopping_on_signals() as stop:
        showing.show(folder, Console(highlight=False), stop)


#: Of the scheduler's steps: a process that only enriches lets others go first. What runs ahead through a backlog only
#: waits for the judge of a watch, who cannot share its work with a second process.
_YIELDS = 5


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
    if chosen == ["enrich"]:
        os.nice(_YIELDS)
    try:
        with stopping_on_signals() as stop, wiring.house(configured(config), stop=stop) as house:
            running.run(house, chosen, stop)
    except Stopped as stopped:  # which is how it ends
        logging.getLogger(__name__).warning(stopped)


def replay(
    files: Annotated[
        list[Path], typer.Argument(parser=path, help="Files, folders, .zip and .gz to read; '-' is standard input.")
    ],
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

    read_as = format_named(format)
    configure_logging(sys.stderr, level=logging.WARNING)
    request = replaying.Request(
        files=tuple(files), watch=watch, format=read_as, mapping=mapping, pictures=pictures,
        picture_urls=picture_urls, speed=speed, in_file_order=file_order, name=name,
    )  # fmt: skip
    configuration = configured(config)
    replaying.look(configuration, request)
    with stopping_on_signals() as stop, wiring.house(configuration, stop=stop) as house:
        wiring.serve_metrics(house, beside_others=True)
        took: list[Took] = []
        with progress(as_json, "replaying", "posts/s") as progressed:
            done = replaying.replay(house, request, stop, progressed, took.append)
        inline = house.configuration.deployment.transport == "inline"
        if inline:
            by = [each for each in wiring.notifiers(house, sys.stdout) if _told(each.name, notify, as_json)]
            wiring.sender(house, by, f"replay:{os.getpid()}").drain_once(stop, wait_up_to=3600.0 if notify else 0.0)
        now = house.store.status()
        if as_json:
            print_json(
                {
                    "sent": done.sent,
                    "rejected": done.rejected,
                    "unmatched": done.unmatched,
                    "set_aside": done.set_aside,
                    "stopped": done.stopped,
                    "files": [each._asdict() for each in took],
                    "refused": [{"source": each.source, "reason": each.reason} for each in done.refused],
                    "status": msgspec.to_builtins(now),
                }
            )
        else:
            _say_taken(took)
            _say_replayed(done, now, [watch.name for watch in house.watches], config, inline=inline)
    raise typer.Exit(FOUND if done.rejected or done.set_aside or done.stopped else 0)


def _told(notifier: str, notify: bool, as_json: bool) -> bool:
    """Standard output is either for people or for machines; others are told where that was asked for."""
    return not as_json if notifier == "console" else notify


def _say_taken(took: Sequence[Took]) -> None:
    for each in took[:MOST_SHOWN]:
        notes = f" ({'; '.join(each.notes)})" if each.notes else ""
        typer.echo(f"{plain(each.name)}: read as {each.format}, because {plain(each.why)}{plain(notes)}")
    if len(took) > MOST_SHOWN:
        typer.echo(f"… and {len(took) - MOST_SHOWN:,} more files")


def _say_replayed(
    done: replaying.Replayed, now: Status, watches: Sequence[str], config: Path | None, *, inline: bool
) -> None:
    typer.echo(
        f"{count(done.sent, 'record')} sent, {done.unmatched:,} that no watch asks for, "
        f"{done.rejected:,} that could not be read."
    )
    if done.unmatched and not done.sent:
        typer.echo(f"To give all of them to a watch, whatever their words: --watch {' or '.join(watches)}")
    if done.stopped:
        typer.echo("Stopped before the end. The same command goes on from here.")
    elif done.resumed:
        typer.echo("An earlier run of this replay had been here; this one went on where it stopped.")
        typer.echo("To send all of it again, give it a name of its own: --name again")
    if done.rejected:
        say_refused([(each.source, each.reason) for each in done.refused], done.rejected)
    if done.set_aside:
        typer.echo(f"Stages refused some of what was sent: {count(done.set_aside, 'dead letter')}.")
    if done.rejected or done.set_aside:
        typer.echo(f"See why: {next_command('dead-letters list', config)}")
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
        typer.echo(f"Waiting for {plain(destination)}: {told}, which {next_command('run notify', config)} sends.")
    if rows["alerts"]:
        typer.echo(f"Look at the evidence: {next_command('run desk', config)}")


def status(config: ConfigFolder = None, as_json: AsJson = False) -> None:
    """What is stored, how far each collector has come, what waits, and where we were blind."""
    from secondsource.app import wiring
    from store.database.shown import without_secrets

    configuration = configured(config)
    with wiring.house(configuration, opening="found") as house:
        now = house.store.status()
        volumes = _volumes(house.store, now)
        budget = wiring.budget(house)
    if as_json:
        print_json(msgspec.to_builtins(now) | {"last_day": volumes, "x_budget": budget})
        return
    typer.echo(f"Store: {without_secrets(house.store.engine.url)}")
    for name, number in (*now.rows.items(), ("open alerts", now.open_alerts), ("dead letters", now.dead_letters)):
        typer.echo(f"  {name.replace('_', ' '):<16}{number:>12,}")
    for collector in (each for each in now.collectors if each.name != COMMANDED):  # a command sees nothing
        ended = "; it has ended" if collector.ended else ""
        seen = f"everything up to {collector.last_at:%Y-%m-%d %H:%M} UTC" if collector.last_at > EARLIEST else "nothing"
        typer.echo(f"{plain(collector.name)}: {seen} has come{ended}")
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
    say_services(configuration)


def _volumes(store: Store, now: Status) -> dict[str, dict[str, int]]:
    """Each watch's posts in the day before the last one."""
    from store.reports import posts_per_hour

    if now.last_event is None:
        return {}
    hours = posts_per_hour(store, now.last_event - timedelta(days=1), now.last_event + timedelta(microseconds=1))
    return {
        str(watch): {"posts": int(hours[watch].sum()), "most_in_an_hour": int(hours[watch].max())} for watch in hours
    }
