"""The archive of clips: what is in it stays, whoever writes, and whatever kills the writer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from enrich.reuse.clip_archive import CLIP, ClipArchive
from enrich.reuse.clip_prints import THUMB, ClipPrint, Moments
from secondsource.contracts.errors import BadConfiguration


def made(seed: int, count: int = 12) -> ClipPrint:
    rng = np.random.default_rng(seed)
    every = np.ones(count, np.bool_)
    moments = Moments(
        at=np.arange(count).astype(np.float32) / np.float32(2),
        hashes=rng.integers(0, 1 << 63, (count, 8, 4), dtype=np.uint64),
        quality=np.full(count, 100, np.uint8),
        enclosed=~every,
        kept=every,
        key=np.arange(count) % 4 == 0,
        thumbs=rng.integers(0, 256, (count, THUMB, THUMB), dtype=np.uint8),
    )
    return ClipPrint(count / 2, count, True, "", moments)


def name(number: int) -> str:
    return f"{number:064x}"


def test_what_is_added_is_there_for_everybody_who_looks(tmp_path: Path) -> None:
    writer, reader = ClipArchive(tmp_path), ClipArchive(tmp_path)
    assert len(reader.archived().clips) == 0
    assert writer.add(name(1), made(1))
    assert writer.add(name(2), made(2))
    archived = reader.archived()
    assert [archived.name(clip) for clip in range(2)] == [name(1), name(2)]
    rows = archived.moments_of(1)
    assert np.array_equal(rows["pdq"], made(2).moments.hashes[:, 0])
    assert rows["milliseconds"].tolist() == [500 * i for i in range(12)]
    assert np.array_equal(archived.thumbs[rows["thumb"][4]], made(2).moments.thumbs[4])


def test_what_is_there_is_not_added_again(tmp_path: Path) -> None:
    clips = ClipArchive(tmp_path)
    assert clips.add(name(1), made(1))
    assert not clips.add(name(1), made(1))
    assert len(clips.archived().clips) == 1


def test_two_workers_adding_the_same_clips_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        added = list(pool.map(lambda number: ClipArchive(tmp_path).add(name(number % 5), made(number % 5)), range(40)))
    assert added.count(True) == 5
    clips = ClipArchive(tmp_path)
    assert len(clips.archived().clips) == 5
    assert clips.damaged() == []


def test_what_is_taken_down_leaves_no_trace_of_what_it_showed(tmp_path: Path) -> None:
    clips = ClipArchive(tmp_path)
    for number in range(3):
        clips.add(name(number + 1), made(number))
    assert clips.remove(name(2))
    assert not clips.remove(name(2))
    archived = ClipArchive(tmp_path).archived()
    assert not archived.moments_of(1)["pdq"].any()
    assert not archived.moments_of(1)["quality"].any()
    assert made(1).moments.thumbs[0].tobytes() not in (tmp_path / "thumbs").read_bytes()
    assert clips.damaged() == []
    assert np.array_equal(archived.moments_of(2)["pdq"], made(2).moments.hashes[:, 0])


@pytest.mark.parametrize("rest", [1, CLIP.itemsize // 2, CLIP.itemsize - 1])
def test_a_writer_killed_before_its_last_word_leaves_nothing(tmp_path: Path, rest: int) -> None:
    clips = ClipArchive(tmp_path)
    clips.add(name(1), made(1))
    clips.add(name(2), made(2))
    file = tmp_path / "clips"
    os.truncate(file, file.stat().st_size - rest)
    again = ClipArchive(tmp_path)
    assert len(again.archived().clips) == 1
    assert again.add(name(3), made(3))
    assert again.damaged() == []
    assert np.array_equal(again.archived().moments_of(1)["pdq"], made(3).moments.hashes[:, 0])


def test_a_writer_killed_by_sigkill_while_it_adds(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from tests.enrich.reuse.test_clips_archive import made, name\n"
        "from enrich.reuse.clip_archive import ClipArchive\n"
        "clips = ClipArchive(Path(sys.argv[1]))\n"
        "for number in range(100000):\n"
        "    clips.add(name(number), made(number)); print(number, flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(7):
        assert process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    clips = ClipArchive(tmp_path)
    count = len(clips.archived().clips)
    assert count >= 7
    assert clips.damaged() == []
    assert clips.add("f" * 64, made(7))
    assert clips.damaged() == []


def test_a_row_torn_by_a_loss_of_power_does_not_count(tmp_path: Path) -> None:
    clips = ClipArchive(tmp_path)
    clips.add(name(1), made(1))
    clips.add(name(2), made(2))
    with (tmp_path / "clips").open("r+b") as file:
        file.seek(-20, os.SEEK_END)
        file.write(bytes(8))
    assert len(ClipArchive(tmp_path).archived().clips) == 1


def test_fingerprints_that_were_altered_are_named(tmp_path: Path) -> None:
    clips = ClipArchive(tmp_path)
    clips.add(name(1), made(1))
    with (tmp_path / "moments").open("r+b") as file:
        file.write(bytes(8))
    assert ClipArchive(tmp_path).damaged() == [name(1)]


def test_files_shorter_than_they_say_are_refused(tmp_path: Path) -> None:
    ClipArchive(tmp_path).add(name(1), made(1))
    os.truncate(tmp_path / "moments", 100)
    with pytest.raises(BadConfiguration, match="it is shorter: restore it, or import its clips anew"):
        ClipArchive(tmp_path).archived()


def test_another_version_is_refused(tmp_path: Path) -> None:
    ClipArchive(tmp_path)
    with (tmp_path / "clips").open("r+b") as file:
        file.write(b"2SClips0")
    with pytest.raises(BadConfiguration, match="expected an archive of clips"):
        ClipArchive(tmp_path)
