"""Content Credentials (C2PA 2): who signed a picture, and whether it is still what was signed.

Found always; examined where c2pa-python is installed. A signature shows who made a file, not that what it shows is so.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from io import BytesIO
from typing import Any, Literal, NamedTuple

State = Literal["", "present", "intact", "trusted", "broken"]

_BOX = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")  # the UUID of a C2PA box in ISO base media files (C2PA 2, A.5)
_LONGEST = 100
_STATES: dict[str, State] = {"Valid": "intact", "Trusted": "trusted", "Invalid": "broken"}

#: Nothing is fetched because a picture says so, and time stamps are not asked about over the network.
_SETTINGS = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False}}


class Credentials(NamedTuple):
    """As `Claims.credentials` and `Claims.credentials_by`."""

    state: State = ""
    by: str = ""


class Examining(NamedTuple):
    """On, or off and how to turn it on."""

    on: bool
    detail: str


@cache
def examining() -> Examining:
    """Whether credentials that are found are also examined."""
    try:
        version = import_module("c2pa").sdk_version()
    except (ImportError, OSError, AttributeError):  # not there, or its library does not load here
        return Examining(
            on=False, detail="off; only found, not examined; turn on with: pip install 'secondsource[credentials]'"
        )
    return Examining(on=True, detail=f"c2pa-rs {version}")


def credentials(body: bytes) -> Credentials:
    """What a picture's Content Credentials come to. Never raises, whatever the bytes are."""
    kind = _carrier(body)
    if not kind:
        return Credentials()
    if not examining().on:
        return Credentials("present")
    return _examined(body, kind)


def _carrier(body: bytes) -> str:
    """The media type of a picture with a C2PA block, "" of one without."""
    if body.startswith(b"\xff\xd8\xff"):
        return "image/jpeg" if any(marker == 0xEB and b"jumb" in data[:32] for marker, data in _segments(body)) else ""
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png" if any(name == b"caBX" for name in _names(body, 8, "big", 4, 8)) else ""
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "image/webp" if any(name == b"C2PA" for name in _names(body, 12, "little", 0, 8)) else ""
    if body[4:8] == b"ftyp" and _BOX in body[:65_536]:
        return "image/avif" if b"avif" in body[8:64] else "image/heic"
    return ""


def _segments(body: bytes) -> Iterator[tuple[int, bytes]]:
    """The marker segments of a JPEG up to its pixels (ITU-T T.81, B.1.1.4)."""
    at = 2
    while at + 4 <= len(body) and body[at] == 0xFF and body[at + 1] != 0xDA:
        size = int.from_bytes(body[at + 2 : at + 4], "big")
        yield body[at + 1], body[at + 4 : at + 2 + size]
        at += 2 + max(size, 2)


def _names(body: bytes, at: int, order: Literal["big", "little"], before: int, around: int) -> Iterator[bytes]:
    """The names of a PNG's or WebP's chunks: the name stands `before` bytes in, `around` is what is not data."""
    while at + 8 <= len(body):
        name, size = (
            (body[at + 4 : at + 8], body[at : at + 4]) if before else (body[at : at + 4], body[at + 4 : at + 8])
        )
        yield name
        length = int.from_bytes(size, order)
        at += around + length + (4 if before else length % 2)


_local = threading.local()


def _examined(body: bytes, kind: str) -> Credentials:
    c2pa: Any = import_module("c2pa")
    try:
        if not hasattr(_local, "context"):
            _local.context = c2pa.Context(c2pa.Settings.from_dict(_SETTINGS))
        with c2pa.Reader(kind, BytesIO(body), context=_local.context) as reader:
            state = _STATES.get(str(reader.get_validation_state()), "broken")
            told = json.loads(reader.json())
        signed = told["manifests"][told["active_manifest"]].get("signature_info") or {}
        by = str(signed.get("issuer") or signed.get("common_name") or "")
    except Exception:  # noqa: BLE001 -- a block that cannot be read is broken, in whatever way
        return Credentials("broken")
    return Credentials(state, " ".join("".join(sign if sign.isprintable() else " " for sign in by).split())[:_LONGEST])
