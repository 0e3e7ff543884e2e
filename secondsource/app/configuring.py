"""Configuration for the collectors there are: `config` knows none of them, and is told here."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from config import loader
from config.document import Trail, read
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
    return loader.problems(folder, environ, settings_by_name()) or list(_refused(load(folder, environ), environ))


def _refused(configuration: Configuration, environ: Mapping[str, str]) -> Iterator[Problem]:
    """What only those who use it can tell: the insides of files, and words in a platform's terms."""
    path = configuration.folder / loader.SETTINGS
    document = read(path, visible(str(path)))
    uses: tuple[tuple[Trail, Callable[[Configuration], None]], ...] = (
        (("store", "url"), _address_of_store),
        (("enrich", "gazetteers"), _gazetteers),
        (("enrich", "stance_model"), _stance_model),
        (("enrich", "media", "store"), _kept_pictures),
        (("enrich", "media", "index"), _index_of_pictures),
        (("stories", "model"), _meanings),
        (("collectors", "x"), _rules_of_x),
    )
    for trail, use in uses:
        try:
            use(configuration)
        except BadConfiguration as error:
            if trail != ("store", "url"):
                yield document.problem(trail, visible(str(error)))
                continue
            given = bool(environ.get(loader.STORE_URL, "").strip())
            elsewhere = Problem("environment", 0, 0, loader.STORE_URL, visible(str(error)), "")
            yield elsewhere if given else document.problem(trail, visible(str(error)))
            return  # pictures are kept beside it
    for trail, what in _certificates(configuration):
        yield document.problem(trail, visible(what))


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


def _kept_pictures(configuration: Configuration) -> None:
    from secondsource.app.wiring.places import beside_the_store, media_store

    media = configuration.deployment.enrich.media
    where = media.store or beside_the_store(configuration.store_url)
    if media_store(configuration) is not None and "://" not in where:
        _could_be_made(Path(where))


def _index_of_pictures(configuration: Configuration) -> None:
    from secondsource.app.wiring.places import index_folder
    from secondsource.app.wiring.services import parts_of_pictures

    media = configuration.deployment.enrich.media
    if media.enabled and parts_of_pictures(configuration).on and (folder := index_folder(configuration)):
        _could_be_made(folder)


def _could_be_made(folder: Path) -> None:
    """Nothing is made by who only looks; whether it may be written to is known where it is written."""
    try:
        there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
        if there.is_dir():
            return
        why = "is no folder"
    except OSError as error:
        there, why = folder, f"cannot be looked at: {error.strerror}"
    raise BadConfiguration(f"{there} {why}; name a folder")


def _meanings(configuration: Configuration) -> None:
    if (folder := configuration.deployment.stories.model) is not None:
        from alerts.text.sentences import model_of

        model_of(folder)


def _certificates(configuration: Configuration) -> Iterator[tuple[Trail, str]]:
    """Files that hold no certificate, or another's key: the broker, or who is told, would seem to be away."""
    deployment = configuration.deployment
    kafka, email = deployment.kafka, deployment.notify.email
    hooks = deployment.notify.webhooks.items()
    authorities: list[tuple[Trail, Path | None]] = [
        *((("notify", "webhooks", name, "ca_file"), hook.ca_file) for name, hook in hooks),
        (("notify", "email", "ca_file"), email.ca_file if email else None),
        (("kafka", "ssl_ca_file"), kafka.ssl_ca_file),
    ]
    for trail, path in authorities:
        try:
            if path is not None:
                ssl.create_default_context(cafile=path)
        except (OSError, ValueError):
            yield trail, f"{path} holds no certificate; name a file in PEM form"
    try:
        if kafka.ssl_cert_file is not None:
            ssl.create_default_context().load_cert_chain(kafka.ssl_cert_file, kafka.ssl_key_file, password="")
    except (OSError, ValueError):
        what = f"{kafka.ssl_cert_file} and {kafka.ssl_key_file} are no certificate with its key, or it has a passphrase"
        yield ("kafka", "ssl_cert_file"), f"{what}; name both in PEM form"


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
