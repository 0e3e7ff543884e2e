"""What commands are asked with: the options that several share, and the configuration they name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from config.loader import BUILT_IN, Configuration
from secondsource.app.configuring import load
from secondsource.contracts.errors import BadConfiguration

if TYPE_CHECKING:
    from ingest.formats.recognising import JsonFormat


@dataclass
class Asked:
    """What a command was asked with that a message about its failure repeats."""

    config: Path | None = None


def _noted(context: typer.Context, config: Path | None) -> Path | None:
    if isinstance(context.obj, Asked):
        context.obj.config = config
    return config


ConfigFolder = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", envvar="SECONDSOURCE_CONFIG", show_default=False, callback=_noted,
        help="Folder with secondsource.yaml and watches/. Without it: ./config, or the sample that comes with us.",
    ),
]  # fmt: skip
AsJson = Annotated[bool, typer.Option("--json", help="JSON on standard output, for machines.")]


def path(said: str) -> Path:
    """Of what is to be read. Nothing at all is not taken for the folder one is in: it is a variable that is not set."""
    if not said:
        raise typer.BadParameter("expected a path, came nothing")
    return Path(said)


def configured(folder: Path | None) -> Configuration:
    return load(folder_of(folder), os.environ)


def folder_of(given: Path | None) -> Path:
    if given is not None:
        return given
    return Path("config") if Path("config", "watches").is_dir() else BUILT_IN


def format_named(name: str) -> JsonFormat:
    from ingest.formats.recognising import JsonFormat

    if name not in get_args(JsonFormat):
        known = ", ".join(get_args(JsonFormat))
        msg = f"no format named {name!r}; there are {known}, and --mapping for CSV and TSV"
        raise BadConfiguration(msg)
    return name  # type: ignore[return-value]  # it is one of them
