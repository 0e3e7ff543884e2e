"""Which texts share the anchors of a post's (`Sketch.bands`).

A hash table with linear probing in a flat array (Knuth, "The Art of Computer Programming" 3, §6.4, algorithm L): a
dictionary of as many numbers would take five times the memory. Of each band it holds the one text that has it, or where
the list of those begins, the newest first. What is found depends on the living texts alone, and on the order in which
they came: a watch that was restored finds what one finds that ran through.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from alerts.text.sorting import sort
from secondsource.compiling import compiled

_FILLED = 0.6  # of the slots, before more are made
_MANY = 8  # bands, of which a copy shares two
_LOOKED_AT: Final = 16  # of those that have a band: the newest
_WALKED: Final = 64  # of those that have a band, where those of one story alone are wanted
_MOST_BANDS: Final = 1_024  # of a post, that are looked up
_FOUND: Final = 4
_WEIGHT: Final = 720_720  # of a band; divided without rest by as many as are looked at
_LIGHTEST: Final = _WEIGHT // 2  # of what two texts share, to be looked at: eight bands, if so many have each of them
_BAND, _HELD = 0, 1  # of a slot; a list is held as -1 minus the place it begins at, nobody as 0
_TEXT, _NEXT = 0, 1  # of a place
_END: Final = -1

_Numbers = NDArray[np.int64]
_Marks = NDArray[np.bool_]
Bands = Sequence[int] | _Numbers


class BandIndex:
    """Texts by their bands. A text's number is that of its story, shifted by `story_bits`, and what tells it from the
    story's others; it is over 0.
    """

    def __init__(self, story_bits: int = 0, slots: int = 1 << 16) -> None:
        """`slots`: a power of two."""
        self._bits = story_bits
        self._gone = np.zeros(1_024, np.bool_)  # stories, from `_from` on; those before are gone for good
        self._from = 0
        self._lay_out(slots, 64)

    def _lay_out(self, slots: int, places: int) -> None:
        self._table = np.zeros((slots, 2), np.int64)
        self._places = np.zeros((places, 2), np.int64)
        self._used = np.zeros(2, np.int64)  # slots, places
        self._filled = self._placed = 0  # the same
        self._most = int(_FILLED * slots)

    def add(self, text: int, bands: Bands) -> None:
        """A text that was not there, newer than all others."""
        if self._filled + len(bands) > self._most or self._placed + 2 * len(bands) > len(self._places):
            self._make_room(2 * len(bands))
        numbers = np.asarray(bands, np.int64)
        self._filled, self._placed = _add(self._table, self._places, self._used, text, numbers)

    def drop(self, story: int) -> None:
        """All texts of a story are gone."""
        place = story - self._from
        if place >= len(self._gone):
            self._gone = np.concatenate((self._gone, np.zeros(max(len(self._gone), place), np.bool_)))
        if place >= 0:
            self._gone[place] = True

    def remove(self, text: int, bands: Sequence[int]) -> None:
        """One text is gone."""
        _remove(self._table, self._places, text, np.array(bands, np.int64))

    def candidates(self, bands: Bands, stories: Sequence[int] = ()) -> list[int]:
        """The texts, four at most, that share most with these bands, of equals the earliest first. A band that few have
        weighs more, or a line under many posts would hide what one of them copies; its newest are looked at. `stories`:
        those of these alone, if there are any.
        """
        numbers, among = np.asarray(bands, np.int64), np.asarray(stories, np.int64)
        found = _candidates(self._table, self._places, self._gone, self._from, self._bits, numbers, among)
        return [text for text in found if text]

    def _make_room(self, places: int) -> None:
        """Leave out what is gone; where much is left, double what there is."""
        table, before = self._table, self._places
        slots, listed = _counted(table, before, self._gone, self._from, self._bits)
        room = len(table)
        while slots + places > _FILLED / 2 * room:
            room *= 2
        self._lay_out(room, max(64, 2 * (listed + places)))
        _move(table, before, self._gone, self._from, self._bits, self._table, self._places, self._used)
        self._filled, self._placed = self._used.tolist()
        over = int(self._gone.argmin())  # stories before the first that is not gone need no mark
        self._gone = np.concatenate((self._gone[over:], np.zeros(1_024, np.bool_)))
        self._from += over


@compiled
def _is_gone(gone: _Marks, start: int, bits: int, text: int) -> bool:
    place = (text >> bits) - start
    return place < 0 or (place < len(gone) and gone[place])


@compiled
def _slot(table: _Numbers, band: int) -> int:
    """Where a band is, or the free slot where it belongs."""
    mask = len(table) - 1
    slot = band & mask
    while table[slot, _BAND] != band and table[slot, _BAND] != 0:
        slot = (slot + 1) & mask
    return slot


@compiled
def _put(table: _Numbers, places: _Numbers, used: _Numbers, text: int, band: int) -> None:
    slot = _slot(table, band)
    if table[slot, _BAND] == 0:
        table[slot, _BAND] = band
        used[0] += 1
    held = table[slot, _HELD]
    if held == 0:
        table[slot, _HELD] = text
        return
    if held == text:
        return
    if held > 0:
        places[used[1], _TEXT], places[used[1], _NEXT] = held, _END
        held = -1 - used[1]
        used[1] += 1
    places[used[1], _TEXT], places[used[1], _NEXT] = text, -1 - held
    table[slot, _HELD] = -1 - used[1]
    used[1] += 1


@compiled
def _add(table: _Numbers, places: _Numbers, used: _Numbers, text: int, bands: _Numbers) -> tuple[int, int]:
    for band in bands:
        _put(table, places, used, text, band)
    return used[0], used[1]


@compiled
def _remove(table: _Numbers, places: _Numbers, text: int, bands: _Numbers) -> None:
    for band in bands:
        slot = _slot(table, band)
        held = table[slot, _HELD]
        if held == text:
            table[slot, _HELD] = 0
        before, place = _END, -1 - held if held < 0 else _END
        while place != _END and places[place, _TEXT] != text:
            before, place = place, places[place, _NEXT]
        if place != _END:
            _take_off(table, places, slot, before, places[place, _NEXT])


@compiled
def _take_off(table: _Numbers, places: _Numbers, slot: int, before: int, after: int) -> None:
    """What stands between two places of a slot's list leaves it."""
    if before != _END:
        places[before, _NEXT] = after
    else:
        table[slot, _HELD] = -1 - after if after != _END else 0


