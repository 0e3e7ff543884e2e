"""The Status entity as a post, and server-sent events out of bytes."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ingest.collectors.mastodon.stream import LONGEST_EVENT, Events, ServerSentEvent
from ingest.formats.mastodon import MappedStatus, Terms, home_id, home_of, id_of, page_of, to_posts, written_at
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import Counts, MediaRef, Post
from tests.ingest.payloads_mastodon import BASE, HOME, Json, account, body, status

NOW = datetime(2026, 3, 2, tzinfo=UTC)
TERMS = Terms("mastodon", NOW, "velgrad.example", HOME)
FAR = "https://far.example"
PAYLOADS = Path(__file__).parents[3] / "shared" / "data" / "payloads" / "mastodon"


def mapped(terms: Terms = TERMS, **changed: object) -> MappedStatus:
    return to_posts(body(status(1, **changed)), terms)  # type: ignore[arg-type] # home, tags and at are not among them


def post(terms: Terms = TERMS, **changed: object) -> Post:
    return mapped(terms, **changed).posts[-1][1]


def test_a_status() -> None:
    one = status(1, reblogs_count=3, replies_count=2, favourites_count=9, quotes_count=1)
    (mapped,) = to_posts(body(one), TERMS).posts
    assert mapped[0] == one["id"]
    found = mapped[1]
    assert found.uid == f"mastodon:{one['uri']}"
    assert found.platform == "mastodon"
    assert found.text == "The bridge is closed, number 1 #Velgrad"
    assert found.created_at == BASE + timedelta(seconds=1)
    assert found.observed_at == NOW
    assert found.url == one["url"]
    assert found.hashtags == ("velgrad",)
    assert found.lang_hint == "en"
    assert found.counts == Counts(reposts=3, quotes=1, replies=2, likes=9)
    assert found.author.uid == "mastodon:@mira@velgrad.example"
    assert found.author.handle == "mira@velgrad.example"
    assert found.author.name == "Mira of Velgrad"
    assert found.author.followers == 214
    assert found.author.created_at == datetime(2022, 11, 5, tzinfo=UTC)


def test_a_warning_comes_first_and_a_card_is_a_link() -> None:
    found = post(
        spoiler_text="Flood &amp; fire",
        content='<p>See <a href="https://news.example/1">news</a></p>',
        card={"url": "https://news.example/2", "title": "x", "type": "link"},
        mentions=[{"id": "1", "username": "jan", "url": "x", "acct": "jan@far.example"}],
    )
    assert found.text == "Flood & fire\n\nSee news"
    assert found.links == ("https://news.example/1", "https://news.example/2")
    assert found.mentions == ("jan@far.example",)


def test_accounts_are_the_same_seen_from_anywhere() -> None:
    here = post()
    there = post(Terms("mastodon", NOW, "far.example", FAR), account=account("mira", "velgrad.example"))
    alone = post(Terms("mastodon", NOW))
    assert here.author.uid == there.author.uid == alone.author.uid


def test_media() -> None:
    found = post(
        media_attachments=[
            {"type": "image", "url": "https://m.example/1.png", "description": "A bridge"},
            {"type": "video", "url": "https://m.example/2.mp4", "preview_url": "https://m.example/2.png"},
            {"type": "gifv", "url": "https://m.example/3.mp4", "preview_url": None},
            {"type": "image", "url": None, "remote_url": "https://far.example/4.jpg"},
            {"type": "unknown", "url": None, "remote_url": "https://far.example/5.webp"},
            {"type": "unknown", "url": None, "remote_url": "https://far.example/6"},
            {"type": "audio", "url": "https://m.example/7.mp3", "preview_url": "https://m.example/7.png"},
            {"type": "image", "url": "javascript:alert(1)"},
            {"type": "image", "url": "https://[broken/8.png"},
        ]
    )
    assert found.media == (
        MediaRef(url="https://m.example/1.png", alt="A bridge"),
        MediaRef(url="https://m.example/2.png", kind="video"),
        MediaRef(url="https://m.example/3.mp4", kind="gif"),
        MediaRef(url="https://far.example/4.jpg"),
        MediaRef(url="https://far.example/5.webp"),
    )


def test_an_original_stands_before_its_boost() -> None:
    original = status(1, reblogs_count=7)
    first, second = to_posts(body(status(2, content="", reblog=original)), TERMS).posts
    assert second[1].repost_of == first[1].uid == f"mastodon:{original['uri']}"
    assert second[1].text == first[1].text
    assert first[1].counts == Counts(reposts=7, quotes=0, replies=0, likes=0)
    assert second[1].counts is None


def test_a_quote() -> None:
    quoted = status(1, content="<p>Closed since noon</p>")
    content = '<p>So it is<span class="quote-inline"><br>RE: <a href="https://velgrad.example/x">x</a></span></p>'
    mapped = to_posts(body(status(2, content=content, quote={"state": "accepted", "quoted_status": quoted})), TERMS)
    first, second = mapped.posts
    assert second[1].quote_of == first[1].uid
    assert second[1].text == "So it is"
    assert mapped.context == "Closed since noon"
    others: list[object] = [{"state": "pending", "quoted_status": None}, {"state": "accepted"}, 7, []]
    for shape in others:
        assert post(quote=shape).quote_of == ""


def test_replies_name_their_parent_as_far_as_it_is_known() -> None:
    terms = TERMS._replace(parent={"77": "mastodon:https://far.example/77"}.get)  # type: ignore[arg-type] # None is no uid either
    assert post(terms, in_reply_to_id="77").reply_to == "mastodon:https://far.example/77"
    assert post(TERMS, in_reply_to_id="78").reply_to == f"mastodon:{HOME}/web/statuses/78"
    assert post().reply_to == ""


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"visibility": "private"}, "not public"),
        ({"visibility": "direct"}, "not public"),
        ({"account": account(noindex=True)}, "not to be indexed"),
        ({"account": account(suspended=True)}, "account suspended"),
        ({"reblog": status(2, account=account(noindex=True))}, "not to be indexed"),
        ({"reblog": status(2, visibility="private")}, "not public"),
        ({"visibility": "unlisted"}, ""),
        ({"account": account(bot=True)}, ""),
        ({"account": account(noindex=None)}, ""),
    ],
)
def test_who_does_not_want_to_be_found_is_not(changed: Json, why: str) -> None:
    found = mapped(**changed)
    assert found.hidden == why
    assert bool(found.posts) == (not why)
    assert found.uid


def test_a_quote_of_a_quote() -> None:
    """Of what a quoted post quotes itself Mastodon gives the instance's id alone; a boosted one has it whole."""
    shallow = {"state": "accepted", "quoted_status_id": "77"}
    content = '<p class="quote-inline">RE: <a href="https://velgrad.example/x">x</a></p><p>Told you</p>'
    between = status(2, content=content, quote=shallow)
    outer = body(status(3, quote={"state": "accepted", "quoted_status": between}))
    known = TERMS._replace(parent={"77": "mastodon:https://a.example/1"}.get)  # type: ignore[arg-type]  # a get of no other use
    (_, inner), (_, main) = to_posts(outer, known).posts
    assert (main.quote_of, inner.quote_of, inner.text) == (inner.uid, "mastodon:https://a.example/1", "Told you")
    (_, inner), _ = to_posts(outer, TERMS).posts
    assert inner.quote_of == f"mastodon:{TERMS.base_url}/web/statuses/77"
    boosted = status(2, quote={"state": "accepted", "quoted_status": status(1)})
    (_, original), (_, boost) = to_posts(body(status(3, reblog=boosted)), TERMS).posts
    assert (boost.repost_of, original.quote_of) == (original.uid, f"mastodon:{status(1)['uri']}")


