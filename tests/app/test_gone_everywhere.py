"""A picture whose last post is taken down is returned by nothing that looks for pictures, now or after a new start."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import numpy as np

from enrich.reuse.archive import ReuseArchive
from enrich.reuse.prints import Look, looked
from secondsource.app import media_commands, wiring
from secondsource.app.configuring import load
from secondsource.app.wiring import House
from secondsource.contracts.messages import Account, Enriched, MediaRef, Picture, Post, Takedown
from secondsource.contracts.stage import Record
from tests.app.newsroom import Newsroom
from tests.enrich.makers import saved, scene

AT = datetime(2026, 5, 14, 10, tzinfo=UTC)
WHOLE, OTHER = scene(), scene(seed=5)
CROP = WHOLE.crop((90, 70, 560, 420))


def _look() -> Look:
    return looked(np.asarray(CROP.convert("RGB")))


def _show(at: House, folder: Path, uid: str, body: bytes, minute: int = 0) -> tuple[Picture, ...]:
    path = folder / f"{uid.replace(':', '-')}.png"
    path.write_bytes(body)
    seen = AT.replace(minute=minute)
    post = Post(
        uid=uid, platform="plaza", author=Account(uid="plaza:ana", handle="ana"), text="The bridge #Velgrad",
        created_at=seen, observed_at=seen, collector="replay", watches=("velgrad",),
        media=(MediaRef(url=path.as_uri()),),
    )  # fmt: skip
    outs = wiring.stage(at, "enrich", roots=[folder]).handle([Record(post)])
    wiring.store_stage(at).handle([Record(out.message) for out in outs])
    return next(out.message.pictures for out in outs if isinstance(out.message, Enriched))


def test_a_picture_that_was_taken_down_is_returned_by_nothing(tmp_path: Path) -> None:
    newsroom, folder = Newsroom(tmp_path), tmp_path / "index"
    settings = newsroom.config / "secondsource.yaml"
    named = f"enrich:\n  media: {{index: {folder}}}\n"
    settings.write_text(settings.read_text("utf-8").replace("enrich:\n", named), "utf-8")
    crop = tmp_path / "crop.png"
    crop.write_bytes(saved(CROP, "PNG"))
    with wiring.house(load(newsroom.config, {"SECONDSOURCE_STORE_URL": newsroom.store_url})) as at:
        whole, other = saved(WHOLE, "PNG"), saved(OTHER, "PNG")
        name, thumb = sha256(whole).hexdigest(), looked(np.asarray(WHOLE.convert("RGB"))).kept.thumb.tobytes()
        _show(at, tmp_path, "plaza:1", whole)
        _show(at, tmp_path, "plaza:2", other)
        asked = _show(at, tmp_path, "plaza:3", crop.read_bytes(), 9)
        watching = ReuseArchive(folder, at.store.prints)  # another process, opened before
        assert [found.picture for found in watching.found(_look()) if found.picture == name]
        assert at.kept is not None
        assert at.kept.thumbnail(name)

        gone = Takedown(uid="plaza:1", observed_at=AT, collector="replay", watches=("velgrad",), reason="deleted")
        wiring.store_stage(at).handle([Record(gone)])

        assert at.reuse is not None
        for archive in (watching, at.reuse, ReuseArchive(folder, at.store.prints)):
            assert name not in {found.picture for found in archive.found(_look())}
        # The crop was looked at before: what was found in it then is told no more.
        assert name in {found.picture for found in asked[0].found}
        told = at.store.archive.earlier(asked, AT.replace(hour=11), 20)
        assert {one.source for one in told} == {"plaza:3"}
        assert {one.source for one in media_commands.find(at, str(crop), 20).sightings} == {"plaza:3"}
        assert at.kept.thumbnail(name) is None

        watching.rebuild()
        files = [path for path in folder.rglob("*") if path.is_file()]
        assert files
        assert not [path for path in files if bytes.fromhex(name) in path.read_bytes() or thumb in path.read_bytes()]
        assert not [row for row in at.store.dump("prints") if row["body"] and row["picture"] == name]
        assert watching.verify().wrong == ()
