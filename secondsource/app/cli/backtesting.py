"""`backtest`, `tune`, `verdicts`: how good the alerts are, and what others would have been."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from secondsource.app.cli.options import AsJson, ConfigFolder, configured, folder_of, format_named, path
from secondsource.app.cli.output import FOUND, pasteable, print_json, progress
from secondsource.app.threads import stopping_on_signals
from secondsource.runtime.logs import configure_logging


def backtest(
    files: Annotated[
        list[Path] | None,
        typer.Argument(parser=path, help="Recorded posts, as `replay` reads them. Without: those stored."),
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
    from secondsource.app.backtest import asked, judging, report

    configure_logging(sys.stderr, level=logging.WARNING)
    wanted = asked.wanted(
        watch=watch, since=since, until=until, warm_up=warm_up, take=take, files=tuple(files or ()),
        format=format_named(format), mapping=mapping, pictures=pictures,
    )  # fmt: skip
    if table is not None:
        asked.want_writable(table)
    first = configured(config)
    configurations = [(str(folder_of(config)), first)]
    if against is not None:
        configurations.append((str(against), configured(against)))
    with stopping_on_signals() as stop, asked.house(first, files or (), stop) as house:
        truth = asked.truth(house, watch, labels, positive or ())
        with progress(as_json, "replaying", "posts/s") as progressed:
            found = judging.backtest(house, configurations, wanted, truth, stop, lambda done: progressed(done, None))
    if table is not None:
        asked.write(table, report.table(found))
    if as_json:
        print_json(msgspec.to_builtins(found))
    else:
        typer.echo(report.page(found), nl=False)
    if not any(outcome.posts for outcome in found.outcomes):
        typer.echo(pasteable(asked.nothing(wanted), config), err=True)
        raise typer.Exit(FOUND)


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
    from secondsource.app import wiring
    from secondsource.app.backtest import asked, tuning

    configure_logging(sys.stderr, level=logging.WARNING)
    wanted = asked.wanted(watch=watch, since=since, until=until, warm_up=warm_up)
    varied = tuning.read_varied(vary or ())
    with stopping_on_signals() as stop, wiring.house(configured(config), opening="found", stop=stop) as house:
        asked.known_watch(house.configuration, watch)
        truth = asked.truth(house, watch, labels, positive or ())
        if house.store.recorded.bounds(watch) is None:
            typer.echo(pasteable(asked.nothing(wanted), config), err=True)
            raise typer.Exit(FOUND)
        with progress(as_json, "trying", "") as progressed:
            found = tuning.tune(
                house, wanted, truth, varied, stop, most_a_day=alerts_per_day, jobs=jobs, progressed=progressed
            )
    if as_json:
        print_json(msgspec.to_builtins(found))
    else:
        typer.echo(tuning.page(found), nl=False)
    if not found.posts:
        typer.echo(pasteable(asked.nothing(wanted), config), err=True)
        raise typer.Exit(FOUND)


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
    from secondsource.app import verdicts as records
    from secondsource.app import wiring
    from secondsource.app.backtest import asked

    start, end = asked.moment(since, "--from"), asked.moment(until, "--to")
    configuration = configured(config)
    names = asked.names(configuration, watch)
    with wiring.house(configuration, opening="found") as house:
        found = records.records(house.store, names, start, end)
    if as_json:
        print_json(msgspec.to_builtins(found))
        return
    typer.echo(records.page(found), nl=False)
    for sentence in records.few(found, asked.ENOUGH):
        typer.echo(sentence)
