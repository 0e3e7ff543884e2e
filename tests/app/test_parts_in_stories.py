"""Which pictures tie posts: framed, mirrored and turned ones always, parts unless turned off; alike in every batch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from secondsource.app import replaying, wiring
from secondsource.app.configuring import load
from secondsource.contracts.messages import Account, MediaRef, Post, encode
from tests.app.newsroom import Newsroom
from tests.app.rows import Rows, assert_same, rows_of
from tests.enrich.reuse.test_archive import scene

AT = datetime(2026, 5, 14, 10, tzinfo=UTC)
WORDS = (
    *("Smoke over the mill", "Where is everybody", "Ring road closed", "No trams since noon", "Look at this!"),
    *("My window an hour ago", "Sirens again", "Who knows more?", "Stay home", "Sent by my cousin"),
    *("Nothing on the radio", "They closed the market"),
)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    shown: dict[str, NDArray[np.uint8]] = {f"whole-{i}.png": scene(i) for i in range(3)}
    shown |= {f"crop-{i}.png": scene(i)[80:340, 100:460] for i in range(3)}
    shown |= {f"mirror-{i}.png": scene(i)[:, ::-1] for i in range(3)}
    shown["collage.png"] = np.concatenate([scene(0), scene(1)], axis=1)
    for name, rgb in shown.items():
        Image.fromarray(np.ascontiguousarray(rgb)).save(folder / name)
    return folder


@pytest.fixture
def views(tmp_path: Path) -> Path:
    """Three scenes: whole, mirrored, with a border, and within a page."""
    folder = tmp_path / "views"
    folder.mkdir()
    for i in range(3):
        whole = scene(i)
        height, width = whole.shape[:2]
        page = np.full((2 * height, width + 80, 3), 250, np.uint8)
        page[300 : 300 + height, 40 : 40 + width] = whole
        framed = np.pad(whole, ((50, 50), (50, 50), (0, 0)), constant_values=20)
        for name, rgb in {"whole": whole, "mirror": whole[:, ::-1], "framed": framed, "page": page}.items():
            Image.fromarray(np.ascontiguousarray(rgb)).save(folder / f"{name}-{i}.png")
    return folder


def posts(pictures: Path) -> list[Post]:
    """Crops and mirrored ones come before the whole as often as after it."""
    names = sorted(path.name for path in pictures.iterdir())
    order = np.random.default_rng(5).permutation(len(names))
    return [
        Post(
            uid=f"plaza:{number}",
            platform="plaza",
            author=Account(uid=f"plaza:a{number}", handle=f"a{number}"),
            text=f"{WORDS[number]} #Velgrad",
            created_at=AT + timedelta(minutes=number),
            observed_at=AT + timedelta(minutes=number),
            collector="replay",
            watches=("velgrad",),
            media=(MediaRef(url=(pictures / names[at]).as_uri()),),
        )
        for number, at in enumerate(order.tolist())
    ]


def replayed(folder: Path, pictures: Path, *, media: str = "{}", settings: str = "") -> Rows:
    """What is stored after the replay; `media` stands at enrich.media, `settings` at the end of secondsource.yaml."""
    made = Newsroom(folder, settings=settings)
    path = made.config / "secondsource.yaml"
    path.write_text(path.read_text("utf-8").replace("enrich:\n", f"enrich:\n  media: {media}\n"), "utf-8")
    day = folder / "day.jsonl"
    day.write_bytes(b"".join(encode(post) + b"\n" for post in posts(pictures)))
    with wiring.house(load(made.config, {"SECONDSOURCE_STORE_URL": made.store_url})) as at:
        replaying.replay(at, replaying.Request(files=(day,), pictures=pictures), Event(), lambda _done, _all: None)
        return rows_of(at.store)


def together(rows: Rows) -> set[frozenset[str]]:
    stories: dict[object, set[str]] = {}
    for row in rows["story_posts"]:
        stories.setdefault(row["story"], set()).add(row["uid"])
    return {frozenset(uids) for uids in stories.values()}


def test_parts_tie_posts_and_batches_make_no_difference(tmp_path: Path, pictures: Path) -> None:
    at_once = replayed(tmp_path / "at-once", pictures)
    one_by_one = replayed(tmp_path / "one-by-one", pictures, settings="runtime: {batch_size: 1}\n")
    assert_same(one_by_one, at_once)
    names = {post.uid: post.media[0].url.rpartition("/")[2] for post in posts(pictures)}
    shown = {frozenset(names[uid] for uid in story) for story in together(at_once)}
    for number in range(3):
        (story,) = [each for each in shown if f"whole-{number}.png" in each]
        assert {f"crop-{number}.png", f"mirror-{number}.png"} <= story
        # The collage shows two of them, and makes them no one picture.
        assert story <= {f"crop-{number}.png", f"mirror-{number}.png", f"whole-{number}.png", "collage.png"}


def test_what_is_framed_mirrored_or_on_a_page_is_one_picture_always(tmp_path: Path, views: Path) -> None:
    at_once = replayed(tmp_path / "at-once", views, media="{parts: false}")
    one_by_one = replayed(tmp_path / "one-by-one", views, media="{parts: false}", settings="runtime: {batch_size: 1}\n")
    assert_same(one_by_one, at_once)
    names = {post.uid: post.media[0].url.rpartition("/")[2] for post in posts(views)}
    assert {frozenset(names[uid] for uid in story) for story in together(at_once)} == {
        frozenset(f"{way}-{i}.png" for way in ("whole", "mirror", "framed", "page")) for i in range(3)
    }


def test_crops_are_not_looked_for_where_that_is_turned_off(tmp_path: Path, pictures: Path) -> None:
    rows = replayed(tmp_path, pictures, media="{parts: false}")
    names = {post.uid: post.media[0].url.rpartition("/")[2] for post in posts(pictures)}
    told = {names[uid] for story in together(rows) for uid in story}
    assert told == {f"{way}-{i}.png" for way in ("whole", "mirror") for i in range(3)}
    assert not (tmp_path / "velgrad.index").exists()
