"""How good alerts were, by what analysts said of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondsource.app.backtest.labels import read_labels
from secondsource.app.verdicts import interval, record, records
from secondsource.contracts.acts import Act, ActKind, Verdict
from store.alerting.verdicts import AlertHistory
from store.store import Store, open_store
from tests.app.documents import ROOT, blocks
from tests.app.newsroom import WATCH, Newsroom
from tests.store import velgrad as v

PAGE = ROOT / "docs" / "backtest.md"


def act(kind: ActKind, seconds: float, said: Verdict | None = None) -> Act:
    at = v.at(seconds)
    return Act(id=f"{kind} {seconds}", alert_id="a", kind=kind, by="ana", at=at, via="desk", verdict=said)


def history(*acts: Act, opened: float = 0, told: float | None = None, confirmed: float | None = None) -> AlertHistory:
    return AlertHistory(
        "a", WATCH, "uncorroborated_spike", v.at(opened), None if told is None else v.at(told),
        None if confirmed is None else v.at(confirmed), acts,
    )  # fmt: skip


def test_alerts_in_numbers() -> None:
    found = record(
        WATCH,
        "",
        [
            history(act("acknowledged", 70), act("dismissed", 500, "useful"), told=10, confirmed=3600),
            history(act("dismissed", 100, "noise"), confirmed=7200),
            history(act("dismissed", 300, "known"), act("reopened", 400), opened=200),
            history(),
        ],
        days=2.0,
    )
    assert (found.alerts, found.alerts_per_day) == (4, 2.0)
    assert (found.useful, found.known, found.noise, found.precision) == (1, 0, 1, 0.5)
    assert (found.acknowledged, found.acknowledge) == (3, 100.0)
    assert (found.corroborated, found.lead) == (2, 5400.0)


def test_nothing_is_said_of_nothing() -> None:
    found = record(WATCH, "", [], days=0.0)
    assert (found.precision, found.low, found.acknowledge, found.lead, found.alerts_per_day) == (
        None,
        None,
        None,
        None,
        0,
    )


@given(st.integers(0, 500), st.integers(1, 500))
def test_the_interval_holds_the_share(right: int, more: int) -> None:
    low, high = interval(right, right + more)
    assert low is not None
    assert high is not None
    assert 0 <= low <= right / (right + more) * (1 + 1e-5)
    assert right / (right + more) * (1 - 1e-5) <= high <= 1


def test_the_interval_is_wilsons() -> None:
    low, high = interval(8, 10)
    assert low is not None
    assert high is not None
    assert math.isclose(low, 0.4902, abs_tol=1e-4)
    assert math.isclose(high, 0.9433, abs_tol=1e-4)


def judge(store: Store) -> None:
    """A day of posts and two alerts, of which one was dismissed as known."""
    v.keep(store, *(v.enriched(number, seconds=number * 3600) for number in range(25)))
    v.keep(store, v.alert(1), v.alert(5, name="velgrad/2/spike"))
    dismissed = Act(
        id="one", alert_id="velgrad/1/spike", kind="dismissed", by="ana", at=v.at(61), via="slack", verdict="known"
    )
    store.acts.record(dismissed)


@pytest.fixture
def judged(tmp_path: Path) -> Newsroom:
    newsroom = Newsroom(tmp_path)
    newsroom.run("migrate")
    with newsroom.store() as store:
        judge(store)
    return newsroom


def test_the_command(judged: Newsroom) -> None:
    ran = judged.run("verdicts")
    assert ran.code == 0, ran.err
    rows = [line.split() for line in ran.out.splitlines()]
    assert rows[1][:7] == [WATCH, "all", "2", "2", "0", "1", "0"]
    assert rows[2][:7] == [WATCH, "uncorroborated_spike", "2", "2", "0", "1", "0"]
    assert "1.00 (0.21–1.00)" in ran.out
    assert "1 in 1 min" in ran.out
    assert "velgrad: 1 verdict; a share of fewer than 20 says little." in ran.out
    as_json = judged.run("verdicts", "--watch", WATCH, "--to", "2026-03-02T12:00:03Z", "--json").json
    assert [(one["rule"], one["alerts"]) for one in as_json] == [("", 1), ("uncorroborated_spike", 1)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--watch", "velgrd"], "no watch named 'velgrd'"),
        (["--from", "soon"], "--from: expected a day or a moment"),
    ],
)
def test_what_cannot_be_asked(arguments: Sequence[str], said: str, tmp_path: Path) -> None:
    ran = Newsroom(tmp_path).run("verdicts", *arguments)
    assert ran.code == 2
    assert said in ran.err


@pytest.mark.postgres
def test_the_same_numbers_from_both_databases(judged: Newsroom, postgres_url: str) -> None:
    there = open_store(postgres_url, create=True)
    try:
        judge(there)
        with judged.store() as here:
            since = v.NOON + timedelta(seconds=1)
            assert records(there, [WATCH], since) == records(here, [WATCH], since)
    finally:
        there.close()


def test_the_labels_of_the_page_can_be_read(tmp_path: Path) -> None:
    shown = [*blocks("csv", (PAGE,)), *blocks("jsonl", (PAGE,))]
    assert len(shown) == 2
    for block in shown:
        (tmp_path / f"labels.{block.kind}").write_text(block.text, "utf-8")
        found = read_labels(tmp_path / f"labels.{block.kind}")
        assert {case.id for case in found.cases} >= {"the bridge"}
