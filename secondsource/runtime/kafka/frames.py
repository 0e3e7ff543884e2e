"""Messages that share a record (docs/adr/0015)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

#: Of messages that share a record: a record costs the client and the broker more than its messages do.
FRAMED_MESSAGES = 256
FRAMED_BYTES = 256 * 1024
_NAME, _KEYS = "frame", "keys"
FRAME = (_NAME, b"1")  #: the header of a record that holds several messages, one a line


class Outgoing(NamedTuple):
    """A record on its way."""

    topic: str
    partition: int
    key: bytes | None
    body: bytes
    headers: Sequence[tuple[str, bytes]] | None = None


class Line(NamedTuple):
    """A message on its way: JSON as `encode` writes it has no line feed."""

    key: bytes
    body: bytes


def framed(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    """Lines of one partition in order, by the record they share. A key with a line feed stands alone."""
    start, size = 0, 0
    for place, (key, body) in enumerate(lines):
        alone = b"\n" in key
        if place > start and (alone or place - start == FRAMED_MESSAGES or size + len(body) > FRAMED_BYTES):
            yield lines[start:place]
            start, size = place, 0
        size += FRAMED_BYTES + 1 if alone else len(body)
    if lines:
        yield lines[start:]


def record_of(topic: str, partition: int, frame: Sequence[Line]) -> Outgoing:
    """One message as it is; several under the key they share, or with a key a line in a header."""
    keys, bodies = zip(*frame, strict=True)
    if len(frame) == 1:
        return Outgoing(topic, partition, keys[0], bodies[0])
    body = b"\n".join(bodies)
    if len(set(keys)) == 1:
        return Outgoing(topic, partition, keys[0], body, [FRAME])
    return Outgoing(topic, partition, None, body, [FRAME, (_KEYS, b"\n".join(keys))])


def lines_of(record: Any) -> Iterator[tuple[str, bytes]]:
    """A record's messages and their keys; "" where whoever wrote it gave none."""
    key = "" if record.key is None else record.key.decode("utf-8", "surrogateescape")
    body = record.value or b""
    headers = dict(record.headers or ())
    if _NAME not in headers:
        return iter([(key, body)])
    keys = headers[_KEYS].decode("utf-8", "surrogateescape").split("\n") if _KEYS in headers else ()
    bodies = body.split(b"\n")
    return zip(keys if len(keys) == len(bodies) else [key] * len(bodies), bodies, strict=True)
