"""Which living story a post belongs to, and what shows it.

A post joins a story by the first of these ties that holds: it reposts, quotes or answers a post of the story (or is
the original that an earlier repost named); its text is the same or nearly the same; it shows the same picture; it
links to the same page; it shares rare words. Of several stories the one tied most closely wins, then the one opened
first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from alerts.copies import BandIndex, best
from alerts.digests import digest
from alerts.links import canonical
from alerts.pictures import Match, PictureBook
from alerts.shelf import Shelf
from alerts.stories import QUOTED, Note, Story
from alerts.words import SURE_ODDS, WordIndex, own_terms, terms
from secondsource.contracts.messages import Enriched, Tie
from secondsource.contracts.watch import Watch

#: Texts of fewer words are said by chance: they need more than their words to match.
FEWEST_WORDS = 5
#: A representative text is known by its story's number and its place among the story's texts.
PLACE_BITS = 8
MOST_PLACES = (1 << PLACE_BITS) - 2

#: Pictures of a post that are looked at.
MOST_PICTURES = 8

_PLACE = (1 << PLACE_BITS) - 1
_MOST_EXACTS = 128
_MOST_ROWS = 64
_MOST_LINKS = 4
_NAMED: tuple[Tie, Tie, Tie] = ("repost", "quote", "reply")


class Tied(NamedTuple):
    """The story a post belongs to, by what, to which of its posts, and what shows it.

    `sure`: whether it is nine to one that both say the same, where only words tell.
    """

    story: int
    tie: Tie
    to: str
    evidence: str
    sure: bool = True


class Traits(NamedTuple):
    """What of a post may be found in others.

    `exact`: digest of its normalised text; `representative`: of the near-copies it belongs to, `likeness` in percent
    (0.0 where it is the same). Pictures with their row and distance; links with their digest. `checked`: pages that its
    reviews say the claim appeared on, which lead to a story but make nobody a copy.
    """

    exact: int = 0
    representative: int = 0
    likeness: float = 0.0
    pictures: tuple[Match, ...] = ()
    links: tuple[tuple[int, str], ...] = ()
    checked: tuple[tuple[int, str], ...] = ()


class Ties:
    """What leads from a post to the living stories of a watch."""

    def __init__(self, watch: Watch, shelf: Shelf) -> None:
        self._shelf = shelf
        self._own = own_terms(watch)
        self._posts: dict[int, int] = {}
        self._exacts: dict[int, int] = {}
        self._links: dict[int, tuple[int, str]] = {}
        self._bands = BandIndex()
        self._words = WordIndex()
        self.pictures = PictureBook(f"{watch.name}/pictures")

    # Finding

    def story_of(self, key: int) -> int | None:
        """The living story that has this post, or a post that names it."""
        return self._posts.get(key)

    def named(self, enriched: Enriched, key: int) -> Tied | None:
        """By a post it names, or one that has named it."""
        post = enriched.post
        number = self._posts.get(key)
        if number is not None:
            return Tied(number, "repost", self._shelf[number].frame.first_uid, "the original of an earlier post")
        for target, tie in zip((post.repost_of, post.quote_of, post.reply_to), _NAMED, strict=True):
            number = self._posts.get(digest(target)) if target else None
            if number is not None:
                return Tied(number, tie, target, "")
        number = self._posts.get(digest(post.edit_of)) if post.edit_of else None
        return Tied(number, "text", post.edit_of, "an edit of it") if number is not None else None

    def traits(self, enriched: Enriched) -> Traits:
        """What others may share with this post. Its pictures are entered in the picture book."""
        sketch, post = enriched.sketch, enriched.post
        exact = digest(sketch.exact) if sketch.exact else 0
        representative, likeness = 0, 0.0
        if exact and sketch.words >= FEWEST_WORDS:
            representative = self._exacts.get(exact, 0)
        if not representative and sketch.bands:
            representative, likeness = self._nearly(sketch.bands, post.text)
        if not representative:
            exact, representative, likeness = self._in_pictures(enriched) or (exact, 0, 0.0)
        return Traits(
            exact=exact,
            representative=representative,
            likeness=likeness,
            pictures=tuple(self.pictures.enter(picture) for picture in enriched.pictures[:MOST_PICTURES]),
            links=_pages(post.links) if post.links else (),
            checked=_pages([page for review in post.reviews for page in review.appearances]) if post.reviews else (),
        )

    def alike(self, traits: Traits) -> Tied | None:
        """By its text, its picture, its link, in this order."""
        if traits.representative:
            alike = f"nearly the same text, or part of it ({traits.likeness:.0f} % alike)"
            evidence = alike if traits.likeness else "the same text"
            return Tied(traits.representative >> PLACE_BITS, "text", self._uid_of(traits.representative), evidence)
        shown = [match for match in traits.pictures if match.row.story and match.row.telling]
        if shown:
            match = min(shown, key=lambda match: (match.distance < 0, abs(match.distance), match.row.story))
            return Tied(match.row.story, "media", match.row.uid, match.evidence())
        linked = [(*self._links[link], page) for link, page in (*traits.links, *traits.checked) if link in self._links]
        if linked:
            number, uid, page = min(linked)
            return Tied(number, "link", uid, page)
        return None

    def terms(self, enriched: Enriched) -> tuple[str, ...]:
        """What `told` and `lead` know a post by."""
        return terms(enriched, self._own)

    def told(self, said: tuple[str, ...]) -> Tied | None:
        """By the rare words they share."""
        found = self._words.find(said)
        if found is None:
            return None
        shared = ", ".join(term.partition(" ")[2] or term for term in found.shared[:8])
        to = self._shelf[found.story].claim_uid()
        return Tied(found.story, "words", to, f"shared: {shared}", sure=found.odds >= SURE_ODDS)

    # Leading to a story

    def name(self, key: int, target: int, story: int) -> bool:
        """A post leads to this story, and so does the one it names: False where that leads to another already."""
        self._posts[key] = story
        return not target or self._posts.setdefault(target, story) == story

    def lead(self, story: Story, note: Note, traits: Traits, said: tuple[str, ...]) -> None:
        """The post's text, pictures, links and words lead to its story."""
        frame, number = story.frame, story.frame.number
        representative = traits.representative or (number << PLACE_BITS | note.place if note.place else 0)
        if (
            representative >> PLACE_BITS == number
            and traits.exact
            and traits.exact not in self._exacts
            and len(frame.exacts) < _MOST_EXACTS
        ):
            self._exacts[traits.exact] = representative
            frame.exacts.append((traits.exact, representative))
        if note.bands:
            self._add_bands(representative, note.bands)
        for match in traits.pictures:
            self._show(story, match, note.uid)
        for link, _ in traits.links:
            if link not in self._links:
                self._links[link] = (number, note.uid)
                frame.links.append((link, note.uid))
        if note.tie == "first":
            self._words.slide(note.at)
            self._words.open(number, note.at, (said,))
        elif said:
            self._words.extend(number, said)

    def _add_bands(self, representative: int, bands: tuple[int, ...]) -> None:
        self._bands.add(representative, bands)
        if self._bands.full():
            self._bands.grow(np.fromiter(self._shelf, dtype=np.int64, count=len(self._shelf)), PLACE_BITS)

    def _show(self, story: Story, match: Match, uid: str) -> None:
        row = match.row
        if row.number not in story.frame.rows and len(story.frame.rows) < _MOST_ROWS:
            story.frame.rows.append(row.number)
            story.frame.files.append(match.file)
            if not row.story:
                self.pictures.show(row, story.frame.number, uid)

    def slid(self) -> int:
        """The newest story whose words lead to it no more because of its age or the number of stories since."""
        return self._words.slid

    def sayings(self, story: int) -> tuple[tuple[str, ...], ...]:
        return self._words.sayings(story) or ()

    def forget(self, story: Story) -> None:
        """A story is over: nothing leads to it any more."""
        frame, number = story.frame, story.frame.number
        for key in story.leads():
            if self._posts.get(key) == number:
                del self._posts[key]
        for exact, _ in frame.exacts:
            self._exacts.pop(exact, None)
        for link, _ in frame.links:
            self._links.pop(link, None)
        for row_number in frame.rows:
            row = self.pictures.row(row_number)
            if row is not None and row.story == number:
                self.pictures.show(row, 0, "")
        self._words.drop(number)

    def restore(self, slid: int) -> None:
        """Build all of it anew from the stories on the shelf; the picture book has been restored before."""
        self._words.slid = slid
        for number in sorted(self._shelf):
            story = self._shelf.peek(number)
            frame = story.frame
            for note in story.notes.values():
                if note.bands:
                    self._add_bands(number << PLACE_BITS | note.place, note.bands)
            self._posts.update(dict.fromkeys(story.leads(), number))
            self._exacts.update(frame.exacts)
            for link, uid in frame.links:
                self._links[link] = (number, uid)
            if number > slid:
                self._words.open(number, frame.opened_at, frame.sayings)

    def _in_pictures(self, enriched: Enriched) -> tuple[int, int, float] | None:
        """The text that one of its pictures shows, if it is another post's: its digest, whose it is, how alike."""
        for picture in enriched.pictures[:MOST_PICTURES]:
            if picture.words is not None and picture.words.words >= FEWEST_WORDS:
                exact = digest(picture.words.exact)
                if exact in self._exacts:
                    return exact, self._exacts[exact], 0.0
                representative, likeness = self._nearly(picture.words.bands, picture.text)
                if representative:
                    return exact, representative, likeness
        return None

    def _nearly(self, bands: tuple[int, ...], text: str) -> tuple[int, float]:
        """The representative that a text nearly copies, and how alike they are in percent; (0, 0.0) for none."""
        candidates = [(found, self._text_of(found)) for found in (self._bands.candidates(bands) if bands else ())]
        return best(text[:QUOTED], [one for one in candidates if one[1]])

    def _text_of(self, representative: int) -> str:
        return self._shelf.text(representative >> PLACE_BITS, representative & _PLACE)[1]

    def _uid_of(self, representative: int) -> str:
        number = representative >> PLACE_BITS
        return self._shelf.text(number, representative & _PLACE)[0] or self._shelf[number].frame.first_uid


def _pages(links: Sequence[str]) -> tuple[tuple[int, str], ...]:
    """Digest and address of each page that some links lead to, once."""
    pages = dict.fromkeys(filter(None, map(canonical, links[:_MOST_LINKS])))
    return tuple((digest(page), page) for page in pages)
