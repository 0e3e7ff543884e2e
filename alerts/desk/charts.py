"""Charts of alerts as they stood at each of their events. Slack fetches one for each message."""

from __future__ import annotations

from threading import Lock

from alerts.desk.chart import draw
from alerts.ports import Evidence, Trails

MOST_KEPT = 64


class Charts:
    """Draws when asked, and keeps the last ones: a chart takes a tenth of a second, and what fetches it may insist."""

    def __init__(self, evidence: Evidence, trails: Trails, most: int = MOST_KEPT) -> None:
        self._evidence = evidence
        self._trails = trails
        self._most = most
        self._kept: dict[tuple[str, int], bytes] = {}
        self._lock = Lock()

    def chart(self, alert_id: str, seq: str) -> bytes | None:
        """A PNG; None where there is no such event.

        Raises:
            SourceAway: the store did not answer.
        """
        if not (seq.isascii() and seq.isdecimal() and len(seq) < 10):
            return None
        which = (alert_id, int(seq))
        event = next((each for each in self._evidence.alert_events(alert_id) if each.seq == which[1]), None)
        if event is None:
            return None
        with self._lock:  # one at a time: whoever asks for many gets no more than one core
            if which not in self._kept:
                if len(self._kept) >= self._most:
                    del self._kept[next(iter(self._kept))]
                self._kept[which] = draw(event, self._trails.trail(event.story.id, event.at))
            return self._kept[which]
