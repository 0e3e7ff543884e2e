"""What people have, as it comes: archives, folders, exports, tables of other tools; recognised, or told what to write.

Headers are those the tools write; all rows are invented.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

import pytest

from ingest.collectors.replay import Replay, ReplaySettings
from ingest.collectors.replay.reading import Took
from ingest.formats.delimited import ColumnMapping
from secondsource.app.replaying import built_in_mappings
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.messages import Counts, Post
from secondsource.contracts.stage import Rejected
from secondsource.contracts.watch import Watch
from tests.fakes.clock import ManualClock
from tests.ingest.payloads import FIRST_ID, body, v1_status, v2_line, v2_post

MAPPINGS = built_in_mappings()
AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
EPOCH = str(int(AT.timestamp()))
PLAIN = ColumnMapping(platform="f", id="id", text="text", author_id="who", created_at="when")


class Seen(NamedTuple):
    posts: list[Post]
    rejected: list[Rejected]
    took: list[Took]

    @property
    def ids(self) -> list[str]:
        return [one.uid.partition(":")[2] for one in self.posts]


def replayed(*paths: Path, **settings: Any) -> Seen:
    took: list[Took] = []
    chosen = ReplaySettings(**{"paths": paths, "assign": "all", **settings})
    clock = ManualClock()
    batches = list(Replay(chosen, [Watch(name="w")], clock, mappings=MAPPINGS, told=took.append).batches("", Event()))
    posts = [one for batch in batches for one in batch.messages if isinstance(one, Post)]
    return Seen(posts, [one for batch in batches for one in batch.rejected], took)


def table(path: Path, header: Sequence[str], *rows: Mapping[str, object], delimiter: str = ",") -> Path:
    """As a tool exports it: every column there, those not given empty."""
    written = io.StringIO()
    out = csv.DictWriter(written, header, delimiter=delimiter, lineterminator="\r\n")
    out.writeheader()
    out.writerows(rows)
    path.write_text(written.getvalue(), "utf-8-sig", newline="")
    return path


# --- tables of other tools -------------------------------------------------------------------------------------------


def columns(header: str) -> list[str]:
    return header.split(",")


FOURCAT_TWITTER = columns(
    "id,thread_id,timestamp,unix_timestamp,link,subject,body,author,author_fullname,author_id,author_followers,"
    "source,language_guess,possibly_sensitive,retweet_count,reply_count,like_count,quote_count,impression_count,"
    "is_retweet,retweeted_user,is_quote_tweet,quoted_user,is_reply,replied_user,hashtags,urls,images,videos,"
    "mentions,long_lat,place_name"
)
FOURCAT_TELEGRAM = columns(
    "id,thread_id,chat,author,author_username,author_name,author_is_bot,body,reply_to,views,timestamp,"
    "unix_timestamp,timestamp_edited,unix_timestamp_edited,author_forwarded_from_name,"
    "author_forwarded_from_username,timestamp_forwarded_from,unix_timestamp_forwarded_from,attachment_type,"
    "attachment_data,attachment_filename"
)
FOURCAT_FACEBOOK = columns(
    "id,thread_id,body,author,timestamp,unix_timestamp,page_name,page_category,page_top_country,page_description,"
    "page_created,page_likes,page_id,page_followers,page_shared_from,type,interactions,comments,shares,likes,"
    "likes_love,likes_wow,likes_haha,likes_sad,likes_angry,likes_care,views_post,views_total,"
    "views_total_crossposts,overperforming_score,video_length,video_status,video_own,url,hashtags,url_original,"
    "body_image,body_link,body_description,sponsor_id,sponsor_name,sponsor_category"
)
CROWDTANGLE_FACEBOOK = columns(
    "Page Name,User Name,Facebook Id,Page Category,Page Admin Top Country,Page Description,Page Created,"
    "Likes at Posting,Followers at Posting,Post Created,Post Created Date,Post Created Time,Type,"
    "Total Interactions,Likes,Comments,Shares,Love,Wow,Haha,Sad,Angry,Care,Video Share Status,Is Video Owner?,"
    "Post Views,Total Views,Total Views For All Crossposts,Video Length,URL,Message,Link,Final Link,Image Text,"
    "Link Text,Description,Sponsor Id,Sponsor Name,Sponsor Category,"
    "Total Interactions (weighted  —  Likes 1x Shares 1x Comments 1x Love 1x Wow 1x Haha 1x Sad 1x Angry 1x Care 1x ),"
    "Overperforming Score"
)
CROWDTANGLE_INSTAGRAM = columns(
    "Account,User Name,Followers at Posting,Post Created,Post Created Date,Post Created Time,Type,"
    "Total Interactions,Likes,Comments,Views,URL,Link,Photo,Title,Description,Image Text,Sponsor Id,Sponsor Name,"
    "Overperforming Score"
)
JUNKIPEDIA = columns(
    "id,type,published_at,url,thumbnail_url,post_uid,search_data_fields.platform_name,"
    "search_data_fields.post_title,search_data_fields.sanitized_text,search_data_fields.channel_data.channel_name"
)


def test_4cat_twitter(tmp_path: Path) -> None:
    own: dict[str, object] = {
        "id": "1", "unix_timestamp": EPOCH, "timestamp": "2026-11-20 10:00:00", "author": "mira_k", "author_id": "42",
        "author_fullname": "Mira K", "author_followers": "7", "body": "The mill\nburns #Velgrad", "is_retweet": "no",
        "retweet_count": "3", "reply_count": "2", "like_count": "9", "quote_count": "1", "impression_count": "120",
        "language_guess": "und", "hashtags": "Velgrad,Mill", "mentions": "ida", "link": "https://twitter.com/mira_k/status/1",
        "urls": "https://v.example/a", "images": "https://p.example/1.jpg,https://p.example/2.jpg",
        "videos": "https://p.example/v.mp4",
    }  # fmt: skip
    passed_on = {
        **own,
        "id": "2",
        "body": "RT @mira_k: The mill",
        "is_retweet": "yes",
        "author_id": "43",
        "author": "b",
    }
    seen = replayed(table(tmp_path / "4cat.csv", FOURCAT_TWITTER, own, passed_on))
    assert seen.took[0].why == "its first row has the columns of the mapping 4cat-twitter"
    got, copy = seen.posts
    assert (got.uid, got.author.uid, got.author.handle, got.author.followers) == ("x:1", "x:42", "mira_k", 7)
    assert (got.text, got.created_at, got.lang_hint) == ("The mill\nburns #Velgrad", AT, "")
    assert (got.hashtags, got.mentions, got.links) == (("Velgrad", "Mill"), ("ida",), ("https://v.example/a",))
    assert [(ref.url[-5:], ref.kind) for ref in got.media] == [
        ("1.jpg", "image"),
        ("2.jpg", "image"),
        ("v.mp4", "video"),
    ]
    assert got.counts == Counts(reposts=3, quotes=1, replies=2, likes=9, views=120)
    assert copy.counts is None, "a retweet's counts are the original's"


def test_4cat_telegram(tmp_path: Path) -> None:
    row = {
        "id": "12", "chat": "velgrad_news", "author": "77", "author_username": "velgrad_news", "author_name": "News",
        "body": "Smoke", "reply_to": "11", "views": "900", "unix_timestamp": EPOCH,
        "attachment_filename": "velgrad_news-12.jpeg",
    }  # fmt: skip
    (got,) = replayed(table(tmp_path / "t.csv", FOURCAT_TELEGRAM, row)).posts
    assert (got.uid, got.reply_to) == ("telegram:velgrad_news/12", "telegram:velgrad_news/11")
    assert got.counts == Counts(views=900)
    assert got.media[0].url == "replay-media:velgrad_news-12.jpeg"


def test_4cat_facebook(tmp_path: Path) -> None:
    row = {
        "id": "9", "page_id": "500", "author": "velgrad.today", "page_name": "Velgrad today", "unix_timestamp": EPOCH,
        "body": "Smoke", "body_link": "The mill burns", "shares": "4", "comments": "5", "likes": "10", "likes_sad": "2",
        "views_post": "0", "url": "https://f.example/9", "url_original": "https://v.example/a",
    }  # fmt: skip
    (got,) = replayed(table(tmp_path / "f.csv", FOURCAT_FACEBOOK, row)).posts
    assert (got.uid, got.author.name, got.text) == ("facebook:500/9", "Velgrad today", "Smoke\n\nThe mill burns")
    assert got.counts == Counts(reposts=4, replies=5, likes=12, views=0)


@pytest.mark.parametrize(("written", "hour"), [("06:00:00 EDT", 10), ("06:00:00 EST", 11), ("11:00:00 CET", 10)])
def test_crowdtangle_facebook(tmp_path: Path, written: str, hour: int) -> None:
    row = {
        "Page Name": "Velgrad today", "User Name": "velgrad.today", "Facebook Id": "500",
        "Followers at Posting": "1,203",
        "Post Created": f"2026-11-20 {written}", "Likes": "1,010", "Angry": "3", "Comments": "5", "Shares": "4",
        "Post Views": "0", "URL": "https://f.example/500/posts/9", "Message": "Smoke", "Link": "https://v.example/a",
        "Final Link": "https://w.example/b", "Total Interactions": "1,022",
    }  # fmt: skip
    seen = replayed(table(tmp_path / "c.csv", CROWDTANGLE_FACEBOOK, row))
    assert "crowdtangle-facebook" in seen.took[0].why
    (got,) = seen.posts
    assert got.uid == "facebook:https://f.example/500/posts/9"
    assert (got.author.uid, got.author.followers) == ("facebook:500", 1203)
    assert (got.created_at.hour, got.created_at.tzinfo) == (hour, UTC)
    assert got.counts == Counts(reposts=4, replies=5, likes=1013, views=0)
    assert got.links == ("https://v.example/a", "https://w.example/b")


def test_a_zone_nobody_named_is_refused(tmp_path: Path) -> None:
    row = {"Facebook Id": "500", "Post Created": "2026-11-20 06:00:00 AEDT", "URL": "https://f.example/9"}
    (rejected,) = replayed(table(tmp_path / "c.csv", CROWDTANGLE_FACEBOOK, row)).rejected
    assert rejected.source == "c.csv:2"
    assert "AEDT" in rejected.reason


def test_crowdtangle_groups_have_no_page_name(tmp_path: Path) -> None:
    header = ["Group Name", *CROWDTANGLE_FACEBOOK[1:]]
    row = {"Facebook Id": "5", "Post Created": "2026-11-20 06:00:00 EDT", "URL": "https://f.example/1", "Message": "m"}
    assert len(replayed(table(tmp_path / "g.csv", header, row)).posts) == 1


def test_crowdtangle_instagram(tmp_path: Path) -> None:
    row = {
        "Account": "Velgrad", "User Name": "velgrad", "Post Created": "2026-11-20 05:00:00 EST", "Likes": "8",
        "Comments": "1", "URL": "https://i.example/p/1/", "Photo": "https://i.example/1.jpg", "Description": "Smoke",
    }  # fmt: skip
    (got,) = replayed(table(tmp_path / "i.csv", CROWDTANGLE_INSTAGRAM, row)).posts
    assert (got.author.uid, got.text, got.created_at) == ("instagram:velgrad", "Smoke", AT)
    assert got.media[0].url == "https://i.example/1.jpg"


def test_junkipedia_style(tmp_path: Path) -> None:
    row = {
        "id": "31", "published_at": "2026-11-20T10:00:00.000Z", "url": "https://x.example/1",
        "search_data_fields.sanitized_text": "Smoke", "search_data_fields.channel_data.channel_name": "Velgrad",
    }  # fmt: skip
    (got,) = replayed(table(tmp_path / "j.csv", JUNKIPEDIA, row)).posts
    assert (got.uid, got.text, got.created_at) == ("junkipedia:31", "Smoke", AT)


# --- tables as spreadsheets leave them -------------------------------------------------------------------------------


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


ROWS = "id,text,who,when\n1,Rauch über der Mühle,a,2026-11-20T10:00:00Z\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_marks_of_encodings_are_followed(tmp_path: Path, encoding: str) -> None:
    seen = replayed(write(tmp_path / "a.csv", ROWS, encoding), format=PLAIN)
    assert [one.text for one in seen.posts] == ["Rauch über der Mühle"]
    assert seen.took[0].notes == (("UTF-16, read as such by its mark",) if encoding == "utf-16" else ())


def test_latin_1_is_told_and_can_be_said(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", ROWS, "cp1252")
    (rejected,) = replayed(path, format=PLAIN).rejected
    assert "Windows-1252, write `encoding: cp1252` in its mapping" in rejected.reason
    (got,) = replayed(path, format=replace(PLAIN, encoding="cp1252")).posts
    assert got.text == "Rauch über der Mühle"


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_another_delimiter_is_taken_only_with_a_word_about_it(tmp_path: Path, delimiter: str) -> None:
    path = write(tmp_path / "a.csv", ROWS.replace(",", delimiter))
    seen = replayed(path, format=PLAIN)
    assert seen.ids == ["1"]
    assert "not by ','" in seen.took[0].notes[0]
    again = Replay(ReplaySettings(paths=(path,), format=PLAIN, assign="all"), [Watch(name="w")], ManualClock())
    assert len(again.remap(path.read_bytes().splitlines()[1])) == 1


def test_rows_as_they_should_not_be(tmp_path: Path) -> None:
    lines = [
        "id,text,who,when",
        '1,"two\r\nlines, ""so""",a,2026-11-20T10:00:00Z',
        "2,ragged,a",
        "3,ragged,a,2026-11-20T10:00:01Z,more",
        "4,nul\x00here,a,2026-11-20T10:00:02Z",
        "5,=HYPERLINK(1),a,2026-11-20T10:00:03Z",
        "6,@SUM(1+1)|cmd,a,2026-11-20T10:00:04Z",
        f"7,{'x' * 200_000},a,2026-11-20T10:00:05Z",
        f'8,"{"y" * 200_000}",a,2026-11-20T10:00:05Z',
        "9,last,a,2026-11-20T10:00:06Z",
    ]
    seen = replayed(write(tmp_path / "a.csv", "\n".join(lines)), format=PLAIN)
    assert [one.text for one in seen.posts] == [
        'two\r\nlines, "so"',
        "nul\ufffdhere",
        "=HYPERLINK(1)",
        "@SUM(1+1)|cmd",
        "last",
    ]
    told = [(one.source, one.reason.split(":")[0]) for one in seen.rejected]
    too_long = "a cell is longer than 131,072 characters, which no post is"
    assert told == [
        ("a.csv:4", "expected 4 columns, came 3"),
        ("a.csv:5", "expected 4 columns, came 5"),
        ("a.csv:9", too_long),
        ("a.csv:10", too_long),
    ]


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_cell_without_end_costs_its_row_only(tmp_path: Path, quote: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a cell of 100 MB does, in small."""
    monkeypatch.setattr("ingest.collectors.replay.records.MAX_RECORD", 1000)
    cell = quote + "x" * 50_000 + quote
    rows = (
        f"id,text,who,when\n1,a,a,2026-11-20T10:00:00Z\n2,{cell},a,2026-11-20T10:00:01Z\n3,b,a,2026-11-20T10:00:02Z\n"
    )
    seen = replayed(write(tmp_path / "a.csv", rows), format=PLAIN)
    assert seen.ids == ["1", "3"]
    assert [one.source for one in seen.rejected] == ["a.csv:3"]
    assert "longer than 16 MiB" in seen.rejected[0].reason


def test_a_header_over_two_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'id,text,"who\nwrote",when\n1,t,a,2026-11-20T10:00:00Z\nbroken\n')
    seen = replayed(path, format=replace(PLAIN, author_id="who\nwrote"))
    assert seen.ids == ["1"]
    assert seen.rejected[0].source == "a.csv:4"


# --- X, in all its wrappings -----------------------------------------------------------------------------------------


def archive(path: Path, members: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return path


@pytest.mark.parametrize("how", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_that_is_damaged_inside_says_so(tmp_path: Path, how: int) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", how) as packed:
        packed.writestr("lines.jsonl", body(v1_status(1)) * 50)
        end = packed.infolist()[0].compress_size
    content = path.read_bytes()
    path.write_bytes(content[:45] + b"\xff" * (end - 10) + content[35 + end :])
    with pytest.raises(BadConfiguration, match=r"a\.zip: (this zip archive is broken|expected a readable file)"):
        replayed(path)


def test_each_wrapping_gives_the_same_posts(tmp_path: Path) -> None:
    statuses = [v1_status(number) for number in range(3)]
    lines = b"\n".join(map(body, statuses))
    forms: dict[str, bytes] = {
        "lines.jsonl": lines,
        "array.json": body(statuses),
        "printed.json": json.dumps(statuses, indent=2).encode(),
        "page.json": body({"statuses": statuses}),
        "lines.jsonl.gz": gzip.compress(lines),
    }
    wanted = None
    for name, content in forms.items():
        (tmp_path / name).write_bytes(content)
        posts = replayed(tmp_path / name).posts
        wanted = wanted or posts
        assert posts == wanted, name
    assert len(wanted or ()) == 3
    assert (
        replayed(archive(tmp_path / "a.zip", {"deep/lines.jsonl": lines, "__MACOSX/._x.json": b"\0"})).posts == wanted
    )
    one_each = {f"{status['id_str']}.json": json.dumps(status, indent=1).encode() for status in statuses}
    assert replayed(archive(tmp_path / "many.zip", one_each)).posts == wanted
    folder = tmp_path / "folder" / "2026-11-20"
    folder.mkdir(parents=True)
    for name, content in one_each.items():
        (folder / name).write_bytes(content)
    (folder / "readme.md").write_text("notes")
    (folder / "zz-broken.json").write_bytes(b'{"id_str": "1",\n "text": ')
    seen = replayed(tmp_path / "folder")
    assert seen.posts == wanted
    assert [one.source for one in seen.rejected] == ["folder/2026-11-20/zz-broken.json:1"]
    assert seen.took[0].notes == ("4 files of one object each",)


def test_pages_of_v2_in_a_folder(tmp_path: Path) -> None:
    for number in range(3):
        page = {"data": [v2_post(number)], "includes": {"users": [{"id": "42", "username": "mira_k"}]}, "meta": {}}
        (tmp_path / f"page-{number}.json").write_bytes(body(page))
    assert [one.author.handle for one in replayed(tmp_path).posts] == ["mira_k"] * 3


def test_ones_own_archive(tmp_path: Path) -> None:
    tweet = {key: value for key, value in v1_status(1).items() if key not in {"user", "text"}}
    tweets = [
        {"tweet": {**tweet, "full_text": "The mill #Velgrad", "favorite_count": "3", "retweet_count": "1"}},
        {"tweet": {**tweet, "id_str": str(FIRST_ID + 2), "full_text": "x", "created_at": "whenever"}},
    ]
    account = [{"account": {"accountId": "42", "username": "mira_k", "accountDisplayName": "Mira K", "email": "x"}}]
    members = {
        "data/tweets.js": b"window.YTD.tweets.part0 = " + json.dumps(tweets, indent=2).encode(),
        "data/account.js": b"window.YTD.account.part0 = " + body(account),
        "data/direct-messages.js": b"window.YTD.direct_messages.part0 = [ {} ]",
        "data/like.js": b"window.YTD.like.part0 = [ {} ]",
    }
    folder = tmp_path / "unpacked"
    for name, content in members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    for path in (archive(tmp_path / "twitter.zip", members), folder, folder / "data" / "tweets.js"):
        seen = replayed(path)
        (got,) = seen.posts
        assert (got.text, got.author.uid, got.author.handle) == ("The mill #Velgrad", "x:42", "mira_k")
        assert got.counts == Counts(reposts=1, likes=3)
        assert seen.rejected[0].source.endswith("tweets.js:post 2")
        assert "expected a time like" in seen.rejected[0].reason
    (folder / "data" / "account.js").unlink()
    assert "have no author" in replayed(folder).took[0].notes[0]


def test_posts_of_v2_with_their_author_inside(tmp_path: Path) -> None:
    line = v2_line(1, attachments={"media_keys": ["3_1"]}, public_metrics={"retweet_count": 2, "like_count": 3})
    photo = {"media_key": "3_1", "type": "photo", "url": "https://p.example/1.jpg"}
    user = line["includes"]["users"][0]
    flat = {**line["data"], "author_user": user, "attachments": {"media_keys": [photo]}}
    twarc = {**line["data"], "id": str(FIRST_ID + 2), "author": user, "attachments": {"media": [photo]}}
    copy = {
        **v2_post(3),
        "author_user": {"id": "43", "username": "b"},
        "author_id": "43",
        "referenced_tweets": [{"type": "retweeted", **flat}],
    }
    path = tmp_path / "4cat.ndjson"
    path.write_bytes(b"\n".join(map(body, [flat, twarc, copy, {"author_id": "4", "text": "x", "id": "y"}])))
    seen = replayed(path)
    assert seen.took[0].format == "x-flat"
    assert [one.author.handle for one in seen.posts] == ["mira_k", "mira_k", "mira_k", "b"]
    assert [one.media[0].url for one in seen.posts[:2]] == ["https://p.example/1.jpg"] * 2
    assert seen.posts[0].counts == Counts(reposts=2, likes=3)
    assert seen.posts[3].repost_of == seen.posts[2].uid == f"x:{FIRST_ID + 1}"
    assert seen.posts[3].text == seen.posts[2].text
    assert len(seen.rejected) == 1


# --- what nobody can tell --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.txt", b"dear diary\n"),
        ("other.csv", b"a,b,c\n1,2,3\n"),
        ("reddit.jsonl", b'{"subreddit":"velgrad","title":"x"}\n' * 30),
        ("page.html", b"<html></html>"),
    ],
)
def test_an_unknown_file_is_refused_with_what_to_write(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadConfiguration) as raised:
        replayed(tmp_path / name)
    said = str(raised.value)
    for word in (name, "--format own", "--format telegram", "--mapping NAME", "4cat-twitter", "docs/import.md"):
        assert word in said


def test_folders_and_archives_that_hold_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadConfiguration, match="holds no file"):
        replayed(tmp_path / "empty")


def test_an_archive_that_is_broken(tmp_path: Path) -> None:
    whole = archive(tmp_path / "whole.zip", {"a.jsonl": body(v1_status(1)) * 9}).read_bytes()
    (tmp_path / "within.zip").write_bytes(whole[:40] + b"\0" * 20 + whole[60:])
    with pytest.raises(BadConfiguration, match=r"within\.zip: this zip archive is broken where it holds a\.jsonl: "):
        replayed(tmp_path / "within.zip")
    (tmp_path / "cut.zip").write_bytes(whole[:-30])
    with pytest.raises(BadConfiguration, match=r"cut\.zip: this zip archive is broken or cut off"):
        replayed(tmp_path / "cut.zip")


def test_an_archive_that_would_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.collectors.replay.records.MOST_UNPACKED", 1000)
    (tmp_path / "bomb.jsonl.gz").write_bytes(gzip.compress(b" " * 100_000))
    for path in (archive(tmp_path / "bomb.zip", {"a.jsonl": b" " * 100_000}), tmp_path / "bomb.jsonl.gz"):
        with pytest.raises(BadConfiguration, match="unpack what you need yourself"):
            replayed(path)


def test_a_folder_that_changed_is_not_taken_up(tmp_path: Path) -> None:
    (tmp_path / "1.json").write_bytes(body(v1_status(1)))
    settings = ReplaySettings(paths=(tmp_path,), assign="all", batch_size=1)
    first = next(Replay(settings, [Watch(name="w")], ManualClock()).batches("", Event()))
    (tmp_path / "2.json").write_bytes(body(v1_status(2)))
    with pytest.raises(BadConfiguration, match="has changed"):
        list(Replay(settings, [Watch(name="w")], ManualClock()).batches(first.cursor, Event()))
