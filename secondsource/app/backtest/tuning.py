"""`secondsource tune`: what other thresholds would have said of the same posts, and which would have done better.

Each set of thresholds is tried by judging the posts again through the alerts stage, so what is told is what would have
happened. Nothing changes by itself: a suggestion is a diff to read.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import NamedTuple

import msgspec

from alerts.quoting import clean
from alerts.wording import count, number, rate
from config.loader import Configuration
from config.thresholds import NAMES, threshold
from secondsource.app import wiring
from secondsource.app.backtest import thresholds as yaml_of
from secondsource.app.backtest.asked import ENOUGH
from secondsource.app.backtest.judging import Scores, asked_for, check_times, judge, outcome
from secondsource.app.backtest.labels import Truth
from secondsource.app.backtest.posts import Spool, Wanted, gathered, watch_of
from secondsource.app.backtest.thresholds import Number
from secondsource.app.configuring import load
from secondsource.app.threads import Stopped
from secondsource.app.wiring import House
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.messages import Struct
from secondsource.contracts.watch import Thresholds, Watch

MOST = 400  #: sets of thresholds tried at once
#: Judgements, posts × sets, below which the start of other processes costs more than they save.
_WORTH_PROCESSES = 100_000
_INTERACTIONS = (1 / 3, 1 / 2, 1.0, 2.0, 3.0)
_SURPRISE = (0.1, 1.0, 10.0)
_LARGEST_SURPRISE = 0.5

Values = Mapping[str, Number]


class Trial(Struct, frozen=True, kw_only=True):
    """What one set of thresholds would have said. `current`: the watch's own. `frontier`: no other has at least its
    precision and recall with no more alerts, and does better in one of these.
    """

    thresholds: dict[str, Number]
    alerts: int
    alerts_per_day: float
    digested: int
    unjudged: int
    scores: Scores
    current: bool = False
    frontier: bool = False


class Tuned(Struct, frozen=True, kw_only=True):
    """All trials, in order of their thresholds. `changes` and `diff` are empty where nothing is suggested; `says` is
    why, or what the suggestion rests on.
    """

    watch: str
    posts: int
    days: float
    cases: int
    trials: tuple[Trial, ...]
    changes: dict[str, Number]
    diff: str
    says: str


def tune(
    at: House,
    wanted: Wanted,
    truth: Truth,
    varied: Sequence[tuple[str, tuple[Number, ...]]],
    stop: Event,
    *,
    most_a_day: float | None = None,
    jobs: int = 0,
    progressed: Callable[[int, int | None], None] = lambda _done, _total: None,
) -> Tuned:
    """Try every combination of the varied thresholds ((): those that `usual` names) on these posts.

    `most_a_day`: how many alerts a day are wanted at most; as many as there are now, if absent. `jobs`: processes, 0
    for as many as pay.

    Raises:
        BadConfiguration: a watch, time or threshold that cannot be.
        SourceAway: the store does not answer.
        Stopped: `stop` was set.
    """
    check_times(wanted)
    watch = watch_of(at.configuration, wanted.watch)
    sets = combinations(watch.thresholds, varied or usual(watch.thresholds))
    tried: list[_Tried] = []
    with (
        TemporaryDirectory(prefix="secondsource-tune-") as folder,
        gathered(at, at.configuration, wanted, Path(folder), stop, lambda done: progressed(done, None)) as (
            house,
            spool,
        ),
    ):
        if jobs < 1:
            work = (spool.posts + spool.before) * len(sets)
            jobs = min(os.cpu_count() or 1, len(sets)) if work >= _WORTH_PROCESSES else 1
        watches = [_with(watch, values) for values in sets]
        for one in _tried_by(jobs, house, watches, _Task(spool, wanted, truth), stop):
            tried.append(one)
            progressed(len(tried), len(sets))
    trials = frontier(
        msgspec.structs.replace(one.trial, thresholds=dict(values), current=_is_own(watch, values))
        for values, one in zip(sets, tried, strict=True)
    )
    changes, says = suggestion(trials, watch.thresholds, tried[0].cases, most_a_day)
    return Tuned(
        watch=watch.name,
        posts=spool.posts,
        days=tried[0].days,
        cases=tried[0].cases,
        trials=trials,
        changes=changes,
        diff=yaml_of.diff(at.configuration.folder, watch.name, changes) if changes else "",
        says=says,
    )


# --- which thresholds ------------------------------------------------------------------------------------------------


def usual(own: Thresholds) -> list[tuple[str, tuple[Number, ...]]]:
    """What is varied where nobody says what: how far a story must go, and how surprising that must be."""
    interactions = {max(1, round(own.min_interactions * factor)) for factor in _INTERACTIONS}
    surprises = {min(_LARGEST_SURPRISE, float(f"{own.max_surprise * factor:.6g}")) for factor in _SURPRISE}
    return [("min_interactions", tuple(sorted(interactions))), ("max_surprise", tuple(sorted(surprises)))]


def read_varied(said: Iterable[str]) -> list[tuple[str, tuple[Number, ...]]]:
    """From "min_interactions=10,30,100", checked as the configuration is.

    Raises:
        BadConfiguration: no such threshold, or a value it cannot have.
    """
    found: list[tuple[str, tuple[Number, ...]]] = []
    for one in said:
        name, _, values = one.partition("=")
        if name not in NAMES:
            known = ", ".join(NAMES)
            msg = f"--vary {one}: no threshold is named {name!r}; there are {known}"
            raise BadConfiguration(msg)
        if any(name == other for other, _ in found):
            msg = f"--vary {one}: {name} is given twice; put all its values into one: {name}=1,2,3"
            raise BadConfiguration(msg)
        found.append((name, tuple(sorted({_value(one, name, value) for value in values.split(",")}))))
    return found


def _value(said: str, name: str, value: str) -> Number:
    try:
        return threshold(name, value)
    except BadConfiguration as error:
        msg = f"--vary {said}: {error}"
        raise BadConfiguration(msg) from error


def combinations(own: Thresholds, varied: Sequence[tuple[str, tuple[Number, ...]]]) -> list[Values]:
    """Every combination, the watch's own among them, in order.

    Raises:
        BadConfiguration: there are too many.
    """
    names = [name for name, _ in varied]
    sets = set(product(*(values for _, values in varied)))
    sets.add(tuple(getattr(own, name) for name in names))
    if len(sets) > MOST:
        msg = f"{len(sets):,} combinations of thresholds, at most {MOST} are tried at once; vary fewer values"
        raise BadConfiguration(msg)
    return [dict(zip(names, each, strict=True)) for each in sorted(sets)]


def _with(watch: Watch, values: Values) -> Watch:
    return msgspec.structs.replace(watch, thresholds=msgspec.structs.replace(watch.thresholds, **values))


def _is_own(watch: Watch, values: Values) -> bool:
    return all(getattr(watch.thresholds, key) == value for key, value in values.items())


# --- trying them -----------------------------------------------------------------------------------------------------


class _Task(NamedTuple):
    """The same for every set of thresholds."""

    spool: Spool
    wanted: Wanted
    truth: Truth


class _Tried(NamedTuple):
    """`cases`: how many there are among the posts."""

    trial: Trial
    cases: int
    days: float


def _tried_by(jobs: int, at: House, watches: Sequence[Watch], task: _Task, stop: Event) -> Iterator[_Tried]:
    """One for each watch, in their order, however many processes work on it."""
    if jobs == 1:
        for watch in watches:
            if stop.is_set():
                raise Stopped("stopped before all thresholds were tried; nothing is suggested")
            yield _try(at, watch, task)
        return
    folder, url = at.configuration.folder, at.configuration.store_url
    # Not forked: this process has threads.
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        waiting = [pool.submit(_try_apart, folder, url, watch, task) for watch in watches]
        for one in waiting:
            if stop.is_set():
                pool.shutdown(wait=False, cancel_futures=True)
                raise Stopped("stopped before all thresholds were tried; nothing is suggested")
            try:
                yield one.result()
            except BrokenProcessPool as error:  # as when memory ran out
                raise Stopped("a process that tried thresholds was ended; try with fewer: --jobs 1") from error


def _try_apart(folder: Path, store_url: str, watch: Watch, task: _Task) -> _Tried:
    """In a process of its own, which opens the store for itself."""
    configuration: Configuration = replace(load(folder, os.environ), store_url=store_url)
    with wiring.house(configuration) as at:
        return _try(at, watch, task)


def _try(at: House, watch: Watch, task: _Task) -> _Tried:
    judged = judge(at, watch, task.spool.batches())
    found = outcome("", judged, task.spool, task.wanted, task.truth)
    seen = asked_for(judged.observed, task.wanted)
    trial = Trial(
        thresholds={},
        alerts=len(found.alerts),
        alerts_per_day=found.alerts_per_day,
        digested=found.digested,
        unjudged=len(found.alerts) - found.scores.judged,
        scores=found.scores,
    )
    return _Tried(trial, sum(not case.uids.isdisjoint(seen) for case in task.truth.cases), found.days)


# --- what comes of it ------------------------------------------------------------------------------------------------


def frontier(trials: Iterable[Trial]) -> tuple[Trial, ...]:
    """The trials with those marked that no other beats. Without verdicts there is nothing to beat them by."""
    every = tuple(trials)
    marks = [_measures(one) for one in every]
    return tuple(
        msgspec.structs.replace(
            one, frontier=mine is not None and not any(_beats(other, mine) for other in marks if other is not None)
        )
        for one, mine in zip(every, marks, strict=True)
    )


def _measures(one: Trial) -> tuple[float, float, float] | None:
    """Precision, recall, and alerts as a negative number: more is better in all three. One that says nothing is never
    wrong.
    """
    scores = one.scores
    if scores.recall is None or (scores.precision is None and one.alerts):
        return None
    return 1.0 if scores.precision is None else scores.precision, scores.recall, -float(one.alerts)


def _beats(other: tuple[float, float, float], mine: tuple[float, float, float]) -> bool:
    return other != mine and all(theirs >= ours for theirs, ours in zip(other, mine, strict=True))


def suggestion(
    trials: Sequence[Trial], own: Thresholds, cases: int, most_a_day: float | None = None
) -> tuple[dict[str, Number], str]:
    """What to change, or nothing, and why.

    Only a set that is at least as precise and finds at least as much as the watch's own, with no more alerts (or no
    more than `most_a_day`), and better in one of these. Where the watch's own says more than `most_a_day`, the best by
    F1 (van Rijsbergen 1979) of those that do not.
    """
    if cases < ENOUGH:
        return {}, (
            f"Too few verdicts to suggest anything: {count(cases, 'case')} among these posts, {ENOUGH} are needed. "
            "Dismiss alerts with a verdict, or give --labels."
        )
    current = next(one for one in trials if one.current)
    mine = _measures(current)
    if mine is None:
        return {}, "None of the alerts that the watch's own thresholds give has a verdict: nothing to compare by."
    limit = current.alerts_per_day if most_a_day is None else most_a_day
    within = [one for one in trials if one.alerts_per_day <= limit and one.alerts]
    over = current.alerts_per_day > limit
    better = [
        one
        for one in within
        if (measures := _measures(one)) is not None
        and (
            over
            or (_beats((*measures[:2], 0.0), (*mine[:2], 0.0)) or (measures[:2] == mine[:2] and _fewer(one, current)))
        )
    ]
    if not better:
        if over:
            return {}, f"No combination keeps to {rate(limit)} alerts a day and still says anything."
        return {}, "No combination is better than the watch's own thresholds without being worse in something else."
    best = min(better, key=lambda one: (-_f1(one), one.alerts, _distance(one, own), sorted(one.thresholds.items())))
    changes = {key: value for key, value in best.thresholds.items() if value != getattr(own, key)}
    return changes, (
        f"Precision {_share(best.scores.precision)} instead of {_share(current.scores.precision)}, recall "
        f"{_share(best.scores.recall)} instead of {_share(current.scores.recall)}, {rate(best.alerts_per_day)} "
        f"alerts a day instead of {rate(current.alerts_per_day)}; {count(cases, 'case')} to tell by, and "
        f"{count(best.unjudged, 'alert')} that nobody has judged."
    )


def _fewer(one: Trial, than: Trial) -> bool:
    return one.alerts < than.alerts


def _f1(one: Trial) -> float:
    precision, recall = one.scores.precision or 0.0, one.scores.recall or 0.0
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _distance(one: Trial, own: Thresholds) -> int:
    """How many thresholds would change."""
    return sum(value != getattr(own, key) for key, value in one.thresholds.items())


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.2f}"


def page(tuned: Tuned) -> str:
    """A table for people, and the diff. `*`: the watch's own; `>`: on the frontier."""
    names = list(tuned.trials[0].thresholds)
    head = ("", *names, "alerts", "a day", "digest", "precision", "recall", "no verdict")
    rows = [head, *(_row(one, names) for one in tuned.trials)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(head))]
    posts, sets = count(tuned.posts, "post"), count(len(tuned.trials), "set")
    lines = [
        f"Watch {clean(tuned.watch)}: {posts} over {number(tuned.days)} days, under {sets} of thresholds.",
        "* the watch's own   > the frontier: no other is better in precision, recall or number, and worse in none",
        "",
    ]
    lines += ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines += ["", tuned.says]
    if tuned.diff:
        lines += ["", "To try it, and nothing changes before you do:", "", tuned.diff.rstrip("\n")]
    return "\n".join(lines) + "\n"


def _row(one: Trial, names: Sequence[str]) -> tuple[str, ...]:
    mark = ("*" if one.current else "") + (">" if one.frontier else "")
    values = (yaml_of.written(one.thresholds[name]) for name in names)
    shares = (_share(one.scores.precision), _share(one.scores.recall))
    return (
        mark, *values, f"{one.alerts:,}", rate(one.alerts_per_day), f"{one.digested:,}", *shares, f"{one.unjudged:,}",
    )  # fmt: skip
