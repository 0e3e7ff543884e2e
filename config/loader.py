"""From a folder of YAML files to watches and settings, or to every problem in them at once.

config/secondsource.yaml     how this deployment runs; may be absent
config/watches/*.yaml        what is watched
config/sources/*.yaml        outlets and agencies, and who owns whom; may be absent
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple, TypedDict, TypeVar

from pydantic import BaseModel, ValidationError

from config.acting import acting
from config.checks import check_deployment, check_names, check_secret, check_watch
from config.cues import Cues, check_cues
from config.document import Document, Trail, key_of, read
from config.explain import explain
from config.notify_checks import EMAIL, SLACK_TOKEN, check_destinations, check_notify, secrets_of, webhook_at
from config.places import no_file, no_folder, yaml_files
from config.problem import Problem, WrongFiles, quoted, visible
from config.schema import DATABASES, REPLAY, Deployment, Watch, WatchFile, is_database
from config.secrets import from_environment, from_file, literal_secrets, texts
from config.sections import SecretKeys, Settings, deployment, secrets, settings
from config.sources import FOLDER as SOURCES
from config.sources import Source, agencies_of, check_sources
from secondsource.contracts import watch as contract
from secondsource.contracts.credits import Credits
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.secret import Secret

SETTINGS = "secondsource.yaml"
WATCHES = "watches"
BUILT_IN = Path(__file__).parent  #: gazetteers and cues that come with us, where a deployment names none
GAZETTEERS = tuple(sorted((BUILT_IN / "gazetteer").glob("*.tsv")))  #: of these
DEFAULT_STORE = "sqlite:///secondsource.sqlite"

#: The environment variables that win over secondsource.yaml; there are no others.
OVERRIDES: Mapping[str, Trail] = {
    "SECONDSOURCE_TRANSPORT": ("transport",),
    "SECONDSOURCE_KAFKA_BOOTSTRAP": ("kafka", "bootstrap"),
    "SECONDSOURCE_DESK_PUBLIC_URL": ("desk", "public_url"),
    "SECONDSOURCE_METRICS_PORT": ("metrics", "port"),
}
_SLACK_APP_TOKEN: Trail = ("notify", "slack", "app_token")
_SLACK_SIGNING_SECRET: Trail = ("notify", "slack", "signing_secret")
_KAFKA_PASSWORD: Trail = ("kafka", "sasl_password")
STORE_URL = "SECONDSOURCE_STORE_URL"  #: read beside the file, because it may hold a password


class _Context(TypedDict):
    """What values are checked against beside themselves."""

    folder: Path
    collectors: tuple[str, ...]


class Service(NamedTuple):
    """An optional service: on, or off and how to turn it on."""

    name: str
    on: bool
    how: str


class WebhookSecrets(NamedTuple):
    """Where a webhook is, and what its messages are signed with (None: nothing)."""

    url: Secret
    signing: Secret | None


@dataclass(frozen=True)
class Configuration:
    """A configuration that can work. Paths are absolute or relative to the working directory, ready to open.

    `collectors` holds the settings of each collector there is, by its name: an instance of the class that `load` was
    given, with its secrets in it.
    """

    folder: Path
    watches: tuple[contract.Watch, ...]
    deployment: Deployment
    store_url: str = field(repr=False)
    gazetteers: tuple[Path, ...]
    cues: Cues = field(repr=False)
    sources: tuple[Source, ...] = field(repr=False)
    agencies: Credits = field(repr=False, compare=False)  # made of the sources
    collectors: Mapping[str, Any]
    slack_token: Secret | None
    slack_app_token: Secret | None
    slack_signing_secret: Secret | None
    kafka_password: Secret | None
    webhooks: Mapping[str, WebhookSecrets]
    email_password: Secret | None
    services: tuple[Service, ...]


def load(folder: Path, environ: Mapping[str, str], collectors: Mapping[str, Settings]) -> Configuration:
    """Read a configuration folder. `collectors` are the settings' classes of those there are, by their names.

    Raises:
        BadConfiguration: with every problem, one a line (WrongFiles, which has them as `problems`).
    """
    reading = _Reading(folder, environ, collectors)
    if reading.problems:
        raise WrongFiles(reading.problems)
    return reading.configuration()


def problems(folder: Path, environ: Mapping[str, str], collectors: Mapping[str, Settings]) -> list[Problem]:
    """What is wrong with a configuration folder, by file and line; empty where nothing is."""
    return list(_Reading(folder, environ, collectors).problems)


class _Reading:
    """One pass over the folder, gathering problems."""

    def __init__(self, folder: Path, environ: Mapping[str, str], collectors: Mapping[str, Settings]) -> None:
        self._folder, self._environ = folder, environ
        self._kinds = collectors
        self._model = deployment(collectors)
        self._context: _Context = {"folder": folder, "collectors": (REPLAY, *collectors)}
        self._problems: list[Problem] = []
        self._watches: tuple[Watch, ...] = ()
        self._settings = self._model()
        self._secrets: dict[Trail, Secret | None] = {}
        self._collectors: dict[str, Any] = {}
        self.cues: Cues = {}
        self._sources: tuple[Source, ...] = ()
        if folder.is_dir():
            self._read_settings()
            self._read_watches()
            self._read_sources()
        else:
            self._say(str(folder), "there is no such folder", "the folder of secondsource.yaml and watches/")
        self.problems = tuple(sorted(dict.fromkeys(self._problems)))

    def _say(self, file: str, what: str, write: str, key: str = "") -> None:
        self._problems.append(Problem(file, 0, 0, key, what, write))

    # --- secondsource.yaml ---

    def _read_settings(self) -> None:
        path = self._folder / SETTINGS
        document = (
            read(path, visible(str(path)))
            if path.exists() or path.is_symlink()
            else Document(str(path), None, {}, {}, ())
        )
        document = self._overridden(document)
        found, said = _validated(document, {} if document.data is None else document.data, self._model, self._context)
        self._problems += said
        if found is None:  # check at least what is right by itself
            right = _without(document.data if isinstance(document.data, dict) else {}, said)
            sound = Document(document.file, right, document.keys, document.values, ())
            found, _ = _validated(sound, right, self._model, self._context)
        if found is not None:
            self._settings = found
            self._problems += check_deployment(document, found, self._environ)
            self._check_store_url()
            self._read_secrets(document)
            self._read_collectors(document)
        self.cues, said = check_cues(self._settings.enrich.cues or BUILT_IN / "cues")
        self._problems += said

    def _overridden(self, document: Document) -> Document:
        """The document with the environment's values in it; what is wrong with those is said of the variable."""
        data = dict(document.data) if isinstance(document.data, dict) else {}
        named = {text for trail, text in texts(document.data) if trail and str(trail[-1]).endswith("_env")}
        for name in sorted(self._environ):
            trail = OVERRIDES.get(name)
            if trail is None:
                if name not in named:  # else the file itself asks for it
                    self._check_name(name)
                continue
            text = self._environ[name].strip()
            value: object = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
            trial: object = value
            for key in reversed(trail):
                trial = {key: trial}
            found, said = _validated(Document(name, trial, {}, {}, ()), trial, self._model, self._context)
            self._problems += said
            if found is not None:
                data = _merged(data, trail, value)
        if data == document.data or (not data and document.data is None):
            return document
        if document.data is not None and not isinstance(document.data, dict):
            return document
        return Document(document.file, data, document.keys, document.values, document.problems)

    def _check_name(self, name: str) -> None:
        """A misspelt override would be passed over in silence."""
        known = (*OVERRIDES, STORE_URL)
        sections = tuple(f"SECONDSOURCE_{section.upper()}_" for section in Deployment.model_fields)
        near = get_close_matches(name, known, n=1, cutoff=0.6 if name.startswith(sections) else 0.9)
        if name not in known and name.startswith("SECONDSOURCE_") and (near or name.startswith(sections)):
            write = near[0] if near else f"the key in {SETTINGS}; the environment sets only {', '.join(known)}"
            self._say("environment", "no such setting is read from the environment", write, visible(name))

    def _check_store_url(self) -> None:
        variable = self._settings.store.url_env or ""
        for name in (STORE_URL, variable):
            if self._environ.get(name, "").strip() and not is_database(self._environ[name].strip()):
                self._say("environment", "neither SQLite nor PostgreSQL", DATABASES, name)

    def _read_secrets(self, document: Document) -> None:
        slack, kafka = self._settings.notify.slack, self._settings.kafka
        wanted = [
            SecretKeys(SLACK_TOKEN, slack.token_env, slack.token_file),
            SecretKeys(_SLACK_APP_TOKEN, slack.app_token_env, slack.app_token_file),
            SecretKeys(_SLACK_SIGNING_SECRET, slack.signing_secret_env, slack.signing_secret_file),
            SecretKeys(_KAFKA_PASSWORD, kafka.sasl_password_env, kafka.sasl_password_file),
        ]
        notify = self._settings.notify
        for keys in wanted:
            self._read_secret(document, keys, token=keys.at not in (SLACK_TOKEN, _KAFKA_PASSWORD))
        for keys in secrets_of(notify):
            self._read_secret(document, keys)
        self._problems += check_notify(document, notify, self._secrets, self._environ)

    def _read_secret(self, document: Document, keys: SecretKeys, *, token: bool = False) -> None:
        """A token is what goes into a header: passwords and what messages are signed with may be in any letters."""
        value = from_environment(keys.variable, self._environ)
        if value is not None and (sign := _strange(value, token=token)):
            what = f"the environment variable {keys.variable} holds {sign}"
            self._problems.append(document.problem(keys.key("_env"), what, f"export {keys.variable}=… in one line"))
        if value is None and keys.path is not None and not no_file(keys.path):
            what = ""
            try:
                value = from_file(keys.path)
            except (OSError, UnicodeDecodeError):
                what = "cannot be read as text"
            if value is None:
                what = f"{quoted(str(keys.path))} {what or 'is empty'}"
            elif sign := _strange(value, token=token):
                what = f"{quoted(str(keys.path))} holds {sign}"
            if what:
                self._problems.append(document.problem(keys.key("_file"), what, "a file of one line"))
        self._secrets[keys.at] = None if value is not None and _strange(value, token=token) else value

    def _read_collectors(self, document: Document) -> None:
        """Each collector's settings, as the class that the collector itself has."""
        for name, kind in self._kinds.items():
            said, at = getattr(self._settings.collectors, name), ("collectors", name)
            wrong = len(self._problems)
            for keys in secrets(kind, said, at):
                self._read_secret(document, keys, token=True)
                self._problems += check_secret(document, keys, self._environ, needed=said.enabled)
            try:
                made = settings(kind, said, at, self._secrets)
            except (ValueError, BadConfiguration) as error:
                self._problems.append(document.problem(at, str(error)))
                continue
            self._collectors[name] = made
            written = "enabled" in said.model_fields_set
            if said.enabled and written and made.off() and wrong == len(self._problems):
                what = f"{name} is on here, and cannot run: {made.off()}"
                self._problems.append(document.problem((*at, "enabled"), what))

    # --- watches ---

    def _read_watches(self) -> None:
        folder = self._folder / WATCHES
        if folder.is_dir() and (what := no_folder(folder)):
            self._say(visible(str(folder)), what, "a folder that may be read")
            return
        paths = [path for path in yaml_files(folder) if not path.is_dir()] if folder.is_dir() else []
        if not paths:
            self._say(visible(str(folder)), "there is no watch file here", "watches/aleppo.yaml, like the sample's")
        found: list[tuple[Document, Trail, Watch]] = []
        for path in paths:
            document = read(path, visible(str(path)))
            if document.data is None and not document.problems:
                self._say(document.file, "the file is empty", "watches: with one or several watches")
                continue
            good, said = _validated(document, document.data, WatchFile, self._context)
            self._problems += said
            found += _each(document, good, self._context)
        for document, trail, watch in found:
            self._problems += check_watch(document, trail, watch)
        self._problems += check_names(found)
        self._problems += check_destinations(found, self._settings.notify)
        self._watches = tuple(watch for _, _, watch in found)

    def _read_sources(self) -> None:
        """The deployment's own registry; the one that comes with us where it has none."""
        own = self._folder / SOURCES
        self._sources, said = check_sources(own if own.is_dir() else BUILT_IN / SOURCES)
        self._problems += said

    # --- the result ---

    def configuration(self) -> Configuration:
        settings = self._settings
        named = settings.enrich.gazetteers
        return Configuration(
            folder=self._folder,
            watches=tuple(sorted((_contract(watch) for watch in self._watches), key=lambda watch: watch.name)),
            deployment=settings,
            store_url=self._store_url(),
            gazetteers=GAZETTEERS if named is None else named,
            cues=self.cues,
            sources=self._sources,
            agencies=agencies_of(self._sources),
            collectors=self._collectors,
            slack_token=self._secrets.get(SLACK_TOKEN),
            slack_app_token=self._secrets.get(_SLACK_APP_TOKEN),
            slack_signing_secret=self._secrets.get(_SLACK_SIGNING_SECRET),
            kafka_password=self._secrets.get(_KAFKA_PASSWORD),
            webhooks={name: self._webhook(name) for name in settings.notify.webhooks},
            email_password=self._secrets.get((*EMAIL, "password")),
            services=tuple(self._services()),
        )

    def _webhook(self, name: str) -> WebhookSecrets:
        at = webhook_at(name)
        url = self._secrets.get((*at, "url")) or Secret(self._settings.notify.webhooks[name].url or "")
        return WebhookSecrets(url, self._secrets.get((*at, "secret")))

    def _store_url(self) -> str:
        store = self._settings.store
        named = self._environ.get(store.url_env, "") if store.url_env else ""
        return self._environ.get(STORE_URL, "").strip() or named.strip() or store.url or DEFAULT_STORE

    def _services(self) -> Iterator[Service]:
        slack = self._settings.notify.slack
        for name, made in self._collectors.items():
            written = "enabled" in getattr(self._settings.collectors, name).model_fields_set
            default = f"by default; to turn it off: collectors.{name}.enabled: false in {SETTINGS}"
            off = made.off()
            yield Service(name, not off, off or (f"as {SETTINGS} says" if written else default))
        for watch in self._watches:
            if watch.collectors and all(self._collectors[name].off() for name in watch.collectors if name != REPLAY):
                yield Service(f"watch {watch.name}", on=False, how=_followed_by_none(watch.collectors))
        told = sorted({watch.slack_channel for watch in self._watches if watch.slack_channel})
        if self._secrets.get(SLACK_TOKEN) is None:
            how = f"export {slack.token_env or 'SLACK_BOT_TOKEN'}=xoxb-…"
            if slack.token_env is None and slack.token_file is None:
                how += f", and notify.slack.token_env: SLACK_BOT_TOKEN in {SETTINGS}"
            yield Service("slack", on=False, how=f"off; to turn it on: {how}")
        elif not told:
            yield Service("slack", on=False, how="off; no watch has a slack_channel")
        else:
            yield Service("slack", on=True, how="channels " + ", ".join(told))
        at = self._secrets.get
        there = {"bot": at(SLACK_TOKEN), "app": at(_SLACK_APP_TOKEN), "signing": at(_SLACK_SIGNING_SECRET)}
        found = {name: secret is not None for name, secret in there.items()}
        for about in acting(slack, self._settings.desk, **found, file=SETTINGS):
            yield Service(*about)
        yield from self._told_beside()

    def _told_beside(self) -> Iterator[Service]:
        """Webhooks and lists of addresses, each with the watches that name it."""
        notify = self._settings.notify
        named = [f"webhook:{name}" for name in notify.webhooks]
        named += [f"email:{name}" for name in (notify.email.lists if notify.email else ())]
        for destination in named:
            watches = sorted(watch.name for watch in self._watches if destination in watch.notify)
            name = destination.replace(":", " ")
            if not watches:
                yield Service(name, on=False, how=f"off; no watch has notify: [{destination}]")
                continue
            signed = destination.startswith("email:") or self._webhook(destination.partition(":")[2]).signing
            unsigned = "" if signed else "; its messages are not signed: secret_env"
            yield Service(name, on=True, how=f"told by {', '.join(watches)}{unsigned}")


