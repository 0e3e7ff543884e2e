"""Pictures of posts: each fetched once, in bounded time and memory, and no failure spoils the others."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from enrich.annotators.media import FetchingOff, MediaAnnotator, MediaLimits
from enrich.media.fetch import Fetched, Fetcher, FetchLimits
from enrich.media.pictures import Decoded, Frame
from secondsource.contracts.errors import SourceAway
from secondsource.contracts.messages import Claims, MediaRef, Picture, frame_id
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
        (saved(scene().convert("CMYK")), "fingerprinted", ""),
        *((saved(scene(), kind), "fingerprinted", "") for kind in ("PNG", "GIF", "WEBP")),  # all by the name of a JPEG
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


class Kept:
    """Keeps in memory; away while told so."""

    def __init__(self) -> None:
        self.thumbnails: dict[str, bytes] = {}
        self.originals: dict[str, bytes] = {}
        self.away = False

    def wants_thumbnail(self, picture: str) -> bool:
        if self.away:
            raise SourceAway("the bucket does not answer")
        return picture not in self.thumbnails

    def add_thumbnail(self, picture: str, body: bytes) -> None:
        self.thumbnails[picture] = body

    def add_original(self, picture: str, body: bytes) -> None:
        self.originals[picture] = body


MOVING = saved(
    scene(160, 120), "GIF", save_all=True, append_images=[scene(160, 120, seed=seed) for seed in (8, 9)], duration=500
)
GIF = "http://pictures.example/moving.gif"


def test_each_scene_of_an_animation_is_a_picture_that_says_of_which_file_and_when() -> None:
    fetcher = FakeFetcher({GIF: Fetched("fetched", MOVING), URL: Fetched("fetched", JPEG)})
    with annotator(fetcher) as running:
        first, still, *later = pictures(running, MediaRef(url=GIF, kind="gif"), MediaRef(url=URL))
    file = sha256(MOVING).hexdigest()
    assert (first.id, first.frame, first.of, first.kind) == (file, 0, "", "gif")
    assert (still.id, still.url) == (sha256(JPEG).hexdigest(), URL)
    assert [(one.of, one.frame, one.at_seconds, one.kind) for one in later] == [
        (file, 1, 0.5, "gif"),
        (file, 2, 1.0, "gif"),
    ]
    assert [one.id for one in later] == [frame_id(file, 1), frame_id(file, 2)]
    assert len({one.pdq for one in (first, *later)}) == 3
    assert {one.url for one in later} == {GIF}


def test_a_remembered_picture_that_left_with_its_last_post_is_kept_again() -> None:
    kept, clock = Kept(), ManualClock()
    elsewhere = "http://pictures.example/the-same.jpg"
    fetcher = FakeFetcher({URL: Fetched("fetched", JPEG), elsewhere: Fetched("fetched", JPEG)})
    running = MediaAnnotator(fetcher, clock, kept=kept)
    (picture,) = pictures(running, MediaRef(url=URL))
    for url in (URL, elsewhere, URL):
        assert pictures(running, MediaRef(url=url))[0].id == picture.id
        assert set(kept.thumbnails) == {picture.id}
        kept.thumbnails.clear()
        clock.advance(61)
    (again,) = pictures(running, MediaRef(url=URL))
    assert again == picture
    asked = fetcher.asked[URL]
    for _ in range(3):
        pictures(running, MediaRef(url=URL))
    assert fetcher.asked[URL] == asked, "what is kept is not fetched again"
    running.close()


def test_what_is_kept_is_a_thumbnail_a_frame_and_the_original_of_the_file() -> None:
    kept = Kept()
    fetcher = FakeFetcher({GIF: Fetched("fetched", MOVING)})
    running = MediaAnnotator(fetcher, ManualClock(), kept=kept)
    found = pictures(running, MediaRef(url=GIF, kind="gif"))
    running.close()
    assert set(kept.thumbnails) == {one.id for one in found}
    assert kept.originals == {found[0].id: MOVING}
    assert all(max(Image.open(BytesIO(small)).size) <= 480 for small in kept.thumbnails.values())


def test_a_place_that_is_away_leaves_the_batch_for_later() -> None:
    kept = Kept()
    kept.away = True
    running = MediaAnnotator(FakeFetcher({URL: Fetched("fetched", JPEG)}), ManualClock(), kept=kept)
    with pytest.raises(SourceAway, match="bucket"):
        pictures(running, MediaRef(url=URL))
    kept.away = False
    assert pictures(running, MediaRef(url=URL))[0].state == "fingerprinted"
    assert len(kept.thumbnails) == 1
    running.close()


def test_claims_come_with_the_first_frame_and_never_more() -> None:
    said = Image.Exif()
    said[0x010F] = "Lumen"
    body = saved(scene(64, 48), exif=said)
    with annotator(FakeFetcher({URL: Fetched("fetched", body)})) as running:
        (picture,) = pictures(running, MediaRef(url=URL))
    assert picture.claims == Claims(camera="Lumen")


def test_asked_to_end_it_leaves_the_posts_and_remembers_nothing_wrong() -> None:
    fetcher = FakeFetcher({URL: Fetched("stopped")})
    with annotator(fetcher) as running:
        with pytest.raises(SourceAway, match="asked to end"):
            pictures(running, MediaRef(url=URL))
        fetcher.answers[URL] = Fetched("fetched", JPEG)
        assert pictures(running, MediaRef(url=URL))[0].state == "fingerprinted"


def test_a_batch_gets_so_much_time_and_no_more() -> None:
    clock = ManualClock()

    class Slow(FakeFetcher):
        def fetch(self, url: str) -> Fetched:
            clock.advance(50)
            return super().fetch(url)

    slow = Slow({})
    running = MediaAnnotator(slow, clock, MediaLimits(threads=1, batch_seconds=120))
    found = pictures(running, *(MediaRef(url=f"http://slow/{number}") for number in range(9)))
    running.close()
    assert sum(slow.asked.values()) == 3
    assert found[8].reason == "other pictures took all the time there was"


def test_a_slow_host_does_not_stand_before_all_others() -> None:
    asked: list[str] = []

    class Noting(FakeFetcher):
        def fetch(self, url: str) -> Fetched:
            asked.append(url)
            return super().fetch(url)

    running = MediaAnnotator(Noting({}), ManualClock(), MediaLimits(threads=1))
    pictures(running, *(MediaRef(url=f"http://{host}/{n}") for host in ("slow", "b") for n in range(3)))
    running.close()
    assert asked == [f"http://{host}/{n}" for n in range(3) for host in ("slow", "b")]


def test_clips_are_read_by_what_reads_clips() -> None:
    mp4 = b"\0\0\0\x18ftypisom" + b"\0" * 64
    frames = tuple(Frame(number, number * 2.0, np.asarray(scene(64, 48, seed=number))) for number in (0, 7))
    url = "http://pictures.example/clip.mp4"
    fetcher = FakeFetcher({url: Fetched("fetched", mp4)})
    running = MediaAnnotator(fetcher, ManualClock(), clip=lambda _: Decoded(64, 48, frames))
    first, later = pictures(running, MediaRef(url=url, kind="video"))
    running.close()
    assert (first.id, first.kind) == (sha256(mp4).hexdigest(), "video")
    assert (later.frame, later.at_seconds, later.of) == (7, 14.0, first.id)
