"""What a watch's earlier stories lead to expect of the next: their interactions noted at fixed ages, in order of
opening. And what became of those that went some way: of the next, how far it will go.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from alerts.memory.ledger import Ledger
from alerts.memory.tail import Tail
from alerts.spread.forecast import FEWEST, Foresight, stale
from alerts.spread.growth import Growth
from alerts.spread.surprise import (
    ACCOUNT_CHECKPOINT,
    CHECKPOINTS,
    CLASS_BOUNDS,
    Accounts,
    Classes,
    History,
    class_of,
    measure,
)
from secondsource.contracts.baselines import Baseline
from secondsource.contracts.messages import Counts, Spread

#: Stories that have not come to the last age yet. Of more than this many the oldest are not noted any more.
_MOST_AWAITED = 1_000_000
#: Posts of a story whose reported reposts and replies are told apart: those reported first.
_MOST_REPORTED = 20
_UNKNOWN, _BEGUN = -1, -2  # followers


class _NoneKept:
    def at(self, watch: str, moment: datetime) -> Baseline | None:  # noqa: ARG002 -- there is none for any
        return None


#: A watch rests on what it sees itself.
NONE_KEPT = _NoneKept()


class _Living(msgspec.Struct, array_like=True):
    """A living story that has gone some way."""

    growth: Growth
    followers: int
    reported: dict[int, tuple[int, int]]  # post → reposts and quotes, replies


class Expectation:
    """Every story is noted once at each age, whether it is still living or over: what it had reached by then."""

    def __init__(self, name: str) -> None:
        self._opened = Tail(f"{name}/opened", "dqq")  # when each story opened, its first account, its followers
        self._passed = [0] * len(CHECKPOINTS)  # at each age, the position of the next story to note
        self._reached: dict[int, int] = {}  # story → interactions, where there are any
        self._over: dict[int, int] = {}  # the same of stories that are over, for the ages they did not live to see
        self._history = History()
        self._classes = Classes()
        self._accounts = Accounts()
        self._baseline: Baseline | None = None
        self._usual: dict[int, tuple[int, float]] = {}  # account → posts and mean by the baseline
        self._living: dict[int, _Living] = {}  # stories that have gone some way
        self._foresight = Foresight(name)
        self._noted: set[int] = set()  # accounts to be saved
        self._grown: set[int] = set()  # stories to be saved
        self._changed = False
        self._next_at = math.inf  # no story comes to an age before
        self._account_ledger = Ledger(f"{name}/accounts", self._accounts.save)
        self._over_ledger = Ledger(f"{name}/over", lambda story: msgspec.msgpack.encode(self._over[story]))
        self._living_ledger = Ledger(f"{name}/living", lambda story: msgspec.msgpack.encode(self._living[story]))

    def rest_on(self, baseline: Baseline | None) -> None:
        """From now on; None: on nothing but what is seen here."""
        if baseline is self._baseline:
            return
        self._baseline = baseline
        self._history.rest_on(baseline.ages if baseline else ())
        self._classes.rest_on(*((baseline.classes, baseline.bounds) if baseline else ((), ())))
        usual = baseline.accounts if baseline else {}
        self._usual = {account: (one.posts, one.mean) for account, one in usual.items()}

    def open(self, at: float, account: int, followers: int | None = None, *, begun: bool = False) -> None:
        """A story opens. Stories are numbered in this order, from 1.

        `begun`: it opens with a repost of what has not been seen, so it is older than it looks and teaches nothing.
        """
        self._opened.add(at, account, _BEGUN if begun else _UNKNOWN if followers is None else followers)
        self._next_at = min(self._next_at, at + CHECKPOINTS[0])

    def reach(self, story: int, interactions: int, age: float | None = None) -> None:
        """How far a story has gone now, at this age. Without one, how far it had gone when its memory was saved."""
        if interactions:
            self._reached[story] = interactions
        else:
            self._reached.pop(story, None)
        if age is None or (interactions < FEWEST and story not in self._living):
            return
        living = self._living.get(story)
        if living is None:
            living = self._living[story] = _Living(Growth(), self._followers(story), {})
        living.growth.reach(age, interactions)
        self._grown.add(story)

    def report(self, story: int, post: int, counts: Counts) -> None:
        """A platform's counts of a post of a story, where it says how often it was answered."""
        living = self._living.get(story)
        if living is None or counts.replies is None:
            return
        if post in living.reported or len(living.reported) < _MOST_REPORTED:
            before = living.reported.get(post, (0, 0))
            passed_on = max(before[0], (counts.reposts or 0) + (counts.quotes or 0))
            living.reported[post] = passed_on, max(before[1], counts.replies)
            self._grown.add(story)

    def forget(self, story: int, post: int) -> None:
        """A post is gone from its platform, and its counts with it."""
        living = self._living.get(story)
        if living is not None and living.reported.pop(post, None) is not None:
            self._grown.add(story)

    def end(self, story: int, *, joined: bool = False) -> None:
        """A story is over, and will go no further; or goes on in another that it has joined."""
        reached = self._reached.pop(story, 0)
        living = self._living.pop(story, None)
        if living is not None:
            self._grown.discard(story)
            self._living_ledger.drop(story)
            if not joined and living.followers != _BEGUN:
                self._foresight.learn(living.growth)
        if reached and story > self._passed[-1]:
            self._over[story] = reached
            self._over_ledger.put(story, msgspec.msgpack.encode(reached))

    def advance(self, until: float) -> None:
        """Note every story that came to one of the ages before `until`."""
        if until <= self._next_at:
            return
        opened = self._opened
        end = opened.end
        self._next_at = math.inf
        for place, age in enumerate(CHECKPOINTS):
            start = position = self._passed[place]
            while position < end and opened.get(0, position) + age < until:
                self._note(place, position)
                position += 1
            if position != start:
                self._passed[place] = position
                self._changed = True
            if position < end:
                self._next_at = min(self._next_at, opened.get(0, position) + age)
        if end - opened.start > _MOST_AWAITED:
            self._passed = [max(position, end - _MOST_AWAITED) for position in self._passed]
        while opened.start < self._passed[-1]:
            story = opened.start + 1
            if self._over.pop(story, None) is not None:
                self._over_ledger.drop(story)
            opened.forget(story)

    def _note(self, place: int, position: int) -> None:
        if self._opened.get(2, position) == _BEGUN:
            return
        story = position + 1
        reached = self._reached.get(story) or self._over.get(story, 0)
        self._history.add(place, reached)
        if place == ACCOUNT_CHECKPOINT:
            followers = int(self._opened.get(2, position))
            if followers >= 0:
                self._classes.add(class_of(followers, CLASS_BOUNDS), reached)
            account = int(self._opened.get(1, position))
            forgotten = self._accounts.add(account, reached)
            self._noted.add(account)
            if forgotten:
                self._noted.discard(forgotten)
                self._account_ledger.drop(forgotten)

    def measure(
        self, story: int, age: float, account: int, min_history: int, before: Spread | None = None, floor: int = 0
    ) -> Spread:
        """How a story stands at this age. `before`: what was last said of it, whose forecast may still stand.

        Below `floor` interactions nothing is forecast: most stories stay there.
        """
        interactions = self._reached.get(story, 0)
        followers = self._followers(story)
        peers: float | None = 1.0
        if followers >= 0:
            peers = self._classes.ratio(followers, self._history.expected(ACCOUNT_CHECKPOINT).mean)
        own = self._accounts.of(account)
        spread = measure(interactions, age, self._history, own, min_history, peers, self._usual.get(account))
        living = self._living.get(story)
        if living is None:
            return spread
        forecast = before.forecast if before is not None else None
        if interactions < floor:
            forecast = None
        elif stale(forecast, before.interactions if before is not None else 0, interactions, age):
            forecast = self._foresight.forecast(living.growth, age)
        reported = living.reported.values()
        return msgspec.structs.replace(
            spread,
            forecast=forecast,
            baseline=self._baseline.version if self._baseline is not None else 0,
            passed_on=sum(passed_on for passed_on, _ in reported),
            answered=sum(answered for _, answered in reported) if reported else None,
        )

    def _followers(self, story: int) -> int:
        living = self._living.get(story)
        if living is not None:
            return living.followers
        return int(self._opened.get(2, story - 1)) if story > self._opened.start else _UNKNOWN

    def changes(self) -> dict[str, bytes | None]:
        for account in sorted(self._noted):
            self._account_ledger.put(account, self._accounts.save(account))
        for story in sorted(self._grown):
            self._living_ledger.put(story, msgspec.msgpack.encode(self._living[story]))
        self._noted, self._grown = set(), set()
        return {
            **self._opened.changes(),
            **self._account_ledger.changes(),
            **self._over_ledger.changes(),
            **self._living_ledger.changes(),
            **self._foresight.changes(),
        }

    def saved_history(self) -> bytes | None:
        """The history as it stands, None where it has not changed since this was last asked."""
        changed, self._changed = self._changed, False
        return msgspec.msgpack.encode((self._history.save(), self._classes.save())) if changed else None

    def saved_numbers(self) -> tuple[int, int, list[int]]:
        """What `restore` needs besides the parts."""
        return self._opened.start, self._opened.end, self._passed

    def restore(
        self,
        parts: Mapping[str, Iterable[tuple[int, bytes]]],
        numbers: tuple[int, int, list[int]],
        history: bytes | None,
    ) -> None:
        """How far the living stories have gone is told by `reach`, one by one, afterwards."""
        start, end, self._passed = numbers
        self._opened.restore(parts.get("opened", ()), start, end)
        self._accounts.load(
            {one: said[-1] for one, said in self._account_ledger.restore(parts.get("accounts", ())).items()}
        )
        for story, said in self._over_ledger.restore(parts.get("over", ())).items():
            self._over[story] = msgspec.msgpack.decode(said[-1], type=int)
        decoder = msgspec.msgpack.Decoder(_Living)
        for story, said in self._living_ledger.restore(parts.get("living", ())).items():
            self._living[story] = decoder.decode(said[-1])
        self._foresight.restore(parts.get("grown", ()))
        if history is not None:
            of_all, of_classes = msgspec.msgpack.decode(history, type=tuple[bytes, list[list[int]]])
            self._history.load(of_all)
            self._classes.load(of_classes)
        self._next_at = -math.inf
