"""Up to when everything has come: the least promise of all collectors over all lanes (docs/adr/0005).

The idea is the low watermark of Akidau et al., "The Dataflow Model" (VLDB 2015), §2.3, with promises made by the
collectors themselves instead of a guess.
"""

from __future__ import annotations

import math

import msgspec

from secondsource.contracts.messages import Tick

#: A collector that has said the same on all lanes and lags this far (event time) behind another no longer holds it
#: back.
LAGGARD_SECONDS = 60.0


class _Lanes(msgspec.Struct, array_like=True):
    """What one collector has promised. `since` is how far the others were when it was first heard of."""

    lanes: int = 1
    at: dict[int, float] = {}
    final: dict[int, float] = {}
    since: float = -math.inf

    def promised(self) -> float:
        """The least promise over its lanes; a lane that ended promises everything; a silent lane nothing."""
        if len(self.at.keys() | self.final.keys()) < self.lanes:
            return -math.inf
        return min((at for lane, at in self.at.items() if lane not in self.final), default=math.inf)

    def ended(self) -> bool:
        return len(self.final) >= self.lanes

    def level(self) -> bool:
        """Whether no promise of it is still on its way through another lane."""
        if len(self.at.keys() | self.final.keys()) < self.lanes:
            return not self.at and not self.final
        return len({at for lane, at in self.at.items() if lane not in self.final}) <= 1 and not self.final


class Watermark:
    """The promises of all collectors heard of, through one partition's lanes."""

    def __init__(self) -> None:
        self._collectors: dict[str, _Lanes] = {}

    def heard(self, collector: str) -> bool:
        """A message of this collector has come: wait for its promises from now on. True if it was not known before."""
        if collector in self._collectors:
            return False
        self._collectors[collector] = _Lanes(at={}, final={}, since=self._newest())
        return True

    def tick(self, tick: Tick) -> None:
        """Take a promise up. Old and repeated ones change nothing; a final one ends the lane until a later comes."""
        self.heard(tick.collector)
        lanes = self._collectors[tick.collector]
        lanes.lanes = max(lanes.lanes, tick.lanes)
        at = tick.at.timestamp()
        ended = lanes.final.get(tick.lane, -math.inf)
        if at > ended or (tick.final and at == ended):
            lanes.at[tick.lane] = max(at, lanes.at.get(tick.lane, -math.inf))
            if tick.final:
                lanes.final[tick.lane] = at
            elif at > ended:
                lanes.final.pop(tick.lane, None)

    def low(self) -> float:
        """Seconds since 1970 up to which everything has come; -inf when unknown, inf when every collector has ended."""
        if not self._collectors:
            return -math.inf
        newest = self._newest()
        holding = [
            lanes.promised()
            for lanes in self._collectors.values()
            if not lanes.ended() and not self._lags(lanes, newest)
        ]
        return min(holding, default=math.inf)

    def _newest(self) -> float:
        promised = (
            max(lanes.final.values()) if lanes.ended() else lanes.promised() for lanes in self._collectors.values()
        )
        return max((at for at in promised if at < math.inf), default=-math.inf)

    @staticmethod
    def _lags(lanes: _Lanes, newest: float) -> bool:
        if not lanes.level() or newest == -math.inf:
            return False
        if not lanes.at:  # it has sent posts, never a promise: counted from when it was first heard of
            if lanes.since == -math.inf:
                lanes.since = newest
            return newest - lanes.since > LAGGARD_SECONDS
        return newest - lanes.promised() > LAGGARD_SECONDS

    def save(self) -> bytes:
        return msgspec.msgpack.encode(self._collectors)

    def load(self, saved: bytes) -> None:
        self._collectors = msgspec.msgpack.decode(saved, type=dict[str, _Lanes])
