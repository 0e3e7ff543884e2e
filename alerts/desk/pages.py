"""The desk's pages as HTML: templates filled with what the store holds, every word of others cleaned and escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from alerts import wording
from alerts.desk.acting import DOINGS, Form
from alerts.ports import Act, Overview, StoryPost
from alerts.quoting import clean, clipped, host, paragraphs, web_address
from secondsource.contracts.acts import standing
from secondsource.contracts.messages import AlertEvent

MOST_POSTS = 300  #: of a story, the first of them

_NONE: Mapping[str, Sequence[Act]] = MappingProxyType({})


def alert_path(alert_id: str) -> str:
    """Where on the desk an alert's evidence is: "/alerts/…"."""
    return f"/alerts/{quote(alert_id, safe='', errors='replace')}"


class Pages:
    """Templates, compiled once. Every method returns a whole HTML document."""

    def __init__(self, *, thumbnails: bool = False) -> None:
        self._templates = Environment(
            loader=PackageLoader("alerts.desk"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "line": clipped,
            "lines": paragraphs,
            "web": web_address,
            "host": host,
            "path": alert_path,
            "moment": wording.moment,
            "seen_on": wording.seen_on,
            "seen_when": wording.seen_when,
            "seen_by": wording.seen_by,
            "apart": wording.apart,
            "named": wording.named,
            "done": lambda act: clean(wording.act(act)),
            "doing": lambda act: clean(wording.doing(act)),
            "how_it_matches": wording.how_it_matches,
            "duration": wording.duration,
            "number": wording.number,
            "chance": wording.chance,
            "handle": _handle,
        }
        self._templates.globals |= {
            "KINDS": wording.KINDS,
            "says": wording.says,
            "rules": wording.rules,
            "sources": wording.sources,
            "disputed": wording.disputed,
            "STANCES": wording.STANCES,
            "EDITED": wording.EDITED,
            "TIES": wording.TIES,
            "count": wording.count,
            "thumbnails": thumbnails,
        }

    def alerts(self, seen: Overview, now: datetime, acts: Mapping[str, Sequence[Act]] = _NONE) -> str:
        """All alerts by their newest event, those that stand and that nobody took first. `acts` by alert."""
        done = {event.alert_id: standing(acts.get(event.alert_id, ()), now) for event in (*seen.open, *seen.closed)}
        stand: dict[str, list[AlertEvent]] = {"open": [], "acknowledged": [], "snoozed": [], "dismissed": []}
        for event in seen.open:
            stand[done[event.alert_id].state].append(event)
        return self._templates.get_template("alerts.html").render(
            seen=seen,
            untaken=stand["open"],
            taken=stand["acknowledged"],
            aside=stand["snoozed"] + stand["dismissed"],
            done=done,
            now=now,
        )

    def alert(
        self,
        events: Sequence[AlertEvent],
        posts: Sequence[StoryPost],
        now: datetime,
        acts: Sequence[Act] = (),
        form: Form | None = None,
    ) -> str:
        """One alert's evidence: its newest event, how it came to it, what was done about it, and its story's posts, at
        most MOST_POSTS.

        With a `form` it can be acted on.
        """
        places = {shown.post.uid: place for place, shown in enumerate(posts, start=1)}
        claimed = events[-1].story.claim_uid
        edited = any(step.story.claim_edited and step.story.claim_uid == claimed for step in events)
        return self._templates.get_template("alert.html").render(
            event=events[-1],
            events=events,
            posts=posts,
            places=places,
            how_many=_how_many(len(posts), events[-1]),
            denied_since=sum(shown.stance == "denies" and shown.post.observed_at > events[-1].at for shown in posts),
            now=now,
            acts=acts,
            done=standing(acts, now),
            edited=edited or any(shown.post.edit_of and shown.post.uid == claimed for shown in posts),
            form=form,
            offered=_offered(acts, now) if form else (),
        )

    def notice(self, title: str, sentence: str) -> str:
        return self._templates.get_template("notice.html").render(title=title, sentence=sentence)


def _handle(name: str) -> str:
    if name == wording.REMOVED:
        return name
    return clipped(f"@{clean(name).lstrip('@')}", 60) if clean(name) else "unknown account"


def _how_many(shown: int, event: AlertEvent) -> str:
    """How many posts are shown of a story that was told to have so many, where the others are, and what came since."""
    told = event.story.posts
    if shown >= MOST_POSTS:
        return f"The first {shown} of {max(shown, told):,} posts or more, oldest first."
    if shown > told:
        then = f"The numbers above are of {wording.moment(event.at)}, when there were {told:,}."
        return f"All {wording.count(shown, 'post')}, oldest first. {then}"
    if shown == told:
        return f"All {wording.count(shown, 'post')}, oldest first."
    left = "The others are not here: they were taken down, were let go of, or are not stored yet."
    return f"{shown} of {wording.count(told, 'post')}, oldest first. {left}"


def _offered(acts: Sequence[Act], now: datetime) -> list[tuple[str, str]]:
    """What can be done about an alert as it stands."""
    state = standing(acts, now).state
    idle = {"open": "reopened", "acknowledged": "acknowledged"}.get(state, "")
    return [
        (doing, label)
        for doing, label in DOINGS.items()
        if doing != idle and (state != "dismissed" or doing == "reopened")
    ]
