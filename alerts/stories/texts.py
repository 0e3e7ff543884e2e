"""Which text of a watch's living stories a text copies, and what else it has in common with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Literal

from alerts.memory.digests import digest
from alerts.stories.kept import PLACE_BITS, Frame, Note
from alerts.stories.shelf import Shelf
from alerts.stories.story import Story
from alerts.stories.traits import MOST_PICTURES, Traits
from alerts.text.band_index import BandIndex
from alerts.text.copies import (
    LONGER,
    MOST_OF_IT,
    Likeness,
    as_read,
    best,
    compared,
    have_much_in_common,
    line_in_common,
    run_in_common,
    tells,
)
from alerts.text.words import named
from secondsource.contracts.copied import copied_text
from secondsource.contracts.excerpts import QUOTED
from secondsource.contracts.messages import Enriched

#: Texts of fewer words are said by chance: they need more than their words to match.
FEWEST_WORDS = 5
#: Texts of a part that later ones are compared with.
MOST_PLACES = (1 << PLACE_BITS) - 2

_READ = 1_000  # characters of a text that are compared with others
_MOST_DIGITS = 18
_ANCHORS = 3  # bands in common: five words and more in a row, or as many here and there
_FIRST_TEXTS = 4  # of a story, that a post of it is compared with whatever they share
_MOST_EXACTS = 128


class Texts:
    """Each text that later ones are compared with is known by its representative: its part and its place in that.

    `living`: tells the story that a part belongs to now.
    """

    def __init__(self, shelf: Shelf, living: Callable[[int], int]) -> None:
        self._shelf = shelf
        self._living = living
        self._exacts: dict[int, int] = {}
        self._bands = BandIndex(PLACE_BITS)

    # What a post has in common with them

    def traits(self, enriched: Enriched) -> Traits:
        """What others have said before of what a post says, or else of what its pictures do."""
        sketch, post = enriched.sketch, enriched.post
        exact = digest(sketch.exact) if sketch.exact else 0
        copied = None
        if exact and sketch.words >= FEWEST_WORDS and exact in self._exacts:
            copied = Traits(exact, self._exacts[exact])
        if copied is None and sketch.bands:
            copied = self._nearly(exact, sketch.bands, post.text, named(enriched))
        if copied is None or not copied.representative:
            copied = self._in_pictures(enriched) or copied or Traits(exact)
        return copied

    def within(self, traits: Traits, enriched: Enriched, story: Story) -> Traits:
        """What counts of a post in this story: a text that it holds in passing counts where it is of the same story,
        and so does what it has in common with others of it, though it came to the story by something else.
        """
        if traits.passing and self._living(traits.representative >> PLACE_BITS) != story.frame.number:
            kin = (traits.representative, *traits.kin)
            traits = traits._replace(representative=0, likeness=0.0, passing=False, longer=False, apart=False, kin=kin)
        if story.notes and traits.exact and (traits.longer or not traits.representative):
            kin = tuple(dict.fromkeys((*self._kin(enriched, story), *traits.kin)))
            traits = traits._replace(kin=kin)
        return traits

    def _kin(self, enriched: Enriched, story: Story) -> tuple[int, ...]:
        """Texts of a story that a post of it shares so much with that they cannot be two sources."""
        text, sketch = copied_text(enriched.post.text[:_READ]), enriched.sketch
        if sketch.words < FEWEST_WORDS and not tells(text):
            return ()
        near = list(islice(story.places, _FIRST_TEXTS))
        if sketch.bands:
            parts = [frame.number for frame in story.frame.parts()]
            near += [one for one in self._bands.candidates(sketch.bands, parts) if one not in near]
        notes = ((one, story.notes[story.places[one]]) for one in near if one in story.places)
        return tuple(one for one, note in notes if _of_one_hand(text, sketch.bands, note))

    def _in_pictures(self, enriched: Enriched) -> Traits | None:
        """The text that one of its pictures shows, if it is another post's."""
        for picture in enriched.pictures[:MOST_PICTURES]:
            if picture.words is not None and picture.words.words >= FEWEST_WORDS:
                exact = digest(picture.words.exact)
                if exact in self._exacts:
                    return Traits(exact, self._exacts[exact])
                copied = self._nearly(exact, picture.words.bands, picture.text)
                if copied is not None and copied.representative:
                    return copied
        return None

    def _nearly(self, exact: int, bands: tuple[int, ...], text: str, names: tuple[str, ...] = ()) -> Traits | None:
        """The representative that a text nearly copies, wholly or in part, or what else it has in common with others;
        None for nothing.
        """
        notes = {found: self.note_of(found) for found in (self._bands.candidates(bands) if bands else ())}
        candidates = [(found, note.text) for found, note in notes.items() if note is not None and note.text]
        found = best(text[:_READ], candidates)
        if found is not None and found[1].share >= MOST_OF_IT:
            return self._copying(exact, text, names, notes, found)
        if not candidates:
            return None
        return self._partly(exact, copied_text(text[:_READ]), candidates, found)

    def _copying(
        self,
        exact: int,
        text: str,
        names: tuple[str, ...],
        notes: Mapping[int, Note | None],
        found: tuple[int, Likeness],
    ) -> Traits:
        """As `_nearly`, of a text that copies most of the one that was `found`: if it says the same."""
        kept = copied_text(text[:_READ])
        told = {number: _told_of(kept, names, note) for number, note in notes.items() if note is not None and note.text}
        if told[found[0]] != "same":
            same = [(one, note.text) for one, note in notes.items() if note is not None and told.get(one) == "same"]
            other = best(text[:_READ], same)
            found = found if other is None or other[1].share < MOST_OF_IT else other
        number, likeness = found
        if told[number] != "same":
            return Traits(exact, number, likeness.percent, passing=True, longer=True, apart=told[number] == "elsewhere")
        longer = len(kept) > LONGER * len(copied_text(self.text_of(number)))
        return Traits(exact, number, likeness.percent, longer=longer)

    def _partly(
        self, exact: int, text: str, candidates: Sequence[tuple[int, str]], found: tuple[int, Likeness] | None
    ) -> Traits:
        """As `_nearly`, of a text that is no copy of any candidate, or holds the one that was `found` in passing."""
        others = [(number, copied_text(other), len(other) > QUOTED) for number, other in candidates]
        held = "" if found is None else next(other for number, other, _ in others if number == found[0])
        found_lines = (line_in_common(text, other, cut=cut) for number, other, cut in others if other != held)
        lines = [one for one in found_lines if one and not (held and (one.text in held or held in one.text))]
        line = next((one.text for one in lines if one.sure or len(lines) > 1), "")
        kin = tuple(number for number, other, _ in others if other != held and run_in_common(text, other))
        if found is None:
            return Traits(exact, kin=kin, line=line)
        passing = len(held) < MOST_OF_IT * (len(text) - len(line))
        return Traits(exact, found[0], found[1].percent, passing, longer=True, kin=kin if passing else (), line=line)

    def note_of(self, representative: int) -> Note | None:
        return self._shelf.note(self._living(representative >> PLACE_BITS), representative)

    def text_of(self, representative: int) -> str:
        note = self.note_of(representative)
        return note.text if note is not None else ""

    def uid_of(self, representative: int) -> str:
        note = self.note_of(representative)
        return note.uid if note is not None else self._shelf[self._living(representative >> PLACE_BITS)].frame.first_uid

    # Texts that come and go

    def lead(self, story: Story, note: Note, exact: int, representative: int) -> None:
        """The post's text leads to its part of the story; `exact` and `representative` are of its traits."""
        number = note.part(story.frame.number)
        frame = story.frame.part(number)
        representative = note.representative(story.frame.number) or representative
        if (
            representative >> PLACE_BITS == number
            and exact
            and exact not in self._exacts
            and len(frame.exacts) < _MOST_EXACTS
        ):
            self._exacts[exact] = representative
            frame.exacts.append((exact, representative))
        if note.bands:
            self._bands.add(note.representative(story.frame.number), note.bands)

    def remove(self, story: Story, note: Note) -> None:
        """A post is gone, and its text with it."""
        if note.bands:
            self._bands.remove(note.representative(story.frame.number), note.bands)

    def forget(self, part: Frame) -> None:
        """A story is over: its texts are compared with no more."""
        for exact, _ in part.exacts:
            self._exacts.pop(exact, None)
        self._bands.drop(part.number)

    def restore(self, stories: Iterable[Story]) -> None:
        """Build all of it anew. Texts are put in as they came: of many that share a band, the newest are looked at."""
        banded: list[tuple[float, str, int, tuple[int, ...]]] = []
        for story in stories:
            for frame in story.frame.parts():
                self._exacts.update(frame.exacts)
            number = story.frame.number
            banded += [
                (note.at, note.uid, note.representative(number), note.bands)
                for note in story.notes.values()
                if note.bands
            ]
        for _, _, representative, bands in sorted(banded):
            self._bands.add(representative, bands)


