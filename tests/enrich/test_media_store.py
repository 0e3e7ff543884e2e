"""Every place that keeps pictures: what is put is there until it is deleted, and nothing half written has a name."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import pytest

from enrich.media.kept import Bucket, Folder, MediaStore, Place, place
from secondsource.contracts.errors import BadConfiguration, SourceAway
from tests.fakes.s3 import BUCKET, FakeS3, fake_s3

ONE, OTHER = (sha256(name).hexdigest() for name in (b"one", b"other"))
PLACES = ("folder", "memory", "s3")


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeS3]:
    if find_spec("s3fs") is None:
        pytest.skip("skipped: s3fs is not installed")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "velgrad")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with fake_s3() as running:
        yield running


def bucket(s3: FakeS3) -> Place:
    return place(f"s3://{BUCKET}/pictures", {"client_kwargs": {"endpoint_url": s3.url}, "skip_instance_cache": True})


@pytest.fixture(params=PLACES)
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "folder":
        return place(str(tmp_path / "kept"))
    if request.param == "memory":
        return place(f"memory://{tmp_path}")
    return bucket(request.getfixturevalue("s3"))


class TestEveryPlace:
    def test_what_is_put_is_got_until_it_is_deleted(self, where: Place) -> None:
        where.ready()
        assert not where.has("thumbnails/aa/a")
        assert where.get("thumbnails/aa/a") is None
        where.put("thumbnails/aa/a", b"picture")
        where.put("thumbnails/aa/a", b"picture")
        assert where.has("thumbnails/aa/a")
        assert where.get("thumbnails/aa/a") == b"picture"
        where.delete("thumbnails/aa/a")
        where.delete("thumbnails/aa/a")
        assert where.get("thumbnails/aa/a") is None

    def test_names_are_of_one_kind(self, where: Place) -> None:
        where.ready()
        assert list(where.names("thumbnails")) == []
        where.put("thumbnails/aa/a", b"1")
        where.put("thumbnails/bb/b", b"2")
        where.put("originals/aa/c", b"3")
        assert sorted(where.names("thumbnails")) == ["a", "b"]

    def test_many_at_once_put_the_same(self, where: Place) -> None:
        where.ready()
        body = os.urandom(100_000)
        failures: list[Exception] = []

        def put() -> None:
            try:
                where.put("originals/aa/a", body)
            except Exception as error:  # noqa: BLE001 -- whatever it is, it is no pass
                failures.append(error)

        threads = [threading.Thread(target=put) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert where.get("originals/aa/a") == body
        assert list(where.names("originals")) == ["a"]


class TestMediaStore:
    @pytest.mark.parametrize(
        ("keep", "thumbnail", "original"),
        [("nothing", None, None), ("thumbnails", b"small", None), ("originals", b"small", b"large")],
    )
    def test_only_what_is_configured_is_kept(
        self, tmp_path: Path, keep: str, thumbnail: bytes | None, original: bytes | None
    ) -> None:
        store = MediaStore(Folder(tmp_path / "kept"), keep)  # type: ignore[arg-type] # one of the three
        store.ready()
        assert store.wants_thumbnail(ONE) == (keep != "nothing")
        store.add_thumbnail(ONE, b"small")
        store.add_original(ONE, b"large")
        assert store.thumbnail(ONE) == thumbnail
        assert store.original(ONE) == original
        assert not store.wants_thumbnail(ONE)
        assert (tmp_path / "kept").exists() == (keep != "nothing")

    def test_removing_leaves_the_others(self, tmp_path: Path) -> None:
        store = MediaStore(Folder(tmp_path), "originals")
        for name in (ONE, OTHER):
            store.add_thumbnail(name, b"small")
            store.add_original(name, b"large")
        MediaStore(Folder(tmp_path), "nothing").remove([ONE, "../../etc/passwd", "no id", ONE])
        assert set(store.pictures()) == {OTHER}
        assert store.original(OTHER) == b"large"
        assert list(tmp_path.rglob(f"*{ONE}*")) == []

    @pytest.mark.parametrize("name", ["", "../secret", "a" * 63, "A" * 64, "a" * 64 + "\n", "\0" * 64, f"..{'/' * 62}"])
    def test_nothing_but_an_id_leads_to_a_file(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "secret").write_bytes(b"secret")
        store = MediaStore(Folder(tmp_path / "kept"), "originals")
        assert store.thumbnail(name) is None
        assert store.original(name) is None


class TestFolder:
    def test_one_that_cannot_be_written_to_does_not_start(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(BadConfiguration, match=r"enrich\.media\.store: .*file"):
            Folder(tmp_path / "file").ready()

    def test_trouble_while_running_is_a_service_that_is_away(self, tmp_path: Path) -> None:
        folder = Folder(tmp_path)
        folder.ready()
        (tmp_path / "thumbnails").write_bytes(b"a file where a folder should be")
        with pytest.raises(SourceAway):
            folder.put("thumbnails/aa/a", b"picture")
        assert list((tmp_path / "parts").iterdir()) == []

    def test_what_was_left_half_written_long_ago_is_swept(self, tmp_path: Path) -> None:
        folder = Folder(tmp_path)
        folder.ready()
        old, young = tmp_path / "parts" / "old", tmp_path / "parts" / "young"
        for part in (old, young):
            part.write_bytes(b"half")
        os.utime(old, (time.time() - 7_200, time.time() - 7_200))
        folder.ready()
        assert not old.exists()
        assert young.exists()

    def test_killed_in_the_middle_nothing_half_written_has_a_name(self, tmp_path: Path) -> None:
        """A process writes one picture after the other until it is killed; each that is there is whole."""
        for _ in range(3):
            with subprocess.Popen([sys.executable, "-c", _WRITING, str(tmp_path)], stdout=subprocess.PIPE) as process:
                assert process.stdout is not None
                process.stdout.readline()
                process.send_signal(signal.SIGKILL)
        kept = MediaStore(Folder(tmp_path), "originals")
        names = list(kept.pictures())
        assert names
        for name in names:
            body = kept.original(name)
            assert body is not None
            assert sha256(body).hexdigest() == name
        kept.ready()

    def test_two_processes_add_the_same_pictures(self, tmp_path: Path) -> None:
        command = [sys.executable, "-c", _ADDING, str(tmp_path)]
        with subprocess.Popen(command) as one, subprocess.Popen(command) as other:
            assert (one.wait(60), other.wait(60)) == (0, 0)
        kept = MediaStore(Folder(tmp_path), "originals")
        assert len(list(kept.pictures())) == 50
        for name in kept.pictures():
            assert sha256(kept.original(name) or b"").hexdigest() == name
        assert list((tmp_path / "parts").iterdir()) == []


_WRITING = """
import os, sys
from hashlib import sha256
from pathlib import Path
from enrich.media.kept import Folder, MediaStore
kept = MediaStore(Folder(Path(sys.argv[1])), "originals")
kept.ready()
for number in range(10_000):
    body = os.urandom(1_000_000)
    kept.add_original(sha256(body).hexdigest(), body)
    if number == 3:
        print("four", flush=True)
"""

_ADDING = """
import sys
from hashlib import sha256
from pathlib import Path
from enrich.media.kept import Folder, MediaStore
kept = MediaStore(Folder(Path(sys.argv[1])), "originals")
kept.ready()
for number in range(50):
    body = bytes([number]) * 200_000
    kept.add_original(sha256(body).hexdigest(), body)
"""


class TestBucket:
    def test_one_that_is_away_is_a_service_that_is_away(self, s3: FakeS3) -> None:
        where = bucket(s3)
        s3.away = True
        for call in (
            lambda: where.put("originals/aa/a", b"picture"),
            lambda: where.get("originals/aa/a"),
            lambda: where.has("originals/aa/a"),
            lambda: list(where.names("originals")),
        ):
            with pytest.raises(SourceAway, match="s3://velgrad/pictures"):
                call()
        s3.away = False
        where.put("originals/aa/a", b"picture")
        assert s3.objects == {"pictures/originals/aa/a": b"picture"}

    def test_what_cannot_be_reached_by_anything_installed_says_what_to_do(self) -> None:
        with pytest.raises(BadConfiguration, match=r"secondsource\[s3\]"):
            Bucket("velgrad://bucket/prefix")
