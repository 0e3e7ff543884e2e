"""Runs what Grafana would run: every query of every board, with its macros and variables filled in as Grafana does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

DASHBOARDS = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards"
INTERVAL = timedelta(minutes=1)


class Query(NamedTuple):
    """`where` names board and panel; `text` is PromQL or SQL; `must_answer` where an empty answer is a broken panel."""

    where: str
    kind: str
    text: str
    shape: str
    must_answer: bool


class Shown(NamedTuple):
    """What somebody looks at: a time, from where to where, and the values chosen for each variable."""

    start: datetime
    end: datetime
    chosen: Mapping[str, Sequence[str]]


def boards() -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(DASHBOARDS.glob("*.json"))}


def queries() -> Iterator[Query]:
    """All panels', variables' and annotations' queries. An annotation may well have nothing to say."""
    for name, board in boards().items():
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                yield _query(f"{name}: {panel['title']}", target, must_answer=True)
        for annotation in board["annotations"]["list"]:
            yield _query(f"{name}: {annotation['name']}", annotation.get("target", annotation), must_answer=False)
        for variable in board["templating"]["list"]:
            if isinstance(variable["query"], str):
                yield Query(f"{name}: ${variable['name']}", "sql", variable["query"], "table", must_answer=True)


def _query(where: str, target: Mapping[str, Any], *, must_answer: bool) -> Query:
    if "rawSql" in target:
        return Query(where, "sql", target["rawSql"], target["format"], must_answer)
    return Query(where, "promql", target["expr"], "", must_answer)


def filled_promql(text: str) -> str:
    return re.sub(r"\$\{?stage\}?", ".*", text.replace("$__rate_interval", "20s"))


def filled_sql(text: str, shown: Shown) -> str:
    """Grafana's macros for PostgreSQL, and `${name:sqlstring}`.

    Raises:
        ValueError: something is left that Grafana would fill in and we do not know.
    """

    def chosen(match: re.Match[str]) -> str:
        return ",".join("'" + value.replace("'", "''") + "'" for value in shown.chosen[match.group(1)])

    start, end = (f"'{at.isoformat()}'" for at in (shown.start, shown.end))
    text = re.sub(r"\$\{(\w+):sqlstring\}", chosen, text)
    text = text.replace("$__interval_ms", str(INTERVAL.seconds * 1000))
    text = text.replace("$__interval", f"'{INTERVAL.seconds}s'")
    text = text.replace("$__timeFrom()", start).replace("$__timeTo()", end)
    text = re.sub(r"\$__timeFilter\(([^)]*)\)", rf"\1 BETWEEN {start} AND {end}", text)
    text = re.sub(r"\$__timeGroupAlias\(([^,]*),\s*'(\d+)s'\)", r'floor(extract(epoch from \1)/\2)*\2 AS "time"', text)
    if left := re.search(r"\$[\w{]+", text):
        raise ValueError(f"nothing fills in {left.group(0)}")
    return text


def all_of(engine: Engine) -> Shown:
    """All there is in a store: every watch, from its first post to its last story."""
    with engine.connect() as connection:
        start, end = connection.exec_driver_sql(
            "SELECT (SELECT min(observed_at) FROM posts), greatest((SELECT max(observed_at) FROM posts), "
            "(SELECT max(as_of) FROM stories), (SELECT max(at) FROM alert_events))"
        ).one()
        watches = connection.exec_driver_sql("SELECT DISTINCT watch FROM stories").scalars().all()
    return Shown(start - INTERVAL, end + INTERVAL, {"watch": watches})


def check_boards(prometheus_query: Callable[[str], Sequence[object]], engine: Engine) -> list[str]:
    """What is wrong with the boards, one line a query; empty where every panel shows something.

    `prometheus_query` is PrometheusServer.query of one that has scraped a run at least twice; `engine` is connected to
    the PostgreSQL that holds the same run.
    """
    shown = all_of(engine)
    wrong = []
    for query in queries():
        try:
            if query.kind == "promql":
                rows: Sequence[object] = prometheus_query(filled_promql(query.text))
            else:
                with engine.connect() as connection:
                    answer = connection.exec_driver_sql(filled_sql(query.text, shown))
                    names, rows = list(answer.keys()), answer.all()
                if query.shape == "time_series" and names[:2] != ["time", "metric"]:
                    wrong.append(f"{query.where}: a time series has columns time, metric, value, not {names}")
        except (ValueError, DBAPIError) as error:
            wrong.append(f"{query.where}: {error}")
            continue
        if query.must_answer and not rows:
            wrong.append(f"{query.where}: no rows")
    return wrong
