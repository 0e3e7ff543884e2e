"""X v1.1 payloads to posts."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ingest.formats.reading import Part, Refused
from ingest.formats.times import from_x_v1
from ingest.formats.x_v1 import XV1
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import Account, Counts, MediaRef, Post, Takedown
from tests.ingest.payloads import FIRST_ID, SPAN, Json, body, v1_status

TEN = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


def mapped(status: Json) -> list[Post]:
    (part,) = XV1("replay", SPAN).parts(body(status))
    assert isinstance(part, Part)
    return [message for message in part.messages if isinstance(message, Post)]


def test_an_extended_status() -> None:
    status = v1_status(
        0,
        "cut …",
        lang="in",
        in_reply_to_status_id_str="5",
        retweet_count=1,
        favorite_count=2,
        extended_tweet={
            "full_text": "The whole &lt;text&gt;",
            "entities": {
                "hashtags": [{"text": "Velgrad"}],
                "user_mentions": [{"screen_name": "old_mill"}],
                "urls": [{"url": "https://t.co/a", "expanded_url": "https://velgrad.example/n"}],
            },
            "extended_entities": {
                "media": [
                    {"media_url_https": "https://i.example/1.jpg", "type": "photo"},
                    {"media_url_https": "https://i.example/2.jpg", "type": "video", "ext_alt_text": "b"},
                ]
            },
        },
    )
    assert mapped(status) == [
        Post(
            uid=f"x:{FIRST_ID}",
            platform="x",
            author=Account(uid="x:42", handle="mira_k", name="Mira K", followers=7),
            text="The whole <text>",
            created_at=TEN,
            observed_at=TEN,
            collector="replay",
            watches=(),
            url=f"https://x.com/mira_k/status/{FIRST_ID}",
            reply_to="x:5",
            links=("https://velgrad.example/n",),
            media=(
                MediaRef(url="https://i.example/1.jpg"),
                MediaRef(url="https://i.example/2.jpg", kind="video", alt="b"),
            ),
            hashtags=("Velgrad",),
            mentions=("old_mill",),
            lang_hint="id",
            counts=Counts(reposts=1, likes=2),
        )
    ]


def test_a_retweet_of_a_quote_brings_all_three() -> None:
    quoted = v1_status(0, "first words")
    original = v1_status(1, "second words", quoted_status=quoted, retweet_count=50)
    retweet = v1_status(
        2, "RT @a: second …", retweeted_status=original, quoted_status_id_str=str(FIRST_ID), retweet_count=50
    )
    first, second, third = mapped(retweet)
    assert (first.text, second.text, third.text) == ("first words", "second words", "second words")
    assert second.quote_of == first.uid
    assert (third.repost_of, third.quote_of, third.counts) == (second.uid, "", None)
    assert second.counts == Counts(reposts=50)
    assert {post.observed_at for post in (first, second, third)} == {third.created_at}


def test_deletions_are_takedowns() -> None:
    notice = {"delete": {"status": {"id_str": "5"}, "timestamp_ms": "1700000000000"}}
    (part,) = XV1("replay", SPAN).parts(body(notice))
    assert isinstance(part, Part)
    (gone,) = part.messages
    assert isinstance(gone, Takedown)
    assert (gone.uid, gone.observed_at) == ("x:5", datetime.fromtimestamp(1_700_000_000, UTC))


def test_search_pages() -> None:
    good, bad = XV1("replay", SPAN).parts(body({"statuses": [v1_status(0), {"id_str": "1"}]}))
    assert isinstance(good, Part)
    assert isinstance(bad, Refused)


def test_other_zones_and_months() -> None:
    assert from_x_v1("Sat Feb 29 23:59:59 +0000 2020") == datetime(2020, 2, 29, 23, 59, 59, tzinfo=UTC)
    assert from_x_v1("Sat Feb 29 23:59:59 +0100 2020") == datetime(2020, 2, 29, 22, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": None, "id_str": None}, "id_str"),
        ({"user": None}, "user"),
        ({"user": {"screen_name": "a"}}, "user.id_str"),
        ({"created_at": "2026-11-20"}, "expected a time like"),
        ({"created_at": None}, "found none"),
        ({"created_at": "Fri Nov 20 10:00:00 +0000 2093"}, "in the future"),
        ({"created_at": "Fri Nov 20 10:00:00 +0000 1993"}, "older than"),
    ],
)
def test_bad_records_say_why(change: Json, reason: str) -> None:
    with pytest.raises(BadRecord, match=reason):
        XV1("replay", SPAN).parts(body(v1_status(0) | change))


def test_the_link_to_its_own_whole_text_is_none_of_its_links() -> None:
    own = {
        "expanded_url": f"https://twitter.com/i/web/status/{FIRST_ID + 1}",
        "display_url": "twitter.com/i/web/statu…",
    }
    other = {"expanded_url": f"https://twitter.com/i/web/status/{FIRST_ID}", "display_url": "twitter.com/i/web/statu…"}
    (part,) = XV1("replay", SPAN).parts(body(v1_status(1, truncated=True, entities={"urls": [own, other]})))
    assert isinstance(part, Part)
    post = part.messages[-1]
    assert isinstance(post, Post)
    assert post.links == (f"https://twitter.com/i/web/status/{FIRST_ID}",)
