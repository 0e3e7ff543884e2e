"""`backtest`, `tune`, `verdicts`, `acts`, `baselines`: how good the alerts are, and what was done about them."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from alerts.wording import act as wording_of
from secondsource.app.cli.asked import AsJson, ConfigFolder, configured, folder_of, format_named, path
from secondsource.app.cli.told import FOUND, pasteable, print_json, progress
from secondsource.app.threads import stopping_on_signals
from secondsource.contracts.acts import ACT_KINDS, VERDICTS
from secondsource.contracts.errors import BadConfiguration
from secondsource.runtime.logs import configure_logging
from secondsource.runtime.logs import escape as plain

acts_app = typer.Typer(no_args_is_help=True, help="What analysts did about alerts: list it, do it.")
alerts_app = typer.Typer(no_args_is_help=True, help="Which alerts there are.")
baselines_app = typer.Typer(no_args_is_help=True, help="What stories are expected to reach, by the stored past.")


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
    from secondsource.app import baselines, wiring
    from secondsource.app.backtest import asked

    moments = {"--from": since, "--to": until, "--applies-from": applies}
    given = [asked.moment(text, option) for option, text in moments.items()]
    configuration = configured(config)
    names = asked.names(configuration, watch)
    with wiring.house(configuration, opening="found") as house:
        made = baselines.fit(house, names, *given)
        few = {name: baselines.too_few(house, name, *given[:2]) for name, one in made.items() if one is None}
    if as_json:
        print_json(msgspec.to_builtins(made))
        return
    for name, baseline in made.items():
        typer.echo(f"{few[name]}\n" if baseline is None else baselines.page(name, [baseline]), nl=False)


@baselines_app.command("show")
def baselines_show(
    watch: Annotated[str, typer.Option(help="Of this watch only.")] = "",
    config: ConfigFolder = None,
    as_json: AsJson = False,
) -> None:
    """What stories are expected to reach, in all versions; the newest in full."""
    from secondsource.app import baselines, wiring
    from secondsource.app.backtest import asked

    configuration = configured(config)
    names = asked.names(configuration, watch)
    with wiring.house(configuration, opening="found") as house:
        versions = {name: house.store.baselines.all(name) for name in names}
    if as_json:
        print_json(msgspec.to_builtins(versions))
        return
    for name, known in versions.items():
        typer.echo(baselines.page(name, known), nl=False)


@alerts_app.command("list")
def alerts_list(
    is_open: Annotated[bool, typer.Option("--open", help="Only those that are not over.")] = False,
    watch: Annotated[str, typer.Option(help="Of this watch only.")] = "",
    limit: Annotated[
        int, typer.Option(min=1, max=100_000, help="At most so many, those that changed last first.")
    ] = 50,
    config: ConfigFolder = None,
    as_json: AsJson = False,
) -> None:
    """Alerts, one a line: id, when it changed last, watch, state, headline.

    For example:

      [b]secondsource alerts list --open --watch aleppo[/b]
    """
    from secondsource.app import wiring

    with wiring.house(configured(config), opening="found") as house:
        found = house.store.evidence.latest_alerts(limit, watch=watch, stands=is_open)
    if as_json:
        print_json(
            [
                {
                    "id": e.alert_id,
                    "at": e.at,
                    "watch": e.watch,
                    "state": e.kind,
                    "headline": e.finding.headline,
                    "link": e.link,
                }
                for e in found
            ]
        )
        return
    for e in found:
        typer.echo(plain(f"{e.alert_id}  {e.at:%Y-%m-%d %H:%M} UTC  {e.watch}  {e.kind}  {e.finding.headline}"))
    if not found:
        typer.echo("there are none", err=True)


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

    with wiring.house(configured(config), opening="found") as house:
        found = list(house.store.acts.of(alert)) if alert else house.store.acts.latest(limit)
    if as_json:
        print_json(msgspec.to_builtins(found))
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

    with wiring.house(configured(config), opening="found") as house:
        if not house.store.evidence.alert_events(alert):
            msg = f"there is no alert {plain(alert[:80])}; those there are: secondsource alerts list"
            raise BadConfiguration(msg)
        act = made(alert, kind, house.clock.now(), verdict=verdict, hours=hours, by=by, note=note, press=press)
        recorded = house.store.acts.record(act)
    if as_json:
        print_json(msgspec.to_builtins(act) | {"recorded": recorded})
    else:
        typer.echo(plain(wording_of(act) if recorded else f"{press} was done before; nothing changed"))
