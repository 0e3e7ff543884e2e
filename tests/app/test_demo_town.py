"""The demo's invented day: the same for a seed, of the size promised, and with all that it is to show in it."""

from __future__ import annotations

from itertools import combinations, pairwise
from pathlib import Path

import pytest

from config.cues import load_cues
from config.loader import BUILT_IN
from enrich.annotators import StanceAnnotator
from enrich.media.pictures import Fingerprint, fingerprint
from ingest.matching import Matcher
from secondsource.app.demo.town import Town, write_town
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import Engagement, Message, Post, Takedown, decode


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return write_town(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def messages(town: Town) -> list[Message]:
    return [decode(line) for line in town.posts.read_bytes().splitlines()[: town.messages]]


@pytest.fixture(scope="module")
def posts(messages: list[Message]) -> dict[str, Post]:
    return {message.uid: message for message in messages if isinstance(message, Post)}


def _observed(message: Message) -> float:
    assert isinstance(message, Post | Engagement | Takedown)
    return message.observed_at.timestamp()


def test_the_same_seed_gives_the_same_day(tmp_path: Path) -> None:
    first, second = write_town(tmp_path / "a"), write_town(tmp_path / "b")
    one, two = first.posts.read_bytes(), second.posts.read_bytes()
    assert one.replace(b"/a/pictures/", b"/b/pictures/") == two
    for path in sorted(first.pictures.iterdir()):
        assert path.read_bytes() == (second.pictures / path.name).read_bytes()


def test_another_seed_gives_another_day(town: Town, tmp_path: Path) -> None:
    assert write_town(tmp_path, seed=8).posts.read_bytes() != town.posts.read_bytes()


def test_it_can_be_written_over_an_earlier_one(tmp_path: Path) -> None:
    before = write_town(tmp_path).posts.read_bytes()
    assert write_town(tmp_path).posts.read_bytes() == before


def test_it_is_in_the_order_of_event_time(messages: list[Message]) -> None:
    assert all(_observed(one) <= _observed(next_) for one, next_ in pairwise(messages))


def test_its_size_is_that_of_a_demo(posts: dict[str, Post], messages: list[Message]) -> None:
    assert 800 <= len(posts) <= 1500
    assert sum(isinstance(message, Engagement) for message in messages) > 10
    assert sum(isinstance(message, Takedown) for message in messages) > 1


def test_the_bad_lines_are_bad(town: Town) -> None:
    bad = town.posts.read_bytes().splitlines()[town.messages :]
    assert len(bad) == town.malformed == 5
    for line in bad:
        with pytest.raises(BadRecord):
            decode(line)


def test_nobody_posts_before_they_joined_nor_repeats_what_is_not_there(posts: dict[str, Post]) -> None:
    for post in posts.values():
        assert post.author.created_at is not None
        assert post.author.created_at < post.created_at <= post.observed_at
        for other in filter(None, (post.repost_of, post.quote_of, post.reply_to)):
            assert posts[other].created_at <= post.created_at


def test_the_watch_takes_every_post(town: Town, posts: dict[str, Post]) -> None:
    matcher = Matcher([town.watch])
    for post in posts.values():
        quoted = posts[post.quote_of or post.reply_to].text if post.quote_of or post.reply_to else ""
        assert matcher.watches(post, quoted) == ("velgrad",)
        assert post.watches == ("velgrad",)


def test_its_configuration_works(town: Town) -> None:
    configuration = town.configuration({})
    assert configuration.watches == (town.watch,)
    assert [root.resolve() for root in configuration.deployment.enrich.media.roots] == [town.pictures.resolve()]


def test_pictures_can_be_fingerprinted_and_told_apart(town: Town) -> None:
    hashes: dict[str, int] = {}
    for path in town.pictures.iterdir():
        found = fingerprint(path.read_bytes(), max_pixels=10**8)
        assert isinstance(found, Fingerprint)
        assert found.quality >= 50
        hashes[path.stem] = int(found.pdq, 16)
    bridge = {"karst-bridge", "bridge-again", "bridge-brighter", "bridge-checked"}
    assert bridge < set(hashes)
    for one, other in combinations(sorted(hashes), 2):
        distance = (hashes[one] ^ hashes[other]).bit_count()
        assert (distance <= 31) == ({one, other} <= bridge), (one, other, distance)


def test_every_picture_named_is_there(town: Town, posts: dict[str, Post]) -> None:
    there = {path.resolve().as_uri() for path in town.pictures.iterdir()}
    assert {media.url for post in posts.values() for media in post.media} <= there


def test_the_picture_lived_before(town: Town, posts: dict[str, Post]) -> None:
    earlier, claim = posts[town.uids["earlier"]], posts[town.uids["claim"]]
    assert earlier.created_at.date().isoformat() == "2014-03-02"
    assert claim.created_at.year == 2026
    assert "Karst Bridge" in earlier.text
    assert earlier.author != claim.author
    assert earlier.media != claim.media


@pytest.mark.parametrize(
    ("who", "stance"),
    [
        *(
            (who, "asserts")
            for who in ("earlier", "claim", "crane", "crane-radio", "crane-ferry", "tram", "tram-confirmed")
        ),
        ("debunk", "denies"),
    ],
)
def test_how_they_take_what_they_speak_of(who: str, stance: str, town: Town, posts: dict[str, Post]) -> None:
    (found,) = StanceAnnotator(load_cues(BUILT_IN / "cues")).annotate([posts[town.uids[who]]], {})
    assert found.label == stance


def test_some_of_it_is_hostile(posts: dict[str, Post]) -> None:
    everything = "\n".join(post.text for post in posts.values())
    for harm in ("<script>", "\x1b[2J", "<!channel>", "\u202e"):
        assert harm in everything


def test_it_speaks_several_languages(posts: dict[str, Post]) -> None:
    everything = "\n".join(post.text for post in posts.values())
    assert "فيلغراد" in everything
    assert "panadería" in everything
