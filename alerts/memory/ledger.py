"""Memory that is saved little by little: a log of parts, each holding what changed since the part before.

One part a save, however many things changed. Old parts are compacted away: what is still alive in the oldest is written
again, whole, into the newest (Rosenblum & Ousterhout, "The Design and Implementation of a Log-Structured File System",
1992, §3). What must not survive (a taken-down text) is scrubbed: every part that holds it is written anew without it.
Where nobody knows any more which thing held it, all that was written so far is compacted away, a few parts a save.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

#: (thing, its bytes, whether they replace all earlier ones); None for bytes: the thing is gone.
_Entry = tuple[int, bytes | None, bool]

_MOST_PARTS = 256
_SLACK = 4_096  # entries: below this, compacting is not worth it
_CLEANED = 4, 20_000  # parts that are compacted in a save when all are to go; of so few entries, all
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[_Entry])


class Ledger:
    """Things by number, each a list of byte strings. `whole(thing)` must give bytes that stand for all of them."""

    def __init__(self, name: str, whole: Callable[[int], bytes]) -> None:
        self._name = name
        self._whole = whole
        self._now: dict[int, list[_Entry]] = {}
        self._parts: dict[int, list[int]] = {}
        self._sizes: dict[int, int] = {}
        self._next = 0
        self._first: dict[int, int] = {}  # living thing → the oldest part that holds something of it
        self._entries = 0  # in the parts
        self._weight: dict[int, int] = {}  # living thing → how many of those entries are its own
        self._alive = 0
        self._scrubbed: set[int] = set()
        self._older: set[int] = set()  # things said anew since the last save, of which older parts still speak
        self._clean_from = 0  # parts before this one are to be compacted

    def put(self, thing: int, body: bytes) -> None:
        """Say anew all there is to say of a thing."""
        self._forget(thing)
        self._now[thing] = [(thing, body, True)]

    def append(self, thing: int, body: bytes) -> None:
        """Add to what has been said of a thing."""
        if thing in self._now or thing in self._first:
            self._now.setdefault(thing, []).append((thing, body, False))
        else:
            self.put(thing, body)

    def drop(self, thing: int) -> None:
        self._forget(thing)
        if thing in self._older:
            self._now[thing] = [(thing, None, True)]
        else:
            self._now.pop(thing, None)

    def scrub(self, thing: int) -> None:
        """At the next save, let nothing said of this thing so far stay in any part."""
        self._scrubbed.add(thing)

    def cleanse(self) -> None:
        """Let nothing of things that are gone stay in what was saved so far, within the next saves."""
        self._clean_from = self._next

    def _forget(self, thing: int) -> None:
        if self._first.pop(thing, None) is not None:
            self._older.add(thing)
            self._alive -= self._weight.pop(thing)

    def changes(self) -> dict[str, bytes | None]:
        """The new part and the deleted ones."""
        held: dict[str, bytes | None] = {}
        self._scrub(held)
        while len(self._parts) > _MOST_PARTS or self._entries > 2 * self._alive + _SLACK:
            self._compact(next(iter(self._parts)), held)
        many, few = _CLEANED
        for part in list(self._parts)[: None if self._entries <= few else many]:
            if part < self._clean_from:
                self._compact(part, held)
        if self._now:
            held[f"{self._name}/{self._next:010d}"] = self._write(self._next, self._now)
            self._next += 1
            self._now = {}
            self._older = set()
        return held

    def _write(self, part: int, entries: dict[int, list[_Entry]]) -> bytes:
        self._parts[part] = list(entries)
        body: list[_Entry] = []
        for thing, said in entries.items():
            body += said
            if said[-1][1] is not None:
                self._first.setdefault(thing, part)
                self._weight[thing] = self._weight.get(thing, 0) + len(said)
                self._alive += len(said)
        self._sizes[part] = len(body)
        self._entries += len(body)
        return _encoder.encode(body)

    def _compact(self, part: int, held: dict[str, bytes | None]) -> None:
        """Only ever the oldest part: what it says is gone cannot come back, as nothing older is left."""
        for thing in self._parts[part]:
            if self._first.get(thing) == part:
                self.put(thing, self._whole(thing))
        del self._parts[part]
        self._entries -= self._sizes.pop(part)
        held[f"{self._name}/{part:010d}"] = None

    def _scrub(self, held: dict[str, bytes | None]) -> None:
        if not self._scrubbed:
            return
        tainted = [part for part, things in self._parts.items() if not self._scrubbed.isdisjoint(things)]
        for part in tainted:
            for thing in self._parts[part]:
                if thing in self._first:
                    self.put(thing, self._whole(thing))
        for part in tainted:  # its living things speak anew in the next part; that they spoke before must not return
            gone: list[_Entry] = [(thing, None, True) for thing in self._parts[part]]
            self._entries += len(gone) - self._sizes[part]
            self._sizes[part] = len(gone)
            held[f"{self._name}/{part:010d}"] = _encoder.encode(gone)
        for thing in self._scrubbed:
            if thing in self._now:
                alive = self._now[thing][-1][1] is not None
                self._now[thing] = [(thing, self._whole(thing) if alive else None, True)]
        self._scrubbed = set()

    def restore(self, bodies: Iterable[tuple[int, bytes]]) -> dict[int, list[bytes]]:
        """What was said of each living thing, from the numbered parts in order."""
        said: dict[int, list[bytes]] = {}
        for part, body in bodies:
            self._next = part + 1
            things: dict[int, None] = {}
            entries = _decoder.decode(body)
            for thing, bytes_, whole in entries:
                things[thing] = None
                if whole:
                    said.pop(thing, None)
                    self._forget(thing)
                if bytes_ is not None:
                    said.setdefault(thing, []).append(bytes_)
                    self._first.setdefault(thing, part)
                    self._weight[thing] = self._weight.get(thing, 0) + 1
                    self._alive += 1
            self._parts[part] = list(things)
            self._sizes[part] = len(entries)
            self._entries += len(entries)
        self._older = set()
        return said
