"""Configuration reaches the collectors: which run, with which watches, and what is said of the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.collectors import BESIDE, COUNTERS, LIVE
from ingest.collectors.refresher import Refresher
from secondsource.app import configuring, wiring
from secondsource.contracts.errors import BadConfiguration, BadRecord
from secondsource.contracts.stage import Collector
from secondsource.contracts.watch import Watch
from tests.app.newsroom import ALL_OFF, Newsroom
from tests.fakes.clock import ManualClock
from tests.fakes.surroundings import surroundings

WATCHES = """
watches:
  - {name: velgrad, hashtags: [Velgrad]}
  - {name: mill, hashtags: [Mill], collectors: [feeds]}
  - {name: harbour, hashtags: [Harbour], collectors: [replay]}
"""


@contextmanager
def house(folder: Path, settings: str) -> Iterator[wiring.House]:
    newsroom = Newsroom(folder, settings=settings)
    (newsroom.config / "watches" / "velgrad.yaml").write_text(WATCHES, "utf-8")
    found = configuring.load(newsroom.config, {"SECONDSOURCE_STORE_URL": newsroom.store_url, "X_TOKEN": "x-1"})
    with wiring.house(found) as at:
        yield at


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Which collectors are made, and with which watches."""
    made: dict[str, list[str]] = {}
    for kind in (*LIVE, *BESIDE):
        begin = kind.__init__  # type: ignore[misc] # the class's own, on the class itself

        def remembering(self: Collector, settings: object, watches: list[Watch], around: object, begin=begin) -> None:  # type: ignore[no-untyped-def]
            made[self.name] = [watch.name for watch in watches]
            begin(self, settings, watches, around)

        monkeypatch.setattr(kind, "__init__", remembering)
    return made


def test_with_nothing_configured_bluesky_and_the_feeds_are_followed(
    tmp_path: Path, given: dict[str, list[str]]
) -> None:
    with house(tmp_path, "collectors: {}\n") as at:
        names = [collector.name for collector in wiring.collectors(at)]
    assert names == ["bluesky", "feeds", "refresher"]
    assert given == {
        "bluesky": ["velgrad"],
        "feeds": ["mill", "velgrad"],
        "refresher": ["harbour", "mill", "velgrad"],
    }


def test_x_runs_where_it_is_on_and_has_all_it_needs(tmp_path: Path) -> None:
    x = "{enabled: true, approved_use_case: Newsroom verification, token_env: X_TOKEN}"
    settings = f"collectors: {{x: {x}, bluesky: {{enabled: false}}, feeds: {{enabled: false}}}}\n"
    with house(tmp_path, settings) as at:
        names = [collector.name for collector in wiring.collectors(at)]
        services = {service.name: service for service in wiring.services(at.configuration)}
    assert names == ["x", "refresher"]
    assert services["x"].on
    assert not services["bluesky"].on
    assert "x-1" not in repr(at.configuration)


def test_where_none_is_on_it_says_how_to_turn_each_on(tmp_path: Path) -> None:
    with house(tmp_path, ALL_OFF) as at, pytest.raises(BadConfiguration) as raised:
        wiring.collectors(at)
    for kind in LIVE:
        assert f"{kind.name} is " in str(raised.value)
    assert "secondsource replay FILE" in str(raised.value)


def test_a_collector_that_no_watch_asks_for_does_not_run(tmp_path: Path, given: dict[str, list[str]]) -> None:
    with house(tmp_path, "collectors: {bluesky: {enabled: false}}\n") as at:
        wiring.collectors(at)
    assert set(given) == {"feeds", "refresher"}


def test_records_are_mapped_again_by_their_own_collector(tmp_path: Path) -> None:
    with house(tmp_path, "collectors: {}\n") as at:
        bluesky = wiring.mapper(at, "bluesky", at.watches)
        assert bluesky is not None
        with pytest.raises(BadRecord):
            bluesky.remap(b'{"kind":')
        assert wiring.mapper(at, "x", at.watches) is None, "it is off; replay reads what X sends"
        assert wiring.mapper(at, "replay:day.jsonl", at.watches) is None


def test_the_seam_is_kept() -> None:
    names = [kind.name for kind in (*LIVE, *BESIDE)]
    assert len(set(names)) == len(names)
    assert "replay" not in names
    assert set(COUNTERS) <= set(names)
    around = surroundings(ManualClock())
    for name, settings in configuring.settings_by_name().items():
        made = settings()
        assert isinstance(made.enabled, bool)
        assert isinstance(made.off(), str), name
        if name in COUNTERS and not made.off():
            assert COUNTERS[name](made, around).batch > 0
    assert Refresher in BESIDE
