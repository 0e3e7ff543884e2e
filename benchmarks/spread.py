"""Early alerts and forecasts on Twitter15/16: 2,308 retweet trees in one interleaved stream. Labels are never read.

The stream goes through the alerts stage as any other does, in the order of its times, with one rule and a watch whose
thresholds are given below; what is expected is what the trees before led to expect. Forecasts come by the door of
`secondsource eval forecast`, in event time, so that no tree that was not over by then could teach anything.

The data lies outside the repository; where it is absent this bench says so.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from alerts.judging.stage import AlertsStage
from alerts.rules.uncorroborated_spike import UNCORROBORATED_SPIKE
from benchmarks import seismic
from benchmarks.cascades import TREES, Cascade, read
from benchmarks.report import Report, measured
from benchmarks.seismic import Floats
from secondsource.contracts.messages import (
    Account,
    AlertEvent,
    Earlier,
    Enriched,
    Language,
    Picture,
    Post,
    Sketch,
    Stance,
    Tick,
)
from secondsource.contracts.stage import Record
from secondsource.contracts.watch import Thresholds, Watch

BENCH = "spread"
#: What somebody would write for a watch where everything is retweeted a hundred times: none of it depends on a tree.
THRESHOLDS = Thresholds(min_interactions=150, max_surprise=0.05)
AGES = (900, 3_600, 21_600)
#: The general growth that stands in for missing history was fitted on the first so many trees: they are not measured.
FITTED_ON = 300
_REFIT = 100
_BATCH = 2_000


def run(report: Report, scale: float) -> None:
    if not TREES.exists():
        print("  skipped: no data")
        return
    cascades = read()[: max(400, int(2_308 * scale))]
    finals = np.array([len(cascade.shares) for cascade in cascades], dtype=np.float64)
    _alerts(report, cascades, finals)
    _forecasts(report, cascades, finals)


# --- how early -------------------------------------------------------------------------------------------------------


class _NoArchive:
    def earlier(self, _pictures: Sequence[Picture], _before: datetime, _limit: int) -> list[Earlier]:
        return []


def _alerts(report: Report, cascades: Sequence[Cascade], finals: Floats) -> None:
    with measured() as spent:
        reached, posts = _reached_at_alert(cascades)
    shares = np.array([reached.get(cascade.name, np.inf) for cascade in cascades]) / finals
    fired = np.isfinite(shares)
    top = finals >= np.quantile(finals, 0.9)
    rest = finals < np.quantile(finals, 0.75)
    shares = np.where(fired, shares, 1.0)
    note = f"{int((fired & top).sum())} of {int(top.sum())} had an alert; one without counts as 1"
    report.add(BENCH, "share of the final size at the alert, top 10 %, median", float(np.median(shares[top])), "",
               target="≤ .20", note=note)  # fmt: skip
    alerted = float(np.median(shares[top & fired])) if (top & fired).any() else 1.0
    report.add(BENCH, "the same, of those that had one", alerted, "")
    note = f"{int((fired & rest).sum())} of {int(rest.sum())}"
    report.add(BENCH, "alerts per 20 trees outside the top quarter", 20 * float(fired[rest].mean()), "",
               target="≤ 1", note=note)  # fmt: skip
    report.add(BENCH, "the alerts stage over these trees", posts / spent.cpu, "posts/s/core", note=f"{posts:,} posts")


def _reached_at_alert(cascades: Sequence[Cascade]) -> tuple[dict[str, float], int]:
    """By the name of a tree: its interactions when its alert opened. And how many posts there were."""
    watch = Watch(name="trees", thresholds=THRESHOLDS)
    stage = AlertsStage({watch.name: watch}, _NoArchive(), rules=(UNCORROBORATED_SPIKE,))
    reached: dict[str, float] = {}
    posts = 0
    for batch in _batches(cascades):
        posts += len(batch) - 1
        for out in stage.handle(batch):
            if isinstance(out.message, AlertEvent) and out.message.kind == "opened":
                name = out.message.story.claim_uid.removeprefix("x:")
                reached.setdefault(name, float(out.message.story.spread.interactions))
    return reached, posts


def _batches(cascades: Sequence[Cascade]) -> Iterator[list[Record]]:
    """All trees' posts in the order of their times, each batch with the tick that releases it."""
    acts = [(cascade.at, place, -1) for place, cascade in enumerate(cascades)]
    for place, cascade in enumerate(cascades):
        acts += [(cascade.at + after, place, share) for share, (after, _) in enumerate(cascade.shares)]
    acts.sort()
    for start in range(0, len(acts), _BATCH):
        part = acts[start : start + _BATCH]
        final = start + _BATCH >= len(acts)
        tick = Tick(collector="replay", at=_moment(part[-1][0]), final=final)
        yield [Record(_post(cascades[place], at, share)) for at, place, share in part] + [Record(tick)]


