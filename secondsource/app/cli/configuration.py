"""`config`: is the YAML good, and what would be on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from config.loader import Configuration
from secondsource.app.cli.options import AsJson, ConfigFolder, folder_of
from secondsource.app.cli.output import WRONG, print_json, say_services
from secondsource.app.configuring import load, problems, write_schemas

config_app = typer.Typer(no_args_is_help=True, help="Check the YAML that says what is watched, and how.")


@config_app.command("check")
def check(config: ConfigFolder = None, as_json: AsJson = False) -> None:
    """Say line by line what is wrong in the configuration, and what to write instead.

    Where nothing is wrong it says which services are on, and how to turn on the others.
    """
    folder = folder_of(config)
    found = problems(folder, os.environ)
    if as_json:
        print_json([problem._asdict() for problem in found])
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
    say_services(configuration)


@config_app.command("schema")
def schema(
    folder: Annotated[Path, typer.Argument(help="Where to write them.")] = Path("config/schema"),
) -> None:
    """Write the JSON Schemas with which editors complete and check the YAML."""
    for path in write_schemas(folder):
        typer.echo(f"written {path}")