def _followed_by_none(collectors: Sequence[str]) -> str:
    live = [name for name in collectors if name != REPLAY]
    if not live:
        return "off; it names replay alone, so nobody follows it live"
    return f"off; nobody follows it live: it names {', '.join(live)}, which {'are' if live[1:] else 'is'} off"


def _strange(value: Secret, *, token: bool) -> str:
    """What of a secret cannot be, "" where nothing is."""
    if not value.reveal().isprintable():
        return "a line break or another sign that no secret has"
    if token and not re.fullmatch(r"[!-~]+", value.reveal()):
        return "a blank, or a letter that no token has: those are ASCII, as they were issued"
    return ""


_AnyModel = TypeVar("_AnyModel", bound=BaseModel)


def _validated(
    document: Document, data: object, model: type[_AnyModel], context: _Context
) -> tuple[_AnyModel | None, list[Problem]]:
    """The model, or None, and what is wrong. A secret in the clear is told instead of what else is wrong there."""
    said = list(document.problems)
    clear = dict(literal_secrets(document))
    said += clear.values()
    good = None
    if data is None or (document.data is None and document.problems):
        return None, said
    try:
        good = model.model_validate(data, context=context)
    except ValidationError as error:
        unread = {problem.key for problem in document.problems}  # told of already: there is nothing to look at
        errors = [
            found
            for found in error.errors(include_url=False)
            if found["loc"] not in clear and key_of(tuple(found["loc"])) not in unread
        ]
        said += explain(document, errors, model)
    except RecursionError:  # pragma: no cover (the depth of documents is bounded)
        said.append(document.problem((), "is nested too deep", "it flatter"))
    return (None if said else good), said


