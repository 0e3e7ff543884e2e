"""Everything is constructed and connected here, and only here; nothing finds its collaborators by itself.

A room that takes long to import (spaCy, scipy, tweepy) is imported where it is built: a process pays for its own part.
"""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from dataclasses import replace as replaced
from functools import cached_property, partial
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from random import Random
from threading import Event
from typing import TYPE_CHECKING, Literal, NamedTuple, TextIO, TypeVar
from urllib.parse import quote, urlsplit

from prometheus_client import CollectorRegistry, ProcessCollector

from alerts.delivery.sending import Outcome, Sender
from alerts.notifiers.contract import Notifier
from config.acting import THIS_MACHINE, desk_takes_acts
from config.loader import Configuration, Service
from config.sources import Source
from secondsource.contracts.clock import Clock, SystemClock
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.messages import AlertEvent, Reuse
from secondsource.contracts.secret import Secret
from secondsource.contracts.stage import Batch, Collector, Stage
from secondsource.contracts.watch import Watch
from secondsource.runtime.kafka import KafkaSettings, KafkaTransport, ensure_topics
from secondsource.runtime.metrics import Metrics, serve
from secondsource.runtime.pipeline import InlinePipeline
from secondsource.runtime.retry import Backoff, Retry
from secondsource.runtime.runner import Runner, RunnerSettings
from secondsource.runtime.source import Push, SourceRunner, TopicPublisher
from store.alerting.baselines import BaselineReader
from store.memory import Store, open_store
from store.stage import StoreStage

if TYPE_CHECKING:
    from fastapi import FastAPI

    from alerts.interactions.presses import Pressed
    from alerts.interactions.receiver import Receiver as PressReceiver
    from alerts.interactions.socket_mode import SocketMode
    from alerts.judging.stage import AlertsStage
    from alerts.notifiers.mail import MailNotifier
    from alerts.notifiers.slack import Look
    from alerts.notifiers.webhook import Receiver
    from alerts.origins.registry import Registry
    from config.schema import Email
    from enrich.looking import Recognising
    from enrich.media.kept import MediaStore
    from enrich.reuse.archive import ReuseArchive
    from enrich.reuse.clip_prints import ClipPrint
    from enrich.reuse.prints import Look as Looked
    from enrich.setup import Enrichment
    from ingest.collectors.replay import Replay, ReplaySettings
    from ingest.collectors.replay.reading import Took
    from ingest.formats.delimited import ColumnMapping
    from ingest.live import LiveCollector
    from ingest.pictures import Pictures
    from ingest.surroundings import Surroundings

StageName = Literal["enrich", "alerts", "store"]
STAGES: tuple[StageName, ...] = ("enrich", "alerts", "store")

#: What is to become of a database: an SQLite file is "made" where there is none and its tables are brought up to date
#: without asking, as nobody else uses it; it must be "found", by whoever only looks at what is kept; or the tables are
#: "migrated", whatever database it is.
Opening = Literal["made", "found", "migrated"]

#: Those of these posts that are gone from their platform, by uid, with its reasons. Raises SourceAway.
Ask = Callable[[Sequence[str], Event], Mapping[str, str]]

T = TypeVar("T")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class House:
    """A configuration with its store open. `sends` are the notifiers alert events are queued for.

    `stop` is set once the process is to end.
    """

    configuration: Configuration
    store: Store
    registry: CollectorRegistry
    metrics: Metrics
    clock: Clock
    retry: Retry
    sends: tuple[str, ...]
    stop: Event | None = None

    @cached_property
    def kept(self) -> MediaStore | None:
        """What is kept of pictures, None where there is no place for it."""
        return media_store(self.configuration)

    @cached_property
    def reuse(self) -> ReuseArchive | None:
        """The pictures of the store by what is seen in them, None where there is no place for its index."""
        return reuse_archive(self.configuration, self.store)

    @property
    def watches(self) -> tuple[Watch, ...]:
        return self.configuration.watches


