"""Records of Bluesky as posts: pure mapping."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.collectors.bluesky.wire import Position, Wire, address, read, read_any, record_in
from ingest.formats.bluesky import Where, post_uid, to_post, uid_of, uri_of
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import MediaRef, Post
from tests.fakes.bluesky import CID, THEN, Happened, Json, dumped, post_record, v1_frame, v2_frame

DID = "did:plc:mira2velgrad3example4aa"
RKEY = "3mmoojp4cd223"
SEEN = datetime(2026, 11, 20, 10, 0, 2, tzinfo=UTC)
NOW = SEEN + timedelta(seconds=3)
PICTURE = {"$type": "blob", "ref": {"$link": CID}, "mimeType": "image/jpeg", "size": 90_000}
SHAPE = {"width": 1200, "height": 800}
URL = f"https://cdn.bsky.app/img/feed_fullsize/plain/{DID}/{CID}@jpeg"
OTHER = "did:web:harbour.velgrad.example"
QUOTED = {"uri": f"at://{OTHER}/app.bsky.feed.post/3kquoted", "cid": CID}


def mapped(record: Json | bytes, seen_at: datetime | None = SEEN) -> Post:
    body = record if isinstance(record, bytes) else json.dumps(record).encode()
    return to_post(body, Where(DID, RKEY, seen_at), NOW, "bluesky", ("velgrad",))


def test_a_plain_post() -> None:
    post = mapped(post_record("The old bridge is closed", createdAt="2026-11-20T11:00:01.500+01:00"))
    assert post.uid == f"bluesky:{DID}/{RKEY}"
    assert (post.author.uid, post.author.handle) == (f"bluesky:{DID}", DID)
    assert post.text == "The old bridge is closed"
    assert post.created_at == datetime(2026, 11, 20, 10, 0, 1, 500_000, tzinfo=UTC)
    assert post.created_at.tzinfo is UTC
    assert post.observed_at == NOW
    assert post.url == f"https://bsky.app/profile/{DID}/post/{RKEY}"
    assert post.lang_hint == "en"
    assert post.watches == ("velgrad",)


@pytest.mark.parametrize(
    ("claimed", "kept"),
    [
        ("2026-11-20T09:59:00Z", True),
        ("2019-05-01T00:00:00.123456789Z", True),  # brought over from elsewhere with its own date
        ("2026-11-20T10:04:00Z", True),
        ("2026-11-20T10:08:00Z", False),
        ("2099-01-01T00:00:00Z", False),
        ("1970-01-01T00:00:00Z", False),
        ("2005-12-31T00:00:00Z", False),
        ("2026-11-20T10:00:00", False),  # no zone
        ("yesterday", False),
        ("9999-12-31T23:59:59-14:00", False),
        ("0001-01-01T00:00:00+14:00", False),
        ("", False),
        (17, False),
        (None, False),
    ],
)
def test_times_that_cannot_be_are_those_of_the_stream(claimed: object, kept: bool) -> None:
    post = mapped(post_record("x", createdAt=claimed))
    if kept:
        assert post.created_at == datetime.fromisoformat(str(claimed))
    else:
        assert post.created_at == SEEN
    assert mapped(post_record("x", createdAt="?"), None).created_at == NOW, "the stream said none either"


@pytest.mark.parametrize(
    ("embed", "media", "links", "quoted"),
    [
        (
            {"$type": "app.bsky.embed.images", "images": [{"alt": "The quay", "image": PICTURE, "aspectRatio": SHAPE}]},
            [MediaRef(url=URL, alt="The quay")],
            [],
            "",
        ),
        (
            {
                "$type": "app.bsky.embed.gallery",
                "items": [
                    {"$type": "app.bsky.embed.gallery#image", "alt": text, "image": PICTURE, "aspectRatio": SHAPE}
                    for text in ("one", "two")
                ],
            },
            [MediaRef(url=URL, alt="one"), MediaRef(url=URL, alt="two")],
            [],
            "",
        ),
        (
            {"$type": "app.bsky.embed.video", "video": PICTURE, "alt": "Water rises", "aspectRatio": SHAPE},
            [
                MediaRef(
                    url=f"https://video.bsky.app/watch/{DID.replace(':', '%3A')}/{CID}/thumbnail.jpg",
                    kind="video",
                    alt="Water rises",
                )
            ],
            [],
            "",
        ),
        (
            {
                "$type": "app.bsky.embed.external",
                "external": {
                    "uri": "https://gazette.example/1",
                    "title": "Flood",
                    "description": "",
                    "thumb": PICTURE,
                },
            },
            [],
            ["https://gazette.example/1"],
            "",
        ),
        ({"$type": "app.bsky.embed.record", "record": QUOTED}, [], [], f"bluesky:{OTHER}/3kquoted"),
        (
            {
                "$type": "app.bsky.embed.recordWithMedia",
                "record": {"$type": "app.bsky.embed.record", "record": QUOTED},
                "media": {"$type": "app.bsky.embed.images", "images": [{"alt": "", "image": PICTURE}]},
            },
            [MediaRef(url=URL)],
            [],
            f"bluesky:{OTHER}/3kquoted",
        ),
        (
            {"$type": "app.bsky.embed.record", "record": {"uri": f"at://{OTHER}/app.bsky.graph.list/3k", "cid": CID}},
            [],
            [],
            "",
        ),
        (
            {"$type": "app.bsky.embed.images", "images": [{"alt": None, "image": {"cid": CID}}]},
            [MediaRef(url=URL)],
            [],
            "",
        ),
        (
            {"$type": "app.bsky.embed.images", "images": [{"alt": "", "image": {"ref": {"$link": "../../x?y"}}}]},
            [],
            [],
            "",
        ),
        ({"$type": "app.bsky.embed.external", "external": {"uri": "javascript:alert(1)"}}, [], [], ""),
        ({"$type": "app.bsky.embed.unheardOf", "items": 3, "images": "?"}, [], [], ""),
        ("?", [], [], ""),
    ],
)
def test_embeds(embed: object, media: list[MediaRef], links: list[str], quoted: str) -> None:
    post = mapped(post_record("Look", embed=embed))
    assert list(post.media) == media
    assert list(post.links) == links
    assert post.quote_of == quoted
    assert post.text == "Look"


def facet(start: int, end: int, kind: str, **what: str) -> Json:
    feature = {"$type": f"app.bsky.richtext.facet#{kind}", **what}
    return {"index": {"byteStart": start, "byteEnd": end}, "features": [feature]}


def test_facets_count_bytes_not_characters() -> None:
    text = "🌊 мост @mira.velgrad.example #Велград gazette.example/1"
    at = len("🌊 мост ".encode())
    handle = len(b"@mira.velgrad.example")
    facets = [
        facet(at, at + handle, "mention", did=OTHER),
        facet(at + handle + 1, 70, "tag", tag="Велград"),
        facet(71, 90, "link", uri="https://gazette.example/1"),
    ]
    post = mapped(post_record(text, facets=facets, tags=["потоп", "Велград"]))
    assert post.mentions == ("mira.velgrad.example",)
    assert post.hashtags == ("Велград", "потоп")
    assert post.links == ("https://gazette.example/1",)


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (5, 2), (0, 9999), (1, 3), (0, 0)])
def test_offsets_that_point_nowhere_leave_the_did(start: int, end: int) -> None:
    post = mapped(post_record("é@mira", facets=[facet(start, end, "mention", did=OTHER)]))
    assert post.mentions == (OTHER,)


def test_facets_that_are_none_are_no_harm() -> None:
    for facets in ("?", [3], [{"features": "?"}], [{"index": "?"}], {"a": 1}):
        assert mapped(post_record("see #Velgrad", facets=facets)).hashtags == ("Velgrad",)


def test_what_it_answers_is_its_parent() -> None:
    root = {"uri": f"at://{OTHER}/app.bsky.feed.post/3kroot", "cid": CID}
    parent = {"uri": f"at://{DID}/app.bsky.feed.post/3kparent", "cid": CID}
    assert mapped(post_record("yes", reply={"root": root, "parent": parent})).reply_to == f"bluesky:{DID}/3kparent"
    assert mapped(post_record("yes", reply={"parent": 3})).reply_to == ""


@pytest.mark.parametrize(
    ("langs", "hint"),
    [(["pt-BR"], "pt-br"), (["en", "fr"], ""), ([], ""), (["und"], ""), ("en", ""), ([3], ""), (None, "")],
)
def test_languages(langs: object, hint: str) -> None:
    assert mapped(post_record("x", langs=langs)).lang_hint == hint


def test_markup_and_directions_are_only_letters() -> None:
    text = "<script>alert(1)</script> \u202eمرحبا\u200f & <b>"
    assert mapped(post_record(text)).text == text
    assert mapped(post_record("null\x00here")).text == "null\ufffdhere"


@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"[]",
        b"null",
        b'{"text":3}',
        b'{"text":"x"',
        b'{"text":"\xff"}',
        b'{"text":' + b"[" * 100_000,
        b'{"text":"\\ud800"}',
    ],
)
def test_records_that_are_none(record: bytes) -> None:
    with pytest.raises(BadRecord):
        mapped(record)


@pytest.mark.parametrize(
    ("did", "rkey"),
    [("", "3k"), ("mira.example", "3k"), (DID, ""), (DID, "a/b"), (DID, "x" * 500), ("did:plc:a?b", "3k"), (DID, "é")],
)
def test_names_that_no_post_has(did: str, rkey: str) -> None:
    with pytest.raises(BadRecord):
        post_uid(did, rkey)


def test_uids_and_addresses_are_each_others_inverse() -> None:
    uri = f"at://{DID}/app.bsky.feed.post/{RKEY}"
    assert uri_of(uid_of(uri)) == uri
    assert uid_of("https://bsky.app/profile/x/post/y") == ""
    assert uid_of("at://mira.velgrad.example/app.bsky.feed.post/3k") == ""


COMMIT: dict[str, Any] = {
    "did": DID,
    "rev": "3l",
    "operation": "create",
    "collection": "app.bsky.feed.post",
    "rkey": RKEY,
    "record": post_record("hello"),
}


@pytest.mark.parametrize(
    "frame", [v2_frame(Happened(9, THEN, "commit", COMMIT)), v1_frame(Happened(9, THEN, "commit", COMMIT))]
)
def test_both_wires_say_the_same(frame: bytes) -> None:
    said = read_any(frame)
    assert (said.kind, said.did, said.rkey, said.operation, said.is_post) == ("commit", DID, RKEY, "create", True)
    assert said.seen_at == THEN
    assert said.record is not None
    assert said.record.text == "hello"
    assert mapped(bytes(record_in(frame))).text == "hello"


def test_times_of_the_stream_may_be_missing() -> None:
    payload = {"$type": "x#commit", "seq": 3, "time": "?", **COMMIT}
    assert read(dumped({"$type": "message", "payload": payload}), "v2").seen_at is None
    payload["witnessedAt"] = "2026-11-20T10:00:00Z"
    assert read(dumped({"$type": "message", "payload": payload}), "v2").seen_at == THEN, "the portable one is preferred"


WIRES: tuple[Wire, ...] = ("v1", "v2")


@given(st.binary(max_size=80))
def test_any_bytes_at_all(frame: bytes) -> None:
    for wire in WIRES:
        with suppress(BadRecord):
            read(frame, wire)


NAMES = [
    "text",
    "langs",
    "facets",
    "embed",
    "images",
    "record",
    "uri",
    "image",
    "ref",
    "$link",
    "$type",
    "features",
    "index",
    "reply",
    "parent",
    "createdAt",
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_any_record_at_all(record: dict[str, object]) -> None:
    with suppress(BadRecord):
        assert mapped(msgspec.json.encode(record)).uid == f"bluesky:{DID}/{RKEY}"


@pytest.mark.parametrize(
    ("position", "host", "wire", "cursor"),
    [
        (Position(), "a", "v2", None),
        (Position("a", 7, 2_000_000_000_000_000), "a", "v2", 7),
        (Position("a", 7, 2_000_000_000_000_000), "b", "v2", 1_999_999_995_000_000),
        (Position("a", 0, 2_000_000_000_000_000), "a", "v1", 2_000_000_000_000_000),
        (Position("a", 7, 2_000_000_000_000_000), "b", "v1", 1_999_999_995_000_000),
        (Position("a", 7, 0), "b", "v2", None),
    ],
)
def test_where_to_go_on(position: Position, host: str, wire: Wire, cursor: int | None) -> None:
    assert position.cursor(host, wire) == cursor


def test_what_is_asked_of_a_host() -> None:
    v2 = address("wss://h.example/", "v2", 7, max_bytes=99)
    assert v2 == (
        "wss://h.example/xrpc/network.bsky.jetstream.subscribeEvents?kinds=commit&kinds=account&kinds=identity"
        "&collections=app.bsky.feed.post&maxMessageSizeBytes=99&cursor=7"
    )
    v1 = address("wss://h.example", "v1", None, max_bytes=99)
    assert v1 == "wss://h.example/subscribe?wantedCollections=app.bsky.feed.post&maxMessageSizeBytes=99"
