"""All stages in one process, committed together: for one machine, and for replays."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from threading import Event, Lock

from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import SourceAway
from secondsource.contracts.stage import Batch, Stage
from secondsource.runtime.inline import InlineTransport, Mark
from secondsource.runtime.metrics import Metrics
from secondsource.runtime.ports import Progress
from secondsource.runtime.retry import Retry
from secondsource.runtime.runner import DEFAULTS, Anew, Effects, Rewound, Runner, RunnerSettings
from secondsource.runtime.source import cursor_of, to_outs

_log = logging.getLogger(__name__)


class InlinePipeline:
    """Takes collectors' batches through every stage.

    `prepare` are stages without memory or writes (enrichment): they run before the transaction, which must not
    stay open while pictures are fetched. `commit` are the others, in order: what they write, what they remember
    and the collector's cursor are committed in one transaction, so a batch has happened or it has not. `anew`, by the
    names of stages: see `Runner`.
    """

    def __init__(
        self,
        prepare: Sequence[Stage],
        commit: Sequence[Stage],
        *,
        progress: Progress,
        metrics: Metrics,
        clock: Clock,
        retry: Retry,
        settings: RunnerSettings = DEFAULTS,
        anew: Mapping[str, Anew] | None = None,
    ) -> None:
        made_anew = anew or {}
        self._transport = InlineTransport()
        self._progress = progress
        self._metrics = metrics
        self._clock = clock
        self._retry = retry

        def runner(stage: Stage, effects: Effects) -> Runner:
            return Runner(
                stage,
                self._transport,
                progress=progress,
                metrics=metrics,
                clock=clock,
                retry=retry,
                settings=settings,
                effects=effects,
                anew=made_anew.get(stage.name),
            )

        self._prepare = [runner(stage, "own") for stage in prepare]
        self._commit = [runner(stage, "joint") for stage in commit]
        self._lock = Lock()
        self._running = False
        self._stale = False

    @property
    def stages(self) -> list[Stage]:
        return [runner.stage for runner in (*self._prepare, *self._commit)]

    def push(self, collector: str, batch: Batch, stop: Event) -> None:
        """Take one batch all the way and commit it. Collectors in other threads wait for their turn.

        Raises:
            SourceAway: `stop` was set while a service was away; the batch has not happened.
            Halted: a stage met too many bad records in a row; the batch has not happened.
        """
        with self._lock:
            self._settle(stop)
            start = self._transport.mark()
            try:
                outs = to_outs(collector, batch, self._clock.now())
                self._transport.publish(outs)
                self._metrics.sent(f"ingest:{collector}", outs)
                self._drain(self._prepare, stop)
                self._commit_all(collector, batch.cursor, stop)
            except BaseException:
                self._take_back(start)
                raise
            self._transport.drop_committed()

    def close(self) -> None:
        for runner in (*self._prepare, *self._commit):
            self._metrics.running(runner.stage.name, is_running=False)
        self._transport.close()

    def _settle(self, stop: Event) -> None:
        """Before the first batch, take up the partitions; after one that failed, restore each memory as last saved."""
        if not self._running:
            for runner in (*self._prepare, *self._commit):
                runner.step(stop)  # the topics are empty: this only asks each stage to restore its memory
                self._metrics.running(runner.stage.name, is_running=True)
            self._running = True
        elif self._stale:
            self._forget((*self._prepare, *self._commit), stop)
        self._stale = False

    def _drain(self, runners: Sequence[Runner], stop: Event) -> None:
        moved = True
        while moved:
            moved = False
            for runner in runners:
                while runner.step(stop):
                    moved = True

    def _commit_all(self, collector: str, cursor: str, stop: Event) -> None:
        mark = self._transport.mark()
        attempt = 0
        while True:
            try:
                with self._progress.transaction():
                    self._drain(self._commit, stop)
                    for runner in self._commit:
                        runner.prepare_save()
                    self._progress.save(cursor_of(collector), 0, cursor, {})
            except Rewound:
                self._go_back(mark, stop)
            except SourceAway as error:
                if self._retry.pause(error, attempt, stage=f"ingest:{collector}", stop=stop, service="store"):
                    raise
                attempt += 1
                self._go_back(mark, stop)
            else:
                break
        if attempt:
            self._retry.back(stage=f"ingest:{collector}", service="store")
        for runner in self._commit:
            runner.commit()
            runner.saved()

    def _go_back(self, mark: Mark, stop: Event) -> None:
        self._transport.rewind(mark)
        self._forget(self._commit, stop)

    def _forget(self, runners: Sequence[Runner], stop: Event) -> None:
        for runner in runners:
            self._retry(runner.forget, stage=runner.stage.name, stop=stop, service="store")

    def _take_back(self, start: Mark) -> None:
        """Leave no trace of a batch that failed. Memory is restored by the next `push`: the store may be away now."""
        self._transport.rewind(start)
        for runner in (*self._prepare, *self._commit):
            runner.unlearn()
        self._stale = True
