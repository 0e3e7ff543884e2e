"""Waiting for services that are away: exponential backoff with full jitter, or what the service asked for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from random import Random
from threading import Event
from typing import NamedTuple, TypeVar

from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import SourceAway
from secondsource.runtime.metrics import Metrics

T = TypeVar("T")
_log = logging.getLogger(__name__)


class Backoff(NamedTuple):
    """The nth wait is uniform in 0 .. min(longest, first · 2ⁿ) seconds ("full jitter", M. Brooker, AWS 2015)."""

    first: float = 0.2
    longest: float = 30.0

    def pause(self, attempt: int, random: Random) -> float:
        """Seconds to wait after the failed try number `attempt`, counted from 0."""
        # 2**64 would overflow nothing, but a service away for weeks must not make huge integers either.
        return random.uniform(0, min(self.longest, self.first * 2 ** min(attempt, 32)))


class Retry:
    """Calls again for as long as the answer is SourceAway. Every other error passes through at once."""

    def __init__(self, backoff: Backoff, random: Random, clock: Clock, metrics: Metrics) -> None:
        self._backoff = backoff
        self._random = random
        self._clock = clock
        self._metrics = metrics

    def __call__(self, call: Callable[[], T], *, stage: str, stop: Event, service: str = "") -> T:
        """What `call` returns, once it does. `service` names in metrics what is waited for (default: the stage).

        Raises:
            SourceAway: `stop` was set while the service was still away.
        """
        attempt = 0
        while True:
            try:
                result = call()
            except SourceAway as error:
                if self.pause(error, attempt, stage=stage, stop=stop, service=service):
                    raise
                attempt += 1
            else:
                if attempt:
                    self.back(stage=stage, service=service)
                return result

    def pause(self, error: SourceAway, attempt: int, *, stage: str, stop: Event, service: str = "") -> bool:
        """Wait once, for callers that keep their own loop. True if `stop` was set."""
        seconds = max(self._backoff.pause(attempt, self._random), error.retry_after or 0.0)
        self._metrics.retried(stage)
        self._metrics.away(service or stage, is_away=True)
        _log.warning(
            "service away, will try again",
            extra={"stage": stage, "service": service or stage, "seconds": round(seconds, 2), "reason": str(error)},
        )
        return self._clock.wait(seconds, stop)

    def back(self, *, stage: str, service: str = "") -> None:
        """The service answers again."""
        self._metrics.away(service or stage, is_away=False)
        _log.info("service is back", extra={"stage": stage, "service": service or stage})
