"""`secondsource eval media`: one line a match, one a query without; what is no picture is told."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from benchmarks.edits import edited
from secondsource.app.cli import app
from secondsource.app.evaluation import media as evaluate_media
from secondsource.contracts.errors import BadConfiguration
from tests.enrich.reuse.clip_makers import animation, film, mp4
from tests.enrich.reuse.makers import scene


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    archive, queries = tmp_path / "archive", tmp_path / "queries"
    (archive / "older").mkdir(parents=True)
    queries.mkdir()
    scene(1).save(archive / "one.png")
    scene(2).save(archive / "older" / "two.jpg", quality=90)
    (archive / "older" / "again.jpg").write_bytes((archive / "older" / "two.jpg").read_bytes())
    (archive / "empty.jpg").touch()
    edited(scene(1), "1", "crop 50 % centred").save(queries / "a.png")
    edited(scene(2), "2", "mirror").save(queries / "b.webp")
    scene(3).save(queries / "c.png")
    (queries / "d.jpg").write_text("<html></html>", encoding="utf-8")
    return archive, queries


def test_records_name_files_and_what_was_measured(folders: tuple[Path, Path]) -> None:
    told, a, *rest = evaluate_media.media(*folders, jobs=1)
    assert told == {"archive": "empty.jpg", "reason": "0 bytes"}
    assert (a["query"], a["match"], a["kind"]) == ("a.png", "one.png", "features")
    assert a["inliers"] >= 10
    assert 0.5 < a["confidence"] <= 1
    assert len(a["region"]) == 4
    assert [len(row) for row in a["transform"]] == [3, 3]
    b_again, b, c, d = rest
    assert [b_again["match"], b["match"]] == ["older/again.jpg", "older/two.jpg"]
    assert b["kind"] == "hash"
    assert b["distance"] <= 31
    assert c == {"query": "c.png", "match": None}
    assert d == {"query": "d.jpg", "match": None, "reason": "a web page, not a picture"}


def test_several_processes_say_the_same_in_json_lines(folders: tuple[Path, Path]) -> None:
    archive, queries = map(str, folders)
    done = CliRunner().invoke(app, ["eval", "media", "--archive", archive, "--queries", queries, "--jobs", "2"])
    assert done.exit_code == 0
    assert "empty.jpg is not in the archive: 0 bytes" in done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines == [record for record in evaluate_media.media(*folders, jobs=1) if "archive" not in record]


def test_a_folder_that_is_missing_or_empty_is_refused(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    with pytest.raises(BadConfiguration, match="is none"):
        list(evaluate_media.media(folders[0], tmp_path / "nowhere", jobs=1))
    (tmp_path / "bare").mkdir()
    with pytest.raises(BadConfiguration, match="is empty"):
        list(evaluate_media.media(tmp_path / "bare", folders[1], jobs=1))


def test_a_file_that_cannot_be_read_costs_no_other_its_answer(folders: tuple[Path, Path]) -> None:
    archive, queries = folders
    (archive / "large.png").touch()
    os.truncate(archive / "large.png", 100_000_001)
    (queries / "broken.jpg").symlink_to("/proc/self/mem")  # its first bytes are an input/output error, even to root
    told = {each.get("query", each.get("archive")): each for each in evaluate_media.media(archive, queries, jobs=1)}
    assert told["large.png"]["reason"] == "100000001 bytes, more than the 100000000 allowed"
    assert told["broken.jpg"] == {"query": "broken.jpg", "match": None, "reason": "cannot be read: Input/output error"}
    assert told["a.png"]["match"] == "one.png"


def test_what_moves_is_looked_at_by_its_key_frames_on_either_side(tmp_path: Path) -> None:
    archive, queries = tmp_path / "archive", tmp_path / "queries"
    archive.mkdir()
    queries.mkdir()
    scene(1).save(archive / "one.png")
    clip = film(3, 4, seconds=8.0, size=(384, 256))
    (archive / "clip.mp4").write_bytes(mp4(clip))
    frames = [np.asarray(scene(number)) for number in (7, 1)]
    (queries / "later.gif").write_bytes(animation(frames, "GIF", 2_000))
    Image.fromarray(clip[150]).save(queries / "still.png")
    later, still = evaluate_media.media(archive, queries, jobs=1)
    assert (later["match"], later["seconds"]) == ("one.png", {"query": 2.0, "match": 0.0})
    assert still["match"] == "clip.mp4"
    assert still["seconds"]["query"] == 0.0
    assert 4.0 <= still["seconds"]["match"] <= 8.0
