"""What is remembered of stories that came past their watch's floor, besides what they are: the few that rules look at.

Everything that costs more than a look-up is asked again only once there is reason to: the archive when the story shows
another picture or has grown by a tenth, for it may have learned of an earlier sighting since; fact-checks when there
are others or the claim is another, and the weight of pictures, for which all its posts are gone through, when it has
grown by a tenth, and when it is told of.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import msgspec

from alerts.memory.ledger import Ledger
from alerts.memory.times import moment
from alerts.rules.evidence import Old, Removed
from alerts.stories.kept import Note
from alerts.stories.story import Story
from alerts.stories.tokens import picture_token

_OVER = -1  # a spike that is over grows no more


class Left(msgspec.Struct, array_like=True, frozen=True):
    """Posts that left a story while it spread: `evidence.Removed`, but for those that are still there."""

    posts: int
    most: int
    story: int
    surprise: float | None
    latest_at: float


class Case(msgspec.Struct, array_like=True):
    """`asked`: so many pictures were looked up (-1: never); `old`: those that were seen before, with the first time.
    `weighed`: interactions and posts at the last weighing, which gave `weights` of old pictures (first time, posts,
    interactions). `matched`: the fact-checks found, by `matched_by`: the state of the
    book, the claim, its last edit. `burst`: since when a spike lasts, the posts of the story in it, and how many posts
    the story had had when those were counted (`_OVER`: it lasts no more).
    """

    asked: int = -1
    old: tuple[tuple[int, float], ...] = ()
    weighed: tuple[int, int] = (0, 0)
    weights: tuple[tuple[float, int, int], ...] = ()
    matched: int = 0
    matched_by: tuple[int, int, float] = (0, 0, 0.0)
    burst: tuple[float, int, int] = (0.0, 0, 0)
    left: Left | None = None

    def old_pictures(self) -> tuple[Old, ...]:
        return tuple(Old(moment(since), posts, interactions) for since, posts, interactions in self.weights)

    def removed(self, still_there: int) -> Removed | None:
        """`still_there`: posts that assert the story in words of their own."""
        left = self.left
        if left is None:
            return None
        of = left.posts + still_there
        return Removed(left.posts, of, left.most, left.story, left.surprise, moment(left.latest_at))


class Cases:
    """By the numbers of their stories."""

    def __init__(self, name: str) -> None:
        self._cases: dict[int, Case] = {}
        self._changed: set[int] = set()
        self._encoder = msgspec.msgpack.Encoder()
        self._ledger = Ledger(name, lambda number: self._encoder.encode(self._cases[number]))

    def __len__(self) -> int:
        return len(self._cases)

    def of(self, number: int) -> Case:
        """A story's case, opened where there is none."""
        case = self._cases.get(number)
        if case is None:
            case = self._cases[number] = Case()
            self._changed.add(number)
        return case

    def known(self, number: int) -> Case | None:
        return self._cases.get(number)

    def to_look_up(self, story: Story) -> bool:
        """Whether the archive is to be asked for the story's pictures."""
        case = self.of(story.frame.number)
        return case.asked != len(story.frame.rows) or _outgrown(case.weighed, _extent(story))

    def look_up_again(self, number: int) -> None:
        """There may be an earlier sighting of its pictures now."""
        case = self._cases.get(number)
        if case is not None:
            case.asked = -1
            self._changed.add(number)

    def looked_up(self, story: Story, first_seen: Mapping[int, float]) -> None:
        """The archive has answered: rows of its pictures, with when they were first seen before it."""
        case = self.of(story.frame.number)
        case.asked = len(story.frame.rows)
        case.old = tuple(sorted(first_seen.items()))
        case.weighed = (0, 0)
        self._changed.add(story.frame.number)

    def weigh(self, story: Story, *, to_tell: bool = False) -> Case:
        """How far its old pictures have gone, asked anew where it has grown since; `to_tell`: as it is to the post."""
        case = self.of(story.frame.number)
        now = _extent(story)
        if not to_tell and not _outgrown(case.weighed, now):
            return case
        case.weighed = now
        case.weights = tuple(sorted(_weights(story, case.old), key=lambda one: (-one[2], -one[1], one[0])))
        self._changed.add(story.frame.number)
        return case

    def match(self, story: Story, matched: int, by: tuple[int, int, float]) -> None:
        case = self.of(story.frame.number)
        case.matched, case.matched_by = matched, by
        self._changed.add(story.frame.number)

    def burst(self, story: Story, since: float, until: float) -> int:
        """Posts of the story from `since` on, which is the beginning of a spike of its watch, and before `until`; inf
        where the spike goes on.
        """
        case = self.of(story.frame.number)
        over = until < math.inf
        if case.burst[0] != since or over != (case.burst[2] == _OVER):
            posts = sum(since <= note.at < until for note in story.notes.values())
            case.burst = (since, posts, _OVER if over else story.ever)
            self._changed.add(story.frame.number)
        return case.burst[1] + (0 if over else story.ever - case.burst[2])

    def recount(self, number: int) -> None:
        """Posts have come to a story, or gone from it, that belong to another: count a burst's anew."""
        case = self._cases.get(number)
        if case is not None and case.burst[0]:
            case.burst = (0.0, 0, 0)
            self._changed.add(number)

    def leave(self, story: Story, note: Note, surprise: float | None, at: float) -> None:
        """A post of the story is about to leave it: it is gone from its platform."""
        case = self.of(story.frame.number)
        left = case.left or Left(0, 0, 0, surprise, at)
        known = [one for one in (left.surprise, surprise) if one is not None]
        case.left = Left(
            posts=left.posts + 1,
            most=max(left.most, story.tally.of(note.key)),
            story=max(left.story, story.tally.total),
            surprise=min(known) if known else None,
            latest_at=at,
        )
        self._changed.add(story.frame.number)

    def join(self, number: int, into: Story) -> None:
        """A story goes on in another, and so does what left it. That stays with the other if they are parted again."""
        case = self._cases.get(number)
        if case is not None and case.left is not None:
            other = self.of(into.frame.number)
            other.left = case.left if other.left is None else _both(case.left, other.left)
            self._changed.add(into.frame.number)
        self.end(number)
        self.recount(into.frame.number)

    def end(self, number: int) -> None:
        if self._cases.pop(number, None) is not None:
            self._changed.discard(number)
            self._ledger.drop(number)

    # Saving

    def changes(self) -> dict[str, bytes | None]:
        for number in sorted(self._changed):
            self._ledger.put(number, self._encoder.encode(self._cases[number]))
        self._changed = set()
        return self._ledger.changes()

    def restore(self, parts: Iterable[tuple[int, bytes]]) -> None:
        decoder = msgspec.msgpack.Decoder(Case)
        for number, bodies in self._ledger.restore(parts).items():
            self._cases[number] = decoder.decode(bodies[-1])


