"""`secondsource dead-letters`: look at what could not be handled, and send it again once the reason is gone."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event

import msgspec

from ingest.collectors.replay import STDIN, JsonFormat, Replay, ReplaySettings
from ingest.formats.delimited import ColumnMapping
from ingest.pictures import Pictures
from secondsource.app import wiring
from secondsource.app.wiring import House
from secondsource.contracts import topics
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import AlertEvent, DeadLetter, Enriched, Message, Post, StoryUpdate, decode
from secondsource.contracts.stage import Batch, Out, Record
from secondsource.runtime.source import cursor_of, to_out

COLLECTOR = "collector:"


def resend(at: House, letter: DeadLetter, format_: JsonFormat | ColumnMapping, watch: str) -> int:
    """Send a letter's record again, to the collector that could not map it or the topic it stood on.

    `format_` is how a replayed record is to be read; `watch` the watch it belongs to ("" lets it match). Returns how
    many messages went out.

    Raises:
        BadRecord: it still cannot be handled; the letter stays.
    """
    if letter.target.startswith(COLLECTOR):
        messages = list(_remapped(at, letter, format_, watch))
    else:
        messages = [decode(letter.body)]
    stop = Event()
    if at.configuration.deployment.transport == "kafka":
        over = wiring.transport(at, "resend")
        refused = over.publish([_out(message) for message in messages])
        over.flush()
        over.close()
        if refused:
            raise BadRecord(refused[0].reason)
    else:
        _inline(at, messages, stop)
    at.store.letters.mark_resent(letter.id, at.clock.now())
    return len(messages)


def _remapped(at: House, letter: DeadLetter, format_: JsonFormat | ColumnMapping, watch: str) -> Sequence[Message]:
    watches = [each for each in at.watches if not watch or each.name == watch]
    settings = ReplaySettings(paths=(STDIN,), format=format_, assign="all" if watch else "keep")
    name = letter.target.removeprefix(COLLECTOR)
    return Replay(settings, watches, at.clock, pictures=Pictures(), name=name).remap(letter.body)


def _out(message: Message) -> Out:
    if isinstance(message, Enriched | StoryUpdate | AlertEvent):
        topic = topics.ENRICHED if isinstance(message, Enriched) else topics.ALERTS
        return Out(topic, message.watch, message)
    return to_out(message)


def _inline(at: House, messages: Sequence[Message], stop: Event) -> None:
    """What had been judged already is only stored; everything else takes the whole way."""
    judged = [message for message in messages if isinstance(message, StoryUpdate | AlertEvent)]
    others = [_before_enrichment(message) for message in messages if message not in judged]
    if judged:
        wiring.store_stage(at).handle([Record(message) for message in judged])
    if others:
        name = "resend"
        cursor = at.store.load(cursor_of(name), 0).position
        wiring.pipeline(at).push(name, Batch(others, (), cursor), stop)


def _before_enrichment(message: Message) -> Message:
    if not isinstance(message, Enriched):
        return message
    post: Post = msgspec.structs.replace(message.post, watches=(message.watch,))
    return post
