"""The pipeline that has all stages in one process, and the memory it makes anew after an upgrade."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from itertools import islice
from pathlib import Path

from secondsource.app.wiring.house import House, waited_for
from secondsource.app.wiring.recorded import Again, without_fetching
from secondsource.app.wiring.stages import alerts_stage, runner_settings, stage, store_stage
from secondsource.contracts.errors import SourceAway
from secondsource.contracts.messages import Engagement, Enriched, Message, Tick, event_time
from secondsource.contracts.stage import Record
from secondsource.runtime.pipeline import InlinePipeline

_AT_ONCE = 2_000
_INSTANT = timedelta(microseconds=1)
#: How far back a memory is made anew at least: what to expect of a story rests on earlier ones.
_BACK = timedelta(hours=72)

_log = logging.getLogger(__name__)


def pipeline(at: House, *, roots: Sequence[Path] = ()) -> InlinePipeline:
    """All stages, in this process and no other: the memory of a watch belongs to one at a time.

    Raises:
        BadConfiguration: another process is at it.
        SourceAway: the database is away; with a `stop`, once that is set.
    """
    waited_for(at.retry, at.store.alone.hold, "store", at.stop)
    judging = alerts_stage(at)
    return InlinePipeline(
        prepare=[stage(at, "enrich", roots=roots)],
        commit=[judging, store_stage(at)],
        progress=at.store,
        metrics=at.metrics,
        clock=at.clock,
        retry=at.retry,
        settings=runner_settings(at),
        anew={judging.name: partial(_judged_anew, at)},
    )


def _judged_anew(at: House, partition: int) -> Mapping[str, bytes]:
    """The memory that the judging stage has of what is stored, as parts. Nothing is told again: of what was told of
    stories and alerts, memory takes up how it stands.

    Raises:
        SourceAway: the database does not answer, or the process is to end.
    """
    judging = alerts_stage(at)
    told = at.store.told
    hours = max((watch.thresholds.story_hours for watch in at.watches), default=0.0)
    since = told.since(max(_BACK, timedelta(hours=hours)))
    found = without_fetching(at.configuration, at.clock)
    again = Again(found.stage, at.store.recorded.pictures)
    messages = iter(at.store.recorded.messages("", since, None))
    collectors: set[str] = set()
    count = 0
    try:
        while batch := list(islice(messages, _AT_ONCE)):
            if at.stop is not None and at.stop.is_set():
                raise SourceAway("stopped before the memory of the judging stage was made anew")
            enriched = again.enriched(batch)
            collectors |= {name for message in enriched if (name := _collector(message))}
            upto = event_time(batch[-1]) - _INSTANT
            ticks = [Tick(collector=name, at=upto) for name in sorted(collectors)]
            judging.handle([Record(message, partition) for message in (*enriched, *ticks)])
            count += len(batch)
    finally:
        found.close()
    ends = [Tick(collector=one.name, at=one.last_at, final=one.ended) for one in at.store.status().collectors]
    judging.handle([Record(tick, partition) for tick in ends])
    lost = judging.take_up(partition, told.stories(since), told.alerts(since))
    said = {"stage": judging.name, "records": count, "refused": again.refused}
    _log.info("memory made anew from what is stored", extra=said)
    for alert_id in lost:
        _log.warning("no story was found again for an alert that stands: dismiss it by hand", extra={"alert": alert_id})
    return {name: body for name, body in judging.changes(partition).items() if body is not None}


def _collector(message: Message) -> str:
    if isinstance(message, Enriched):
        return message.post.collector
    return message.collector if isinstance(message, Engagement) else ""
