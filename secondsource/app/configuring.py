"""Configuration for the collectors there are: `config` knows none of them, and is told here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from config import loader
from config.loader import Configuration
from config.problem import Problem, visible
from config.schema_files import schemas as schema_texts
from config.schema_files import write_schemas as write
from ingest.collectors import BESIDE, LIVE
from secondsource.contracts.errors import BadConfiguration


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
    """What is wrong with a configuration folder, by file and line; empty where nothing is.

    Where every key is good, also what a process would still refuse when it starts.
    """
    return loader.problems(folder, environ, settings_by_name()) or list(_refused(load(folder, environ)))


def _refused(configuration: Configuration) -> Iterator[Problem]:
    """What only those who use it can tell: the insides of files, and words in a platform's terms."""
    for key, use in (
        ("store.url", _address_of_store),
        ("enrich.gazetteers", _gazetteers),
        ("enrich.stance_model", _stance_model),
        ("collectors.x", _rules_of_x),
    ):
        try:
            use(configuration)
        except BadConfiguration as error:
            yield Problem(visible(str(configuration.folder / loader.SETTINGS)), 0, 0, key, visible(str(error)), "")


def _address_of_store(configuration: Configuration) -> None:
    from store.database.engine import parsed_url

    parsed_url(configuration.store_url)


def _gazetteers(configuration: Configuration) -> None:
    if configuration.deployment.enrich.gazetteers is not None:
        from enrich.names.gazetteer import each_term

        for _ in each_term(configuration.gazetteers):
            pass


def _stance_model(configuration: Configuration) -> None:
    if (path := configuration.deployment.enrich.stance_model) is not None:
        from enrich.stance.model import StanceModel

        StanceModel.load(path)


def _rules_of_x(configuration: Configuration) -> None:
    settings = configuration.collectors["x"]
    if not settings.off():
        from ingest.collectors.x.rules import compile_rules

        watches = [watch for watch in configuration.watches if not watch.collectors or "x" in watch.collectors]
        compile_rules(watches, length=settings.rule_length, cap=settings.rules_cap)


def schemas() -> dict[str, str]:
    """The JSON Schemas for editors: file name → text."""
    return schema_texts(settings_by_name())


def write_schemas(folder: Path) -> list[Path]:
    """Write the schemas that are not current; returns those written."""
    return write(folder, settings_by_name())
