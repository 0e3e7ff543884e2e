"""`secondsource dead-letters`: look at what could not be handled, and send it again once the reason is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import msgspec

from ingest.collectors.replay import STDIN, Replay, ReplaySettings
from ingest.formats.delimited import ColumnMapping
from ingest.formats.recognising import JsonFormat
from ingest.pictures import pictures
from secondsource.app import replaying, wiring
from secondsource.app.wiring import House
from secondsource.contracts import topics
from secondsource.contracts.errors import BadConfiguration, BadRecord
from secondsource.contracts.messages import AlertEvent, DeadLetter, Enriched, Message, Post, StoryUpdate, decode
from secondsource.contracts.stage import Batch, Out, Record
from secondsource.runtime.source import cursor_of, to_out

COLLECTOR = "collector:"
_NAME = "resend"

Push = Callable[[Sequence[Message]], None]


@dataclass(frozen=True, kw_only=True)
class How:
    """How a record that a collector could not map is to be read this time.

    `watch` names the watch it belongs to ("": it matches or says); `file` is the file that CSV or TSV rows came from,
    whose first row names the columns; `pictures` the folder with the pictures that posts name.
    """

    format: JsonFormat | ColumnMapping = "auto"
    watch: str = ""
    file: Path | None = None
    pictures: Path | None = None


class Resender:
    """Sends letters' records again, to the collector that could not map them or the topic they stood on.

    `answers`: when `push` returns, every stage has handled what was pushed, or has written a new letter.
    """

    def __init__(self, at: House, how: How, push: Push, *, answers: bool) -> None:
        self._at = at
        self._how = how
        self._push = push
        self._answers = answers
        self._mappings = replaying.built_in_mappings()

    def resend(self, letter: DeadLetter) -> int:
        """Returns how many messages went out; the letter is then no longer waiting.

        Raises:
            BadRecord: it still cannot be handled; the letter stays.
        """
        mapped = letter.target.startswith(COLLECTOR)
        messages = self._remapped(letter) if mapped else [decode(letter.body)]
        if not messages:
            raise BadRecord("no watch takes it; say which it belongs to with --watch, or leave it")
        kept = self._at.store.letters
        waiting, now = kept.waiting(), self._at.clock.now()
        self._push(messages)
        again = kept.one(letter.id)
        if again is not None and again.letter.at > letter.at:
            raise BadRecord(again.letter.reason)
        kept.mark_resent(letter.id, now)
        if self._answers and kept.waiting() >= waiting:
            newest = kept.listed(1)[0].letter
            raise BadRecord(f"{newest.reason} (now kept as {newest.id})")
        return len(messages)

    def _remapped(self, letter: DeadLetter) -> Sequence[Message]:
        how = self._how
        if isinstance(how.format, ColumnMapping) and not how.format.header and how.file is None:
            msg = "rows without their file: give it with --file, so that its first row can name the columns"
            raise BadConfiguration(msg)
        watches = [each for each in self._at.watches if not how.watch or each.name == how.watch]
        if not watches:
            msg = f"no watch named {how.watch!r}; there are: {', '.join(each.name for each in self._at.watches)}"
            raise BadConfiguration(msg)
        name = letter.target.removeprefix(COLLECTOR)
        live = wiring.mapper(self._at, name, watches)
        if live is not None:
            return live.remap(letter.body)
        settings = ReplaySettings(paths=(how.file or STDIN,), format=how.format, assign="all" if how.watch else "keep")
        shown = pictures(how.pictures)
        replay = Replay(settings, watches, self._at.clock, pictures=shown, name=name, mappings=self._mappings)
        return replay.remap(letter.body)


@contextmanager
def resender(at: House, how: How) -> Iterator[Resender]:
    """One pipeline, or one connection to the broker, for all letters."""
    if at.configuration.deployment.transport == "kafka":
        over = wiring.transport(at, _NAME)

        def publish(messages: Sequence[Message]) -> None:
            refused = over.publish([_out(message) for message in messages])
            over.flush()
            if refused:
                raise BadRecord(refused[0].reason)

        yield Resender(at, how, publish, answers=False)
        return
    line = wiring.pipeline(at, roots=[how.pictures] if how.pictures else [])
    stop = Event()

    def take(messages: Sequence[Message]) -> None:
        """What had been judged already is only stored; everything else takes the whole way."""
        judged = [message for message in messages if isinstance(message, StoryUpdate | AlertEvent)]
        others = [_before_enrichment(message) for message in messages if message not in judged]
        if judged:
            wiring.store_stage(at).handle([Record(message) for message in judged])
        if others:
            line.push(_NAME, Batch(others, (), at.store.load(cursor_of(_NAME), 0).position), stop)

    try:
        yield Resender(at, how, take, answers=True)
    finally:
        line.close()


def _out(message: Message) -> Out:
    if isinstance(message, Enriched | StoryUpdate | AlertEvent):
        topic = topics.ENRICHED if isinstance(message, Enriched) else topics.ALERTS
        return Out(topic, message.watch, message)
    return to_out(message)


def _before_enrichment(message: Message) -> Message:
    if not isinstance(message, Enriched):
        return message
    post: Post = msgspec.structs.replace(message.post, watches=(message.watch,))
    return post
