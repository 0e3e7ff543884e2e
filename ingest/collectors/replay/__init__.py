"""Replays files of posts in event time: yesterday's recording, an archive, a data set.

With `order="time"` a first pass notes when each post was and where it stands, and the posts are then read in that
order; with `order="file"` (and always from standard input) they come as they stand, and a post older than one before
it counts as observed with that one. Either way a batch's Tick says only what is true: posts of one time may be cut in
two by a batch's end, and the first half then promises nothing of that time.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import BinaryIO, Literal

import msgspec

from ingest.collectors.replay.files import has_grown, is_cut_off, size_of, told_apart
from ingest.collectors.replay.order import Opened, Step, TimeOrder, between, file_order
from ingest.collectors.replay.reading import TOGETHER_SECONDS, Reading, Took
from ingest.formats.delimited import ColumnMapping
from ingest.formats.reading import EARLIEST, Part, Refused, Span, microseconds, moment
from ingest.formats.recognising import JsonFormat
from ingest.matching import Matcher
from ingest.pictures import Pictures
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import BadConfiguration, BadRecord
from secondsource.contracts.messages import Coverage, Engagement, Message, Post, Struct, Takedown, Tick
from secondsource.contracts.stage import Batch, Rejected
from secondsource.contracts.watch import Watch

IDLE_TICK_SECONDS = 1.0
_BATCH_BYTES = 16 * 1024 * 1024
_TOLERANCE = timedelta(minutes=5)
STDIN = Path("-")
_NOWHERE = 1 << 62  #: behind the last byte of any file


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaySettings:
    """What to read and how.

    `format` is one of the JSON formats ("auto" looks at the first records of each file) or a column mapping. A path is
    a file, packed or not, a folder or a zip archive.
    `speed` 1 is the original pace, N is N times faster, 0 as fast as it goes. `assign` says which watches a post
    belongs to: "all" given, those that "match" it here, or what its record says ("keep"; match where it says nothing).
    """

    paths: tuple[Path, ...]
    format: JsonFormat | ColumnMapping = "auto"
    order: Literal["time", "file"] = "time"
    speed: float = 0.0
    assign: Literal["all", "match", "keep"] = "match"
    batch_size: int = 2000
    earliest: datetime = EARLIEST


class _Cursor(Struct, frozen=True, kw_only=True):
    """`place` posts were sent, up to event time `high`; `latest` is the limit the order was made with.

    `begins`: from which byte of each file on, where an earlier replay had come so far and the file has grown since.
    """

    place: int
    high: int
    latest: int
    order: str
    files: tuple[str, ...]
    begins: tuple[int, ...] = ()


class Replay:
    """Collector of recorded posts.

    Raises:
        BadConfiguration: no files, or settings that contradict each other.
    """

    def __init__(
        self,
        settings: ReplaySettings,
        watches: Sequence[Watch],
        clock: Clock,
        *,
        pictures: Pictures | None = None,
        name: str = "replay",
        stdin: BinaryIO | None = None,
        mappings: Mapping[str, ColumnMapping] | None = None,
        told: Callable[[Took], None] = lambda _took: None,
    ) -> None:
        if not settings.paths:
            raise BadConfiguration("replay: expected at least one file, or '-' for standard input")
        if not 0 <= settings.speed < math.inf or settings.batch_size < 1:
            raise BadConfiguration("replay: expected speed ≥ 0 and batch_size ≥ 1")
        if STDIN in settings.paths and len(settings.paths) > 1:
            raise BadConfiguration("replay: standard input cannot be read together with files")
        self.name = name
        self._settings = settings
        self._names = tuple(watch.name for watch in watches)
        self._matcher = Matcher(watches)
        self._clock = clock
        self._reading = Reading(settings.format, pictures or Pictures(), name, mappings or {}, told, stdin)
        self.total: int | None = None  #: how many posts there are, once their order is known
        self.unmatched = 0  #: how many posts no watch took, so far

    def batches(self, cursor: str, stop: Event) -> Iterator[Batch]:
        """From just after `cursor`; what was appended to a file since comes after what it was. The last Tick is final.

        Raises:
            BadConfiguration: a file is missing, is not what the format says, or has changed since the cursor.
        """
        at, grown = self._taken_up(cursor)
        if grown is not None:
            ends = [size_of(told) if told != now else None for told, now in zip(at.files, grown.files, strict=True)]
            # A last line that was cut off had a place of its own, which it has no more.
            places = sum(is_cut_off(path, end) for path, end in zip(self._settings.paths, ends, strict=True) if end)
            before = _Taking(self.name, msgspec.structs.replace(at, place=max(0, at.place - places)))
            with ExitStack() as files:
                span = Span(self._settings.earliest, moment(at.latest))
                steps = self._steps(files, span, before.at, stop, ends=ends)
                yield from self._paced(steps, before, stop)
            if stop.is_set():
                return
            if before:
                yield before.batch(None)
            at = msgspec.structs.replace(grown, high=before.high)
        taking = _Taking(self.name, at)
        with ExitStack() as files:
            span = Span(self._settings.earliest, moment(at.latest))
            yield from self._paced(self._steps(files, span, at, stop), taking, stop)
        if not stop.is_set():
            yield taking.batch(None, final=True)

    def look(self) -> None:
        """Make ready what is to be read, and let go of it: packed files are unpacked for that.

        Raises:
            BadConfiguration: as at the first of `batches`.
        """
        if self._settings.paths == (STDIN,):
            return
        at, _ = self._taken_up("")
        with ExitStack() as files:
            for path in self._settings.paths:
                self._reading.files(path, files, Span(self._settings.earliest, moment(at.latest)))

    def remap(self, body: bytes) -> Sequence[Message]:
        span = Span(self._settings.earliest, self._clock.now() + _TOLERANCE)
        reader = self._reading.format_of(body, self._settings.paths[0], span)
        found: list[Message] = []
        for part in reader.parts(body):
            if isinstance(part, Refused):
                raise BadRecord(part.reason)
            found.extend(self._assigned(part, None))
        return found

    # --- from files to steps

    def _taken_up(self, cursor: str) -> tuple[_Cursor, _Cursor | None]:
        """Where to go on; and from where once that is done, if files have grown since."""
        settings = self._settings
        stdin = settings.paths == (STDIN,)
        files = ("-",) if stdin else tuple(told_apart(path) for path in settings.paths)
        order = "file" if stdin else settings.order
        latest = microseconds(self._clock.now() + _TOLERANCE)
        fresh = _Cursor(place=0, high=microseconds(settings.earliest), latest=latest, order=order, files=files)
        if not cursor:
            return fresh, None
        try:
            saved = msgspec.json.decode(cursor, type=_Cursor)
        except msgspec.DecodeError as error:
            raise BadConfiguration(f"replay: expected a cursor of its own, came {cursor[:80]!r}: {error}") from error
        if saved.order != order:
            raise BadConfiguration(
                "replay: the order has changed since this replay began, so its place in it means nothing now;"
                f" ask for that order again, or give it a name of its own: --name {self._other_name(files)}"
            )
        if saved.files == files:
            return saved, None
        pairs = zip(settings.paths, saved.files, files, strict=True) if len(saved.files) == len(files) else ()
        unlike = [path for path, before, now in pairs if before != now and not has_grown(path, before)]
        if unlike or len(saved.files) != len(files):
            which = ", ".join(str(path) for path in unlike or settings.paths)
            raise BadConfiguration(
                f"replay: a file has changed since it was replayed, or another of its name was: {which};"
                f" give this one a name of its own: --name {self._other_name(files)}"
            )
        both = zip(saved.files, files, strict=True)
        begins = tuple(size_of(before) if before != now else _NOWHERE for before, now in both)
        return saved, msgspec.structs.replace(fresh, begins=begins)

    def _other_name(self, files: Sequence[str]) -> str:
        """One that goes with what the files hold, so that the same command goes on under it."""
        told = hashlib.blake2b("\0".join(files).encode(), digest_size=3).hexdigest()
        return f"{self._settings.paths[0].stem}-{told}"

    def _steps(
        self, files: ExitStack, span: Span, at: _Cursor, stop: Event, *, ends: Sequence[int | None] = ()
    ) -> Iterator[Step]:
        """From the cursor on, up to where each file ended (`ends`; None where it ends there still)."""
        if self._settings.paths == (STDIN,):
            return file_order([self._reading.standard_input(span, stop)], at.place, at.high)
        ready: list[Opened] = []
        for number, path in enumerate(self._settings.paths):
            found = self._reading.files(path, files, span)
            if at.begins or ends:
                begin, end = at.begins[number] if at.begins else 0, ends[number] if ends else None
                found = [between(one, begin, end) for one in found]
            ready += found
        if at.order == "file":
            return file_order(ready, at.place, at.high)
        order = TimeOrder(ready, microseconds(span.earliest))
        self.total = len(order)
        return order.steps(at.place, at.high)

    # --- from steps to batches

    def _paced(self, steps: Iterable[Step], taking: _Taking, stop: Event) -> Iterator[Batch]:
        """Cuts steps into batches by number, by bytes and, where a pace is kept, by time. The last is left to take."""
        settings = self._settings
        begun: tuple[int, float] | None = None
        for step in steps:
            if stop.is_set():
                return
            if step.part is None:
                if taking:
                    yield taking.batch(None)
                continue
            if settings.speed:
                begun = begun or (step.at, self._clock.monotonic())
                due = begun[1] + (step.at - begun[0]) / 1_000_000 / settings.speed
                if due - self._clock.monotonic() > TOGETHER_SECONDS:
                    if taking:
                        yield taking.batch(step.at)
                    yield from self._waited(taking, step.at, due, stop)
                    if stop.is_set():
                        return
            if isinstance(step.part, Refused):
                taking.reject(Rejected(step.part.body, step.source, step.part.reason), step)
            else:
                lifted = step.at if step.at != microseconds(step.part.at) else None
                taking.take(self._assigned(step.part, lifted), step)
            if taking.posts >= settings.batch_size or taking.size >= _BATCH_BYTES:
                yield taking.batch(step.next_at)

    def _waited(self, taking: _Taking, next_at: int, due: float, stop: Event) -> Iterator[Batch]:
        """Lets time pass, saying how far it has come."""
        while (left := due - self._clock.monotonic()) > 0:
            if self._clock.wait(min(left, IDLE_TICK_SECONDS), stop):
                return
            left = max(0.0, due - self._clock.monotonic())
            reached = next_at - int(left * self._settings.speed * 1_000_000) - 1
            if left:
                yield taking.idle(reached)

    def _assigned(self, part: Part, lifted: int | None) -> Sequence[Message]:
        """The messages with their watches; nothing where no watch takes them. `lifted`: observed only then."""
        messages = part.messages
        if not messages:
            return messages
        main = messages[-1]
        names: tuple[str, ...] | None = self._names
        if isinstance(main, Post):
            names = self._watches_of(main, part.context)
            if names == ():
                self.unmatched += 1
                return ()
        elif self._settings.assign == "keep" and isinstance(main, Engagement | Takedown | Coverage) and main.watches:
            names = None
        if names is None and lifted is None:
            return messages
        return [_changed(message, names, lifted) for message in messages]

    def _watches_of(self, post: Post, context: str) -> tuple[str, ...] | None:
        """None: as the record has it."""
        if self._settings.assign == "all":
            return self._names
        if self._settings.assign == "keep" and post.watches:
            return None
        return self._matcher.watches(post, context)


class _Taking:
    """The batch being filled."""

    def __init__(self, collector: str, at: _Cursor) -> None:
        self._collector = collector
        self.at = at
        self._place = at.place
        self.high = at.high
        self._promised = at.high - 1
        self._messages: list[Message] = []
        self._rejected: list[Rejected] = []
        self.posts = 0
        self.size = 0

    def __bool__(self) -> bool:
        return self.posts > 0

    def take(self, messages: Sequence[Message], step: Step) -> None:
        self._messages.extend(messages)
        self._count(step)

    def reject(self, rejected: Rejected, step: Step) -> None:
        self._rejected.append(rejected)
        self._count(step)

    def _count(self, step: Step) -> None:
        self._place += 1
        self.high = step.at
        self.posts += 1
        self.size += step.size

    def batch(self, next_at: int | None, *, final: bool = False) -> Batch:
        """What was taken, with the strongest Tick that is true: not of a time of which more may follow."""
        promised = self.high if final or (next_at is not None and next_at > self.high) else self.high - 1
        return self._made(promised, final=final)

    def idle(self, reached: int) -> Batch:
        return self._made(reached, final=False)

    def _made(self, promised: int, *, final: bool) -> Batch:
        self._promised = max(self._promised, promised)
        tick = Tick(collector=self._collector, at=moment(self._promised), final=final)
        cursor = msgspec.structs.replace(self.at, place=self._place, high=self.high)
        batch = Batch([*self._messages, tick], self._rejected, msgspec.json.encode(cursor).decode())
        self._messages, self._rejected = [], []
        self.posts = self.size = 0
        return batch


def _changed(message: Message, watches: tuple[str, ...] | None, observed: int | None) -> Message:
    changes: dict[str, object] = {} if watches is None else {"watches": watches}
    if observed is not None and not isinstance(message, Coverage):
        changes["observed_at"] = moment(observed)
    return msgspec.structs.replace(message, **changes)
