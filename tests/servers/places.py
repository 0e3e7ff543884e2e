"""Where the real servers are on this machine, and how to get those that are not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
KAFKA_POM = Path(__file__).parent / "pom.xml"
SENTENCES_POM = Path(__file__).parent / "sentences.xml"
OLDEST_JAVA = 17
OLDEST_POSTGRES = 15
COMPOSE_GO = "2.16.2"


class Missing(Exception):
    """A server is not on this machine; the message says how to get it."""


def cache_folder() -> Path:
    """Where downloads are kept between runs: $SECONDSOURCE_CACHE, or `.cache` beside the Makefile."""
    return Path(os.environ.get("SECONDSOURCE_CACHE") or ROOT / ".cache").resolve()


def _on_path(*names: str) -> Path | None:
    return next((Path(found) for name in names if (found := shutil.which(name))), None)


@cache
def _version(command: tuple[str, ...], pattern: str) -> int:
    """The first number that a program's own account of its version gives; 0 where it gives none."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return 0
    found = re.search(pattern, done.stdout + done.stderr)
    return int(found.group(1)) if found else 0


def java() -> Path:
    home = os.environ.get("JAVA_HOME")
    candidates = [Path(home) / "bin" / "java"] if home else []
    candidates += [found for found in [_on_path("java")] if found]
    candidates += sorted(Path("/usr/lib/jvm").glob("*/bin/java"), reverse=True)
    for candidate in candidates:
        if candidate.exists() and _version((str(candidate), "-version"), r'version "(\d+)') >= OLDEST_JAVA:
            return candidate
    raise Missing(f"Java {OLDEST_JAVA}+ is missing; on Debian: apt-get install default-jre-headless")


def maven() -> Path:
    if found := _on_path("mvn"):
        return found
    raise Missing("Maven is missing; on Debian: apt-get install maven")


def kafka_jars() -> Path:
    """The folder of the broker's jars. It is named for the pom, so that a changed pom fetches anew."""
    version = re.search(r"<version>(\d+\.\d+\.\d+)</version>", KAFKA_POM.read_text())
    assert version, f"{KAFKA_POM} names no broker version"
    return cache_folder() / f"kafka-{version.group(1)}"


def kafka() -> Path:
    jars = kafka_jars()
    if (jars / "complete").exists():
        return jars
    raise Missing("the Kafka broker has not been fetched; run: python -m tests.servers.install")


def sentences_folder() -> Path:
    return cache_folder() / "sentences"


def sentences() -> Path:
    """The folder of a sentence model for English, as `stories.model` names one."""
    folder = sentences_folder()
    if (folder / "model.onnx").exists() and (folder / "tokenizer.json").exists():
        return folder
    raise Missing("the sentence model has not been fetched; run: python -m tests.servers.install")


def postgres_bin() -> Path:
    """The folder with initdb and postgres, the newest of those there are."""
    candidates = []
    if pg_config := _on_path("pg_config"):
        said = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, timeout=60, check=False)
        candidates.append(Path(said.stdout.strip()))
    candidates += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda path: int(path.parent.name) if path.parent.name.isdigit() else 0,
        reverse=True,
    )
    if found := _on_path("postgres"):
        candidates.append(found.resolve().parent)
    for candidate in candidates:
        server = candidate / "postgres"
        known = server.exists() and (candidate / "initdb").exists()
        if known and _version((str(server), "--version"), r"(\d+)") >= OLDEST_POSTGRES:
            return candidate
    raise Missing(f"PostgreSQL {OLDEST_POSTGRES}+ is missing; on Debian: apt-get install postgresql")


def prometheus() -> Path:
    if found := _on_path("prometheus"):
        return found
    raise Missing("Prometheus is missing; on Debian: apt-get install prometheus")


def promtool() -> Path:
    if found := _on_path("promtool"):
        return found
    raise Missing("promtool is missing; on Debian: apt-get install prometheus")


def amtool() -> Path:
    if found := _on_path("amtool"):
        return found
    raise Missing("amtool is missing; on Debian: apt-get install prometheus-alertmanager")


def alertmanager() -> Path:
    if found := _on_path("prometheus-alertmanager", "alertmanager"):
        return found
    raise Missing("Alertmanager is missing; on Debian: apt-get install prometheus-alertmanager")


def chromium() -> Path:
    if found := _on_path("chromium", "chromium-browser", "google-chrome"):
        return found
    raise Missing("Chromium is missing; on Debian: apt-get install chromium")


def tesseract() -> Path:
    if found := _on_path("tesseract"):
        return found
    raise Missing("Tesseract is missing; on Debian: apt-get install tesseract-ocr")


def tesseract_language(name: str) -> Path:
    """The file with which Tesseract reads a language (ISO 639-2), as Debian places it."""
    folders = Path("/usr/share/tesseract-ocr").glob("*/tessdata")
    if found := next((file for each in folders if (file := each / f"{name}.traineddata").exists()), None):
        return found
    raise Missing(f"Tesseract cannot read {name}; on Debian: apt-get install tesseract-ocr-{name}")


def go() -> Path:
    if found := _on_path("go"):
        return found
    raise Missing("Go is missing; see https://go.dev/doc/install")


def compose_go_folder() -> Path:
    return cache_folder() / f"compose-go-{COMPOSE_GO}"


def compose_go() -> Path:
    """The reference reader of compose files. Nothing needs it: our own checks run without."""
    if (found := compose_go_folder() / "cmd").exists():
        return found
    raise Missing("compose-go has not been built; with Go 1.22+ there, run: python -m tests.servers.install")
