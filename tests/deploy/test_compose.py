"""compose.yaml, the image and the secrets: what would only show when somebody starts it."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import first_secrets
from secondsource.app.configuring import load

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "secondsource"}
ONE_SHOT = {"migrate", "reader"}
PARTS = {"ingest", "enrich", "store", "alerts", "notify", "desk"}


def test_compose_go_reads_it(compose_go: Path) -> None:
    done = subprocess.run([compose_go, "compose.yaml"], cwd=DEPLOY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert yaml.safe_load(done.stdout)["services"].keys() == SERVICES.keys()


def test_compose_go_refuses_what_is_wrong(compose_go: Path, tmp_path: Path) -> None:
    wrong = (DEPLOY / "compose.yaml").read_text().replace("    restart: unless-stopped\n", "    restrat: always\n", 1)
    (tmp_path / "compose.yaml").write_text(wrong)
    done = subprocess.run([compose_go, "compose.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0


def test_everything_is_there() -> None:
    assert {"kafka", "postgres", "prometheus", "alertmanager", "grafana", *ONE_SHOT, *PARTS} == SERVICES.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_waits_for_exists_and_can_come_true(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert other in SERVICES
        if how["condition"] == "service_completed_successfully":
            assert other in ONE_SHOT
        else:
            assert how["condition"] == "service_healthy"
            assert SERVICES[other]["healthcheck"]["test"]


def test_nothing_waits_for_itself() -> None:
    waits = {name: set(service.get("depends_on", {})) for name, service in SERVICES.items()}
    done: set[str] = set()
    while ready := {name for name, others in waits.items() if name not in done and others <= done}:
        done |= ready
    assert done == SERVICES.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_mounts_exists(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source, target, *mode = volume.split(":")
        assert target.startswith("/")
        if source.startswith("."):
            assert (DEPLOY / source).exists(), source
            assert mode == ["ro"], f"{source} is ours, and a container could change it"
        else:
            assert source in COMPOSE["volumes"]
    for secret in SERVICES[name].get("secrets", []):
        assert secret in COMPOSE["secrets"]


def test_every_volume_and_secret_is_used() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert COMPOSE["volumes"].keys() <= used
    assert COMPOSE["secrets"].keys() == {each for service in SERVICES.values() for each in service.get("secrets", [])}


@pytest.mark.parametrize("name", SERVICES)
def test_a_secret_a_service_reads_is_given_to_it(name: str) -> None:
    service = SERVICES[name]
    mounted = [
        DEPLOY / volume.split(":")[0]
        for volume in service.get("volumes", [])
        if volume.startswith("./") and name not in {"kafka", "postgres"}
    ]
    files = [path for mount in mounted for path in (sorted(mount.rglob("*")) if mount.is_dir() else [mount])]
    text = str(service.get("environment", "")) + "".join(path.read_text() for path in files if path.is_file())
    without_comments = re.sub(r"(?m)^\s*(#|--).*$", "", text)
    assert set(re.findall(r"/run/secrets/(\w+)", without_comments)) <= set(service.get("secrets", []))


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_listens_beyond_this_machine_or_holds_a_password(name: str) -> None:
    service = SERVICES[name]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    for key, value in service.get("environment", {}).items():
        assert key.endswith("FILE") or not re.search(r"PASSWORD|TOKEN|SECRET", key), f"{key}={value}"


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - ONE_SHOT))
def test_what_goes_on_running_is_looked_after(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name: str) -> None:
    image = SERVICES[name]["image"]
    assert image == "secondsource" or re.search(r":v?\d+[\w.-]*$", image)


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    """The configuration folder as our containers see it."""
    (folder,) = {str(service["working_dir"]) for service in OURS.values()}
    (volumes,) = {tuple(service["volumes"]) for service in OURS.values()}
    for volume in volumes:
        source, target, *_ = volume.split(":")
        if not source.startswith("."):
            continue  # a volume of the engine's own
        place = tmp_path / Path(target).relative_to(folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to((DEPLOY / source).resolve())
    return tmp_path / "config"


URL = "postgresql+psycopg://secondsource:x@postgres:5432/secondsource"


def test_our_configuration_is_sound(mounted: Path) -> None:
    configuration = load(mounted, {"SECONDSOURCE_STORE_URL": URL})
    assert configuration.watches
    assert configuration.store_url == URL
    settings = configuration.deployment
    assert settings.transport == "kafka"
    advertised = SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].removeprefix("INTERNAL://")
    assert settings.kafka.bootstrap == advertised
    (port,) = SERVICES["desk"]["ports"]
    assert port == f"127.0.0.1:{settings.desk.port}:{settings.desk.port}"
    for service in OURS.values():
        if not service["healthcheck"].get("disable"):
            assert f"127.0.0.1:{settings.metrics.port}/metrics" in service["healthcheck"]["test"][-1]


def test_prometheus_asks_every_process_of_ours(mounted: Path) -> None:
    jobs = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    (job,) = [each for each in jobs if each["job_name"] == "secondsource"]
    asked = {target for each in job["static_configs"] for target in each["targets"]}
    asked |= {f"{name}:{each['port']}" for each in job["dns_sd_configs"] for name in each["names"]}
    port = load(mounted, {}).deployment.metrics.port
    assert asked == {f"{name}:{port}" for name in OURS.keys() - ONE_SHOT}


def test_our_services_run_our_commands() -> None:
    commands = {name: service["command"] for name, service in OURS.items()}
    assert {name for name, command in commands.items() if command == ["secondsource", "run", name]} == PARTS
    assert commands["migrate"] == ["secondsource", "migrate"]


@pytest.mark.parametrize("name", OURS)
def test_our_commands_are_real(name: str) -> None:
    program, command, *arguments = OURS[name]["command"]
    done = subprocess.run(
        [Path(sys.executable).with_name(program), command, "--help"],
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for argument in arguments:
        assert argument in done.stdout


def dockerfile() -> list[list[str]]:
    lines = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    return [line.split() for line in lines if line and not line.startswith("#")]


def test_the_image_is_made_of_what_there_is() -> None:
    own = [words for words in dockerfile() if words[0] == "COPY" and not words[1].startswith("--from")]
    sources = {word for words in own for word in words[1:-1] if not word.startswith("--")}
    assert all((ROOT / source).exists() for source in sources)
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]
    assert {name.rstrip("*") for name in packages["include"]} <= sources
    admitted = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert {f"!{source}" for source in sources} <= set(admitted)


def test_the_image_installs_what_is_pinned_and_does_not_run_as_root() -> None:
    words = dockerfile()
    assert ["RUN", "pip", "install", "--require-hashes", "-r", "/build/requirements.lock"] in words
    last_stage = words[max(index for index, line in enumerate(words) if line[0] == "FROM") :]
    assert [line[1] for line in last_stage if line[0] == "USER"] == ["10001"]


def test_the_entrypoint_reads_secrets_from_files_and_passes_over_empty_ones(tmp_path: Path) -> None:
    (tmp_path / "url").write_text(URL)
    (tmp_path / "slack").write_text("")
    done = subprocess.run(
        [DEPLOY / "entrypoint", "env"],
        env={
            "PATH": os.environ["PATH"],
            "SECONDSOURCE_STORE_URL_FILE": str(tmp_path / "url"),
            "SLACK_BOT_TOKEN_FILE": str(tmp_path / "slack"),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert f"SECONDSOURCE_STORE_URL={URL}" in lines
    assert not [line for line in lines if line.startswith(("SLACK_BOT_TOKEN=", "X_BEARER_TOKEN="))]


def test_a_container_of_ours_finds_its_configuration_sound(mounted: Path, tmp_path: Path) -> None:
    first_secrets.write(tmp_path / "secrets")
    (environment,) = [dict(pairs) for pairs in {tuple(service["environment"].items()) for service in OURS.values()}]
    done = subprocess.run(
        [DEPLOY / "entrypoint", "secondsource", "config", "check"],
        env={key: value.replace("/run/secrets", str(tmp_path / "secrets")) for key, value in environment.items()}
        | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(tmp_path)},
        cwd=mounted.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_first_secrets_makes_every_secret_and_keeps_those_there_are(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "slack_bot_token").write_text("mine")
    empty = ["slack_app_token", "slack_signing_secret", "slack_ops_webhook", "x_bearer_token"]
    assert first_secrets.write(folder) == empty
    before = {path.name: path.read_text() for path in folder.iterdir()}
    first_secrets.write(folder)
    assert {path.name: path.read_text() for path in folder.iterdir()} == before
    assert {f"./secrets/{name}" for name in before} == {each["file"] for each in COMPOSE["secrets"].values()}
    assert before["slack_bot_token"] == "mine"
    assert before["postgres_password"] in before["database_url"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in folder.iterdir())


def test_secrets_are_never_committed() -> None:
    ignored = (DEPLOY / "secrets" / ".gitignore").read_text().splitlines()
    assert "*" in ignored
