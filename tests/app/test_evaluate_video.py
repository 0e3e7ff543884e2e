"""The seam through which anybody measures us on clips of their own."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from secondsource.app.evaluation.video import evaluate
from secondsource.contracts.errors import BadConfiguration
from tests.enrich.reuse.clip_makers import film, mp4
from tests.fakes.clock import ManualClock

REAL = Path(__file__).parents[3] / "shared" / "data" / "threatexchange" / "video"


def lines(archive: Path, queries: Path, told: StringIO | None = None) -> list[dict[str, Any]]:
    out = StringIO()
    evaluate(archive, queries, out, told or StringIO(), ManualClock())
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_line_for_each_match_and_one_for_each_query_without(tmp_path: Path) -> None:
    archive, queries = tmp_path / "archive", tmp_path / "queries"
    (archive / "below").mkdir(parents=True)
    queries.mkdir()
    bridge = film(3, 4, seconds=6.0)
    (archive / "below" / "bridge.mp4").write_bytes(mp4(bridge))
    (archive / "notes.txt").write_text("no clip")
    (queries / "again.mp4").write_bytes(mp4(bridge[50:125]))
    (queries / ".parts").mkdir()
    (queries / ".parts" / "again.mp4").write_bytes(mp4(bridge[50:125]))
    (queries / "broken.mp4").write_bytes(mp4(bridge)[:60])
    (queries / "other.mp4").write_bytes(mp4(film(80, seconds=3.0)))
    told = StringIO()
    again, broken, other = lines(archive, queries, told)
    assert told.getvalue() == "notes.txt: not a clip: unknown kind of file\n"
    assert list(again) == ["query", "match", "kind", "confidence", "segments", "frames", "transform"]
    assert (again["query"], again["match"], again["kind"]) == ("again.mp4", "below/bridge.mp4", "clip")
    assert again["segments"][0]["match"] == pytest.approx([2.0, 5.0], abs=0.6)
    assert again["transform"]["mirrored"] is False
    assert broken == {
        "query": "broken.mp4", "match": None, "reason": "no video in it that we can decode",
    }  # fmt: skip
    assert other == {"query": "other.mp4", "match": None}


def test_the_same_clip_twice_in_the_archive_is_told_by_both_names(tmp_path: Path) -> None:
    body = mp4(film(5, seconds=3.0))
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).write_bytes(body)
    assert {(line["query"], line["match"]) for line in lines(tmp_path, tmp_path)} == {
        (query, match) for query in ("a.mp4", "b.mp4") for match in ("a.mp4", "b.mp4")
    }


def test_folders_that_are_none_or_hold_no_clip_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfiguration, match="expected a folder of clips"):
        lines(tmp_path / "nowhere", tmp_path)
    with pytest.raises(BadConfiguration, match="none there can be decoded"):
        lines(tmp_path, tmp_path)


@pytest.mark.skipif(not REAL.is_dir(), reason="skipped: no data")
def test_a_real_clip_matches_its_variant_and_no_other(tmp_path: Path) -> None:
    """All six against all six: `python -m benchmarks.video_reuse`."""
    archived, asked = ("pattern-hd-no-bar", "doorknob-hd-no-bar"), ("pattern-sd-with-small-logo-bar",)
    for file in (*(f"archive/{name}.mp4" for name in archived), *(f"queries/{name}.mp4" for name in asked)):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).symlink_to(REAL / Path(file).name)
    (found,) = lines(tmp_path / "archive", tmp_path / "queries")
    assert found["match"] == "pattern-hd-no-bar.mp4"
    assert found["segments"][0]["query"] == pytest.approx([0.0, 6.9], abs=0.6)
