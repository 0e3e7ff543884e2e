"""Secrets come from the environment or from files, never from YAML, and are not printed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from config.document import Document, Trail
from config.problem import Problem
from secondsource.contracts.secret import Secret

MAX_BYTES = 64 * 1024

_LOOKS = (
    (re.compile(r"\bxox[a-z]-|\bxapp-"), "a Slack token"),
    (re.compile(r"\bBearer\s+\S", re.IGNORECASE), "a bearer token"),
    (re.compile(r"\bA{15,}\S{10,}|^(?=.*[A-Za-z])(?=.*[0-9])[A-Za-z0-9%+=_-]{60,}$"), "a token"),
    (re.compile(r"-----BEGIN "), "a private key"),
    (re.compile(r"://[^/\s:@]*:[^/\s@]+@"), "an address with a password in it"),
    (
        re.compile(r"[?&](?:password|passwd|token|api_key|sslpassword)=[^&\s]", re.IGNORECASE),
        "an address with a password in it",
    ),
)


_IN_THE_CLEAR = "stands here in the clear; whoever reads this file has it, so replace it where it was issued too"


def looks_secret(text: str) -> str:
    """What kind of secret a text looks like, "" if none."""
    return next((kind for pattern, kind in _LOOKS if pattern.search(text)), "")


def literal_secrets(document: Document) -> Iterator[tuple[Trail, Problem]]:
    """Values and keys in a file that look like secrets. The messages do not repeat them."""
    for trail, value in texts(document.data):
        kind = looks_secret(value)
        if not kind:
            continue
        key = next((str(step) for step in reversed(trail) if isinstance(step, str)), "")
        yield trail, document.problem(trail, f"{kind} {_IN_THE_CLEAR}", _instead(key))


def _instead(key: str) -> str:
    if key == "url":
        return "url_env: with the name of an environment variable"
    stem = re.sub(r"_(env|file)$", "", key)
    if stem == key and not re.search(r"token|secret|passw", key):
        return "the value without it"
    return f"{stem}_env: with the name of an environment variable, or {stem}_file: with the path of a file"


def texts(data: object, trail: Trail = ()) -> Iterator[tuple[Trail, str]]:
    """Every text in a document, with the way to it."""
    if isinstance(data, str):
        yield trail, data
    elif isinstance(data, tuple):
        for index, item in enumerate(data):
            yield from texts(item, (*trail, index))
    elif isinstance(data, dict):
        for key, item in data.items():
            yield from texts(item, (*trail, key))


def from_environment(name: str | None, environ: Mapping[str, str]) -> Secret | None:
    value = environ.get(name, "").strip() if name else ""
    return Secret(value) if value else None


def from_file(path: Path | None) -> Secret | None:
    """The first line of a file; None where there is no path, or nothing usable in it.

    Raises:
        OSError, UnicodeDecodeError: the file cannot be read as text.
    """
    if path is None:
        return None
    with path.open("rb") as file:
        text = file.read(MAX_BYTES).decode("utf-8-sig").strip()
    return Secret(text.splitlines()[0].strip()) if text else None
