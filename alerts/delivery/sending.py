"""How alerts leave: from the outbox to their notifiers, in order, at each destination's pace, once.

A row is marked "sending" before the service is asked and "sent" after it answered. Whatever stops a sender in between
leaves the row in doubt, and whoever finds it looks for the message before posting it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from threading import Event
from typing import Literal, NamedTuple

from alerts.delivery.backlog import TERMS, Plan, Terms, plan
from alerts.notifiers.contract import Notifier, Pace, Refused, Unheard
from alerts.ports import AsItStands, Delivery, Outbox
from secondsource.contracts.clock import Clock
from secondsource.contracts.errors import BadConfiguration, SourceAway


class Patience(NamedTuple):
    """Times in seconds.

    `poll`: how often to look for new deliveries. `lease`: how long a destination stays ours without a word from us;
    longer than any delivery takes. `settle`: how long a message whose answer was lost may take to show up there.
    `first`, `most`: the wait after the first failure, doubled with each, and its limit. `terms`: what is told together.
    """

    poll: float = 0.1
    lease: float = 60.0
    settle: float = 2.0
    first: float = 1.0
    most: float = 60.0
    terms: Terms = TERMS

    def after(self, failures: int) -> float:
        return min(self.first * 2.0 ** min(failures, 30), self.most)


Kind = Literal["sent", "found", "corrected", "postponed", "doubtful", "refused", "halted", "unserved"]


class Outcome(NamedTuple):
    """What became of one try.

    `sent`: posted now. `found`: it had been posted by a try that did not hear so. `corrected`: it says what its event
    says since words were taken out of it. `postponed`: surely not posted, to
    be tried again. `doubtful`: perhaps posted, to be looked for. `refused`: never. `halted`: the notifier cannot work
    as configured. `unserved`: no notifier for this destination, said once for each.
    """

    kind: Kind
    destination: str
    at: datetime
    delivery: Delivery | None = None
    reason: str = ""
    seconds: float = 0.0


PATIENCE = Patience()
#: Seconds to leave a place alone where nothing goes, for each delivery that is not to go yet: ten times what it takes
#: to pass one over (3 µs).
PASSED_OVER = 3e-5


def ignore(outcome: Outcome) -> None:
    """For who needs no news of outcomes."""


class Sender:
    """Drains an outbox. Any number may run, each with its own `holder` name: a destination has one of them at a time.

    `on_outcome` hears of every try, for logs and metrics. `besides` are names of notifiers that another sender has.
    """

    def __init__(
        self,
        outbox: Outbox,
        notifiers: Sequence[Notifier],
        clock: Clock,
        *,
        holder: str,
        patience: Patience = PATIENCE,
        on_outcome: Callable[[Outcome], None] = ignore,
        besides: Collection[str] = (),
    ) -> None:
        self._outbox = outbox
        self._notifiers = {notifier.name: notifier for notifier in notifiers}
        if len(self._notifiers) < len(notifiers):
            msg = f"expected notifiers of different names, came {[notifier.name for notifier in notifiers]}"
            raise BadConfiguration(msg)
        self._clock = clock
        self._holder = holder
        self._patience = patience
        self._on_outcome = on_outcome
        self._buckets: dict[str, _Bucket] = {}
        self._quiet: dict[str, float] = {}  # destination → monotonic time before which to leave it alone
        self._doubts: dict[str, int] = {}  # delivery in doubt → how often we looked in vain for an answer
        self._plans: dict[str, Plan] = {}
        self._held: dict[str, datetime] = {}  # destination → until when its lease is ours
        self._unserved: set[str] = set()
        self._besides = frozenset(besides)
        self._delivered = 0

    def run(self, stop: Event) -> None:
        """Deliver until `stop` is set. Ends after the call under way, and gives its leases back.

        Raises:
            BadConfiguration: a notifier's credentials do not work. What it was to send stays in the outbox.
        """
        failures = 0
        try:
            while not stop.is_set():
                try:
                    wait = self._round(stop, self._patience.terms)
                    pause = self._patience.poll if wait is None else min(wait, self._patience.poll)
                    failures = 0
                except SourceAway:  # the outbox's own database: each notifier's absence is dealt with in its turn
                    pause = self._patience.after(failures)
                    failures += 1
                self._clock.wait(pause, stop)
        finally:
            self._let_go()

    def drain_once(self, stop: Event | None = None, *, wait_up_to: float = 0.0) -> int:
        """Deliver what can go now, or within `wait_up_to` seconds, and return how many did.

        A digest does not wait for more to come. Leaves what a service asked to send later, what stays in doubt, and
        what others hold.

        Raises:
            SourceAway: the outbox's database did not answer.
            BadConfiguration: a notifier's credentials do not work.
        """
        stop = stop or Event()
        before, until = self._delivered, self._clock.monotonic() + wait_up_to
        terms = self._patience.terms._replace(gather=0.0)
        try:
            while not stop.is_set():
                wait = self._round(stop, terms)
                if wait is None or (wait > 0 and self._clock.monotonic() + wait > until):
                    break
                self._clock.wait(wait, stop)
        finally:
            self._let_go()
        return self._delivered - before

    def _round(self, stop: Event, terms: Terms) -> float | None:
        """One try for each destination that waits. Seconds until another round is worth it, None if nothing is due."""
        waits = []
        for destination in self._outbox.waiting():
            if stop.is_set():
                break
            kind = destination.partition(":")[0]
            notifier = self._notifiers.get(kind)
            if kind in self._besides:
                continue
            if notifier is None:
                self._say_unserved(destination)
            elif (wait := self._turn(destination, notifier, terms)) is not None:
                waits.append(wait)
        return min(waits, default=None)

    def _turn(self, destination: str, notifier: Notifier, terms: Terms) -> float | None:
        """At most one delivery. Seconds until this destination's next turn, None to look at the next poll."""
        quiet = self._quiet.get(destination, 0.0) - self._clock.monotonic()
        bucket = self._bucket(destination, notifier.pace)
        if quiet > 0 or bucket.wait() > 0:
            return max(quiet, bucket.wait())
        planned = self._planned(destination, notifier, terms)
        if not planned.wants and self._outbox.next(destination, self._clock.now(), planned.of.leaving) is None:
            self._quiet[destination] = self._clock.monotonic() + len(planned.of.leaving) * PASSED_OVER
            return None  # asked before a lease is taken, which is a write
        if not self._hold(destination):
            self._plans.pop(destination)
            return None
        if not planned.is_carried_out:
            planned = self._carried_out(destination, notifier, terms)
        delivery = self._outbox.next(destination, self._clock.now(), planned.of.leaving)
        if delivery is None:
            return None
        if not planned.knows(delivery):
            self._plans.pop(destination)
            return 0.0
        if delivery.in_doubt and delivery.id not in self._doubts:
            # Somebody asked and did not hear: what Slack still has in hand must have time to show up before we look.
            self._doubts[delivery.id] = 0
            self._quiet[destination] = self._clock.monotonic() + self._patience.settle
            return self._patience.settle
        bucket.take()
        to_change = delivery.stale or delivery.acted
        return self._correct(delivery, notifier) if to_change else self._try(delivery, notifier)

    def _planned(self, destination: str, notifier: Notifier, terms: Terms) -> Plan:
        known = self._plans.get(destination)
        if known is not None and known.holds(terms, self._clock.monotonic()):
            return known
        return self._look(destination, notifier, terms)

    def _carried_out(self, destination: str, notifier: Notifier, terms: Terms) -> Plan:
        """Withhold what is not to go any more, and bundle what is told together, now that the lease is ours."""
        made = self._look(destination, notifier, terms)
        for reason, ids in made.of.withheld.items():
            self._outbox.withhold(ids, reason)
        for digest, ids in made.bundles.items():
            self._outbox.bundle(digest, ids)
        self._plans[destination] = made = made._replace(is_carried_out=True)
        return made

    def _look(self, destination: str, notifier: Notifier, terms: Terms) -> Plan:
        now, monotonic = self._clock.now(), self._clock.monotonic()
        made = plan(self._outbox.backlog(destination), destination, now, monotonic, terms, digests=notifier.digests)
        self._plans[destination] = made
        return made

    def _correct(self, delivery: Delivery, notifier: Notifier) -> float:
        started = self._clock.monotonic()
        if not self._holds(delivery.destination):
            return 0.0
        try:
            notifier.correct(delivery)
        except Refused as error:
            self._outbox.refused(delivery.id, str(error))
            self._close("refused", delivery, started, str(error))
        except BadConfiguration as error:
            self._postpone(delivery, str(error), self._patience.most, doubtful=False)
            self._say("halted", delivery, started, str(error))
            raise
        except SourceAway as error:
            wait = self._patience.most if error.retry_after is None else error.retry_after
            self._postpone(delivery, str(error), wait, doubtful=False)
            self._close("postponed", delivery, started, str(error))
            return wait
        else:
            self._outbox.corrected(delivery.id, delivery.stale, delivery.acted)
            self._close("corrected", delivery, started)
        return 0.0

    def _try(self, delivery: Delivery, notifier: Notifier) -> float:
        started = self._clock.monotonic()
        doubtful = delivery.in_doubt
        try:
            reference = notifier.find(delivery) if doubtful else None
            found = reference is not None
            if reference is None:
                if doubtful and not self._hold(delivery.destination):
                    return self._patience.poll  # looking took longer than our lease; another has it now
                now = self._outbox.sending(delivery.id)
                if not now.events:
                    return 0.0  # it was let go of for its age meanwhile, or another has sent it
                if not self._holds(delivery.destination):
                    return 0.0  # it stays in doubt, for whoever has the lease
                delivery = _as_it_stands(delivery, now)
                doubtful = False
                reference = notifier.post(delivery)
        except Refused as error:
            self._outbox.refused(delivery.id, str(error))
            self._close("refused", delivery, started, str(error))
        except BadConfiguration as error:
            self._postpone(delivery, str(error), self._patience.most, doubtful=doubtful)
            self._say("halted", delivery, started, str(error))
            raise
        except Unheard as error:
            return self._doubt(delivery, started, error)
        except SourceAway as error:
            if doubtful:  # it was the look that failed: as much in doubt as before
                return self._doubt(delivery, started, error)
            wait = self._patience.after(delivery.attempts) if error.retry_after is None else error.retry_after
            self._postpone(delivery, str(error), wait, doubtful=False)
            self._close("postponed", delivery, started, str(error))
            return wait
        else:
            self._outbox.sent(delivery.id, reference, self._clock.now())
            self._close("found" if found else "sent", delivery, started)
        return 0.0

    def _doubt(self, delivery: Delivery, started: float, error: SourceAway) -> float:
        failures = self._doubts.get(delivery.id, 0)
        self._doubts[delivery.id] = failures + 1
        backoff = self._patience.after(failures) if error.retry_after is None else error.retry_after
        wait = max(backoff, self._patience.settle)
        self._quiet[delivery.destination] = self._clock.monotonic() + wait
        self._say("doubtful", delivery, started, str(error))
        return wait

    def _postpone(self, delivery: Delivery, reason: str, wait: float, *, doubtful: bool) -> None:
        self._quiet[delivery.destination] = self._clock.monotonic() + wait
        if not doubtful:  # a postponed row counts as surely not posted
            self._outbox.postponed(delivery.id, reason, self._clock.now() + timedelta(seconds=wait))

    def _hold(self, destination: str) -> bool:
        now = self._clock.now()
        until = now + timedelta(seconds=self._patience.lease)
        held = self._outbox.hold(destination, self._holder, until, now)
        if held:
            self._held[destination] = until
        else:
            self._held.pop(destination, None)
        return held

    def _holds(self, destination: str) -> bool:
        """Whether our lease still runs. Asked last before a service is: a process may be paused at any moment, and
        by the time that it wakes another may have sent what it was about to send.
        """
        return self._clock.now() < self._held[destination]

    def _let_go(self) -> None:
        for destination in sorted(self._held):
            try:
                self._outbox.let_go(destination, self._holder)
            except SourceAway:
                break  # the leases run out by themselves
        self._held.clear()
        self._plans.clear()

    def _bucket(self, destination: str, pace: Pace | None) -> _Bucket:
        if destination not in self._buckets:
            self._buckets[destination] = _Bucket(pace, self._clock)
        return self._buckets[destination]

    def _close(self, kind: Kind, delivery: Delivery, started: float, reason: str = "") -> None:
        self._doubts.pop(delivery.id, None)
        self._delivered += kind in {"sent", "found", "corrected"}
        self._say(kind, delivery, started, reason)

    def _say(self, kind: Kind, delivery: Delivery, started: float, reason: str = "") -> None:
        seconds = self._clock.monotonic() - started
        self._on_outcome(Outcome(kind, delivery.destination, self._clock.now(), delivery, reason, seconds))

    def _say_unserved(self, destination: str) -> None:
        if destination not in self._unserved:
            self._unserved.add(destination)
            reason = f"no notifier for {destination} here (have {', '.join(self._notifiers) or 'none'}); it waits"
            self._on_outcome(Outcome("unserved", destination, self._clock.now(), reason=reason))


def _as_it_stands(delivery: Delivery, now: AsItStands) -> Delivery:
    together = now.events if delivery.together else ()
    return delivery._replace(event=now.events[-1], acts=now.acts, together=together)


class _Bucket:
    """A token bucket: a destination's pace."""

    def __init__(self, pace: Pace | None, clock: Clock) -> None:
        self._pace = pace
        self._clock = clock
        self._tokens = float(pace.burst) if pace else 1.0
        self._as_of = clock.monotonic()

    def wait(self) -> float:
        """Seconds until one may go, 0.0 for now."""
        if self._pace is None:
            return 0.0
        now = self._clock.monotonic()
        self._tokens = min(float(self._pace.burst), self._tokens + (now - self._as_of) * self._pace.per_second)
        self._as_of = now
        # a hair under one token is rounding, and waiting for it could take no time at all, for ever
        return 0.0 if self._tokens > 1 - 1e-9 else (1.0 - self._tokens) / self._pace.per_second

    def take(self) -> None:
        if self._pace is not None:
            self._tokens -= 1.0
