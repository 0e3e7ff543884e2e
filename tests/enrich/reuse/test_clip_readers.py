"""Whoever decodes a video: the same frames at the same times, and no error for what is none."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest

from enrich.media.pictures import hashed
from enrich.reuse.clip_frames import ClipLimits, Frames, frames_of
from enrich.reuse.clip_pyav import PyAvReader
from enrich.reuse.clip_readers import OPENCV, Decoder, Opening, installed
from tests.enrich.reuse.clip_makers import Rgb, avi, film, mp4, turned_by_metadata, without_video
from tests.fakes.clock import ManualClock

BOTH = pytest.mark.parametrize("opened", [OPENCV.opened, PyAvReader.opened], ids=["opencv", "pyav"])
REAL = Path("../shared/data/threatexchange")


@BOTH
@pytest.mark.parametrize("write", [mp4, avi])
def test_frames_and_their_times(opened: Opening, write: Callable[[list[Rgb]], bytes]) -> None:
    drawn = film(1, seconds=1.0)
    reader = opened(write(drawn), 1)
    assert reader is not None
    assert (reader.width, reader.height, reader.rate) == (192, 128, 25.0)
    for number, frame in enumerate(drawn):
        told, picture = reader.advance(), reader.picture()
        assert told == pytest.approx(number / 25)
        assert picture is not None
        assert alike(picture, frame)
    assert reader.advance() is None
    reader.close()


@BOTH
def test_upright(opened: Opening) -> None:
    drawn = film(2, seconds=0.2)
    reader = opened(turned_by_metadata(mp4(drawn)), 1)
    assert reader is not None
    assert reader.advance() == 0.0
    picture = reader.picture()
    assert picture is not None
    assert picture.shape == (192, 128, 3)
    assert alike(picture, np.rot90(drawn[0], -1))
    reader.close()


@BOTH
def test_what_holds_no_video(opened: Opening) -> None:
    assert opened(without_video(mp4(film(3, seconds=0.2))), 1) is None
    assert opened(mp4(film(3, seconds=0.2))[:40], 1) is None


def test_pyav_gives_the_frames_after_damage() -> None:
    body = bytearray(avi(film(4, seconds=1.0)))
    at = body.index(b"00dc", len(body) // 3)
    body[at + 8 : at + 300] = bytes(292)
    assert len(shown(bytes(body), PyAvReader.opened)) == 24


def test_pyav_decodes_av1() -> None:
    assert shown(av1(film(5, seconds=0.4)), PyAvReader.opened) == pytest.approx([0.04 * i for i in range(10)])


def test_without_the_extra_opencv_decodes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert installed().exact
    monkeypatch.delitem(sys.modules, "enrich.reuse.clip_pyav")
    monkeypatch.setitem(sys.modules, "av", None)
    assert installed() is OPENCV
    assert "secondsource[video]" in OPENCV.detail


@pytest.mark.skipif(not REAL.is_dir(), reason="no data")
@pytest.mark.parametrize(("decoder", "most"), [(OPENCV, 22), (installed(), 4)], ids=["opencv", "pyav"])
def test_frames_of_real_clips_have_the_hashes_of_the_reference(decoder: Decoder, most: int) -> None:
    for path in sorted((REAL / "video").iterdir()):
        lines = (REAL / "vpdq_reference" / f"{path.stem}.txt").read_text(encoding="ascii").splitlines()
        found = frames_of(path.read_bytes(), ClipLimits(), ManualClock(), decoder.opened)
        assert isinstance(found, Frames)
        for number, frame in enumerate(found):
            _, quality, pdq, _ = lines[math.floor(frame.at * 30 + 0.5)].split(",")
            if number % 12 == 0 and int(quality) > 50:
                ours = hashed(frame.rgb, frame.rgb.shape[1], frame.rgb.shape[0])
                assert (int(pdq, 16) ^ int(ours.pdq, 16)).bit_count() <= most


def shown(body: bytes, opened: Opening) -> list[float]:
    found = frames_of(body, ClipLimits(), ManualClock(), opened)
    assert isinstance(found, Frames)
    return [frame.at for frame in found]


def alike(decoded: Rgb, drawn: Rgb) -> bool:
    """Both formats lose some of what was drawn; a frame of another moment, or turned, is three times as far off."""
    return bool(np.abs(decoded.astype(int) - drawn).mean() < 25)


def av1(frames: Sequence[Rgb]) -> bytes:
    file = BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libsvtav1", rate=25)
        stream.height, stream.width = frames[0].shape[:2]
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
    return file.getvalue()
