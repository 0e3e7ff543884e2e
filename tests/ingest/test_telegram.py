"""Telegram Desktop's export and 4CAT's lines of Telegram."""

from __future__ import annotations

import json
import zipfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.collectors.replay import Replay, ReplaySettings
from ingest.collectors.replay.reading import Took
from ingest.formats.reading import Part
from ingest.formats.telegram import Telegram
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import Counts, Post
from secondsource.contracts.stage import Batch
from secondsource.contracts.watch import Watch
from tests.fakes.clock import ManualClock
from tests.ingest.payloads import SPAN, body

TEN = 1_795_168_800  #: 2026-11-20 10:00 UTC
CHAT = {"name": "Velgrad today", "type": "public_channel", "id": 1_900_000_001}
LEFT_OUT = "(File not included. Change data exporting settings to download.)"


def message(number: int, text: Any = "Smoke over #Velgrad", **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "type": "message",
        "date": "2026-11-20T11:00:00",
        "date_unixtime": str(TEN + number),
        "from": "Velgrad today",
        "from_id": "channel1900000001",
        "text": text,
        **more,
    }


def export(folder: Path, *messages: dict[str, Any], indent: int | None = 1, **chat: Any) -> Path:
    path = folder / "result.json"
    path.write_text(json.dumps({**CHAT, **chat, "messages": messages}, indent=indent), "utf-8")
    return path


def post(raw: dict[str, Any], folder: Path | None = None) -> Post:
    (part,) = Telegram("replay", SPAN, folder).parts(body({"chat": CHAT, "message": raw}))
    assert isinstance(part, Part)
    (found,) = part.messages
    assert isinstance(found, Post)
    return found


def replayed(path: Path) -> tuple[list[Post], list[Batch], list[Took]]:
    took: list[Took] = []
    settings = ReplaySettings(paths=(path,), assign="all")
    batches = list(Replay(settings, [Watch(name="w")], ManualClock(), told=took.append).batches("", Event()))
    return [one for batch in batches for one in batch.messages if isinstance(one, Post)], batches, took


def test_a_message() -> None:
    got = post(message(7, reply_to_message_id=5, views=900, forwards=12, reactions=[{"type": "emoji", "count": 3}] * 2))
    assert (got.uid, got.platform, got.reply_to) == ("telegram:1900000001/7", "telegram", "telegram:1900000001/5")
    assert (got.author.uid, got.author.name) == ("telegram:channel1900000001", "Velgrad today")
    assert got.created_at == got.observed_at == datetime(2026, 11, 20, 10, 0, 7, tzinfo=UTC)
    assert got.counts == Counts(reposts=12, likes=6, views=900)
    assert (got.text, got.hashtags) == ("Smoke over #Velgrad", ("Velgrad",))


def test_text_in_pieces_keeps_its_words_and_the_links_behind_them() -> None:
    pieces = [
        "Smoke at ",
        {"type": "hashtag", "text": "#Velgrad"},
        ", see ",
        {"type": "text_link", "text": "here", "href": "https://v.example/1"},
        " and ",
        {"type": "link", "text": "https://v.example/2"},
        {"type": "mention", "text": " @mira"},
        {"type": "text_link", "text": "!", "href": "javascript:alert(1)"},
        {"type": "custom_emoji", "document_id": "x"},
    ]
    got = post(message(1, pieces))
    assert got.text == "Smoke at #Velgrad, see here and https://v.example/2 @mira!"
    assert got.links == ("https://v.example/1", "https://v.example/2")
    assert (got.hashtags, got.mentions) == (("Velgrad",), ("mira",))
    assert post(message(1, "", poll={"question": "Was it the mill?"})).text == "Was it the mill?"


def test_what_is_forwarded_is_credited_and_its_counts_are_not_its_own() -> None:
    got = post(message(1, forwarded_from="River gauge", views=90_000))
    assert (got.credits, got.counts) == (("River gauge",), None)
    assert post(message(1, forwarded_from=None, forwarded_from_id="channel9")).credits == ("channel9",)


def test_pictures_lie_in_the_export_and_nowhere_else(tmp_path: Path) -> None:
    inside, outside = tmp_path / "export", tmp_path / "secret.jpg"
    (inside / "photos").mkdir(parents=True)
    for path in (outside, inside / "photos" / "a b.jpg", inside / "v.mp4_thumb.jpg", inside / "scan.png"):
        path.write_bytes(b"x")

    def shown(**more: Any) -> list[tuple[str, str]]:
        return [(ref.url, ref.kind) for ref in post(message(1, **more), inside).media]

    assert shown(photo="photos/a b.jpg") == [((inside / "photos" / "a b.jpg").resolve().as_uri(), "image")]
    assert shown(photo=LEFT_OUT)[0][0].startswith("replay-media:")
    assert shown(photo="photos/gone.jpg") == [("replay-media:photos%2Fgone.jpg", "image")]
    assert shown(photo="../secret.jpg") == [("replay-media:..%2Fsecret.jpg", "image")]
    assert shown(photo=str(outside))[0][0].startswith("replay-media:")
    assert shown(photo="a\0b")[0][0].startswith("replay-media:")
    video = {"file": "v.mp4", "thumbnail": "v.mp4_thumb.jpg", "media_type": "video_file", "mime_type": "video/mp4"}
    assert shown(**video) == [((inside / "v.mp4_thumb.jpg").resolve().as_uri(), "video")]
    assert shown(file="scan.png", mime_type="image/png") == [((inside / "scan.png").resolve().as_uri(), "image")]
    assert shown(file="v.ogg", media_type="voice_message", mime_type="audio/ogg") == []
    assert shown(file="s.webp", media_type="sticker", mime_type="image/webp") == []


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (message(1, date_unixtime="soon"), "expected a time"),
        (message(1, date_unixtime="0"), "older than the platform"),
        (message(1, date_unixtime="9" * 40), "expected a time"),
        (message(1, date_unixtime=None), "time with zone"),
        (message(1, 5), "list of pieces"),
        ({"type": "message"}, "missing required field `id`"),
    ],
)
def test_bad_messages_say_why(raw: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadRecord, match=reason):
        post(raw)


