"""`secondsource verdicts`: how good alerts were, by what analysts said of them; per watch and rule."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from statistics import median

from alerts.wording import count, duration, rate
from secondsource.contracts.messages import Struct
from secondsource.runtime.logs import escape
from store.alerting.verdicts import AlertHistory, verdict
from store.store import Store

_DAY = 86_400.0
_Z = 1.959964  # of the normal distribution, two-sided 95 %


class RuleRecord(Struct, frozen=True, kw_only=True):
    """The alerts of one watch that one rule led ("" for all of them).

    `precision` is the share of useful and known ones among those with a verdict, `low` and `high` its 95 % interval;
    None where there is no verdict. `acknowledged` alerts had an act of somebody, half of them within `acknowledge`
    seconds of being told of. `corroborated` ones were confirmed later, half of them by more than `lead` seconds.
    """

    watch: str
    rule: str
    alerts: int
    alerts_per_day: float
    useful: int
    known: int
    noise: int
    precision: float | None
    low: float | None
    high: float | None
    acknowledged: int
    acknowledge: float | None
    corroborated: int
    lead: float | None


def records(
    store: Store, watches: Sequence[str], since: datetime | None = None, until: datetime | None = None
) -> list[RuleRecord]:
    """Of each watch all its alerts together, then by rule, in order of name.

    Raises:
        SourceAway: the database did not answer.
    """
    found: list[RuleRecord] = []
    for watch in watches:
        histories = store.verdicts.histories(watch, since, until)
        days = _days(store, watch, since, until)
        rules = sorted({one.rule for one in histories})
        found.append(record(watch, "", histories, days))
        found += [record(watch, rule, [one for one in histories if one.rule == rule], days) for rule in rules]
    return found


def record(watch: str, rule: str, histories: Sequence[AlertHistory], days: float) -> RuleRecord:
    """These alerts in numbers, which came in so many days."""
    verdicts = [said for one in histories if (said := verdict(one.acts)) is not None]
    right = sum(said != "noise" for said in verdicts)
    low, high = interval(right, len(verdicts))
    waits = [wait for one in histories if (wait := _wait(one)) is not None]
    leads = [(one.corroborated_at - one.opened_at).total_seconds() for one in histories if one.corroborated_at]
    return RuleRecord(
        watch=watch,
        rule=rule,
        alerts=len(histories),
        alerts_per_day=_short(len(histories) / days) if days else 0.0,
        useful=verdicts.count("useful"),
        known=verdicts.count("known"),
        noise=verdicts.count("noise"),
        precision=_short(right / len(verdicts)) if verdicts else None,
        low=low,
        high=high,
        acknowledged=len(waits),
        acknowledge=median(waits) if waits else None,
        corroborated=len(leads),
        lead=median(leads) if leads else None,
    )


def interval(right: int, of: int) -> tuple[float | None, float | None]:
    """Wilson's 95 % interval of a share ("Probable inference", JASA 22, 1927); (None, None) of none."""
    if not of:
        return None, None
    share, z2 = right / of, _Z * _Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return _short(max(0.0, middle - half)), _short(min(1.0, middle + half))


def page(found: Iterable[RuleRecord]) -> str:
    """A table for people."""
    rows: list[tuple[str, ...]] = [
        ("watch", "rule", "alerts", "a day", "useful", "known", "noise", "precision", "acknowledged", "corroborated")
    ]
    rows += [_row(one) for one in found]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def _row(one: RuleRecord) -> tuple[str, ...]:
    share = "no verdicts"
    if one.precision is not None:
        share = f"{one.precision:.2f} ({one.low:.2f}–{one.high:.2f})"
    told = "–" if one.acknowledge is None else f"{one.acknowledged:,} in {duration(one.acknowledge)}"
    lead = "–" if one.lead is None else f"{one.corroborated:,} after {duration(one.lead)}"
    return (
        escape(one.watch),
        escape(one.rule) or "all",
        f"{one.alerts:,}",
        rate(one.alerts_per_day),
        f"{one.useful:,}",
        f"{one.known:,}",
        f"{one.noise:,}",
        share,
        told,
        lead,
    )


def few(found: Iterable[RuleRecord], enough: int) -> Iterator[str]:
    """A sentence for each watch with too few verdicts to go by."""
    for one in found:
        judged = one.useful + one.known + one.noise
        if not one.rule and judged < enough:
            yield f"{one.watch}: {count(judged, 'verdict')}; a share of fewer than {enough} says little."


def _wait(one: AlertHistory) -> float | None:
    """Seconds from being told to the first act; of what was told nowhere, from its opening."""
    if not one.acts:
        return None
    return max(0.0, (one.acts[0].at - (one.told_at or one.opened_at)).total_seconds())


def _days(store: Store, watch: str, since: datetime | None, until: datetime | None) -> float:
    """How long the watch has had posts within this time."""
    bounds = store.recorded.bounds(watch)
    if bounds is None:
        return 0.0
    start = bounds[0] if since is None else max(since, bounds[0])
    end = bounds[1] if until is None else min(until, bounds[1])
    return max((end - start).total_seconds(), 1.0) / _DAY if end > start else 0.0


def _short(value: float) -> float:
    return float(f"{value:.6g}")