@contextmanager
def house(
    configuration: Configuration,
    *,
    clock: Clock | None = None,
    opening: Opening = "made",
    stop: Event | None = None,
) -> Iterator[House]:
    """Open the store; closed at the end.

    With `stop`, a database that is away is waited for until it is set; without, whoever asks is told at once.

    Raises:
        SourceAway: the database does not answer.
        BadConfiguration: it refuses us, its schema wants `secondsource migrate`, or it is not there.
    """
    if opening == "found":
        _want_it_there(configuration)
    _collect_seldom()
    clock = clock or SystemClock()
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    metrics = Metrics(registry)
    notify = configuration.deployment.notify
    told = {
        "console": notify.console,
        "slack": configuration.slack_token is not None,
        "webhook": bool(notify.webhooks),
        "email": notify.email is not None,
    }
    sends = tuple(name for name, is_on in told.items() if is_on)
    retry = Retry(Backoff(), Random(), clock, metrics)
    create = opening == "migrated" or configuration.store_url.startswith("sqlite")
    store = _waited_for(retry, partial(open_store, configuration.store_url, create=create), "store", stop)
    try:
        yield House(configuration, store, registry, metrics, clock, retry, sends, stop)
    finally:
        store.close()


def is_new(configuration: Configuration) -> bool:
    """Whether the store is a file that is still to be made."""
    path = _sqlite_file(configuration.store_url)
    return path is not None and not path.is_file()


def _want_it_there(configuration: Configuration) -> None:
    path = _sqlite_file(configuration.store_url)
    if path is not None and is_new(configuration):
        msg = (
            f"there is no database at {path.absolute()} yet; `secondsource run` or `secondsource replay FILE` makes it"
        )
        raise BadConfiguration(msg)


def _waited_for(retry: Retry, call: Callable[[], T], service: str, stop: Event | None) -> T:
    return call() if stop is None else retry(call, stage="start", stop=stop, service=service)


def _collect_seldom() -> None:
    """Python's garbage collector looks for cycles, which our messages never make: seldom is enough."""
    gc.set_threshold(200_000, 10, 10)


def services(configuration: Configuration) -> list[Service]:
    """Each optional service: on, or off and how to turn it on."""
    asked_for = configuration.deployment.enrich.pipelines
    always = [*configuration.services, *_of_pictures(configuration), _of_meanings(configuration)]
    if not asked_for:
        return always
    from enrich.names.gazetteer import Gazetteer
    from enrich.names.pipelines import trained_pipelines

    _, reports = trained_pipelines(asked_for, Gazetteer(()))
    found = [Service(f"trained pipeline {report.language}", report.on, report.detail) for report in reports]
    return [*always, *found]


_NO_MODEL = "off; to turn it on: stories.model: FOLDER in secondsource.yaml (docs/stories.md)"


def _of_meanings(configuration: Configuration) -> Service:
    stories = configuration.deployment.stories
    named = stories.model or stories.embedder
    return Service("embedding", on=named is not None, how=_NO_MODEL if named is None else f"by {named}")


def _of_pictures(configuration: Configuration) -> Iterator[Service]:
    if not configuration.deployment.enrich.media.enabled:
        return
    from enrich.media import ocr

    _, readable = ocr.installed(configuration.deployment.enrich.languages)
    yield Service("text in pictures", readable.on, readable.detail)
    yield _of_parts(configuration)
    from enrich.media import codecs
    from enrich.media.credentials import examining

    yield Service("HEIC pictures", *codecs.heic())
    yield Service("Content Credentials", *examining())
    yield _of_what_is_kept(configuration)


def _of_parts(configuration: Configuration) -> Service:
    media = configuration.deployment.enrich.media
    if media.parts is False:
        return Service("parts of pictures", on=False, how="off, as secondsource.yaml says at enrich.media.parts")
    if media.parts is None and media.index is None:
        how = "off; to look for crops, screenshots and collages in every post: enrich.media.parts: true"
        return Service("parts of pictures", on=False, how=how)
    folder = index_folder(configuration)
    if folder is None:
        how = "off; there is no place for their index: name a folder at enrich.media.index"
        return Service("parts of pictures", on=False, how=how)
    return Service("parts of pictures", on=True, how=f"index in {folder}")


