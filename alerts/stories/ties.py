"""Which living story a post belongs to, and what shows it.

What leads to a story is kept by the number of the part that it leads to: where stories have become one, or have been
parted again, only the way from parts to stories changes.

A post joins a story by the first of these ties that holds: it reposts, quotes or answers a post of the story (or is
the original that an earlier repost named); its text is the same or nearly the same; it shows the same picture; it
links to the same page; it shares rare words. Of several stories the one tied most closely wins, then the one opened
first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from alerts.earlier.pictures import Match, PictureBook
from alerts.memory.digests import digest
from alerts.stories.kept import PLACE_BITS, Frame, Note
from alerts.stories.shelf import Shelf
from alerts.stories.story import NAMED, Story
from alerts.stories.texts import Texts
from alerts.stories.traits import MOST_PICTURES, Traits
from alerts.text.embedding import Meanings
from alerts.text.facts import apart
from alerts.text.links import canonical
from alerts.text.places import name_of
from alerts.text.word_index import SURE_ODDS, WordIndex
from alerts.text.words import besides, own_terms, terms, without
from secondsource.contracts.excerpts import QUOTED
from secondsource.contracts.messages import Enriched, Tie
from secondsource.contracts.watch import Watch

#: What shows the tie of a post that others had named before it came.
ORIGINAL = "the original of an earlier post"

_MOST_ROWS = 64
_MOST_LINKS = 4
_FEWEST_IN_COMMON = 2  # terms that two stories say both, for a post to make them one


class Tied(NamedTuple):
    """The part of a living story that a post belongs to, by what, to which of its posts, and what shows it.

    `sure`: whether it is nine to one that both say the same, where only words tell.
    """

    part: int
    tie: Tie
    to: str
    evidence: str
    sure: bool = True


class Ties:
    """What leads from a post to the living stories of a watch."""

    def __init__(self, watch: Watch, shelf: Shelf, meanings: Meanings | None = None) -> None:
        self._meanings = meanings
        self._shelf = shelf
        self.own = own_terms(watch)  #: words that tie no post of the watch to another
        self._into: dict[int, int] = {}  # part → the story that has taken it up
        self._posts: dict[int, int] = {}
        self._links: dict[int, tuple[int, str]] = {}
        self._words = WordIndex()
        self.texts = Texts(shelf, self.living)
        self.pictures = PictureBook(f"{watch.name}/pictures")

    # Finding

    def story_of(self, key: int) -> int | None:
        """The living story that has this post, or a post that names it."""
        part = self._posts.get(key)
        return None if part is None else self.living(part)

    def living(self, part: int) -> int:
        """The story that a part belongs to: itself, or the one that has taken it up."""
        return self._into.get(part, part)

    def by_reference(self, enriched: Enriched, key: int) -> Tied | None:
        """By a post it names, or one that has named it."""
        post = enriched.post
        number = self._posts.get(key)
        if number is not None:
            first = self._shelf[self.living(number)].frame.first_uid
            return Tied(number, "repost", first, ORIGINAL)
        for target, tie in zip((post.repost_of, post.quote_of, post.reply_to), NAMED, strict=True):
            number = self._posts.get(digest(target)) if target else None
            if number is not None:
                return Tied(number, tie, target, "")
        number = self._posts.get(digest(post.edit_of)) if post.edit_of else None
        return Tied(number, "text", post.edit_of, "an edit of it") if number is not None else None

    def traits(self, enriched: Enriched) -> Traits:
        """What others may share with this post. Its pictures are entered in the picture book."""
        post = enriched.post
        return self.texts.traits(enriched)._replace(
            pictures=tuple(self.pictures.enter(picture) for picture in enriched.pictures[:MOST_PICTURES]),
            links=_pages(post.links) if post.links else (),
            checked=_pages([page for review in post.reviews for page in review.appearances]) if post.reviews else (),
        )

    def by_likeness(self, traits: Traits) -> Tied | None:
        """By its text, its picture, its link, in this order."""
        if traits.representative and not traits.passing:
            return self._copied(traits)
        shown = [match for match in traits.pictures if match.row.story and match.row.telling]
        if shown:
            return _showing(min(shown, key=lambda match: (match.distance < 0, abs(match.distance), match.row.story)))
        linked = [(*self._links[link], page) for link, page in (*traits.links, *traits.checked) if link in self._links]
        if linked:
            number, uid, page = min(linked)
            return Tied(number, "link", uid, page)
        return None

    def _copied(self, traits: Traits) -> Tied:
        alike = f"nearly the same text, or part of it ({traits.likeness:.0f} % alike)"
        evidence = alike if traits.likeness else "the same text"
        return Tied(traits.representative >> PLACE_BITS, "text", self.texts.uid_of(traits.representative), evidence)

    def bridges(self, traits: Traits, said: tuple[str, ...], tied: Tied) -> list[Tied]:
        """What ties a post to other parts than that which it belongs to, each part once.

        Only what makes two posts one claim by itself: their texts, a picture, sure words; and a page that two stories
        link to which have words in common. Who quotes or answers a post may say anything.
        """
        found: dict[int, Tied] = {}
        if traits.representative and not traits.passing and tied.tie != "text":
            copied = self._copied(traits)
            found[copied.part] = copied
        for match in traits.pictures:
            if match.row.story and match.row.telling:
                found.setdefault(match.row.story, _showing(match))
        if said and tied.tie in {"media", "link"}:
            worded = self.by_words(said)
            if worded is not None and worded.sure:
                found.setdefault(worded.part, worded)
        for link, page in traits.links:
            if link in self._links:
                part, uid = self._links[link]
                if part != tied.part and self.in_common(part, tied.part):
                    found.setdefault(part, Tied(part, "link", uid, page))
        found.pop(tied.part, None)
        return list(found.values())

    def in_common(self, part: int, other: int) -> bool:
        """Whether a post of the one says what one of the other does. Else who copies the text of one claim and the
        picture of another would make them one, as would the address that a channel ends its posts with.
        """
        there = [frozenset(said) for said in self.sayings(other)]
        return any(len(said.intersection(here)) >= _FEWEST_IN_COMMON for here in self.sayings(part) for said in there)

    def terms(self, enriched: Enriched, traits: Traits) -> tuple[str, ...]:
        """What `by_words` and `lead` know a post by."""
        said = terms(enriched, self.own)
        return without(said, traits.line, enriched.post.text) if traits.line else said

    def by_words(self, said: tuple[str, ...], traits: Traits | None = None, *, denies: bool = False) -> Tied | None:
        """By the rare words they share; of a post that holds another text in `passing`, by what it says besides. Who
        `denies` a claim seldom repeats more of it than whom or what it is about.
        """
        if traits is not None and traits.passing:
            note = self.texts.note_of(traits.representative) if traits.apart else None
            said = besides(said, self.texts.text_of(traits.representative), None if note is None else note.named)
        found = self._words.find(said, name_alone=denies)
        if found is None:
            return None
        shared = ", ".join(map(name_of, found.shared[:8]))
        to = self._shelf[self.living(found.story)].claim_uid()
        return Tied(found.story, "words", to, f"shared: {shared}", sure=found.odds >= SURE_ODDS)

    def by_meaning(self, text: str, at: float, said: tuple[str, ...]) -> Tied | None:
        """By what it means, in the judgement of a model where there is one; to models one town is much like another."""
        if self._meanings is None:
            return None
        near = self._meanings.find(text[:QUOTED], at, lambda part: apart(said, next(iter(self.sayings(part)), ())))
        if near is None:
            return None
        to = self._shelf[self.living(near.part)].claim_uid()
        return Tied(near.part, "meaning", to, f"cosine {near.cosine:.2f}", sure=False)

    # Leading to a story

    def name(self, key: int, target: int, part: int) -> bool:
        """A post leads to this part, and so does the one it names: False where that leads to another already."""
        self._posts[key] = part
        return not target or self._posts.setdefault(target, part) == part

    def lead(self, story: Story, note: Note, traits: Traits, said: tuple[str, ...]) -> None:
        """The post's text, pictures, links and words lead to its part of the story."""
        number = note.part(story.frame.number)
        frame = story.frame.part(number)
        self.texts.lead(story, note, traits.exact, traits.representative)
        for match in traits.pictures:
            if frame is not story.frame:
                _list(story.frame, match)
            self._show(frame, match, note.uid)
        for link, _ in traits.links:
            if link not in self._links:
                self._links[link] = (number, note.uid)
                frame.links.append((link, note.uid))
        if note.tie == "first":
            self._words.slide(note.at)
            self._words.open(number, note.at, (said,), (note.key,))
            self.reread(frame, note.text, note.at)
        elif said:
            self._words.extend(number, said, note.key)

    def _show(self, frame: Frame, match: Match, uid: str) -> None:
        if _list(frame, match) and not match.row.story:
            self.pictures.show(match.row, frame.number, uid)

    # One story of two, and two of one

    def take(self, story: Story, other: Story) -> None:
        """What led to the other leads to this story from now on."""
        self._into.update(dict.fromkeys((frame.number for frame in other.frame.parts()), story.frame.number))

    def part(self, story: Story) -> None:
        """What leads to the parts of this story leads to it again, and to no other."""
        for frame in story.frame.parts():
            self._into[frame.number] = story.frame.number
        self._into.pop(story.frame.number, None)

    def shown_by(self, rows: Sequence[int], parts: frozenset[int]) -> set[int]:
        """Those pictures that posts of these parts brought."""
        found = (self.pictures.row(number) for number in rows)
        return {row.number for row in found if row is not None and row.story in parts}

    def slid(self) -> int:
        """The newest story whose words lead to it no more because of its age or the number of stories since."""
        return self._words.slid

    def sayings(self, story: int) -> tuple[tuple[str, ...], ...]:
        return self._words.sayings(story) or ()

    def sayers(self, story: int) -> tuple[int, ...]:
        return self._words.sayers(story)

    def forget(self, story: Story) -> None:
        """A story is over: nothing leads to it any more."""
        parts = {frame.number for frame in story.frame.parts()}
        for key, _ in story.leads():
            if self._posts.get(key) in parts:
                del self._posts[key]
        for frame in story.frame.parts():
            for link, _ in frame.links:
                self._links.pop(link, None)
            for row_number in frame.rows:
                row = self.pictures.row(row_number)
                if row is not None and row.story in parts:
                    self.pictures.show(row, 0, "")
            self._words.drop(frame.number)
            self.texts.forget(frame)
            self.unread(frame.number)
            self._into.pop(frame.number, None)

    def reread(self, part: Frame, text: str, at: float | None = None) -> None:
        """These are the words of the first post of a part now; `at`: since when, None where an edit changed them."""
        if self._meanings is not None:
            part.unread = not self._meanings.add(part.number, text, at)

    def unread(self, part: int) -> None:
        """The first post of a part is gone."""
        if self._meanings is not None:
            self._meanings.forget(part)

    def say_anew(self, part: Frame, key: int, again: Enriched) -> None:
        """A post was edited: others come to its part by its words of now, if they did by those of then."""
        if key in self.sayers(part.number):
            self._words.unsay(part.number, key)
            self._words.extend(part.number, terms(again, self.own), key)

    def unsay(self, story: Story, note: Note) -> None:
        """A post is gone, and with it the words by which others came to its part."""
        part = note.part(story.frame.number)
        self._words.unsay(part, note.key)
        if note.tie == "first":
            self.unread(part)

    def asked(self) -> tuple[int, int]:
        """What is to be saved of how often a model was asked; see `Meanings.spent`."""
        return (0, 0) if self._meanings is None else self._meanings.spent

    def restore(self, slid: int, asked: tuple[int, int]) -> None:
        """Build all of it anew from the stories on the shelf; the picture book has been restored before."""
        self._words.slid = slid
        if self._meanings is not None:
            self._meanings.spent = asked
        stories = [self._shelf.peek(number) for number in sorted(self._shelf)]
        frames: list[Frame] = []
        for story in stories:
            for key, part in story.leads():
                self._posts.setdefault(key, part)
            for frame in story.frame.parts():
                if frame is not story.frame:
                    self._into[frame.number] = story.frame.number
                for link, uid in frame.links:
                    self._links[link] = (frame.number, uid)
                if frame.number > slid:
                    frames.append(frame)
        for frame in sorted(frames, key=lambda frame: frame.number):
            self._words.open(frame.number, frame.opened_at, frame.sayings, frame.sayers)
        self.texts.restore(stories)
        if self._meanings is not None:
            self._read_again(stories, self._meanings)

    def _read_again(self, stories: Sequence[Story], meanings: Meanings) -> None:
        """The first texts of their parts are found by what they mean again."""
        first: list[tuple[int, str]] = []
        for story in stories:
            for note in story.notes.values():
                if note.tie == "first" and note.text:
                    part = story.frame.part(note.part(story.frame.number))
                    if not part.unread:
                        first.append((part.number, note.text))
        for number, text in sorted(first):
            meanings.add(number, text)


def _showing(match: Match) -> Tied:
    return Tied(match.row.story, "media", match.row.uid, match.evidence())


def _list(frame: Frame, match: Match) -> bool:
    """Put a picture among those of a frame. Whether it was not there, and there was room."""
    if match.row.number in frame.rows or len(frame.rows) >= _MOST_ROWS:
        return False
    frame.rows.append(match.row.number)
    frame.files.append(match.file)
    return True


def _pages(links: Sequence[str]) -> tuple[tuple[int, str], ...]:
    """Digest and address of each page that some links lead to, once."""
    pages = dict.fromkeys(filter(None, map(canonical, links[:_MOST_LINKS])))
    return tuple((digest(page), page) for page in pages)
