"""The index: added to by any number, damaged by nobody's death, and refused where it is not ours."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enrich.reuse.features import KEPT
from enrich.reuse.index import Index
from enrich.reuse.prints import encode
from enrich.reuse.search import search
from enrich.reuse.segment import merged, segment
from enrich.reuse.segment_file import DamagedIndex
from enrich.reuse.vocabulary import CELLS
from tests.enrich.reuse.makers import entry, look, name, random_print, scene, scene_print


def _names(index: Index) -> set[str]:
    held = {segment.name(picture) for segment in index.segments() for picture in range(segment.pictures)}
    return held - index.gone


def test_what_one_adds_the_others_find_at_once(tmp_path: Path) -> None:
    one, other = Index(tmp_path), Index(tmp_path)
    assert one.add([entry(1), entry(2)]) == 2
    assert _names(other) == {name(1), name(2)}
    other.add([entry(3)])
    assert _names(one) == {name(1), name(2), name(3)}


def test_adding_again_changes_nothing(tmp_path: Path) -> None:
    index = Index(tmp_path)
    assert index.add([entry(1), entry(1)]) == 1
    assert Index(tmp_path).add([entry(1), entry(2)]) == 1
    assert index.pictures == 2


def test_two_adding_the_same_at_once_add_it_once(tmp_path: Path) -> None:
    def add(seed: int) -> int:
        index = Index(tmp_path, sealed_at=7)
        return sum(index.add([entry((seed + i) % 40)]) for i in range(40))

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(add, (0, 10, 20, 30))) == 40
    assert _names(Index(tmp_path)) == {name(i) for i in range(40)}
    assert Index(tmp_path).pictures == 40


def test_many_become_segments_and_stay_what_they_were(tmp_path: Path) -> None:
    index = Index(tmp_path, sealed_at=5)
    watching = Index(tmp_path)
    for i in range(33):
        index.add([entry(i)])
    assert len(list(tmp_path.glob("segment-*.ssi"))) >= 1
    assert len(list(tmp_path.glob("journal-*.ssj"))) == 1
    assert _names(watching) == {name(i) for i in range(33)}
    for within in watching.segments():
        for picture in range(within.pictures):
            seed = next(i for i in range(33) if name(i) == within.name(picture))
            kept = entry(seed).print_
            assert np.array_equal(within.thumb(picture), kept.thumb)
            in_order = kept.places[np.argsort(kept.cells, kind="stable")]
            assert np.array_equal(within.places[within.owners == picture], in_order)
    assert index.verify() == []


def test_matches_are_the_same_from_the_journal_and_from_a_segment(tmp_path: Path) -> None:
    entries = [entry(i)._replace(name=name(f"scene {i}"), print_=scene_print(i)) for i in range(3)]
    fresh, sealed = Index(tmp_path / "fresh"), Index(tmp_path / "sealed", sealed_at=1)
    fresh.add(entries)
    sealed.add(entries)
    asked = look(scene(1).crop((100, 60, 500, 400)))
    found = search(asked, fresh.segments())
    assert [match.name for match in found] == [name("scene 1")]
    assert search(asked, sealed.segments()) == found


def test_taken_out_it_is_gone_until_it_is_added_again(tmp_path: Path) -> None:
    index = Index(tmp_path, sealed_at=3)
    index.add([entry(i) for i in range(4)])
    assert index.remove([name(1), name("never there")]) == 1
    assert _names(Index(tmp_path)) == {name(0), name(2), name(3)}
    index.add([entry(i) for i in range(10, 14)])
    assert name(1) not in _names(Index(tmp_path))


def test_made_again_it_holds_what_it_is_given(tmp_path: Path) -> None:
    index, watching = Index(tmp_path), Index(tmp_path)
    index.add([entry(1), entry(2)])
    index.remove([name(1)])
    assert index.rebuild([entry(2), entry(3)]) == 2
    assert _names(watching) == {name(2), name(3)}
    assert watching.gone == frozenset()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(min_value=1, max_value=3_000))
def test_half_a_record_is_left_out_and_written_over(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    folder = tmp_path_factory.mktemp("index")
    Index(folder).add([entry(1)])
    (journal,) = folder.glob("journal-*.ssj")
    whole = journal.stat().st_size
    Index(folder).add([entry(2)])
    with journal.open("r+b") as file:
        file.truncate(max(whole, journal.stat().st_size - cut))
    index = Index(folder)
    assert name(1) in _names(index)
    index.add([entry(2), entry(3)])
    assert _names(Index(folder)) == {name(1), name(2), name(3)}
    assert Index(folder).verify() == []


def test_half_a_record_is_told(tmp_path: Path) -> None:
    index = Index(tmp_path)
    index.add([entry(1)])
    (journal,) = tmp_path.glob("journal-*.ssj")
    with journal.open("ab") as file:
        file.write(b"half of something")
    assert "17 bytes" in "".join(Index(tmp_path).verify())


_KILLED = """
import sys
from pathlib import Path
from threading import Event
from enrich.reuse.index import Index
from tests.enrich.reuse.makers import entry
index = Index(Path(sys.argv[1]), sealed_at=20)
for i in range(100_000):
    index.add([entry(i)])
    print(i, flush=True)
