"""What a board is made of: panels with their queries, in rows, as Grafana's Classic JSON (schemaVersion 41)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

Json = dict[str, Any]

QUERIES = Path(__file__).parent / "queries"
METRICS = {"type": "prometheus", "uid": "secondsource-metrics"}
STORE = {"type": "grafana-postgresql-datasource", "uid": "secondsource-store"}
WIDTH = 24  #: columns of Grafana's grid


class Panel(NamedTuple):
    """A panel without its place: `width` of 24 columns, `height` in rows of 30 pixels."""

    kind: str
    title: str
    about: str
    targets: Sequence[Json]
    width: int
    height: int = 8
    defaults: Mapping[str, Any] = {}
    overrides: Sequence[Json] = ()
    options: Mapping[str, Any] = {}
    transformations: Sequence[Json] = ()


class Row(NamedTuple):
    """A heading over panels that are laid out from left to right."""

    title: str
    panels: Sequence[Panel]


def promql(expr: str, legend: str = "", *, now: bool = False) -> Json:
    """A series for each result; `now` takes the value at the end alone."""
    target: Json = {"datasource": METRICS, "editorMode": "code", "expr": expr, "legendFormat": legend or "__auto"}
    return {**target, "instant": True, "range": False, "format": "table"} if now else {**target, "range": True}


def sql(query: str, shape: Literal["table", "time_series"] = "table") -> Json:
    """`query` names a file in queries/."""
    return {
        "datasource": STORE,
        "editorMode": "code",
        "format": shape,
        "rawQuery": True,
        "rawSql": (QUERIES / f"{query}.sql").read_text(encoding="utf-8").strip(),
    }


def column(name: str, **properties: object) -> Json:
    """What is particular to one column: `unit`, `width`, `links`."""
    known = {"width": "custom.width", "wrap": "custom.cellOptions"}
    return {
        "matcher": {"id": "byName", "options": name},
        "properties": [{"id": known.get(key, key), "value": value} for key, value in properties.items()],
    }


WRAPPED = {"type": "auto", "wrapText": True}
TREND = {"custom": {"drawStyle": "line", "fillOpacity": 10, "lineWidth": 1, "showPoints": "never"}}
STACKED = {
    "custom": {"drawStyle": "bars", "fillOpacity": 80, "lineWidth": 0, "stacking": {"mode": "normal", "group": "A"}}
}
LEGEND = {
    "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
    "tooltip": {"mode": "multi", "sort": "desc"},
}


def steps(*pairs: tuple[float | None, str]) -> Json:
    """Colours by value: the first from below (None), each next from its number on."""
    return {"mode": "absolute", "steps": [{"value": value, "color": colour} for value, colour in pairs]}


def stat(
    title: str, about: str, target: Json, *, unit: str = "short", colours: Json | None = None, width: int = 6
) -> Panel:
    defaults: Json = {"unit": unit, "thresholds": colours or steps((None, "text"))}
    options = {
        "colorMode": "value",
        "graphMode": "none",
        "justifyMode": "auto",
        "textMode": "auto",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    }
    return Panel("stat", title, about, [target], width, 4, defaults, (), options)


def trend(
    title: str, about: str, targets: Sequence[Json], *, unit: str = "short", stacked: bool = False, width: int = 12
) -> Panel:
    defaults = {"unit": unit, "min": 0, **(STACKED if stacked else TREND)}
    return Panel("timeseries", title, about, targets, width, 8, defaults, (), LEGEND)


def states(title: str, about: str, target: Json, *names: tuple[int, str, str], height: int = 7) -> Panel:
    """A line for each series, coloured by its value: (value, what it is called, colour)."""
    mapped = {str(value): {"index": value, "text": text, "color": colour} for value, text, colour in names}
    defaults = {
        "mappings": [{"type": "value", "options": mapped}],
        "custom": {"fillOpacity": 70, "lineWidth": 0},
    }
    options = {"mergeValues": True, "showValue": "never", "alignValue": "left", "rowHeight": 0.8, **LEGEND}
    return Panel("state-timeline", title, about, [target], 24, height, defaults, (), options)


def table(
    title: str,
    about: str,
    target: Json,
    *columns: Json,
    width: int = 24,
    height: int = 9,
    transformations: Sequence[Json] = (),
) -> Panel:
    options = {"showHeader": True, "cellHeight": "sm"}
    return Panel("table", title, about, [target], width, height, {}, columns, options, transformations)


def bars(title: str, about: str, target: Json, *, width: int = 8, height: int = 9) -> Panel:
    """One bar for each row of a table of (name, number)."""
    options = {
        "displayMode": "basic",
        "orientation": "horizontal",
        "reduceOptions": {"calcs": [], "fields": "", "values": True, "limit": 25},
        "showUnfilled": False,
        "valueMode": "color",
        "namePlacement": "left",
    }
    return Panel("bargauge", title, about, [target], width, height, {"unit": "short", "min": 0}, (), options)


def board(
    uid: str,
    title: str,
    about: str,
    rows: Iterable[Row],
    *,
    variables: Sequence[Json],
    annotations: Sequence[Json],
    since: str,
) -> Json:
    """A board with its panels numbered and laid out."""
    return {
        "uid": f"secondsource-{uid}",
        "title": title,
        "description": about,
        "tags": ["secondsource"],
        "timezone": "utc",
        "editable": False,
        "graphTooltip": 1,
        "time": {"from": since, "to": "now"},
        "refresh": "30s",
        "schemaVersion": 41,
        "templating": {"list": list(variables)},
        "annotations": {"list": list(annotations)},
        "links": [
            {
                "type": "dashboards",
                "tags": ["secondsource"],
                "title": "Second Source",
                "tooltip": "",
                "icon": "dashboard",
                "asDropdown": False,
                "includeVars": False,
                "keepTime": True,
                "targetBlank": False,
            }
        ],
        "panels": laid_out(rows),
    }


def laid_out(rows: Iterable[Row]) -> list[Json]:
    panels: list[Json] = []
    y = 0
    for row in rows:
        heading = {"type": "row", "title": row.title, "collapsed": False, "panels": []}
        panels.append({"id": len(panels) + 1, **heading, "gridPos": {"h": 1, "w": WIDTH, "x": 0, "y": y}})
        y, x, tallest = y + 1, 0, 0
        for panel in row.panels:
            if x + panel.width > WIDTH:
                y, x, tallest = y + tallest, 0, 0
            place = {"h": panel.height, "w": panel.width, "x": x, "y": y}
            panels.append({"id": len(panels) + 1, **as_json(panel), "gridPos": place})
            x, tallest = x + panel.width, max(tallest, panel.height)
        y += tallest
    return panels


def as_json(panel: Panel) -> Json:
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": panel.targets[0]["datasource"],
        "targets": [{"refId": chr(ord("A") + index), **target} for index, target in enumerate(panel.targets)],
        "fieldConfig": {"defaults": dict(panel.defaults), "overrides": list(panel.overrides)},
        "options": dict(panel.options),
        "transformations": list(panel.transformations),
    }
