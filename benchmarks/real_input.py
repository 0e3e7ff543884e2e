"""Real posts through the whole pipeline, pictures included, twice: inline on SQLite, and over Kafka into PostgreSQL.

The data lies outside the repository; where it is absent this bench says so. Both runs must leave the same rows.
"""

from __future__ import annotations

import logging
import tempfile
import time
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import cast

from alerts.wording import laid
from benchmarks.deployment import Deployment, kafka, wait_for_end
from benchmarks.report import Report, measured
from benchmarks.whole_way import postgres
from config.loader import Configuration
from secondsource.app import replaying, wiring
from secondsource.app.configuring import load
from secondsource.app.wiring import House
from secondsource.contracts.messages import Picture

DATA = Path("../shared/data/mediaeval2016_dev")
TABLES = (
    "accounts", "posts", "pictures", "picture_views", "picture_words", "sightings", "picture_matches", "engagement",
    "stories", "story_posts", "alerts", "alert_events", "dead_letters",
)  # fmt: skip
Dump = dict[str, list[dict[str, object]]]


def run(report: Report, scale: float) -> None:  # noqa: ARG001 - the data is as large as it is
    if not DATA.is_dir():
        print("  skipped: no data")
        return
    logging.getLogger("kafka").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        configuration = _configured(Path(folder), f"sqlite:///{folder}/real.sqlite")
        with wiring.house(configuration) as at, measured() as spent:
            done = _replay(at)
            inline = _dump(at)
            _tell(report, at, done, inline)
        report.add("real input", "inline on SQLite, pictures included", done.sent / spent.wall, "posts/s")
    with kafka() as bootstrap, tempfile.TemporaryDirectory() as folder, postgres() as url:
        more = f"transport: kafka\nkafka: {{bootstrap: '{bootstrap}', prefix: real, partitions: 4}}\n"
        configuration = _configured(Path(folder), url, more)
        with wiring.house(configuration, opening="migrated") as at:
            deployment = Deployment(Path(folder), configuration, url)
            try:
                deployment.start([["enrich"], ["alerts"], ["store"]])
                with measured() as spent:
                    done = _replay(at)
                    wait_for_end(deployment, at, "replay:posts.tsv")
                over_kafka = _settled(deployment, at, inline)
            finally:
                deployment.stop()
        report.add("real input", "Kafka and PostgreSQL, pictures included", done.sent / spent.wall, "posts/s")
    differing = [table for table in TABLES if inline[table] != over_kafka[table]]
    report.add(
        "real input", "tables that differ between the two", len(differing), f"of {len(TABLES)}", target="0",
        note=", ".join(differing),
    )  # fmt: skip


def _tell(report: Report, at: House, done: replaying.Replayed, dump: Dump) -> None:
    report.add("real input", "posts", len(dump["posts"]), "rows", note=f"{done.rejected} rows in dead letters")
    report.add("real input", "sightings", len(dump["sightings"]), "rows")
    framed = len({row["picture"] for row in dump["picture_views"]})
    report.add("real input", "pictures that enclose others", framed, "pictures", note=f"of {len(dump['pictures']):,}")
    by_view = [row for row in dump["story_posts"] if _by_view(str(row["evidence"]))]
    report.add("real input", "posts tied by a picture framed, mirrored or turned", len(by_view), "posts")
    report.add("real input", "stories of more than one post", len(dump["stories"]), "rows")
    report.add("real input", "alerts", len(dump["alerts"]), "rows")
    reused, named = _first_sightings(at, dump)
    report.add("real input", "pictures seen more than once", reused, "pictures")
    report.add("real input", "of these named with their first sighting", named, "pictures", target=f"{reused:,}")


def _by_view(evidence: str) -> bool:
    told = ("the same picture, ", "the same picture on ", " of the earlier picture is ")
    return any(words in evidence for words in told)


def _first_sightings(at: House, dump: Dump) -> tuple[int, int]:
    """How many pictures were seen again, and for how many the archive names the same first sighting as a plain scan."""
    kin: dict[object, set[object]] = {row["id"]: {row["id"]} for row in dump["pictures"]}
    for row in dump["picture_matches"]:
        kin[row["a"]].add(row["b"])
        kin[row["b"]].add(row["a"])
    reused = named = 0
    for row in dump["pictures"]:
        seen = sorted((s["seen_at"], s["source"]) for s in dump["sightings"] if s["picture"] in kin[row["id"]])
        if len(seen) < 2 or seen[0][0] == seen[-1][0]:
            continue
        reused += 1
        picture = Picture(id=str(row["id"]), url="", state="fingerprinted", pdq=str(row["pdq"]), quality=100)
        found = at.store.archive.earlier([picture], cast("datetime", seen[-1][0]), len(dump["sightings"]))
        # A frame round it may have been seen before; what is counted here is the whole.
        whole = [each.seen_at for each in found if not laid(each.region, each.transform)]
        named += whole[:1] == [seen[0][0]]
    return reused, named


def _configured(folder: Path, url: str, more: str = "", *, parts: str = "false") -> Configuration:
    (folder / "watches").mkdir()
    (folder / "watches" / "real.yaml").write_text("watches: [{name: real, hashtags: [real]}]\n")
    # On Kafka, of which of two pictures the other is a part may be told from the other side.
    roots = f"enrich: {{media: {{roots: ['{DATA.resolve() / 'images'}'], parts: {parts}}}}}\n"
    (folder / "secondsource.yaml").write_text(f"notify: {{console: false}}\nmetrics: {{port: 0}}\n{roots}{more}")
    return load(folder, {"SECONDSOURCE_STORE_URL": url})


def _replay(at: House) -> replaying.Replayed:
    request = replaying.Request(
        files=(DATA / "posts.tsv",), mapping="mediaeval2016", watch="real", pictures=DATA / "images"
    )
    return replaying.replay(at, request, Event(), lambda _done, _total: None)


def _dump(at: House) -> Dump:
    return {table: at.store.dump(table) for table in TABLES}


def _settled(deployment: Deployment, at: House, expected: Dump) -> Dump:
    """The rows once they are as expected, or as they are after half a minute: stores lag a moment behind ticks."""
    dump = _dump(at)
    for _ in range(15):
        if dump == expected:
            break
        deployment.check()
        time.sleep(2)
        dump = _dump(at)
    return dump
