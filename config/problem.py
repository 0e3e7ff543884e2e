"""What is wrong with a configuration: where, what, and what to write instead."""

from __future__ import annotations

import json
from typing import NamedTuple

from secondsource.contracts.errors import BadConfiguration

_SHOWN = 60  #: characters of a value that are quoted back
JOINERS = "\u200c\u200d"  #: Persian, Urdu and emoji need these invisible characters; they move nothing


class Problem(NamedTuple):
    """`line` and `column` count from 1; both are 0 where the trouble is with a whole file or the environment.

    `key` is the way down to it ("watches[0].thresholds.min_history"), empty at the top. `write` may be empty
    where `what` leaves only one thing to do.
    """

    file: str
    line: int
    column: int
    key: str
    what: str
    write: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        key = f" {self.key}" if self.key else ""
        write = f"; write instead {self.write}" if self.write else ""
        return f"{where}{key}: {self.what}{write}"


class WrongFiles(BadConfiguration):
    """A configuration that cannot start anything, with every problem found in it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def visible(text: str) -> str:
    """One line of text that cannot steer a terminal: control and direction characters are written as escapes."""
    return "".join(
        character.encode("unicode_escape").decode("ascii")
        if not character.isprintable() and character not in JOINERS
        else character
        for character in text
    )


def quoted(text: str) -> str:
    """Text as a reader recognises it in their file, cut where it is long."""
    return f'"{visible(shortened(text))}"'


def shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def came(value: object) -> str:
    """What stands in the file, in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {shortened(str(value))}"
    if isinstance(value, tuple):
        return "a list" if value else "an empty list"
    if isinstance(value, dict):
        return "keys with values" if value else "an empty mapping"
    return quoted(str(value))


def as_yaml(value: object) -> str:
    """A value as it would stand on one line of YAML."""
    if isinstance(value, tuple | list):
        return "[" + ", ".join(as_yaml(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {as_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, str):
        return visible(value) if _plain(value) else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)


def _plain(text: str) -> bool:
    """Whether YAML reads the text back as itself without quotes, also within a list on one line."""
    return (
        bool(text)
        and text == text.strip()
        and text[0].isalpha()
        and not set(text) & set("#:,[]{}\"'&*!|>%@`\n")
        and (text.lower() not in {"true", "false", "null", "yes", "no", "on", "off"})
    )
