"""The finder of bursts on real counts of tweets, by the NAB score, next to others; how far its settings matter; speed.

Same settings and one threshold for every file; each row is scored by what came before it.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import numpy as np

from alerts.spread.bursts import SETTINGS, Bursts, Settings
from alerts.spread.volume import BUCKET, Volume
from benchmarks import nab
from benchmarks.report import Report, measured
from secondsource.app.evaluation.lines import Lines
from secondsource.app.evaluation.spikes import Rows, judge_spikes
from secondsource.contracts.watch import Thresholds

BENCH = "spikes"
FOLDER = Path("../shared/data/nab_realtweets")
#: Standard profile, on all ten realTweets series: their results as published with NAB, and the ARTime paper.
PUBLISHED = {"ARTime": 81.8, "CAD-OSE": 74.5, "HTM": 68.0, "Twitter ADVec": 59.6, "windowed Gaussian": 51.4}
_TURNED = 1.5
_DRAWS = 24


def run(report: Report, scale: float) -> None:
    speed(report, scale)
    if not FOLDER.exists():
        print("  skipped: no data")
        return
    series, profiles = nab.load(FOLDER), nab.profiles(FOLDER)
    standard = profiles["standard"]
    ours = {name: by_the_door(own) for name, own in series.items()}
    for name, profile in profiles.items():
        scored = nab.best(series, ours, profile)
        target = "> 82" if name == "standard" else ""
        what = f"NAB {name.replace('_', ' ')}, {len(series)} series"
        report.add(BENCH, what, scored.score, "of 100", target=target, note=f"threshold {scored.threshold:.3f}")
    threshold = nab.best(series, ours, standard).threshold
    for name, own in series.items():
        alone = nab.at({name: own}, ours, standard, threshold).score
        highest = nab.best({name: own}, ours, standard).score
        report.add(BENCH, f"  {name}", alone, "of 100", note=f"{highest:.1f} with a threshold of its own")
    left_out(report, series, ours, standard)
    asked = Thresholds().max_volume_surprise
    rule = 1.0 - asked**0.25
    at_rule = nab.at(series, ours, standard, rule).score
    report.add(
        BENCH, f"  at a surprise of {asked:g}, as the rule asks for", at_rule, "of 100", note=f"threshold {rule:.3f}"
    )
    gaussian = {name: windowed_gaussian(own.values) for name, own in series.items()}
    again = nab.best(series, gaussian, standard).score
    report.add(BENCH, "  windowed Gaussian, run again here", again, "of 100")
    for name, score in PUBLISHED.items():
        report.add(BENCH, f"  {name}, as published for all ten series", score, "of 100")
    turned(report, series, standard, max(2, round(_DRAWS * scale)))


def by_the_door(series: nab.Series) -> list[float]:
    """Scores as `secondsource eval spikes` writes them."""
    rows = [f"{timestamp},{value}" for timestamp, value in zip(series.timestamps, series.values, strict=True)]
    out, told = StringIO(), StringIO()
    judge_spikes(Rows(StringIO("\n".join(["timestamp,value", *rows])), told), out)
    return [line["score"] for _, line in Lines(StringIO(out.getvalue()), told)]


def left_out(report: Report, series: Mapping[str, nab.Series], scores: nab.Scores, profile: nab.Profile) -> None:
    """Each series at the threshold that serves the others best, weighed by its windows."""
    total = windows = 0.0
    for name, own in series.items():
        others = {other: held for other, held in series.items() if other != name}
        threshold = nab.best(others, scores, profile).threshold
        total += len(own.windows) * nab.at({name: own}, scores, profile, threshold).score
        windows += len(own.windows)
    report.add(BENCH, "  each series at the threshold of the others", total / windows, "of 100")


def turned(report: Report, series: Mapping[str, nab.Series], profile: nab.Profile, draws: int) -> None:
    """All settings at once, each by a random factor up to a half up or down."""
    chance = random.Random(0)
    found = []
    for _ in range(draws):
        settings = _turned(chance)
        scores = {name: _scores(own, settings) for name, own in series.items()}
        found.append(nab.best(series, scores, profile).score)
    low, middle, high = np.quantile(found, [0.1, 0.5, 0.9])
    note = f"{draws} draws: 10 % below {low:.1f}, 10 % above {high:.1f}; mean {np.mean(found):.1f}"
    report.add(
        BENCH, f"  all settings turned by up to ×{_TURNED:g} or ÷{_TURNED:g}", float(middle), "of 100", note=note
    )


def _turned(chance: random.Random) -> Settings:
    def turn(value: float) -> float:
        return value * math.exp(chance.uniform(-1, 1) * math.log(_TURNED))

    numbers = {name: turn(value) for name, value in SETTINGS._asdict().items() if isinstance(value, float)}
    numbers["grown"] = 1.0 + turn(SETTINGS.grown - 1.0)
    windows = chance.choice([(2, 3, 6), (2, 3, 4), (2, 4, 6), (2, 3, 8), (1, 3, 6), (3, 4, 6), (2, 4, 8), (2, 3, 5)])
    return SETTINGS._replace(windows=windows, **numbers)


def _scores(series: nab.Series, settings: Settings) -> list[float]:
    moments = [datetime.fromisoformat(timestamp).replace(tzinfo=UTC).timestamp() for timestamp in series.timestamps]
    bursts = Bursts(moments[1] - moments[0], settings)
    return [bursts.take(at, value).score for at, value in zip(moments, series.values, strict=True)]


def windowed_gaussian(values: list[float], window: int = 6_400, step: int = 100) -> list[float]:
    """NAB's own simple finder: a normal distribution's tail, over the rows before, renewed every `step`."""
    kept: deque[float] = deque(maxlen=window)
    scores = []
    mean, deviation, fresh = 0.0, 1.0, 0
    for value in values:
        scores.append(1.0 - 0.5 * math.erfc(abs(value - mean) / deviation / math.sqrt(2.0)) if kept else 0.0)
        filling = len(kept) < window
        kept.append(value)
        fresh += 1
        if filling or fresh >= step:
            held = np.array(kept)
            mean, deviation, fresh = float(held.mean()), float(held.std()) or 1e-6, 0
    return scores


def speed(report: Report, scale: float) -> None:
    """What a post costs the watch it belongs to, and what a bucket does; what is saved."""
    posts = int(1_000_000 * scale)
    volume = Volume("velgrad")
    times = np.sort(np.random.default_rng(0).uniform(0.0, 30 * 86_400.0, posts)).tolist()
    with measured() as spent:
        for at in times:
            volume.post(at)
    buckets = int(30 * 86_400.0 / BUCKET)
    note = f"with {buckets:,} buckets closed on the way"
    report.add(BENCH, f"{posts:,} posts counted", 1e6 * spent.cpu / posts, "CPU µs a post", target="< 1", note=note)
    size = sum(len(body or b"") for body in volume.changes().values())
    report.add(BENCH, "saved memory of a watch", size, "bytes")
