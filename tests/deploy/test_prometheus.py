"""Rules and their tests, as promtool and amtool see them."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.servers.alertmanager import AlertmanagerServer

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = sorted((DEPLOY / "prometheus" / "rules").glob("*.yml"))
TESTS = sorted((DEPLOY / "prometheus" / "tests").glob("*.yml"))


def run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.prometheus
def test_the_rules_are_sound(promtool: Path) -> None:
    assert RULES
    run(promtool, "check", "rules", *RULES)


@pytest.mark.prometheus
def test_the_rules_fire_when_they_must(promtool: Path) -> None:
    assert TESTS
    run(promtool, "test", "rules", *TESTS)


@pytest.mark.prometheus
def test_the_configuration_is_sound(promtool: Path, tmp_path: Path) -> None:
    text = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
    # where compose.yaml mounts them
    assert "/etc/prometheus/rules" in text
    configuration = tmp_path / "prometheus.yml"
    configuration.write_text(text.replace("/etc/prometheus/rules", str(DEPLOY / "prometheus" / "rules")))
    run(promtool, "check", "config", configuration)


@pytest.mark.prometheus
def test_whoever_must_be_told_is_told(amtool: Path) -> None:
    configuration = DEPLOY / "alertmanager" / "alertmanager.yml"
    run(amtool, "check-config", configuration)
    for severity, receiver in (("page", "pages"), ("ticket", "tickets")):
        routed = ("config", "routes", "test", f"--config.file={configuration}", f"--verify.receivers={receiver}")
        run(amtool, *routed, f"severity={severity}")


NO_TICKS = {"alertname": "NoTicks", "severity": "page", "stage": "alerts"}
LAGGING = {"alertname": "StageLagging", "severity": "page", "stage": "enrich"}
SILENT = {"alertname": "CollectorSilent", "severity": "page", "collector": "bluesky"}
BLIND = {"alertname": "CollectorBlind", "severity": "page", "collector": "bluesky", "watch": "velgrad"}


@pytest.mark.prometheus
@pytest.mark.parametrize(
    ("trouble", "follows"),
    [
        ({"alertname": "SourceAway", "service": "store"}, [NO_TICKS, LAGGING, SILENT]),
        ({"alertname": "SourceAway", "service": "ingest:bluesky", "collector": "bluesky"}, [SILENT, BLIND]),
        ({"alertname": "SourceAway", "service": "ingest:mastodon", "collector": "mastodon"}, []),
        ({"alertname": "SourceAway", "service": "slack"}, []),
        ({"alertname": "ProcessGone", "process": "ingest"}, [NO_TICKS]),
        ({"alertname": "ProcessGone", "process": "desk"}, []),
        ({"alertname": "CollectorSilent", "collector": "x"}, []),
    ],
    ids=lambda case: ", ".join(case.values()) if isinstance(case, dict) else "",
)
def test_a_trouble_keeps_quiet_what_follows_from_it_and_nothing_else(
    trouble: dict[str, str], follows: list[dict[str, str]], alertmanager: AlertmanagerServer
) -> None:
    firing = [trouble | {"severity": "page"}, NO_TICKS, LAGGING, SILENT, BLIND]
    assert alertmanager.kept_quiet(firing) == follows


@pytest.mark.prometheus
def test_a_message_says_which_of_its_troubles_are_over(amtool: Path, tmp_path: Path) -> None:
    told = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text())
    texts = {way["text"] for receiver in told["receivers"] for way in receiver["slack_configs"]}
    data = {"receiver": "pages", "status": "firing", "alerts": [alert("x"), alert("feeds", "resolved")]}
    (tmp_path / "data.json").write_text(json.dumps(data))
    (tmp_path / "none.tmpl").write_text("")
    for text in texts:
        command: list[str | Path] = [
            amtool,
            "template",
            "render",
            f"--template.glob={tmp_path}/*.tmpl",
            f"--template.text={text}",
        ]
        said = subprocess.run(
            [*command, f"--template.data={tmp_path}/data.json"], capture_output=True, text=True, check=True
        ).stdout
        assert said.split("\n")[:2] == ["Collector x is silent. Look at its log.", "Over: Collector feeds is silent"]


def alert(collector: str, status: str = "firing") -> dict[str, object]:
    return {
        "status": status,
        "labels": {"alertname": "CollectorSilent", "collector": collector},
        "annotations": {"summary": f"Collector {collector} is silent", "description": "Look at its log."},
        "startsAt": "2026-11-22T06:59:40.561081468Z",
        "endsAt": "0001-01-01T00:00:00Z" if status == "firing" else "2026-11-22T07:09:40Z",
        "fingerprint": "e463f7422e3744af",
    }


def alerts(files: list[Path]) -> list[dict[str, object]]:
    loaded = [yaml.safe_load(path.read_text()) for path in files]
    return [rule for each in loaded for group in each["groups"] for rule in group["rules"] if "alert" in rule]


def test_every_alert_has_a_test_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    cases = [
        case for path in TESTS for test in yaml.safe_load(path.read_text())["tests"] for case in test["alert_rule_test"]
    ]
    fires = {case["alertname"] for case in cases if case["exp_alerts"]}
    quiet = {case["alertname"] for case in cases if not case["exp_alerts"]}
    named = {rule["alert"] for rule in alerts(RULES)}
    assert fires == named
    assert quiet == named


def test_every_alert_says_whom_to_wake_and_what_to_do() -> None:
    for rule in alerts(RULES):
        labels, annotations = rule["labels"], rule["annotations"]
        assert isinstance(labels, dict)
        assert isinstance(annotations, dict)
        assert labels["severity"] in {"page", "ticket"}
        assert annotations.keys() == {"summary", "description", "runbook"}


def test_every_alerts_runbook_has_its_section() -> None:
    """And every section its alert, so that nobody reads of an alarm that can no longer go off."""
    named = {str(rule["alert"]) for rule in alerts(RULES)}
    for rule in alerts(RULES):
        annotations = rule["annotations"]
        assert isinstance(annotations, dict)
        assert annotations["runbook"] == f"docs/operations.md#{str(rule['alert']).lower()}"
    text = (DEPLOY.parent / "docs" / "operations.md").read_text()
    chapter = text.partition("\n## When an alarm goes off\n")[2].partition("\n## ")[0]
    assert set(re.findall(r"^### (\w+)$", chapter, re.MULTILINE)) == named
