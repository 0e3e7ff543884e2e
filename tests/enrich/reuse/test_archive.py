"""The index of prints follows the store: made of it where it is missing, damaged or another's; nothing is lost."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from enrich.reuse.archive import ReuseArchive
from enrich.reuse.prints import looked
from secondsource.contracts.errors import SourceAway
from store.store import open_store

Rgb = NDArray[np.uint8]


class MemoryPrints:
    """`enrich.ports.Prints` in a list."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, str, bytes]] = []

    def keep(self, kept: Sequence[tuple[str, bytes]]) -> None:
        there = {name for _, name, body in self.rows if body}
        for name, body in kept:
            if name not in there:
                self.rows.append((len(self.rows) + 1, name, body))

    def erase(self, name: str) -> None:
        self.rows = [(seq, each, b"" if each == name else body) for seq, each, body in self.rows]
        self.rows.append((len(self.rows) + 1, name, b""))

    def after(self, seq: int) -> Iterator[tuple[int, str, bytes]]:
        yield from [row for row in self.rows if row[0] > seq]

    def before(self, picture: str, others: Sequence[str]) -> set[str]:
        seqs = {name: seq for seq, name, body in self.rows if body}
        return {each for each in others if seqs[each] < seqs[picture]}

    def at(self, seq: int) -> str:
        return next((name for each, name, _ in self.rows if each == seq), "")

    def last(self) -> int:
        return len(self.rows)


def name(number: int) -> str:
    return sha256(str(number).encode()).hexdigest()