def _of_what_is_kept(configuration: Configuration) -> Service:
    media = configuration.deployment.enrich.media
    where = media.store or _beside(configuration.store_url)
    if media.keep == "nothing":
        return Service("kept pictures", on=False, how="nothing, as secondsource.yaml says at enrich.media.keep")
    if not where:
        how = "nothing; to keep thumbnails for the desk, name a folder or s3://bucket/prefix at enrich.media.store"
        return Service("kept pictures", on=False, how=how)
    return Service("kept pictures", on=True, how=f"{media.keep} in {where}")


def serve_metrics(at: House, *, beside_others: bool = False) -> str:
    """Serve /metrics; returns its address. `beside_others` takes a free port where the configured one is taken.

    Raises:
        BadConfiguration: somebody else has the port.
    """
    settings = at.configuration.deployment.metrics
    try:
        port = serve(at.registry, settings.port, settings.address)
    except OSError as error:
        if not beside_others:
            msg = (
                f"/metrics cannot be served on {settings.address}:{settings.port} ({error.strerror}); each process of "
                "a host needs its own port: set SECONDSOURCE_METRICS_PORT, 0 for a free one"
            )
            raise BadConfiguration(msg) from error
        port = serve(at.registry, 0, settings.address)
    url = f"http://{settings.address}:{port}/metrics"
    _log.info("metrics served", extra={"url": url})
    return url


# --- stages ----------------------------------------------------------------------------------------------------------


def media_store(configuration: Configuration) -> MediaStore | None:
    """What is kept of pictures, None where there is no place for it.

    Raises:
        BadConfiguration: the place needs a package that is not installed.
    """
    media = configuration.deployment.enrich.media
    where = media.store or _beside(configuration.store_url)
    if not where or (media.keep == "nothing" and media.store is None):
        return None
    from enrich.media.kept import MediaStore, place

    options = {"client_kwargs": {"endpoint_url": media.endpoint}} if media.endpoint else None
    return MediaStore(place(where, options), media.keep)


def reuse_archive(configuration: Configuration, store: Store) -> ReuseArchive | None:
    """The index of prints, made of the store where it is missing; None where there is no place for it.

    Raises:
        SourceAway: the store did not answer.
        BadConfiguration: its folder cannot be written.
    """
    folder = index_folder(configuration)
    if folder is None:
        return None
    from enrich.reuse.archive import ReuseArchive

    try:
        return ReuseArchive(folder, store.prints)
    except OSError as error:
        msg = f"the index of pictures cannot be kept in {folder} ({error.strerror}): set enrich: media: index:"
        raise BadConfiguration(msg) from error


def index_folder(configuration: Configuration) -> Path | None:
    """Where the index of prints is: as named, beside the SQLite file, or in this user's cache; None for nowhere.

    It is a copy of what the store holds, so a cache is place enough: one for each database.
    """
    named = configuration.deployment.enrich.media.index
    if named is not None:
        return named
    url = urlsplit(configuration.store_url)
    if url.scheme.startswith("sqlite"):
        beside = _beside(configuration.store_url, ".index")
        return Path(beside) if beside else None
    of = sha256(f"{url.hostname}:{url.port}{url.path}".encode()).hexdigest()[:16]
    try:
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "secondsource" / f"{of}.index"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # a read-only home, or a user who has none, as in containers
        return None
    return folder if os.access(folder, os.W_OK) else None


def _beside(store_url: str, ending: str = ".media") -> str:
    """The folder that goes with a SQLite file; "" where the store is no file."""
    path = _sqlite_file(store_url)
    return str(path.with_suffix(ending)) if path is not None else ""


def _sqlite_file(store_url: str) -> Path | None:
    """The store's file, None where it is no file."""
    path = store_url.removeprefix("sqlite:///") if store_url.startswith("sqlite:///") else ""
    return Path(path) if path and path != ":memory:" else None


