"""What is said of bad files, to the letter: `bad_files.txt` is reviewed as a diff."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from secondsource.contracts.errors import BadConfiguration
from tests.config.folders import folder_of, load, problems


class Case(NamedTuple):
    title: str
    name: str
    text: str
    says: str


def _cases() -> list[Case]:
    _, *parts = (Path(__file__).parent / "bad_files.txt").read_text(encoding="utf-8").split("\n== ")
    cases = []
    for part in parts:
        title, _, rest = part.partition("\n--- ")
        name, _, rest = rest.partition("\n")
        text, _, says = rest.partition("\n--- says\n")
        cases.append(Case(title, name, text + "\n" if text else "", says.strip("\n")))
    return cases


CASES = _cases()


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_says(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder_of(tmp_path, {case.name: case.text}))
    said = "\n".join(str(problem) for problem in problems(Path(), {}))
    assert said == case.says


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_never_starts(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder_of(tmp_path, {case.name: case.text}))
    with pytest.raises(BadConfiguration) as raised:
        load(Path(), {})
    assert str(raised.value) == case.says


def test_every_case_is_there_once() -> None:
    assert len({case.title for case in CASES}) == len(CASES) > 45


def test_no_message_repeats_a_secret() -> None:
    for case in CASES:
        for secret in ("1234-5678", "hunter2", "AAAAAAAA"):
            assert secret not in case.says
