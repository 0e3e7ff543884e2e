"""A configuration with its store open, and what every part of a process shares."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from importlib.metadata import version
from random import Random
from threading import Event
from typing import TYPE_CHECKING, Literal, TypeVar

from prometheus_client import CollectorRegistry, ProcessCollector

from config.loader import Configuration
from secondsource.app.wiring.places import media_store, reuse_archive, sqlite_file
from secondsource.contracts.clock import Clock, SystemClock
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.watch import Watch
from secondsource.runtime.metrics import Metrics, serve
from secondsource.runtime.retry import Backoff, Retry
from store.store import Store, open_store

if TYPE_CHECKING:
    from enrich.media.kept import MediaStore
    from enrich.reuse.archive import ReuseArchive

_log = logging.getLogger(__name__)

#: What is to become of a database: an SQLite file is "made" where there is none and its tables are brought up to date
#: without asking, as nobody else uses it; it must be "found", by whoever only looks at what is kept; or the tables are
#: "migrated", whatever database it is.
Opening = Literal["made", "found", "migrated"]

T = TypeVar("T")


@dataclass(frozen=True)
class House:
    """A configuration with its store open. `sends` are the notifiers alert events are queued for.

    `stop` is set once the process is to end. What is put on `closing` is closed before the store.
    """

    configuration: Configuration
    store: Store
    registry: CollectorRegistry
    metrics: Metrics
    clock: Clock
    retry: Retry
    sends: tuple[str, ...]
    stop: Event | None = None
    closing: ExitStack = field(default_factory=ExitStack)

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
    store = waited_for(retry, partial(open_store, configuration.store_url, create=create), "store", stop)
    with ExitStack() as closing:
        closing.callback(store.close)
        yield House(configuration, store, registry, metrics, clock, retry, sends, stop, closing)


def is_new(configuration: Configuration) -> bool:
    """Whether the store is a file that is still to be made."""
    path = sqlite_file(configuration.store_url)
    return path is not None and not path.is_file()


def _want_it_there(configuration: Configuration) -> None:
    path = sqlite_file(configuration.store_url)
    if path is not None and is_new(configuration):
        msg = (
            f"there is no database at {path.absolute()} yet; `secondsource run` or `secondsource replay FILE` makes it"
        )
        raise BadConfiguration(msg)


def waited_for(retry: Retry, call: Callable[[], T], service: str, stop: Event | None) -> T:
    return call() if stop is None else retry(call, stage="start", stop=stop, service=service)


def user_agent() -> str:
    """What we call ourselves wherever we ask or tell."""
    return f"second-source/{version('secondsource')}"


def _collect_seldom() -> None:
    """Python's garbage collector looks for cycles, which our messages never make: seldom is enough."""
    gc.set_threshold(200_000, 10, 10)


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