_UNDETERMINED, _NO_TEXT = Language(code="und", confidence=0.0), Sketch(exact="")


def _post(cascade: Cascade, at: float, share: int) -> Enriched:
    account = cascade.author if share < 0 else cascade.shares[share][1]
    root = f"x:{cascade.name}"
    post = Post(
        uid=root if share < 0 else f"{root}/{share}",
        platform="x",
        author=Account(uid=f"x:{account}", handle=account),
        text="",
        created_at=_moment(at),
        observed_at=_moment(at),
        collector="replay",
        watches=("trees",),
        repost_of="" if share < 0 else root,
    )
    return Enriched(
        watch="trees", post=post, language=_UNDETERMINED, sketch=_NO_TEXT, stance=Stance(label="asserts")
    )  # fmt: skip


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


# --- how far ---------------------------------------------------------------------------------------------------------


def _forecasts(report: Report, cascades: Sequence[Cascade], finals: Floats) -> None:
    answers = _asked(cascades)
    late = np.arange(len(cascades)) >= FITTED_ON
    held = []
    for age in AGES:
        told = [answers[cascade.name][age] for cascade in cascades]
        now = np.array([one["interactions"] for one in told], dtype=np.float64)
        minutes = f"{age // 60} min"
        ours = np.array([one["final"]["middle"] for one in told])
        states = np.array([seismic.state(np.array([at for at, _ in cascade.shares]), age) for cascade in cascades])
        for who, forecast, target in (
            ("ours", ours, "ahead of both"),
            ("same again", 2 * now, ""),
            ("SEISMIC", _seismic(cascades, states, finals), ""),
        ):
            _tell(report, f"final size from {minutes}: {who}", forecast[late], finals[late], target)
        for what, came, ranges in (
            ("the final size", finals, [one["final"] for one in told]),
            ("twice the age", _at(cascades, 2 * age), told),
        ):
            within = np.array([one["low"] <= x <= one["high"] for one, x in zip(ranges, came, strict=True)])
            held.append(within[late])
            note = f"median width {np.median([one['high'] - one['low'] for one in ranges]):.0f}"
            report.add(BENCH, f"80 % interval from {minutes} holds {what}", 100 * float(within[late].mean()), "%",
                       target="75–85", note=note)  # fmt: skip
    report.add(BENCH, "80 % interval, all of these", 100 * float(np.mean(np.concatenate(held))), "%", target="75–85")


def _asked(cascades: Sequence[Cascade]) -> dict[str, dict[int, dict[str, Any]]]:
    """The answers of `secondsource eval forecast`, by tree and age."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "acts.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for cascade in cascades:
                print(json.dumps({"id": cascade.name, "at": cascade.at, "account": cascade.author}), file=file)
                for after, account in cascade.shares:
                    print(json.dumps({"id": cascade.name, "at": cascade.at + after, "account": account}), file=file)
        command = [sys.executable, "-m", "secondsource.app", "eval", "forecast", "--ages", ",".join(map(str, AGES))]
        with path.open(encoding="utf-8") as lines:
            done = subprocess.run(command, stdin=lines, capture_output=True, text=True, encoding="utf-8", check=True)
    answers: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for line in map(json.loads, done.stdout.splitlines()):
        answers[line["id"]][int(line["age"])] = line
    return answers


def _seismic(cascades: Sequence[Cascade], states: Floats, finals: Floats) -> Floats:
    """Its corrections fitted anew every hundred trees, on all earlier ones as if they were over: more than it knows."""
    forecast = np.zeros(len(cascades))
    for start in range(0, len(cascades), _REFIT):
        known = slice(0, start or _REFIT)
        some = states[known][:, 0] > 0
        corrections = seismic.fitted(states[known][some], finals[known][some])
        forecast[start : start + _REFIT] = seismic.forecasts(states[start : start + _REFIT], *corrections)
    return forecast


def _at(cascades: Sequence[Cascade], age: float) -> Floats:
    return np.array([sum(after <= age for after, _ in cascade.shares) for cascade in cascades], dtype=np.float64)


def _tell(report: Report, what: str, forecast: Floats, came: Floats, target: str) -> None:
    errors = np.abs(forecast - came) / came
    note = f"Kendall τ {kendalltau(forecast, came).statistic:.3f}, median error {100 * np.median(errors):.1f} %"
    report.add(BENCH, what, 100 * float(errors.mean()), "% MAPE", target=target, note=note)
