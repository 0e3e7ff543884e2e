"""`baselines`: what stories are expected to reach, by the stored past."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from secondsource.app.cli.options import AsJson, ConfigFolder, configured
from secondsource.app.cli.output import print_json

baselines_app = typer.Typer(no_args_is_help=True, help="What stories are expected to reach, by the stored past.")


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
