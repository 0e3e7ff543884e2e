"""Recorded payloads of real platforms, where the data folder is there. Nothing of their content is shown.

`golden_payloads.json` holds a digest of every post they map to, for the posts themselves are of people. After a change
of a mapping that is meant, look at what differs and write it anew:

    python -m tests.ingest.test_recorded_payloads
"""

from __future__ import annotations

import gzip
import json
import sys
import tarfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

import pytest
import yaml

from config.mappings import load_mapping
from ingest.collectors.replay import Replay, ReplaySettings
from ingest.formats import mastodon
from ingest.formats.delimited import ColumnMapping
from ingest.formats.reading import EARLIEST, Part, Span
from ingest.formats.x_v1 import XV1
from ingest.formats.x_v2 import XV2
from ingest.pictures import pictures
from secondsource.contracts.clock import SystemClock
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import Counts, Post, encode
from secondsource.contracts.stage import Batch
from secondsource.contracts.watch import Watch

REPO = Path(__file__).parents[2]
DATA = REPO.parent / "shared" / "data"
SPAN = Span(EARLIEST, SystemClock().now())
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no data")


def bodies(path: Path) -> list[bytes]:
    """Response bodies of a recorded exchange, unpacked."""
    text = path.read_bytes()
    recorded: Any = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    found = []
    for exchange in recorded["interactions"]:
        content = exchange["response"]["body"]["string"]
        raw = content if isinstance(content, bytes) else str(content).encode()
        found.append(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
    return found


def ids(body: bytes, *keys: str) -> list[str]:
    data = json.loads(body)
    for key in keys:
        data = data[key]
    return [str(one.get("id_str") or one["id"]) for one in data]


def mains(parts: list[Any]) -> list[str]:
    found = []
    for part in parts:
        assert isinstance(part, Part), "a valid record was refused"
        post = part.messages[-1]
        assert isinstance(post, Post)
        found.append(post.uid.removeprefix("x:"))
    return found


@pytest.mark.parametrize(
    "name",
    [
        "test_client_get_home_timeline.yaml",
        "test_client_get_quote_tweets.yaml",
        "test_client_get_tweets.yaml",
        "test_client_search_all_tweets.yaml",
        "test_client_search_recent_tweets.yaml",
    ],
)
def test_every_post_of_a_v2_page(name: str) -> None:
    for body in bodies(DATA / "payloads" / "x_api" / name):
        assert mains(XV2("x", SPAN).parts(body)) == ids(body, "data")


def test_every_status_of_v1_answers() -> None:
    reader = XV1("replay", SPAN)
    for body in bodies(DATA / "payloads" / "x_api" / "testsearchtweets.json"):
        assert mains(reader.parts(body)) == ids(body, "statuses")
    for body in bodies(DATA / "payloads" / "x_api" / "testgetretweets.json"):
        statuses = json.loads(body)
        for status in statuses:
            assert mains(reader.parts(json.dumps(status).encode())) == [status["id_str"]]


def run(settings: ReplaySettings, shown: Path | None = None) -> list[Batch]:
    watch = Watch(name="all")
    return list(Replay(settings, [watch], SystemClock(), pictures=pictures(shown)).batches("", Event()))


def test_raw_stream_lines() -> None:
    path = DATA / "payloads" / "x_api" / "sampled_stream_v2_raw.jsonl"
    batches = run(ReplaySettings(paths=(path,), assign="all"))
    rejected = [record for batch in batches for record in batch.rejected]
    assert len(rejected) == 17
    assert all("JSON" in record.reason for record in rejected)
    valid = 0
    for line in path.read_bytes().splitlines():
        try:
            valid += bool(json.loads(line))
        except ValueError:
            continue
    assert len({post for batch in batches for post in batch.messages if isinstance(post, Post)}) >= valid == 194


def test_threads_in_v1() -> None:
    reader, kept = XV1("replay", SPAN), 0
    with tarfile.open(DATA / "rumoureval2017_train" / "raw_traindev.tar.gz") as archive:
        for entry in archive:
            folder = Path(entry.name).parent.name
            if not entry.isfile() or folder not in {"replies", "source-tweet"} or not entry.name.endswith(".json"):
                continue
            file = archive.extractfile(entry)
            assert file is not None
            try:
                kept += len(mains(reader.parts(file.read())))
            except BadRecord as error:
                pytest.fail(f"{Path(entry.name).name}: {error}")
    assert kept > 4000


def test_the_posts_of_the_verification_corpus() -> None:
    folder = DATA / "mediaeval2016_dev"
    mapping = ColumnMapping(**load_mapping(REPO / "config" / "mappings" / "mediaeval2016.yaml"))
    batches = run(ReplaySettings(paths=(folder / "posts.tsv",), format=mapping, assign="all"), folder / "images")
    found = [message for batch in batches for message in batch.messages if isinstance(message, Post)]
    assert not any(batch.rejected for batch in batches)
    rows = len((folder / "posts.tsv").read_bytes().rstrip(b"\n").split(b"\n")) - 1
    assert len({post.uid for post in found}) == len(found) == rows
    shown = {ref.url for post in found for ref in post.media if ref.url.startswith("file:")}
    assert len(shown) > 350


# --- every record, by digest -----------------------------------------------------------------------------------------

GOLDEN = Path(__file__).with_name("golden_payloads.json")
X_API, MASTODON = DATA / "payloads" / "x_api", DATA / "payloads" / "mastodon"
AN_HOUR = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@lru_cache
def mapped() -> dict[str, dict[str, list[Post]]]:
    """File → record → the posts it holds, its own last."""
    found: dict[str, dict[str, list[Post]]] = {}
    found["stream"] = {}
    lines = (X_API / "sampled_stream_v2_raw.jsonl").read_bytes().splitlines()
    for number, line in enumerate(lines, start=1):
        try:
            parts = XV2("x", SPAN).parts(line)
        except BadRecord:
            continue
        found["stream"][str(number)] = _posts(parts)
    for path in sorted(X_API.glob("*.yaml")):
        pages = [body for body in bodies(path) if b'"text"' in body]
        for page in pages:
            found[path.name] = {str(at): _posts([part]) for at, part in enumerate(XV2("x", SPAN).parts(page))}
    for path in sorted(X_API.glob("*.json")):
        for body in bodies(path):
            whole = json.loads(body)
            statuses = whole["statuses"] if isinstance(whole, dict) else whole
            found[path.name] = {
                str(at): _posts(XV1("x", SPAN).parts(json.dumps(one).encode())) for at, one in enumerate(statuses)
            }
    terms = mastodon.Terms("mastodon", AN_HOUR, domain="home.example", base_url="https://home.example")
    for path in sorted(MASTODON.glob("*.yaml")):
        statuses = [status for body in bodies(path) for status in _statuses(body)]
        told = (mastodon.to_posts(json.dumps(status).encode(), terms) for status in statuses)
        found[path.name] = {str(at): [post for _, post in each.posts] for at, each in enumerate(told)}
    return found


def _posts(parts: Sequence[Any]) -> list[Post]:
    found: list[Post] = []
    for part in parts:
        assert isinstance(part, Part), "a valid record was refused"
        found.extend(message for message in part.messages if isinstance(message, Post))
    return found


def _statuses(body: bytes) -> Iterator[dict[str, Any]]:
    """Those of an answer, wherever it holds them; an answer may be no JSON, or of something else."""
    try:
        whole = json.loads(body)
    except ValueError:
        return
    answers = whole if isinstance(whole, list) else [whole]
    if isinstance(whole, dict) and "descendants" in whole:
        answers = [*whole["ancestors"], *whole["descendants"]]
    yield from (one for one in answers if isinstance(one, dict) and {"uri", "content", "account"} <= set(one))


def digests() -> dict[str, dict[str, list[str]]]:
    return {
        file: {at: [sha256(encode(post)).hexdigest() for post in posts] for at, posts in records.items()}
        for file, records in mapped().items()
    }


def test_every_post_is_as_it_was() -> None:
    golden, now = json.loads(GOLDEN.read_text("utf-8")), digests()
    assert now.keys() == golden.keys()
    changed = [
        f"{file}:{at}"
        for file in golden
        for at in sorted({*golden[file], *now[file]})
        if golden[file].get(at) != now[file].get(at)
    ]
    assert changed == []
    assert len(golden["stream"]) == 194


class Seen(NamedTuple):
    """What a person read in a raw record: of its own post, and of the original whose words a repost carries."""

    file: str
    at: int
    characters: int
    text: str
    created_at: str
    followers: int | None
    mentions: int
    hashtags: int
    links: int
    media: str
    is_a: str
    reposts_and_likes: tuple[int, int] | None = None


READ_BY_HAND = (
    Seen("stream", 1, 16, "98b7e2638b0b94c0", "2021-04-15T00:10:46", 4509, 1, 0, 0, "", "reply"),
    Seen("stream", 2, 29, "8e73f274040f092a", "2021-04-15T00:10:46", 614, 1, 0, 0, "", "reply"),
    Seen("stream", 3, 20, "1c32e13b88816437", "2021-04-15T00:10:46", 217, 0, 0, 0, "", ""),
    Seen("stream", 6, 140, "4255069cca05a0f5", "2021-04-15T00:10:46", 90, 2, 1, 0, "", "repost"),
    Seen("stream", 9, 76, "10c87f745374f045", "2021-04-15T00:10:46", 757, 1, 0, 0, "", "repost"),
    Seen("stream", 15, 140, "31fd365bcdc994f1", "2021-04-15T00:10:46", 265, 2, 0, 1, "", "repost"),
    Seen("stream", 18, 93, "68083d59c4217d9b", "2021-04-15T00:10:46", 419, 0, 1, 0, "", ""),
    Seen("stream", 22, 43, "260c181b92c0ba45", "2021-04-15T00:10:46", 770, 2, 0, 1, "", "quote"),
    Seen("stream", 46, 258, "5453380e4f67b89b", "2021-04-15T00:10:47", 437, 1, 0, 0, "", "reply"),
    Seen("stream", 66, 39, "daa76f689fcac9c1", "2021-04-15T00:10:47", 195, 0, 0, 1, "", "quote"),
    Seen("stream", 68, 68, "abe8ef1d3df59bde", "2021-04-15T00:10:47", 33, 1, 0, 1, "", "quote reply"),
    Seen("stream", 123, 81, "e3639e03e7d69467", "2021-04-15T00:10:48", 1289, 1, 0, 0, "", "reply"),
    Seen("test_client_get_tweets.yaml", 0, 242, "9f325724700257f4", "2020-08-12T17:01:42", None, 0, 1, 0, "", ""),
    Seen("test_client_get_tweets.yaml", 1, 180, "27206d17c423920f", "2020-08-12T17:11:04", None, 0, 3, 0, "", ""),
    Seen(
        "test_client_search_recent_tweets.yaml", 0, 33, "b1b7c38c23780911", "2022-10-07T22:42:12", None, 0, 0, 0, "", ""
    ),
    Seen("test_client_get_home_timeline.yaml", 0, 82, "b3339b364cf2fec5", "2022-10-07T19:24:07", None, 0, 0, 0, "", ""),
    Seen(
        "test_client_get_home_timeline.yaml", 1, 268, "0feec016e8c25c8d", "2022-10-07T19:22:48", None, 1, 0, 0, "", ""
    ),
    Seen("testsearchtweets.json", 0, 70, "78daf0201edcd3b1", "2019-07-12T23:40:37", 176, 0, 0, 0, "", "repost", None),
    Seen("testsearchtweets.json", 4, 52, "3c3f7689c5fbe177", "2019-07-12T21:13:15", 1437, 0, 0, 0, "image", "", (0, 6)),
    Seen("testsearchtweets.json", 5, 34, "8f94ab9cbed6c097", "2019-07-12T20:44:19", 1, 0, 0, 0, "", "", (0, 0)),
    Seen("testsearchtweets.json", 6, 105, "1a1964048af391e7", "2019-07-12T15:15:01", 248, 0, 4, 1, "", "", (0, 1)),
    Seen(
        "testsearchtweets.json", 7, 129, "02abd075748cba64", "2019-07-12T13:53:34", 2864, 8, 0, 0, "", "reply", (0, 1)
    ),
    Seen("testsearchtweets.json", 8, 33, "1de8ca9f5dadba83", "2019-07-12T10:19:11", 13, 0, 0, 0, "", "", (0, 0)),
    Seen("testgetretweets.json", 0, 126, "f1b43542b15abd0f", "2014-07-09T00:08:39", 35, 1, 0, 1, "", "repost"),
)


@pytest.mark.parametrize("seen", READ_BY_HAND, ids=lambda seen: f"{seen.file}-{seen.at}")
def test_what_a_person_read_in_it(seen: Seen) -> None:
    post = mapped()[seen.file][str(seen.at)][-1]
    kinds = (("repost", post.repost_of), ("quote", post.quote_of), ("reply", post.reply_to))
    counts = post.counts or Counts()
    assert seen == Seen(
        seen.file,
        seen.at,
        len(post.text),
        sha256(post.text.encode()).hexdigest()[:16],
        f"{post.created_at:%Y-%m-%dT%H:%M:%S}",
        post.author.followers,
        len(post.mentions),
        len(post.hashtags),
        len(post.links),
        " ".join(ref.kind for ref in post.media),
        " ".join(name for name, uid in kinds if uid),
        (counts.reposts, counts.likes) if counts.reposts is not None and counts.likes is not None else None,
    )
    assert post.author.uid.removeprefix("x:").isdigit() or post.author.followers is None


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(digests(), indent=1) + "\n", "utf-8")
    sys.stdout.write(f"written {GOLDEN}\n")
