"""Same incident, independent source: pairs of real videos of one place and day by different sources, against others.

What is judged are words, time and source of each video; where it was made is known from the archive's own columns,
which the judgement does not see. Ids of fifty pairs it links are printed, to be read by hand.

Read by hand on 2026-11-22, fifty of the pairs that were linked before a source's own name counted: 34 tell of one
incident; of 15 it cannot be told (in 9 one text has no more than a local network's name with the place in it, 6 may be
of two strikes on one place on one day); 1 is of two (its own text gives another date). The archive's columns count 44
of the fifty right: the other 6 are videos of casualties of one attack, named in both texts, that were filmed in a
hospital of another place. Such pairs of one day are most of those that the columns count wrong; so precision is given
over days, too. A local source that shows the casualties of another place is what most of them have in common.

The stories of the pipeline are another thing: an attack on five suburbs is one story, of which the columns make five.
They are given beside it, with the archive's places as a gazetteer.

Tried, and left out: to take the place in a source's name where its text names none. Recall rises to .35, but only .83
of what it adds is right. Hours between the two, or words in common, tell nothing more.
"""

from __future__ import annotations

import csv
import random
import tempfile
from collections import Counter, defaultdict
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from alerts.origins.incidents import Place, PlaceNames, Statement, same_incident
from benchmarks import same_claim
from benchmarks.report import Report
from secondsource.contracts.folding import fold

BENCH = "corroboration"
DATA = Path("../shared/data/corroboration")
_SAMPLED = 50
_UNKNOWN = {"", "NA"}


class _Video(NamedTuple):
    id: str
    told: Statement
    place: str
    day: str


def run(report: Report, scale: float) -> None:
    if not DATA.is_dir():
        print("  skipped: no data")
        return
    videos = _videos()[: int(2_000 * scale)]
    places = _places()
    by_day = defaultdict(list)
    for video in videos:
        by_day[video.day].append(video)
    pairs = [pair for same in by_day.values() for pair in combinations(same, 2)]
    apart = [(a, b) for a, b in pairs if fold(a.told.source) != fold(b.told.source)]
    true = {(a.id, b.id) for a, b in apart if a.place == b.place}
    linked = [(a.id, b.id) for a, b in pairs if same_incident(a.told, b.told, places)]
    right = sum(pair in true for pair in linked)
    note = f"{right} of {len(linked)} linked; {len(true):,} true pairs among {len(videos):,} videos"
    report.add(BENCH, "precision of linked pairs", right / max(1, len(linked)), "", target="> .9", note=note)
    each_day = defaultdict(list)
    day_of = {video.id: video.day for video in videos}
    for pair in linked:
        each_day[day_of[pair[0]]].append(pair in true)
    mean = sum(sum(found) / len(found) for found in each_day.values()) / max(1, len(each_day))
    note = f"{len(each_day)} days; one day of many places makes most of the wrong pairs"
    report.add(BENCH, "precision of linked pairs, each day weighing the same", mean, "", note=note)
    low, high = _over_days(list(each_day.values()))
    note = f"days drawn again 1,000 times: 90 % between {low:.3f} and {high:.3f}"
    apart_from = max(each_day.values(), key=lambda found: len(found) - sum(found), default=[])
    others = [pair for found in each_day.values() if found is not apart_from for pair in found]
    report.add(BENCH, "precision without the day of most wrong pairs", sum(others) / max(1, len(others)), "", note=note)
    report.add(BENCH, "recall of linked pairs", right / max(1, len(true)), "")
    named = {video.id: places.named(video.told.text) for video in videos}
    reachable = sum(bool(named[a] and named[b]) for a, b in true)
    report.add(BENCH, "true pairs of which both texts name a place", reachable / max(1, len(true)), "")
    report.add(BENCH, "precision of same day, other source (baseline)", len(true) / max(1, len(apart)), "")
    words = {video.id: set(fold(video.told.text).split()) for video in videos}
    common = Counter(word for said in words.values() for word in said)
    rare = {word for word, number in common.items() if number <= 0.02 * len(videos)}
    told = [(a.id, b.id) for a, b in apart if len(words[a.id] & words[b.id] & rare) >= 2]
    both = sum(pair in true for pair in told)
    report.add(BENCH, "precision of two rare words in common (baseline)", both / max(1, len(told)), "")
    report.add(BENCH, "recall of two rare words in common (baseline)", both / max(1, len(true)), "")
    stories = _stories(videos)
    together = [(a.id, b.id) for a, b in apart if stories[a.id] == stories[b.id]]
    both = sum(pair in true for pair in together)
    note = f"{both} of {len(together)}; stories of one attack on many places count as wrong"
    report.add(BENCH, "precision of pairs of one story (the pipeline)", both / max(1, len(together)), "", note=note)
    report.add(BENCH, "recall of pairs of one story (the pipeline)", both / max(1, len(true)), "")
    print("  to be read by hand (ids of the archive):")
    for one, other in random.Random(0).sample(linked, min(_SAMPLED, len(linked))):
        print(f"    {one} {other}")


def _stories(videos: list[_Video]) -> dict[str, str]:
    """The story that the pipeline puts each video into, silent for a day at most."""
    lines = [{"id": one.id, "text": one.told.text, "at": one.told.at, "author": one.told.source} for one in videos]
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".tsv") as places:
        for row in _rows("syrian_places.csv"):
            name = row["Neighborhood"]
            places.write(f"{name}\tplace\t{name}\t\t{row['Latitude']},{row['Longitude']}\n")
        places.flush()
        judged = same_claim.judged(lines, "--hours", "24", "--gazetteer", places.name)
    return {name: post["story"] for name, post in judged.items()}


def _over_days(days: list[list[bool]]) -> tuple[float, float]:
    """What precision lies between in 90 of 100 archives of as many days like these."""
    pick = random.Random(0)
    drawn = [[pick.choice(days) for _ in days] for _ in range(1_000)] if days else [[[False]]]
    shares = sorted(sum(map(sum, found)) / sum(map(len, found)) for found in drawn)
    return shares[len(shares) // 20], shares[-1 - len(shares) // 20]


def _videos() -> list[_Video]:
    rows = [
        row for row in _rows("syrian_archive_until_2015.csv") if not {row["Neighborhood"], row["Source"]} & _UNKNOWN
    ]
    return [
        _Video(
            row["Reference_Code"],
            Statement(row["Source"], _at(row["Recording_Date"], row["Recording_Hour"]), row["Description"]),
            row["Neighborhood"].strip(),
            row["Recording_Date"],
        )
        for row in rows
    ]


def _at(day: str, hour: str) -> float:
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() + 3600 * min(23.0, float(hour or 0))


def _places() -> PlaceNames:
    return PlaceNames(Place(row["Neighborhood"], (row["Neighborhood"],)) for row in _rows("syrian_places.csv"))


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
