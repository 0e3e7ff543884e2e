"""What became of alerts, on both databases."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from secondsource.contracts.acts import Act, ActKind, Verdict
from store.alerting.verdicts import verdict
from store.store import Store
from tests.store import velgrad as v


def act(
    number: int, kind: ActKind, said: Verdict | None = None, *, seconds: float = 0, alert: str = "velgrad/1/spike"
) -> Act:
    return Act(
        id=f"click-{number}", alert_id=alert, kind=kind, by="ana", at=v.at(seconds), via="desk", verdict=said,
    )  # fmt: skip


def test_the_last_dismissal_counts_unless_it_was_taken_back() -> None:
    useful, noise = act(1, "dismissed", "useful"), act(2, "dismissed", "noise")
    assert verdict(()) is None
    assert verdict((act(3, "acknowledged"), useful)) == "useful"
    assert verdict((useful, noise)) == "noise"
    assert verdict((useful, act(4, "reopened"))) is None
    assert verdict((useful, act(4, "reopened"), noise, act(5, "acknowledged"))) == "noise"


def test_the_history_of_an_alert(store: Store) -> None:
    other = v.alert(5, name="velgrad/2/spike")
    confirmed = msgspec.structs.replace(v.alert(3), kind="corroborated")
    v.keep(store, v.alert(1), confirmed, other)
    store.acts.record(act(1, "acknowledged", seconds=60))
    store.acts.record(act(2, "dismissed", "known", seconds=90))
    first, second = store.verdicts.histories()
    assert (first.alert_id, first.opened_at) == ("velgrad/1/spike", v.at(1))
    assert first.corroborated_at == v.at(3)
    assert [each.kind for each in first.acts] == ["acknowledged", "dismissed"]
    assert (second.acts, second.corroborated_at) == ((), None)
    assert store.verdicts.histories("nowhere") == []
    assert store.verdicts.histories(since=v.at(2)) == [second]
    assert store.verdicts.histories(until=v.at(2)) == [first]


def test_told_is_when_the_first_message_left(store: Store) -> None:
    v.keep(store, v.alert(1))
    for place, seconds in (("slack:#desk", 7), ("console", 9)):
        waiting = store.outbox.next(place, v.at(0) + timedelta(days=1))
        assert waiting is not None
        store.outbox.sent(waiting.id, "", v.at(seconds))
    (history,) = store.verdicts.histories()
    assert history.told_at == v.at(7)


def test_verdicts_in_force_come_with_the_posts_of_their_stories(store: Store) -> None:
    v.keep(store, v.story(1, members=[1, 2]), v.alert(1), v.alert(5, name="velgrad/2/spike"))
    store.acts.record(act(1, "dismissed", "noise"))
    store.acts.record(act(2, "acknowledged", alert="velgrad/2/spike"))
    assert store.verdicts.in_force("velgrad") == {"velgrad/1/spike": ("noise", ("x:1", "x:2"))}
    assert store.verdicts.in_force("flood") == {}
    store.acts.record(act(3, "reopened", seconds=9))
    assert store.verdicts.in_force("velgrad") == {}
