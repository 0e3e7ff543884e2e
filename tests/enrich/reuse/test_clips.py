"""What is shown in a clip, when; and everything that is called a clip and is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from enrich.media.pictures import Unusable
from enrich.reuse.clip_frames import ClipLimits, Frames, frames_of
from enrich.reuse.clip_prints import ClipPrint, clip_print
from enrich.reuse.clips import MOST_KEY_FRAMES, KeyFrame, key_frames, key_pictures
from tests.enrich.reuse.clip_makers import (
    Rgb,
    animation,
    avi,
    film,
    longer_by_its_header,
    mp4,
    of_uneven_rate,
    turned_by_metadata,
    without_video,
)
from tests.fakes.clock import ManualClock

LIMITS = ClipLimits()
REAL = Path("../shared/data/threatexchange")


def frames(body: bytes, limits: ClipLimits = LIMITS) -> Frames:
    found = frames_of(body, limits, ManualClock())
    assert isinstance(found, Frames), found
    return found


def shown(body: bytes, limits: ClipLimits = LIMITS) -> list[float]:
    return [frame.at for frame in frames(body, limits)]


def keys(body: bytes, limits: ClipLimits = LIMITS) -> list[KeyFrame]:
    found = key_frames(body, limits, ManualClock())
    assert not isinstance(found, Unusable), found
    return found


def why(body: bytes, limits: ClipLimits = LIMITS) -> str:
    """Why there are no key frames, which is why there is no print."""
    found, print_ = key_frames(body, limits, ManualClock()), clip_print(body, limits, ManualClock())
    assert isinstance(found, Unusable)
    assert isinstance(print_, Unusable)
    assert found == print_
    return found.reason


@pytest.fixture(scope="module")
def film_of_three() -> bytes:
    return mp4(film(1, 2, 3, seconds=9.0))


def test_every_frame_is_given_with_its_time(film_of_three: bytes) -> None:
    times = shown(film_of_three)
    assert len(times) == 225
    assert times[:3] == pytest.approx([0, 0.04, 0.08])
    assert times == sorted(times)


def test_one_key_frame_for_each_scene_and_every_few_seconds(film_of_three: bytes) -> None:
    assert [frame.at_seconds for frame in keys(film_of_three)] == pytest.approx([0.2, 3.2, 6.2], abs=0.05)
    assert len({frame.pdq for frame in keys(film_of_three)}) == 3


def test_a_scene_that_lasts_has_a_key_frame_every_three_seconds() -> None:
    times = [frame.at_seconds for frame in keys(mp4(film(4, seconds=10.0)))]
    assert times == pytest.approx([0.2, 3.2, 6.2, 9.2], abs=0.05)


def test_a_key_frame_says_what_a_picture_says(film_of_three: bytes) -> None:
    frame = keys(film_of_three)[0]
    assert (frame.width, frame.height) == (192, 128)
    assert len(bytes.fromhex(frame.pdq)) == 32
    assert 50 < frame.quality <= 100


def test_key_frames_are_never_more_than_sixty_four() -> None:
    flicker = film(*range(90), seconds=90 * 0.4, size=(64, 48))
    assert 30 < len(keys(mp4(flicker))) <= MOST_KEY_FRAMES


def test_pictures_of_key_frames_are_as_many_as_asked(film_of_three: bytes) -> None:
    found = key_pictures(film_of_three, LIMITS, ManualClock(), 2)
    assert not isinstance(found, Unusable)
    assert [frame.rgb.shape for frame in found] == [(128, 192, 3)] * 2


def test_frames_are_upright_where_the_file_says_how() -> None:
    found = next(iter(frames(turned_by_metadata(mp4(film(5, seconds=1.0))))))
    assert found.rgb.shape == (192, 128, 3)


def test_the_clock_tells_the_time_not_the_rate() -> None:
    times = shown(of_uneven_rate(mp4(film(6, seconds=2.0))))
    assert np.diff(times) == pytest.approx(0.12)


def test_a_file_that_lies_about_its_length_is_as_long_as_it_is() -> None:
    print_ = clip_print(longer_by_its_header(mp4(film(7, seconds=2.0))), LIMITS, ManualClock())
    assert isinstance(print_, ClipPrint)
    assert print_.seconds == pytest.approx(2.0, abs=0.1)


def test_of_sixty_frames_a_second_every_second_one_is_enough() -> None:
    assert len(shown(mp4(film(8, seconds=2.0), 60.0))) == 25


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_animations_are_clips(kind: str) -> None:
    body = animation(film(9, 10, seconds=2.0)[::5], kind)
    assert shown(body) == pytest.approx([0.2 * i for i in range(10)])
    assert len(keys(body)) == 2


def test_a_picture_shown_for_long_is_given_again_and_again() -> None:
    body = animation(film(11, 12, seconds=0.08), "GIF", [3000, 1000])
    times = shown(body)
    assert max(np.diff(times)) <= 0.75
    assert times[-1] >= 3.0


def test_frames_of_no_time_last_a_tenth_of_a_second() -> None:
    assert shown(animation(film(13, seconds=0.2), "GIF", 0)) == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])


def test_other_containers_are_read() -> None:
    assert len(shown(avi(film(14, seconds=1.0)))) == 25


# -- What is none ------------------------------------------------------------------------------------------------------


def test_no_bytes() -> None:
    assert why(b"") == "0 bytes"


@pytest.mark.parametrize(
    "body",
    [b"<html>", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", b"ffconcat version 1.0\nfile x\n", b"\x00" * 4096,
     b"RIFF\x00\x00\x00\x00WAVEfmt "],
)  # fmt: skip
def test_what_is_no_clip_never_reaches_a_decoder(body: bytes) -> None:
    assert why(body) == "not a clip: unknown kind of file"


def test_a_head_without_a_body(film_of_three: bytes) -> None:
    assert why(film_of_three[:40]) == "no video in it that we can decode"


def test_sound_alone() -> None:
    assert why(without_video(mp4(film(15, seconds=1.0)))) == "no video in it that we can decode"


def test_no_frame_at_all() -> None:
    body = avi(film(16, seconds=0.4))
    at = body.index(b"movi")
    reason = why(body[: at + 4] + bytes(len(body) - at - 4))
    assert reason in {"no frame in it that we can decode", "no video in it that we can decode"}


def test_more_bytes_than_allowed(film_of_three: bytes) -> None:
    assert "more than the 1000 allowed" in why(film_of_three, ClipLimits(max_bytes=1000))


def test_more_pixels_than_allowed(film_of_three: bytes) -> None:
    assert why(film_of_three, ClipLimits(max_pixels=20_000)) == "192 × 128 pixels, more than the 20000 allowed"
    animated = animation(film(17, seconds=0.2), "GIF")
    assert why(animated, ClipLimits(max_pixels=20_000)) == "192 × 128 pixels, more than the 20000 allowed"


def test_fewer_pixels_than_tell_anything() -> None:
    assert "too small to tell from another" in why(animation(film(18, seconds=0.2, size=(8, 8)), "GIF"))


def test_a_truncated_clip_gives_what_is_there() -> None:
    body = avi(film(19, seconds=4.0))
    assert 20 < len(shown(body[: len(body) // 2])) < 80


def test_a_truncated_animation_gives_what_is_there() -> None:
    body = animation(film(20, seconds=2.0)[::5], "GIF")
    found = frames(body[: len(body) // 2])
    assert 1 <= len(list(found)) < 10


def test_damage_in_the_middle_never_raises() -> None:
    rng = np.random.default_rng(21)
    whole = np.frombuffer(mp4(film(22, seconds=2.0)), np.uint8)
    for share in (0.0005, 0.005, 0.05):
        for _ in range(6):
            body = whole.copy()
            places = rng.integers(40, len(body), max(1, int(len(body) * share)))
            body[places] = rng.integers(0, 256, len(places))
            found = key_frames(body.tobytes(), LIMITS, ManualClock())
            assert isinstance(found, Unusable) or len(found) <= MOST_KEY_FRAMES


def test_a_long_clip_is_looked_at_as_far_as_allowed(film_of_three: bytes) -> None:
    found = frames(film_of_three, ClipLimits(max_seconds=2.0))
    assert max(frame.at for frame in found) <= 2.0
    assert not found.complete
    assert found.reason == "longer than what is looked at"


def test_ten_thousand_frames_are_not_all_decoded() -> None:
    dot: list[Rgb] = [np.full((16, 16, 3), i % 251, np.uint8) for i in range(2000)]
    found = frames(animation(dot, "GIF", 20), ClipLimits(max_frames=100))
    assert sum(1 for _ in found) <= 200
    assert not found.complete


def test_decoding_ends_at_the_deadline(film_of_three: bytes) -> None:
    clock = ManualClock()
    found = frames_of(film_of_three, ClipLimits(deadline_seconds=5.0), clock)
    assert isinstance(found, Frames)
    seen = 0
    for _ in found:
        seen += 1
        clock.advance(1.0)
    assert seen == 6
    assert found.reason == "not decoded within 5 seconds"


def test_black_frames_have_no_quality() -> None:
    black: list[Rgb] = [np.zeros((64, 96, 3), np.uint8)] * 30
    assert all(frame.quality == 0 for frame in keys(mp4(black)))


@pytest.mark.skipif(not REAL.is_dir(), reason="no data")
def test_key_frames_of_real_clips_are_the_references() -> None:
    for path in sorted((REAL / "video").iterdir()):
        lines = (REAL / "vpdq_reference" / f"{path.stem}.txt").read_text(encoding="ascii").splitlines()
        for frame in keys(path.read_bytes()):
            _, quality, pdq, _ = lines[round(frame.at_seconds * 30)].split(",")
            if int(quality) > 50:
                assert (int(pdq, 16) ^ int(frame.pdq, 16)).bit_count() <= 10