class _PartsOnceNeeded:
    """The archive of prints, opened at the first picture: who meets none need not load what looking takes."""

    def __init__(self, at: House) -> None:
        self._at = at

    def recognised(self, picture: str, look: Looked, clip: ClipPrint | None = None) -> tuple[Reuse, ...]:
        archive = self._at.reuse
        return archive.recognised(picture, look, clip) if archive is not None else ()


def enrichment(
    configuration: Configuration,
    clock: Clock,
    *,
    roots: Sequence[Path] = (),
    kept: MediaStore | None = None,
    archive: Recognising | None = None,
    stop: Event | None = None,
) -> Enrichment:
    """`roots` are folders that file: addresses may be read from, beside those configured.

    Once `stop` is set, a batch whose pictures are still being fetched is left for the next start.

    Raises:
        BadConfiguration: what is to be kept of pictures cannot be written to its place.
    """
    if kept is not None:
        kept.ready()
    from enrich.annotators.media import MediaLimits
    from enrich.media.fetch import FetchLimits
    from enrich.setup import EnrichSettings, build

    settings = configuration.deployment.enrich
    media = settings.media
    return build(
        EnrichSettings(
            gazetteers=configuration.gazetteers,
            cues=configuration.cues,
            stance_model=settings.stance_model,
            languages=settings.languages,
            pipelines=settings.pipelines,
            media_enabled=media.enabled,
            media_roots=(*media.roots, *roots),
            fetch=FetchLimits(max_bytes=media.max_bytes, total_seconds=media.timeout_seconds, per_host=media.per_host),
            media=MediaLimits(max_pixels=media.max_pixels, threads=media.workers, key_frames=media.key_frames),
        ),
        clock,
        kept=kept,
        archive=archive,
        stop=stop,
    )


def alerts_stage(at: House) -> AlertsStage:
    from alerts.judging.stage import AlertsStage
    from secondsource.app.embedding import Named, understanding_of

    desk = at.configuration.deployment.desk
    public = (desk.public_url or f"http://{desk.host}:{desk.port}").rstrip("/")

    def link(alert_id: str) -> str:
        return f"{public}/alerts/{quote(alert_id, safe='')}"

    watches = {watch.name: watch for watch in at.watches}
    baselines = BaselineReader(at.store.baselines, at.clock.monotonic)
    registry = _registry(at.configuration.sources)
    stories = at.configuration.deployment.stories
    return AlertsStage(
        watches,
        at.store.archive,
        link,
        registry=registry,
        baselines=baselines,
        understanding=understanding_of(Named(stories.model, stories.embedder, stories.alike)),
    )


def _registry(sources: Sequence[Source]) -> Registry:
    """The source registry as alerting reads it: each source with whoever is at the top of its owners."""
    from alerts.origins.registry import Listed, Registry

    by_id = {source.id: source for source in sources}
    listed = {}
    for source in sources:
        top, rests = source, (source.reference, source.date)
        while top.owner is not None:
            rests = (top.owner.reference or top.reference, top.owner.date or top.date)
            top = by_id[top.owner.id]
        declared = source.affiliation.declared if source.affiliation else ""
        listed[source.id] = Listed(
            source.id, source.name, source.kind, top.id, top.name, source.credit, declared, *rests
        )
    accounts = [
        (platform, handle, listed[source.id])
        for source in sources
        for platform, handles in source.accounts.items()
        for handle in handles
    ]
    return Registry(accounts, {domain: listed[source.id] for source in sources for domain in source.domains})


def store_stage(at: House) -> StoreStage:
    asked = {watch.name: watch.notify for watch in at.watches}
    return StoreStage(at.store, at.sends, at.kept.remove if at.kept else None, asked=asked, clock=at.clock)


def stage(at: House, name: StageName, *, roots: Sequence[Path] = ()) -> Stage:
    """One stage by its name."""
    if name == "enrich":
        archive = _PartsOnceNeeded(at) if _of_parts(at.configuration).on else None
        return enrichment(at.configuration, at.clock, roots=roots, kept=at.kept, archive=archive, stop=at.stop).stage
    return alerts_stage(at) if name == "alerts" else store_stage(at)


