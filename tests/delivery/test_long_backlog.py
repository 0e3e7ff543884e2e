"""A place that was out of reach for long: what waits for it is looked through now and then, not for each delivery."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from threading import Event

from alerts.delivery.sending import Sender
from alerts.ports import Delivery
from secondsource.contracts.acts import Act
from secondsource.contracts.outbox import Waiting
from tests.delivery.stories import START, event
from tests.fakes.clock import ManualClock
from tests.fakes.outbox import FakeOutbox

PLACE = "webhook:desk"
A_CALL = 0.002  #: seconds that the place takes to answer


@dataclass
class Watched(FakeOutbox):
    """Counts what is read of what waits."""

    read: int = 0

    def backlog(self, destination: str) -> list[Waiting]:
        found = super().backlog(destination)
        self.read += len(found)
        return found


class Desk:
    """A place that takes its time."""

    name = "webhook"
    digests = False
    pace = None

    def __init__(self, clock: ManualClock) -> None:
        self.posted: list[str] = []
        self._clock = clock

    def post(self, delivery: Delivery) -> str:
        self._clock.advance(A_CALL)
        self.posted.append(delivery.event.alert_id)
        return f"r{len(self.posted)}"

    def correct(self, delivery: Delivery) -> None:
        raise AssertionError(delivery)

    def find(self, delivery: Delivery) -> str | None:
        raise AssertionError(delivery)


def waiting(outbox: FakeOutbox, alerts: int) -> list[str]:
    names = [f"velgrad/{number:05}" for number in range(alerts)]
    for name in names:
        outbox.add(event("opened", alert_id=name), PLACE, START)
    return names


def read_for(alerts: int) -> int:
    outbox, clock = Watched(), ManualClock()
    desk = Desk(clock)
    names = waiting(outbox, alerts)
    assert Sender(outbox, [desk], clock, holder="one").drain_once() == alerts
    assert desk.posted == names
    return outbox.read


def test_what_is_read_grows_as_what_waits_and_not_with_its_square() -> None:
    few, many = read_for(150), read_for(600)
    assert few < 40 * 150
    assert many <= 6 * few, "four times as much waits"


@dataclass
class Gathering(FakeOutbox):
    """Holds many that are over their watch's budget, for their digest. Has the sender stop after half a minute."""

    many: int = 0
    asked: int = 0
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    stop: Event = field(default_factory=Event)

    def waiting(self) -> list[str]:
        if self.clock.monotonic() > 30.0:
            self.stop.set()
        return [PLACE]

    def backlog(self, destination: str) -> list[Waiting]:
        return [Waiting(f"{n}#1", str(n), 1, "opened", START, over_budget=True) for n in range(self.many)]

    def next(self, destination: str, now: datetime, leaving: Collection[str] = ()) -> Delivery | None:
        self.asked += 1
        assert len(leaving) == self.many
        return None


def test_many_that_gather_are_passed_over_now_and_then() -> None:
    asked = {}
    for many in (10, 100_000):
        outbox = Gathering(many=many)
        desk = Desk(outbox.clock)
        desk.digests = True
        Sender(outbox, [desk], outbox.clock, holder="one").run(outbox.stop)
        asked[many] = outbox.asked
    assert asked[10] > 200, "at each poll"
    assert asked[100_000] <= 11, "each takes a third of a second"


def test_what_is_done_meanwhile_is_heeded_at_the_next_delivery() -> None:
    outbox, clock = Watched(), ManualClock()
    names = waiting(outbox, 40)
    posted = count(1)

    class Busy(Desk):
        def post(self, delivery: Delivery) -> str:
            if next(posted) == 3:
                for name in (names[3], names[20]):
                    act = Act(
                        id=name, alert_id=name, kind="dismissed", by="ana", at=clock.now(), via="desk", verdict="noise"
                    )
                    outbox.acts.append(act)
                outbox.add(event("opened", alert_id="velgrad/new"), PLACE, START)
            return super().post(delivery)

    desk = Busy(clock)
    Sender(outbox, [desk], clock, holder="one").drain_once()
    assert desk.posted == [*(name for name in names if name not in {names[3], names[20]}), "velgrad/new"]
