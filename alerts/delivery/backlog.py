"""What to do with all that waits for one place: what goes by itself, what goes together, what not yet, what never.

Pure. Nothing is lost: what is withheld, and why, stays in the outbox and on the desk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple

from alerts.ports import Delivery, Waiting
from secondsource.contracts.acts import Act, standing

SUPERSEDED = "a later step of the alert is told in its place"
DISMISSED = "an analyst has dismissed the alert"
QUIET = "its watch has had its alerts of the hour, and a digest has named it: the desk shows how it goes on"


class Terms(NamedTuple):
    """Times in seconds. `gather`: how long what is over a watch's budget waits for more of its kind. `late`: waiting
    longer than this, a place has been out of reach; `few`: so many alerts are then still told one by one.
    """

    gather: float = 900.0
    late: float = 900.0
    few: int = 3


TERMS = Terms()
#: Seconds for which a plan holds, for each delivery in it. To read one takes a tenth of that, so that looking takes a
#: tenth of the time at most, however much waits.
A_LOOK = 1e-4
LONGEST = 30.0  #: shorter than a lease


class Sorted(NamedTuple):
    """Deliveries by their ids. `withheld`: never, by reason. `together`: in one message, now. `leaving`: not yet.
    All others go one by one, oldest first.
    """

    withheld: Mapping[str, Sequence[str]]
    together: Sequence[str]
    leaving: Collection[str]


def sorted_out(backlog: Sequence[Waiting], now: datetime, terms: Terms, *, digests: bool) -> Sorted:
    """`backlog` is oldest first. `digests`: whether the place is for people, whom too many messages reach no more.

    A recall takes back what was told, so where an alert was told its recall goes by itself, at once and whatever is
    done about the alert. Where it was not, there is nothing to take back, and it is a step like others.
    """
    sorting = _Sorting(now)
    free: list[list[Waiting]] = []
    over: list[list[Waiting]] = []
    for _, steps in groupby(sorted(backlog, key=lambda each: (each.alert_id, each.seq)), lambda each: each.alert_id):
        left = sorting.as_analysts_want(list(steps))
        if digests and left and left[-1].over_budget and not any(map(_recalls, left)):
            over += sorting.worth_telling(left)
        elif left:
            free.append(sorting.newest(left) if digests and left[0].over_budget else left)
    together = sorting.together(free, over, terms) if digests else []
    return Sorted({reason: ids for reason, ids in sorting.withheld.items() if ids}, together, sorting.leaving)


class Plan(NamedTuple):
    """What is to become of all that waited at one place when it was looked at, by the monotonic clock in seconds.

    `bundles` are the digests ("": none) that deliveries are yet to be put in; `acts` those on each delivery's alert.
    `is_carried_out`: what is withheld and bundled has been, under a lease that we have kept since.
    """

    terms: Terms
    looked_at: float
    of: Sorted
    bundles: Mapping[str, Sequence[str]]
    digest: str
    acts: Mapping[str, tuple[Act, ...]]
    is_carried_out: bool = False

    @property
    def wants(self) -> bool:
        """Whether something is to be withheld or bundled, or not bundled any more."""
        return not self.is_carried_out and bool(self.bundles or self.of.withheld)

    def holds(self, terms: Terms, monotonic: float) -> bool:
        """Whether it may be gone by without looking again."""
        return self.terms == terms and monotonic - self.looked_at <= min(len(self.acts) * A_LOOK, LONGEST)

    def knows(self, delivery: Delivery) -> bool:
        """Whether the delivery is of those planned for, and its alert as it was; what has left before always is."""
        if delivery.in_doubt or delivery.stale or delivery.acted or delivery.id == self.digest:
            return True
        return self.acts.get(delivery.id) == delivery.acts


def plan(
    backlog: Sequence[Waiting], destination: str, now: datetime, monotonic: float, terms: Terms, *, digests: bool
) -> Plan:
    of = sorted_out(backlog, now, terms, digests=digests)
    digest = digest_id(of.together, destination) if of.together else ""
    together = set(of.together)
    bundles: dict[str, Sequence[str]] = {}
    if apart := [each.id for each in backlog if each.bundle not in {"", digest} and each.id not in together]:
        bundles[""] = apart
    if any(each.bundle != digest for each in backlog if each.id in together):
        bundles[digest] = of.together
    return Plan(terms, monotonic, of, bundles, digest, {each.id: each.acts for each in backlog})


def digest_id(delivery_ids: Collection[str], destination: str) -> str:
    """The same for the same deliveries."""
    named = "\n".join(sorted(delivery_ids)).encode("utf-8", "replace")
    return f"digest:{hashlib.sha256(named).hexdigest()[:32]}>{destination}"


class _Sorting:
    """Takes the steps of one alert after another, oldest first."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self.withheld: dict[str, list[str]] = {SUPERSEDED: [], DISMISSED: [], QUIET: []}
        self.leaving: set[str] = set()

    def as_analysts_want(self, steps: list[Waiting]) -> list[Waiting]:
        """What of an alert's steps may go, now that analysts dismissed or snoozed it, or did."""
        acts = steps[0].acts
        stands = standing(acts, self._now).state
        recall = next((each for each in steps if _recalls(each)), None)
        if stands == "dismissed":
            self.withheld[DISMISSED] += [each.id for each in steps if each is not recall]
            return [recall] if recall else []
        if stands == "snoozed":
            if recall is None:
                self.leaving.update(each.id for each in steps)
                return []
            self.leaving.update(each.id for each in steps if each.seq > recall.seq)
            return self.newest([each for each in steps if each.seq <= recall.seq])
        was_snoozed = any(act.until is not None and steps[0].queued_at <= act.until for act in acts)
        return self.newest(steps) if was_snoozed else steps

    def worth_telling(self, steps: list[Waiting]) -> list[list[Waiting]]:
        """Steps over budget, unless a digest has named the alert and none of them asks for anything."""
        if not steps[0].digested or any(each.kind not in {"updated", "expired"} for each in steps):
            return [steps]
        self.withheld[QUIET] += [each.id for each in steps]
        return []

    def together(self, free: list[list[Waiting]], over: list[list[Waiting]], terms: Terms) -> list[str]:
        """What goes into a digest now, an alert's newest step each."""
        if self._is_late(free, terms):
            free = [self.newest(steps) for steps in free]
            # An alert with a message of its own there has it brought up to date, which is no new message.
            untold = [steps for steps in free if not steps[-1].shown and not _recalls(steps[-1])]
            if len(untold) > terms.few:
                return self._bundled([*untold, *over])
        if over and min(steps[0].queued_at for steps in over) + timedelta(seconds=terms.gather) <= self._now:
            return self._bundled(over)
        self.leaving.update(each.id for steps in over for each in steps)
        return []

    def newest(self, steps: list[Waiting]) -> list[Waiting]:
        """The last of an alert's steps, the others withheld. Those after a recall add nothing to it."""
        last = next((each for each in steps if each.kind == "corroborated"), steps[-1])
        self.withheld[SUPERSEDED] += [each.id for each in steps if each is not last]
        return [last]

    def _is_late(self, free: list[list[Waiting]], terms: Terms) -> bool:
        """Whether somebody has waited too long; a digest that has been put together stays one."""
        oldest = min((steps[0].queued_at for steps in free), default=self._now)
        is_put_together = any(each.bundle for steps in free for each in steps)
        return is_put_together or oldest + timedelta(seconds=terms.late) <= self._now

    def _bundled(self, alerts: list[list[Waiting]]) -> list[str]:
        steps = [self.newest(steps)[0] for steps in alerts]
        return [each.id for each in sorted(steps, key=lambda each: (each.queued_at, each.id))]


def _recalls(step: Waiting) -> bool:
    return step.kind == "corroborated" and (step.shown or step.digested)
