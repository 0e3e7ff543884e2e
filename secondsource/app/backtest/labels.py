"""What alerts of a backtest are held against: verdicts on alerts there were, or somebody's labels of posts."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from secondsource.contracts.errors import BadConfiguration

#: Verdicts of alerts that were right to be raised.
WORTH_IT = ("useful", "known")
_FIELDS = ("uid", "label", "case")
_LONGEST = 200


class Case(NamedTuple):
    """Something that was judged: the posts it consists of, and the word it was given."""

    id: str
    label: str
    uids: frozenset[str]


class Truth:
    """Cases, and which words mean that one was worth an alert."""

    def __init__(self, cases: Iterable[Case], worth_it: Collection[str] = WORTH_IT) -> None:
        self.cases = tuple(sorted(cases))
        self.worth_it = frozenset(worth_it)
        self._labels: dict[str, str] = {}
        for case in self.cases:
            for uid in sorted(case.uids):
                self._labels.setdefault(uid, case.label)

    def __len__(self) -> int:
        return len(self.cases)

    def labels_of(self, uids: Iterable[str]) -> dict[str, int]:
        """How many of these posts were given which word, most first."""
        found = Counter(self._labels[uid] for uid in uids if uid in self._labels)
        return dict(sorted(found.items(), key=lambda one: (-one[1], one[0])))

    def wanted(self, seen: Collection[str]) -> list[Case]:
        """The cases worth an alert of which a post is among those seen."""
        return [case for case in self.cases if case.label in self.worth_it and not case.uids.isdisjoint(seen)]


def read_labels(path: Path, worth_it: Collection[str] = ()) -> Truth:
    """From CSV or TSV with a head, or JSON lines: `uid` ("platform:id"), `label`, and `case` where posts belong
    together. `worth_it` are the words that mean "worth an alert"; without any, "useful" and "known" do.

    Raises:
        BadConfiguration: with the line, and what was expected there.
    """
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        msg = f"{path}: expected a file of labels, and it cannot be read: {error.strerror or error}"
        raise BadConfiguration(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{path}: expected UTF-8; byte {error.start + 1} is not"
        raise BadConfiguration(msg) from error
    cases: dict[tuple[str, str], set[str]] = {}
    given: dict[str, tuple[str, int]] = {}
    for line, row in _rows(path, text):
        uid, label = row["uid"].strip(), row["label"].strip()
        if ":" not in uid or not label or len(label) > _LONGEST:
            msg = f"{path}:{line}: expected a uid like x:1900000000000000001 and a label, came {uid!r} and {label!r}"
            raise BadConfiguration(msg)
        before = given.setdefault(uid, (label, line))
        if before[0] != label:
            msg = f"{path}:{line}: {uid} is {label!r} here and {before[0]!r} in line {before[1]}; keep one of them"
            raise BadConfiguration(msg)
        cases.setdefault((row.get("case", "").strip() or uid, label), set()).add(uid)
    if not cases:
        msg = f"{path}: expected at least one line with a uid and a label; there is none"
        raise BadConfiguration(msg)
    words = sorted({label for _, label in cases})
    worth = frozenset(worth_it or WORTH_IT)
    if worth.isdisjoint(words):
        msg = (
            f"{path}: none of its labels ({', '.join(words[:10])}) is {' or '.join(sorted(worth))}; say which of them "
            "are worth an alert: --positive LABEL"
        )
        raise BadConfiguration(msg)
    return Truth((Case(name, label, frozenset(uids)) for (name, label), uids in cases.items()), worth)


def of_verdicts(verdicts: Mapping[str, tuple[str, Iterable[str]]]) -> Truth:
    """Of alerts by their id: the verdict in force, and the posts of their stories."""
    return Truth(Case(name, verdict, frozenset(uids)) for name, (verdict, uids) in verdicts.items())


def _rows(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    if path.suffix in {".jsonl", ".ndjson", ".json"}:
        yield from _json_rows(path, text)
        return
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter="\t" if path.suffix == ".tsv" else ",")
    try:
        head = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = head
        if not {"uid", "label"} <= set(head):
            msg = f"{path}:1: expected columns named uid and label, came {', '.join(head)[:_LONGEST] or 'nothing'}"
            raise BadConfiguration(msg)
        for row in reader:
            yield reader.line_num, {name: row.get(name) or "" for name in _FIELDS}
    except csv.Error as error:
        msg = f"{path}:{reader.line_num}: expected CSV, {error}"
        raise BadConfiguration(msg) from error


def _json_rows(path: Path, text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            msg = f"{path}:{number}: expected one JSON object a line, {error}"
            raise BadConfiguration(msg) from error
        if not isinstance(row, dict) or not all(isinstance(row.get(name, ""), str) for name in _FIELDS):
            msg = f'{path}:{number}: expected {{"uid": "…", "label": "…"}} with text in both, came {line[:80]!r}'
            raise BadConfiguration(msg)
        yield number, {name: row.get(name, "") for name in _FIELDS}