def _each(document: Document, good: WatchFile | None, context: _Context) -> Iterator[tuple[Document, Trail, Watch]]:
    """The watches of a file, each by itself where the file as a whole is wrong, so that all are checked."""
    if good is not None:
        for index, watch in enumerate(good.watches):
            yield document, ("watches", index), watch
        return
    items = document.data.get("watches") if isinstance(document.data, dict) else None
    for index, item in enumerate(items if isinstance(items, tuple) else ()):
        try:
            yield document, ("watches", index), Watch.model_validate(item, context=context)
        except ValidationError:
            continue


def _without(data: Mapping[str, object], said: Sequence[Problem]) -> dict[str, object]:
    """The sections nothing was said of; of enrich, whose keys do not lean on each other, the keys."""
    wrong = {re.split(r"[.\[]", problem.key)[0] for problem in said if not problem.key.startswith("enrich.")}
    right = {key: value for key, value in data.items() if key in Deployment.model_fields and key not in wrong}
    enrich = right.get("enrich")
    if isinstance(enrich, dict):
        inner = {re.split(r"[.\[]", problem.key)[1] for problem in said if problem.key.startswith("enrich.")}
        right["enrich"] = {key: value for key, value in enrich.items() if key not in inner}
    return right


def _merged(data: Mapping[str, object], trail: Trail, value: object) -> dict[str, object]:
    head, *rest = trail
    below = data.get(str(head))
    if not rest:
        return {**data, str(head): value}
    if below is not None and not isinstance(below, dict):
        return dict(data)  # the file is wrong there, and says so
    return {**data, str(head): _merged(below or {}, tuple(rest), value)}


def _contract(watch: Watch) -> contract.Watch:
    words, limits = watch.keywords, watch.thresholds
    return contract.Watch(
        name=watch.name,
        hashtags=_once(watch.hashtags),
        all_of=_once(words.all),
        any_of=_once(words.any),
        none_of=_once(words.none),
        phrases=_once(watch.phrases),
        accounts=_once(watch.accounts),
        languages=_once(watch.languages),
        collectors=_once(watch.collectors),
        slack_channel=watch.slack_channel,
        notify=_once(watch.notify),
        thresholds=contract.Thresholds(**limits.model_dump()),
    )


def _once(terms: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(terms))
