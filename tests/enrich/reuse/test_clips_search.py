"""Clips posted again are found, with their seconds; others are not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from enrich.reuse.clip_archive import Archived, ClipArchive
from enrich.reuse.clip_frames import ClipLimits
from enrich.reuse.clip_prints import MIRRORED, ClipPrint, clip_print
from enrich.reuse.clip_search import ClipMatch, search
from tests.enrich.reuse.clip_makers import Rgb, animation, film, mp4, texture
from tests.fakes.clock import ManualClock

SEEDS = {"market": (1, 2), "bridge": (3, 4), "harbour": (5,)}


def looked_at(body: bytes) -> ClipPrint:
    found = clip_print(body, ClipLimits(), ManualClock())
    assert isinstance(found, ClipPrint), found
    return found


def name(title: str) -> str:
    return title.encode().hex().ljust(64, "0")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archived:
    clips = ClipArchive(tmp_path_factory.mktemp("clips"))
    for title, seeds in SEEDS.items():
        clips.add(name(title), looked_at(mp4(film(*seeds, seconds=10.0))))
    return clips.archived()


def asked(archive: Archived, frames: list[Rgb], rate: float = 25.0) -> list[ClipMatch]:
    return search(looked_at(mp4(frames, rate)), archive)


def only(matches: list[ClipMatch], title: str) -> ClipMatch:
    assert [match.name for match in matches] == [name(title)]
    assert 0.5 <= matches[0].confidence <= 1.0
    return matches[0]


def barred(frame: Rgb) -> Rgb:
    return np.asarray(cv2.copyMakeBorder(frame, 32, 32, 0, 0, cv2.BORDER_CONSTANT), np.uint8)


def blurred_beside(frame: Rgb) -> Rgb:
    ground = cv2.GaussianBlur(cv2.resize(frame, (192, 320)), (0, 0), 12)
    ground[96:224] = frame
    return np.asarray(ground, np.uint8)


def captioned(frame: Rgb) -> Rgb:
    bar = np.full((48, frame.shape[1], 3), 255, np.uint8)
    cv2.putText(bar, "Velgrad tonight", (4, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (0, 0, 0), 2)
    return np.concatenate([bar, frame])


def in_an_app(frame: Rgb) -> Rgb:
    screen = np.full((320, 220, 3), 24, np.uint8)
    for row in (20, 40, 250, 270, 290):
        cv2.putText(screen, "Mira Tolan 2 h share", (6, row), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (220, 220, 220), 1)
    screen[80 : 80 + frame.shape[0], 14 : 14 + frame.shape[1]] = frame
    return screen


def with_a_logo(frame: Rgb) -> Rgb:
    out = frame.copy()
    cv2.rectangle(out, (150, 6), (186, 26), (250, 210, 0), -1)
    return out


def test_a_clip_is_in_itself_from_its_first_second_to_its_last(archive: Archived) -> None:
    match = only(asked(archive, film(1, 2, seconds=10.0)), "market")
    assert len(match.stretches) == 1
    assert match.stretches[0].asked == pytest.approx((0.0, 10.0), abs=0.3)
    assert match.stretches[0].kept == pytest.approx((0.0, 10.0), abs=0.3)


def test_a_clip_nobody_has_seen_is_in_none(archive: Archived) -> None:
    assert asked(archive, film(40, 41, seconds=8.0)) == []


@pytest.mark.parametrize("dress", [barred, blurred_beside, captioned, in_an_app, with_a_logo, lambda f: f[::2, ::2]])
def test_in_another_dress_it_is_the_same(archive: Archived, dress: Callable[[Rgb], Rgb]) -> None:
    match = only(asked(archive, [dress(frame) for frame in film(1, 2, seconds=10.0)]), "market")
    assert sum(stretch.asked[1] - stretch.asked[0] for stretch in match.stretches) > 6


@pytest.mark.parametrize("dress", [barred, blurred_beside, captioned, in_an_app, with_a_logo])
def test_another_clip_in_the_same_dress_is_another(tmp_path: Path, dress: Callable[[Rgb], Rgb]) -> None:
    clips = ClipArchive(tmp_path)
    clips.add(name("dressed"), looked_at(mp4([dress(frame) for frame in film(50, 51, seconds=6.0)])))
    assert asked(clips.archived(), [dress(frame) for frame in film(52, 53, seconds=6.0)]) == []


def in_a_busy_app(frame: Rgb) -> Rgb:
    """The clip is a quarter of the screen; all else are words, faces and buttons, and stands still."""
    screen = texture(99, (300, 560))
    for row in range(16, 560, 22):
        cv2.putText(
            screen, "Orla Venn 3 h: who has seen it", (4, row), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (250, 250, 250), 1
        )
    screen[190 : 190 + 176, 18 : 18 + 264] = cv2.resize(frame, (264, 176))
    return screen


@pytest.mark.parametrize("seconds", [2.0, 9.0])
def test_what_stands_still_around_two_clips_makes_them_none(tmp_path: Path, seconds: float) -> None:
    clips = ClipArchive(tmp_path)
    clips.add(name("market"), looked_at(mp4([in_a_busy_app(frame) for frame in film(1, 2, seconds=seconds)])))
    archive = clips.archived()
    for other in ((21, 22), (23, 24), (25,)):
        assert asked(archive, [in_a_busy_app(frame) for frame in film(*other, seconds=9.0)]) == []
    again = asked(archive, [in_a_busy_app(frame) for frame in film(1, 2, seconds=seconds)])
    assert only(again, "market").moments > 3


def test_mirrored(archive: Archived) -> None:
    assert only(asked(archive, [frame[:, ::-1] for frame in film(3, 4, seconds=10.0)]), "bridge").turn == MIRRORED


def test_trimmed_it_tells_which_seconds(archive: Archived) -> None:
    match = only(asked(archive, film(3, 4, seconds=10.0)[75:200]), "bridge")
    assert match.stretches[0].asked == pytest.approx((0.0, 5.0), abs=0.5)
    assert match.stretches[0].kept == pytest.approx((3.0, 8.0), abs=0.5)


@pytest.mark.parametrize("speed", [0.9, 1.1])
def test_faster_or_slower_by_a_tenth(archive: Archived, speed: float) -> None:
    whole = film(1, 2, seconds=10.0)
    frames = [whole[min(len(whole) - 1, round(i * speed))] for i in range(int(len(whole) / speed))]
    match = only(asked(archive, frames), "market")
    assert match.stretches[0].speed == pytest.approx(speed, abs=0.04)


def test_at_other_rates(archive: Archived) -> None:
    only(asked(archive, film(1, 2, seconds=10.0)[::2], 12.5), "market")


def test_in_a_compilation(archive: Archived) -> None:
    around = film(60, seconds=4.0), film(61, seconds=4.0)
    found = asked(archive, [*around[0], *film(3, 4, seconds=10.0)[50:175], *around[1], *film(5, seconds=10.0)[:100]])
    assert {match.name for match in found} == {name("bridge"), name("harbour")}
    bridge = next(match for match in found if match.name == name("bridge"))
    assert bridge.stretches[0].asked == pytest.approx((4.0, 9.0), abs=0.6)
    assert bridge.stretches[0].kept == pytest.approx((2.0, 7.0), abs=0.6)


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_as_an_animation(archive: Archived, kind: str) -> None:
    body = animation(film(1, 2, seconds=10.0)[::4], kind, 160)
    assert [match.name for match in search(looked_at(body), archive)] == [name("market")]


def test_black_and_flat_clips_match_nothing_not_even_themselves(tmp_path: Path) -> None:
    clips = ClipArchive(tmp_path)
    for number, level in enumerate((0, 90)):
        frames: list[Rgb] = [np.full((96, 128, 3), level, np.uint8)] * 60
        clips.add(name(f"flat-{number}"), looked_at(mp4(frames)))
    assert asked(clips.archived(), [np.zeros((96, 128, 3), np.uint8)] * 60) == []


def test_a_still_shown_as_a_clip_is_found(tmp_path: Path) -> None:
    still = film(70, seconds=0.04)
    clips = ClipArchive(tmp_path)
    clips.add(name("still"), looked_at(mp4(still * 75)))
    only(asked(clips.archived(), still * 50), "still")


def test_an_empty_archive_has_nothing(tmp_path: Path) -> None:
    assert asked(ClipArchive(tmp_path).archived(), film(1, seconds=1.0)) == []
