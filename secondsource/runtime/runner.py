"""The one loop: receive, handle, send, commit. Every stage runs in it, inline and on Kafka."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from threading import Event
from typing import Literal, NamedTuple

from secondsource.contracts import bounds
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import BadConfiguration, BadRecord, Halted, SourceAway
from secondsource.contracts.stage import Out, Remembering, Stage
from secondsource.runtime import dead_letters
from secondsource.runtime.metrics import Metrics
from secondsource.runtime.ports import Progress
from secondsource.runtime.retry import Retry
from secondsource.runtime.transport import Broken, Delivery, HandedOver, Inlet, Place, Spot, Transport

_log = logging.getLogger(__name__)

Effects = Literal["own", "joint"]
#: A partition's memory in parts, made anew from what is kept elsewhere.
Anew = Callable[[int], Mapping[str, bytes]]


class RunnerSettings(NamedTuple):
    """`halt_after` bad records in a row are put aside; one more halts the stage. Saving is for Remembering stages."""

    max_records: int = bounds.RECORDS_AT_ONCE
    poll_seconds: float = 0.2
    halt_after: int = bounds.BAD_IN_A_ROW
    save_every_records: int = 20_000
    save_every_seconds: float = bounds.SAVE_SECONDS


DEFAULTS = RunnerSettings()
_FORM = "/form"  # the part of a saved memory that says how the others are written


class Rewound(Exception):
    """A handle failed half way in a stage that must not be half changed: go back to the last saved state.

    What was learnt (which record is bad, or that records must be handled singly to find it) is kept.
    """


class Overtaken(Exception):
    """Another worker has saved since we last did: ours is the past of its memory, and must not be written over it.

    A worker that was paused until its group had put it out may not be told so: it may join again with what it held.
    """


class Runner:
    """Runs one stage.

    How a failure is taken back depends on the stage:

    - A stage without memory is atomic per call. A failing batch is halved until the bad records stand alone.
    - A Remembering stage that raised may have half applied the batch. Its memory is restored as last saved, its
      inlet goes back to that position, and records are handled singly until the bad one raises alone; then
      once more without it. What is sent again by this is the same messages, as Remembering promises.
    - With `effects` "joint", the caller holds a transaction that spans several stages (the inline pipeline). Then
      any failure is the caller's to take back: Rewound or SourceAway leaves `step`.
    - Memory that another version saved is dropped: `anew` makes it again where the transport has not kept what it came
      from.
    """

    def __init__(
        self,
        stage: Stage,
        transport: Transport,
        *,
        progress: Progress,
        metrics: Metrics,
        clock: Clock,
        retry: Retry,
        settings: RunnerSettings = DEFAULTS,
        effects: Effects = "own",
        anew: Anew | None = None,
    ) -> None:
        if isinstance(stage, Remembering) and len(stage.inlet) != 1:
            msg = f"stage {stage.name}: expected one inlet topic where memory is kept by partition, got {stage.inlet}"
            raise BadConfiguration(msg)
        self.stage = stage
        self._memory: Remembering | None = stage if isinstance(stage, Remembering) else None
        self._transport = transport
        self._progress = progress
        self._metrics = metrics
        self._clock = clock
        self._retry = retry
        self._settings = settings
        self._joint = effects == "joint"
        self._anew = anew
        self._inlet: Inlet = transport.inlet(stage.name, stage.inlet, self)
        self._positions: dict[Place, int] = {}  # next offset after what was handled and sent
        self._unsaved: set[Place] = set()
        self._pending: dict[int, dict[str, bytes | None]] = {}  # changes asked for but not yet saved
        self._known: dict[int, str] = {}  # by partition, the saved position that our memory comes after
        self._handled = 0  # records since the last save
        self._saved_at = clock.monotonic()
        self._bad: dict[Spot, str] = {}  # found out before a rewind
        self._bad_in_a_row = 0
        self._bad_in_a_row_saved = 0
        self._singly_until: dict[Place, int] | None = None
        self._attempt = 0

    def run(self, stop: Event) -> None:
        """Until `stop` is set, then finish the batch, save, commit and leave the group.

        Raises:
            Halted: more bad records in a row than allowed; nothing of the last batch is committed.
            BadConfiguration: the broker or database refuses the settings.
        """
        name = self.stage.name
        _log.info("stage starts", extra={"stage": name})
        self._metrics.running(name, is_running=True)
        try:
            while not stop.is_set():
                self.step(stop)
            self.save(stop)
        except SourceAway as error:
            if not stop.is_set():
                raise
            _log.warning("stopped while a service was away", extra={"stage": name, "reason": str(error)})
        finally:
            self._metrics.running(name, is_running=False)
            self._inlet.close()
            _log.info("stage stopped", extra={"stage": name})

    def step(self, stop: Event) -> int:
        """Handle one batch. Returns how many records it took in: 0 when nothing has come.

        Raises:
            SourceAway: `stop` was set while a service was away; or with joint effects, at once.
            Rewound: with joint effects only.
        """
        deliveries = self._receive(stop)
        started = self._clock.monotonic()
        if deliveries:
            try:
                self._take(deliveries, stop)
            except Rewound:
                if self._joint:
                    raise
                self._rewind(stop)
                return len(deliveries)
            except SourceAway as error:
                if self._joint or self._memory is None:
                    raise
                self._wait_and_rewind(error, stop)
                return len(deliveries)
            if self._attempt:
                self._retry.back(stage=self.stage.name)
                self._attempt = 0
        if not self._joint:
            self._settle(stop)
        if deliveries:
            self._metrics.batch(self.stage.name, self._clock.monotonic() - started)
            for place, lag in self._inlet.lags().items():
                self._metrics.lag(self.stage.name, str(place), lag)
        return len(deliveries)

    def save(self, stop: Event) -> None:
        """Keep memory and position, now. Without memory: commit the position."""
        if not self._unsaved:
            return
        if self._memory is None:
            self._retry(self.commit, stage=self.stage.name, stop=stop, service="broker")
            return
        try:
            self._retry(self._save, stage=self.stage.name, stop=stop, service="store")
        except HandedOver:
            # The next receive says what we lost; what we keep is still pending and saved after it.
            _log.info("not saved while partitions move", extra={"stage": self.stage.name})
        except Overtaken as error:
            _log.warning("going back to what another has saved", extra={"stage": self.stage.name, "place": str(error)})
            self._rewind(stop)

    def prepare_save(self) -> None:
        """Joint effects: write memory and position into the caller's transaction."""
        if self._memory is None:
            return
        for place in self._unsaved:
            if not self._keep(place):
                raise Overtaken(place)

    def commit(self) -> None:
        """Commit the positions of what was handled. `prepare_save` was called before, if there is memory."""
        try:
            self._inlet.commit({place: self._positions[place] for place in self._unsaved})
        except HandedOver:
            if self._memory is not None:
                raise
            _log.info("not committed while partitions move", extra={"stage": self.stage.name})
        self._unsaved.clear()

    def saved(self) -> None:
        """What `prepare_save` wrote has been committed."""
        self._pending.clear()
        self._handled = 0
        self._bad_in_a_row_saved = self._bad_in_a_row
        self._saved_at = self._clock.monotonic()
        # Once saved, no rewind goes back to before here.
        self._bad = {
            where: why for where, why in self._bad.items() if where.offset >= self._positions.get(where.place, 0)
        }
        if self._singly_until is not None and all(
            self._positions.get(place, end) >= end for place, end in self._singly_until.items()
        ):
            self._singly_until = None

    def forget(self) -> None:
        """Restore the memory as last saved; the caller takes the inlet back.

        Raises:
            SourceAway: the database did not answer; ask again.
        """
        self._unsaved.clear()
        self._pending.clear()
        self._handled = 0
        self._bad_in_a_row = self._bad_in_a_row_saved
        if self._memory is None:
            return
        for place in list(self._positions):
            self._memory.release(place.partition)
            self._positions[place] = self._recall(place)

    def unlearn(self) -> None:
        """Offsets will be given to other records: forget which ones were bad."""
        self._bad.clear()
        self._singly_until = None

    # Listener: an inlet tells which places it owns.

    def assigned(self, place: Place) -> int | None:
        if self._memory is None:
            return None
        position = self._recall(place)
        if not self._inlet.durable:
            self._positions[place] = 0
            return None
        # Memory and position are of one transaction. With neither, the partition is read from its beginning,
        # even if offsets were committed: a database restored from nothing must not skip what it never saw.
        self._positions[place] = position
        return position

    def revoked(self, place: Place, *, lost: bool) -> None:
        if self._memory is not None:
            if place in self._unsaved and not lost:
                self._save_before_leaving(place)
            self._memory.release(place.partition)
        self._pending.pop(place.partition, None)
        self._known.pop(place.partition, None)
        self._positions.pop(place, None)
        self._unsaved.discard(place)

    def missed(self, place: Place, records: int) -> None:
        said = {"stage": self.stage.name, "place": str(place), "records": records}
        _log.error("records were gone before they were read", extra=said)
        self._metrics.missed(self.stage.name, records)

    def _save_before_leaving(self, place: Place) -> None:
        """One try: who takes over handles again what was not saved, with the same result."""
        try:
            kept = self._keep(place)
        except SourceAway as error:
            _log.warning(
                "not saved before leaving", extra={"stage": self.stage.name, "place": place, "reason": str(error)}
            )
        else:
            if not kept:
                _log.info("another has saved since", extra={"stage": self.stage.name, "place": str(place)})

    def _keep(self, place: Place) -> bool:
        """Write memory and position of a place; False, and nothing is, where another has saved since we last did."""
        partition, changes = place.partition, self._changes(place.partition)
        if not self._inlet.durable:
            # Inline offsets end with the process, where nothing is left on the way anyway.
            return self._progress.save(self.stage.name, partition, "", changes)
        position, after = str(self._positions[place]), self._known[partition]
        return self._progress.save(self.stage.name, partition, position, changes, after)

    # Memory

    def _recall(self, place: Place) -> int:
        """Restore a partition's memory as last saved. The offset to go on from."""
        assert self._memory is not None
        saved = self._progress.load(self.stage.name, place.partition)
        self._known[place.partition] = saved.position
        parts = {name: part for name, part in saved.parts.items() if name != _FORM}
        if parts and saved.parts.get(_FORM) != self._memory.form.encode():
            then = "what is still on the topic is read again" if self._inlet.durable else "it begins anew"
            if self._anew is not None:
                then = "it is made anew from what is stored"
            _log.warning(
                "memory that another version saved is dropped: %s",
                then,
                extra={"stage": self.stage.name, "place": str(place)},
            )
            made: Mapping[str, bytes] = self._anew(place.partition) if self._anew is not None else {}
            self._pending[place.partition] = {**dict.fromkeys(parts), **made}
            self._memory.restore(place.partition, made)
            return 0
        self._memory.restore(place.partition, parts)
        return int(saved.position or 0)

    def _changes(self, partition: int) -> dict[str, bytes | None]:
        """All that is to be saved of a partition, until it has been."""
        assert self._memory is not None
        changes = self._pending.setdefault(partition, {})
        changes.update(self._memory.changes(partition))
        changes[_FORM] = self._memory.form.encode()
        return changes

    # The parts of a step.

    def _receive(self, stop: Event) -> list[Delivery | Broken]:
        # Singly, each rewind handles again what came since the last save: keep that short.
        limit = self._settings.max_records if self._singly_until is None else min(64, self._settings.max_records)
        return self._retry(
            lambda: self._inlet.receive(limit, self._settings.poll_seconds),
            stage=self.stage.name,
            stop=stop,
            service="broker",
        )

    def _take(self, deliveries: Sequence[Delivery | Broken], stop: Event) -> None:
        """Handle a batch and send what comes of it, dead letters included."""
        name = self.stage.name
        now = self._clock.now()
        outs: list[Out] = []
        letters = 0
        for good, broken in self._runs(deliveries):
            if good:
                self._metrics.received(name, [each.record.message for each in good])
                for made in self._handle(good, stop):
                    if isinstance(made, _Bad):
                        outs.append(dead_letters.of_delivery(name, made.delivery, made.reason, now))
                        letters += 1
                    else:
                        outs += made
            for each, reason in broken:
                self._count_bad(each, reason)
                outs.append(dead_letters.of_delivery(name, each, reason, now))
                letters += 1
        while outs:
            refused = self._retry(partial(self._transport.publish, outs), stage=name, stop=stop, service="broker")
            self._metrics.sent(name, outs)
            outs = [dead_letters.of_refused(name, each, now) for each in refused]
            letters += len(outs)
        if letters:
            self._metrics.dead_lettered(name, letters)
        positions = {each.place: each.offset + 1 for each in deliveries}
        self._positions.update(positions)
        self._unsaved.update(positions)
        self._handled += len(deliveries)

    def _runs(
        self, deliveries: Sequence[Delivery | Broken]
    ) -> Iterator[tuple[list[Delivery], list[tuple[Delivery | Broken, str]]]]:
        """Split at records that are known to be bad: good ones, then the bad ones that follow them."""
        good: list[Delivery] = []
        bad: list[tuple[Delivery | Broken, str]] = []
        for each in deliveries:
            if isinstance(each, Broken):
                bad.append((each, each.reason))
            elif self._bad and each.spot in self._bad:
                bad.append((each, self._bad[each.spot]))
            else:
                if bad:
                    yield good, bad
                    good, bad = [], []
                good.append(each)
        yield good, bad

    def _handle(self, batch: Sequence[Delivery], stop: Event) -> Iterator[list[Out] | _Bad]:
        if self._joint or self._memory is not None:
            pieces = [batch] if self._singly_until is None else [[each] for each in batch]
            for piece in pieces:
                yield self._handle_or_rewind(piece)
        else:
            yield from self._halve(batch, stop)

    def _halve(self, batch: Sequence[Delivery], stop: Event) -> Iterator[list[Out] | _Bad]:
        records = [each.record for each in batch]
        try:
            outs = self._retry(lambda: self.stage.handle(records), stage=self.stage.name, stop=stop)
        except (SourceAway, Halted, BadConfiguration):
            raise
        except Exception as error:  # noqa: BLE001 - any surprise in one record must not stop the stream
            if len(batch) == 1:
                self._count_bad(batch[0], _reason(error), error)
                yield _Bad(batch[0], _reason(error))
                return
            _log.info("a batch failed; halving it", extra={"stage": self.stage.name, "records": len(batch)})
            middle = len(batch) // 2
            yield from self._halve(batch[:middle], stop)
            yield from self._halve(batch[middle:], stop)
        else:
            self._bad_in_a_row = 0
            yield outs

    def _handle_or_rewind(self, batch: Sequence[Delivery]) -> list[Out]:
        try:
            outs = self.stage.handle([each.record for each in batch])
        except (SourceAway, Halted, BadConfiguration):
            raise
        except Exception as error:
            if len(batch) == 1:
                self._log_bad(batch[0], _reason(error), error)
                self._bad[batch[0].spot] = _reason(error)
            else:
                ends = self._singly_until or {}
                self._singly_until = ends | {each.place: each.offset + 1 for each in batch}
                _log.info("a batch failed; going back", extra={"stage": self.stage.name, "records": len(batch)})
            raise Rewound from error
        self._bad_in_a_row = 0
        return outs

    def _settle(self, stop: Event) -> None:
        """After a batch: what was sent has arrived, and what was handled is committed or, if due, saved."""
        if not self._unsaved:
            return
        self._retry(self._transport.flush, stage=self.stage.name, stop=stop, service="broker")
        due = (
            self._memory is None
            or self._singly_until is not None
            or self._handled >= self._settings.save_every_records
            or self._clock.monotonic() - self._saved_at >= self._settings.save_every_seconds
        )
        if due:
            self.save(stop)

    def _save(self) -> None:
        # The offsets are committed as the transaction's last act: a worker that has been put out of its
        # group fails there, and so cannot write over what its successor has saved. Should the transaction
        # fail after it, no harm: a stage with memory goes on from its saved position, not from the offsets.
        with self._progress.transaction():
            self.prepare_save()
            places = set(self._unsaved)
            self._inlet.commit({place: self._positions[place] for place in places})
        self._unsaved -= places
        self._known.update((place.partition, str(self._positions[place])) for place in places)
        self.saved()

    def _rewind(self, stop: Event) -> None:
        self._retry(self.forget, stage=self.stage.name, stop=stop, service="store")
        for place, position in self._positions.items():
            self._inlet.seek(place, position)

    def _wait_and_rewind(self, error: SourceAway, stop: Event) -> None:
        stopped = self._retry.pause(error, self._attempt, stage=self.stage.name, stop=stop)
        self._attempt += 1
        if stopped:
            raise error
        self._rewind(stop)

    def _count_bad(self, bad: Delivery | Broken, reason: str, error: Exception | None = None) -> None:
        if bad.spot not in self._bad:
            self._log_bad(bad, reason, error)
        self._bad_in_a_row += 1
        if self._bad_in_a_row > self._settings.halt_after:
            msg = (
                f"stage {self.stage.name}: {self._bad_in_a_row} bad records in a row, the last at {bad.spot}: "
                f"{reason}. Nothing of this batch was committed. Mend the cause and start again, or "
                f"raise the limit (halt_after {self._settings.halt_after}) to put them all aside."
            )
            raise Halted(msg)

    def _log_bad(self, bad: Delivery | Broken, reason: str, error: Exception | None) -> None:
        surprise = error is not None and not isinstance(error, BadRecord)
        _log.log(
            logging.ERROR if surprise else logging.WARNING,
            "bad record goes to dead letters",
            exc_info=error if surprise else None,
            extra={"stage": self.stage.name, "place": str(bad.spot), "reason": reason},
        )


class _Bad(NamedTuple):
    delivery: Delivery
    reason: str


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, BadRecord) else f"{type(error).__name__}: {error}"
