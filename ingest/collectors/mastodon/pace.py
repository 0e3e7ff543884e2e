"""How often a Mastodon instance may be asked. Pure: times are arguments.

Mastodon allows 300 requests in 5 minutes per account and per address, and says in each answer what is left of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random
from typing import Final

WINDOW_SECONDS: Final = 300.0
LONGEST: Final = 900.0  #: seconds; what an instance may make us wait at most, whatever it says


class Pace:
    """At most `requests` in any window, fewer where the instance says so. `now` are monotonic seconds."""

    def __init__(self, requests: int) -> None:
        self._requests = requests
        self._asked: deque[float] = deque(maxlen=requests)
        self._not_before = 0.0

    def wait(self, now: float) -> float:
        """Seconds until the next request may be made."""
        wait = self._not_before - now
        if len(self._asked) == self._requests:
            wait = max(wait, self._asked[0] + WINDOW_SECONDS - now)
        return max(0.0, wait)

    def asked(self, now: float) -> None:
        self._asked.append(now)

    def pause(self, now: float, seconds: float) -> None:
        """Nothing for so long."""
        self._not_before = max(self._not_before, now + min(seconds, LONGEST))

    def heard(self, headers: Mapping[str, str], now: float, wall: datetime) -> None:
        """What an answer says is left. Header names in lower case."""
        left = headers.get("x-ratelimit-remaining", "")
        if left.isdecimal() and int(left[:9]) == 0:
            self.pause(now, until_reset(headers, wall) or WINDOW_SECONDS)

    def interval(self, tags: int, wanted: float) -> float:
        """Seconds between two looks at one of so many tags, with a fifth of the budget kept for catching up."""
        return max(wanted, tags * WINDOW_SECONDS / (0.8 * self._requests))


def until_reset(headers: Mapping[str, str], wall: datetime) -> float | None:
    """Seconds until the window ends, from the ISO time Mastodon gives."""
    try:
        at = datetime.fromisoformat(headers.get("x-ratelimit-reset", ""))
    except ValueError:
        return None
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - wall).total_seconds())


class Growing:
    """Waits that double from `first` to `most`, each up to a quarter longer by chance, so that not all come at once."""

    def __init__(self, first: float, most: float, random: Random) -> None:
        self._first, self._most, self._random = first, most, random
        self.times = 0

    def next(self) -> float:
        wait = min(self._first * (1 << min(self.times, 30)), self._most)
        self.times += 1
        return wait * (1 + self._random.random() / 4)

    def healthy(self) -> None:
        self.times = 0
