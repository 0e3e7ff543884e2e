"""`secondsource replay`: recorded posts through the whole pipeline, as if they arrived now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event

from config.loader import Configuration
from config.mappings import load_mapping
from ingest.collectors.replay import Replay, ReplaySettings
from ingest.collectors.replay.files import export_folder
from ingest.collectors.replay.reading import Took
from ingest.formats.delimited import ColumnMapping
from ingest.formats.recognising import JsonFormat
from ingest.pictures import pictures
from secondsource.app import wiring
from secondsource.app.wiring import House, waited_for
from secondsource.contracts.clock import Clock, SystemClock
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.messages import Tick
from secondsource.contracts.stage import Batch, Rejected
from secondsource.contracts.watch import Watch
from secondsource.runtime.source import cursor_of

BUILT_IN_MAPPINGS = Path(__file__).parents[2] / "config" / "mappings"

Progressed = Callable[[int, int | None], None]  #: records so far, and of how many, where that is known


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to replay. `watch` names the watch all posts belong to; "" lets each post match the configured ones.

    `speed` 1 is the original pace, N is N times faster, 0 as fast as it goes. A replay of the same `name` ("": the
    files' names) goes on where that one stopped.
    """

    files: tuple[Path, ...]
    watch: str = ""
    format: JsonFormat = "auto"
    mapping: str = ""
    pictures: Path | None = None
    picture_urls: str = ""
    speed: float = 0.0
    in_file_order: bool = False
    name: str = ""


@dataclass(frozen=True)
class Replayed:
    """How many records were sent, could not be mapped, and were wanted by no watch.

    `set_aside`: dead letters of what was sent, one for each stage that refused a record (0 over Kafka, where they are
    yet to come). `resumed`: an earlier run of the same replay has been here. `stopped`: somebody asked to, before the
    end.
    """

    sent: int
    rejected: int
    unmatched: int
    set_aside: int
    resumed: bool
    stopped: bool
    refused: tuple[Rejected, ...] = field(default=(), repr=False)  #: the first of them, at most MOST_TOLD


MOST_TOLD = 1000


def look(configuration: Configuration, request: Request) -> None:
    """Before a database is made for it: whether what is named can be replayed at all.

    Raises:
        BadConfiguration: files, mapping or watch that cannot be used.
    """
    if wiring.is_new(configuration):
        _collector(configuration, SystemClock(), request, lambda _took: None).look()


def replay(
    at: House,
    request: Request,
    stop: Event,
    progressed: Progressed,
    told: Callable[[Took], None] = lambda _took: None,
) -> Replayed:
    """Replay to the end or until `stop`; called again with the same files it goes on where it stopped.

    `told` hears what each file was taken for. On Kafka the posts are only sent; the stages running elsewhere take it
    from there, alerts to Slack included.

    Raises:
        BadConfiguration: files, mapping or watch that cannot be used.
        Halted: a stage met too many bad records in a row (inline).
    """
    collector = _collector(at.configuration, at.clock, request, told)
    saved = waited_for(at.retry, partial(at.store.load, cursor_of(collector.name), 0), "store", stop)
    began = at.clock.now()
    sent = rejected = 0
    ended = False
    refused: list[Rejected] = []

    def took(batch: Batch) -> None:
        nonlocal sent, rejected, ended
        *messages, tick = batch.messages
        ended = isinstance(tick, Tick) and tick.final
        sent += len(messages)
        rejected += len(batch.rejected)
        refused.extend(batch.rejected[: max(0, MOST_TOLD - len(refused))])
        progressed(sent + rejected + collector.unmatched, collector.total)

    inline = at.configuration.deployment.transport == "inline"
    exports = (export_folder(path) for path in request.files)
    roots = [folder for folder in (request.pictures, *exports) if folder is not None]
    if inline:
        push = wiring.pipeline(at, roots=roots).push
    else:
        push = wiring.publisher(at, wiring.transport(at, "replay", stop)).push
    wiring.source(at, collector, push, took).run(stop)
    refusals = partial(at.store.letters.of_stages, began)
    set_aside = waited_for(at.retry, refusals, "store", stop) if inline else 0
    return Replayed(sent, rejected, collector.unmatched, set_aside, bool(saved.position), not ended, tuple(refused))


def built_in_mappings() -> dict[str, ColumnMapping]:
    """Those that come with us, by name."""
    return {path.stem: ColumnMapping(**load_mapping(path)) for path in sorted(BUILT_IN_MAPPINGS.glob("*.yaml"))}


def load_columns(name: str) -> ColumnMapping:
    """A mapping by its file's path, or by the name of one that comes with us ("mediaeval2016").

    Raises:
        BadConfiguration: no such mapping, or one that is wrong.
    """
    path = Path(name)
    if not path.suffix:
        path = BUILT_IN_MAPPINGS / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join(sorted(each.stem for each in BUILT_IN_MAPPINGS.glob("*.yaml")))
        msg = f"no column mapping at {path}; give the path of a YAML file, or one of: {known}"
        raise BadConfiguration(msg)
    return ColumnMapping(**load_mapping(path))


def _collector(configuration: Configuration, clock: Clock, request: Request, told: Callable[[Took], None]) -> Replay:
    settings = ReplaySettings(
        paths=request.files,
        format=load_columns(request.mapping) if request.mapping else request.format,
        order="file" if request.in_file_order else "time",
        speed=request.speed,
        assign="all" if request.watch else "keep",
        batch_size=configuration.deployment.runtime.batch_size,
    )
    watches = _watches(configuration.watches, request.watch)
    shown = pictures(request.pictures, request.picture_urls)
    return wiring.replay(clock, settings, watches, shown, request.name, mappings=built_in_mappings(), told=told)


def _watches(there_are: Sequence[Watch], name: str) -> Sequence[Watch]:
    if not name:
        return there_are
    found = [watch for watch in there_are if watch.name == name]
    if not found:
        msg = f"no watch named {name!r}; there are: {', '.join(watch.name for watch in there_are) or 'none'}"
        raise BadConfiguration(msg)
    return found