def test_a_quoted_author_who_does_not_want_to_be_found_is_left_out_alone() -> None:
    quoted = status(1, account=account(noindex=True))
    (only,) = to_posts(body(status(2, quote={"state": "accepted", "quoted_status": quoted})), TERMS).posts
    assert only[1].quote_of == f"mastodon:{quoted['uri']}"


def test_only_searchable_authors_where_asked() -> None:
    terms = TERMS._replace(searchable_only=True)
    assert mapped(terms).hidden == "not to be indexed"
    assert mapped(terms, account=account(indexable=True)).hidden == ""


@pytest.mark.parametrize("when", ["1970-01-01T00:00:00.000Z", "2031-01-01T00:00:00.000Z", None])
def test_a_time_that_cannot_be(when: str | None) -> None:
    """Its own instance does not say such things; another server may, and its post is kept at the time it came."""
    with pytest.raises(BadRecord, match="created_at"):
        mapped(created_at=when)
    found = post(created_at=when, account=account("mira", "far.example"))
    assert found.created_at == NOW


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"id":"1"}',
        b"<html><title>We are down</title></html>",
        b"\xff\xfe",
        body(status(1))[:-200],
        b'{"reblog":' * 50_000,
        body(status(1, uri=None, url=None)),
        body(status(1, account={"acct": ""})),
        body(status(1, account={"acct": "x", "url": "https://[broken"})),
        body(status(1, created_at="yesterday")),
    ],
)
def test_what_is_no_status(data: bytes) -> None:
    with pytest.raises(BadRecord):
        to_posts(data, TERMS._replace(domain=""))


def test_text_made_to_deceive() -> None:
    found = post(content="<p>\u202egnidliub eht\u202c &lt;script&gt;alert(1)&lt;/script&gt;<script>x</script>\x00</p>")
    assert found.text == "\u202egnidliub eht\u202c <script>alert(1)</script>\ufffd"
    bomb = post(content="<p>" + "&amp;lt;" * 100_000)
    assert bomb.text == "&lt;" * 100_000


def test_long_names_are_shortened_to_what_can_be_found() -> None:
    one = post(uri="https://far.example/" + "x" * 1000)
    other = post(uri="https://far.example/" + "x" * 1001)
    assert len(one.uid) < 100
    assert one.uid != other.uid