def _told_of(text: str, names: tuple[str, ...], note: Note) -> Literal["same", "otherwise", "elsewhere"]:
    """Whether a normalised text says what it nearly copies: of the same places, with the same numbers."""
    here, there = {*names}, {*note.named}
    if here - there and there - here:
        return "elsewhere"
    other = copied_text(note.text)
    if not _of_other_numbers(text, other):
        return "same"
    return "otherwise" if _of_other_numbers(as_read(text, other), other) else "same"


def _of_other_numbers(text: str, other: str) -> bool:
    numbers, theirs = _numbers(text), _numbers(other)
    return bool(numbers - theirs and theirs - numbers)


def _numbers(text: str) -> set[int]:
    return {int(word) for word in text.split() if word.isdecimal() and len(word) <= _MOST_DIGITS}


def _of_one_hand(text: str, bands: tuple[int, ...], note: Note) -> bool:
    """Whether a normalised text and that of a note have so much in common that one has it from the other, or both from
    a third.
    """
    other = copied_text(note.text)
    short, long = (text, other) if len(text) <= len(other) else (other, text)
    if short and (short in long or have_much_in_common(text, other) or compared(text, other) is not None):
        return True
    return len(note.text) > QUOTED and len({*bands} & {*note.bands}) >= _ANCHORS  # what was cut off it cannot be read
