"""What a run leaves behind, and how two runs differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from store.store import Store
from tests.fakes.slack import FakeSlack

CHANNEL = "C0000000001"  #: of the fake Slack, where the watch tells of its alerts

Row = Mapping[str, Any]
Rows = Mapping[str, Sequence[Row]]

TABLES = (
    "posts",
    "accounts",
    "pictures",
    "picture_views",
    "picture_words",
    "sightings",
    "picture_matches",
    "engagement",
    "takedowns",
    "stories",
    "story_posts",
    "alerts",
    "alert_events",
    "quotations",
    "outbox",
    "coverage",
    "collectors",
    "dead_letters",
)

#: What tells how a run went rather than what came of it: when a letter was written, since when a delivery waited, how
#: often it was tried and with which others;
#: how many records went between two promises of a collector, or two updates of a story.
_OF_THE_WAY = {
    "dead_letters": {"at"},
    "collectors": {"first_at"},
    "story_posts": {"version"},
    "outbox": {"state", "attempts", "not_before", "reason", "reference", "sent_at", "queued_at", "bundle"},
}


def rows_of(store: Store) -> Rows:
    """All that two runs of one recording must have in common, by table."""
    return {table: [_kept(table, row) for row in store.dump(table)] for table in TABLES}


def _kept(table: str, row: Row) -> Row:
    left_out = _OF_THE_WAY.get(table, set())
    if table == "dead_letters" and row["source"].startswith("topic "):
        left_out = left_out | {"source"}  # an offset
    return {name: value for name, value in row.items() if name not in left_out}


def assert_same(ours: Rows, theirs: Rows) -> None:
    """Raises AssertionError with what differs, a few lines a table."""
    wrong = [line for table in TABLES for line in _differences(table, ours[table], theirs[table])]
    assert not wrong, "\n".join(["the runs differ", *wrong])


def _differences(table: str, ours: Sequence[Row], theirs: Sequence[Row]) -> list[str]:
    if ours == theirs:
        return []
    lines = [f"{table}: {len(ours)} rows here, {len(theirs)} there"]
    lines += [f"  only here:  {row}" for row in ours if row not in theirs][:3]
    lines += [f"  only there: {row}" for row in theirs if row not in ours][:3]
    lines += _changed(ours, theirs)
    return lines


def _changed(ours: Sequence[Row], theirs: Sequence[Row]) -> Iterator[str]:
    """Which columns differ, in how many rows."""
    if len(ours) == len(theirs):
        pairs = list(zip(ours, theirs, strict=True))
        for column in ours[0]:
            count = sum(mine[column] != other[column] for mine, other in pairs)
            if count:
                yield f"  {column} differs in {count} rows"


def assert_told_once(slack: FakeSlack, rows: Rows) -> None:
    """Each alert has one message of its own, each of its events was told once, and nothing else was."""
    wanted = {row["id"] for row in rows["outbox"] if row["destination"].startswith("slack:")}
    told = Counter(message["metadata"]["event_payload"]["key"] for message in slack.channels[CHANNEL].messages)
    assert told == dict.fromkeys(wanted, 1)
    alerts = Counter(message["metadata"]["event_payload"]["alert"] for message in slack.first_messages(CHANNEL))
    assert alerts == {row["id"]: 1 for row in rows["alerts"]}
