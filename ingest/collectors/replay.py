"""Replays files of posts in event time: yesterday's recording, an archive, a data set.

With `order="time"` a first pass notes when each post was and where it stands, and the posts are then read in that
order; with `order="file"` (and always from standard input) they come as they stand, and a post older than one before
it counts as observed with that one. Either way a batch's Tick says only what is true: posts of one time may be cut in
two by a batch's end, and the first half then promises nothing of that time.
"""

from __future__ import annotations

import select
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from threading import Event
from typing import BinaryIO, Literal

import msgspec

from ingest.collectors.records import BOM, SILENCE, Cut, Record, cut_of_json, identity, opened, records
from ingest.collectors.replay_order import Opened, Step, TimeOrder, file_order
from ingest.formats.delimited import ColumnMapping, Delimited, split
from ingest.formats.own import Own
from ingest.formats.reading import (
    EARLIEST,
    FAULTS,
    MAX_RECORD,
    Format,
    Part,
    Refused,
    Span,
    microseconds,
    moment,
    without_nul,
)
from ingest.formats.x_v1 import XV1
from ingest.formats.x_v2 import XV2
from ingest.matching import Matcher
from ingest.pictures import Pictures
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import BadConfiguration, BadRecord
from secondsource.contracts.messages import Coverage, Engagement, Message, Post, Struct, Takedown, Tick
from secondsource.contracts.stage import Batch, Rejected
from secondsource.contracts.watch import Watch

