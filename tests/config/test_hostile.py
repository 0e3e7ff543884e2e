"""Files nobody wrote in good faith: no exception but ours, bounded work, and nothing that steers a terminal."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.cues import load_cues
from config.document import MAX_BYTES, parse
from config.mappings import load_mapping
from config.problem import JOINERS
from secondsource.contracts.errors import BadConfiguration
from tests.config.folders import GOOD_WATCH, folder_of, load, problems

_PIECES = st.sampled_from(
    (
        *(
            "watches",
            "name",
            "hashtags",
            "keywords",
            "any",
            "thresholds",
            "store",
            "url",
            "kafka",
            "x",
            "a",
            "حلب",
            "😀",
        ),
        *(
            ":",
            ": ",
            "- ",
            "\n",
            "\n  ",
            "\n    ",
            "[",
            "]",
            "{",
            "}",
            ",",
            "'",
            '"',
            "#",
            "&a ",
            "*a",
            "!!set ",
            "!x ",
        ),
        *("|\n", ">\n", "---\n", "...\n", "? ", "<<", "%YAML 1.1\n", "\t", "~", "true", "1e999", "0x1f"),
        *("\\", "\\uD800", "\\x00", "\u202e", "\ufeff", "\x85"),
    )
)
_YAMLISH = st.lists(_PIECES, max_size=40).map("".join)
_ANYTHING = st.one_of(_YAMLISH.map(str.encode), st.binary(max_size=200), st.text(max_size=200).map(str.encode))

_SLOWLY = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@_SLOWLY
@given(watch=_ANYTHING, deployment=_ANYTHING)
def test_garbage_is_a_bad_configuration(watch: bytes, deployment: bytes, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"watches/w.yaml": watch, "secondsource.yaml": deployment})
    said = problems(folder, {})
    if said:
        with pytest.raises(BadConfiguration):
            load(folder, {})
    else:
        load(folder, {})
    for problem in said:
        line = str(problem)
        line.encode()
        assert line.translate(dict.fromkeys(map(ord, JOINERS))).isprintable()


@_SLOWLY
@given(body=_ANYTHING)
def test_garbage_in_other_files_too(body: bytes, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"cues/en.yaml": body, "mapping.yaml": body})
    for attempt in (lambda: load_cues(folder / "cues"), lambda: load_mapping(folder / "mapping.yaml")):
        with contextlib.suppress(BadConfiguration):
            attempt()


@_SLOWLY
@given(text=_YAMLISH)
def test_places_are_within_the_file(text: str) -> None:
    document = parse(text.encode(), "f")
    lines = text.count("\n") + text.count("\r") + text.count("\x85") + text.count("\u2028") + text.count("\u2029") + 2
    told = [(problem.line, problem.column) for problem in document.problems]
    for line, column in (*document.keys.values(), *document.values.values(), *told):
        assert 0 <= line <= lines
        assert column >= 0


def _says(tmp_path: Path, body: bytes) -> str:
    (problem,) = problems(folder_of(tmp_path, {"watches/w.yaml": body}), {})
    return str(problem).replace(f"{tmp_path}/", "")


def test_billion_laughs(tmp_path: Path) -> None:
    lines = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 15)]
    said = problems(folder_of(tmp_path, {"watches/w.yaml": "\n".join(lines)}), {})
    assert any("more than 50000 values" in problem.what for problem in said)


def test_ten_megabytes(tmp_path: Path) -> None:
    body = GOOD_WATCH.encode() + b"# x\n" * 2_500_000
    assert _says(tmp_path, body) == "watches/w.yaml: is larger than 256 KiB; write instead several smaller files"


def test_as_large_as_allowed() -> None:
    body = b"a: [" + b"x, " * ((MAX_BYTES - 10) // 3) + b"]"
    assert not parse(body[:MAX_BYTES], "f").data or len(body) <= MAX_BYTES


def test_not_utf_8(tmp_path: Path) -> None:
    body = "watches:\n  - name: café\n".encode("latin-1")
    assert _says(tmp_path, body) == "watches/w.yaml:2:14: byte 0xe9 is not UTF-8; write instead the file saved as UTF-8"


def test_nul(tmp_path: Path) -> None:
    said = _says(tmp_path, b"watches:\n  - name: a\x00b\n")
    assert said == "watches/w.yaml:2:12: the character U+0000 may not stand in YAML; write instead the file without it"


def test_a_byte_order_mark_is_no_trouble(tmp_path: Path) -> None:
    assert not problems(folder_of(tmp_path, {"watches/w.yaml": b"\xef\xbb\xbf" + GOOD_WATCH.encode()}), {})


def test_windows_line_ends_are_no_trouble(tmp_path: Path) -> None:
    assert not problems(folder_of(tmp_path, {"watches/w.yaml": GOOD_WATCH.replace("\n", "\r\n")}), {})


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_deep(opening: str, tmp_path: Path) -> None:
    assert "deep in each other" in _says(tmp_path, opening.encode() * 5000)


def test_a_long_number(tmp_path: Path) -> None:
    body = GOOD_WATCH + "    thresholds: {min_interactions: " + "9" * 6000 + "}\n"
    assert "expected a whole number" in _says(tmp_path, body.encode())


def test_keys_that_steer_a_terminal(tmp_path: Path) -> None:
    body = GOOD_WATCH + '    "\\e[2J\u202egnp": 1\n'
    said = problems(folder_of(tmp_path, {"watches/w.yaml": body}), {})
    assert said
    assert all(str(problem).isprintable() for problem in said)


def test_a_folder_where_a_file_should_be(tmp_path: Path) -> None:
    (folder_of(tmp_path, {}) / "secondsource.yaml").mkdir()
    (problem,) = problems(tmp_path, {})
    assert problem.what == "cannot be read: Is a directory"


def test_a_file_that_may_not_be_read_or_leads_nowhere(tmp_path: Path) -> None:
    (folder_of(tmp_path, {}) / "secondsource.yaml").symlink_to(tmp_path / "secondsource.yaml")
    (problem,) = problems(tmp_path, {})
    assert problem.what.startswith("cannot be read")
