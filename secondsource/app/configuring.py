"""Configuration for the collectors there are: `config` knows none of them, and is told here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config import loader
from config.loader import Configuration
from config.problem import Problem
from config.schema_files import schemas as schema_texts
from config.schema_files import write_schemas as write
from ingest.collectors import BESIDE, LIVE


def settings_by_name() -> dict[str, type[Any]]:
    """The settings' classes of all collectors that `secondsource run` can run."""
    return {kind.name: kind.Settings for kind in (*LIVE, *BESIDE)}


def load(folder: Path, environ: Mapping[str, str]) -> Configuration:
    """Read a configuration folder.

    Raises:
        BadConfiguration: with every problem, one a line.
    """
    return loader.load(folder, environ, settings_by_name())


def problems(folder: Path, environ: Mapping[str, str]) -> list[Problem]:
    """What is wrong with a configuration folder, by file and line; empty where nothing is."""
    return loader.problems(folder, environ, settings_by_name())


def schemas() -> dict[str, str]:
    """The JSON Schemas for editors: file name → text."""
    return schema_texts(settings_by_name())


def write_schemas(folder: Path) -> list[Path]:
    """Write the schemas that are not current; returns those written."""
    return write(folder, settings_by_name())
