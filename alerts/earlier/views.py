"""Which known pictures look like a view of another one: the whole of it, or what a border, bars or an app's page
enclose, as it is, mirrored or turned. Two look alike within `contracts.reuse.same_bits`.

A picture is compared as a whole, and by what it encloses if that is one picture: a collage stands for none of its
tiles, and an advertisement beside an article for none of its pages. Two wholes that look alike are not, if what they
enclose is something else: one app's page is round both.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from secondsource.contracts.messages import WHOLE, Picture, Region, Reuse
from secondsource.contracts.reuse import NEAR, USABLE, about, alike, inside, only_dressed_alike, same_bits

_Codes = NDArray[np.uint64]


class _Known(NamedTuple):
    """A hash of a known picture: of the region `there`."""

    number: int
    picture: str
    quality: int
    there: Region
    inside: bytes  # the hash of what the picture is about, b"" where that is itself


class ViewIndex:
    """Hashes of pictures by their numbers, which only grow; the lowest leaves first."""

    def __init__(self) -> None:
        self._codes: _Codes = np.zeros((4, 64), np.uint64)
        self._known: list[_Known] = []
        self._first = 0  # those before it are gone

    def add(self, number: int, picture: Picture) -> None:
        """Take in a picture; one without a usable hash is not found."""
        view, within = about(picture.views), inside(picture.views)
        if matchable(picture):
            self._add(bytes.fromhex(picture.pdq), _Known(number, picture.id, picture.quality, WHOLE, within))
        if view is not None:
            self._add(within, _Known(number, picture.id, view.quality, view.region, within))

    def _add(self, code: bytes, known: _Known) -> None:
        if len(self._known) == self._codes.shape[1]:
            self._make_room()
        self._codes[:, len(self._known)] = np.frombuffer(code, ">u8")
        self._known.append(known)

    def drop(self, number: int) -> None:
        """Picture `number` leaves, and all before it."""
        while self._first < len(self._known) and self._known[self._first].number <= number:
            self._first += 1

    def same(self, picture: Picture) -> tuple[int, int] | None:
        """How many bits differ from the picture that as a whole, as it is, looks most like this, and its number; of
        equals the lowest.
        """
        if not matchable(picture):
            return None
        within = inside(picture.views)
        found = [
            (far, one.number)
            for far, one in self._near(np.frombuffer(bytes.fromhex(picture.pdq), ">u8"))
            if one.there == WHOLE and far <= same_bits(picture.quality, one.quality)
            if not only_dressed_alike(within, one.inside)
        ]
        return min(found, default=None)

    def seen_in(self, picture: Picture) -> list[tuple[int, Reuse]]:
        """Number and manner of each known picture that looks like a view of this one; the nearest view of each."""
        best: dict[int, tuple[int, int, int, _Known]] = {}
        subject = about(picture.views)
        for place, view in enumerate(picture.views):
            if view.region != WHOLE and view is not subject:
                continue
            codes = np.frombuffer(view.codes, ">u8").reshape(-1, 4)
            for turn, code in enumerate(codes):
                within = inside(picture.views, turn) if view.region == WHOLE else b""
                for far, one in self._near(code):
                    if one.there == WHOLE and only_dressed_alike(within, one.inside):
                        continue
                    if far <= same_bits(view.quality, one.quality):
                        best[one.number] = min(best.get(one.number, (far, place, turn, one)), (far, place, turn, one))
        return [
            (number, alike(one.picture, far, here=picture.views[place].region, turn=turn, there=one.there))
            for number, (far, place, turn, one) in sorted(best.items())
        ]

    def _near(self, code: _Codes) -> list[tuple[int, _Known]]:
        """Those within 31 bits. Half of the bits tell nearly all strangers."""
        last = len(self._known)
        held = self._codes[:, self._first : last]
        far = np.bitwise_count(held[0] ^ code[0]) + np.bitwise_count(held[1] ^ code[1])
        near = np.flatnonzero(far <= NEAR)
        rest = sum(np.bitwise_count(held[word, near] ^ code[word]).astype(np.int64) for word in (2, 3))
        bits = far[near] + rest
        return [(int(bits[at]), self._known[self._first + int(near[at])]) for at in np.flatnonzero(bits <= NEAR)]

    def _make_room(self) -> None:
        held = self._codes[:, self._first :]
        self._known = self._known[self._first :]
        self._first = 0
        self._codes = np.zeros((4, max(64, 2 * held.shape[1])), np.uint64)
        self._codes[:, : held.shape[1]] = held


def matchable(picture: Picture) -> bool:
    """Whether a picture has a fingerprint that can be compared."""
    return len(picture.pdq) == 64 and picture.quality >= USABLE
