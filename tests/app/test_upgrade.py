"""A version that keeps its memory in another form takes up, in the middle of a story, what the one before has told."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from secondsource.app.demo.town import Town
from store.store import open_store
from tests.app.newsroom import run
from tests.app.rows import Row
from tests.app.runs import Run
from tests.store.conftest import BOTH

REFUSED_SOME = 1  #: a replay says that there is something to look at


def said(events: Sequence[Row]) -> list[tuple[str, int, str, str]]:
    return [(each["alert_id"], each["seq"], each["kind"], each["body"]["finding"]["headline"]) for each in events]


def halves(town: Town, folder: Path) -> tuple[Path, Path]:
    """The day, cut where two alerts stand and the next post recalls one of them."""
    lines = town.posts.read_bytes().splitlines(keepends=True)
    recalling = f'"uid":"{town.uids["tram-confirmed"]}"'.encode()
    cut = next(n for n, line in enumerate(lines) if recalling in line)
    first, second = folder / "first.jsonl", folder / "second.jsonl"
    first.write_bytes(b"".join(lines[:cut]))
    second.write_bytes(b"".join(lines[cut:]))
    return first, second


@pytest.mark.slow
@pytest.mark.parametrize("database", BOTH)
def test_alerts_go_on_and_are_recalled(
    database: str, undisturbed: Run, town_day: Town, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    sqlite = f"sqlite:///{tmp_path / 'velgrad.sqlite'}"
    environ = {
        "SECONDSOURCE_CONFIG": str(town_day.config),
        "SECONDSOURCE_STORE_URL": sqlite if database == "sqlite" else request.getfixturevalue("postgres_url"),
        "SECONDSOURCE_METRICS_PORT": "0",
    }
    url = environ["SECONDSOURCE_STORE_URL"]
    run("migrate", environ=environ)
    first, second = halves(town_day, tmp_path)
    assert run("replay", first, "--pictures", town_day.pictures, environ=environ).code == REFUSED_SOME
    with closing(open_store(url)) as store:
        before = store.dump("alert_events")
        assert [kind for *_, kind, _ in said(before)].count("opened") == 2
        store.save("alerts", 0, "", {"/form": b"of the version before"})
    ran = run("replay", second, "--pictures", town_day.pictures, environ=environ)
    assert "it is made anew from what is stored" in ran.err
    with closing(open_store(url)) as store:
        after = store.dump("alert_events")
    assert len(after) > len(before)
    kinds = [line[:3] for line in said(after)]
    assert kinds == [line[:3] for line in said(undisturbed.rows["alert_events"])]
    assert "corroborated" in {kind for *_, kind in kinds}
