"""A YAML file as plain data, with the place of every key and value, so that what is wrong can be pointed at.

Scalars follow YAML 1.2's core schema, not PyYAML's 1.1: `no` is Norwegian and 2014-03-02 is text. Lists become
tuples. Anchors and aliases work, within bounds; tags and merge keys are refused.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import yaml

from config.problem import Problem, quoted, visible

MAX_BYTES = 256 * 1024  #: far above any file written by hand; PyYAML reads about this much in four seconds
MAX_DEPTH = 20
MAX_NODES = 50_000  #: with aliases followed: what a "billion laughs" runs into

Trail = tuple[str | int, ...]  #: the way down to a value: ("watches", 0, "name")


class Place(NamedTuple):
    """Both count from 1; (0, 0) is the file as a whole."""

    line: int
    column: int


WHOLE_FILE = Place(0, 0)


@dataclass(frozen=True)
class Document:
    """`data` is None where there is nothing usable; `problems` then says why, unless the file is just empty."""

    file: str
    data: object
    keys: Mapping[Trail, Place]
    values: Mapping[Trail, Place]
    problems: tuple[Problem, ...]

    def problem(self, trail: Trail, what: str, write: str = "", *, at_key: bool = False) -> Problem:
        """A problem at a value, or at its key; where there is no such value, at the nearest one around it."""
        places = (self.keys, self.values) if at_key else (self.values, self.keys)
        around = trail
        while around and around not in places[0] and around not in places[1]:
            around = around[:-1]
        place = places[0].get(around) or places[1].get(around) or WHOLE_FILE
        return Problem(self.file, place.line, place.column, key_of(trail), what, write)


def key_of(trail: Trail) -> str:
    """`("watches", 0, "name")` as "watches[0].name"."""
    text = ""
    for step in trail:
        text += f"[{step}]" if isinstance(step, int) else f"{'.' if text else ''}{visible(step)}"
    return text


def read(path: Path, shown: str) -> Document:
    """Read a file; never raises. `shown` is how messages name it."""
    try:
        with path.open("rb") as file:
            body = file.read(MAX_BYTES + 1)
    except OSError as error:
        return _unusable(shown, f"cannot be read: {error.strerror or error}", "a readable file")
    return parse(body, shown)


def parse(body: bytes, shown: str) -> Document:
    """Make a document of a file's bytes; never raises."""
    if len(body) > MAX_BYTES:
        return _unusable(shown, f"is larger than {MAX_BYTES // 1024} KiB", "several smaller files")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        column = error.start - body.rfind(b"\n", 0, error.start)
        what = f"byte 0x{body[error.start]:02x} is not UTF-8"
        return _unusable(shown, what, "the file saved as UTF-8", Place(line, column))
    builder = _Builder(shown)
    try:
        root = _compose(text)
    except _Refused as refused:
        return _unusable(shown, refused.what, refused.write, refused.place)
    except yaml.MarkedYAMLError as error:
        what, write = _explained(error, text)
        return _unusable(shown, what, write, _place(error.problem_mark or error.context_mark))
    except yaml.reader.ReaderError as error:
        before = text[: int(error.position)]
        place = Place(before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
        what = f"the character U+{int(error.character):04X} may not stand in YAML"
        return _unusable(shown, what, "the file without it", place)
    except (ValueError, OverflowError, LookupError, AttributeError) as error:
        # PyYAML lets these escape on impossible escapes and directives.
        return _unusable(shown, f"is not YAML: {visible(str(error))}", "key: value lines")
    data = builder.build(root) if root is not None else None
    return Document(shown, data, builder.keys, builder.values, tuple(builder.problems))


class _Refused(Exception):
    def __init__(self, what: str, write: str, place: Place) -> None:
        super().__init__(what)
        self.what, self.write, self.place = what, write, place


class _Loader(yaml.SafeLoader):
    """Resolves nothing by itself: every scalar comes as its text, and `_Builder` decides."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (as PyYAML declares it)


def _compose(text: str) -> yaml.Node | None:
    """The node graph. Depth is checked on the events first, because composing recurses."""
    depth = 0
    for event in yaml.parse(text, _Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                what = f"lists and mappings stand more than {MAX_DEPTH} deep in each other"
                raise _Refused(what, "it flatter", _place(event.start_mark))
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    node: yaml.Node | None = yaml.compose(text, _Loader)
    return node


class _Builder:
    """Turns nodes to data, keeping the places."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.keys: dict[Trail, Place] = {}
        self.values: dict[Trail, Place] = {}
        self.problems: list[Problem] = []
        self._nodes = 0
        self._open: set[int] = set()

    def build(self, node: yaml.Node, trail: Trail = ()) -> object:
        self._nodes += 1
        if self._nodes == MAX_NODES:
            self._problem(trail, node, f"more than {MAX_NODES} values, with aliases followed", "fewer aliases")
        if self._nodes >= MAX_NODES:
            return None
        self.values.setdefault(trail, _place(node.start_mark))
        if id(node) in self._open:
            self._problem(trail, node, "an alias to something that holds it", "the values themselves")
            return None
        if not node.tag.startswith("tag:yaml.org,2002:") or node.tag.rsplit(":", 1)[-1] not in {"str", "seq", "map"}:
            self._problem(trail, node, f"the tag {quoted(node.tag)} is not read", "the value without a tag")
            return None
        self._open.add(id(node))
        data: object
        if isinstance(node, yaml.MappingNode):
            data = dict(self._pairs(node, trail))
        elif isinstance(node, yaml.SequenceNode):
            data = tuple(self.build(item, (*trail, index)) for index, item in enumerate(node.value))
        else:
            data = self._scalar(node, trail)
        self._open.discard(id(node))
        return data

    def _pairs(self, node: yaml.MappingNode, trail: Trail) -> Iterator[tuple[str, object]]:
        seen: dict[str, Place] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(trail, key_node, "a list or mapping stands where a key should", "a plain word as key")
                continue
            key = str(key_node.value)
            below = (*trail, key)
            place = _place(key_node.start_mark)
            if key == "<<" and key_node.style is None:
                self._problem(below, key_node, "merge keys are not read", "the keys themselves")
            elif key in seen:
                what = f"the key stands here a second time, first on line {seen[key].line}"
                self._problem(below, key_node, what, "one of the two")
            elif not _clean(key):
                self._problem(below, key_node, "the key holds control characters", "a plain word as key")
            else:
                seen[key] = place
                self.keys[below] = place
                yield key, self.build(value_node, below)

    def _scalar(self, node: yaml.Node, trail: Trail) -> object:
        text = str(node.value)
        if not _clean(text):
            self._problem(trail, node, "the text holds control characters or half a character", "plain text")
            return None
        return text if getattr(node, "style", None) else _plain_value(text)

    def _problem(self, trail: Trail, node: yaml.Node, what: str, write: str) -> None:
        place = _place(node.start_mark)
        self.problems.append(Problem(self.file, place.line, place.column, key_of(trail), what, write))


_WORDS: Mapping[Hashable, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]{1,40}|[0-9]{1,40}(?:\.[0-9]{0,40})?)(?:[eE][-+]?[0-9]{1,3})?")


