"""`migrate`, `forget`, `compliance`: the tables, and what leaves them."""

from __future__ import annotations

import logging
import sys
from datetime import timedelta
from typing import Annotated

import typer

from alerts.wording import count
from secondsource.app.cli.options import AsJson, ConfigFolder, configured
from secondsource.app.cli.output import FOUND, next_command, print_json
from secondsource.app.threads import stopping_on_signals
from secondsource.contracts.errors import BadConfiguration
from secondsource.runtime.logs import configure_logging
from secondsource.runtime.logs import escape as plain

MOST_DAYS = 100 * 365

compliance_app = typer.Typer(no_args_is_help=True, help="Ask a platform which stored posts are gone from it.")


def migrate(config: ConfigFolder = None) -> None:
    """Bring the database's tables up to date. Safe to run again."""
    from secondsource.app import wiring

    with wiring.house(configured(config), opening="migrated"):
        typer.echo("the tables are up to date")


def forget(
    older_than: Annotated[
        int | None,
        typer.Option(
            min=1, max=MOST_DAYS, metavar="DAYS", help="How old; store.keep_days of the configuration if absent."
        ),
    ] = None,
    config: ConfigFolder = None,
    as_json: AsJson = False,
) -> None:
    """Let go of posts, people, stories and alerts that are older than they are wanted. It cannot be undone.

    For example:

        secondsource forget --older-than 90
    """
    from secondsource.app import wiring

    configuration = configured(config)
    days = older_than or configuration.deployment.store.keep_days
    if days is None:
        raise BadConfiguration("how old? Say --older-than DAYS, or write keep_days: under store: in secondsource.yaml")
    with wiring.house(configuration, opening="found") as house:
        gone = house.store.retention.forget(house.clock.now() - timedelta(days=days))
        if house.kept is not None:
            house.store.forgetting.drain(house.kept.remove)
    if as_json:
        print_json(gone._asdict())
        return
    typer.echo(
        "; ".join(f"{name.replace('_', ' ')}: {number:,}" for name, number in gone._asdict().items()) + " let go"
    )


def takedown(
    uids: Annotated[list[str], typer.Argument(metavar="UID...", help="Posts by platform and id there: x:1790….")],
    reason: Annotated[str, typer.Option(help="Why, for those who come after you; it should quote no post.")] = "",
    config: ConfigFolder = None,
    as_json: AsJson = False,
) -> None:
    """Take posts down everywhere here, though their platform has them still. It cannot be undone.

    They leave with their reposts, pictures and words in stories, alerts and dead letters; Slack messages that quote
    them are corrected by the process that runs notify. May run beside [b]secondsource run[/b].

    For example:

      [b]secondsource takedown x:1790000000000000001 --reason 'court order 14/26'[/b]

    Exit code 1: one of them is not known here.
    """
    from secondsource.app import taking_down, wiring

    configure_logging(sys.stderr, level=logging.WARNING)
    with wiring.house(configured(config), opening="found") as house:
        done = taking_down.by_hand(house, uids, reason)
        waiting = house.store.outbox.waiting()
    if as_json:
        print_json({"taken_down": done.gone, "unknown": done.unknown, "heard": done.heard, "waiting": waiting})
    else:
        for uid in done.gone:
            typer.echo(f"{plain(uid)}  taken down")
        for uid in done.unknown:
            typer.echo(f"{plain(uid)}  is not stored here, and nothing here quotes it")
        if not done.heard:
            typer.echo(
                "Gone from the store. What remembers stories forgets them within a minute where "
                f"{next_command('run', config)} is running; else as soon as it runs again."
            )
        if done.gone and waiting:
            where = ", ".join(plain(each) for each in waiting)
            typer.echo(f"To be sent or corrected at {where}: {next_command('run notify', config)} does it.")
    raise typer.Exit(FOUND if done.unknown else 0)


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
    with stopping_on_signals() as stop, wiring.house(configured(config), opening="found") as house:
        done = compliance.check(house, "x", wiring.ask_x_what_is_gone(house), stop, dry_run=dry_run)
    if as_json:
        print_json({"asked": done.asked, "gone": dict(done.gone), "stopped": done.stopped, "dry_run": dry_run})
    else:
        for uid, reason in sorted(done.gone.items()):
            typer.echo(f"{plain(uid)}  {plain(reason)}")
        what = "gone; nothing was taken down" if dry_run else "gone, and taken down here"
        typer.echo(f"{count(done.asked, 'post')} asked for, {len(done.gone):,} {what}.")
        if done.stopped:
            typer.echo("Stopped before the end. The same command begins anew.")
    raise typer.Exit(FOUND if done.stopped else 0)
