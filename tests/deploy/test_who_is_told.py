"""Trouble of the pipeline goes to Alertmanager, alerts about stories to the analysts, and neither to the other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
ALERTMANAGER = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text())
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
OPS_WEBHOOK = "slack_ops_webhook"


def leaves(part: Any) -> Iterator[str]:
    """All keys and texts in a piece of YAML."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield str(key)
            yield from leaves(value)
    elif isinstance(part, list):
        for value in part:
            yield from leaves(value)
    else:
        yield str(part)


def test_alertmanager_tells_by_a_webhook_of_its_own_and_names_no_channel() -> None:
    """A webhook of Slack leads to the one channel it was made for; ours, for analysts, are reached by the bot."""
    ways = [way for receiver in ALERTMANAGER["receivers"] for way in receiver["slack_configs"]]
    assert ways
    for way in ways:
        assert way["api_url_file"] == f"/run/secrets/{OPS_WEBHOOK}"
        assert "channel" not in way
        assert "token" not in str(way)
    configs = {key for receiver in ALERTMANAGER["receivers"] for key in receiver if key != "name"}
    assert configs == {"slack_configs"}


def test_only_alertmanager_has_that_webhook_and_it_has_no_secret_of_ours() -> None:
    having = {
        name for name, service in COMPOSE["services"].items() if OPS_WEBHOOK in set(leaves(service.get("secrets")))
    }
    assert having == {"alertmanager"}
    assert set(leaves(COMPOSE["services"]["alertmanager"]["secrets"])) == {OPS_WEBHOOK}


def test_no_watch_and_no_notifier_of_ours_names_it() -> None:
    for folder in (ROOT / "config", DEPLOY / "config"):
        for path in folder.rglob("*.yaml"):
            assert "ops" not in {word.lower() for word in leaves(yaml.safe_load(path.read_text("utf-8")))}, path
            assert OPS_WEBHOOK not in path.read_text("utf-8"), path


def test_grafana_tells_nobody() -> None:
    """It could alert as well; then the same trouble would be told twice, and perhaps elsewhere."""
    provisioned = {path.parent.name for path in (DEPLOY / "grafana" / "provisioning").rglob("*") if path.is_file()}
    assert provisioned <= {"dashboards", "datasources"}


def test_what_notifiers_are_given_are_events_of_alerts_and_nothing_else() -> None:
    """Rows of the outbox are made in one place, of alert events; nothing else of the store adds any."""
    writing = {
        path.name
        for path in (ROOT / "store").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
        if (node.func.id if isinstance(node.func, ast.Name) else node.func.attr) in {"delivery_row", "DeliveryRow"}
    }
    assert writing == {"rows.py", "writer.py"}
    row = next(
        node
        for node in ast.walk(ast.parse((ROOT / "store" / "rows" / "rows.py").read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name == "delivery_row"
    )
    assert next(ast.unparse(each.annotation) for each in row.args.args if each.annotation) == "AlertEvent"


def test_every_rule_about_the_pipeline_is_routed_to_operators() -> None:
    named = {receiver["name"] for receiver in ALERTMANAGER["receivers"]}
    route = ALERTMANAGER["route"]
    assert {route["receiver"], *(each["receiver"] for each in route["routes"])} == named == {"pages", "tickets"}
    rules = yaml.safe_load((DEPLOY / "prometheus" / "rules" / "secondsource.yml").read_text())
    alerts = [rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule]
    assert {rule["labels"]["severity"] for rule in alerts} == {"page", "ticket"}
    about_stories = ("secondsource_alert_events_total", "corroboration", "surprise")
    assert not [rule["alert"] for rule in alerts if any(word in rule["expr"] for word in about_stories)]