def _plain_value(text: str) -> object:
    """YAML 1.2.2 §10.3.2, without octal, hexadecimal, infinities and numbers of more digits than anyone means."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def _clean(text: str) -> bool:
    """No control characters but tab and line ends, and nothing UTF-8 cannot write."""
    return not any(
        (character < " " and character not in "\t\n\r")
        or "\x7f" <= character <= "\x9f"
        or "\ud800" <= character <= "\udfff"
        for character in text
    )


class _Mark(Protocol):
    line: int
    column: int


def _place(mark: _Mark | None) -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark else WHOLE_FILE


#: What PyYAML says, what that means to somebody who just edits a file, and what to write. The first that fits wins.
_EXPLAINED = (
    ("'\\t'", "a tab stands here, and YAML does not take tabs", "spaces"),
    ("cannot start any token", "a value may not begin with this character", "it in quotes"),
    (
        "mapping values are not allowed",
        "a second colon stands in this value, or the line is indented too far",
        "the value in quotes, or the key in one column with its neighbours",
    ),
    ("undefined alias", "a * makes an alias, and nothing of that name was set before", "the value in quotes"),
    ("could not find expected ':'", "a colon is missing after a key", "key: value"),
    ("expected ',' or", "a list or mapping on one line is not closed, or lacks a comma", "[one, two] or {key: value}"),
    ("expected <block end>", "the indentation does not fit the lines above", "it in one column with its neighbours"),
    ("end of stream", "a quote is opened and never closed", "the closing quote"),
    ("single document", "a second document begins here (---)", "one document a file"),
    ("escape", "an escape that YAML does not know, within double quotes", "the text in single quotes"),
)


def _explained(error: yaml.MarkedYAMLError, text: str) -> tuple[str, str]:
    said = f"{error.problem or ''} {error.context or ''}"
    mark = error.problem_mark
    lines = text.split("\n")
    if mark and mark.line < len(lines) and lines[mark.line][mark.column : mark.column + 1] == "\t":
        return _EXPLAINED[0][1:]
    for words, what, write in _EXPLAINED:
        if words in said:
            return what, write
    return visible(f"YAML cannot be read here: {said.strip()}"), "key: value lines"


def _unusable(shown: str, what: str, write: str, place: Place = WHOLE_FILE) -> Document:
    return Document(shown, None, {}, {}, (Problem(shown, place.line, place.column, "", what, write),))
