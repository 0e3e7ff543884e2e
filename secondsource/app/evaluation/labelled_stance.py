"""Posts that people have labelled with their stance, from a file of JSON Lines or from RumourEval 2017's threads.

JSON Lines are what `secondsource eval stance` reads, with "label" and, if there is one, "group": the event a post
belongs to. RumourEval's are a folder or a .tar.gz of it: `EVENT/THREAD/source-tweet/ID.json`, `…/replies/ID.json` (X's
v1.1 statuses) and `rumoureval-subtaskA-*.json`, which maps ids to labels. Nothing is unpacked.
"""

from __future__ import annotations

import json
import tarfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from enrich.stance.training import Example
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.messages import StanceLabel

#: The field's names of labels, and ours.
OURS: Mapping[str, StanceLabel] = {"support": "asserts", "deny": "denies", "query": "asks", "comment": "comments"}
FIELD: Mapping[StanceLabel, str] = {ours: theirs for theirs, ours in OURS.items()}
_LONGEST_FILE = 20_000_000  # bytes


class _Thread(NamedTuple):
    event: str
    name: str


def read_labelled(data: Path) -> list[Example]:
    """Labelled posts, in an order that depends on nothing but them.

    Raises:
        BadConfiguration: nothing that can be read, or nothing labelled, is there; by line where there are lines.
    """
    if not data.exists():
        raise BadConfiguration(f"{data}: there is no such file or folder of labelled posts")
    lines = data.is_file() and data.suffix in {".jsonl", ".ndjson"}
    found = list(_of_lines(data) if lines else _of_threads(data))
    if not found:
        raise BadConfiguration(
            f"{data}: no labelled post in it; expected .jsonl with text and label, or RumourEval's folder or .tar.gz"
        )
    return found


def _of_lines(path: Path) -> Iterator[Example]:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                yield _example(json.loads(line))
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                raise BadConfiguration(f"{path}:{number}: not a labelled post ({error})") from error


def _example(line: Mapping[str, Any]) -> Example:
    label = line["label"]
    if label not in OURS and label not in FIELD:
        raise ValueError(f"label {label!r} is none of {', '.join((*OURS, *FIELD))}")
    text, group = line["text"], "" if line.get("group") is None else line["group"]
    parent, source = _text(line.get("reply_to")), _text(line.get("source"))
    if not isinstance(text, str) or not isinstance(group, str):
        raise TypeError("expected text and group to be text")
    parent, source = parent if parent is not None else source, source if source is not None else parent
    return Example(text, OURS.get(label, label), group, parent, source, shows(line, text))


def _text(other: Mapping[str, Any] | None) -> str | None:
    text = None if other is None else other["text"]
    if text is not None and not isinstance(text, str):
        raise TypeError("expected the text of reply_to and source to be text")
    return text


def shows(line: Mapping[str, Any], text: str) -> bool:
    """Whether a post carries a link or a picture."""
    return bool(line.get("links") or line.get("media") or "http://" in text or "https://" in text)


def _of_threads(data: Path) -> Iterator[Example]:
    labels: dict[str, str] = {}
    sources: dict[_Thread, str] = {}
    tweets: dict[_Thread, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for path, body in _files(data):
        content = _json(path, body)
        if path.name.startswith("rumoureval-subtaskA-"):
            labels.update(content)
            continue
        thread = _Thread(path.parts[-4], path.parts[-3])
        tweets[thread][path.stem] = content
        if path.parts[-2] == "source-tweet":
            sources[thread] = path.stem
    for thread in sorted(tweets):
        for id_ in sorted(tweets[thread]):
            if labels.get(id_) in OURS:
                yield _of_tweet(thread, tweets[thread], id_, sources.get(thread, ""), OURS[labels[id_]])


def _of_tweet(
    thread: _Thread, tweets: Mapping[str, Mapping[str, Any]], id_: str, source: str, label: StanceLabel
) -> Example:
    tweet = tweets[id_]
    first = tweets.get(source)
    answered = tweets.get(str(tweet.get("in_reply_to_status_id_str") or ""), first)
    root = id_ == source
    return Example(
        text=str(tweet.get("text", "")),
        label=label,
        group=thread.event,
        parent=None if root or answered is None else str(answered.get("text", "")),
        source=None if root or first is None else str(first.get("text", "")),
        shows=any((tweet.get("entities") or {}).get(kind) for kind in ("urls", "media")),
    )


def _json(path: PurePosixPath, body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadConfiguration(f"{path}: expected a JSON object: {error}") from error
    if not isinstance(content, dict):
        raise BadConfiguration(f"{path}: expected a JSON object, got {type(content).__name__}")
    return content


def _files(data: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    """The files that matter, in the order of their names."""
    if data.is_dir():
        archives = sorted(data.glob("*.tar.gz"))
        if archives and not any(child.is_dir() for child in data.iterdir()):
            yield from _files(archives[0])
            return
        for path in sorted(data.rglob("*.json")):
            if _matters(PurePosixPath(path.relative_to(data).as_posix())) and path.stat().st_size <= _LONGEST_FILE:
                yield PurePosixPath(path.as_posix()), path.read_bytes()
        return
    try:
        with tarfile.open(data) as archive:
            for member in archive:
                file = archive.extractfile(member) if _matters(PurePosixPath(member.name)) else None
                if file is not None and member.size <= _LONGEST_FILE:
                    yield PurePosixPath(member.name), file.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BadConfiguration(f"{data}: cannot be read as .tar.gz: {error}") from error


def _matters(path: PurePosixPath) -> bool:
    if path.name.startswith("rumoureval-subtaskA-"):
        return path.suffix == ".json"
    return path.suffix == ".json" and len(path.parts) >= 4 and path.parts[-2] in {"source-tweet", "replies"}