def scene(number: int) -> Rgb:
    """A picture with much to hold on to: rectangles and circles of many greys, no two scenes alike."""
    dice = np.random.default_rng(number)
    canvas = np.full((420, 560, 3), 120, np.uint8)
    y, x = np.mgrid[0:420, 0:560]
    for _ in range(160):
        left, top = dice.integers(0, 540), dice.integers(0, 400)
        w, h = dice.integers(8, 90, 2)
        shade = dice.integers(0, 255, 3).astype(np.uint8)
        if dice.random() < 0.5:
            canvas[top : top + h, left : left + w] = shade
        else:
            canvas[(x - left) ** 2 + (y - top) ** 2 < (w // 2) ** 2] = shade
    return canvas


@pytest.fixture
def prints() -> MemoryPrints:
    return MemoryPrints()


def kept(archive: ReuseArchive, *numbers: int) -> None:
    for number in numbers:
        archive.recognised(name(number), looked(scene(number)))


def seen_in_crop(archive: ReuseArchive, number: int) -> list[str]:
    crop = np.ascontiguousarray(scene(number)[80:340, 100:460])
    return [each.picture for each in archive.found(looked(crop))]


def test_a_part_of_a_kept_picture_is_found(tmp_path: Path, prints: MemoryPrints) -> None:
    archive = ReuseArchive(tmp_path / "index", prints)
    kept(archive, 1, 2, 3)
    assert seen_in_crop(archive, 2) == [name(2)]
    assert seen_in_crop(archive, 9) == []
    (found,) = archive.recognised(name(20), looked(np.ascontiguousarray(scene(2)[80:340, 100:460])))
    assert found.kind == "features"
    assert found.region == pytest.approx((100 / 560, 80 / 420, 460 / 560, 340 / 420), abs=0.02)


def test_the_later_finds_the_earlier_however_often_either_is_looked_at(tmp_path: Path, prints: MemoryPrints) -> None:
    archive = ReuseArchive(tmp_path / "index", prints)
    looks = looked(scene(1)), looked(np.ascontiguousarray(scene(1)[80:340, 100:460]))
    told = [[each.picture for each in archive.recognised(name(i), look)] for i, look in enumerate(looks)]
    again = [[each.picture for each in archive.recognised(name(i), look)] for i, look in enumerate(looks)]
    assert told == again == [[], [name(0)]]


def test_what_one_process_keeps_the_others_find_at_once(tmp_path: Path, prints: MemoryPrints) -> None:
    one, other = (ReuseArchive(tmp_path / "index", prints) for _ in range(2))
    elsewhere = ReuseArchive(tmp_path / "of-another-machine", prints)
    kept(one, 1)
    assert seen_in_crop(other, 1) == seen_in_crop(elsewhere, 1) == [name(1)]


def test_what_is_erased_is_found_no_more(tmp_path: Path, prints: MemoryPrints) -> None:
    archive = ReuseArchive(tmp_path / "index", prints)
    kept(archive, 1, 2)
    prints.erase(name(1))
    assert seen_in_crop(archive, 1) == []
    assert archive.verify().wrong == ()
    assert archive.rebuild() == 1


@pytest.mark.parametrize(
    "harm", ["missing", "cut", "no list", "of another store", "no place", "journal cut", "journal garbled"]
)
def test_it_is_made_again_of_the_store(tmp_path: Path, prints: MemoryPrints, harm: str) -> None:
    folder = tmp_path / "index"
    kept(ReuseArchive(folder, prints), 1, 2)
    if harm == "missing":
        shutil.rmtree(folder)
    elif harm == "cut":
        (folder / "manifest.json").write_text('{"format"')
    elif harm == "no list":
        (folder / "manifest.json").unlink()
    elif harm == "no place":
        (folder / "place.json").unlink()
    elif harm.startswith("journal"):
        (journal,) = folder.glob("journal-*")
        body = bytearray(journal.read_bytes())
        body[500] ^= 1
        journal.write_bytes(bytes(body) if harm == "journal garbled" else bytes(body[:-1_000]))
    else:
        prints = MemoryPrints()
        kept(ReuseArchive(tmp_path / "scratch", prints), 5, 6)
    archive = ReuseArchive(folder, prints)
    found = archive.verify()
    assert (found.indexed, found.kept, found.wrong) == (2, 2, ())
    number = 5 if harm == "of another store" else 1
    assert seen_in_crop(archive, number) == [name(number)]


@pytest.mark.parametrize("harm", ["missing", "cut", "no list", "no journal", "of another version"])
def test_harmed_while_it_is_open_it_is_made_again(tmp_path: Path, prints: MemoryPrints, harm: str) -> None:
    folder = tmp_path / "index"
    archive = ReuseArchive(folder, prints)
    kept(archive, 1, 2)
    told = folder / "manifest.json"
    if harm == "missing":
        shutil.rmtree(folder)
    elif harm == "cut":
        told.write_text('{"format"')
    elif harm == "no list":
        told.unlink()
    elif harm == "no journal":
        next(folder.glob("journal-*")).unlink()
    else:
        told.write_text(told.read_text().replace('"format": 1', '"format": 99'))
    kept(archive, 3)
    assert [seen_in_crop(archive, number) for number in (1, 2, 3)] == [[name(1)], [name(2)], [name(3)]]
    assert archive.verify() == (3, 3, ())


def test_pictures_wait_where_the_index_can_be_kept_nowhere(tmp_path: Path, prints: MemoryPrints) -> None:
    """As for a disk that is full: what is wrong is not wrong with the posts."""
    folder = tmp_path / "index"
    archive = ReuseArchive(folder, prints)
    shutil.rmtree(folder)
    folder.write_text("in its place")
    with pytest.raises(SourceAway, match="the index of pictures in"):
        kept(archive, 1)
    folder.unlink()
    kept(archive, 1)
    assert seen_in_crop(archive, 1) == [name(1)]


def test_a_damaged_print_is_left_out_and_the_rest_is_found(tmp_path: Path, prints: MemoryPrints) -> None:
    prints.keep([(name(8), b"no print at all")])
    archive = ReuseArchive(tmp_path / "index", prints)
    kept(archive, 1)
    assert seen_in_crop(archive, 1) == [name(1)]
    assert archive.verify().wrong == ("1 pictures of the store are not in the index",)


_WORKER = """
import sys
from contextlib import closing
from pathlib import Path
from enrich.reuse.archive import ReuseArchive
from enrich.reuse.prints import looked
from secondsource.contracts.errors import SourceAway
from store.store import open_store
from tests.enrich.reuse.test_archive import name, scene
with closing(open_store(sys.argv[1])) as store:
    archive = ReuseArchive(Path(sys.argv[2]), store.prints)
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(4):
        archive.recognised(name(number), looked(scene(number)))
"""


def test_two_workers_that_see_the_same_pictures_at_once_keep_each_once(tmp_path: Path) -> None:
    url, folder = f"sqlite:///{tmp_path / 'velgrad.sqlite'}", tmp_path / "index"
    command = [sys.executable, "-c", _WORKER, url, str(folder)]
    with closing(open_store(url, create=True)) as store:
        workers = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
        ]
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            worker.communicate("go\n", timeout=300)
        assert [worker.returncode for worker in workers] == [0, 0]
        assert len(list(store.prints.after(0))) == 4
        archive = ReuseArchive(folder, store.prints)
        assert archive.verify() == (4, 4, ())
        assert seen_in_crop(archive, 2) == [name(2)]
