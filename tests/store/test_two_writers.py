"""Two processes that write to one database at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from secondsource.contracts.stage import Record
from store.stage import StoreStage
from store.store import Store, open_store
from tests.store import velgrad as v

ROUNDS, EACH = 40, 6


@pytest.mark.postgres
@pytest.mark.parametrize("within", [False, True], ids=["on its own", "in a transaction of the runner's"])
def test_two_that_bury_reposts_at_once_do_not_wait_for_each_other(postgres_url: str, *, within: bool) -> None:
    """Each finds reposts of a post that is gone; had both a lock to share, neither would ever have it alone."""
    stores = [open_store(postgres_url, create=True), open_store(postgres_url)]
    v.keep(stores[0], v.enriched(1), v.takedown(1))
    together = Barrier(len(stores))

    def write(which: int) -> None:
        for turn in range(ROUNDS):
            first = 1_000 * (which + 1) + EACH * turn
            reposts = [Record(v.enriched(first + n, repost_of="x:1")) for n in range(EACH)]
            kept = Record(v.enriched(first + 500, author=2))
            together.wait(30)
            _handle(stores[which], [*reposts, kept], within=within)

    with ThreadPoolExecutor(len(stores)) as side_by_side:
        for done in [side_by_side.submit(write, which) for which in range(len(stores))]:
            done.result()
    buried = {f"x:{1_000 * (which + 1) + n}" for which in range(2) for n in range(ROUNDS * EACH)}
    assert {row["uid"] for row in stores[0].dump("takedowns")} == {"x:1"} | buried
    assert len(stores[0].dump("posts")) == 2 * ROUNDS
    assert not {row["uid"] for row in stores[0].dump("posts")} & buried
    for store in stores:
        store.close()


def _handle(store: Store, records: list[Record], *, within: bool) -> None:
    stage = StoreStage(store, ())
    if not within:
        stage.handle(records)
        return
    with store.database.writing():
        stage.handle(records)