"""


def test_killed_in_the_middle_it_stays_readable(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = 0
        for line in process.stdout:
            told = int(line)
            if told >= 50:
                break
        process.send_signal(signal.SIGKILL)
    index = Index(tmp_path)
    assert {name(i) for i in range(told + 1)} <= _names(index)
    assert index.add([entry(999_999)]) == 1
    assert index.verify() == []


def _sealed(folder: Path) -> Path:
    Index(folder, sealed_at=1).add([entry(1), entry(2)])
    (path,) = folder.glob("segment-*.ssi")
    return path


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda body: body[: len(body) // 2], "bytes of"),
        (lambda body: body[:10], "not one of our files"),
        (lambda body: b"", "not one of our files"),
        (lambda body: b"GIF89a" + body[6:], "not one of our files"),
        (lambda body: body[:4] + b"\x63\0\0\0" + body[8:], "format 99"),
        (lambda body: body[:8] + b"\x63\0\0\0" + body[12:], "vocabulary 99"),
        (lambda body: body[:40] + b"????" + body[44:], "table of contents"),
    ],
)
def test_a_segment_that_is_not_whole_or_not_ours_is_refused(tmp_path: Path, damage: object, told: str) -> None:
    path = _sealed(tmp_path)
    assert callable(damage)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DamagedIndex, match=told) as raised:
        Index(tmp_path)
    assert "Make it again from the store" in str(raised.value)


def test_a_byte_that_changed_is_found_by_verify(tmp_path: Path) -> None:
    path = _sealed(tmp_path)
    body = bytearray(path.read_bytes())
    body[-2_000] ^= 255
    path.write_bytes(body)
    assert any("not what was written" in line for line in Index(tmp_path).verify())


@pytest.mark.parametrize("manifest", ["", "{", "[]", '{"segments": 3}', json.dumps({"format": 99})])
def test_a_manifest_that_cannot_be_read_is_refused(tmp_path: Path, manifest: str) -> None:
    Index(tmp_path)
    (tmp_path / "manifest.json").write_text(manifest, encoding="utf-8")
    with pytest.raises(DamagedIndex):
        Index(tmp_path)


def test_a_foreign_journal_is_refused(tmp_path: Path) -> None:
    Index(tmp_path)
    (journal,) = tmp_path.glob("journal-*.ssj")
    journal.write_bytes(b"#!/bin/sh\nrm -rf everything\n")
    with pytest.raises(DamagedIndex, match="journal"):
        Index(tmp_path)


def test_a_journal_that_is_gone_is_told(tmp_path: Path) -> None:
    Index(tmp_path)
    (journal,) = tmp_path.glob("journal-*.ssj")
    journal.unlink()
    with pytest.raises(DamagedIndex):
        Index(tmp_path)


def test_readers_are_not_disturbed_by_sealing(tmp_path: Path) -> None:
    index, stop = Index(tmp_path, sealed_at=2), Event()

    def read() -> int:
        watching, most = Index(tmp_path), 0
        while not stop.is_set():
            most = max(most, watching.pictures)
        return most

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        for i in range(30):
            index.add([entry(i)])
        stop.set()
        assert reading.result() <= 30
    assert Index(tmp_path).pictures == 30


@pytest.mark.parametrize("pictures", [1, 20, CELLS // KEPT, CELLS // KEPT + 1])
def test_a_picture_takes_at_most_12_kilobytes(pictures: int) -> None:
    """Of one with all features, in which six pictures were found, at the sizes where the layout changes."""
    full = random_print(0, KEPT)
    full = full._replace(hashes=full.hashes * 7, thumb=np.zeros((64, 64), np.uint8))
    assert len(encode(full)) <= 12_000
    one = segment([(bytes(32), full)])
    whole = merged([one] * pictures)
    assert whole.size_in_bytes <= 12_000 * pictures