@pytest.mark.parametrize("indent", [None, 1])
def test_an_export_is_recognised_and_its_service_messages_are_counted(tmp_path: Path, indent: int | None) -> None:
    service = {"id": 1, "type": "service", "date_unixtime": str(TEN), "action": "create_channel", "text": ""}
    bad = message(3, date_unixtime="soon")
    path = export(tmp_path, service, message(9), bad, message(2, 'braces } ] in \\" words'), indent=indent)
    posts, batches, (took,) = replayed(path)
    assert [one.uid[-2:] for one in posts] == ["/2", "/9"]
    assert (took.format, took.notes) == ("telegram", ("1 service messages are no posts",))
    (rejected,) = [record for batch in batches for record in batch.rejected]
    line = path.read_text().split('"soon"')[0].rsplit('"id": 3', 1)[0].count("\n") if indent else 1
    assert rejected.source == f"result.json:{line if indent else 1}"
    # what was refused can be read again by itself
    mended = rejected.body.replace(b'"soon"', b'"%d"' % TEN)
    again = Replay(ReplaySettings(paths=(path,), assign="all"), [Watch(name="w")], ManualClock()).remap(mended)
    assert [one.uid for one in again if isinstance(one, Post)] == ["telegram:1900000001/3"]


def test_a_folder_a_whole_account_and_a_zip(tmp_path: Path) -> None:
    folder = tmp_path / "ChatExport"
    (folder / "photos").mkdir(parents=True)
    (folder / "photos" / "p.jpg").write_bytes(b"x")
    chats = [
        {**CHAT, "messages": [message(1, photo="photos/p.jpg")]},
        {"name": "Mill", "type": "private_group", "id": 5, "messages": [message(2, from_id="user7"), message(3)]},
        {"name": "Empty", "type": "personal_chat", "id": 6, "messages": []},
    ]
    whole = {"about": "x", "contacts": {"list": [{"messages": "no"}]}, "chats": {"about": "y", "list": chats}}
    (folder / "result.json").write_text(json.dumps(whole, indent=1), "utf-8")
    posts, _, _ = replayed(folder)
    assert [one.uid for one in posts] == ["telegram:1900000001/1", "telegram:5/2", "telegram:5/3"]
    assert posts[0].media[0].url.startswith("file:")
    with zipfile.ZipFile(tmp_path / "export.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(folder / "result.json", "ChatExport/result.json")
    zipped, _, _ = replayed(tmp_path / "export.zip")
    assert [one.uid for one in zipped] == [one.uid for one in posts]
    assert zipped[0].media[0].url == "replay-media:photos%2Fp.jpg"


def test_an_export_cut_off_keeps_what_is_whole(tmp_path: Path) -> None:
    path = export(tmp_path, message(1), message(2), message(3))
    path.write_bytes(path.read_bytes()[:-80])
    posts, batches, _ = replayed(path)
    assert [one.uid[-2:] for one in posts] == ["/1", "/2"]
    assert [record.reason.split(" (")[0] for batch in batches for record in batch.rejected] == ["truncated JSON"]


def test_lines_as_4cat_keeps_them(tmp_path: Path) -> None:
    line = {
        "_type": "Message",
        "_chat": {"id": 77, "username": "velgrad_news", "title": "Velgrad news", "_type": "Channel"},
        "id": 12,
        "date": float(TEN),
        "message": "The mill #Velgrad",
        "from_id": None,
        "views": 5,
        "forwards": 1,
        "replies": {"replies": 2},
        "reply_to": {"reply_to_msg_id": 11},
        "fwd_from": None,
    }
    path = tmp_path / "telegram.ndjson"
    forwarded = {**line, "id": 13, "date": TEN + 1.0, "fwd_from": {"from_id": {"channel_id": 8}, "from_name": None}}
    path.write_bytes(body(line) + b"\n" + body(forwarded))
    posts, _, (took,) = replayed(path)
    assert took.format == "telegram"
    assert [one.uid for one in posts] == ["telegram:velgrad_news/12", "telegram:velgrad_news/13"]
    assert posts[0].url == "https://t.me/velgrad_news/12"
    assert posts[0].counts == Counts(reposts=1, replies=2, views=5)
    assert (posts[1].counts, posts[1].credits) == (None, ("telegram:8",))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    for wrapped in (raw, b'{"chat":{"id":1},"message":' + raw + b"}"):
        for call in (Telegram("r", SPAN).times, Telegram("r", SPAN).parts):
            with suppress(BadRecord):
                call(wrapped)
