"""What a store's past leads to expect: as the alerts counted it, in versions, each for a time on."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta

import pandas as pd
import pytest
from msgspec.structs import replace
from sqlalchemy import event

from alerts.judging.stage import AlertsStage
from alerts.memory.digests import digest
from alerts.spread.surprise import dispersion as live_dispersion
from alerts.spread.surprise import middle_mean as live_middle_mean
from secondsource.contracts.baselines import AGES, AtAge, Baseline, Usual
from secondsource.contracts.messages import Account, Engagement, Enriched, Sketch
from secondsource.contracts.stage import Record
from store.alerting.baselines import KEPT, BaselineReader
from store.baseline_fitting import dispersion, fit, middle_mean
from store.stage import StoreStage
from store.store import Store
from tests.alerts.invented import at, counted, final_stories, ordered, post, repost, watch
from tests.fakes.archive import MemoryArchive

SINCE, UNTIL = at(-1), at(400_000)


def by(enriched: Enriched, author: str, followers: int | None) -> Enriched:
    account = Account(uid=f"x:a-{author}", handle=author, followers=followers)
    return replace(enriched, post=replace(enriched.post, author=account), sketch=Sketch(exact=""))


def past(stories: int = 80) -> list[Enriched | Engagement]:
    """Stories of twelve accounts, some of them passed on, some reported of."""
    chance = random.Random(4)
    made: list[Enriched | Engagement] = []
    for one in range(stories):
        number, opened = 1 + one * 1_000, one * 600.0
        who = one % 12
        made.append(by(post(number, opened, f"news {one}"), f"desk{who}", 50 * 4**who))
        for act in range(chance.randrange(0, 3 + who)):
            after = opened + chance.expovariate(1 / 1_500)
            made.append(by(repost(number + act + 1, after, number), f"reader{number + act}", None))
        if one % 5 == 0:
            made.append(counted(number, opened + 1_000, chance.randrange(30)))
    return made


def keep(store: Store, messages: Sequence[Enriched | Engagement]) -> dict[str, int]:
    """Judge them, store all of it; how far each story went."""
    stream = [Record(message) for message in ordered(messages)]
    outs = AlertsStage({"velgrad": watch()}, MemoryArchive()).handle(stream)
    StoreStage(store, ()).handle([*stream, *(Record(out.message) for out in outs)])
    return {story.id: story.spread.interactions for story in final_stories(outs).values()}


def fitted(store: Store) -> Baseline:
    baseline = fit(store, "velgrad", SINCE, UNTIL, digest, UNTIL)
    assert baseline is not None
    return baseline


def test_the_past_is_counted_as_the_alerts_counted_it(store: Store) -> None:
    reached = keep(store, past())
    baseline = fitted(store)
    assert len(baseline.ages) == len(AGES)
    everything = sorted([*reached.values(), *[0] * (80 - len(reached))])
    last = baseline.ages[-1]
    assert last.mean == pytest.approx(live_middle_mean(everything))
    assert last.dispersion == pytest.approx(live_dispersion(everything), abs=1e-6)
    assert last.history == 80
    means = [one.mean for one in baseline.ages]
    assert means == sorted(means)
    assert means[0] < means[-1]


def test_accounts_are_told_by_number_and_by_how_many_follow_them(store: Store) -> None:
    keep(store, past(360))
    baseline = fitted(store)
    assert set(baseline.accounts) == {digest(f"x:a-desk{who}") for who in range(12)}
    assert all(one.posts == 30 for one in baseline.accounts.values())
    assert baseline.accounts[digest("x:a-desk11")].mean > baseline.accounts[digest("x:a-desk0")].mean
    assert baseline.bounds == (), "twelve accounts have no deciles"


def test_deciles_are_of_accounts(store: Store) -> None:
    keep(store, [by(post(1 + one, 600.0 * one, f"news {one}"), f"desk{one}", 10 * one) for one in range(60)])
    baseline = fitted(store)
    assert baseline.bounds == tuple(int(590 * place / 10) for place in range(1, 10))
    assert [one.posts for one in baseline.classes] == [6] * 10


def test_only_stories_that_came_to_an_age_tell_of_it(store: Store) -> None:
    keep(store, past())
    early = fit(store, "velgrad", SINCE, at(79 * 600 + 1), digest, UNTIL)
    assert early is not None
    histories = [one.history for one in early.ages]
    assert histories == sorted(histories, reverse=True)
    assert histories[0] == 79
    assert histories[3] == 74, "the last five of a story every ten minutes are not an hour old"
    assert histories[6] == 0


def test_a_repost_of_what_was_not_seen_tells_nothing(store: Store) -> None:
    keep(store, past())
    before = fitted(store)
    late = [by(repost(900_000 + one, 1.0 + one, 5), f"late{one}", 7) for one in range(3)]
    keep(store, late)
    assert fitted(store).ages == before.ages


def test_too_little_leads_to_nothing(store: Store) -> None:
    assert fit(store, "velgrad", SINCE, UNTIL, digest, UNTIL) is None
    keep(store, past(29))
    assert fit(store, "velgrad", SINCE, UNTIL, digest, UNTIL) is None
    assert fit(store, "dolnograd", SINCE, UNTIL, digest, UNTIL) is None


def test_versions_are_counted_from_one_and_hold_from_their_time_on(store: Store) -> None:
    keep(store, past())
    first = store.baselines.add(fitted(store))
    second = store.baselines.add(replace(fitted(store), applies_from=UNTIL + timedelta(days=1)))
    assert first is not None
    assert second is not None
    assert (first.version, second.version) == (1, 2)
    assert store.baselines.all("velgrad") == [first, second]
    reader = BaselineReader(store.baselines, lambda: 0.0)
    assert reader.at("velgrad", UNTIL - timedelta(microseconds=1)) is None
    assert reader.at("velgrad", UNTIL) == first
    assert reader.at("velgrad", UNTIL + timedelta(days=2)) == second
    assert reader.at("dolnograd", UNTIL) is None


def test_a_bounded_number_of_versions_is_kept(sqlite_store: Store) -> None:
    ages = tuple(AtAge(mean=1.0, dispersion=0.0, history=40) for _ in AGES)
    bare = Baseline(
        watch="velgrad", version=0, applies_from=SINCE, fitted_at=UNTIL, data_from=SINCE, data_until=UNTIL, posts=1,
        ages=ages, accounts={},
    )  # fmt: skip
    other = sqlite_store.baselines.add(replace(bare, watch="dolnograd"))
    for _ in range(KEPT + 3):
        sqlite_store.baselines.add(bare)
    assert [each.version for each in sqlite_store.baselines.all("velgrad")] == list(range(4, KEPT + 4))
    assert sqlite_store.baselines.newest("velgrad") == KEPT + 3, "no number is given twice"
    assert sqlite_store.baselines.all("dolnograd") == [other]


def test_a_new_version_is_read_within_a_minute_and_not_asked_for_more_often(sqlite_store: Store) -> None:
    asked = 0

    def count(*_: object) -> None:
        nonlocal asked
        asked += 1

    event.listen(sqlite_store.engine, "before_cursor_execute", count)
    now = 0.0
    reader = BaselineReader(sqlite_store.baselines, lambda: now)
    assert [reader.at("velgrad", UNTIL) for _ in range(50)] == [None] * 50
    first = asked
    bare = Baseline(
        watch="velgrad", version=0, applies_from=SINCE, fitted_at=UNTIL, data_from=SINCE, data_until=UNTIL, posts=1,
        ages=tuple(AtAge(mean=1.0, dispersion=0.0, history=40) for _ in AGES), accounts={7: Usual(posts=3, mean=2.0)},
    )  # fmt: skip
    added = sqlite_store.baselines.add(bare)
    asked = 0
    assert reader.at("velgrad", UNTIL) is None
    assert asked == 0
    now = 60.0
    assert reader.at("velgrad", UNTIL) == added
    now = 121.0
    assert reader.at("velgrad", UNTIL) == added
    assert 0 < asked <= 3 * first, "versions are read whole only where there are new ones"


def test_the_formulas_are_those_of_the_alerts() -> None:
    chance = random.Random(9)
    for size in (1, 2, 5, 41, 200):
        values = [chance.randrange(50) for _ in range(size)]
        assert middle_mean(pd.Series(values)) == pytest.approx(live_middle_mean(sorted(values)), abs=1e-6)
        assert dispersion(pd.Series(values)) == pytest.approx(live_dispersion(sorted(values)), abs=1e-6)
    none: pd.Series[int] = pd.Series([1]).iloc[:0]
    assert middle_mean(none) == 0
