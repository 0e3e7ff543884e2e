"""What is kept of a clip goes into the store with its first frame's print, and comes back as it went."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enrich.reuse.archive import ReuseArchive
from enrich.reuse.clip_frames import ClipLimits
from enrich.reuse.clip_kept import KeptClip, bound, kept, parted
from enrich.reuse.clip_prints import ClipPrint, clip_print
from enrich.reuse.prints import encode, looked
from secondsource.contracts.errors import BadRecord
from tests.enrich.reuse.clip_makers import film, mp4
from tests.enrich.reuse.makers import name, random_print
from tests.enrich.reuse.test_archive import MemoryPrints
from tests.fakes.clock import ManualClock

FILM = film(1, 2, seconds=8.0)


def watched(start: int = 0) -> ClipPrint:
    found = clip_print(mp4(FILM[start:]), ClipLimits(), ManualClock())
    assert isinstance(found, ClipPrint)
    return found


def alike(one: KeptClip, other: KeptClip | None) -> bool:
    assert other is not None
    same = np.array_equal(one.moments, other.moments) and np.array_equal(one.thumbs, other.thumbs)
    return same and one.milliseconds == other.milliseconds


def test_a_record_is_parted_as_it_was_bound() -> None:
    picture, clip = encode(random_print(3)), kept(watched())
    assert parted(bound(picture, None)) == (picture, None)
    print_, other = parted(bound(picture, clip))
    assert print_ == picture
    assert alike(clip, other)
    assert len(bound(b"", clip)) < 15_000, "some 100 KB a minute"


@given(st.data())
def test_a_damaged_record_is_refused(data: st.DataObject) -> None:
    whole = bound(encode(random_print(3)), KeptClip(1_000, kept(_CLIP).moments, kept(_CLIP).thumbs))
    at = data.draw(st.integers(4, len(whole) - 1))
    for body in (whole[:at], whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :]):
        with pytest.raises(BadRecord):
            parted(body)


def test_the_index_of_clips_is_made_again_of_the_store(tmp_path: Path) -> None:
    prints = MemoryPrints()
    archive = ReuseArchive(tmp_path / "index", prints)
    first, later = looked(FILM[0]), looked(FILM[60])
    archive.recognised(name("old"), first, watched())
    for path in (tmp_path / "index" / "clips").iterdir():
        path.write_bytes(b"x" * 100)
    again = ReuseArchive(tmp_path / "index", prints)
    (found,) = again.found(later, watched(50))
    assert (found.picture, found.kind) == (name("old"), "clip")
    assert found.seconds[0] == pytest.approx((0, 6, 2, 8), abs=0.8)
    assert again.verify().wrong == ()
    prints.erase(name("old"))
    assert again.found(later, watched(50)) == ()
    assert archive.rebuild() == 0


_CLIP = watched()