JsonFormat = Literal["auto", "own", "x-v1", "x-v2"]
TOGETHER_SECONDS = 0.2  #: posts due within this of each other are sent as one batch
IDLE_TICK_SECONDS = 1.0
_BATCH_BYTES = 16 * 1024 * 1024
_TOLERANCE = timedelta(minutes=5)
STDIN = Path("-")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaySettings:
    """What to read and how.

    `format` is one of the JSON formats ("auto" looks at the first records of each file) or a column mapping.
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
    """`place` posts were sent, up to event time `high`; `latest` is the limit the order was made with."""

    place: int
    high: int
    latest: int
    order: str
    files: tuple[str, ...]


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
    ) -> None:
        if not settings.paths:
            raise BadConfiguration("replay: expected at least one file, or '-' for standard input")
        if settings.speed < 0 or settings.batch_size < 1:
            raise BadConfiguration("replay: expected speed ≥ 0 and batch_size ≥ 1")
        if STDIN in settings.paths and len(settings.paths) > 1:
            raise BadConfiguration("replay: standard input cannot be read together with files")
        self.name = name
        self._settings = settings
        self._names = tuple(watch.name for watch in watches)
        self._matcher = Matcher(watches)
        self._clock = clock
        self._pictures = pictures or Pictures()
        self._stdin = stdin
        self.total: int | None = None  #: how many posts there are, once their order is known
        self.unmatched = 0  #: how many posts no watch took, so far

    def batches(self, cursor: str, stop: Event) -> Iterator[Batch]:
        """From just after `cursor`. The last batch's Tick is final.

        Raises:
            BadConfiguration: a file is missing, is not what the format says, or has changed since the cursor.
        """
        at = self._taken_up(cursor)
        span = Span(self._settings.earliest, moment(at.latest))
        with ExitStack() as files:
            steps = self._steps(files, span, at, stop)
            yield from self._paced(steps, at, stop)

    def remap(self, body: bytes) -> Sequence[Message]:
        span = Span(self._settings.earliest, self._clock.now() + _TOLERANCE)
        format_ = self._settings.format
        if isinstance(format_, ColumnMapping):
            reader: Format = Delimited(format_, self._header(format_), self._pictures, self.name, span)
        else:
            reader = self._json_format(format_, body, span)
        found: list[Message] = []
        for part in reader.parts(body):
            if isinstance(part, Refused):
                raise BadRecord(part.reason)
            found.extend(self._assigned(part, None))
        return found

    # --- from files to steps

    def _taken_up(self, cursor: str) -> _Cursor:
        settings = self._settings
        stdin = settings.paths == (STDIN,)
        files = ("-",) if stdin else tuple(identity(path) for path in settings.paths)
        order = "file" if stdin else settings.order
        latest = microseconds(self._clock.now() + _TOLERANCE)
        if not cursor:
            return _Cursor(place=0, high=microseconds(settings.earliest), latest=latest, order=order, files=files)
        try:
            saved = msgspec.json.decode(cursor, type=_Cursor)
        except msgspec.DecodeError as error:
            raise BadConfiguration(f"replay: expected a cursor of its own, came {cursor[:80]!r}: {error}") from error
        if saved.files != files or saved.order != order:
            what = "the order" if saved.files == files else "a file"
            raise BadConfiguration(
                f"replay: {what} has changed since this replay was stopped, so its place in it means nothing now;"
                " put back what was, or start a new replay (a new name, or a new store)"
            )
        return saved

    def _steps(self, files: ExitStack, span: Span, at: _Cursor, stop: Event) -> Iterator[Step]:
        if self._settings.paths == (STDIN,):
            return file_order([self._standard_input(span, stop)], at.place, at.high)
        ready = [self._open(files, path, span) for path in self._settings.paths]
        if at.order == "file":
            return file_order(ready, at.place, at.high)
        order = TimeOrder(ready, microseconds(span.earliest))
        self.total = len(order)
        return order.steps(at.place)

    def _open(self, files: ExitStack, path: Path, span: Span) -> Opened:
        file = files.enter_context(opened(path))
        format_ = self._settings.format
        if not isinstance(format_, ColumnMapping):
            cut = cut_of_json(file)
            sample = b""
            if format_ == "auto":
                first = islice(records(file, cut), 20)
                sample = next((record.body for record in first if _kind(record.body)), b"")
            return Opened(path.name, file, self._json_format(format_, sample, span), partial(records, file, cut))
        file.seek(0)
        skipped, first_line = b"", 1
        header = list(format_.header)
        if not header:
            skipped, first_line = file.readline(MAX_RECORD), 2
            header = _header_cells(skipped, format_, path.name)
        rows = Delimited(format_, header, self._pictures, self.name, span)
        return Opened(path.name, file, rows, partial(records, file, _row_cut(format_), len(skipped), first_line))

    def _header(self, mapping: ColumnMapping) -> list[str]:
        if mapping.header:
            return list(mapping.header)
        with opened(self._settings.paths[0]) as file:
            return _header_cells(file.readline(MAX_RECORD), mapping, self._settings.paths[0].name)

    def _json_format(self, kind: JsonFormat, body: bytes, span: Span) -> Format:
        if kind == "auto":
            kind = _kind(body) or "own"
        formats: dict[str, type[Own] | type[XV1] | type[XV2]] = {"own": Own, "x-v1": XV1, "x-v2": XV2}
        return formats[kind](self.name, span)

    def _standard_input(self, span: Span, stop: Event) -> Opened:
        file = self._stdin or sys.stdin.buffer
        lines = _arriving(file, stop)
        format_ = self._settings.format
        line = 1
        if isinstance(format_, ColumnMapping):
            header = list(format_.header)
            if not header:
                header, line = _header_cells(next(filter(None, lines), b""), format_, "standard input"), 2
            reader: Format = Delimited(format_, header, self._pictures, self.name, span)
        elif format_ == "auto":
            reader = _Guessing({kind: self._json_format(kind, b"", span) for kind in ("own", "x-v1", "x-v2")})
        else:
            reader = self._json_format(format_, b"", span)
        return Opened("standard input", file, reader, partial(_numbered, lines, line))

    # --- from steps to batches

    def _paced(self, steps: Iterable[Step], at: _Cursor, stop: Event) -> Iterator[Batch]:
        """Cuts steps into batches by number, by bytes and, where a pace is kept, by time."""
        settings = self._settings
        taking = _Taking(self.name, at)
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
        if not stop.is_set():
            yield taking.batch(None, final=True)

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
        self._at = at
        self._place = at.place
        self._high = at.high
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
        self._high = step.at
        self.posts += 1
        self.size += step.size

    def batch(self, next_at: int | None, *, final: bool = False) -> Batch:
        """What was taken, with the strongest Tick that is true: not of a time of which more may follow."""
        promised = self._high if final or (next_at is not None and next_at > self._high) else self._high - 1
        return self._made(promised, final=final)

    def idle(self, reached: int) -> Batch:
        return self._made(reached, final=False)

    def _made(self, promised: int, *, final: bool) -> Batch:
        self._promised = max(self._promised, promised)
        tick = Tick(collector=self._collector, at=moment(self._promised), final=final)
        cursor = msgspec.structs.replace(self._at, place=self._place, high=self._high)
        batch = Batch([*self._messages, tick], self._rejected, msgspec.json.encode(cursor).decode())
        self._messages, self._rejected = [], []
        self.posts = self.size = 0
        return batch


class _Guessing:
    """Each line of standard input by what it looks like."""

    def __init__(self, readers: dict[str, Format]) -> None:
        self._readers = readers

    def times(self, body: bytes) -> list[int | None]:
        return self._readers[_kind(body) or "own"].times(body)

    def parts(self, body: bytes) -> list[Part | Refused]:
        return self._readers[_kind(body) or "own"].parts(body)


_ABSENT = msgspec.Raw(b"")


class _Look(msgspec.Struct, gc=False):
    """Enough to tell the formats apart."""

    type: msgspec.Raw = _ABSENT
    uid: msgspec.Raw = _ABSENT
    data: msgspec.Raw = _ABSENT
    meta: msgspec.Raw = _ABSENT
    errors: msgspec.Raw = _ABSENT
    user: msgspec.Raw = _ABSENT
    id_str: msgspec.Raw = _ABSENT
    statuses: msgspec.Raw = _ABSENT
    delete: msgspec.Raw = _ABSENT


_look = msgspec.json.Decoder(_Look)


def _kind(body: bytes) -> JsonFormat | None:
    """Which format a record is of; None where it does not tell."""
    try:
        look = _look.decode(without_nul(body))
    except FAULTS:
        return None
    if look.uid or (look.type and not look.user):
        return "own"
    if look.user or look.id_str or look.statuses or look.delete:
        return "x-v1"
    return "x-v2" if look.data or look.meta or look.errors else None


def _changed(message: Message, watches: tuple[str, ...] | None, observed: int | None) -> Message:
    changes: dict[str, object] = {} if watches is None else {"watches": watches}
    if observed is not None and not isinstance(message, Coverage):
        changes["observed_at"] = moment(observed)
    return msgspec.structs.replace(message, **changes)


def _row_cut(mapping: ColumnMapping) -> Cut:
    return "lines" if mapping.quoting == "none" else "quoted rows"


def _header_cells(line: bytes, mapping: ColumnMapping, name: str) -> list[str]:
    try:
        return [cell.strip() for cell in split(line.removeprefix(BOM), mapping)]
    except BadRecord as error:
        raise BadConfiguration(f"{name}:1: the header cannot be read: {error}") from error


def _numbered(lines: Iterator[bytes | None], line: int) -> Iterator[Record]:
    for body in lines:
        if body is None:
            yield SILENCE
            continue
        if body.strip():
            yield Record(0, body, line, len(body) < MAX_RECORD)
        line += 1


def _arriving(file: BinaryIO, stop: Event) -> Iterator[bytes | None]:
    """Lines as they come, None from a silent pipe, often enough to stop at once."""
    try:
        descriptor = file.fileno()
    except (OSError, AttributeError):
        yield from (line.rstrip(b"\r\n") for line in iter(lambda: file.readline(MAX_RECORD), b""))
        return
    rest = b""
    while not stop.is_set():
        if not select.select([descriptor], [], [], TOGETHER_SECONDS)[0]:
            yield None
            continue
        chunk = file.raw.read(1 << 16) if hasattr(file, "raw") else file.read(1 << 16)
        if not chunk:
            if rest:
                yield rest
            return
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (line.rstrip(b"\r") for line in whole)
        if len(rest) > MAX_RECORD:
            yield rest
            rest = b""
