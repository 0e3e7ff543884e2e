"""The messages of one watch: held until everything earlier has come, then judged in event order."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

import msgspec

from alerts.judging.judge import Judge, Numbers
from alerts.memory.digests import digest
from alerts.memory.tail import Tail
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import (
    AlertEvent,
    Coverage,
    Engagement,
    Enriched,
    StoryUpdate,
    Takedown,
)

Held = Coverage | Enriched | Engagement | Takedown
#: Event time, kind (coverage, post, counts, takedown), uid, collector, larger counts first: a total order but for
#: duplicates.
Order = tuple[float, int, str, str, int]

#: Posts remembered after they were judged, so that one sent twice by a crash is not taken for a new one.
_RECENT = 20_000


class _Numbers(msgspec.Struct, array_like=True):
    frontier: float
    recent: tuple[int, int]
    judge: Numbers


class Docket:
    """`frontier`: everything up to this event time has been judged. What comes later but is older is judged at once."""

    def __init__(self, judge: Judge, most_recent: int = _RECENT) -> None:
        self._judge = judge
        self._name = judge.watch.name
        self._lateness = judge.watch.thresholds.lateness_seconds
        self._waiting: list[tuple[Order, Held]] = []
        self._unsaved: list[tuple[Order, Held]] = []
        self._saved: dict[int, float] = {}  # part → the latest message in it
        self._next = 0
        self._frontier = -math.inf
        self._most_recent = most_recent
        self._recent = Tail(f"{self._name}/recent", "q")
        self._known: dict[int, int] = {}  # post → how often it is among the recent
        self._changed = False

    def hold(self, message: Held) -> None:
        """Take a message in; judge it at once where it is older than what has been judged already.

        Raises:
            SourceAway: the archive did not answer; the message may be given again.
        """
        order = order_of(message)
        if order[0] <= self._frontier:
            self._judge.settle()
            self._take(message, self._frontier)
            self._changed = True
        else:
            self._waiting.append((order, message))
            self._unsaved.append((order, message))

    def release(self, low: float) -> None:
        """Judge everything that `low`, less the watch's lateness, has passed; all there is where it is infinite.

        Raises:
            SourceAway: the archive did not answer; a second call goes on where this one stopped.
        """
        self._judge.settle()
        if not self._waiting and low == math.inf:
            return
        upto = low - self._lateness
        if upto <= self._frontier:
            return
        self._waiting.sort(key=itemgetter(0))
        done = 0
        last = self._frontier
        try:
            for order, message in self._waiting:
                if order[0] > upto:
                    break
                last = order[0]
                self._judge.advance(last)
                done += 1
                self._take(message, last)
        finally:
            del self._waiting[:done]
        self._frontier = upto if upto < math.inf else last
        self._judge.advance(self._frontier)
        self._changed = True

    def _take(self, message: Held, at: float) -> None:
        if isinstance(message, Enriched):
            self._take_post(message, at)
        elif isinstance(message, Engagement):
            self._judge.counts(message.uid, message.counts, message.observed_at.timestamp(), at)
        elif isinstance(message, Takedown):
            self._remember(digest(message.uid))  # should it come after all, it is not to be taken up
            self._judge.takedown(message.uid, message.reason, at)
        else:
            self._judge.coverage(message)

    def _take_post(self, message: Enriched, at: float) -> None:
        key = digest(message.post.uid)
        if key not in self._known:
            self._remember(key)
            self._judge.post(message, at)
            return
        post, seen_at = message.post, message.post.observed_at.timestamp()
        if not post.repost_of:
            self._judge.reword(message, seen_at, at)
        if post.counts is not None:
            self._judge.counts(post.uid, post.counts, seen_at, at)

    def _remember(self, key: int) -> None:
        recent = self._recent
        recent.add(key)
        self._known[key] = self._known.get(key, 0) + 1
        if recent.end - recent.start > self._most_recent:
            self._forget(int(recent.get(0, recent.start)))
            recent.forget(recent.start + 1)

    def _forget(self, key: int) -> None:
        left = self._known[key] - 1
        if left:
            self._known[key] = left
        else:
            del self._known[key]

    def drain(self) -> tuple[list[StoryUpdate], list[AlertEvent]]:
        return self._judge.drain()

    # Memory

    def take_up(self, versions: Mapping[str, int], told: Mapping[str, Sequence[AlertEvent]]) -> set[str]:
        """As `Judge.take_up`."""
        self._changed = True
        return self._judge.take_up(versions, told)

    def changes(self) -> dict[str, bytes | None]:
        held = self._save_waiting()
        if self._changed:
            held |= self._judge.changes()
            held |= self._recent.changes()
            numbers = _Numbers(self._frontier, (self._recent.start, self._recent.end), self._judge.saved_numbers())
            held[f"{self._name}/numbers/0"] = msgspec.msgpack.encode(numbers)
            history = self._judge.saved_history()
            if history is not None:
                held[f"{self._name}/history/0"] = history
            self._changed = False
        return held

    def _save_waiting(self) -> dict[str, bytes | None]:
        """Messages still waiting that came since the last save; parts whose messages have all been judged go."""
        held: dict[str, bytes | None] = {}
        waiting = [(order, message) for order, message in self._unsaved if order[0] > self._frontier]
        self._unsaved = []
        for part in [part for part, latest in self._saved.items() if latest <= self._frontier]:
            held[f"{self._name}/waiting/{part:010d}"] = None
            del self._saved[part]
        if waiting:
            body = msgspec.msgpack.encode([message for _, message in waiting])
            held[f"{self._name}/waiting/{self._next:010d}"] = body
            self._saved[self._next] = max(order[0] for order, _ in waiting)
            self._next += 1
        return held

    def restore(self, parts: Mapping[str, Iterable[tuple[int, bytes]]]) -> None:
        """Parts by their middle name, numbered and in order."""
        single = {name: next(iter(parts[name]))[1] for name in ("numbers", "history") if name in parts}
        if "numbers" in single:
            numbers = msgspec.msgpack.decode(single["numbers"], type=_Numbers)
            self._frontier = numbers.frontier
            self._recent.restore(parts.get("recent", ()), *numbers.recent)
            for position in range(self._recent.start, self._recent.end):
                key = int(self._recent.get(0, position))
                self._known[key] = self._known.get(key, 0) + 1
            self._judge.restore(parts, numbers.judge, single.get("history"))
            if math.isfinite(self._frontier):  # what comes late is judged without letting time pass
                self._judge.rest(self._frontier)
        for part, body in parts.get("waiting", ()):
            self._next = part + 1
            for held in msgspec.msgpack.decode(body, type=list[Held]):
                order = order_of(held)
                if order[0] > self._frontier:
                    self._waiting.append((order, held))
                    self._saved[part] = max(order[0], self._saved.get(part, -math.inf))


def numbered(parts: Mapping[str, bytes]) -> dict[str, dict[str, list[tuple[int, bytes]]]]:
    """Saved parts "watch/kind/number" as watch → kind → numbered bodies in order."""
    sorted_: dict[str, dict[str, list[tuple[int, bytes]]]] = defaultdict(lambda: defaultdict(list))
    for name in sorted(parts):
        watch, kind, number = name.rsplit("/", 2)
        sorted_[watch][kind].append((int(number), parts[name]))
    return sorted_


def of_a_watch(message: object) -> Held:
    """The message, if it is of a kind that a watch is judged by.

    Raises:
        BadRecord: it is not.
    """
    if isinstance(message, (Coverage, Enriched, Engagement, Takedown)):
        return message
    msg = f"expected an enriched post, counts, a takedown, coverage or a tick; got {type(message).__name__}"
    raise BadRecord(msg)


def order_of(message: Held) -> Order:
    if isinstance(message, Enriched):
        post = message.post
        return post.observed_at.timestamp(), 1, post.uid, post.collector, 0
    if isinstance(message, Coverage):
        return message.end.timestamp(), 0, message.state, message.collector, 0
    if isinstance(message, Engagement):
        return message.observed_at.timestamp(), 2, message.uid, message.collector, -message.counts.interactions()
    return message.observed_at.timestamp(), 3, message.uid, message.collector, 0
