"""What a backtest of real posts with known labels says: alerts raised for each event, and how early.

The posts, their pictures and their labels lie outside the repository; where they are absent this bench says so. The
labels are the data set's, words included ("fake": the picture is not of what the post says); they are read here alone,
after everything has been judged, and are printed as they are. They say of a picture whether it is what it is said to
be, not whether its story was worth an alert: a real picture that only one source shows is uncorroborated as well.
"""

from __future__ import annotations

import csv
import re
import statistics
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Event

from benchmarks.real_input import DATA
from benchmarks.report import Report, measured
from config.loader import Configuration
from secondsource.app import wiring
from secondsource.app.backtest import judging
from secondsource.app.backtest.judging import Fired
from secondsource.app.backtest.labels import Case, Truth
from secondsource.app.backtest.posts import Wanted
from secondsource.app.configuring import load

BENCH = "backtest-mediaeval"
_POSTS = DATA / "posts.tsv"


def run(report: Report, scale: float) -> None:  # noqa: ARG001 - the data is as large as it is
    if not DATA.is_dir():
        print("  skipped: no data")
        return
    labels, events = _known()
    truth = Truth((Case(uid, label, frozenset({uid})) for uid, label in labels.items()), ["fake"])
    wanted = Wanted(
        watch="real", files=(_POSTS,), mapping="mediaeval2016", take="all", pictures=DATA / "images"
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        configuration = _configured(Path(folder))
        with wiring.house(configuration) as at, measured() as spent:
            found = judging.backtest(at, [("", configuration)], wanted, truth, Event())
    (outcome,) = found.outcomes
    report.add(BENCH, "posts replayed", outcome.posts / spent.wall, "posts/s", note=f"{outcome.posts:,} of them")
    _tell(report, "all events", outcome.alerts, list(labels.values()), outcome.days)
    report.add(BENCH, "posts with label “fake” in alerted stories", outcome.scores.recall or 0.0, "share")
    by_event: dict[str, list[Fired]] = defaultdict(list)
    for fired in outcome.alerts:
        by_event[events.get(fired.claim_uid, "unknown")].append(fired)
    sizes = Counter(events.values())
    for event, size in sizes.most_common():
        told = [label for uid, label in labels.items() if events[uid] == event]
        alerts = by_event.get(event, [])
        fake = sum(one.label == "fake" for one in alerts)
        note = f"of {size:,} posts {told.count('fake') / size:.2f} “fake”"
        if alerts:
            lead = statistics.median(one.lead_seconds for one in alerts)
            note = f"{fake} “fake”; median lead {lead / 60:,.0f} min; {note}"
        report.add(BENCH, f"alerts in {event}", len(alerts), "alerts", note=note)


def _tell(report: Report, what: str, alerts: Sequence[Fired], labels: Sequence[str], days: float) -> None:
    report.add(BENCH, f"alerts, {what}", len(alerts), "alerts")
    if not alerts:
        return
    said = Counter(one.label for one in alerts)
    note = ", ".join(f"{number} {label or 'without a label'}" for label, number in said.most_common())
    report.add(BENCH, "share of alerts with label “fake”", said["fake"] / len(alerts), "share", note=note)
    report.add(BENCH, "share of posts with it (all alerts at random)", labels.count("fake") / len(labels), "share")
    leads = [one.lead_seconds for one in alerts]
    before = sum(lead > 0 for lead in leads)
    report.add(BENCH, "median lead over the median copy", statistics.median(leads) / 60, "min",
               note=f"{before} of {len(leads)} before it")  # fmt: skip
    for rule, number in Counter(one.rule for one in alerts).most_common():
        fake = sum(one.label == "fake" for one in alerts if one.rule == rule)
        report.add(BENCH, f"alerts led by {rule}", number, "alerts", note=f"{fake} “fake”; {days:,.0f} days")


def _known() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Label and event of each post. A post's event is the beginning of its pictures' names."""
    labels: dict[str, str] = {}
    events: dict[str, str] = {}
    with _POSTS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            uid = f"x:{row['post_id']}"
            labels[uid] = row["label"]
            first = row["image_id(s)"].partition(",")[0]
            events[uid] = re.split(r"_(?:fake|real|video|\d)|\d+$", first)[0].rstrip("_").lower()
    return labels, events


def _configured(folder: Path) -> Configuration:
    (folder / "watches").mkdir()
    (folder / "watches" / "real.yaml").write_text("watches: [{name: real, hashtags: [real]}]\n", encoding="utf-8")
    roots = f"enrich: {{media: {{roots: ['{(DATA / 'images').resolve()}']}}}}\n"
    (folder / "secondsource.yaml").write_text(
        f"notify: {{console: false}}\nmetrics: {{port: 0}}\n{roots}", encoding="utf-8"
    )  # fmt: skip
    return load(folder, {"SECONDSOURCE_STORE_URL": f"sqlite:///{folder}/none.sqlite"})
