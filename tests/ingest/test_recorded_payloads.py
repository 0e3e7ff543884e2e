"""Recorded payloads of the real platform, where the data folder is there. Nothing of their content is shown."""

from __future__ import annotations

import gzip
import json
import tarfile
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import yaml

from config.mappings import load_mapping
from ingest.collectors.replay import Replay, ReplaySettings
from ingest.formats.delimited import ColumnMapping
from ingest.formats.reading import EARLIEST, Part, Span
from ingest.formats.x_v1 import XV1
from ingest.formats.x_v2 import XV2
from ingest.pictures import pictures
from secondsource.contracts.clock import SystemClock
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import Post
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
