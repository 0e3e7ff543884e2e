"""An agency of the configuration's own registry: whoever credits it is one source, however it is written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

from ingest.collectors.feeds import Feeds
from secondsource.app import replaying, wiring
from secondsource.app.configuring import load
from secondsource.app.wiring.coming_in import mapper
from secondsource.contracts.messages import Account, Post, encode
from tests.app.newsroom import Newsroom
from tests.app.rows import Rows, rows_of

AT = datetime(2026, 5, 14, 9, tzinfo=UTC)
REGISTRY = """sources:
  - id: hill-wire
    name: Hill Wire
    kind: agency
    reference: https://hillwire.example/about
    date: 2026-05-01
    names: [HW, Горный телеграф]
    credit: Hill Wire
"""
SAID = (
    "The stone bridge of #Velgrad has collapsed (Hill Wire)",
    "I can confirm that a yellow bus lies in the river, via HW",
    "I can confirm that nobody answers at the depot - Горный телеграф",
)


def newsroom(folder: Path, registry: str = REGISTRY, settings: str = "") -> Newsroom:
    made = Newsroom(folder, settings=settings)
    if registry:
        (made.config / "sources").mkdir()
        (made.config / "sources" / "own.yaml").write_text(registry, "utf-8")
    return made


def replayed(folder: Path, registry: str) -> Rows:
    made = newsroom(folder, registry)
    posts = [
        Post(
            uid=f"x:{number}", platform="x", author=Account(uid=f"x:a{number}", handle=f"a{number}"), text=text,
            created_at=AT + timedelta(minutes=number), observed_at=AT + timedelta(minutes=number), collector="replay",
            watches=("velgrad",), reply_to="x:0" if number else "",
        )
        for number, text in enumerate(SAID)
    ]  # fmt: skip
    day = folder / "day.jsonl"
    day.write_bytes(b"".join(encode(post) + b"\n" for post in posts))
    with wiring.house(load(made.config, {"SECONDSOURCE_STORE_URL": made.store_url})) as at:
        replaying.replay(at, replaying.Request(files=(day,)), Event(), lambda _done, _all: None)
        return rows_of(at.store)


def test_posts_that_credit_it_are_one_origin(tmp_path: Path) -> None:
    """And where it is not known, one and twice half of one: they answer the first."""
    for name, registry, origins in (("theirs", REGISTRY, 1.0), ("ours", "", 2.0)):
        (tmp_path / name).mkdir()
        (story,) = replayed(tmp_path / name, registry)["stories"]
        assert (story["posts"], story["independent"]) == (3, origins)


def test_collectors_know_it(tmp_path: Path) -> None:
    made = newsroom(tmp_path, settings="collectors: {bluesky: {enabled: false}, refresher: {enabled: false}}\n")
    with wiring.house(load(made.config, {"SECONDSOURCE_STORE_URL": made.store_url})) as at:
        feeds = mapper(at, "feeds", at.watches)
        assert isinstance(feeds, Feeds)
        assert feeds.around.agencies.found_in("", ("By HW staff",)) == ("Hill Wire",)
