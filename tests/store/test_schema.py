"""Migrations make the tables the code has; a schema that is behind, ahead or another's is told apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from secondsource.contracts.errors import BadConfiguration
from store.database.engine import open_engine
from store.database.schema import check, expected, migrate
from store.database.tables import metadata
from store.database.views import views
from store.rows import upserts
from store.rows.upserts import Upsert
from store.store import Store, open_store

UPSERTS: list[Upsert[tuple[object, ...]]] = [each for each in vars(upserts).values() if isinstance(each, Upsert)]


def test_migrations_and_tables_agree(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_migrating_again_changes_nothing(store: Store) -> None:
    migrate(store.engine)
    check(store.engine)


@pytest.mark.postgres
def test_what_stages_remember_is_not_compressed(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    migrate(engine)
    column = "attrelid = 'progress_parts'::regclass AND attname = 'state'"
    with engine.connect() as connection:
        assert connection.scalar(text(f"SELECT attstorage::text FROM pg_attribute WHERE {column}")) == "e"
    engine.dispose()


@pytest.mark.parametrize("view", views.sorted_tables, ids=lambda view: view.name)
def test_views_have_the_columns_that_are_described(store: Store, view: object) -> None:
    found = inspect(store.engine).get_columns(view.name)  # type: ignore[attr-defined]
    assert [column["name"] for column in found] == [column.name for column in view.columns]  # type: ignore[attr-defined]


@pytest.mark.parametrize("upsert", UPSERTS, ids=lambda upsert: upsert.table)
def test_rows_have_the_columns_of_their_table(upsert: Upsert[tuple[object, ...]]) -> None:
    table = metadata.tables[upsert.table]
    columns = [column.name for column in table.columns if column.name != "seq" or upsert.table != "pictures"]
    assert list(upsert.columns) == columns


def test_an_empty_database_wants_migrating(store_url: str) -> None:
    with pytest.raises(BadConfiguration, match=r"schema none.*run: secondsource migrate"):
        open_store(store_url)


def test_a_schema_that_is_behind_wants_migrating(store_url: str) -> None:
    engine = open_engine(store_url)
    migrate(engine)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(BadConfiguration, match=rf"schema 0001.*needs {expected()}.*run: secondsource migrate"):
        check(engine)
    engine.dispose()


def test_a_schema_that_is_ahead_wants_a_newer_program(store_url: str) -> None:
    engine = open_engine(store_url)
    migrate(engine)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for refuses in (check, migrate):
        with pytest.raises(BadConfiguration, match="9999, which this program does not know") as refused:
            refuses(engine)
        assert "secondsource migrate" not in str(refused.value)  # which would be refused again
    engine.dispose()


def test_a_migration_that_fails_leaves_no_half_schema(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'half.db'}")
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(text("CREATE TABLE mill (uid TEXT)"))
        connection.execute(text("CREATE INDEX outbox_open ON mill (uid)"))
    with pytest.raises(Exception, match="outbox_open already exists"):
        migrate(engine)
    assert inspect(engine).get_table_names() == ["mill"]
    engine.dispose()


def test_a_database_of_another_program_is_left_alone(store_url: str) -> None:
    engine = open_engine(store_url)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        connection.execute(text("CREATE TABLE posts (title TEXT)"))
    with pytest.raises(BadConfiguration, match="a table posts that another program made"):
        migrate(engine)
    assert inspect(engine).get_table_names() == ["posts"]
    engine.dispose()
