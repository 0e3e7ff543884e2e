"""Which picture codecs are there beside those that always are, and how to get the others."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import NamedTuple

from PIL import features

#: Brands of the ISO base media file format (ISO/IEC 14496-12 §4.3) that pictures go by; "mif1" may be either.
AVIF = frozenset({b"avif", b"avis"})
HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1", b"mif2"})

#: pi-heif decodes only. pillow-heif, which we take where somebody has it, brings an encoder under the GPL.
_HEIC_READERS = ("pi_heif", "pillow_heif")


class Codec(NamedTuple):
    """On, or off and how to turn it on."""

    on: bool
    detail: str


def brands(head: bytes) -> frozenset[bytes]:
    """What a file in that format says it is: its major brand and those it is compatible with."""
    size = min(int.from_bytes(head[:4], "big"), len(head))
    return frozenset({head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))})


@cache
def avif() -> Codec:
    on = bool(features.check("avif"))
    return Codec(
        on, "read by Pillow" if on else "turn on with a Pillow that has it: pip install --only-binary :all: pillow"
    )


@cache
def heic() -> Codec:
    """Teaches Pillow to read HEIC where a reader is installed."""
    for name in _HEIC_READERS:
        try:
            register: Callable[[], None] = import_module(name).register_heif_opener
        except ImportError:  # not there, or its libraries are not
            continue
        register()
        return Codec(on=True, detail=f"read by {name.replace('_', '-')}")
    return Codec(on=False, detail="turn on with: pip install 'secondsource[heic]'")
