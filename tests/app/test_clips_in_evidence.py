"""A post's clip or GIF: which seconds of an earlier one are in it is told, until the earlier one is taken down."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from alerts.wording import how_it_matches
from enrich.reuse.archive import ReuseArchive
from secondsource.app import media_commands, wiring
from secondsource.app.configuring import load
from secondsource.app.wiring import House
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.messages import Account, Earlier, Enriched, MediaRef, Picture, Post, Takedown
from secondsource.contracts.stage import Record
from tests.app.newsroom import Newsroom
from tests.enrich.reuse.clip_makers import animation, film, mp4

AT = datetime(2026, 5, 14, 10, tzinfo=UTC)
OLD = film(1, 2, 3, seconds=12.0)
NEW = [*film(8, seconds=4.0), *OLD[100:250]]


@contextmanager
def house(folder: Path) -> Iterator[House]:
    newsroom = Newsroom(folder)
    settings = newsroom.config / "secondsource.yaml"
    media = f"enrich:\n  media: {{index: {folder / 'index'}}}\n"
    settings.write_text(settings.read_text("utf-8").replace("enrich:\n", media), "utf-8")
    with wiring.house(load(newsroom.config, {"SECONDSOURCE_STORE_URL": newsroom.store_url})) as at:
        yield at


def show(at: House, folder: Path, uid: str, name: str, body: bytes, hours: int) -> tuple[Picture, ...]:
    (folder / name).write_bytes(body)
    post = Post(
        uid=uid,
        platform="plaza",
        author=Account(uid=f"plaza:{uid}", handle=uid),
        text="The bridge #Velgrad",
        created_at=AT,
        observed_at=AT + timedelta(hours=hours),
        collector="replay",
        watches=("velgrad",),
        media=(MediaRef(url=(folder / name).as_uri(), kind="video" if name.endswith(".mp4") else "gif"),),
    )
    outs = wiring.stage(at, "enrich", roots=[folder]).handle([Record(post)])
    wiring.store_stage(at).handle([Record(out.message) for out in outs])
    (enriched,) = [out.message for out in outs if isinstance(out.message, Enriched)]
    return enriched.pictures


def sightings(at: House, pictures: tuple[Picture, ...]) -> list[Earlier]:
    """Of the earlier post, as the archive tells of them."""
    found = at.store.archive.earlier(pictures, AT + timedelta(hours=2), 20)
    return [one for one in found if one.source == "plaza:1"]


@pytest.mark.parametrize("kind", ["mp4", "gif"])
def test_which_seconds_of_an_earlier_clip_are_in_a_posts_clip(tmp_path: Path, kind: str) -> None:
    # A tenth of a GIF's frames, each shown for ten times as long.
    new = mp4(NEW) if kind == "mp4" else animation(NEW[::5], "GIF")
    with house(tmp_path) as at:
        show(at, tmp_path, "plaza:1", "old.mp4", mp4(OLD), 0)
        pictures = show(at, tmp_path, "plaza:2", f"new.{kind}", new, 2)
        (seen,) = [one for one in sightings(at, pictures) if one.kind == "clip"]
        ((here, end, there, until),) = seen.seconds
        assert (here, end, there, until) == pytest.approx((4, 10, 4, 10), abs=0.8)
        assert how_it_matches(seen).startswith("seconds 4–10 of it are seconds 4–10 of this one (")


def test_a_clip_is_looked_for_by_hand(tmp_path: Path) -> None:
    with house(tmp_path) as at:
        show(at, tmp_path, "plaza:1", "old.mp4", mp4(OLD), 0)
        (tmp_path / "asked.mp4").write_bytes(mp4(NEW))
        (first, *_) = media_commands.find(at, str(tmp_path / "asked.mp4"), 5).sightings
        assert (first.source, first.kind) == ("plaza:1", "clip")
        assert first.seconds[0] == pytest.approx((4, 10, 4, 10), abs=0.8)
        (tmp_path / "broken.mp4").write_bytes(mp4(NEW)[:300])
        with pytest.raises(BadConfiguration, match="no video in it"):
            media_commands.find(at, str(tmp_path / "broken.mp4"), 5)


def test_a_clip_that_was_taken_down_is_found_nowhere(tmp_path: Path) -> None:
    with house(tmp_path) as at:
        (old, *_) = show(at, tmp_path, "plaza:1", "old.mp4", mp4(OLD), 0)
        pictures = show(at, tmp_path, "plaza:2", "new.mp4", mp4(NEW), 2)
        assert sightings(at, pictures)
        watching = ReuseArchive(tmp_path / "index", at.store.prints)  # another process
        gone = Takedown(uid="plaza:1", observed_at=AT, collector="replay", watches=("velgrad",), reason="deleted")
        wiring.store_stage(at).handle([Record(gone)])
        assert sightings(at, pictures) == []
        again = show(at, tmp_path, "plaza:3", "again.mp4", mp4(NEW[10:]), 3)
        assert old.id not in {found.picture for picture in again for found in picture.found}
        assert watching.verify().wrong == ()
        watching.rebuild()
        name = bytes.fromhex(sha256((tmp_path / "old.mp4").read_bytes()).hexdigest())
        held = [path for path in (tmp_path / "index").rglob("*") if path.is_file() and name in path.read_bytes()]
        assert held == []
