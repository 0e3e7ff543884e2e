"""An invented story of an invented town, as its alert goes through life."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

from secondsource.contracts.evidence import StoryPost
from secondsource.contracts.messages import (
    Account,
    AlertEvent,
    Corroboration,
    Counts,
    Earlier,
    Finding,
    Origin,
    Post,
    Reason,
    Spread,
    StanceLabel,
    StoryUpdate,
)

START = datetime(2030, 3, 4, 2, 10, tzinfo=UTC)
CLAIM = "The old bridge in Velgrad has just collapsed, people in the river #velgrad"
HEADLINE = "One origin, and its picture was first seen 2014-03-02"
LINK = "http://desk.example/alerts/velgrad-1"
Kind = Literal["opened", "updated", "escalated", "corroborated", "contested", "expired"]
STATES: dict[Kind, Corroboration] = {
    "opened": "single-origin",
    "updated": "single-origin",
    "escalated": "single-origin",
    "corroborated": "multi-origin",
    "contested": "contested",
    "expired": "single-origin",
}


def origin(place: int, posts: int = 1) -> Origin:
    handles = ("mira_k", "harbour_watch", "velgrad_fire")
    return Origin(
        first_uid=f"x:{100 + place}",
        first_handle=handles[place],
        first_at=START + timedelta(minutes=17 * place),
        posts=posts,
        accounts=max(1, posts - 8),
    )


def spread(interactions: int = 482) -> Spread:
    return Spread(
        interactions=interactions,
        age_seconds=38 * 60,
        state="measured",
        expected=21.4,
        dispersion=1.8,
        surprise=3.1e-7,
        history=120,
    )


def earlier(caption: str = "Flood takes the bridge at Osmar") -> Earlier:
    return Earlier(
        picture="a" * 64,
        seen_at=datetime(2014, 3, 2, 14, 5, tzinfo=UTC),
        source="archive: river floods",
        handle="osmar_daily",
        caption=caption,
        distance=12,
        url="https://archive.example/osmar/77",
    )


def finding(headline: str = HEADLINE, **more: str) -> Finding:
    return Finding(
        rule="uncorroborated_spike",
        headline=headline,
        reasons=(
            Reason(name="spread", value="482 / 21.4", sentence="482 interactions in 38 min where 21.4 were expected."),
            Reason(name="origins", value="1", sentence="57 posts trace back to one origin, @mira_k."),
            Reason(name="picture", value="2014-03-02", sentence="Its picture was first seen 2014-03-02, near Osmar."),
        ),
        clears=more.get("clears", "One more independent origin."),
        earlier=(earlier(more.get("caption", "Flood takes the bridge at Osmar")),),
    )


def event(
    kind: Kind = "opened",
    seq: int = 1,
    *,
    alert_id: str = "velgrad-1",
    claim: str = CLAIM,
    found: Finding | None = None,
    link: str = LINK,
    interactions: int = 482,
    watch: str = "velgrad",
) -> AlertEvent:
    count = 2 if kind == "corroborated" else 1
    story = StoryUpdate(
        id=f"story-{alert_id}",
        watch=watch,
        version=seq,
        opened_at=START,
        as_of=START + timedelta(minutes=38 + seq),
        claim=claim,
        claim_uid="x:100",
        state=STATES[kind],
        independent=float(count),
        posts=57,
        accounts=49,
        disputes=1 if kind == "contested" else 0,
        spread=spread(interactions),
        origins=tuple(origin(place, 57 if place == 0 else 3) for place in range(count)),
    )
    at = START + timedelta(minutes=38 + seq)
    said = found or finding("Corroborated: now 2 independent origins" if kind == "corroborated" else HEADLINE)
    return AlertEvent(alert_id=alert_id, seq=seq, kind=kind, at=at, watch=watch, story=story, finding=said, link=link)


def life(alert_id: str = "velgrad-1") -> list[AlertEvent]:
    """Opened, updated, recalled."""
    return [
        event("opened", 1, alert_id=alert_id),
        event("updated", 2, alert_id=alert_id, interactions=700),
        event("corroborated", 3, alert_id=alert_id, interactions=900),
    ]


def story_post(
    number: int = 100,
    text: str = CLAIM,
    *,
    stance: StanceLabel = "asserts",
    tie: str = "first",
    tied_to: str = "",
    evidence: str = "",
    url: str = "",
    handle: str = "mira_k",
) -> StoryPost:
    at = START + timedelta(minutes=number - 100)
    post = Post(
        uid=f"x:{number}",
        platform="x",
        author=Account(uid=f"x:9{number}", handle=handle, name="Mira K.", followers=1210),
        text=text,
        created_at=at,
        observed_at=at + timedelta(seconds=4),
        collector="replay",
        watches=("velgrad",),
        url=url or f"https://x.example/{handle}/status/{number}",
        counts=Counts(reposts=40, replies=3, likes=12),
    )
    return StoryPost(post=post, stance=stance, tie=tie, tied_to=tied_to, evidence=evidence)
