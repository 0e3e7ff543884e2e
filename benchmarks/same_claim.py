"""Posts that make the same claim: CheckThat! 2022, task 2A (English), training part, as stories and beside baselines.

The data lies outside the repository; where it is absent this bench says so.

Posts here end with the day they were made on, which ours reads and TF-IDF takes for words. The weights of ours were
fitted to pairs of these posts: with each fifth of the claims left out in turn, pair F1 before stories close was .681
(.581 without how far days are apart), against .688 with all of them. The weight of a model (`ALIKE`) was chosen so too.

Tried, and no better: words cut to six letters, pairs of words, character 3- to 5-grams, numbers and capitalised words,
cosines and the shorter one's share beside the share of both, and leaving out the names of authors.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from benchmarks import factchecks, sentences
from benchmarks.report import Report

_TRAIN = "CT2022-Task2A-EN-Train_QRELs.tsv"
_COPIED = frozenset({"first", "text"})
Bools = NDArray[np.bool_]


def run(report: Report, scale: float) -> None:
    if not factchecks.DATA.is_dir():
        print("  skipped: no data")
        return
    task, relevant = factchecks.read(), factchecks.relevant_of(_TRAIN)
    names = list(relevant)[: max(10, int(scale * len(relevant)))]
    texts = {name: task.queries[name] for name in names}
    same = np.array([bool(relevant[one] & relevant[other]) for one, other in combinations(names, 2)])
    lines = [{"id": name, "text": text} for name, text in texts.items()]
    answers = judged(lines)
    _tell(report, "ours, no model", _pairs(answers, names), same, "above the baselines")
    model = sentences.folder()
    if model is not None:
        meant = judged(lines, "--model", str(model))
        _tell(report, "ours, with a model", _pairs(meant, names), same, "above no model")
        tied = {name: meant[name]["to"] for name in names if meant[name]["tie"] == "meaning"}
        right = sum(bool(relevant[name] & relevant.get(to, set())) for name, to in tied.items())
        report.add("same claim", "posts that only the model ties", len(tied), "", note=f"{right} of them rightly")
        sentences.tell(report, model, list(texts.values()))
    copies = [answers[name]["story"] if answers[name]["tie"] in _COPIED else name for name in names]
    _tell(report, "exact and near copies alone", np.array([a == b for a, b in combinations(copies, 2)]), same)
    for what, vectorizer in (
        ("TF-IDF cosine at its best threshold", TfidfVectorizer()),
        ("TF-IDF cosine without stop words, the same", TfidfVectorizer(stop_words="english", sublinear_tf=True)),
    ):
        vectors = vectorizer.fit_transform(list(texts.values()))
        cosines = (vectors @ vectors.T).toarray()[np.triu_indices(len(names), 1)]
        _tell(report, what, cosines >= _best_threshold(cosines, same), same)


def _pairs(answers: Mapping[str, Mapping[str, str]], names: Sequence[str]) -> Bools:
    return np.array([answers[one]["story"] == answers[other]["story"] for one, other in combinations(names, 2)])


def judged(lines: Iterable[Mapping[str, Any]], *options: str) -> dict[str, dict[str, str]]:
    """What `secondsource eval stories` says of each line, by id; stories that became one are one."""
    command = [sys.executable, "-m", "secondsource.app", "eval", "stories", *options]
    asked = "\n".join(map(json.dumps, lines))
    done = subprocess.run(command, input=asked, capture_output=True, text=True, encoding="utf-8", check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    into = {answer["story"]: answer["merged_into"] for answer in answers if "merged_into" in answer}
    posts = {answer["id"]: answer for answer in answers if "id" in answer}
    for post in posts.values():
        while post["story"] in into:
            post["story"] = into[post["story"]]
    return posts


def _best_threshold(cosines: NDArray[np.float64], same: Bools) -> float:
    order = np.argsort(-cosines, kind="stable")
    hits = np.cumsum(same[order])
    f1 = 2 * hits / (np.arange(1, len(order) + 1) + same.sum())
    return float(cosines[order[int(f1.argmax())]])


def _tell(report: Report, who: str, found: Bools, same: Bools, target: str = "") -> None:
    hits = int((found & same).sum())
    precision, recall = hits / max(1, found.sum()), hits / max(1, same.sum())
    f1 = 2 * hits / max(1, found.sum() + same.sum())
    note = f"precision {precision:.3f}, recall {recall:.3f} of {same.sum()} pairs"
    report.add("same claim", f"pair F1: {who}", f1, "", target=target, note=note)
