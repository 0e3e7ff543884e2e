from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256

import pytest

from enrich.annotators.media import FetchingOff, MediaAnnotator, MediaLimits
from enrich.fetch import Fetched, Fetcher, FetchLimits
from secondsource.contracts.messages import MediaRef, Picture
from tests.enrich.makers import post, saved, scene
from tests.enrich.test_pictures import giant_png
from tests.fakes.clock import ManualClock
from tests.fakes.web import answer, fake_web

JPEG = saved(scene())
URL = "http://pictures.example/a.jpg"


class FakeFetcher:
    """Answers from a dictionary and counts what it was asked."""

    def __init__(self, answers: Mapping[str, Fetched]) -> None:
        self.answers = dict(answers)
        self.asked: Counter[str] = Counter()
        self._guard = threading.Lock()

    def fetch(self, url: str) -> Fetched:
        with self._guard:
            self.asked[url] += 1
        return self.answers.get(url, Fetched("unavailable", reason="HTTP 404"))


@contextmanager
def annotator(fetcher: FakeFetcher, clock: ManualClock | None = None, **limits: int) -> Iterator[MediaAnnotator]:
    running = MediaAnnotator(fetcher, clock or ManualClock(), MediaLimits(**limits))
    try:
        yield running
    finally:
        running.close()


def pictures(running: MediaAnnotator, *refs: MediaRef) -> tuple[Picture, ...]:
    return running.annotate([post(media=refs)], {})[0]


def test_a_picture_is_known_by_its_bytes_and_fingerprint() -> None:
    with annotator(FakeFetcher({URL: Fetched("fetched", JPEG)})) as running:
        (picture,) = pictures(running, MediaRef(url=URL))
    assert picture.id == sha256(JPEG).hexdigest()
    assert (picture.state, picture.url, picture.width, picture.height) == ("fingerprinted", URL, 640, 480)
    assert len(picture.pdq) == 64
    assert picture.quality >= 50


def test_a_picture_of_many_posts_is_fetched_once() -> None:
    fetcher = FakeFetcher({URL: Fetched("fetched", JPEG)})
    with annotator(fetcher) as running:
        many = [post(uid=f"x:{number}", media=(MediaRef(url=URL),)) for number in range(1_786)]
        found = running.annotate(many, {}) + running.annotate(many, {})
    assert fetcher.asked == {URL: 1}
    assert len({picture.id for (picture,) in found}) == 1


def test_one_that_fails_leaves_the_others_and_the_order() -> None:
    fetcher = FakeFetcher({URL: Fetched("fetched", JPEG), "http://b/": Fetched("refused", reason="no")})
    with annotator(fetcher) as running:
        found = pictures(running, MediaRef(url="http://gone/"), MediaRef(url=URL), MediaRef(url="http://b/"))
    assert [(picture.state, picture.reason) for picture in found] == [
        ("unavailable", "HTTP 404"),
        ("fingerprinted", ""),
        ("refused", "no"),
    ]
    assert found[0].id == sha256(b"http://gone/").hexdigest()


def test_what_was_unavailable_is_asked_again_later_and_not_before() -> None:
    fetcher, clock = FakeFetcher({}), ManualClock()
    with annotator(fetcher, clock) as running:
        assert pictures(running, MediaRef(url=URL))[0].state == "unavailable"
        clock.advance(500)
        assert pictures(running, MediaRef(url=URL))[0].state == "unavailable"
        fetcher.answers[URL] = Fetched("fetched", JPEG)
        clock.advance(101)
        assert pictures(running, MediaRef(url=URL))[0].state == "fingerprinted"
    assert fetcher.asked[URL] == 2


def test_videos_are_known_by_their_preview_or_not_yet() -> None:
    fetcher = FakeFetcher({"http://v/preview.jpg?name=small": Fetched("fetched", JPEG)})
    with annotator(fetcher) as running:
        preview, video, gif = pictures(
            running,
            MediaRef(url="http://v/preview.jpg?name=small", kind="video"),
            MediaRef(url="http://v/clip.mp4", kind="video"),
            MediaRef(url="http://v/clip.mp4", kind="gif"),
        )
    assert (preview.state, preview.kind) == ("fingerprinted", "video")
    assert (video.state, video.reason) == ("unavailable", "video not fingerprinted yet")
    assert (gif.state, gif.kind) == ("unavailable", "gif")
    assert list(fetcher.asked) == ["http://v/preview.jpg?name=small"]


def test_fetching_can_be_turned_off() -> None:
    running = MediaAnnotator(FetchingOff(), ManualClock())
    assert pictures(running, MediaRef(url=URL))[0].reason == "fetching of pictures is turned off"
    running.close()


def test_bounds_hold_in_memory() -> None:
    with annotator(FakeFetcher({}), remembered=10) as running:
        for number in range(100):
            pictures(running, MediaRef(url=f"http://gone/{number}"))
        assert len(running._failed) <= 10


@pytest.mark.parametrize(
    ("body", "state", "reason"),
    [
        (b"<!doctype html><p>sign in</p>", "refused", "web page"),
        (b"", "refused", "0 bytes"),
        (JPEG[: len(JPEG) // 3], "refused", "damaged"),
        (giant_png(50_000, 50_000), "refused", "pixels"),
        (saved(scene(), "GIF", save_all=True, append_images=[scene(seed=8)]), "fingerprinted", ""),
        (saved(scene().convert("CMYK")), "fingerprinted", ""),
        (b"\0\0\0\x18ftypisom" + b"\0" * 64, "unavailable", "video"),
    ],
)
def test_bad_pictures_over_the_wire(body: bytes, state: str, reason: str) -> None:
    with fake_web() as web:
        web.on("/a.jpg", answer(body, headers={"Content-Type": "image/jpeg"}))
        clock, network = ManualClock(), web.network()
        fetcher = Fetcher(clock, FetchLimits(), resolver=network.resolver, connector=network.connector)
        running = MediaAnnotator(fetcher, clock)
        (picture,) = pictures(running, MediaRef(url=URL))
        running.close()
    assert picture.state == state
    assert reason in picture.reason
