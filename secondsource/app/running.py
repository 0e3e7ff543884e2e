"""`secondsource run`: the live pipeline, in one process or one part of it."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import timedelta
from functools import partial
from threading import Event, Lock
from typing import TYPE_CHECKING

from ingest.collectors import BESIDE
from secondsource.app import wiring
from secondsource.app.baselines import keep_fitted
from secondsource.app.parts import PARTS, Part
from secondsource.app.threads import Loop, side_by_side
from secondsource.app.wiring import STAGES, House
from secondsource.contracts.errors import BadConfiguration, SourceAway

if TYPE_CHECKING:
    from alerts.notifiers.slack import SlackNotifier

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
        loops["notify"] = partial(notify, at)
        loops |= _presses(at)
    if "desk" in wanted:
        desk = at.configuration.deployment.desk
        loops["desk"] = _served(partial(wiring.desk, at), desk.host, desk.port, what="the desk", key="desk.port")
    keep_days = at.configuration.deployment.store.keep_days
    if "store" in wanted and keep_days is not None:
        loops["retention"] = partial(_let_go, at, timedelta(days=keep_days))
    baseline_hours = at.configuration.deployment.store.baseline_hours
    if "store" in wanted and baseline_hours is not None:
        loops["baselines"] = partial(keep_fitted, at, timedelta(hours=baseline_hours))
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
    """The refusal of the last collector that brings posts ends the process; one of another ends that alone.

    The coverage ledger and the metric of running stages go on telling that it sees nothing.
    """
    return unless_refused(collectors, among=set(collectors) - {f"ingest {kind.name}" for kind in BESIDE})


def unless_refused(loops: Mapping[str, Loop], among: Set[str]) -> Mapping[str, Loop]:
    """A loop whose service refuses us ends alone, and says so; the last of `among` ends the process."""
    lock, left = Lock(), set(among)

    def guarded(name: str, stop: Event) -> None:
        try:
            loops[name](stop)
        except BadConfiguration as error:
            with lock:
                left.discard(name)
                if not left:
                    raise
            _log.error("stopped: its service refuses us; the others go on", extra={"stage": name, "reason": str(error)})

    return {name: partial(guarded, name) for name in loops}


def _let_go(at: House, kept: timedelta, stop: Event) -> None:
    """Every hour, of what is older."""
    while not stop.is_set():
        before = at.clock.now() - kept
        gone = at.retry(partial(at.store.retention.forget, before), stage="retention", stop=stop, service="store")
        if any(gone):
            _log.info("let go of what is old", extra={"before": before.isoformat(), **gone._asdict()})
        if at.kept is not None and gone.posts:
            drain = partial(at.store.forgetting.drain, at.kept.remove)
            at.retry(drain, stage="retention", stop=stop, service="media store")
        at.clock.wait(3600.0, stop)


def notify(at: House, stop: Event) -> None:
    """A sender for each notifier, so that a receiver that hangs holds up nobody else's alerts.

    One whose credentials are refused ends alone and says so; the last that tells somebody elsewhere ends the process.
    """
    from alerts.notifiers.slack import SlackNotifier

    holder = f"{socket.gethostname()}:{os.getpid()}"
    every = wiring.notifiers(at, sys.stdout)
    if not every:
        wiring.sender(at, every, holder).run(stop)
        return
    loops: dict[str, Loop] = {}
    for each in every:
        others = [other for other in every if other is not each]
        loops[f"notify {each.name}"] = wiring.sender(at, [each], holder, others).run
    senders = unless_refused(loops, among={f"notify {each.name}" for each in every if each.name != "console"})
    asked = {f"{each.name} token": partial(_ask, at, each) for each in every if isinstance(each, SlackNotifier)}
    side_by_side({**senders, **asked}, stop)


def _ask(at: House, slack: SlackNotifier, stop: Event) -> None:
    """Whether Slack takes our token, at once: the first alert is too late to hear that it does not."""
    try:
        standing = at.retry(slack.check, stage="notify slack", stop=stop, service="slack")
    except SourceAway:
        return  # it was away until we were asked to stop
    except BadConfiguration as error:
        at.metrics.delivered(slack.name, "halted")
        _log.error("Slack refuses us, nobody is told there", extra={"reason": str(error)})
        return
    _log.log(logging.WARNING if standing.missing else logging.INFO, "slack", extra={"standing": str(standing)})


def _presses(at: House) -> Mapping[str, Loop]:
    """Taking what analysts press in Slack, and doing it; nothing where no secret says how.

    Slack refusing the token of the app ends that way in, and nothing else: alerts go on.
    """
    presses = wiring.presses(at)
    if presses is None:
        return {}
    loops: dict[str, Loop] = {"presses": presses.receiver.run}
    if presses.socket is not None:
        loops["slack socket"] = partial(_unless_refused, presses.socket.run)
    if presses.endpoint is not None:
        slack = at.configuration.deployment.notify.slack
        what, key = "the endpoint for Slack's requests", "notify.slack.port"
        loops["slack requests"] = _served(lambda: presses.endpoint, slack.host, slack.port, what=what, key=key)
    return loops


def _unless_refused(loop: Loop, stop: Event) -> None:
    try:
        loop(stop)
    except BadConfiguration as error:
        _log.error("no presses are heard over Socket Mode", extra={"reason": str(error)})


def _served(app: Callable[[], object], host: str, port: int, *, what: str, key: str) -> Loop:
    """Bound at once: that somebody else has the address is said before anything runs.

    Raises:
        BadConfiguration: somebody else has the address.
    """
    from secondsource.app.serving import bound, serve

    sockets = bound(host, port, what=what, key=key)
    return lambda stop: serve(app(), sockets, stop, what=what)
