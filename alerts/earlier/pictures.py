"""The pictures a watch has seen: which are the same, which living story shows them, and where they were seen before.

The same picture is the same bytes, or a PDQ hash within 31 of 256 bits (12 where there is little to be seen) and of
quality ≥ 50: the threshold and the quality floor that PDQ's authors recommend (Facebook, "The TMK+PDQF Video-Hashing
Algorithm and the PDQ Image-Hashing Algorithm", 2019), of the whole or of what borders and the like enclose, mirrored or
turned as it may be; or what enrichment found of it by its features. A picture too flat for PDQ that can be read is the
same where its text is, and so is a card of text. One that is flat and cannot be read, or that is seen everywhere, ties
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

import msgspec

from alerts.earlier.everywhere import FEWEST_UNRELATED, Showing, taken_up
from alerts.earlier.file_claims import Claimed, FileSays
from alerts.earlier.views import ViewIndex
from alerts.memory.digests import digest
from alerts.memory.ledger import Ledger
from alerts.text.band_index import BandIndex
from alerts.text.copies import MOST_OF_IT, best
from alerts.wording import laid, stretches
from secondsource.contracts.excerpts import excerpt
from secondsource.contracts.messages import UNMOVED, WHOLE, Earlier, Picture, Region, Reuse, Sketch, View
from secondsource.contracts.reuse import (
    FEWEST_WORDS,
    LIKENESS_RIGHT,
    USABLE,
    about,
    composed,
    inverted,
    known_by_text,
    marks,
)

SUREST = 0.5  #: a match by features is taken up from this confidence on
LONGEST_IDENT = 5.0  #: seconds; clips that share no more may share an agency's opening, and are not one film
_SIGHTINGS = 5
_SHARED = 0.25
_READ = 280  # characters of a picture's text that are kept
_VARIANTS = 64  # files of the same picture that are known by name; further ones are compared again


class Sighting(msgspec.Struct, array_like=True, frozen=True):
    """One picture in one post: when (seconds since 1970), in which post, which file, by whom, with which words.

    `distance`: bits in which the file differs from the one that stands for the picture, or less than 0: minus the
    places that fit (see `Match`). `named`: ids of the places and events its words name. `says`: what its file says of
    itself. What else a sighting says is what the archive says of it, so that it does not matter which is asked.
    """

    at: float
    uid: str
    picture: str
    handle: str
    caption: str
    url: str = ""
    distance: int = 0
    named: tuple[str, ...] = ()
    says: FileSays | None = None


class Row(msgspec.Struct, array_like=True):
    """One picture: its representative file, other files of it with their distance, its earliest sightings.

    `story` is the living story that shows it (0: none), `uid` that story's first post with it. `text` is what can be
    read in it, of a flat one, with the digest and anchors it is found by. `showings` are pairwise unrelated posts.
    """

    number: int
    id: str
    pdq: str
    quality: int
    story: int = 0
    uid: str = ""
    variants: dict[str, int] = {}
    sightings: list[Sighting] = []
    text: str = ""
    exact: int = 0
    bands: tuple[int, ...] = ()
    showings: list[Showing] = []
    reused: dict[str, tuple[Reuse, ...]] = {}
    views: tuple[View, ...] = ()

    def picture(self, file: str = "") -> Picture:
        """What the archive is asked for a file of it; "" for the one that stands for it."""
        name = file or self.id
        found = self.reused.get(name, ())
        return Picture(
            id=name,
            url="",
            state="fingerprinted",
            pdq=self.pdq,
            quality=self.quality,
            words=Sketch(exact=f"{self.exact:015x}", bands=self.bands, words=FEWEST_WORDS) if self.exact else None,
            found=found,
            views=self.views,
        )

    def how(self, other: str, file: str = "") -> Reuse | None:
        """How another file of it is seen in this one; None where the two are alike as a whole."""
        name = file or self.id
        direct = self._found(other, name)
        return direct if direct is not None else self._by_what_stands_for_it(self._found(other, self.id), other, name)

    def _found(self, other: str, name: str) -> Reuse | None:
        """How the one was found in the other, or the other in the one."""
        for found in self.reused.get(name, ()):
            if found.picture == other:
                return found
        for found in self.reused.get(other, ()):
            if found.picture == name:
                return inverted(found, other)
        return None

    def _by_what_stands_for_it(self, there: Reuse | None, other: str, name: str) -> Reuse | None:
        """How `other` is seen in file `name`, where it is seen so in the file that stands for both, by their hashes."""
        here = self._found(self.id, name)
        if here is not None and here.kind == "hash" and there is None:
            return msgspec.structs.replace(here, picture=other)
        if here is not None and there is not None and here.kind == there.kind == "hash":
            return composed(there, here)
        return there if here is None and there is not None and there.kind == "hash" else None

    def told_of(self, seen: Earlier) -> Earlier:
        """What the archive says of a file, which it knows by the hashes of the file that stands for it here."""
        if seen.shown == self.id or seen.kind != "hash" or self._found(seen.picture, seen.shown) is not None:
            return seen
        match = Reuse(picture=seen.picture, kind="hash", distance=seen.distance, confidence=seen.confidence,
                      region=seen.region, transform=seen.transform)  # fmt: skip
        how = self._by_what_stands_for_it(match, seen.picture, seen.shown)
        if how is None:
            return seen
        return msgspec.structs.replace(
            seen, distance=how.distance, confidence=how.confidence, region=how.region, transform=how.transform
        )

    def holds(self, fact: Reuse) -> bool:
        """Whether what is seen of a file is the part for which the file stands here: of a collage, one picture is."""
        if fact.picture == self.id:
            return True
        here = [each for each in self.reused.get(fact.picture, ()) if each.picture in (self.id, *self.variants)]
        return not here or any(_meet(inverted(each, fact.picture).region, fact.region) for each in here)

    def apart(self, seen: Sighting, own: str) -> int:
        """Bits of 256 in which the file of a sighting and our own differ, the larger of what each differs from the one
        that stands for the picture; 0 where it was found by its features.
        """
        if seen.picture == own or seen.distance < 0:
            return 0
        return max(0, seen.distance, self.variants.get(own, 0))

    @property
    def everywhere(self) -> bool:
        """So many unrelated posts have shown it that it tells nothing: a logo, a stock picture, a template."""
        return len(self.showings) >= FEWEST_UNRELATED

    @property
    def telling(self) -> bool:
        """Whether showing it ties a post to others: it is not seen everywhere, and no black frame or unread card."""
        flat = bool(self.pdq) and self.quality < USABLE and about(self.views) is None
        return not self.everywhere and (not flat or bool(self.exact))


class Match(NamedTuple):
    """`distance` in bits of 256 from the file that stands for the row; less than 0: it was found by its features, and
    so many of its places fit; `read` in percent: it was found by its text. `file`: which file it is, "" for that one.
    """

    row: Row
    distance: int
    read: float = 0.0
    file: str = ""

    def evidence(self) -> str:
        if self.read:
            return f"a picture that reads the same ({self.read:.0f} % alike)"
        if self.distance < 0:
            parts = self.row.how(self.row.id, self.file)
            if parts is not None and parts.kind == "clip":
                return f"part of the same clip: {stretches(parts.seconds)}"
            return f"part of the same picture ({-self.distance} places fit)"
        parts = self.row.how(self.row.id, self.file)
        lies = laid(parts.region, parts.transform) if parts is not None else ""
        if lies:
            return lies + (f"; {self.distance} of 256 bits differ" if self.distance else "")
        return f"the same picture but for {self.distance} of 256 bits" if self.distance else "the same picture"


class PictureBook:
    """The last `most` pictures of a watch. Finding one by bytes is a look-up, by hash a scan of them all."""

    def __init__(self, name: str, most: int = 50_000) -> None:
        self._most = most
        self._rows: dict[int, Row] = {}
        self._by_id: dict[str, int] = {}
        self._sighted: dict[str, list[int]] = {}
        self._shown: dict[int, list[int]] = {}  # rows by the digest of a post among their showings
        self._by_text: dict[int, int] = {}
        self._bands = BandIndex(slots=1 << 10)
        self._next = 1
        self._views = ViewIndex()
        self._changed: set[int] = set()
        self._encoder = msgspec.msgpack.Encoder()
        self._ledger = Ledger(name, lambda number: self._encoder.encode(self._rows[number]))

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, number: int) -> Row | None:
        return self._rows.get(number)

    def enter(self, picture: Picture) -> Match:
        """The row a picture belongs to, a new one where it is not known, and how it was recognised."""
        known = self._by_id.get(picture.id)
        if known is not None:
            row = self._rows[known]
            return Match(row, row.variants.get(picture.id, 0), file="" if picture.id == row.id else picture.id)
        match = self._read(picture) or self._same(picture)
        if match is None:
            picture = self._seen_in(picture)
            match = self._found(picture)
        if match is None:
            match = Match(self._open(picture), 0)
        else:
            match = match._replace(file=picture.id)
            self._vary(match.row, picture.id, match.distance)
            self._reuse(match.row, picture)
        if len(picture.found) == 1 and _ties(picture.found[0]):
            # What it shows a part of may come later. (Of two, each has a life of its own.)
            self._vary(match.row, picture.found[0].picture, _distance(picture.found[0]))
        return match

    def _vary(self, row: Row, name: str, distance: int) -> None:
        if name not in self._by_id and len(row.variants) < _VARIANTS:
            row.variants[name] = distance
            self._by_id[name] = row.number
            self._changed.add(row.number)

    def _reuse(self, row: Row, picture: Picture) -> None:
        """What was found in a file of a known picture: for what is told of an earlier one beside it."""
        if picture.found and len(row.reused) < _VARIANTS:
            row.reused[picture.id] = picture.found
            self._changed.add(row.number)

    def shown_by(self, row: Row, showing: Showing) -> None:
        """A post shows this picture: keep it where it is related to none of those before it."""
        if not row.everywhere and taken_up(showing, row.showings):
            row.showings = [*row.showings, showing]
            self._shown.setdefault(showing.key, []).append(row.number)
            self._changed.add(row.number)

    def see(self, row: Row, sighting: Sighting) -> None:
        """Keep a sighting if it is among the earliest of its picture."""
        if any(_order(known) == _order(sighting) for known in row.sightings):
            return
        if len(row.sightings) == _SIGHTINGS and _order(sighting) > _order(row.sightings[-1]):
            return
        row.sightings = sorted([*row.sightings, sighting], key=_order)
        for gone in row.sightings[_SIGHTINGS:]:
            self._unsight(gone.uid, row.number)
        row.sightings = row.sightings[:_SIGHTINGS]
        self._sighted.setdefault(sighting.uid, []).append(row.number)
        self._changed.add(row.number)

    def show(self, row: Row, story: int, uid: str) -> None:
        """A living story shows this picture from now on (0: none does any more)."""
        row.story, row.uid = story, uid
        self._changed.add(row.number)

    def forget_post(self, uid: str) -> None:
        """A post is gone from its platform: its words must not be quoted as a sighting, nor counted as a showing."""
        key = digest(uid)
        for number in self._shown.pop(key, ()):
            row = self._rows.get(number)
            if row is not None:
                row.showings = [showing for showing in row.showings if showing.key != key]
                self._changed.add(number)
                self._ledger.scrub(number)
        for number in self._sighted.pop(uid, ()):
            row = self._rows.get(number)
            if row is not None:
                row.sightings = [seen for seen in row.sightings if seen.uid != uid]
                self._changed.add(number)
                self._ledger.scrub(number)

    def cleanse(self) -> None:
        """A post is gone that may have shown a picture of which nothing is known any more."""
        self._ledger.cleanse()

    def recaption(self, uid: str, caption: str, edited_at: float, named: tuple[str, ...] = ()) -> None:
        """A post has other words now: the earlier ones must not be quoted, nor what they named."""
        for number in self._sighted.get(uid, ()):
            row = self._rows.get(number)
            if row is not None:
                row.sightings = [
                    msgspec.structs.replace(seen, caption=caption, named=named, says=_unplaced(seen.says))
                    if seen.uid == uid and seen.caption != caption and edited_at > seen.at
                    else seen
                    for seen in row.sightings
                ]
                self._changed.add(number)
                self._ledger.scrub(number)

    def _open(self, picture: Picture) -> Row:
        if len(self._rows) >= self._most:
            self._close(next(iter(self._rows)))
        row = Row(self._next, picture.id, picture.pdq, picture.quality, views=picture.views)
        if picture.found:
            row.reused[picture.id] = picture.found
        if known_by_text(picture) and picture.words is not None:
            row.text, (row.exact, *bands) = picture.text[:_READ], marks(picture.words)
            row.bands = tuple(bands)
        self._next += 1
        self._insert(row)
        self._changed.add(row.number)
        return row

    def _insert(self, row: Row) -> None:
        self._rows[row.number] = row
        self._by_id[row.id] = row.number
        for variant in row.variants:
            self._by_id[variant] = row.number
        for seen in row.sightings:
            self._sighted.setdefault(seen.uid, []).append(row.number)
        for showing in row.showings:
            self._shown.setdefault(showing.key, []).append(row.number)
        if row.exact:
            self._by_text.setdefault(row.exact, row.number)
            self._bands.add(row.number, row.bands)
        self._views.add(row.number, row.picture())

    def _close(self, number: int) -> None:
        row = self._rows.pop(number)
        self._bands.drop(number)
        for name in (row.id, *row.variants):
            self._by_id.pop(name, None)
        for seen in row.sightings:
            self._unsight(seen.uid, number)
        for showing in row.showings:
            shown = self._shown.get(showing.key, [])
            if number in shown:
                shown.remove(number)
            if not shown:
                self._shown.pop(showing.key, None)
        if self._by_text.get(row.exact) == number:
            del self._by_text[row.exact]
        self._views.drop(number)
        self._changed.discard(number)
        self._ledger.drop(number)

    def _unsight(self, uid: str, number: int) -> None:
        rows = self._sighted.get(uid, [])
        if number in rows:
            rows.remove(number)
        if not rows:
            self._sighted.pop(uid, None)

    def _same(self, picture: Picture) -> Match | None:
        """The nearest known picture, the earliest of equally near ones."""
        found = self._views.same(picture)
        return Match(self._rows[found[1]], found[0]) if found is not None else None

    def _seen_in(self, picture: Picture) -> Picture:
        """With what is known here and looks like a view of it, beside what enrichment found in it."""
        known = {self._by_id.get(each.picture) for each in picture.found}
        more = [reuse for number, reuse in self._views.seen_in(picture) if number not in known]
        return msgspec.structs.replace(picture, found=(*picture.found, *more)) if more else picture

    def _read(self, picture: Picture) -> Match | None:
        """The flat picture that reads the same: word for word, or nearly, for no two readings are quite alike."""
        if not known_by_text(picture) or picture.words is None:
            return None
        same = self._by_text.get(marks(picture.words)[0])
        if same is not None:
            return Match(self._rows[same], 0, 100.0)
        near = [self._rows[number] for number in self._bands.candidates(picture.words.bands)]
        found = best(picture.text[:_READ], [(row.number, row.text) for row in near])
        if found is None or found[1].share < MOST_OF_IT:
            return None
        return Match(self._rows[found[0]], 0, found[1].percent)

    def _found(self, picture: Picture) -> Match | None:
        """The surest of the pictures that were found in it, if it is known here."""
        known = [
            (each.confidence, -each.distance, each.picture, each, row)
            for each in picture.found
            if _ties(each) and (row := self._rows.get(self._by_id.get(each.picture, 0))) is not None and row.holds(each)
        ]
        if not known:
            return None
        *_, surest, row = max(known, key=lambda each: each[:3])
        told = next((each for each in picture.found if each.picture == row.id), surest)
        return Match(row, _distance(told))

    def changes(self) -> dict[str, bytes | None]:
        for number in sorted(self._changed):
            self._ledger.put(number, self._encoder.encode(self._rows[number]))
        self._changed = set()
        return self._ledger.changes()

    def restore(self, parts: Iterable[tuple[int, bytes]]) -> None:
        decoder = msgspec.msgpack.Decoder(Row)
        rows = [decoder.decode(said[-1]) for said in self._ledger.restore(parts).values()]
        for row in sorted(rows, key=lambda row: row.number):
            self._next = row.number + 1
            self._insert(row)


def sighted(row: Row, file: str, seen: Sighting, at: Callable[[float], datetime]) -> Earlier:
    """A sighting as everybody is told of it who looks at a `file` of the same picture, as the archive would."""
    own = file or row.id
    parts = row.how(seen.picture, file) if seen.picture != own else None
    if parts is not None:
        kind, inliers, confidence = parts.kind, parts.inliers, parts.confidence
    elif seen.picture == own:
        kind, inliers, confidence = "bytes", 0, 1.0
    elif seen.distance < 0:  # how it was found is no longer kept: it was taken up, so it is as sure as that asks
        kind, inliers, confidence = "features", -seen.distance, SUREST
    elif row.exact:
        kind, inliers, confidence = "text", 0, MOST_OF_IT
    else:
        kind, inliers, confidence = "hash", 0, LIKENESS_RIGHT
    return Earlier(
        picture=seen.picture,
        seen_at=at(seen.at),
        source=seen.uid,
        handle=seen.handle,
        caption=excerpt(seen.caption),
        distance=row.apart(seen, own),
        url=seen.url,
        named=seen.named,
        kind=kind,
        inliers=inliers,
        confidence=confidence,
        region=parts.region if parts else WHOLE,
        transform=parts.transform if parts else UNMOVED,
        seconds=parts.seconds if parts else (),
        shown=own,
    )


def claimed(row: Row) -> Iterator[Claimed]:
    """What files of this picture say of themselves, among its earliest sightings."""
    for seen in row.sightings:
        if seen.says is not None:
            yield Claimed(seen.says, seen.uid, seen.handle)


def _unplaced(says: FileSays | None) -> FileSays | None:
    """Without the place its post named, which may be named no more."""
    return None if says is None else msgspec.structs.replace(says, away=0.0, place="")


def once_a_clip(earlier: Iterable[Earlier]) -> list[Earlier]:
    """Where it is told which seconds of a post's clip are in ours, its key frames need not be told as well."""
    every = list(earlier)
    clips = {one.source for one in every if one.kind == "clip"}
    return [one for one in every if one.source not in clips or one.kind in {"clip", "bytes"}]


def _ties(reuse: Reuse) -> bool:
    """Whether it makes the two one picture, or one film, for what is told of stories."""
    shared = sum(end - here for here, end, _, _ in reuse.seconds)
    return reuse.confidence >= SUREST and (reuse.kind != "clip" or shared > LONGEST_IDENT)


def _meet(one: Region, other: Region) -> bool:
    """Whether two regions of a picture, in shares of its sides, share a quarter of the smaller."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    areas = [(each[2] - each[0]) * (each[3] - each[1]) for each in (one, other)]
    return across > 0 and down > 0 and across * down >= _SHARED * min(areas)


def _distance(reuse: Reuse) -> int:
    return -max(1, reuse.inliers) if reuse.kind in {"features", "clip"} else reuse.distance


def _order(sighting: Sighting) -> tuple[float, str, str]:
    return sighting.at, sighting.uid, sighting.picture
