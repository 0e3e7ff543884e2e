"""What feeds a pipeline: live collectors and replays."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace as replaced
from random import Random
from threading import Event
from typing import TYPE_CHECKING

from secondsource.app.wiring.house import House, user_agent
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.stage import Batch, Collector
from secondsource.contracts.watch import Watch
from secondsource.runtime.source import Push, SourceRunner

if TYPE_CHECKING:
    from ingest.collectors.replay import Replay, ReplaySettings
    from ingest.collectors.replay.reading import Took
    from ingest.formats.delimited import ColumnMapping
    from ingest.live import LiveCollector
    from ingest.pictures import Pictures
    from ingest.surroundings import Surroundings

_log = logging.getLogger(__name__)


#: Those of these posts that are gone from their platform, by uid, with its reasons. Raises SourceAway.
Ask = Callable[[Sequence[str], Event], Mapping[str, str]]


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
        services = [each for each in at.configuration.services if each.name in named]
        said = [f"{each.name} is {'on, but no watch names it' if each.on else each.how}" for each in services]
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
        user_agent=user_agent(),
        agencies=at.configuration.agencies,
    )


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

    client = rest(settings.base_url, settings.token.reveal().strip(), user_agent())

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
