"""Who judges into a database does so alone, on SQLite and on PostgreSQL, until it lets go or dies."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing

import pytest

from secondsource.contracts.errors import BadConfiguration
from store.store import Store, open_store

_HOLDS = """
import sys
from store.store import open_store
open_store(sys.argv[1]).alone.hold()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_one_is_refused_until_the_first_lets_go(store: Store, store_url: str) -> None:
    store.alone.hold()
    store.alone.hold()
    with closing(open_store(store_url)) as other:
        with pytest.raises(BadConfiguration, match=r"another process is at work on .*`secondsource run`"):
            other.alone.hold()
        other.status()  # whoever only looks may
        store.alone.let_go()
        other.alone.hold()
    store.alone.hold()


def test_one_that_was_killed_holds_nothing(store: Store, store_url: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _HOLDS, store_url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(BadConfiguration):
            store.alone.hold()
        other.kill()
        other.wait()
    store.alone.hold()