def test_the_same_number_elsewhere_is_another_post() -> None:
    here, there = status(1), status(1, home=FAR)
    assert here["id"] == there["id"]
    assert post().uid != to_posts(body(there), TERMS).uid


def test_where_a_post_is_at_home() -> None:
    assert home_id("mastodon:https://a.example/users/mira/statuses/12") == ("https://a.example", "12")
    assert home_id("mastodon:https://a.example/ap/users/7/statuses/12") == ("https://a.example", "12")
    for other in ("https://a.example/objects/0-1", "https://a.example/users/m/statuses/01ABC", "x", "https://[x"):
        assert home_id(f"mastodon:{other}") is None
    assert home_of("mastodon:https://A.example:444/users/x/statuses/1") == "a.example:444"
    assert home_of("mastodon:https://[x") == ""


def test_what_is_read_of_what_cannot_be() -> None:
    assert id_of(b'{"id":"12","account":null}') == "12"
    assert written_at(b'{"id":"12","created_at":"2026-03-01T00:00:00Z"}') == datetime(2026, 3, 1, tzinfo=UTC)
    for bad in (b"", b"[", b'{"id":{}}', b'{"id":"1","created_at":3}', b'{"created_at":"2026-03-01T00:00:00"}'):
        assert id_of(bad) in {"", "1"}
        assert written_at(bad) is None
    with pytest.raises(BadRecord):
        page_of(b'{"error":"x"}')


# --- events

WIRE = (
    b":)\n:thump\n"
    b'event: update\ndata: {"id":"1"}\n\n'
    b"event: delete\ndata: 77\n\n"
    b':thump\r\nevent:status.update\r\ndata: {"a":\r\ndata: 1}\r\nid: 3\r\nretry: 5\r\n\r\n'
    b"data: no name\n\nevent: nothing to say\n\n"
)
EVENTS = [
    ServerSentEvent(""),
    ServerSentEvent(""),
    ServerSentEvent("update", b'{"id":"1"}'),
    ServerSentEvent("delete", b"77"),
    ServerSentEvent(""),
    ServerSentEvent("status.update", b'{"a":\n1}'),
    ServerSentEvent("message", b"no name"),
]


@given(st.lists(st.integers(0, len(WIRE)), max_size=20))
def test_events_wherever_the_bytes_are_cut(cuts: list[int]) -> None:
    events, found, last = Events(), [], 0
    for cut in [*sorted(cuts), len(WIRE)]:
        found += events.feed(WIRE[last:cut])
        last = cut
    assert found == EVENTS


def test_an_event_without_end() -> None:
    events = Events()
    found = events.feed(b"event: update\ndata: ")
    for _ in range(40):
        found += events.feed(b"x" * 100_000)
    found += events.feed(b"\n\nevent: delete\ndata: 1\n\n")
    long, last = found
    assert long.name == "update"
    assert long.cut
    assert len(long.data) <= LONGEST_EVENT
    assert last == ServerSentEvent("delete", b"1")


def test_many_lines_without_end() -> None:
    events = Events()
    found: list[ServerSentEvent] = []
    for _ in range(30):
        found += events.feed(b"data: " + b"x" * 100_000 + b"\n")
    (only,) = found + events.feed(b"\n")
    assert only.cut
    assert len(only.data) <= LONGEST_EVENT + 100


# --- recorded by others


def recorded() -> list[Json]:
    """Every status in the recorded answers, and those within them."""
    found: list[Json] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if "uri" in value and "content" in value and "account" in value:
                found.append(value)
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    for path in sorted(PAYLOADS.glob("*.yaml")):
        for exchange in yaml.safe_load(path.read_bytes())["interactions"]:
            content = exchange["response"]["body"]["string"]
            raw = content if isinstance(content, bytes) else str(content).encode()
            raw = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
            try:
                walk(json.loads(raw))
            except ValueError:
                continue  # what a stream said, and "OK"
    return found


@pytest.mark.skipif(not PAYLOADS.is_dir(), reason="no data")
def test_every_recorded_status() -> None:
    statuses = recorded()
    assert len(statuses) > 40
    kept = 0
    for one in statuses:
        mapped = to_posts(json.dumps(one).encode(), Terms("mastodon", datetime.now(UTC)))
        if one["visibility"] not in {"public", "unlisted"} or one["account"].get("noindex"):
            assert mapped.hidden
            continue
        kept += 1
        id_, found = mapped.posts[-1]
        assert id_ == one["id"]
        assert found.uid == f"mastodon:{one['uri']}"
        assert bool(found.text) >= bool(one.get("content"))
        assert found.created_at == datetime.fromisoformat(one["created_at"])
        assert len(found.media) == sum(
            media["type"] in {"image", "video", "gifv"} for media in one["media_attachments"]
        )
        if one.get("reblog") is None:
            assert found.counts is not None
            assert found.counts.reposts == one["reblogs_count"]
            assert set(found.hashtags) >= {tag["name"] for tag in one["tags"]}
    assert kept > 30