def _both(one: Left, other: Left) -> Left:
    known = [left.surprise for left in (one, other) if left.surprise is not None]
    return Left(
        posts=one.posts + other.posts,
        most=max(one.most, other.most),
        story=max(one.story, other.story),
        surprise=min(known) if known else None,
        latest_at=max(one.latest_at, other.latest_at),
    )


def _extent(story: Story) -> tuple[int, int]:
    """Its interactions, and how many posts it has had."""
    return story.tally.total, story.ever


def _outgrown(was: tuple[int, int], now: tuple[int, int]) -> bool:
    """Whether it has grown by a tenth, or shrunk."""
    return any(not 10 * before <= 10 * after < 11 * before for before, after in zip(was, now, strict=True))


def own_posts(story: Story) -> int:
    """How many posts assert the story in words of their own, as near as its counts tell."""
    return max(0, story.asserted.posts - story.kinds.get("repost", 0))


def _weights(story: Story, old: Iterable[tuple[int, float]]) -> Iterable[tuple[float, int, int]]:
    """For each old picture: since when it is known, how many posts that assert the story show it, and what these drew:
    what was done with each of them, and each after the first, which is a copy.
    """
    rows = dict(old)
    if not rows:
        return
    tokens = {picture_token(row): row for row in rows}
    posts = dict.fromkeys(rows, 0)
    drawn = dict.fromkeys(rows, 0)
    for note in story.notes.values():
        if note.stance == "asserts" and note.own:
            for token in note.tokens:
                row = tokens.get(token)
                if row is not None:
                    posts[row] += 1
                    drawn[row] += story.tally.of(note.key)
    for row, since in rows.items():
        if posts[row]:
            yield since, posts[row], drawn[row] + posts[row] - 1
