"""Earlier fact-checks of what posts say: CheckThat! 2022, task 2A (English), beside BM25 in the same run.

The data lies outside the repository; where it is absent this bench says so.
"""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import tarfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import sentences
from benchmarks.report import Report

DATA = Path("../shared/data/checkthat2022_2a")
_QUERIES = ("CT2022-Task2A-EN-Train-Dev_Queries.tsv", "CT2022-Task2A-EN-Dev-Test_Queries.tsv")
_PARTS = {"dev": "CT2022-Task2A-EN-Dev_QRELs.tsv", "dev-test": "CT2022-Task2A-EN-Dev-Test_QRELs.tsv"}
_SIGNED = re.compile(r"([A-Z][a-z]+ \d{1,2}, \d{4})\s*$")
_DEPTH = 5


class Task(NamedTuple):
    """`claims`: id → title, subtitle, vclaim, date; `queries`: id → text; `relevant`: part → query → claims."""

    claims: dict[str, dict[str, str]]
    queries: dict[str, str]
    relevant: dict[str, dict[str, set[str]]]


def run(report: Report, scale: float) -> None:
    if not DATA.is_dir():
        print("  skipped: no data")
        return
    task = read()
    asked = {name for relevant in task.relevant.values() for name in list(relevant)[: max(1, int(scale * 250))]}
    found, spent = _ours(task, asked)
    _tell(report, task, asked, "ours, no model", found.ours, "> .85")
    report.add("factchecks", "indexing 14,231 claims, and a query each", spent, "s")
    _time_aware(report, task, asked, "ours, no model", found.earlier)
    model = sentences.folder()
    if model is not None:
        found, spent = _ours(task, asked, model)
        _tell(report, task, asked, "ours, with a model", found.ours, "> .90")
        report.add("factchecks", "the same, with a model", spent, "s", note="a vector for each claim, once")
        _time_aware(report, task, asked, "ours, with a model", found.earlier)
    try:
        baseline = _bm25(task, asked)
    except ImportError:
        print("  BM25 skipped: rank_bm25 is not installed (the bench extra)")
    else:
        _tell(report, task, asked, "BM25 (rank_bm25, claim and title)", baseline, "")


def read() -> Task:
    claims: dict[str, dict[str, str]] = {}
    with tarfile.open(DATA / "vclaims.tar.gz") as archive:
        for member in archive:
            body = archive.extractfile(member)
            if body is not None and member.name.endswith(".json"):
                claim = json.load(body)
                claims[claim["vclaim_id"]] = claim
    queries: dict[str, str] = {}
    for name in _QUERIES:
        with (DATA / name).open(encoding="utf-8", newline="") as file:
            queries |= {row[0]: row[1] for row in csv.reader(file, delimiter="\t")}
    return Task(claims, queries, {part: relevant_of(name) for part, name in _PARTS.items()})


def relevant_of(name: str) -> dict[str, set[str]]:
    """Query → the claims that it is about."""
    relevant: dict[str, set[str]] = {}
    with (DATA / name).open(encoding="utf-8") as file:
        for line in file:
            query, _, claim, _ = line.split()
            relevant.setdefault(query, set()).add(claim)
    return relevant


def average_precision(found: list[str], relevant: set[str]) -> float:
    """AP@5 of one query."""
    hits, total = 0, 0.0
    for place, name in enumerate(found[:_DEPTH], start=1):
        if name in relevant:
            hits += 1
            total += hits / place
    return total / min(len(relevant), _DEPTH)


def _tell(report: Report, task: Task, asked: set[str], who: str, found: dict[str, list[str]], target: str) -> None:
    scores: list[float] = []
    for part, relevant in task.relevant.items():
        part_scores = [average_precision(found[q], claims) for q, claims in relevant.items() if q in asked]
        report.add("factchecks", f"MAP@5 {part}: {who}", float(np.mean(part_scores)), "", target=target)
        scores += part_scores
    report.add("factchecks", f"MAP@5 both: {who}", float(np.mean(scores)), f"({len(scores)} posts)", target=target)


class _Found(NamedTuple):
    """Claims found for each query: of all, and of those published before it."""

    ours: dict[str, list[str]]
    earlier: dict[str, list[str]]


def _ours(task: Task, asked: set[str], model: Path | None = None) -> tuple[_Found, float]:
    lines: list[dict[str, Any]] = [
        {
            "claim": claim["vclaim"], "title": claim["title"], "text": claim.get("subtitle") or "", "id": name,
            "date": _day(claim["date"], "%d %B %Y"),
        }
        for name, claim in task.claims.items()
    ]  # fmt: skip
    for query in sorted(asked):  # without a date it asks for all
        lines.append({"query": task.queries[query], "id": query})
        lines.append({"query": task.queries[query], "id": f"{query} dated", "date": signed(task.queries[query])})
    command = [sys.executable, "-m", "secondsource.app", "eval", "factchecks", "--dated"]
    command += [] if model is None else ["--model", str(model)]
    begun = time.perf_counter()
    done = subprocess.run(
        command, input="\n".join(map(json.dumps, lines)), capture_output=True, text=True, encoding="utf-8", check=True
    )
    spent = time.perf_counter() - begun
    answers = {
        one["id"]: [match["id"] for match in one["matches"]] for one in map(json.loads, done.stdout.splitlines())
    }
    return _Found({one: answers[one] for one in asked}, {one: answers[f"{one} dated"] for one in asked}), spent


def _bm25(task: Task, asked: set[str]) -> dict[str, list[str]]:
    from rank_bm25 import BM25Okapi

    names = list(task.claims)
    index = BM25Okapi([_plain(f"{task.claims[name]['title']} {task.claims[name]['vclaim']}") for name in names])
    found: dict[str, list[str]] = {}
    for query in sorted(asked):
        scores = index.get_scores(_plain(re.sub(r"(?:https?://|www\.|pic\.)\S+", " ", task.queries[query])))
        found[query] = [names[place] for place in np.argsort(-scores, kind="stable")[:_DEPTH]]
    return found


def _plain(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _time_aware(report: Report, task: Task, asked: set[str], who: str, found: dict[str, list[str]]) -> None:
    """Of posts whose check was published before them, only earlier checks being asked for; most checks come after."""
    relevant = {query: claims for part in task.relevant.values() for query, claims in part.items() if query in asked}
    earlier = {
        query: before
        for query, claims in relevant.items()
        if (at := signed(task.queries[query]))
        and (before := {name for name in claims if "" < _day(task.claims[name]["date"], "%d %B %Y") < at})
    }
    if not earlier:
        return
    dated = sum(bool(signed(task.queries[query])) for query in relevant)
    score = float(np.mean([average_precision(found[query], before) for query, before in earlier.items()]))
    note = f"the {len(earlier)} of {dated} dated posts whose check was out the day before"
    report.add("factchecks", f"MAP@5 time-aware: {who}", score, "", note=note)


def signed(text: str) -> str:
    """The day that ends an embedded tweet, as ISO 8601; "" where there is none."""
    found = _SIGNED.search(text)
    return _day(found[1], "%B %d, %Y") if found else ""


def _day(text: str, how: str) -> str:
    try:
        return datetime.strptime(text, how).replace(tzinfo=UTC).date().isoformat()
    except ValueError:
        return ""
