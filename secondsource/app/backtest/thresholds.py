"""A change of a watch's thresholds as a diff of the file it stands in. Nothing is written."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path

from config.document import Document, parse
from config.loader import WATCHES

Number = int | float
_SCALAR = re.compile(r"[^\s#,\]}]+")


def diff(folder: Path, watch: str, changes: Mapping[str, Number]) -> str:
    """A unified diff, comments kept; where the file is written in a way that cannot be changed line by line, the
    lines to write instead.
    """
    for path in sorted((folder / WATCHES).glob("*.y*ml")):
        before = path.read_text("utf-8")
        document = parse(before.encode(), path.name)
        place = _place(document, watch)
        if place is None:
            continue
        after = _changed(before, document, place, changes)
        if after is None or _thresholds(after, place) != {**_thresholds(before, place), **changes}:
            break
        name = f"{WATCHES}/{path.name}"
        lines = difflib.unified_diff(
            before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{name}", f"b/{name}", n=2
        )
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)
    return "thresholds:\n" + "".join(f"  {key}: {written(value)}\n" for key, value in changes.items())


def written(value: Number) -> str:
    """A number as somebody would write it in YAML: 30, 0.001, 1e-05 as 0.00001."""
    return f"{value:d}" if isinstance(value, int) else f"{value:.12f}".rstrip("0").rstrip(".")


def _place(document: Document, watch: str) -> int | None:
    """Which of the file's watches has this name."""
    data = document.data
    found = data.get("watches") if isinstance(data, dict) else None
    for place, each in enumerate(found if isinstance(found, tuple) else ()):
        if isinstance(each, dict) and each.get("name") == watch:
            return place
    return None


def _thresholds(text: str, place: int) -> dict[str, object]:
    data = parse(text.encode(), "").data
    watches = data.get("watches") if isinstance(data, dict) else None
    watch = watches[place] if isinstance(watches, tuple) and place < len(watches) else None
    found = watch.get("thresholds") if isinstance(watch, dict) else None
    return dict(found) if isinstance(found, dict) else {}


def _changed(text: str, document: Document, place: int, changes: Mapping[str, Number]) -> str | None:
    lines = text.splitlines(keepends=True)
    trail = ("watches", place, "thresholds")
    missing: dict[str, Number] = {}
    for key, value in changes.items():
        at = document.values.get((*trail, key))
        if at is None:
            missing[key] = value
            continue
        line = lines[at.line - 1]
        scalar = _SCALAR.match(line, at.column - 1)
        if scalar is None:
            return None
        lines[at.line - 1] = line[: scalar.start()] + written(value) + line[scalar.end() :]
    if missing:
        own = [where for key, where in document.keys.items() if key[:3] == trail and len(key) == 4]
        name = document.keys.get(("watches", place, "name"))
        if own:
            indent, after = own[0].column - 1, own[-1].line
            added = [f"{' ' * indent}{key}: {written(value)}\n" for key, value in missing.items()]
        elif name is not None and trail not in document.keys:
            indent, after = name.column - 1, name.line
            added = [f"{' ' * indent}thresholds:\n"]
            added += [f"{' ' * indent}  {key}: {written(value)}\n" for key, value in missing.items()]
        else:
            return None
        if not lines[after - 1].endswith("\n"):
            lines[after - 1] += "\n"
        lines[after:after] = added
    return "".join(lines)
