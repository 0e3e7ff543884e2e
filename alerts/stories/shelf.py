"""The living stories of a watch: those in use in working form, the others as bytes, all of them saved little by
little.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from alerts.memory.ledger import Ledger
from alerts.stories.kept import Note
from alerts.stories.story import Story, read, read_text

#: Stories of more posts stay in working form: to bring them back would take too long.
_LARGE = 256


class Shelf:
    """Stories by number. `most_hot` of them stay in working form between two saves, the longest untouched go first."""

    def __init__(self, name: str, most_hot: int = 4_096) -> None:
        self._most_hot = most_hot
        self._frozen: dict[int, bytes] = {}
        self._hot: dict[int, Story] = {}
        self._dirty: dict[int, None] = {}
        self._bodies: dict[int, bytes] = {}  # of stories that were saved whole and have not changed since
        self._ledger = Ledger(name, self._whole)

    def __contains__(self, number: int) -> bool:
        return number in self._hot or number in self._frozen

    def __len__(self) -> int:
        return len(self._frozen) + len(self._hot)

    def __iter__(self) -> Iterator[int]:
        """Numbers of all living stories, in no order."""
        yield from self._frozen
        yield from self._hot

    def __getitem__(self, number: int) -> Story:
        story = self._hot.get(number)
        if story is None:
            story = self._hot[number] = read((self._frozen.pop(number),))
        return story

    def peek(self, number: int) -> Story:
        """A story to read, not to change."""
        story = self._hot.get(number)
        return read((self._frozen[number],)) if story is None else story

    def note(self, number: int, representative: int) -> Note | None:
        """The note of a story's representative; None where there is none."""
        frozen = self._frozen.get(number)
        if frozen is not None:
            return read_text(frozen, representative)
        story = self._hot.get(number)
        return story.notes.get(story.places.get(representative, 0)) if story is not None else None

    def put(self, story: Story) -> None:
        """A new story."""
        self._hot[story.frame.number] = story

    def touch(self, story: Story) -> None:
        """A story has changed, and must be saved."""
        number = story.frame.number
        self._hot.pop(number, None)
        self._hot[number] = story
        self._dirty[number] = None
        self._bodies.pop(number, None)

    def drop(self, number: int) -> None:
        self._hot.pop(number, None)
        self._frozen.pop(number, None)
        self._dirty.pop(number, None)
        self._bodies.pop(number, None)
        self._ledger.drop(number)

    def scrub(self, number: int) -> None:
        """What was saved of this story must not stay as it was: a post has left it."""
        self._ledger.scrub(number)

    def cleanse(self) -> None:
        """A post has left a story that is over: nothing of such stories is to stay in what was saved."""
        self._ledger.cleanse()

    def changed(self) -> list[Story]:
        """The stories to be saved next."""
        return [self[number] for number in self._dirty]

    def changes(self) -> dict[str, bytes | None]:
        for number in self._dirty:
            story = self[number]
            is_all, body = story.all_is_new, story.saved_changes()
            self._ledger.append(number, body)
            if is_all:
                self._bodies[number] = body
        self._dirty = {}
        parts = self._ledger.changes()
        cold = list(islice(self._hot, max(0, len(self._hot) - self._most_hot)))
        for number in cold:
            if len(self._hot[number].notes) <= _LARGE:
                story = self._hot.pop(number)
                self._frozen[number] = self._bodies.pop(number, b"") or story.whole()
        return parts

    def restore(self, parts: Iterable[tuple[int, bytes]]) -> None:
        for number, bodies in self._ledger.restore(parts).items():
            self._frozen[number] = bodies[0] if len(bodies) == 1 else read(bodies).whole()

    def _whole(self, number: int) -> bytes:
        frozen = self._frozen.get(number)
        return self._hot[number].whole() if frozen is None else frozen