def _runner_settings(at: House) -> RunnerSettings:
    runtime = at.configuration.deployment.runtime
    return RunnerSettings(
        max_records=runtime.batch_size,
        halt_after=runtime.halt_after,
        save_every_seconds=runtime.save_every_seconds,
    )


# --- inline: everything in one process -------------------------------------------------------------------------------


def pipeline(at: House, *, roots: Sequence[Path] = ()) -> InlinePipeline:
    return InlinePipeline(
        prepare=[stage(at, "enrich", roots=roots)],
        commit=[alerts_stage(at), store_stage(at)],
        progress=at.store,
        metrics=at.metrics,
        clock=at.clock,
        retry=at.retry,
        settings=_runner_settings(at),
    )


# --- Kafka: one stage a process, or several --------------------------------------------------------------------------


def kafka_settings(configuration: Configuration) -> KafkaSettings:
    kafka = configuration.deployment.kafka
    sasl = kafka.security_protocol.startswith("SASL")
    given = {
        "bootstrap_servers": kafka.bootstrap,
        "prefix": f"{kafka.prefix}.",
        "security_protocol": kafka.security_protocol,
        "ssl_cafile": kafka.ssl_ca_file,
        "ssl_certfile": kafka.ssl_cert_file,
        "ssl_keyfile": kafka.ssl_key_file,
        "sasl_mechanism": kafka.sasl_mechanism if sasl else None,
        "sasl_plain_username": kafka.sasl_username if sasl else None,
        "sasl_plain_password": configuration.kafka_password.reveal() if sasl and configuration.kafka_password else None,
    }
    return KafkaSettings({key: str(value) for key, value in given.items() if value})


def transport(at: House, client: str, stop: Event | None = None) -> KafkaTransport:
    """Connected to the configured broker, with the topics there. With `stop`, a broker that is away is waited for.

    Raises:
        SourceAway: the broker does not answer.
        BadConfiguration: it refuses us.
    """
    settings = kafka_settings(at.configuration)
    kafka = at.configuration.deployment.kafka
    made = partial(ensure_topics, settings, kafka.partitions, replication=kafka.replication)
    _waited_for(at.retry, made, "broker", stop)
    return KafkaTransport(settings, client_id=f"secondsource-{client}")


def runner(at: House, name: StageName, over: KafkaTransport) -> Runner:
    return Runner(
        stage(at, name),
        over,
        progress=at.store,
        metrics=at.metrics,
        clock=at.clock,
        retry=at.retry,
        settings=_runner_settings(at),
    )


def publisher(at: House, over: KafkaTransport) -> TopicPublisher:
    return TopicPublisher(over, progress=at.store, metrics=at.metrics, clock=at.clock, retry=at.retry)


# --- what feeds it, and what leaves it -------------------------------------------------------------------------------


def collectors(at: House) -> list[Collector]:
    """The live collectors that are on, each with the watches that name it or name none.

    Raises:
        BadConfiguration: nothing would come in.
    """
    from ingest.collectors import BESIDE, COUNTERS, LIVE

    around = _surroundings(at)
    found = [made for kind in LIVE if (made := _collector(at, kind, around))]
    if not found:
        named = {kind.name for kind in LIVE}
        said = [f"{each.name} is {each.how}" for each in at.configuration.services if each.name in named]
        msg = (
            f"no live collector is on, so nothing would come in: {'; '.join(said)}. "
            "For recorded posts: secondsource replay FILE"
        )
        raise BadConfiguration(msg)
    on = {collector.name: at.configuration.collectors[collector.name] for collector in found}
    counters = tuple(make(on[name], around) for name, make in COUNTERS.items() if name in on)
    beside = replaced(around, counters=counters)
    settings = at.configuration.collectors  # off, it tells what is taken down here still
    return found + [kind(settings[kind.name], at.watches, beside) for kind in BESIDE]


def _collector(at: House, kind: LiveCollector, around: Surroundings) -> Collector | None:
    settings = at.configuration.collectors[kind.name]
    if settings.off():
        return None
    watches = [watch for watch in at.watches if not watch.collectors or kind.name in watch.collectors]
    if not watches:
        _log.info("no watch asks for this collector", extra={"collector": kind.name})
        return None
    return kind(settings, watches, around)


