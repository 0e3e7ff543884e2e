"""Forecasts for stories of which only the dated interactions are known: what the alerts stage does, without the posts.

Event time rules: a forecast knows what had happened by its moment in any story, and of no story how it will end.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from alerts.memory.digests import digest
from alerts.spread.forecast import Foresight, Range
from alerts.spread.growth import Growth
from alerts.spread.surprise import Tally


class Act(NamedTuple):
    """Something that happened to a story, in seconds since 1970. The first of a story is the post itself.

    Each later one is an interaction, by `account` where it is known: an account counts once. With `interactions` it is
    a platform's count as of then instead.
    """

    story: str
    at: float
    account: str = ""
    interactions: int | None = None


class Forecasts(NamedTuple):
    """What was forecast of a story `age` seconds old: for twice that age, and for its end.

    `learnt`: finished stories known.
    """

    story: str
    age: float
    interactions: int
    twice: Range
    final: Range
    learnt: int


class _Story:
    def __init__(self, act: Act, number: int) -> None:
        self.opened_at = self.last_at = act.at
        self.number = number
        self.tally = Tally()
        self.growth = Growth()
        self.nameless = 0
        if act.interactions is not None:
            self.take(act)

    def take(self, act: Act) -> None:
        if act.interactions is not None:
            changed = self.tally.report(0, act.interactions)
        else:
            self.nameless -= not act.account
            account = digest(act.account) if act.account else self.nameless
            changed = self.tally.counts(account)
            if changed:
                self.tally.pass_on(account, 0)
        if changed:
            self.last_at = act.at
            self.growth.reach(act.at - self.opened_at, self.tally.total)


def replay_forecasts(
    acts: Iterable[Act], ages: Sequence[float], over_after: float, known: Iterable[Act] = ()
) -> Iterator[Forecasts]:
    """What would have been forecast of each story at each of the ages, in the order of the moments.

    A story is over, and others are compared with it, when it has had no interaction for `over_after` seconds. Stories
    of `known` are taken to be over from the beginning. All acts are taken to be known to the end: what nothing is said
    of after the last one did not happen.
    """
    foresight = Foresight("")
    for story in _whole(known):
        foresight.learn(story.growth)
    yield from _Replay(foresight, ages, over_after).all(sorted(acts, key=lambda act: act.at))


def _whole(acts: Iterable[Act]) -> list[_Story]:
    """Stories to their end, those first that were over first."""
    stories: dict[str, _Story] = {}
    for act in sorted(acts, key=lambda act: act.at):
        if act.story in stories:
            stories[act.story].take(act)
        else:
            stories[act.story] = _Story(act, len(stories))
    return sorted(stories.values(), key=lambda story: (story.last_at, story.number))


class _Replay:
    def __init__(self, foresight: Foresight, ages: Sequence[float], over_after: float) -> None:
        self._foresight = foresight
        self._ages = ages
        self._over_after = over_after
        self._stories: dict[str, _Story] = {}
        self._over: set[str] = set()
        #: What is due when: an age of a story that is to be told of, or (age 0) its end.
        self._due: list[tuple[float, int, float, str]] = []

    def all(self, acts: Iterable[Act]) -> Iterator[Forecasts]:
        for act in acts:
            yield from self._until(act.at)
            story = self._stories.get(act.story)
            if story is not None:
                story.take(act)
                continue
            story = self._stories[act.story] = _Story(act, len(self._stories))
            for age in self._ages:
                heapq.heappush(self._due, (act.at + age, story.number, age, act.story))
            heapq.heappush(self._due, (act.at + self._over_after, story.number, 0.0, act.story))
        yield from self._until(math.inf)

    def _until(self, until: float) -> Iterator[Forecasts]:
        while self._due and self._due[0][0] < until:
            due, number, age, name = heapq.heappop(self._due)
            story = self._stories[name]
            if age:
                yield self._forecasts(name, story, age)
            elif due < story.last_at + self._over_after:
                heapq.heappush(self._due, (story.last_at + self._over_after, number, 0.0, name))
            elif name not in self._over:
                self._over.add(name)
                self._foresight.learn(story.growth)

    def _forecasts(self, name: str, story: _Story, age: float) -> Forecasts:
        count, shape = story.growth.count, story.growth.shape(age)
        twice = self._foresight.range(count, shape, age, "twice")
        final = self._foresight.range(count, shape, age, "final")
        return Forecasts(name, age, count, twice, final, self._foresight.learnt)
