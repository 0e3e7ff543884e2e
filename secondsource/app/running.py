"""`secondsource run`: the live pipeline, in one process or one part of it."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from threading import Event, Lock

from ingest.collectors import BESIDE
from secondsource.app import wiring
from secondsource.app.parts import PARTS, Part
from secondsource.app.threads import Loop, side_by_side
from secondsource.app.wiring import STAGES, House
from secondsource.contracts.errors import BadConfiguration

_log = logging.getLogger(__name__)


def run(at: House, parts: Sequence[Part], stop: Event) -> None:
    """Run these parts (none: all) until `stop` is set or one of them fails.

    Raises:
        BadConfiguration: the settings, or what the services say to them, cannot work.
        Halted: a stage met too many bad records in a row.
    """
    wanted = tuple(dict.fromkeys(parts)) or PARTS
    inline = at.configuration.deployment.transport == "inline"
    piped = [part for part in wanted if part not in ("notify", "desk")]
    if inline and piped and len(piped) < len(PARTS) - 2:
        msg = (
            f"transport: inline runs everything in one process; {', '.join(piped)} cannot run alone. "
            "Write transport: kafka in secondsource.yaml, or run without naming parts"
        )
        raise BadConfiguration(msg)
    wiring.serve_metrics(at)
    for service in wiring.services(at.configuration):
        _log.info("service", extra={"service": service.name, "on": service.on, "how": service.how})
    loops = dict(_inline(at) if inline and piped else _over_kafka(at, wanted, stop) if piped else {})
    if "notify" in wanted:
        loops["notify"] = partial(_notify, at)
    if "desk" in wanted:
        loops["desk"] = partial(_desk, at)
    keep_days = at.configuration.deployment.store.keep_days
    if "store" in wanted and keep_days is not None:
        loops["retention"] = partial(_let_go, at, timedelta(days=keep_days))
    side_by_side(loops, stop)


def _inline(at: House) -> Mapping[str, Loop]:
    line = wiring.pipeline(at)
    sources = [wiring.source(at, collector, line.push) for collector in wiring.collectors(at)]
    return each_for_itself({f"ingest {source.collector.name}": source.run for source in sources})


def _over_kafka(at: House, parts: Sequence[Part], stop: Event) -> Mapping[str, Loop]:
    loops: dict[str, Loop] = {}
    for name in STAGES:
        if name in parts:
            loops[name] = wiring.runner(at, name, wiring.transport(at, name, stop)).run
    if "ingest" in parts:
        push = wiring.publisher(at, wiring.transport(at, "ingest", stop)).push
        collectors = {f"ingest {c.name}": wiring.source(at, c, push).run for c in wiring.collectors(at)}
        loops |= each_for_itself(collectors)
    return loops


def each_for_itself(collectors: Mapping[str, Loop]) -> Mapping[str, Loop]:
    """A collector whose platform refuses it ends alone, and says so; the refusal of the last that brings posts ends the
    process.

    The coverage ledger and the metric of running stages go on telling that it sees nothing.
    """
    lock, left = Lock(), set(collectors) - {f"ingest {kind.name}" for kind in BESIDE}

    def guarded(name: str, stop: Event) -> None:
        try:
            collectors[name](stop)
        except BadConfiguration as error:
            with lock:
                left.discard(name)
                if not left:
                    raise
            _log.error(
                "collector stopped: its platform refuses it; the others go on",
                extra={
                    "stage": name,
                    "reason": str(error),
                },
            )

    return {name: partial(guarded, name) for name in collectors}


def _let_go(at: House, kept: timedelta, stop: Event) -> None:
    """Every hour, of what is older."""
    while not stop.is_set():
        before = at.clock.now() - kept
        gone = at.retry(partial(at.store.retention.forget, before), stage="retention", stop=stop, service="store")
        if any(gone):
            _log.info("let go of what is old", extra={"before": before.isoformat(), **gone._asdict()})
        at.clock.wait(3600.0, stop)


def _notify(at: House, stop: Event) -> None:
    holder = f"{socket.gethostname()}:{os.getpid()}"
    wiring.sender(at, wiring.notifiers(at, sys.stdout), holder).run(stop)


def _desk(at: House, stop: Event) -> None:
    import uvicorn

    from alerts.desk import create_desk

    settings = at.configuration.deployment.desk
    app = create_desk(at.store.evidence, at.clock, at.kept)
    config = uvicorn.Config(
        app, settings.host, settings.port, log_config=None, access_log=False, timeout_graceful_shutdown=3
    )
    server = uvicorn.Server(config)

    def watch(stopped: Event) -> None:
        stopped.wait()
        server.should_exit = True

    ended = Event()

    def serve_pages(_: Event) -> None:
        try:
            server.run()
        except SystemExit as error:  # how uvicorn says that the address is taken
            msg = f"the desk cannot listen on {settings.host}:{settings.port}; set desk.port in secondsource.yaml"
            raise BadConfiguration(msg) from error
        finally:
            ended.set()
            stop.set()

    side_by_side({"desk pages": serve_pages, "desk stop": watch}, stop)