def mapper(at: House, name: str, watches: Sequence[Watch]) -> Collector | None:
    """The live collector of this name, to map records of its own again; None where there is none, or it is off."""
    from ingest.collectors import LIVE

    kind = next((kind for kind in LIVE if kind.name == name), None)
    if kind is None or (settings := at.configuration.collectors[name]).off():
        return None
    return kind(settings, watches, _surroundings(at))


def _surroundings(at: House) -> Surroundings:
    from ingest.surroundings import Surroundings

    return Surroundings(
        clock=at.clock,
        random=Random(),
        known=at.store.known,
        spending=at.store.spending,
        followed=at.store.followed,
        removals=at.store.removals,
        user_agent=_user_agent(),
    )


def _user_agent() -> str:
    return f"second-source/{version('secondsource')}"


def ask_x_what_is_gone(at: House) -> Ask:
    """By X's batch compliance job. A token is enough: what is kept must be checked also while X is off.

    Raises:
        BadConfiguration: there is no token.
    """
    settings = at.configuration.collectors["x"]
    if settings.token is None or not settings.token.reveal().strip():
        msg = "X is asked with the app's bearer token: write token_env: (or token_file:) under collectors: x"
        raise BadConfiguration(msg)
    from ingest.collectors.x.client import rest
    from ingest.collectors.x.compliance import compliance

    client = rest(settings.base_url, settings.token.reveal().strip(), _user_agent())

    def ask(uids: Sequence[str], stop: Event) -> dict[str, str]:
        ids = [uid for uid in uids if uid.removeprefix("x:").isdecimal()]
        return {gone.uid: gone.reason for gone in compliance(client, ids, at.clock, stop)}

    return ask


def budget(at: House) -> list[str]:
    """What X was read of this month and what it will be at its end, a sentence a limit; none where X is off.

    Raises:
        SourceAway: the store does not answer.
    """
    settings = at.configuration.collectors["x"]
    if settings.off():
        return []
    from ingest.collectors.x import forecast

    return [each.sentence for each in forecast(settings, at.store.spending, at.clock)]


def replay(
    clock: Clock,
    settings: ReplaySettings,
    watches: Sequence[Watch],
    pictures: Pictures,
    name: str = "",
    *,
    mappings: Mapping[str, ColumnMapping] | None = None,
    told: Callable[[Took], None] = lambda _took: None,
) -> Replay:
    """Named for its files unless it has a name, so that each keeps a cursor of its own."""
    from ingest.collectors.replay import Replay

    name = f"replay:{name or ','.join(path.name for path in settings.paths)}"
    return Replay(settings, watches, clock, pictures=pictures, name=name, mappings=mappings, told=told)


def source(
    at: House, collector: Collector, push: Push, on_batch: Callable[[Batch], None] | None = None
) -> SourceRunner:
    return SourceRunner(
        collector, push, progress=at.store, metrics=at.metrics, clock=at.clock, retry=at.retry, on_batch=on_batch
    )


def notifiers(at: House, console: TextIO) -> list[Notifier]:
    """Those this deployment sends by."""
    from alerts.notifiers.console import ConsoleNotifier
    from alerts.notifiers.slack import SlackNotifier
    from alerts.notifiers.webhook import WebhookNotifier

    configuration, notify = at.configuration, at.configuration.deployment.notify
    found: list[Notifier] = []
    if "console" in at.sends:
        found.append(ConsoleNotifier(console))
    if configuration.slack_token:
        found.append(SlackNotifier(configuration.slack_token.reveal(), notify.slack.base_url, look=_look(at)))
    if notify.webhooks:
        found.append(WebhookNotifier(_receivers(configuration), at.clock, _user_agent()))
    if notify.email is not None:
        found.append(_mail(notify.email, configuration.email_password, at.clock))
    return found


