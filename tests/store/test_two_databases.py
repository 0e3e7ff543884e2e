"""SQLite and PostgreSQL keep the same rows and show the same views."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from secondsource.contracts.messages import Coverage, Message, Tick
from store.database.views import views
from store.store import Store, open_store
from tests.store import velgrad as v

BRIDGE = "00ff" * 16
MESSAGES: tuple[Message, ...] = (
    *(
        v.enriched(
            n, seconds=n, text=f"Post {n} \x00 \ud800 \\N\t\r\n мост جسر", author=n % 5, watches=("velgrad", "flood")
        )
        for n in range(60)
    ),
    v.enriched(70, pictures=(v.picture("bridge", BRIDGE), v.picture("gone"))),
    v.enriched(71, seconds=5, pictures=(v.picture("bridge again", v.flipped(BRIDGE, 7)),)),
    v.engagement(3, 80, 12),
    v.takedown(5),
    v.story(1, members=[1, 2, 5]),
    v.alert(1),
    v.alert(2),
    v.letter("a"),
    Tick(collector="x", at=v.at(9)),
    Coverage(collector="x", watches=("velgrad",), start=v.at(0), end=v.at(4), state="blind", reason="429"),
)


@pytest.mark.postgres
def test_both_databases_keep_the_same_rows_and_show_the_same_views(sqlite_store: Store, postgres_url: str) -> None:
    other = open_store(postgres_url, create=True)
    for store in (sqlite_store, other):
        v.keep(store, *MESSAGES)
        store.save("alerts", 0, "17", {"story/1": b"\x00\x01"})
    assert v.everything(sqlite_store) == v.everything(other)
    for view in views.sorted_tables:
        found = []
        for store in (sqlite_store, other):
            with store.database.reading() as connection:
                found.append(sorted(connection.execute(select(view)).all(), key=repr))
        assert found[0] == found[1], view.name
        assert found[0], view.name
    other.close()
