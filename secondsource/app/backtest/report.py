"""A backtest as a page of text, and as a table for spreadsheets. The same backtest gives the same bytes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

from alerts.quoting import clean, clipped, isolated
from alerts.wording import KINDS, count, duration, rate
from secondsource.app.backtest.judging import Difference, Fired, Outcome, Report

_CLAIM = 160  # characters of a story's words
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = (
    "configuration", "alert", "opened_at", "rule", "rules", "label", "headline", "claim", "post", "interactions",
    "expected", "surprise", "independent", "posts", "digest", "ends", "ended_at", "posts_in_the_end", "lead_seconds",
)  # fmt: skip


def page(report: Report) -> str:
    """What would have been alerted, when and why; beside a second configuration where there is one."""
    lines = [_title(report), ""]
    lines += _figures(report)
    for outcome in report.outcomes:
        if len(report.outcomes) > 1:
            lines += ["", f"ALERTS OF {clean(outcome.name)}"]
        lines += [line for fired in outcome.alerts for line in ("", *_alert(fired))]
    if report.difference is not None:
        lines += ["", "WHAT DIFFERS", *_differences(report, report.difference)]
    return "\n".join(lines) + "\n"


def table(report: Report) -> str:
    """CSV with a line an alert and configuration. No cell begins as a formula would: a "'" stands before it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for outcome in report.outcomes:
        for fired in outcome.alerts:
            writer.writerow(map(harmless, _cells(outcome, fired)))
    return out.getvalue()


def harmless(cell: object) -> object:
    """A text that no spreadsheet takes for a formula; anything else as it is."""
    if not isinstance(cell, str):
        return cell
    text = clean(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _cells(outcome: Outcome, fired: Fired) -> tuple[object, ...]:
    return (
        outcome.name,
        fired.alert_id,
        fired.opened_at.isoformat(),
        fired.rule,
        " ".join(fired.rules),
        fired.label,
        fired.headline,
        fired.claim,
        fired.claim_uid,
        fired.interactions,
        fired.expected,
        fired.surprise,
        fired.independent,
        fired.posts,
        "yes" if fired.digest else "no",
        fired.ends,
        fired.ended_at.isoformat(),
        fired.posts_in_the_end,
        fired.lead_seconds,
    )


def _title(report: Report) -> str:
    first = report.outcomes[0]
    when = "nothing"
    start, end = report.since or first.first, report.until or first.last
    if start is not None and end is not None:
        when = f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
    learnt = f", after {count(first.before, 'earlier one', 'earlier ones')} to learn from" if first.before else ""
    title = f"Watch {report.watch}, {when}: {count(first.posts, 'post')}{learnt}."
    if first.refused:
        title += f" {count(first.refused, 'record')} could not be handled."
    if report.removed:
        title += f" {count(report.removed, 'post')} of any watch, taken down in that time, cannot be replayed."
    return title


def _figures(report: Report) -> Iterator[str]:
    scores = [each.scores for each in report.outcomes]
    rows = [("", [clean(each.name) for each in report.outcomes])] if len(report.outcomes) > 1 else []
    rows += [
        ("alerts", [f"{len(each.alerts):,}" for each in report.outcomes]),
        ("alerts a day", [rate(each.alerts_per_day) for each in report.outcomes]),
        ("of them in a digest", [f"{each.digested:,}" for each in report.outcomes]),
        *_by(report, {rule for each in report.outcomes for rule in each.by_rule}, "by_rule", "led by"),
        *_by(report, {label for each in report.outcomes for label in each.by_label}, "by_label", "labelled"),
        ("precision", [_share(each.precision, each.right, each.judged) for each in scores]),
        ("recall", [_share(each.recall, each.found, each.wanted) for each in scores]),
    ]  # fmt: skip
    widths = [max(len(cells[place]) for _, cells in rows) for place in range(len(report.outcomes))]
    for name, cells in rows:
        padded = "  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
        yield f"  {name:<34}{padded}".rstrip()
    if not report.cases:
        yield "  No alert of this watch has a verdict and no labels were given: nothing to say precision by."


def _by(report: Report, words: set[str], field: str, said: str) -> Iterator[tuple[str, list[str]]]:
    for word in sorted(words):
        counts: list[Mapping[str, int]] = [getattr(each, field) for each in report.outcomes]
        yield f"  {said} {clipped(word, 24)}", [f"{each.get(word, 0):,}" for each in counts]


def _share(share: float | None, of: int, among: int) -> str:
    return "no verdicts" if share is None else f"{share:.2f} ({of:,} of {among:,})"


def _alert(fired: Fired) -> Iterator[str]:
    label = f"  [{clipped(fired.label, 40)}]" if fired.label else ""
    rules = fired.rule + "".join(f" + {rule}" for rule in fired.rules if rule != fired.rule)
    digest = ", in a digest" if fired.digest else ""
    yield f"{fired.opened_at:%Y-%m-%d %H:%M:%S}  {rules}{digest}{label}"
    yield f"  {clean(fired.headline)}"
    yield f"  “{isolated(clipped(fired.claim, _CLAIM))}” ({clean(fired.claim_uid)})"
    for sentence in fired.why:
        yield f"  - {clean(sentence)}"
    for step in fired.steps:
        if step.kind != "updated":
            yield f"  {step.at:%Y-%m-%d %H:%M:%S}  {KINDS[step.kind]}: {clean(step.headline)}"
    ahead = "before" if fired.lead_seconds >= 0 else "after"
    late = duration(abs(fired.lead_seconds))
    yield f"  {count(fired.posts_in_the_end, 'post')} in the end; {late} {ahead} the middle one of them."


def _differences(report: Report, difference: Difference) -> Iterator[str]:
    first, second = report.outcomes
    by_id = [{each.alert_id: each for each in outcome.alerts} for outcome in report.outcomes]
    for outcome, alone, ids in ((first, by_id[0], difference.only_first), (second, by_id[1], difference.only_second)):
        yield f"Only {clean(outcome.name)}: {count(len(ids), 'alert')}."
        for name in ids:
            fired = alone[name]
            yield f"  {fired.opened_at:%Y-%m-%d %H:%M:%S}  “{isolated(clipped(fired.claim, 80))}”"
    earlier = [pair.earlier_seconds for pair in difference.both if pair.earlier_seconds]
    yield f"Both: {count(len(difference.both), 'alert')}, {len(earlier):,} of them at another time."
    for pair in difference.both:
        if pair.earlier_seconds:
            by = duration(abs(pair.earlier_seconds))
            when = "earlier" if pair.earlier_seconds > 0 else "later"
            yield f"  {by} {when} by {clean(second.name)}: “{isolated(clipped(by_id[0][pair.first].claim, 80))}”"
