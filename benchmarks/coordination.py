"""Coordination: exact counts on real retweets, edges that survive chance, false edges, and speed.

What is counted is held against brute force in the same run, edges against shuffled times: among all shares, among the
shares of an object (who shares what is kept), among those of an account.
"""

from __future__ import annotations

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from alerts.origins.coordination import LEVEL, Share, network
from benchmarks.report import Report, measured

BENCH = "coordination"
RETWEETS = Path("../shared/data/coortweet/russian_coord_tweets.csv.gz")
PUBLISHED = {60.0: 3_791, 10.0: 447}  # pairs of shares: Righetti & Balluff, CooRTweet, its own sample data
_SHUFFLES = 10


def run(report: Report, scale: float) -> None:
    speed(report, scale)
    if not RETWEETS.exists():
        print("  skipped: no data")
        return
    shares = _retweets()
    for window, published in PUBLISHED.items():
        found = network(shares, window=window)
        brute = _brute_force(shares, window)
        wrong = len({(edge.a, edge.b): edge.shares for edge in found.edges()}.items() ^ brute.items())
        note = f"{found.pairs} pairs of accounts, {len(found.repeated)} with two objects or more"
        what = f"pairs of shares within {window:g} s"
        report.add(BENCH, what, found.co_shares, "pairs", target=f"{published:,}", note=note)
        report.add(BENCH, f"{what}: pairs of accounts counted otherwise by brute force", wrong, "pairs", target="0")
        report.add(BENCH, f"{what}: edges that survive chance", len(found.kept()), "edges", note=f"q ≤ {LEVEL:g}")
        share = len(found.kept()) / max(1, len(found.repeated))
        report.add(BENCH, f"{what}: of the repeated ones", 100 * share, "%")
        for name, shuffle in _SHUFFLED.items():
            kept = pairs = 0
            for seed in range(max(1, int(_SHUFFLES * scale))):
                shuffled = network(shuffle(shares, seed), window=window)
                kept, pairs = kept + len(shuffled.kept()), pairs + shuffled.pairs
            note = f"{kept} of {pairs:,}"
            false = 100 * kept / max(1, pairs)
            report.add(BENCH, f"{what}: false edges, times shuffled {name}", false, "%", target="< 1", note=note)


def speed(report: Report, scale: float) -> None:
    """Shares of things of very unequal popularity, by accounts of unequal activity, with planted groups."""
    shares = _invented(int(200_000 * scale))
    with measured() as spent:
        found = network(shares)
    note = f"{found.pairs:,} pairs; planted edges kept: {sum(edge.a[0] == 'g' for edge in found.kept())} of 300"
    report.add(BENCH, f"{len(shares):,} shares", spent.cpu, "CPU seconds", target="< 5", note=note)


def _retweets() -> list[Share]:
    with gzip.open(RETWEETS, "rt", encoding="utf-8", newline="") as file:
        return [
            Share(row["object_id"], row["account_id"], float(row["timestamp_share"]), row["content_id"])
            for row in csv.DictReader(file)
        ]


def _brute_force(shares: Sequence[Share], window: float) -> Counter[tuple[str, str]]:
    """Every two shares of an object, as the definition says it, and nothing else."""
    active = Counter(share.account for share in shares)
    by_object = defaultdict(list)
    for share in shares:
        if active[share.account] >= 2:
            by_object[share.object].append(share)
    near = [
        (one, other)
        for same in by_object.values()
        for place, one in enumerate(same)
        for other in same[:place]
        if abs(one.at - other.at) <= window and one.account != other.account
    ]
    posts = {share.post for pair in near for share in pair}
    often = Counter(share.account for share in shares if share.post in posts)
    return Counter(
        (min(one.account, other.account), max(one.account, other.account))
        for one, other in near
        if often[one.account] >= 2 or often[other.account] >= 2
    )


def _shuffle_all(shares: Sequence[Share], seed: int) -> list[Share]:
    times = np.random.default_rng(seed).permutation([share.at for share in shares]).tolist()
    return [share._replace(at=at) for share, at in zip(shares, times, strict=True)]


def _shuffle_within(shares: Sequence[Share], seed: int, name: str) -> list[Share]:
    chance = np.random.default_rng(seed)
    places = defaultdict(list)
    for place, share in enumerate(shares):
        places[getattr(share, name)].append(place)
    shuffled = list(shares)
    for own in places.values():
        for place, other in zip(own, chance.permutation(own).tolist(), strict=True):
            shuffled[place] = shares[place]._replace(at=shares[other].at)
    return shuffled


_SHUFFLED: dict[str, Callable[[Sequence[Share], int], list[Share]]] = {
    "among all": _shuffle_all,
    "within objects": lambda shares, seed: _shuffle_within(shares, seed, "object"),
    "within accounts": lambda shares, seed: _shuffle_within(shares, seed, "account"),
}


def _invented(number: int) -> list[Share]:
    chance = np.random.default_rng(0)
    objects, accounts, week = 30_000, 20_000, 7 * 86_400.0
    planted = [
        Share(f"planted{group}-{thing}", f"g{group}-{member}", start + float(chance.uniform(0, 20)))
        for group in range(20)
        for thing in range(15)
        for start in [float(chance.uniform(0, week))]
        for member in range(6)
    ]
    left = max(0, number - len(planted))
    popular = 1.0 / np.arange(1, objects + 1) ** 0.9
    thing = chance.choice(objects, left, p=popular / popular.sum())
    account = np.minimum(chance.integers(0, accounts, left), chance.integers(0, accounts, left))
    at = chance.uniform(0, week, objects)[thing] + chance.exponential(6 * 3_600, left)
    columns = zip(thing.tolist(), account.tolist(), at.tolist(), strict=True)
    return planted + [Share(f"o{one}", f"a{who}", when) for one, who, when in columns]
