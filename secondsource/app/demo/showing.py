"""`secondsource demo`: a day in an invented town, through the real pipeline, told on one page."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import NamedTuple

from rich.console import Console

from alerts.wording import duration, moment, rules
from secondsource.app import replaying, wiring
from secondsource.app.demo.town import Town, write_town
from secondsource.app.threads import Stopped
from secondsource.app.wiring import House
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.messages import AlertEvent, StanceLabel
from secondsource.runtime.logs import escape

_MARK = ".secondsource-demo"
_WIDTH = 100


class Seen(NamedTuple):
    """What the pipeline made of a post: its stance, how many posts share that in its story, and that story's alert
    (its events; none if it was not flagged).
    """

    stance: StanceLabel | None
    alike: int
    events: tuple[AlertEvent, ...]


def show(folder: Path, console: Console, stop: Event) -> None:
    """Write the town, replay it inline into a fresh SQLite file, print its alerts and what they mean.

    Raises:
        BadConfiguration: the folder holds something that is not a demo.
        Stopped: before the end, of which the page would tell what is not so.
    """
    town = write_town(_emptied(folder))
    console.print(_opening(town), markup=False, soft_wrap=True)
    started = time.monotonic()
    with wiring.house(town.configuration({})) as house:
        request = replaying.Request(files=(town.posts,), pictures=town.pictures)
        done = replaying.replay(house, request, stop, lambda _done, _total: None)
        took = time.monotonic() - started
        wiring.sender(house, wiring.notifiers(house, sys.stdout), "demo").drain_once(stop)
        if stop.is_set():
            raise Stopped("Stopped before the end. To see all of it, begin again: secondsource demo")
        console.print(_page(house, town, done, took), markup=False, soft_wrap=True)


def what_became_of(house: House, uid: str) -> Seen:
    """How a post was judged, from what is stored."""
    evidence = house.store.evidence
    for alert in evidence.latest_alerts(1000):
        posts = evidence.story_posts(alert.story.id, 100_000)
        own = next((each for each in posts if each.post.uid == uid), None)
        if own is not None:
            alike = sum(each.stance == own.stance for each in posts)
            return Seen(own.stance, alike, tuple(evidence.alert_events(alert.alert_id)))
    return Seen(None, 0, ())


def _emptied(folder: Path) -> Path:
    """An empty folder that is a demo's; one that holds anything else is left alone."""
    mark = folder / _MARK
    if folder.exists() and any(folder.iterdir()):
        if not mark.exists():
            msg = f"{folder} is not empty and no demo of ours; name another: secondsource demo --folder somewhere-new"
            raise BadConfiguration(msg)
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    mark.write_text("Made by `secondsource demo`, which empties this folder when it runs again.\n", encoding="utf-8")
    return folder


def _opening(town: Town) -> str:
    return f"""
A day in Velgrad. The town, its people, their posts and pictures are invented; the pipeline is the real one.
{town.messages:,} records are replayed through collecting, enriching, judging and storing, in this one process.
Its alerts, as on-call would get them:
"""


def _page(house: House, town: Town, done: replaying.Replayed, took: float) -> str:
    claim, debunk, crane, tram = (
        what_became_of(house, town.uids[name]) for name in ("claim", "debunk", "crane", "tram")
    )
    config = shlex.quote(os.path.relpath(town.config))
    return "\n".join(
        [
            "",
            "WHAT YOU HAVE SEEN",
            "",
            (
                f"{done.sent:,} records went through in {took:.1f} s. {done.rejected} more could not be read; "
                "they are kept as dead letters."
            ),
            "",
            "1. The bridge on fire.",
            *_told(claim, "It looks like many witnesses, but all copies trace back to one post."),
            *_first_seen(claim),
            "",
            "2. The debunk of that picture, under the same hashtag.",
            *_disputed(debunk),
            "",
            "3. The crane in the harbour.",
            *_told(crane, "", "It went viral too, but people who do not copy each other show it."),
            "",
            "4. The tram.",
            *_told(tram, "One person showed it and many passed it on."),
            "",
            "WHAT TO DO NEXT",
            "",
            "  Look at the evidence pages, at http://127.0.0.1:8380 (Ctrl-C ends them):",
            f"    .venv/bin/secondsource run desk -c {config}",
            "  See what could not be read, and why:",
            f"    .venv/bin/secondsource dead-letters list -c {config}",
            "  Watch something of your own: copy config/watches/aleppo.yaml, change it, and run",
            "    .venv/bin/secondsource config check",
            "  Everything else: README.md, and .venv/bin/secondsource --help",
            "",
        ]
    )


def _told(seen: Seen, flagged: str, not_flagged: str = "") -> Iterator[str]:
    if not seen.events:
        yield from _wrapped(f"Not flagged. {not_flagged}")
        return
    first, last = seen.events[0], seen.events[-1]
    story = last.story
    after = duration((first.at - first.story.opened_at).total_seconds())
    yield from _wrapped(f"Flagged at {moment(first.at)}, {after} after it began. {flagged}")
    yield from _wrapped(
        f"{story.posts:,} posts by {story.accounts:,} accounts; independent sources: {story.independent:g}."
    )
    yield from _wrapped(f"What it was flagged for: {rules(first.finding)}.")
    if last.kind == "corroborated":
        others = ", ".join(escape(f"@{origin.first_handle}") for origin in story.origins[1:])
        yield from _wrapped(f"Recalled at {moment(last.at)}, when an independent source showed it too: {others}.")


def _disputed(seen: Seen) -> Iterator[str]:
    if seen.stance == "denies":
        yield from _wrapped(
            f"Not flagged as spreading the claim. It and those who pass it on ({seen.alike} posts) are counted as "
            "dispute: the alert above says “contested”."
        )
    else:
        yield from _told(seen, "", "")


def _first_seen(seen: Seen) -> Iterator[str]:
    earlier = [each for event in seen.events for each in event.finding.earlier]
    if earlier:
        first = min(earlier, key=lambda each: each.seen_at)
        when, who = moment(first.seen_at), escape("@" + first.handle)
        yield from _wrapped(f"Its picture was first seen {when}, posted by {who}: “{escape(first.caption)}”")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="   ", subsequent_indent="   ")
