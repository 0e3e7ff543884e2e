"""What a watch's earlier stories lead to expect of the next: their interactions noted at fixed ages, in order of
opening.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import msgspec

from alerts.ledger import Ledger
from alerts.spread import ACCOUNT_CHECKPOINT, CHECKPOINTS, Accounts, History, measure
from alerts.tail import Tail
from secondsource.contracts.messages import Spread

#: Stories that have not come to the last age yet. Of more than this many the oldest are not noted any more.
_MOST_AWAITED = 1_000_000


class Expectation:
    """Every story is noted once at each age, whether it is still living or over: what it had reached by then."""

    def __init__(self, name: str) -> None:
        self._opened = Tail(f"{name}/opened", "dq")  # when each story opened, and its first account
        self._passed = [0] * len(CHECKPOINTS)  # at each age, the position of the next story to note
        self._reached: dict[int, int] = {}  # story → interactions, where there are any
        self._over: dict[int, int] = {}  # the same of stories that are over, for the ages they did not live to see
        self._history = History()
        self._accounts = Accounts()
        self._noted: set[int] = set()  # accounts to be saved
        self._changed = False
        self._next_at = math.inf  # no story comes to an age before
        self._account_ledger = Ledger(f"{name}/accounts", self._accounts.save)
        self._over_ledger = Ledger(f"{name}/over", lambda story: msgspec.msgpack.encode(self._over[story]))

    def open(self, at: float, account: int) -> None:
        """A story opens. Stories are numbered in this order, from 1."""
        self._opened.add(at, account)
        self._next_at = min(self._next_at, at + CHECKPOINTS[0])

    def reach(self, story: int, interactions: int) -> None:
        """How far a story has gone now."""
        if interactions:
            self._reached[story] = interactions
        else:
            self._reached.pop(story, None)

    def end(self, story: int) -> None:
        """A story is over, and will go no further."""
        reached = self._reached.pop(story, 0)
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
        story = position + 1
        reached = self._reached.get(story) or self._over.get(story, 0)
        self._history.add(place, reached)
        if place == ACCOUNT_CHECKPOINT:
            account = int(self._opened.get(1, position))
            forgotten = self._accounts.add(account, reached)
            self._noted.add(account)
            if forgotten:
                self._noted.discard(forgotten)
                self._account_ledger.drop(forgotten)

    def measure(self, interactions: int, age: float, account: int, min_history: int) -> Spread:
        return measure(interactions, age, self._history, self._accounts.of(account), min_history)

    def changes(self) -> dict[str, bytes | None]:
        for account in sorted(self._noted):
            self._account_ledger.put(account, self._accounts.save(account))
        self._noted = set()
        return {**self._opened.changes(), **self._account_ledger.changes(), **self._over_ledger.changes()}

    def saved_history(self) -> bytes | None:
        """The history as it stands, None where it has not changed since this was last asked."""
        changed, self._changed = self._changed, False
        return self._history.save() if changed else None

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
        if history is not None:
            self._history.load(history)
        self._next_at = -math.inf