@compiled
def _counted(table: _Numbers, places: _Numbers, gone: _Marks, start: int, bits: int) -> tuple[int, int]:
    """How many bands living texts have, and how many places their lists take."""
    slots = listed = 0
    for slot in range(len(table)):
        held = table[slot, _HELD]
        if held > 0 and not _is_gone(gone, start, bits, held):
            slots += 1
        elif held < 0:
            living, place = 0, -1 - held
            while place != _END:
                living += not _is_gone(gone, start, bits, places[place, _TEXT])
                place = places[place, _NEXT]
            slots += living > 0
            listed += living
    return slots, listed


@compiled
def _move(
    table: _Numbers, places: _Numbers, gone: _Marks, start: int, bits: int,
    new_table: _Numbers, new_places: _Numbers, used: _Numbers,
) -> None:  # fmt: skip
    texts = np.empty(len(places) + 1, np.int64)
    for slot in range(len(table)):
        held, many = table[slot, _HELD], 0
        if held > 0:
            texts[0], many = held, 1
        elif held < 0:
            place = -1 - held
            while place != _END:
                texts[many] = places[place, _TEXT]
                many += 1
                place = places[place, _NEXT]
        for at in range(many - 1, -1, -1):  # the oldest first, as they came
            if not _is_gone(gone, start, bits, texts[at]):
                _put(new_table, new_places, used, texts[at], table[slot, _BAND])


@compiled
def _is_among(among: _Numbers, story: int) -> bool:
    for one in among:
        if one == story:
            return True
    return len(among) == 0


@compiled
def _candidates(
    table: _Numbers, places: _Numbers, gone: _Marks, start: int, bits: int, bands: _Numbers, among: _Numbers
) -> tuple[int, int, int, int]:
    """As `BandIndex.candidates`, 0 for none. Texts that are gone are taken off the lists on the way."""
    bands = bands[:_MOST_BANDS]
    holders = np.empty(len(bands) * _LOOKED_AT, np.int64)
    weights = np.zeros(len(bands), np.int64)
    many = 0
    for at in range(len(bands)):
        slot = _slot(table, bands[at])
        held, have = table[slot, _HELD], many
        if held > 0 and not _is_gone(gone, start, bits, held) and _is_among(among, held >> bits):
            holders[many] = held * _MOST_BANDS + at
            many += 1
        before, place, walked = _END, -1 - held if held < 0 else _END, 0
        while place != _END and many - have < _LOOKED_AT and walked < _WALKED:
            after = places[place, _NEXT]
            if _is_gone(gone, start, bits, places[place, _TEXT]):
                _take_off(table, places, slot, before, after)
            else:
                if _is_among(among, places[place, _TEXT] >> bits):
                    holders[many] = places[place, _TEXT] * _MOST_BANDS + at
                    many += 1
                walked += 1
                before = place
            place = after
        if many > have:
            weights[at] = _WEIGHT // (many - have)
    sort(holders, many)
    found, weigh = np.zeros(_FOUND, np.int64), np.zeros(_FOUND, np.int64)
    # those that share a band by chance, or what everybody says, need no second look
    fewest, begins, weight = 1 + (len(bands) >= _MANY), 0, 0
    for at in range(many):
        weight += weights[holders[at] % _MOST_BANDS]
        text = holders[at] // _MOST_BANDS
        if at + 1 < many and holders[at + 1] // _MOST_BANDS == text:
            continue
        if at + 1 - begins >= fewest and weight >= _LIGHTEST and weight > weigh[_FOUND - 1]:
            place = _FOUND - 1
            while place and weight > weigh[place - 1]:
                found[place], weigh[place] = found[place - 1], weigh[place - 1]
                place -= 1
            found[place], weigh[place] = text, weight
        begins, weight = at + 1, 0
    return found[0], found[1], found[2], found[3]
