"""The boards as files: what Grafana would trip over."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import CollectorRegistry

from deploy.grafana.__main__ import files
from secondsource.runtime.metrics import Metrics
from tests.deploy.board_queries import boards, filled_promql, queries

PROVISIONING = Path(__file__).parents[2] / "deploy" / "grafana" / "provisioning"
WIDTH = 24
#: What Prometheus and every process have, besides our own.
GIVEN = {"ALERTS", "up", "process_resident_memory_bytes", "process_start_time_seconds"}


def test_the_committed_files_are_what_the_source_writes() -> None:
    stale = [path.name for path, text in files().items() if path.read_text("utf-8") != text]
    assert not stale, "run: python -m deploy.grafana"


@pytest.mark.parametrize("name", boards())
def test_panels_have_ids_of_their_own_and_do_not_overlap(name: str) -> None:
    panels = boards()[name]["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: dict[tuple[int, int], str] = {}
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] >= 0
        assert place["x"] + place["w"] <= WIDTH
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, f"{panel['title']} lies on {taken[x, y]}"
                taken[x, y] = panel["title"]


def test_every_panel_says_what_it_shows() -> None:
    for board in boards().values():
        for panel in board["panels"]:
            assert panel["title"]
            assert panel["type"] == "row" or panel["description"], panel["title"]


def datasources() -> dict[str, str]:
    provisioned = yaml.safe_load((PROVISIONING / "datasources" / "secondsource.yaml").read_text())
    return {source["uid"]: source["type"] for source in provisioned["datasources"]}


def references(value: Any) -> list[dict[str, str]]:
    """Every `datasource` anywhere in a board."""
    if isinstance(value, list):
        return [found for item in value for found in references(item)]
    if isinstance(value, dict):
        own = [value["datasource"]] if "datasource" in value else []
        return own + [found for item in value.values() for found in references(item)]
    return []


@pytest.mark.parametrize("name", boards())
def test_datasources_are_provisioned(name: str) -> None:
    known = datasources()
    for reference in references(boards()[name]):
        assert known.get(reference["uid"]) == reference["type"]


@pytest.mark.parametrize("name", boards())
def test_variables_that_are_used_are_defined(name: str) -> None:
    board = boards()[name]
    defined = {variable["name"] for variable in board["templating"]["list"]}
    used = {
        found
        for query in queries()
        if query.where.startswith(f"{name}:")
        for found in re.findall(r"\$\{?([a-z]\w*)", query.text)
    }
    assert used == defined


def names(expression: object) -> set[str]:
    """The metrics an expression reads."""
    found = set()
    name = getattr(expression, "name", None)
    if isinstance(expression, promql_parser.VectorSelector) and name:
        found.add(str(name))
    for part in ("expr", "lhs", "rhs", "vector_selector", "selector", "vs", "args", "param"):
        below = getattr(expression, part, None)
        for each in below if isinstance(below, list) else [below]:
            if each is not None and not isinstance(each, str | int | float):
                found |= names(each)
    return found


def declared() -> set[str]:
    """Every name that our /metrics can show."""
    registry = CollectorRegistry()
    Metrics(registry)
    found = set()
    for family in registry.collect():
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(family.type, ("",))
        found |= {family.name + suffix for suffix in suffixes}
    return found


def test_promql_parses_and_reads_metrics_that_there_are() -> None:
    known = declared() | GIVEN
    for query in queries():
        if query.kind == "promql":
            read = names(promql_parser.parse(filled_promql(query.text)))
            assert read >= set(re.findall(r"secondsource_\w+", query.text)), query.where
            assert read <= known, query.where


def test_rules_read_metrics_that_there_are() -> None:
    known = declared() | GIVEN
    rules = yaml.safe_load((PROVISIONING.parents[1] / "prometheus" / "rules" / "secondsource.yml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            read = names(promql_parser.parse(rule["expr"]))
            assert read, rule["alert"]
            assert read <= known, rule["alert"]


def test_the_provider_looks_where_compose_puts_the_boards() -> None:
    provider = yaml.safe_load((PROVISIONING / "dashboards" / "secondsource.yaml").read_text())
    compose = yaml.safe_load((PROVISIONING.parents[1] / "compose.yaml").read_text())
    (path,) = [each["options"]["path"] for each in provider["providers"]]
    assert f"./grafana/dashboards:{path}:ro" in compose["services"]["grafana"]["volumes"]
