"""From documents to posts: whose they are, what they say, and what hostile ones can do."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ingest.formats.feed import Entry, Feed, canonical, entries, to_post, uid, within
from secondsource.contracts.credits import Credits
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import Account, MediaRef, Post
from tests.fakes.feeds import Item, atom, rss

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
FEED = Feed(url="https://gazette.example/rss", publisher="The Velgrad Gazette", domain="gazette.example", language="en")
WIRE = Feed(url="https://wire.example/rss", publisher="Reuters", domain="wire.example", kind="agency", language="en")
COLLECTED = Feed(url="https://all-news.example/rss", publisher="All News", domain="all-news.example", kind="aggregator")


def read(body: bytes, feed: Feed = FEED) -> list[Post]:
    return [to_post(entry, feed, NOW, "feeds") for entry in entries(body, feed.url)]


def one(feed: Feed = FEED, **fields: Any) -> Post:
    (post,) = read(rss([Item(number=1, **fields)]), feed)
    return post


def test_an_article_of_rss() -> None:
    assert one(creator="Ana Brankova", summary="<p>It fell &amp; broke.</p>") == Post(
        uid="feed:https://gazette.example/?p=1",
        platform="feed",
        author=Account(uid="feed:@gazette.example", handle="gazette.example", name="The Velgrad Gazette"),
        text="Bridge of Velgrad, part 1\nIt fell & broke.",
        created_at=datetime(2029, 12, 31, 12, 0, 1, tzinfo=UTC),
        observed_at=NOW,
        collector="feeds",
        watches=(),
        url="https://gazette.example/1",
        links=("https://gazette.example/1",),
        lang_hint="en",
    )


def test_an_article_of_atom() -> None:
    (post,) = read(atom([Item(number=1, title="A <b>bridge</b>", summary="<p>fell</p>")]))
    assert post.uid == "feed:tag:gazette.example,2030:1"
    assert post.text == "A bridge\nfell"
    assert post.url == "https://gazette.example/1"
    assert post.created_at == datetime(2029, 12, 31, 12, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("more", "media"),
    [
        (
            '<enclosure url="https://p.example/a.jpg" type="image/jpeg" length="1"/>',
            [("https://p.example/a.jpg", "image")],
        ),
        ('<enclosure url="https://p.example/a.mp3" type="audio/mpeg" length="1"/>', []),
        (
            '<enclosure url="https://p.example/a.mp4" type="video/mp4" length="1"/>',
            [("https://p.example/a.mp4", "video")],
        ),
        (
            (
                '<media:content url="https://p.example/a.jpg?w=140" width="140"/>'
                '<media:content url="https://p.example/a.jpg?w=700" width="700"/>'
                '<media:thumbnail url="https://p.example/t.jpg"/>'
            ),
            [("https://p.example/a.jpg?w=700", "image")],
        ),
        ('<media:thumbnail url="https://p.example/t"/>', [("https://p.example/t", "image")]),
        ('<enclosure url="/a.jpg" type="image/jpeg" length="1"/>', [("https://gazette.example/a.jpg", "image")]),
        ('<media:thumbnail url="//p.example/t"/>', [("https://p.example/t", "image")]),
        ('<enclosure url="http://[broken" type="image/png" length="1"/>', []),
        ('<enclosure url="file:///etc/passwd" type="image/png" length="1"/>', []),
        ('<enclosure url="javascript:alert(1)" type="image/png" length="1"/>', []),
    ],
)
def test_pictures(more: str, media: list[tuple[str, str]]) -> None:
    assert [(ref.url, ref.kind) for ref in one(more=more).media] == media


def test_categories_are_hashtags() -> None:
    more = "<category>Velgrad</category><category>Old Bridge</category><category>2030</category>"
    assert one(more=more, summary="#river").hashtags == ("river", "Velgrad", "OldBridge")


@pytest.mark.parametrize(
    ("source", "link", "author", "name"),
    [
        ('<source url="https://www.courier.example">The Courier</source>', "", "courier.example", "The Courier"),
        ('<source url="https://gazette.example/x">x</source>', "", "gazette.example", "The Velgrad Gazette"),
        ('<source url="https://news.gazette.example">x</source>', "", "gazette.example", "The Velgrad Gazette"),
        ('<source url="javascript:x">x</source>', "", "gazette.example", "The Velgrad Gazette"),
        ("", "https://elsewhere.example/1", "gazette.example", "The Velgrad Gazette"),
    ],
)
def test_whose_an_article_is(source: str, link: str, author: str, name: str) -> None:
    post = one(more=source, link=link)
    assert (post.author.uid, post.author.name) == (f"feed:@{author}", name)


def test_an_aggregator_is_nobodys_source() -> None:
    named = '<source url="https://www.courier.example">The Courier</source>'
    post = one(
        COLLECTED, title="A bridge fell - The Courier", summary="", more=named, link="https://all-news.example/x"
    )
    assert post.author == Account(uid="feed:@courier.example", handle="courier.example", name="The Courier")
    assert post.text == "A bridge fell"
    linked = one(COLLECTED, link="https://www.courier.example/a")
    assert linked.author.uid == "feed:@courier.example"
    with pytest.raises(BadRecord, match="All News, which collects what others publish, to name the source"):
        one(COLLECTED, link="https://go.all-news.example/a")


def test_credits() -> None:
    assert one(creator="Agence France-Presse").credits == ("AFP",)
    assert one(summary="VELGRAD (Reuters) - The bridge of #Velgrad fell").credits == ("Reuters",)
    assert one(title="Part of it is by hand").credits == ()
    assert one(WIRE).credits == ("Reuters",), "an agency's own text is its text"


def test_credits_of_other_agencies() -> None:
    agencies = Credits({"Hill Wire": ("Hill Wire", "HW")})
    (entry,) = entries(rss([Item(number=1, creator="HW staff", summary="The bridge fell (AFP)")]), FEED.url)
    assert to_post(entry, FEED, NOW, "feeds", agencies=agencies).credits == ("Hill Wire",)


@pytest.mark.parametrize(
    ("date", "believed"),
    [
        ("<pubDate>Mon, 31 Dec 2029 13:00:00 +0100</pubDate>", datetime(2029, 12, 31, 12, tzinfo=UTC)),
        ("<pubDate>Tue, 01 Jan 2030 12:04:00 GMT</pubDate>", NOW + timedelta(minutes=4)),
        ("<pubDate>Tue, 01 Jan 2030 12:06:00 GMT</pubDate>", NOW),
        ("<pubDate>Thu, 01 Jan 1970 00:00:00 GMT</pubDate>", NOW),
        ("<pubDate>Thu, 01 Jan 9999 00:00:00 GMT</pubDate>", NOW),
        ("<pubDate>yesterday</pubDate>", NOW),
        ("<pubDate></pubDate>", NOW),
        ("", NOW),
    ],
)
def test_dates_that_cannot_be_are_not_believed(date: str, believed: datetime) -> None:
    body = f"<rss><channel><item><guid>https://a.example/1</guid><title>t</title>{date}</item></channel></rss>"
    (post,) = read(body.encode())
    assert (post.created_at, post.observed_at) == (believed, NOW)


@pytest.mark.parametrize(
    ("guid", "link", "key"),
    [
        ("https://a.example/1", "https://b.example/2", "https://a.example/1"),
        ("tag:a.example,2030:1", "", "tag:a.example,2030:1"),
        ("urn:uuid:1", "", "urn:uuid:1"),
        ("12345", "https://a.example/2", "gazette.example/12345"),
        ("", "https://a.example/2", "https://a.example/2"),
    ],
)
def test_an_article_is_known_by_its_guid_else_its_link(guid: str, link: str, key: str) -> None:
    assert uid(guid, link, "gazette.example") == f"feed:{key}"


def test_a_long_guid_is_known_by_its_digest() -> None:
    long = uid("https://a.example/" + "a" * 500, "", "a.example")
    assert len(long) == len("feed:") + 64
    assert long != uid("https://a.example/" + "a" * 501, "", "a.example")


@pytest.mark.parametrize(
    ("link", "clean"),
    [
        ("https://a.example/b?utm_source=rss&id=7#top", "https://a.example/b?id=7"),
        ("https://a.example/b?q=%20x", "https://a.example/b?q=%20x"),
        (" https://a.example/b ", "https://a.example/b"),
        ("javascript:alert(1)", ""),
        ("/relative", ""),
        ("http://[broken", ""),
        ("https://a.example/\x00", ""),
        ("https://a.example/" + "a" * 3_000, ""),
        ("", ""),
    ],
)
def test_links(link: str, clean: str) -> None:
    assert canonical(link) == clean


def test_domains_below_others() -> None:
    assert within("news.bbc.example", "bbc.example")
    assert not within("notbbc.example", "bbc.example")


def test_what_cannot_be_a_post() -> None:
    entry = Entry(guid="https://a.example/1", title="t")
    assert to_post(entry, FEED, NOW, "feeds").text == "t"
    with pytest.raises(BadRecord, match="a guid or a link"):
        to_post(replace(entry, guid=""), FEED, NOW, "feeds")
    with pytest.raises(BadRecord, match="a title or a summary"):
        to_post(replace(entry, title=""), FEED, NOW, "feeds")


@pytest.mark.parametrize(("written", "version"), [(rss, "rss20"), (atom, "atom10")])
def test_what_the_fake_serves_is_well_formed(written: Callable[[list[Item]], bytes], version: str) -> None:
    document = feedparser.parse(io.BytesIO(written([Item(number=1), Item(number=2, creator="AFP & others")])))
    assert (document.bozo, document.version, len(document.entries)) == (False, version, 2)


# Hostile documents

GOOD = rss([Item(number=1), Item(number=2)])


def test_broken_xml_is_read_as_far_as_it_goes() -> None:
    assert len(read(GOOD.replace(b"</description>", b"", 1))) >= 1
    assert len(read(GOOD[: GOOD.rindex(b"<item>") - 20])) == 1
    assert len(read(GOOD.replace(b"Bridge", b"Bridge & <b> \x0b ]]> &nosuch;"))) == 2
    assert len(read(b"\n\n  junk before " + GOOD)) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"<!doctype html><html><body><p>Please turn on JavaScript</p></body></html>",
        b"",
        b"   ",
        b"\x00" * 1000,
        b"{}",
        b"/etc/hostname",
        b"https://127.0.0.1/",
        b"\xff\xd8\xff\xe0 a picture",
    ],
)
def test_what_is_no_feed_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(BadRecord, match="expected RSS or Atom"):
        entries(body, FEED.url, "text/html")


def test_a_document_that_is_a_files_name_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    path.write_bytes(GOOD)
    with pytest.raises(BadRecord, match="expected RSS or Atom"):
        entries(str(path).encode(), FEED.url)


def test_entities_are_not_expanded_and_nothing_is_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    entity = f'<!DOCTYPE rss [<!ENTITY secret SYSTEM "{secret.as_uri()}">]>'
    body = GOOD.replace(b"<rss", entity.encode() + b"<rss", 1).replace(b"part 1", b"part &secret;")
    assert all("the secret" not in post.text for post in read(body))
    laughs = '<!DOCTYPE rss [<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {chr(98 + level)} "{f"&{chr(97 + level)};" * 20}">' for level in range(9)
    )
    body = GOOD.replace(b"<rss", laughs.encode() + b"]><rss", 1).replace(b"part 1", b"part &j;")
    assert all(len(post.text) < 5_000 for post in read(body))


@pytest.mark.parametrize(
    ("declared", "really"),
    [("windows-1251", "windows-1251"), ("utf-8", "windows-1251"), ("windows-1256", "windows-1256")],
)
def test_encodings_right_and_wrong(declared: str, really: str) -> None:
    text = "Мост упал" if really == "windows-1251" else "سقط الجسر"
    body = (
        f'<?xml version="1.0" encoding="{declared}"?><rss version="2.0"><channel><item><guid>https://a.example/1</guid>'
    )
    body += f"<title>{text}</title></item></channel></rss>"
    (post,) = read(body.encode(really))
    assert post.text == text if declared == really else post.text


def test_what_is_kept_of_one_is_bounded() -> None:
    post = one(title="t" * 10_000, summary="word " * 10_000, guid="https://a.example/" + "g" * 5_000)
    assert len(post.text) < 5_000
    assert len(post.uid) < 100
    assert len(entries(rss([Item(number=number) for number in range(1_500)]), FEED.url)) == 1_000


def test_marks_of_direction_and_nulls() -> None:
    post = one(title="\u202egnirts a\u202c \u200f#Velgrad")
    assert "\u202e" in post.text
    (entry,) = entries(rss([Item(number=1)]).replace(b"part 1", b"part \x00 1"), FEED.url)
    assert "\x00" not in entry.title


@pytest.mark.parametrize(
    ("reference", "read_as"),
    [
        ("&#xD83D;&#xDE00;", "\ufffd\ufffd"),  # half a character each, as some write emoji
        ("&#55357;", "\ufffd"),
        ("&#x110000;", "\ufffd"),
        ("&#" + "9" * 5_000 + ";", "\ufffd"),
        ("&#x" + "f" * 5_000 + ";", "\ufffd"),
        ("&#X1F600; &#0066;", "\U0001f600 B"),
    ],
)
def test_a_reference_to_no_character_spoils_no_other_entry(reference: str, read_as: str) -> None:
    for body in (GOOD, GOOD.replace(b"</channel>", b"")):
        titles = [entry.title for entry in entries(body.replace(b"Bridge", reference.encode(), 1), FEED.url)]
        assert len(titles) == 2
        assert titles[0].startswith(read_as)


@pytest.mark.parametrize("marked", ["utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"])
def test_the_encoding_that_the_first_bytes_tell(marked: str) -> None:
    body = GOOD.decode().replace("Bridge", "Мост").replace("utf-8", "utf-16")
    assert [entry.title for entry in entries(body.encode(marked), FEED.url)] == [
        entry.title for entry in entries(body.encode(), FEED.url, "application/xml; charset=utf-8")
    ]


def test_a_document_says_no_encoding_that_takes_the_square_of_its_length() -> None:
    tail = b"x" * 2_000_000 + b"-" + b"a" * 2_000_000
    for said, declaration in (("punycode", b""), ("", b"<?xml version='1.0' encoding='punycode'?>")):
        assert len(entries(declaration + GOOD + tail, FEED.url, f"application/rss+xml; charset={said}")) == 2


@pytest.mark.parametrize("begins", [b"<?", b"<?xml ", b"<?xml version='1.0'?>" + GOOD])
def test_an_encoding_is_looked_for_once(begins: bytes) -> None:
    with suppress(BadRecord):  # the cube of it would take days
        entries(begins + b"encoding='a' " * 40_000, FEED.url)


@given(st.binary(max_size=400))
def test_any_bytes_are_a_feed_or_refused(body: bytes) -> None:
    try:
        found = entries(body, FEED.url)
    except BadRecord:
        return
    assert all(isinstance(entry, Entry) for entry in found)


@given(
    st.builds(
        Entry,
        guid=st.text(max_size=50),
        link=st.text(max_size=50) | st.just("https://a.example/b"),
        title=st.text(max_size=50),
        summary=st.text(max_size=50),
        at=st.none() | st.floats(allow_nan=False),
        source_url=st.text(max_size=20),
        media=st.just((MediaRef(url="https://p.example/a.jpg"),)),
    )
)
def test_any_entry_is_a_post_or_refused(entry: Entry) -> None:
    try:
        post = to_post(entry, FEED, NOW, "feeds")
    except BadRecord:
        return
    assert post.text
    assert post.uid.startswith("feed:")
    assert post.created_at <= NOW + timedelta(minutes=5)
