"""X v2 payloads to posts: each expectation worked out by hand from the platform's documentation."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingest.formats.reading import Part, Refused, microseconds
from ingest.formats.x_v2 import UNKNOWN_AUTHOR, XV2, snowflake_time
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import Account, Counts, MediaRef, Post
from tests.ingest.payloads import FIRST_ID, SPAN, Json, body, v2_line, v2_post

TEN = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


def mapped(line: Json) -> list[Post]:
    (part,) = XV2("x", SPAN).parts(body(line))
    assert isinstance(part, Part)
    posts = [message for message in part.messages if isinstance(message, Post)]
    assert len(posts) == len(part.messages)
    return posts


def uid(number: int) -> str:
    return f"x:{FIRST_ID + number}"


def test_a_plain_post_with_a_picture() -> None:
    line = v2_line(
        0,
        "Look &amp; see https://t.co/a https://t.co/b",
        lang="iw",
        attachments={"media_keys": ["3_1"]},
        entities={
            "hashtags": [{"tag": "Velgrad"}, {"tag": "Velgrad"}],
            "mentions": [{"username": "old_mill"}],
            "urls": [
                {"url": "https://t.co/a", "expanded_url": "https://velgrad.example/news"},
                {"url": "https://t.co/b", "expanded_url": "https://x.com/m/status/1/photo/1", "media_key": "3_1"},
            ],
        },
        public_metrics={"retweet_count": 1, "reply_count": 2, "like_count": 3, "quote_count": 4, "impression_count": 5},
        matched_media_notes=[{"note_id": "77", "match_status": "confirmed"}],
        includes={
            "media": [{"media_key": "3_1", "type": "photo", "url": "https://img.example/1.jpg", "alt_text": "a"}]
        },
    )
    assert mapped(line) == [
        Post(
            uid=uid(0),
            platform="x",
            author=Account(uid="x:42", handle="mira_k", name="Mira K", followers=7),
            text="Look & see https://t.co/a https://t.co/b",
            created_at=TEN,
            observed_at=TEN,
            collector="x",
            watches=(),
            url=f"https://x.com/mira_k/status/{FIRST_ID}",
            links=("https://velgrad.example/news",),
            media=(MediaRef(url="https://img.example/1.jpg", alt="a"),),
            hashtags=("Velgrad",),
            mentions=("old_mill",),
            lang_hint="he",
            counts=Counts(reposts=1, replies=2, likes=3, quotes=4, views=5),
            media_notes=("77:confirmed",),
        )
    ]


def test_a_repost_follows_its_original_and_takes_its_words_not_its_counts() -> None:
    original = v2_post(
        1,
        "cut …",
        note_tweet={"text": "The whole long text", "entities": {"hashtags": [{"tag": "Long"}]}},
        author_id="43",
        attachments={"media_keys": ["7_1"]},
        public_metrics={"retweet_count": 90},
    )
    line = v2_line(
        2,
        "RT @other: cut …",
        referenced_tweets=[{"type": "retweeted", "id": original["id"]}],
        public_metrics={"retweet_count": 90, "like_count": 0},
        includes={
            "tweets": [original],
            "media": [{"media_key": "7_1", "type": "video", "preview_image_url": "https://img.example/v.jpg"}],
        },
    )
    first, repost = mapped(line)
    assert (first.uid, first.text, first.hashtags) == (uid(1), "The whole long text", ("Long",))
    assert first.counts == Counts(reposts=90)
    assert first.media == (MediaRef(url="https://img.example/v.jpg", kind="video"),)
    assert first.observed_at == repost.observed_at, "the original is seen through its repost"
    assert (repost.repost_of, repost.text, repost.counts, repost.media) == (uid(1), "The whole long text", None, ())
    assert repost.root == first.root


def test_a_repost_whose_original_did_not_come_keeps_what_there_is() -> None:
    (repost,) = mapped(v2_line(2, "RT @other: cut …", referenced_tweets=[{"type": "retweeted", "id": "9"}]))
    assert (repost.repost_of, repost.text, repost.counts) == ("x:9", "RT @other: cut …", None)


def test_a_post_that_claims_to_repost_itself_ends() -> None:
    itself = v2_post(1, referenced_tweets=[{"type": "retweeted", "id": str(FIRST_ID + 1)}])
    assert len(mapped({"data": itself, "includes": {"tweets": [itself]}})) == 2


def test_quotes_and_replies() -> None:
    quoted = v2_post(1, "The quoted words")
    line = v2_line(
        2,
        referenced_tweets=[{"type": "quoted", "id": quoted["id"]}, {"type": "replied_to", "id": "5"}],
        public_metrics={"retweet_count": 1},
        includes={"tweets": [quoted]},
    )
    first, post = mapped(line)
    assert first.text == "The quoted words"
    assert (post.quote_of, post.reply_to, post.repost_of) == (uid(1), "x:5", "")
    assert post.counts == Counts(reposts=1)
    (part,) = XV2("x", SPAN).parts(body(line))
    assert isinstance(part, Part)
    assert part.context == "The quoted words"


def test_an_edit_names_the_first_of_its_chain() -> None:
    history = [str(FIRST_ID), str(FIRST_ID + 1), str(FIRST_ID + 2)]
    assert mapped(v2_line(2, edit_history_tweet_ids=history))[0].edit_of == uid(0)
    assert mapped(v2_line(0, edit_history_tweet_ids=history[:1]))[0].edit_of == ""


def test_both_spellings_say_the_same() -> None:
    old = v2_line(
        2,
        referenced_tweets=[{"type": "retweeted", "id": str(FIRST_ID)}],
        edit_history_tweet_ids=[str(FIRST_ID + 1), str(FIRST_ID + 2)],
        includes={"tweets": [v2_post(0, note_tweet={"text": "long"}, public_metrics={"retweet_count": 3})]},
    )
    new = v2_line(
        2,
        referenced_posts=[{"type": "reposted", "id": str(FIRST_ID)}],
        edit_history_post_ids=[str(FIRST_ID + 1), str(FIRST_ID + 2)],
        includes={"posts": [v2_post(0, note_post={"text": "long"}, public_metrics={"repost_count": 3})]},
    )
    assert mapped(old) == mapped(new)


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        ({"type": "animated_gif", "preview_image_url": "https://i.example/g.jpg"}, ("https://i.example/g.jpg", "gif")),
        (
            {
                "type": "video",
                "variants": [
                    {"url": "https://i.example/l.mp4", "bit_rate": 1},
                    {"url": "https://i.example/h.mp4", "bit_rate": 9},
                    {"url": "https://i.example/p.m3u8", "content_type": "application/x-mpegURL"},
                ],
            },
            ("https://i.example/h.mp4", "video"),
        ),
        ({"type": "photo"}, None),
    ],
)
def test_media(media: Json, expected: tuple[str, str] | None) -> None:
    line = v2_line(
        0, attachments={"media_keys": ["k", "not-included"]}, includes={"media": [{"media_key": "k", **media}]}
    )
    assert [(ref.url, ref.kind) for ref in mapped(line)[0].media] == ([expected] if expected else [])


def test_what_is_missing_or_null_is_no_fault() -> None:
    bare = {"data": {"id": str(FIRST_ID), "text": "only this"}}
    (post,) = mapped(bare)
    assert post.author.uid == UNKNOWN_AUTHOR
    assert post.created_at == snowflake_time(FIRST_ID)
    nulls = v2_line(0, entities=None, attachments=None, public_metrics=None, lang=None, unknown={"a": [1]})
    assert mapped(nulls)[0].counts is None
    assert mapped({"data": v2_post(0, text=" ")})[0].text == " "


def test_the_time_in_an_id() -> None:
    # id 1 << 22 more is one millisecond later; the epoch is the platform's own
    assert microseconds(snowflake_time(30_000_000_000) or TEN) == (30_000_000_000 // 4_194_304 + 1288834974657) * 1000
    assert snowflake_time("12345") is None
    assert snowflake_time("abc") is None


def test_null_characters_become_replacement_characters() -> None:
    line = body(v2_line(0, "a\x00b"))
    assert b"\\u0000" in line
    (part,) = XV2("x", SPAN).parts(line)
    assert isinstance(part, Part)
    assert isinstance(part.messages[0], Post)
    assert part.messages[0].text == "a\ufffdb"
    escaped = mapped(v2_line(0, "a\\u0000"))
    assert escaped[0].text == "a\\u0000", "a backslash followed by u0000 is six characters, none of them null"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (body(v2_line(0))[:200], "truncated JSON"),
        (b'{"data":{"id":"1","text":"\xff","created_at":"2026-11-20T10:00:00Z"}}', "expected UTF-8"),
        (b"{nonsense}", "malformed JSON"),
        (b'{"data":{"text":"no id"}}', "required field `id`"),
        (b'{"data":{"id":"5","text":"old id, no time"}}', "expected a time in created_at"),
        (b'{"data":{"id":"5","created_at":"yesterday"}}', "created_at"),
        (b'{"data":{"id":"5","created_at":"2026-11-20T10:00:00"}}', "with zone"),
        (b'{"data":{"id":"5","created_at":"2026-11-20T12:00:01Z"}}', "in the future"),
        (b'{"data":{"id":"5","created_at":"2005-12-31T23:59:59Z"}}', "older than the platform"),
        (b'{"errors":[{"title":"Gone","detail":"it is gone"}]}', "it is gone"),
        (b'{"something":"else"}', "expected `data`"),
        (b"[]", "Expected `object`"),
    ],
)
def test_bad_records_say_why(raw: bytes, reason: str) -> None:
    with pytest.raises(BadRecord, match=reason):
        XV2("x", SPAN).parts(raw)


def test_a_page_keeps_its_good_posts() -> None:
    page = {"data": [v2_post(0), {"text": "no id"}, v2_post(1)], "includes": v2_line(0)["includes"], "meta": {}}
    first, bad, second = XV2("x", SPAN).parts(body(page))
    assert isinstance(first, Part)
    assert isinstance(second, Part)
    assert isinstance(bad, Refused)
    with pytest.raises(BadRecord, match="`id`"):
        XV2("x", SPAN).parts(bad.body)
    assert XV2("x", SPAN).times(body(page)) == [microseconds(TEN), None, microseconds(second.at)]
    assert XV2("x", SPAN).parts(body({"meta": {"result_count": 0}})) == []


def test_a_hundred_thousand_characters_are_legal() -> None:
    assert len(mapped(v2_line(0, "ж" * 100_000))[0].text) == 100_000
