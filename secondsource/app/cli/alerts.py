"""`alerts`, `acts`: which alerts there are, and what was done about them."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from alerts.wording import act as wording_of
from secondsource.app.cli.options import AsJson, ConfigFolder, configured
from secondsource.app.cli.output import print_json
from secondsource.contracts.acts import ACT_KINDS, VERDICTS
from secondsource.contracts.errors import BadConfiguration
from secondsource.runtime.logs import escape as plain

acts_app = typer.Typer(no_args_is_help=True, help="What analysts did about alerts: list it, do it.")
alerts_app = typer.Typer(no_args_is_help=True, help="Which alerts there are.")


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
