"""What is kept of pictures, as a deployment keeps it: where, what of it, for whom, and until when."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from threading import Event

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from alerts.desk import create_desk
from enrich.media.kept import MediaStore
from secondsource.app import wiring
from secondsource.app.configuring import load
from secondsource.app.wiring import House
from secondsource.contracts.errors import BadConfiguration, SourceAway
from secondsource.contracts.messages import Account, MediaRef, Post, Takedown, frame_id
from secondsource.contracts.stage import Record
from tests.app.bad_pictures import animated
from tests.app.newsroom import Newsroom
from tests.enrich.makers import saved, scene

AT = datetime(2026, 5, 14, 10, tzinfo=UTC)
SAID = Image.Exif()
SAID[0x010F] = "Lumen"
PHOTO, MOVING = saved(scene(), exif=SAID), animated()
PHOTO_ID, MOVING_ID = sha256(PHOTO).hexdigest(), sha256(MOVING).hexdigest()


def newsroom(folder: Path, media: str = "{}") -> Newsroom:
    """`media` is what stands at enrich.media."""
    made = Newsroom(folder)
    settings = made.config / "secondsource.yaml"
    settings.write_text(settings.read_text("utf-8").replace("enrich:\n", f"enrich:\n  media: {media}\n"), "utf-8")
    return made


@contextmanager
def house(given: Newsroom, stop: Event | None = None) -> Iterator[House]:
    found = load(given.config, {"SECONDSOURCE_STORE_URL": given.store_url})
    with wiring.house(found, stop=stop) as at:
        yield at


def kept(at: House) -> MediaStore:
    assert at.kept is not None
    return at.kept


def show(at: House, folder: Path, *uids: str) -> None:
    """Each of these posts shows the photograph and the animation."""
    (folder / "photo.jpg").write_bytes(PHOTO)
    (folder / "moving.gif").write_bytes(MOVING)
    media = tuple(MediaRef(url=(folder / name).as_uri()) for name in ("photo.jpg", "moving.gif"))
    posts = [
        Post(
            uid=uid,
            platform="plaza",
            author=Account(uid="plaza:ana", handle="ana"),
            text="The bridge #Velgrad",
            created_at=AT,
            observed_at=AT,
            collector="replay",
            watches=("velgrad",),
            media=media,
        )
        for uid in uids
    ]
    outs = wiring.stage(at, "enrich", roots=[folder]).handle([Record(post) for post in posts])
    wiring.store_stage(at).handle([Record(out.message) for out in outs])


def take_down(at: House, uid: str) -> None:
    gone = Takedown(uid=uid, observed_at=AT, collector="replay", watches=("velgrad",), reason="deleted")
    wiring.store_stage(at).handle([Record(gone)])


def test_thumbnails_lie_beside_the_sqlite_file_and_the_desk_shows_them(tmp_path: Path) -> None:
    with house(newsroom(tmp_path)) as at:
        show(at, tmp_path, "plaza:1")
        stored = set(kept(at).pictures())
        assert {PHOTO_ID, MOVING_ID, frame_id(MOVING_ID, 1)} <= stored
        assert stored == {row["picture"] for row in at.store.dump("sightings")}
        rows = {row["id"]: row for row in at.store.dump("pictures")}
        assert (rows[PHOTO_ID]["file"], rows[PHOTO_ID]["claims"]) == ("", '{"camera":"Lumen"}')
        frame = rows[frame_id(MOVING_ID, 1)]
        assert (frame["file"], frame["frame"], frame["at_seconds"]) == (MOVING_ID, 1, 0.1)
        assert kept(at).original(PHOTO_ID) is None
        assert (tmp_path / "velgrad.media" / "thumbnails").is_dir()
        desk = TestClient(create_desk(at.store.evidence, at.clock, at.kept))
        for picture in stored:
            assert desk.get(f"/thumbnails/{picture}").content.startswith(b"\xff\xd8\xff")


def test_originals_only_where_configured_and_where_it_says(tmp_path: Path) -> None:
    with house(newsroom(tmp_path, "{keep: originals, store: ../elsewhere}")) as at:
        show(at, tmp_path, "plaza:1")
        assert kept(at).original(PHOTO_ID) == PHOTO
        assert kept(at).original(MOVING_ID) == MOVING
    assert (tmp_path / "elsewhere" / "originals").is_dir()
    assert not (tmp_path / "velgrad.media").exists()


def test_nothing_where_configured(tmp_path: Path) -> None:
    with house(newsroom(tmp_path, "{keep: nothing}")) as at:
        show(at, tmp_path, "plaza:1")
        assert at.kept is None
    assert not (tmp_path / "velgrad.media").exists()


def test_all_of_it_goes_with_the_last_post_that_shows_it(tmp_path: Path) -> None:
    with house(newsroom(tmp_path, "{keep: originals}")) as at:
        show(at, tmp_path, "plaza:1", "plaza:2")
        before = set(kept(at).pictures())
        take_down(at, "plaza:1")
        assert set(kept(at).pictures()) == before
        take_down(at, "plaza:2")
        assert set(kept(at).pictures()) == set()
        show(at, tmp_path, "plaza:1")  # comes again from a replay, and was taken down before
        assert set(kept(at).pictures()) == set()
    assert not [path for path in (tmp_path / "velgrad.media").rglob("*") if path.is_file()]


def test_a_place_that_cannot_be_written_to_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with (
        house(newsroom(tmp_path, "{store: ../file}")) as at,
        pytest.raises(BadConfiguration, match=r"enrich\.media\.store"),
    ):
        wiring.stage(at, "enrich")


@pytest.mark.parametrize("where", ["gs://bucket/x", "s3://", "s3://Bucket", "s3://bucket/a?b", "http://x.example"])
def test_a_place_that_is_none_is_told_with_its_line(tmp_path: Path, where: str) -> None:
    with (
        pytest.raises(BadConfiguration, match=r"enrich\.media\.store: neither a folder nor a bucket"),
        house(newsroom(tmp_path, f"{{store: '{where}'}}")),
    ):
        pass


def test_once_a_process_is_to_end_no_picture_is_waited_for(tmp_path: Path) -> None:
    stop = Event()
    with house(newsroom(tmp_path), stop) as at:
        stop.set()
        with pytest.raises(SourceAway, match="asked to end"):
            show(at, tmp_path, "plaza:1")
        assert at.store.dump("posts") == []
