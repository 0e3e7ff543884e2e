"""What is taken down leaves every place: a picture is returned by nothing that looks for pictures, now or after a new
start, and a post that somebody takes down by hand is remembered by nobody.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import islice
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from msgspec.structs import replace

from enrich.reuse.archive import ReuseArchive
from enrich.reuse.prints import Look, looked
from ingest.collectors.refresher import Refresher
from secondsource.app import media_commands, wiring
from secondsource.app.configuring import load
from secondsource.app.wiring import House
from secondsource.contracts.messages import Account, Enriched, MediaRef, Message, Picture, Post, Takedown, Tick
from secondsource.contracts.stage import Record
from secondsource.contracts.topics import POSTS
from secondsource.runtime.transport import Delivery
from tests.app.newsroom import Newsroom, post
from tests.enrich.makers import saved, scene
from tests.store import velgrad as v

AT = datetime(2026, 5, 14, 10, tzinfo=UTC)
WHOLE, OTHER = scene(), scene(seed=5)
CROP = WHOLE.crop((90, 70, 560, 420))


def _look() -> Look:
    return looked(np.asarray(CROP.convert("RGB")))


def _show(at: House, folder: Path, uid: str, body: bytes, minute: int = 0) -> tuple[Picture, ...]:
    path = folder / f"{uid.replace(':', '-')}.png"
    path.write_bytes(body)
    seen = AT.replace(minute=minute)
    shown = Post(
        uid=uid, platform="plaza", author=Account(uid="plaza:ana", handle="ana"), text="The bridge #Velgrad",
        created_at=seen, observed_at=seen, collector="replay", watches=("velgrad",),
        media=(MediaRef(url=path.as_uri()),),
    )  # fmt: skip
    outs = wiring.stage(at, "enrich", roots=[folder]).handle([Record(shown)])
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


# By hand

FLOOD = "The mill bridge of Velgrad stands under water since four o'clock #Velgrad"


def newsroom_of(folder: Path, settings: str = "") -> Newsroom:
    """With a story of three accounts that passed on the same picture, and a record that could not be read."""
    newsroom = Newsroom(folder, settings=settings)
    (folder / "images").mkdir()
    (folder / "images" / "bridge.png").write_bytes(saved(WHOLE, "PNG"))
    begun = datetime.now(UTC) - timedelta(hours=1)  # a story that is not over: what is is remembered by nobody
    told = [
        post(n, FLOOD, media=[{"url": "images/bridge.png"}], created_at=(begun + timedelta(seconds=n)).isoformat())
        for n in (1, 2, 3)
    ]
    unread = {"uid": "plaza:1", "text": FLOOD}  # nobody wrote it
    ran = newsroom.run("replay", newsroom.write("posts.jsonl", [*told, unread]), "--pictures", folder / "images")
    assert ran.code == 1, ran
    return newsroom


def test_a_post_taken_down_by_hand_leaves_every_place(tmp_path: Path) -> None:
    newsroom = newsroom_of(tmp_path)
    (before,) = newsroom.rows("stories")
    assert before["posts"] == 3
    assert len(newsroom.letters()) == 1
    with newsroom.store() as store:
        quoting = v.alert(1, of=replace(v.story(1, members=(1,)), claim_uid="plaza:1", claim=FLOOD))
        v.keep(store, quoting)
        for destination in store.outbox.waiting():
            shown = store.outbox.next(destination, AT)
            assert shown is not None
            store.outbox.sending(shown.id)
            store.outbox.sent(shown.id, "C1:1.2", AT)
        assert store.outbox.waiting() == []

    ran = newsroom.run("takedown", "plaza:1", "--reason", "court order 14/26")
    assert (ran.code, ran.err) == (0, "")
    assert "plaza:1  taken down" in ran.out
    assert "slack:#desk" in ran.out, "what was shown there is to be corrected"

    assert [row["uid"] for row in newsroom.rows("posts")] == ["plaza:2", "plaza:3"]
    assert [row["reason"] for row in newsroom.rows("takedowns")] == ["taken down here: court order 14/26"]
    assert newsroom.letters() == []
    (event,) = [row for row in newsroom.rows("alert_events") if row["alert_id"] == quoting.alert_id]
    assert FLOOD not in str(event["body"])
    (story,) = [row for row in newsroom.rows("stories") if row["id"] == before["id"]]
    assert story["posts"] == 2, "whoever remembers the story has heard of it"
    assert {row["source"] for row in newsroom.rows("sightings")} == {"plaza:2", "plaza:3"}
    everything = newsroom.run("takedown", "plaza:2", "plaza:3", "--json")
    assert everything.json["taken_down"] == ["plaza:2", "plaza:3"]
    assert newsroom.rows("pictures") == []
    assert not [path for path in tmp_path.joinpath("velgrad.media").rglob("*") if path.is_file()]
    newsroom.run("replay", tmp_path / "posts.jsonl", "--name", "again")
    assert newsroom.rows("posts") == []


def test_what_is_not_known_is_said_and_what_is_leaves(tmp_path: Path) -> None:
    newsroom = newsroom_of(tmp_path)
    ran = newsroom.run("takedown", "plaza:2", "plaza:77\x1b[2J", "--json")
    assert ran.code == 1
    assert ran.json["taken_down"] == ["plaza:2"]
    assert ran.json["unknown"] == ["plaza:77\x1b[2J"]
    assert newsroom.run("takedown", "plaza:2").code == 0, "it was; that is known"
    assert "\x1b" not in newsroom.run("takedown", "plaza:77\x1b[2J").out
    assert len(newsroom.rows("takedowns")) == 1


def test_a_running_pipeline_hears_of_it_by_its_refresher_though_that_asks_nobody(tmp_path: Path) -> None:
    off = "collectors: {bluesky: {enabled: true}, feeds: {enabled: false}, refresher: {enabled: false}}\n"
    newsroom = newsroom_of(tmp_path, off)
    ran = newsroom.run("takedown", "plaza:1")
    assert ran.code == 0
    assert f"where secondsource run -c {newsroom.config} is running; else as soon as it runs again." in ran.out
    with wiring.house(load(newsroom.config, {"SECONDSOURCE_STORE_URL": newsroom.store_url})) as at:
        (refresher,) = [one for one in wiring.collectors(at) if isinstance(one, Refresher)]
        (batch,) = islice(refresher.batches("", Event()), 1)
    told = [message for message in batch.messages if isinstance(message, Takedown)]
    assert [(one.uid, one.watches) for one in told] == [("plaza:1", ("velgrad",))]


@pytest.mark.kafka
def test_over_kafka_it_goes_by_the_topic(tmp_path: Path, kafka_broker: str) -> None:
    kafka = f"transport: kafka\nkafka: {{bootstrap: '{kafka_broker}', prefix: down, partitions: 2}}\n"
    newsroom = Newsroom(tmp_path, settings=kafka)
    assert newsroom.run("migrate").code == 0
    with newsroom.store() as store:
        v.keep(store, v.enriched(1))
    assert newsroom.run("takedown", "x:1").code == 0
    assert newsroom.rows("posts") == []
    with wiring.house(load(newsroom.config, {"SECONDSOURCE_STORE_URL": newsroom.store_url})) as at:
        over = wiring.transport(at, "test")
        inlet = over.inlet("test", (POSTS,))
        received: list[Message] = []
        while len(received) < 3:  # the takedown, and on each partition the promise that it was all
            received += [one.record.message for one in inlet.receive(10, 1.0) if isinstance(one, Delivery)]
        inlet.close()
        over.close()
    takedowns = [message for message in received if isinstance(message, Takedown)]
    assert [(one.uid, one.watches) for one in takedowns] == [("x:1", ("velgrad",))]
    assert all(message.final for message in received if isinstance(message, Tick))
