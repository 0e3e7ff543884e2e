"""The schemas that editors read are those of the code, and our samples name them."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.loader import BUILT_IN
from secondsource.app.configuring import schemas, write_schemas


@pytest.mark.parametrize("name", sorted(schemas()))
def test_the_committed_schema_is_current(name: str) -> None:
    assert (BUILT_IN / "schema" / name).read_text(encoding="utf-8") == schemas()[name], (
        "the models have changed; run: secondsource config schema"
    )


def test_writes_what_is_not_current(tmp_path: Path) -> None:
    assert len(write_schemas(tmp_path / "schema")) == len(schemas())
    assert write_schemas(tmp_path / "schema") == []


@pytest.mark.parametrize(
    "path", sorted([BUILT_IN / "secondsource.yaml", *BUILT_IN.glob("watches/*.yaml")]), ids=lambda p: p.name
)
def test_samples_name_their_schema(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    named = first.removeprefix("# yaml-language-server: $schema=")
    assert named != first
    assert (path.parent / named).resolve().is_file()