def _look(at: House) -> Look:
    """What alerts look like in Slack."""
    from alerts.notifiers.slack import Look

    configuration, notify = at.configuration, at.configuration.deployment.notify
    places = {"Board": notify.board_url, "Runbook": notify.runbook_url}

    def links(event: AlertEvent) -> tuple[tuple[str, str], ...]:
        of = {"{watch}": event.watch, "{rule}": event.finding.rule}
        return tuple((label, _filled(place, of)) for label, place in places.items() if place)

    heard = configuration.slack_app_token is not None or configuration.slack_signing_secret is not None
    public = configuration.deployment.desk.public_url or ""
    charts = "" if urlsplit(public).hostname in THIS_MACHINE else public  # Slack would have to fetch them
    return Look(at.store.trails, charts, links, heard)


def _filled(place: str, of: Mapping[str, str]) -> str:
    for name, value in of.items():
        place = place.replace(name, quote(value, safe=""))
    return place


class Presses(NamedTuple):
    """What takes analysts' presses in Slack: over a socket, by requests, or both."""

    receiver: PressReceiver
    socket: SocketMode | None
    endpoint: FastAPI | None


def presses(at: House) -> Presses | None:
    """None where nobody hears them: there is no bot, or neither of the secrets by which they come."""
    configuration, slack = at.configuration, at.configuration.deployment.notify.slack
    token, secret = configuration.slack_app_token, configuration.slack_signing_secret
    if configuration.slack_token is None or (token is None and secret is None):
        return None
    from alerts.interactions.answers import Answers, answering_place
    from alerts.interactions.endpoint import create_endpoint
    from alerts.interactions.receiver import Receiver
    from alerts.interactions.socket_mode import SocketMode

    def told(outcome: str, of: Pressed) -> None:
        more = {"outcome": outcome, "alert": of.act.alert_id, "act": of.act.kind}
        _log.info("press", extra=more)

    receiver = Receiver(at.store.acts, at.clock, Answers(answering_place(slack.base_url)), told)
    socket = SocketMode(token, receiver, at.clock, slack.base_url) if token else None
    endpoint = create_endpoint(secret, receiver, at.clock) if secret else None
    return Presses(receiver, socket, endpoint)


def desk(at: House) -> FastAPI:
    """The evidence pages. Something may be done on them as `desk.acts` says."""
    from alerts.desk import Acting, Forms, create_desk

    settings = at.configuration.deployment.desk
    public = urlsplit(settings.public_url or "")
    name = public.hostname or ""
    over_tls = [name] if public.scheme == "https" else []
    forms = Forms([settings.host, name], over_tls) if desk_takes_acts(settings) else None
    return create_desk(at.store.evidence, at.clock, at.kept, Acting(at.store.acts, forms), at.store.trails)


def _receivers(configuration: Configuration) -> dict[str, Receiver]:
    from alerts.notifiers.webhook import Receiver

    return {
        name: Receiver(secrets.url, secrets.signing, settings.inside, str(settings.ca_file or ""))
        for name, settings in configuration.deployment.notify.webhooks.items()
        for secrets in [configuration.webhooks[name]]
    }


def _mail(settings: Email, password: Secret | None, clock: Clock) -> MailNotifier:
    from alerts.notifiers.mail import MailNotifier, Relay

    relay = Relay(
        settings.host,
        settings.port,
        settings.security,
        settings.address,
        name=settings.name,
        user=settings.user,
        password=password,
        ca_file=str(settings.ca_file or ""),
    )
    return MailNotifier(relay, settings.lists, clock)


def sender(at: House, by: Sequence[Notifier], holder: str, besides: Sequence[Notifier] = ()) -> Sender:
    """`besides` are sent by in this process as well, by senders of their own."""

    def told(outcome: Outcome) -> None:
        at.metrics.delivered(outcome.destination, outcome.kind)
        level = logging.INFO if outcome.kind in ("sent", "found", "corrected") else logging.WARNING
        which = outcome.delivery.id if outcome.delivery else ""
        more = {"outcome": outcome.kind, "destination": outcome.destination, "delivery": which}
        _log.log(level, "delivery", extra=more | ({"reason": outcome.reason} if outcome.reason else {}))

    others = [each.name for each in besides]
    return Sender(at.store.outbox, by, at.clock, holder=holder, told=told, besides=others)
