"""Grafana's role: it may read what the boards show, and change nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import DBAPIError

from store.database.schema import migrate
from tests.deploy.board_queries import Shown, filled_sql, queries
from tests.servers import places

SCRIPT = Path(__file__).parents[2] / "deploy" / "postgres" / "reader.sql"


@pytest.fixture
def reader(postgres_url: str, tmp_path: Path) -> Iterator[Engine]:
    """Connected as Grafana is, to a store with all its tables."""
    owner = create_engine(postgres_url)
    migrate(owner)
    owner.dispose()
    (tmp_path / "password").write_text("it's; DROP")
    plain = make_url(postgres_url).set(drivername="postgresql").render_as_string(hide_password=False)
    command: list[str | Path] = [
        *(places.postgres_bin() / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1"),
        *("-v", f"password_file={tmp_path / 'password'}", "-f", SCRIPT, plain),
    ]
    for _ in range(2):  # running it again renews everything
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    engine = create_engine(make_url(postgres_url).set(username="grafana", password="it's; DROP"))
    yield engine
    engine.dispose()


@pytest.mark.postgres
def test_it_may_run_every_query_of_the_boards(reader: Engine) -> None:
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    shown = Shown(start, end, {"watch": ["velgrad", "o'brien"]})
    for query in queries():
        if query.kind == "sql":
            with reader.connect() as connection:
                connection.exec_driver_sql(filled_sql(query.text, shown))


@pytest.mark.postgres
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM posts",
        "SELECT account_uid FROM posts",
        "UPDATE alerts SET kind = 'expired'",
        "CREATE TABLE mine (name text)",
        "SELECT * FROM progress_parts",
        "SELECT body FROM dead_letters",
        "SELECT by_whom FROM alert_acts",
        "SET default_transaction_read_only = off; TRUNCATE posts",
    ],
)
def test_it_may_do_nothing_else(reader: Engine, statement: str) -> None:
    with reader.connect() as connection, pytest.raises(DBAPIError, match=r"permission denied|read-only"):
        connection.exec_driver_sql(statement)
