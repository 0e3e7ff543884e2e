"""`secondsource media find`, `explain` and `index`: the archive asked by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from enrich.media.fetch import Fetcher
from secondsource.app import media_commands
from tests.app.newsroom import Newsroom, post
from tests.enrich.makers import saved, scene
from tests.enrich.reuse.clip_makers import animation, mp4
from tests.fakes.web import answer, fake_web

NAMED = "1994-07-02 bridge.jpg"


@pytest.fixture
def archive(newsroom: Newsroom, tmp_path: Path) -> Path:
    """An imported folder of two pictures."""
    folder = tmp_path / "negatives"
    folder.mkdir()
    (folder / NAMED).write_bytes(saved(scene()))
    (folder / "1995-01-01 other.jpg").write_bytes(saved(scene(seed=8)))
    (folder / "captions.csv").write_text(
        f"file,date,caption,credit,place,url\n{NAMED},1994-07-02,The flood,,Velgrad,\n"
    )
    ran = newsroom.run("media", "import", folder)
    assert ran.code == 0, ran.err
    return folder


def test_a_picture_is_found_whole_and_in_part(newsroom: Newsroom, archive: Path, tmp_path: Path) -> None:
    ran = newsroom.run("media", "find", archive / NAMED)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("First seen 1994-07-02 (date by the importer), at least ")
    assert "; the same file" in ran.out
    assert f"in import:negatives/{NAMED}" in " ".join(ran.out.split())
    whole = Image.open(archive / NAMED)
    crop = tmp_path / "crop.png"
    crop.write_bytes(saved(whole.crop((96, 72, 544, 408)), "PNG"))
    found = newsroom.run("media", "find", crop, "--json").json
    (sighting,) = found["sightings"]
    assert found["first"] == sighting
    assert (sighting["kind"], sighting["seen_in"], sighting["named"]) == ("features", "archive", ["Velgrad"])
    assert [len(row) for row in sighting["transform"]] == [3, 3]
    assert sighting["region"] == pytest.approx([0.15, 0.15, 0.85, 0.85], abs=0.03)
    assert newsroom.rows("sightings")[0]["picture"] != found["picture"]["id"], "nothing of it is kept"


def test_a_posts_picture_is_found_mirrored_and_framed(newsroom: Newsroom, tmp_path: Path) -> None:
    """Though parts of posts' pictures are not looked for, so that no index knows it."""
    settings = newsroom.config / "secondsource.yaml"
    settings.write_text(settings.read_text("utf-8").replace("enrich:\n", "enrich:\n  media: {parts: false}\n"), "utf-8")
    (tmp_path / "posted.jpg").write_bytes(saved(scene()))
    media = [{"url": (tmp_path / "posted.jpg").as_uri()}]
    ran = newsroom.run("replay", newsroom.write("posts.jsonl", [post(1, media=media)]), "--pictures", tmp_path)
    assert ran.code == 0, ran.err
    asked = tmp_path / "asked.png"
    asked.write_bytes(saved(ImageOps.expand(ImageOps.mirror(scene()), 60, "black"), "PNG"))
    (sighting,) = newsroom.run("media", "find", asked, "--json").json["sightings"]
    assert sighting["source"] == "plaza:1"
    assert sighting["transform"] == [pytest.approx(row, abs=0.01) for row in ([-0.842, 0, 0.921], [0, 0.8, 0.1])]


def test_a_picture_of_this_year_is_found_though_its_year_is_not_over(newsroom: Newsroom, tmp_path: Path) -> None:
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "bridge.jpg").write_bytes(saved(scene()))
    year = f"{datetime.now(UTC):%Y}"
    (folder / "captions.csv").write_text(f"file,date\nbridge.jpg,{year}\n", "utf-8")
    assert newsroom.run("media", "import", folder, "--source", "desk").code == 0
    ran = newsroom.run("media", "find", folder / "bridge.jpg")
    assert ran.code == 0, ran.out
    first = f"First seen {year} (date by the importer), in import:desk/bridge.jpg; the same file"
    assert ran.out.splitlines()[0] == first


def test_a_picture_nobody_has_seen_is_none(newsroom: Newsroom, archive: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh.jpg"
    fresh.write_bytes(saved(scene(seed=99)))
    ran = newsroom.run("media", "find", fresh)
    assert (ran.code, "Not seen before." in ran.out) == (1, True)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("page.jpg", "a web page, not a picture"),
        ("gone.jpg", "cannot be read"),
        ("http://127.0.0.1:9/a.jpg", "127.0.0.1"),
    ],
)
def test_what_cannot_be_looked_at_is_not_taken_for_unseen(
    newsroom: Newsroom, tmp_path: Path, what: str, said: str
) -> None:
    newsroom.run("migrate")
    (tmp_path / "page.jpg").write_text("<!DOCTYPE html><p>not found")
    ran = newsroom.run("media", "find", what if what.startswith("http") else tmp_path / what)
    assert said in ran.err
    assert ran.code == 2


@pytest.mark.parametrize("kind", ["GIF", "mp4"])
def test_what_moves_is_looked_for_by_each_of_its_scenes(
    newsroom: Newsroom, archive: Path, tmp_path: Path, kind: str
) -> None:
    frames = [np.asarray(scene(seed=seed)) for seed in (31, 7)]
    body = animation(frames, kind, 2_000) if kind == "GIF" else mp4([each for each in frames for _ in range(50)])
    (tmp_path / "later").write_bytes(body)
    ran = newsroom.run("media", "find", tmp_path / "later", "--json")
    assert [each["source"] for each in ran.json["sightings"]] == [f"import:{archive.name}/{NAMED}"]


def test_a_picture_is_looked_for_by_its_address(
    newsroom: Newsroom, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fake_web({}) as web:
        web.on("/again.jpg", answer(saved(scene().resize((400, 300)))))
        network = web.network()
        fetching = partial(Fetcher, resolver=network.resolver, connector=network.connector)
        monkeypatch.setattr(media_commands, "Fetcher", fetching)
        found = newsroom.run("media", "find", "http://pictures.example/again.jpg", "--json")
        gone = newsroom.run("media", "find", "http://pictures.example/gone.jpg")
    assert found.json["first"]["source"] == f"import:{archive.name}/{NAMED}"
    assert (gone.code, "HTTP 404" in gone.err) == (3, True)


def test_the_matched_region_is_drawn(newsroom: Newsroom, archive: Path, tmp_path: Path) -> None:
    whole = Image.open(archive / NAMED)
    crop, drawn = tmp_path / "crop.png", tmp_path / "both.png"
    crop.write_bytes(saved(whole.crop((96, 72, 544, 408)), "PNG"))
    ran = newsroom.run("media", "explain", archive / NAMED, crop, "--out", drawn)
    assert ran.code == 0, ran.err
    assert "places fit" in ran.out
    with Image.open(drawn) as both:
        assert both.size[1] == 600
        colours = both.convert("RGB").getcolors(10**7) or []
    assert (255, 176, 0) in {colour for _, colour in colours}
    assert newsroom.run("media", "explain", archive / NAMED, archive / "1995-01-01 other.jpg", "-o", drawn).code == 1


def test_the_index_is_verified_and_made_again(newsroom: Newsroom, archive: Path) -> None:
    ran = newsroom.run("media", "index", "verify", "--json")
    assert ran.json == {"indexed": 2, "kept": 2, "wrong": []}
    assert "2 pictures in the index" in newsroom.run("media", "index", "rebuild").out
    assert newsroom.run("media", "index", "verify").code == 0
