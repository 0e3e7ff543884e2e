"""What is told by itself, together, later or never: nothing is lost, and every recall gets through."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery.backlog import DISMISSED, QUIET, SUPERSEDED, TERMS, Sorted, Terms, digest_id, sorted_out
from alerts.ports import Waiting
from secondsource.contracts.acts import Act, ActKind
from secondsource.contracts.messages import AlertKind

NOW = datetime(2030, 3, 4, 12, tzinfo=UTC)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def step(alert: str, seq: int = 1, kind: AlertKind = "opened", ago: float = 0.0, **more: Any) -> Waiting:
    return Waiting(f"{alert}#{seq}", alert, seq, kind, NOW - minutes(ago), **more)


def act(alert: str, kind: ActKind, ago: float, until: float | None = None) -> Act:
    ends = None if until is None else NOW + minutes(until)
    return Act(
        id=f"{alert}{kind}{ago}", alert_id=alert, kind=kind, by="ana", at=NOW - minutes(ago), via="desk", until=ends
    )


def put(*steps: Waiting, digests: bool = True, terms: Terms = TERMS) -> Sorted:
    return sorted_out(sorted(steps, key=lambda each: each.queued_at), NOW, terms, digests=digests)


def going(of: Sorted, *steps: Waiting) -> list[str]:
    never = {name for names in of.withheld.values() for name in names}
    return [each.id for each in steps if each.id not in never | set(of.leaving) | set(of.together)]


def test_in_quiet_times_everything_goes_by_itself() -> None:
    steps = [step("a"), step("a", 2, "updated"), step("b")]
    assert put(*steps) == Sorted({}, [], set())


# Over budget.


def test_what_is_over_budget_waits_for_its_digest() -> None:
    steps = [step("a"), step("b", ago=14, over_budget=True), step("c", over_budget=True)]
    of = put(*steps)
    assert (of.together, of.leaving) == ([], {"b#1", "c#1"})
    assert going(of, *steps) == ["a#1"]


def test_a_digest_goes_when_its_oldest_has_waited() -> None:
    steps = [step("a"), step("b", ago=15, over_budget=True), step("c", over_budget=True)]
    of = put(*steps)
    assert of.together == ["b#1", "c#1"]
    assert going(of, *steps) == ["a#1"]


def test_a_digest_says_how_alerts_stand_now() -> None:
    steps = [step("b", 1, ago=15, over_budget=True), step("b", 2, "corroborated", ago=3, over_budget=True)]
    of = put(*steps)
    assert (of.together, of.withheld) == (["b#2"], {SUPERSEDED: ["b#1"]})


def test_a_recall_of_what_a_digest_told_goes_by_itself_at_once() -> None:
    steps = [
        step("b", 2, "contested", over_budget=True, digested=True),
        step("b", 3, "corroborated", over_budget=True, digested=True),
    ]
    of = put(*steps)
    assert going(of, *steps) == ["b#3"]
    assert of.withheld == {SUPERSEDED: ["b#2"]}


@pytest.mark.parametrize(("kind", "told"), [("updated", QUIET), ("expired", QUIET), ("contested", "")])
def test_what_asks_for_nothing_is_not_told_again_of_what_a_digest_named(kind: AlertKind, told: str) -> None:
    of = put(step("b", 2, kind, over_budget=True, digested=True))
    assert of.withheld == ({told: ["b#2"]} if told else {})
    assert of.leaving == (set() if told else {"b#2"})


def test_a_recall_gets_through_whatever_came_after() -> None:
    told = {"over_budget": True, "digested": True}
    steps = [step("b", 3, "corroborated", **told), step("b", 4, "expired", **told)]
    of = put(*steps)
    assert going(of, *steps) == ["b#3"]


def test_what_got_graver_and_has_room_goes_by_itself() -> None:
    steps = [step("b", 1, over_budget=True), step("b", 2, "escalated")]
    of = put(*steps)
    assert going(of, *steps) == ["b#2"]


def test_a_digest_does_not_wait_longer_because_an_alert_goes_on() -> None:
    steps = [step("b", 1, ago=14, over_budget=True), step("b", 2, "updated", ago=1, over_budget=True)]
    of = put(*steps)
    assert (of.together, of.withheld, of.leaving) == ([], {}, {"b#1", "b#2"})


def test_a_program_is_told_of_every_step() -> None:
    steps = [step(name, 1, ago=99, over_budget=True) for name in "abcdefgh"]
    steps += [step(name, 2, "updated", ago=99, over_budget=True) for name in "abcdefgh"]
    assert put(*steps, digests=False) == Sorted({}, [], set())


# Late.


def test_after_an_outage_there_is_one_digest() -> None:
    steps = [step(name, ago=60 - place) for place, name in enumerate("abcdefghij")]
    steps += [step("a", 2, "updated", ago=9), step("late", ago=1), step("over", ago=2, over_budget=True)]
    of = put(*steps)
    assert sorted(of.together) == sorted(["a#2", *(f"{name}#1" for name in "bcdefghij"), "late#1", "over#1"])
    assert of.withheld == {SUPERSEDED: ["a#1"]}
    assert going(of, *steps) == []


def test_what_is_shown_already_is_brought_up_to_date_instead() -> None:
    steps = [step(name, ago=40) for name in "abcdef"]
    steps += [step("shown", seq, "updated", ago=50 - seq, shown=True) for seq in (4, 5, 6)]
    steps += [step("told", 3, "corroborated", ago=20, shown=True)]
    of = put(*steps)
    assert len(of.together) == 6
    assert going(of, *steps) == ["shown#6", "told#3"]
    assert of.withheld == {SUPERSEDED: ["shown#4", "shown#5"]}


def test_a_few_are_told_one_by_one_even_late() -> None:
    steps = [step(name, ago=60) for name in "abc"]
    of = put(*steps)
    assert (of.together, going(of, *steps)) == ([], ["a#1", "b#1", "c#1"])


def test_a_burst_is_no_outage() -> None:
    steps = [step(str(number), ago=14) for number in range(50)]
    assert put(*steps) == Sorted({}, [], set())


def test_a_digest_not_yet_sent_takes_in_what_came_since() -> None:
    steps = [step(name, ago=60, bundle="digest:old>x") for name in "abcde"] + [step("f", ago=1)]
    assert len(put(*steps).together) == 6


# What analysts did.


def test_of_a_dismissed_alert_nothing_goes_but_its_recall() -> None:
    acts = (act("a", "dismissed", 5),)
    steps = [
        step("a", 2, "escalated", shown=True, acts=acts),
        step("a", 3, "corroborated", shown=True, acts=acts),
        step("a", 4, "expired", shown=True, acts=acts),
    ]
    of = put(*steps)
    assert going(of, *steps) == ["a#3"]
    assert of.withheld == {DISMISSED: ["a#2", "a#4"]}


def test_what_was_dismissed_before_it_was_told_has_nothing_to_recall() -> None:
    acts = (act("a", "dismissed", 5),)
    steps = [step("a", 1, acts=acts), step("a", 2, "corroborated", acts=acts)]
    assert put(*steps).withheld == {DISMISSED: ["a#1", "a#2"]}


def test_a_snoozed_alert_is_held_and_its_recall_is_not() -> None:
    acts = (act("a", "snoozed", 5, until=30),)
    held = [step("a", seq, "updated", shown=True, acts=acts) for seq in (2, 3)]
    assert put(*held).leaving == {"a#2", "a#3"}
    recalled = [*held, step("a", 4, "corroborated", shown=True, acts=acts)]
    of = put(*recalled)
    assert going(of, *recalled) == ["a#4"]
    assert of.withheld == {SUPERSEDED: ["a#2", "a#3"]}


def test_after_a_snooze_the_newest_step_is_told() -> None:
    acts = (act("a", "snoozed", 90, until=-1),)
    steps = [step("a", seq, "updated", ago=50 - seq, shown=True, acts=acts) for seq in (2, 3, 4)]
    of = put(*steps)
    assert going(of, *steps) == ["a#4"]
    reopened = (act("a", "snoozed", 90, until=30), act("a", "reopened", 1))
    assert going(put(*(each._replace(acts=reopened) for each in steps)), *steps) == ["a#4"]


@pytest.mark.parametrize("digests", [True, False])
def test_acts_count_everywhere(digests: bool) -> None:
    steps = [step("a", acts=(act("a", "dismissed", 1),)), step("b", acts=(act("b", "snoozed", 1, until=9),)), step("c")]
    assert going(put(*steps, digests=digests), *steps) == ["c#1"]


def test_an_acknowledged_alert_goes_on() -> None:
    steps = [step("a", 2, "updated", shown=True, acts=(act("a", "acknowledged", 1),))]
    assert going(put(*steps), *steps) == ["a#2"]


# Laws.

_ACTS: tuple[Callable[[str], Act], ...] = (
    lambda alert: act(alert, "dismissed", 3),
    lambda alert: act(alert, "snoozed", 3, until=9),
    lambda alert: act(alert, "snoozed", 30, until=-9),
    lambda alert: act(alert, "reopened", 2),
    lambda alert: act(alert, "acknowledged", 1),
)


@st.composite
def backlogs(draw: st.DrawFn) -> list[Waiting]:
    steps: list[Waiting] = []
    for alert in draw(st.lists(st.sampled_from("abcdefghij"), unique=True, max_size=10)):
        acts = tuple(make(alert) for make in draw(st.lists(st.sampled_from(_ACTS), max_size=2)))
        shown, digested, over = (draw(st.booleans()) for _ in range(3))
        ago = draw(st.integers(0, 120))
        for seq in range(1, draw(st.integers(1, 4)) + 1):
            kind = draw(st.sampled_from(get_args(AlertKind)))
            ago = draw(st.integers(0, ago))
            told = {"shown": shown, "digested": digested, "over_budget": over, "acts": acts}
            steps.append(step(alert, seq, kind, ago, **told))
    return sorted(steps, key=lambda each: each.queued_at)


@given(backlogs(), st.booleans())
def test_each_delivery_has_one_fate(backlog: list[Waiting], digests: bool) -> None:
    of = put(*backlog, digests=digests)
    never = [name for names in of.withheld.values() for name in names]
    named = [*never, *of.together, *of.leaving]
    assert len(named) == len(set(named))
    assert set(named) <= {each.id for each in backlog}


@given(backlogs(), st.booleans())
def test_no_alert_vanishes(backlog: list[Waiting], digests: bool) -> None:
    """Unless somebody dismissed it, or a digest had named it, some step of each alert goes, or waits to."""
    of = put(*backlog, digests=digests)
    never = {name for reason in (DISMISSED, QUIET) for name in of.withheld.get(reason, ())}
    gone = {name for names in of.withheld.values() for name in names}
    for alert in {each.alert_id for each in backlog}:
        steps = [each for each in backlog if each.alert_id == alert]
        assert any(each.id not in gone for each in steps) or any(each.id in never for each in steps)


@given(backlogs(), st.booleans())
def test_every_recall_of_what_was_told_goes_now(backlog: list[Waiting], digests: bool) -> None:
    now = going(put(*backlog, digests=digests), *backlog)
    for each in backlog:
        earlier = (other for other in backlog if other.alert_id == each.alert_id and other.seq < each.seq)
        first = not any(other.kind == "corroborated" for other in earlier)
        if each.kind == "corroborated" and first and (each.shown or each.digested):
            assert each.id in now


@given(backlogs())
def test_nobody_is_flooded(backlog: list[Waiting]) -> None:
    """Late, no more than a few alerts open a message of their own."""
    late = [each._replace(queued_at=each.queued_at - minutes(20)) for each in backlog if not each.over_budget]
    new = [each for each in late if not each.shown and not (each.kind == "corroborated" and each.digested)]
    assert len(going(put(*late), *new)) <= TERMS.few


def test_a_digests_name_depends_on_what_is_in_it_alone() -> None:
    assert digest_id(["a", "b"], "slack:C1") == digest_id(["b", "a"], "slack:C1")
    assert digest_id(["a"], "slack:C1") != digest_id(["a", "b"], "slack:C1")
    assert digest_id(["a"], "slack:C1").endswith(">slack:C1")
