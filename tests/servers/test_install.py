"""What the installer says where it cannot install."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import install, places

ROOT = Path(__file__).parents[2]


def run(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """On a machine that has no program of any name, and an empty cache."""
    return subprocess.run(
        [sys.executable, "-m", "tests.servers.install"],
        cwd=ROOT,
        env={"PATH": str(tmp_path), "SECONDSOURCE_CACHE": str(tmp_path / "cache"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_says_which_suites_cannot_run_and_how_to_get_them(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    for suite, package in (("kafka", "maven"), ("prometheus", "prometheus"), ("browser", "chromium")):
        assert f"tests marked '{suite}' will be skipped: " in done.stdout
        assert f"apt-get install {package}" in done.stdout


def test_under_ci_that_is_an_error(tmp_path: Path) -> None:
    assert run(tmp_path, CI="true").returncode == 1


def test_a_policy_of_the_machine_is_left_as_it_is_and_ours_goes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "POLICY", tmp_path / "policy-rc.d")
    with install.services_stay_off():
        assert os.access(tmp_path / "policy-rc.d", os.X_OK)
    assert not (tmp_path / "policy-rc.d").exists()
    (tmp_path / "policy-rc.d").write_text("theirs")
    with install.services_stay_off():
        pass
    assert (tmp_path / "policy-rc.d").read_text() == "theirs"


def test_the_broker_is_kept_by_its_version() -> None:
    assert places.kafka_jars().name.startswith("kafka-")
    assert places.kafka_jars().name.removeprefix("kafka-") in places.KAFKA_POM.read_text()
