"""`secondsource demo`: a day in an invented town, through the real pipeline, told on one page."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path
from threading import Event
from typing import NamedTuple

from rich.console import Console

from alerts.wording import duration, moment
from secondsource.app import replaying, wiring
from secondsource.app.demo_town import Town, write_town
from secondsource.app.wiring import House
from secondsource.contracts.errors import BadConfiguration
from secondsource.contracts.messages import AlertEvent
from secondsource.runtime.logs import escape

_OURS = (".secondsource-demo", "config", "pictures", "posts.jsonl")


class Seen(NamedTuple):
    """What the pipeline made of one of the town's stories: its alert's events, none if it was not flagged."""

    post: str
    events: tuple[AlertEvent, ...]


def show(folder: Path, console: Console, stop: Event) -> None:
    """Write the town, replay it inline into a fresh SQLite file, print its alerts and what they mean.

    Raises:
        BadConfiguration: the folder holds something that is not a demo.
    """
    town = write_town(_emptied(folder))
    environ = {"SECONDSOURCE_STORE_URL": f"sqlite:///{folder / 'velgrad.sqlite'}"}
    console.print(_opening(town), markup=False)
    started = time.monotonic()
    with wiring.house(town.configuration(environ)) as house:
        request = replaying.Request(files=(town.posts,), pictures=town.pictures)
        done = replaying.replay(house, request, stop, lambda _done, _total: None)
        took = time.monotonic() - started
        wiring.sender(house, wiring.notifiers(house, sys.stdout), "demo").drain_once(stop)
        console.print(_page(house, town, done, took), markup=False)


def what_became_of(house: House, uid: str) -> Seen:
    """The alert on the story that the post belongs to, if there is one."""
    for alert in house.store.evidence.latest_alerts(1000):
        if any(member.post.uid == uid for member in house.store.evidence.story_posts(alert.story.id, 100_000)):
            return Seen(uid, tuple(house.store.evidence.alert_events(alert.alert_id)))
    return Seen(uid, ())


def _emptied(folder: Path) -> Path:
    """An empty folder that is a demo's; one that holds anything else is left alone."""
    mark = folder / _OURS[0]
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
    folder = os.path.relpath(town.folder)
    lines = [
        "",
        "WHAT YOU HAVE SEEN",
        "",
        (
            f"{done.sent:,} records went through in {took:.1f} s; {done.rejected} more could not be read and were kept "
            "as dead letters."
        ),
        "",
        "1. The bridge on fire.",
        *_told(claim, "It looked like many witnesses. Behind the copies stands one post, and its picture is older."),
        *_first_seen(claim),
        "",
        "2. The debunk, under the same hashtag.",
        *_told(debunk, "Passed on as widely, and counted as dispute, not as spreading the claim."),
        "",
        "3. The crane in the harbour.",
        *_told(crane, "It went as far, but people who do not copy each other show it."),
        "",
        "4. The tram.",
        *_told(tram, "It rested on one witness at first; when a second one came, the alert was recalled."),
        "",
        "WHAT TO DO NEXT",
        "",
        "  Look at the evidence pages (Ctrl-C ends them), then open http://127.0.0.1:8380",
        f"    {_run(folder, 'run desk')}",
        "  See what could not be read, and why:",
        f"    {_run(folder, 'dead-letters list')}",
        "  Watch something of your own: copy config/watches/aleppo.yaml, change it, and",
        "    .venv/bin/secondsource config check",
        "  Everything else: README.md, and .venv/bin/secondsource --help",
        "",
    ]
    return "\n".join(lines)


def _run(folder: str, command: str) -> str:
    url = f"SECONDSOURCE_STORE_URL=sqlite:///{folder}/velgrad.sqlite"
    return f"{url} .venv/bin/secondsource {command} -c {folder}/config"


def _told(seen: Seen, meaning: str) -> list[str]:
    if not seen.events:
        return [f"   Not flagged. {meaning}"]
    first, last = seen.events[0], seen.events[-1]
    story = last.story
    lines = [
        (
            f"   Flagged at {moment(first.at)}, {duration((first.at - first.story.opened_at).total_seconds())} "
            f"after it began. {meaning}"
        ),
        f"   {story.posts:,} posts by {story.accounts:,} accounts; independent sources: {story.independent:g}.",
    ]
    if last.kind == "corroborated":
        lines.append(f"   Recalled at {moment(last.at)}: corroborated by {', '.join(_others(last))}.")
    return lines


def _others(event: AlertEvent) -> list[str]:
    return [escape(f"@{origin.first_handle}") for origin in event.story.origins[1:]]


def _first_seen(seen: Seen) -> list[str]:
    earlier = [each for event in seen.events for each in event.finding.earlier]
    if not earlier:
        return []
    first = min(earlier, key=lambda each: each.seen_at)
    return [(f"   Its picture was first seen {moment(first.seen_at)}, posted by {escape('@' + first.handle)}: "
            f"“{escape(first.caption)}”")]  # fmt: skip
