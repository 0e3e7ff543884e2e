"""Messages from an invented town."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from secondsource.contracts.messages import (
    Account,
    AlertEvent,
    Counts,
    DeadLetter,
    Earlier,
    Engagement,
    Enriched,
    Entity,
    Finding,
    Language,
    MediaRef,
    Member,
    Message,
    Origin,
    Picture,
    Post,
    Reason,
    Review,
    Sketch,
    Spread,
    Stance,
    StoryUpdate,
    Takedown,
)
from secondsource.contracts.stage import Record
from store.database.tables import metadata
from store.stage import StoreStage
from store.store import Store

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CLAIM = "The old bridge of Velgrad is under water, see the picture"


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def picture(name: str, pdq: str = "", quality: int = 100, **more: object) -> Picture:
    state = "fingerprinted" if pdq else "unavailable"
    values: dict[str, object] = {
        "id": sha256(name.encode()).hexdigest(),
        "url": f"https://pictures.example/{name}.jpg",
        "state": state,
        "reason": "" if pdq else "the server answered 404",
        "pdq": pdq,
        "quality": quality if pdq else 0,
        "width": 640 if pdq else 0,
        "height": 480 if pdq else 0,
    }
    return Picture(**(values | more))  # type: ignore[arg-type]


def flipped(pdq: str, bits: int, start: int = 0) -> str:
    """The fingerprint with so many of its bits turned over."""
    value = int(pdq, 16)
    for bit in range(start, start + bits):
        value ^= 1 << bit
    return f"{value:064x}"


def enriched(
    number: int,
    *,
    seconds: float = 0,
    text: str = CLAIM,
    author: int = 1,
    watches: tuple[str, ...] = ("velgrad",),
    pictures: tuple[Picture, ...] = (),
    counts: Counts | None = None,
    repost_of: str = "",
    followers: int | None = 100,
    watch: str = "",
) -> Enriched:
    post = Post(
        uid=f"x:{number}",
        platform="x",
        author=Account(
            uid=f"x:a{author}", handle=f"mila{author}", name="Mila", followers=followers, created_at=at(-9e6)
        ),
        text=text,
        created_at=at(seconds - 1),
        observed_at=at(seconds),
        collector="replay",
        watches=watches,
        url=f"https://x.example/{number}",
        repost_of=repost_of,
        quote_of="x:900",
        reply_to="x:901",
        links=("https://gazette.example/flood",),
        media=tuple(MediaRef(url=each.url, alt="water") for each in pictures),
        hashtags=("velgrad",),
        mentions=("gazette",),
        lang_hint="en",
        counts=counts,
        edit_of="x:902",
        media_notes=("one picture was left out",),
        credits=("Velgrad News Agency",),
        reviews=(
            Review(claim="The bridge is gone", publisher="Gazette", url="https://gazette.example/check", score=0.5),
        ),
    )
    return Enriched(
        watch=watch or watches[0],
        post=post,
        language=Language(code="en", confidence=0.75),
        entities=(Entity(kind="place", id="velgrad", text="Velgrad", start=18, end=25),),
        pictures=pictures,
        sketch=Sketch(exact="1", bands=(1, 2), words=11),
        stance=Stance(label="asserts", cue="see"),
    )


def engagement(number: int, seconds: float, reposts: int) -> Engagement:
    counts = Counts(reposts=reposts, likes=2 * reposts)
    return Engagement(uid=f"x:{number}", observed_at=at(seconds), collector="x", watches=("velgrad",), counts=counts)


def takedown(number: int, seconds: float = 100) -> Takedown:
    return Takedown(
        uid=f"x:{number}", observed_at=at(seconds), collector="x", watches=("velgrad",), reason="deleted by its author"
    )


def story(
    version: int, *, name: str = "velgrad/1", members: Sequence[int] = (), claim_uid: str = "x:1", claim: str = CLAIM
) -> StoryUpdate:
    return StoryUpdate(
        id=name,
        watch="velgrad",
        version=version,
        opened_at=at(0),
        as_of=at(version),
        claim=claim,
        claim_uid=claim_uid,
        state="single-origin",
        independent=1.25,
        posts=len(members),
        accounts=len(members),
        disputes=0,
        spread=Spread(interactions=10 * version, age_seconds=60.5, state="measured", expected=3.5, surprise=1e-9),
        origins=(Origin(first_uid=claim_uid, first_handle="mila1", first_at=at(0), posts=2, accounts=2),),
        members=tuple(
            Member(uid=f"x:{number}", stance="asserts", tie="text", to="x:1", evidence="9 of 11 words")
            for number in members
        ),
    )


def alert(
    seq: int, *, name: str = "velgrad/1/spike", channel: str = "#desk", of: StoryUpdate | None = None
) -> AlertEvent:
    return AlertEvent(
        alert_id=name,
        seq=seq,
        kind="opened" if seq == 1 else "updated",
        at=at(seq),
        watch="velgrad",
        story=of or story(seq, members=(1, 2)),
        finding=Finding(
            rule="uncorroborated_spike",
            headline=f"Spreading, one origin: “{CLAIM}”",
            reasons=(Reason(name="spread", value="40", sentence=f"40 interactions for “{CLAIM[:40]}…”"),),
            clears="one more independent origin",
            earlier=(
                Earlier(
                    picture=sha256(b"bridge").hexdigest(),
                    seen_at=at(-9e5),
                    source="x:7",
                    handle="ivo",
                    caption="Spring flood in Dolnograd two years ago",
                    url="https://pictures.example/bridge.jpg",
                ),
            ),
        ),
        channel=channel,
    )


def letter(name: str, seconds: float = 0, reason: str = "not JSON") -> DeadLetter:
    return DeadLetter(
        id=name,
        stage="enrich",
        source="topic posts/0@7",
        target="posts",
        reason=reason,
        body=b"\x00\xff{",
        at=at(seconds),
        key="x:1",
    )


def keep(store: Store, *messages: Message, notifiers: tuple[str, ...] = ("console", "slack")) -> None:
    StoreStage(store, notifiers).handle([Record(message) for message in messages])


def everything(store: Store) -> dict[str, list[dict[str, object]]]:
    """All rows of all tables."""
    return {name: store.dump(name) for name in metadata.tables}


def emptied(store: Store) -> Store:
    """The same store with nothing in it."""
    with store.database.writing() as connection:
        for table in metadata.tables.values():
            connection.execute(table.delete())
    return store
