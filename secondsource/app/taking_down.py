"""Posts are taken down here: by hand, or because a platform says that they are gone from it.

They leave the store at once, and with it what waits for Slack and what Slack shows. Whoever else remembers them hears
of it through the stream: a second pipeline beside a running one would fight with it over the watches' memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import Event
from typing import Final, NamedTuple

from ingest.collectors import LIVE
from ingest.collectors.refresher import COMMANDED
from secondsource.app import wiring
from secondsource.app.wiring import House
from secondsource.contracts.errors import BadConfiguration, SourceAway
from secondsource.contracts.messages import BY_HAND, Message, Takedown, Tick
from secondsource.contracts.stage import Batch, Record
from secondsource.runtime.source import to_out

_AT_ONCE: Final = 500
_AGAIN: Final = "taken down in the store; whoever remembers it hears of it when you do this again: {}"


class TakenDown(NamedTuple):
    """Which posts were, and which are in no place of ours. `heard`: whoever else remembers them has been told."""

    gone: tuple[str, ...]
    unknown: tuple[str, ...]
    heard: bool = True


def by_hand(at: House, uids: Sequence[str], reason: str = "") -> TakenDown:
    """Take these posts down everywhere. Those that were before are again, which changes nothing.

    Raises:
        SourceAway: the database does not answer; or the broker, and only those who remember the posts have not heard.
        BadConfiguration: nor have they, for a replay is at work on them.
    """
    asked = list(dict.fromkeys(uid.strip() for uid in uids))
    known = at.store.known.traces(asked)
    gone = tuple(uid for uid in asked if uid in known)
    why = f"{BY_HAND}: {reason.strip()}" if reason.strip() else BY_HAND
    heard = not gone or _tell(at, in_the_store(at, dict.fromkeys(gone, why)))
    return TakenDown(gone, tuple(uid for uid in asked if uid not in known), heard)


def in_the_store(at: House, gone: Mapping[str, str]) -> list[Takedown]:
    """Out of the store with these posts, by uid with their reasons. The refresher of a running pipeline reads it there
    and tells its stream.
    """
    uids = sorted(gone)
    stage = wiring.store_stage(at)
    watches = tuple(watch.name for watch in at.watches)
    told: list[Takedown] = []
    for first in range(0, len(uids), _AT_ONCE):
        now = at.clock.now()
        some = [
            Takedown(uid=uid, observed_at=now, collector=COMMANDED, watches=watches, reason=gone[uid])
            for uid in uids[first : first + _AT_ONCE]
        ]
        stage.handle([Record(takedown) for takedown in some])
        told += some
    return told


def _tell(at: House, takedowns: Sequence[Takedown]) -> bool:
    """The stream hears it, with the promise that nothing more comes this way: it holds back nobody.

    False: in one process that may be running now, only its refresher can tell it.
    """
    end = Tick(collector=COMMANDED, at=takedowns[-1].observed_at, final=True)
    messages: list[Message] = [*takedowns, end]
    if at.configuration.deployment.transport == "kafka":
        _publish(at, messages)
    elif all(at.configuration.collectors[kind.name].off() for kind in LIVE):
        # Nothing runs here but replays, one after another: what they remember is nobody's now.
        try:
            line = wiring.pipeline(at)
        except BadConfiguration as error:  # unless one is at it just now
            raise BadConfiguration(_AGAIN.format(error)) from error
        try:
            line.push(COMMANDED, Batch(messages, (), ""), at.stop or Event())
        finally:
            line.close()
    else:
        return False
    return True


def _publish(at: House, messages: Sequence[Message]) -> None:
    try:
        over = wiring.transport(at, "takedown")
        over.publish([to_out(message) for message in messages])
        over.flush()
    except SourceAway as error:
        raise SourceAway(_AGAIN.format(error), retry_after=error.retry_after) from error
