"""`secondsource baselines`: fit what a watch's stored past leads to expect, on demand and while the store runs.

A running alerts stage takes a new version up without a restart. It applies from some minutes after it was made, in
event time, so that whoever judges those minutes, now or in a replay, judges them by the same version.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from threading import Event

from msgspec.structs import replace

from alerts.memory.digests import digest
from alerts.wording import count, number
from secondsource.app.wiring import House
from secondsource.contracts.baselines import ONE_AGE, Baseline
from secondsource.contracts.errors import BadConfiguration

DAYS = 30  #: of the past, if nothing else is said
_LEAD = timedelta(minutes=10)
_LOOK_EVERY = 3_600.0  # seconds, for whether one is due
_AGES = ("1 min", "5 min", "15 min", "1 h", "4 h", "12 h", "24 h", "48 h")

_log = logging.getLogger(__name__)


def fit(
    at: House,
    watches: Sequence[str],
    since: datetime | None = None,
    until: datetime | None = None,
    applies_from: datetime | None = None,
) -> dict[str, Baseline | None]:
    """A new version for each watch, None where its past tells too little.

    From stories that opened from `since` (30 days before the end) to just before `until` (now); it applies from
    `applies_from` on, or from ten minutes from now.

    Raises:
        BadConfiguration: it would judge the very posts that it is made from.
        SourceAway: the database did not answer.
    """
    from store.baseline_fitting import fit as fitted_from  # noqa: PLC0415 -- pandas takes its time; few commands fit

    now = at.clock.now()
    start, end = _period(now, since, until)
    if applies_from is not None and applies_from < end:
        msg = (
            f"--applies-from {applies_from:%Y-%m-%dT%H:%M:%SZ} is before --to {end:%Y-%m-%dT%H:%M:%SZ}: what follows "
            "would be judged by itself; write the same moment as --to, or an earlier one"
        )
        raise BadConfiguration(msg)
    applies = _full_minute(applies_from or now + _LEAD)
    made: dict[str, Baseline | None] = {}
    for watch in watches:
        fitted = fitted_from(at.store, watch, start, end, digest, now)
        made[watch] = None if fitted is None else at.store.baselines.add(replace(fitted, applies_from=applies))
    return made


def too_few(at: House, watch: str, since: datetime | None = None, until: datetime | None = None) -> str:
    """Why there is none for a watch: how many stories it takes, and how many there are."""
    from store.baseline_fitting import FEWEST, opened  # noqa: PLC0415 -- pandas takes its time; few commands fit

    start, end = _period(at.clock.now(), since, until)
    there = count(opened(at.store, watch, start, end), "story", "stories")
    return (
        f"{watch}: {there} that opened {start:%Y-%m-%d} to {end:%Y-%m-%d}, and it takes {FEWEST}. "
        "Ask for more of the past with --from; until then the watch rests on what it sees itself"
    )


def _period(now: datetime, since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
    end = until or now
    return since or end - timedelta(days=DAYS), end


def _full_minute(moment: datetime) -> datetime:
    """That minute, or the next where it is within one: judges ask at full minutes."""
    down = moment.replace(second=0, microsecond=0)
    return down if down == moment else down + timedelta(minutes=1)


def keep_fitted(at: House, every: timedelta, stop: Event) -> None:
    """A new version for each watch whenever its newest is so old, or there is none and enough to make one."""
    while not stop.is_set():
        for watch in at.watches:
            if not stop.is_set():
                again = partial(_fit_where_due, at, watch.name, every)
                at.retry(again, stage="baselines", stop=stop, service="store")
        at.clock.wait(_LOOK_EVERY, stop)


def _fit_where_due(at: House, watch: str, every: timedelta) -> None:
    versions = at.store.baselines.all(watch)
    if versions and at.clock.now() - versions[-1].fitted_at < every:
        return
    made = fit(at, [watch])[watch]
    if made is not None:
        _log.info("baseline fitted", extra={"watch": watch, "version": made.version, "posts": made.posts})


def page(watch: str, versions: Sequence[Baseline]) -> str:
    """The versions of one watch, the newest in full, as text."""
    if not versions:
        return f"{watch}: none yet; it rests on what it sees itself\n"
    lines = [
        f"{watch}: version {one.version}, from {one.applies_from:%Y-%m-%d %H:%M}, "
        f"of {count(one.ages[0].history, 'story', 'stories')} "
        f"that opened {one.data_from:%Y-%m-%d} to {one.data_until:%Y-%m-%d}"
        for one in versions
    ]
    newest = versions[-1]
    lines.append("  age     expected  dispersion  stories")
    lines += [
        f"  {age:<7} {number(round(one.mean, 2)):>8}  {one.dispersion:>10.2f}  {one.history:>7,}"
        for age, one in zip(_AGES, newest.ages, strict=True)
    ]
    if newest.classes:
        low = (0, *newest.bounds)
        lines.append(f"  after {_AGES[ONE_AGE]}, by followers:")
        for bound, usual in zip(low, newest.classes, strict=True):
            lines.append(f"  from {bound:>11,} {number(round(usual.mean, 2)):>8}  {usual.posts:>7,} stories")
    lines.append(f"  known by themselves: {count(len(newest.accounts), 'account')}")
    return "\n".join(lines) + "\n"
