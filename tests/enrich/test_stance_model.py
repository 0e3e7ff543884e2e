"""The model beside the cues: training, files, and what happens to files that are not as they were written."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from enrich.stance.cues import CueReader, Reading
from enrich.stance.features import Seen, Thread, features
from enrich.stance.model import LABELS, StanceModel, Weights, counting
from enrich.stance.training import Chosen, Example, _fit, _Known, f1_by_label, macro_f1, train
from secondsource.contracts.errors import BadConfiguration
from tests.enrich.makers import cues

SAID = {
    "asserts": "heard it fall too, number",
    "denies": "nonsense, it stands, number",
    "asks": "where did you get that, number",
    "comments": "stay safe dear friends, number",
}


@pytest.fixture(scope="module")
def reader() -> CueReader:
    return CueReader(cues())


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    source = "The bridge in Velgrad fell"
    return [
        Example(f"{SAID[label]} {number}", label, f"event {number % 4}", source, source)
        for label in LABELS
        for number in range(24)
    ]


@pytest.fixture(scope="module")
def model(reader: CueReader, examples: list[Example]) -> StanceModel:
    return train(examples, reader)


def test_it_learns_what_it_is_shown(model: StanceModel, reader: CueReader) -> None:
    source = reader.read("The bridge in Velgrad fell")
    for label, said in SAID.items():
        seen = features(reader.read(f"{said} 99"), False, Thread(source, source))
        chances = model.chances(seen, with_thread=True)
        assert LABELS[int(np.argmax(chances))] == label
        assert sum(chances) == pytest.approx(1.0)


def test_the_same_examples_give_the_same_file(
    model: StanceModel, reader: CueReader, examples: list[Example], tmp_path: Path
) -> None:
    model.save(tmp_path / "one.npz")
    train(examples, reader).save(tmp_path / "other.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "other.npz").read_bytes()


def test_a_file_reads_as_it_was_written(model: StanceModel, tmp_path: Path) -> None:
    model.save(tmp_path / "stance.npz")
    read = StanceModel.load(tmp_path / "stance.npz")
    known = Seen(frozenset({"negations 1", "disputes first"}), {"~ no": 2, "~onsen": 1})
    for seen in (known, Seen(frozenset({"unknown"}), {"~zzz": 3}), Seen(frozenset(), {})):
        assert read.chances(seen, with_thread=True) == model.chances(seen, with_thread=True)
        assert read.chances(seen, with_thread=False) == model.chances(seen, with_thread=False)


def test_what_counts_is_of_length_one_and_a_half(reader: CueReader, model: StanceModel, tmp_path: Path) -> None:
    model.save(tmp_path / "stance.npz")
    with np.load(tmp_path / "stance.npz") as file:
        names, scale = file["alone_names"].tobytes().decode().split("\n"), file["alone_scale"]
    table = {name: row for row, name in enumerate(names)}
    rows, values = counting(features(reader.read(f"{SAID['denies']} 5"), False), table, scale)
    letters = [value for row, value in zip(rows, values, strict=True) if names[row].startswith("~")]
    signs = [value for row, value in zip(rows, values, strict=True) if not names[row].startswith("~")]
    assert float(np.linalg.norm(letters)) == pytest.approx(1.0)
    assert float(np.linalg.norm(signs)) == pytest.approx(0.5)


def test_what_a_reply_sets_against_what_it_answers_is_seen(reader: CueReader) -> None:
    source = reader.read("The bridge in Velgrad fell, 12 are hurt")
    seen = features(
        reader.read("No, the bridge stands and you know it, 3 are hurt"), False, Thread(source, source)
    ).signs
    assert {"negates a word of theirs", "other numbers than the source", "addressing, negative"} <= seen
    assert {"disputes first", "negative soon", "negations 1"} <= seen


def _other_version(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04 not an archive")


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def _changed(path: Path) -> None:
    with np.load(path) as file:
        arrays = dict(file)
    arrays["thread_rows"] = arrays["thread_rows"] + 1
    np.savez(path, allow_pickle=False, **arrays)


def _pickled(path: Path) -> None:
    hidden: Any = np.array([{"runs": "code"}], dtype=object)
    np.savez(path, about=hidden)


def _array(path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


def _spoilt_inside(path: Path) -> None:
    """Each byte that is packed, the next one: the table of contents is as it was."""
    with zipfile.ZipFile(path) as file:
        first = file.infolist()[0]
    body = bytearray(path.read_bytes())
    begins = first.header_offset + 30 + len(first.filename) + int.from_bytes(body[28:30], "little")
    for at in range(begins, begins + first.compress_size):
        body[at] = (body[at] + 1) % 256
    path.write_bytes(body)


def _of_another_time(path: Path) -> None:
    """Its table of contents asks for a version of the format that nobody knows."""
    body = bytearray(path.read_bytes())
    body[body.index(b"PK\x01\x02") + 6] = 255
    path.write_bytes(body)


def _described(described: str) -> Callable[[Path], None]:
    """An array of so many numbers that it says, and has not."""

    def spoil(path: Path) -> None:
        header = described.ljust(117).encode() + b"\n"
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("about.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)

    return spoil


def _deep(path: Path) -> None:
    np.savez(path, about=np.frombuffer(b"[" * 100_000, np.uint8))


@pytest.mark.parametrize(
    "spoil",
    [
        _other_version,
        _cut,
        _changed,
        _pickled,
        _array,
        lambda path: path.unlink(),
        _spoilt_inside,
        _of_another_time,
        _described("{'descr': '<f8', 'fortran_order': False, 'shape': (400000000000000,)}"),
        _described("(" * 100),
        _deep,
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused(model: StanceModel, tmp_path: Path, spoil: Any) -> None:
    path = tmp_path / "stance.npz"
    model.save(path)
    spoil(path)
    with pytest.raises(BadConfiguration, match=r"stance\.npz .*secondsource stance train"):
        StanceModel.load(path)


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    bad = Weights(("a",), np.full((1, 4), np.nan, np.float32), np.zeros(1, np.float32), np.zeros(4, np.float32))
    StanceModel(bad, bad).save(tmp_path / "stance.npz")
    with pytest.raises(BadConfiguration, match="do not fit"):
        StanceModel.load(tmp_path / "stance.npz")


def test_too_few_examples_are_refused(reader: CueReader, examples: list[Example]) -> None:
    with pytest.raises(BadConfiguration, match=r"asks \(0\)"):
        train([example for example in examples if example.label != "asks"], reader)


def test_scores() -> None:
    assert f1_by_label([0, 0, 1, 2], [0, 1, 1, 3]) == pytest.approx([2 / 3, 2 / 3, 0.0, 0.0])
    assert macro_f1([0, 1, 2, 3], [0, 1, 2, 3]) == 1.0


def test_signs_weigh_the_same_whatever_the_letters_say() -> None:
    """Letters and signs are fitted apart and averaged: of signs alone, each weighs twice as much."""
    labels = np.arange(40) % len(LABELS)
    signs = np.eye(len(LABELS), dtype=np.float64)[labels]
    letters = np.random.default_rng(1).random((40, 3))
    names = tuple(f"sign {label}" for label in LABELS)
    by = Chosen(0.1, 1.0, 0.0)
    everybody = np.ones(40, np.bool_)
    alone = _fit(_Known(names, np.ones(4, np.float32), csr_matrix(signs), labels), everybody, by)
    both_names, both = (*names, "~a", "~b", "~c"), csr_matrix(np.hstack([signs, letters]))
    apart = _fit(_Known(both_names, np.ones(7, np.float32), both, labels), everybody, by)
    assert apart.rows[:4] == pytest.approx(alone.rows / 2, abs=1e-6)
    assert np.abs(apart.rows[4:]).max() > 0


def test_marks_without_end_are_looked_at_from_the_end() -> None:
    marks = "?" * 500_000  # the square of it would take an hour
    assert "? inside" in features(Reading(own=f"{marks}x"), False).signs
    assert "? at the end" in features(Reading(own=f"x{marks} #velgrad"), False).signs
