"""What is done with a press once it has been taken: recorded, and answered where it could not be.

Slack wants to hear within three seconds that a press has arrived; the database may take longer. So whoever takes it
puts it here and answers at once, and a thread of ours does the work. A press that is lost because the process is killed
in between shows: the message does not change, and is pressed again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from queue import Empty, Full, Queue
from threading import Event
from typing import Any, Literal

from alerts.interactions.presses import Pressed, pressed
from alerts.ports import Acts
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import BadRecord, SourceAway

_log = logging.getLogger(__name__)

MOST_WAITING = 1_000
PATIENCE = timedelta(minutes=10)  #: how long a press waits for a store that is away
_PAUSES = (0.2, 1.0, 5.0, 15.0)

Outcome = Literal["recorded", "repeated", "refused"]
#: Say something to whoever pressed, and to nobody else, at an address that came with the press.
Answer = Callable[[str, str], None]


class Receiver:
    """Takes payloads from any thread; `run` works them off in one.

    `on_outcome` hears what became of each act.
    """

    def __init__(
        self,
        acts: Acts,
        clock: Clock,
        answer: Answer,
        on_outcome: Callable[[Outcome, Pressed], None] = lambda _outcome, _pressed: None,
    ) -> None:
        self._acts = acts
        self._clock = clock
        self._answer = answer
        self._on_outcome = on_outcome
        self._waiting: Queue[tuple[Pressed, datetime]] = Queue(MOST_WAITING)

    def take(self, payload: Any) -> int:
        """How many acts it stands for; they are worked off later. Asks nobody, so takes no time to speak of.

        Raises:
            BadRecord: it is not what Slack documents.
            SourceAway: too many wait already.
        """
        now = self._clock.now()
        found = pressed(payload, now)
        try:
            for each in found:
                self._waiting.put_nowait((each, now))
        except Full as error:
            msg = f"{MOST_WAITING} presses wait already; is the store away?"
            raise SourceAway(msg, retry_after=30.0) from error
        return len(found)

    def run(self, stop: Event) -> None:
        """Work off what was taken until `stop` is set, and then what is left, once."""
        while not stop.is_set():
            self.work(stop, wait=0.5)
        self.work(stop)

    def work(self, stop: Event, *, wait: float = 0.0) -> int:
        """All that waits now, and after at most `wait` seconds the first that comes; how many that were."""
        done = 0
        while True:
            try:
                each, since = self._waiting.get(timeout=wait) if wait and not done else self._waiting.get_nowait()
            except Empty:
                return done
            self._do(each, since, stop)
            done += 1

    def _do(self, each: Pressed, since: datetime, stop: Event) -> None:
        failures = 0
        while True:
            try:
                outcome: Outcome = "recorded" if self._acts.record(each.act) else "repeated"
            except BadRecord as error:
                self._refuse(each, "There is no such alert any more: it was let go of, or taken down.", str(error))
                return
            except SourceAway as error:
                pause = _PAUSES[min(failures, len(_PAUSES) - 1)]
                late = self._clock.now() + timedelta(seconds=pause) - since > PATIENCE
                if late or stop.is_set() or self._clock.wait(pause, stop):
                    self._refuse(each, "The database is away, so this was not recorded. Press again later.", str(error))
                    return
                failures += 1
                continue
            self._on_outcome(outcome, each)
            return

    def _refuse(self, each: Pressed, sentence: str, reason: str) -> None:
        _log.warning("press not recorded", extra={"alert": each.act.alert_id, "act": each.act.kind, "reason": reason})
        self._on_outcome("refused", each)
        if each.answer_to:
            try:
                self._answer(each.answer_to, sentence)
            except (SourceAway, BadRecord) as error:
                _log.warning("press not answered", extra={"reason": str(error)})
