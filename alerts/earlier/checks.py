"""The fact-checks that a watch has seen published, and those that are like a story."""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

from alerts.earlier.factchecks import Check, FactCheckIndex
from alerts.memory.ledger import Ledger
from alerts.memory.times import moment
from alerts.quoting import clipped
from alerts.text.understanding import ALIKE, Floats, Understanding
from alerts.wording import quoted
from secondsource.contracts.messages import Checked, Enriched, Reason

_LONGEST = 500  #: characters of a claim or of an article's words that are kept
_LOOKED_THROUGH = 10  # of the nearest, those that are asked whether they are like enough


class _Kept(msgspec.Struct, array_like=True):
    """One review of one post. Times in seconds since 1970: `published` as the review says, `seen_at` when we saw it.

    `meaning`: the vector of its claim, as float16, by the model of this `mark`; empty where that makes none of it.
    """

    uid: str
    claim: str
    words: str
    publisher: str
    url: str
    published: float
    seen_at: float
    mark: int = 0
    meaning: bytes = b""


class CheckBook:
    """The last `most` reviews, each known by a number. They are read only once somebody asks what is like a story.

    The vectors of their claims, where there is a model, are made when they come, and kept: to make those of twenty
    thousand takes a minute and more.
    """

    def __init__(self, name: str, understanding: Understanding | None = None, most: int = 20_000) -> None:
        self._understanding = understanding
        self._most = most
        self._kept: dict[int, _Kept] = {}
        self._by_post: dict[str, list[int]] = {}
        self._next = 1
        self.edition = 0  #: another one for each change of what is kept
        self.newest_at = -math.inf  #: when the newest was seen
        self._encoder = msgspec.msgpack.Encoder()
        self._ledger = Ledger(name, lambda number: self._encoder.encode(self._kept[number]))
        self._index: FactCheckIndex | None = None
        self._numbers: list[int] = []  # of the index: which review stands where,
        self._places: dict[int, int] = {}  # and where each stands

    def __len__(self) -> int:
        return len(self._kept)

    def see(self, enriched: Enriched, at: float) -> None:
        """Keep a post's reviews, in place of those it had before."""
        post = enriched.post
        self.forget_post(post.uid)
        for review in post.reviews:
            published = (review.reviewed_at or post.created_at).timestamp()
            kept = _Kept(
                uid=post.uid,
                claim=review.claim[:_LONGEST],
                words=post.text[:_LONGEST],
                publisher=review.publisher or post.author.name or post.author.handle,
                url=review.url or post.url,
                published=published,
                seen_at=at,
            )
            self._understand(kept)
            self._keep(self._next, kept)
            self._ledger.put(self._next, self._encoder.encode(kept))
            self._next += 1
        while len(self._kept) > self._most:
            self._drop(next(iter(self._kept)))

    def forget_post(self, uid: str) -> None:
        """A post is gone from its platform: its reviews are shown no more."""
        for number in list(self._by_post.get(uid, ())):
            self._ledger.scrub(number)
            self._drop(number)

    def like(self, text: str, before: float, most: int) -> tuple[Checked, ...]:
        """Reviews of claims like a text that were published, and seen, before a time; the most alike first."""
        if not self._kept or not text:
            return ()
        index = self._indexed()
        found: list[Checked] = []
        meaning = None if self._understanding is None else self._understanding.vector(text)
        for near in index.nearest(text, _LOOKED_THROUGH, allowed=self._published(before), meaning=meaning):
            kept = self._kept[self._numbers[near.check]]
            if near.similar and all(kept.url != one.url for one in found):
                found.append(_checked(kept, near.shared))
        return tuple(found[:most])

    def _published(self, before: float) -> NDArray[np.bool_]:
        kept = map(self._kept.get, self._numbers)
        return np.array([one is not None and max(one.published, one.seen_at) < before for one in kept], dtype=bool)

    def _indexed(self) -> FactCheckIndex:
        if self._index is None or len(self._numbers) > 2 * len(self._kept) + 64:
            alike = ALIKE if self._understanding is None else self._understanding.alike
            self._index, self._numbers, self._places = FactCheckIndex(alike=alike), [], {}
        last = self._numbers[-1] if self._numbers else 0
        for number, kept in self._kept.items():
            if number > last:
                if self._understand(kept):  # another model was there when it came, or none
                    self._ledger.put(number, self._encoder.encode(kept))
                self._index.add(Check(kept.claim, "", kept.words), self._vector(kept))
                self._places[number] = len(self._numbers)
                self._numbers.append(number)
        return self._index

    def _understand(self, kept: _Kept) -> bool:
        """See to it that a review has what our model makes of its claim. Whether it had not."""
        if self._understanding is None or kept.mark == self._understanding.mark:
            return False
        vector = self._understanding.vector(kept.claim)
        kept.mark, kept.meaning = self._understanding.mark, b"" if vector is None else vector.astype("<f2").tobytes()
        return True

    def _vector(self, kept: _Kept) -> Floats | None:
        """As it is kept, so that what was restored and what was not are compared alike."""
        if self._understanding is None or not kept.meaning:
            return None
        return np.frombuffer(kept.meaning, "<f2").astype(np.float32)

    def _keep(self, number: int, kept: _Kept) -> None:
        self.edition += 1
        self.newest_at = max(self.newest_at, kept.seen_at)
        self._kept[number] = kept
        self._by_post.setdefault(kept.uid, []).append(number)

    def _drop(self, number: int) -> None:
        kept = self._kept.pop(number)
        self.edition += 1
        left = self._by_post[kept.uid]
        left.remove(number)
        if not left:
            del self._by_post[kept.uid]
        self._ledger.drop(number)
        place = self._places.pop(number, None)
        if self._index is not None and place is not None:
            self._index.remove(place)

    def changes(self) -> dict[str, bytes | None]:
        return self._ledger.changes()

    def restore(self, parts: Iterable[tuple[int, bytes]], edition: int = 0) -> None:
        decoder = msgspec.msgpack.Decoder(_Kept)
        for number, bodies in sorted(self._ledger.restore(parts).items()):
            self._keep(number, decoder.decode(bodies[-1]))
            self._next = number + 1
        self.edition = edition


def _checked(kept: _Kept, shared: tuple[str, ...]) -> Checked:
    return Checked(
        source=kept.uid,
        claim=kept.claim,
        publisher=kept.publisher,
        url=kept.url,
        published_at=moment(kept.published),
        shared=shared,
    )


def checked(check: Checked) -> Reason:
    """A check as a line of a finding. It names the post that published it, whose removal takes the line away."""
    day = f"{check.published_at:%Y-%m-%d}"
    return Reason(
        name="earlier fact-check",
        value=day,
        sentence=f"A similar claim was checked by {clipped(check.publisher, 60)} on {day}: {quoted(check.claim, 280)} "
        f"({check.source}).",
    )
