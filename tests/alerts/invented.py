"""Posts about the invented town of Velgrad, enriched by hand: only what a test needs to say is said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from secondsource.contracts.messages import (
    Account,
    AlertEvent,
    Counts,
    Engagement,
    Enriched,
    Entity,
    Language,
    Message,
    Picture,
    Post,
    Review,
    Sketch,
    Stance,
    StanceLabel,
    StoryUpdate,
    Takedown,
    Tick,
)
from secondsource.contracts.stage import Out, Record
from secondsource.contracts.watch import Thresholds, Watch

START = datetime(2031, 5, 4, 9, 0, tzinfo=UTC)
WATCH = Watch(name="velgrad", hashtags=("Velgrad",), any_of=("velgrad",), slack_channel="#velgrad")
DEFAULTS = Thresholds()
CLAIM = "The old stone bridge of Velgrad has fallen, cars and a bus lie in the river"


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def watch(name: str = "velgrad", collectors: tuple[str, ...] = (), thresholds: Thresholds = DEFAULTS) -> Watch:
    return Watch(
        name=name, hashtags=("Velgrad",), any_of=("velgrad",), collectors=collectors, slack_channel="#velgrad",
        thresholds=thresholds,
    )  # fmt: skip


def words_of(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()


def bands(words: Sequence[str]) -> tuple[int, ...]:
    """Stand-in for anchors: one for each eighth of the words, equal where these words are."""
    if len(words) < 8:
        return ()
    step = max(1, len(words) // 8)
    pieces = [" ".join(words[start : start + step]) for start in range(0, len(words), step)]
    return tuple(int(sha256(piece.encode()).hexdigest()[:12], 16) for piece in pieces)


def sketch(text: str) -> Sketch:
    words = [word for word in text.split() if not word.startswith(("http", "@"))]
    kept = words_of(" ".join(words))
    exact = sha256(" ".join(kept).encode()).hexdigest()[:32] if kept else ""
    return Sketch(exact=exact, bands=bands(kept), words=len(kept))


def picture(name: str, *, pdq: str = "", quality: int = 100) -> Picture:
    digest = sha256(name.encode()).hexdigest()
    return Picture(id=digest, url=f"file:{name}", state="fingerprinted", pdq=pdq or digest, quality=quality)


def post(
    number: int,
    seconds: float,
    text: str = CLAIM,
    *,
    by: str = "",
    stance: StanceLabel = "asserts",
    repost_of: int = 0,
    quote_of: int = 0,
    reply_to: int = 0,
    links: tuple[str, ...] = (),
    pictures: tuple[Picture, ...] = (),
    entities: tuple[Entity, ...] = (),
    counts: Counts | None = None,
    watch: str = "velgrad",
    collector: str = "x",
    created: float | None = None,
    edit_of: int = 0,
    credits: tuple[str, ...] = (),  # noqa: A002 -- the field's name
    reviews: tuple[Review, ...] = (),
) -> Enriched:
    """Post `number` (its uid is x:<number>) by account `by`, `seconds` after the start."""
    author = by or f"user{number}"

    def uid(of: int) -> str:
        return f"x:{of}" if of else ""

    return Enriched(
        watch=watch,
        post=Post(
            uid=uid(number), platform="x", author=Account(uid=f"x:a-{author}", handle=author), text=text,
            created_at=at(seconds if created is None else created), observed_at=at(seconds), collector=collector,
            watches=(watch,), repost_of=uid(repost_of), quote_of=uid(quote_of), reply_to=uid(reply_to), links=links,
            counts=counts, edit_of=uid(edit_of), credits=credits, reviews=reviews,
            url=f"https://x.example/{number}",
        ),
        language=Language(code="en", confidence=1.0),
        entities=entities,
        pictures=pictures,
        sketch=sketch(text),
        stance=Stance(label=stance),
    )  # fmt: skip


def repost(number: int, seconds: float, of: int, *, by: str = "", text: str = CLAIM) -> Enriched:
    return post(number, seconds, text, by=by, repost_of=of)


def counted(number: int, seconds: float, interactions: int, collector: str = "x") -> Engagement:
    return Engagement(
        uid=f"x:{number}", observed_at=at(seconds), collector=collector, watches=("velgrad",),
        counts=Counts(reposts=interactions, likes=3),
    )  # fmt: skip


def gone(number: int, seconds: float) -> Takedown:
    return Takedown(uid=f"x:{number}", observed_at=at(seconds), collector="x", watches=("velgrad",), reason="deleted")


def tick(seconds: float, *, collector: str = "x", lane: int = 0, lanes: int = 1, final: bool = False) -> Tick:
    return Tick(collector=collector, at=at(seconds), lane=lane, lanes=lanes, final=final)


def records(messages: Iterable[Message]) -> list[Record]:
    return [Record(message) for message in messages]


def ordered(messages: Iterable[Enriched | Engagement | Takedown]) -> list[Message]:
    """In event order, with the tick that says there is no more."""
    held = sorted(messages, key=lambda one: (one.post if isinstance(one, Enriched) else one).observed_at)
    return [*held, tick(10**7, final=True)]


#: Things that happen in Velgrad without concerning one another: what a watch's history is made of.
_SMALL_NEWS = (
    "bakery", "library", "orchestra", "tram", "lighthouse", "orchard", "swimming", "chess", "museum", "ferry", "garden",
    "theatre", "marathon", "beekeeper", "bicycle", "carpenter", "festival", "harvest", "kindergarten", "laundry",
    "market", "nursery", "observatory", "pottery", "quarry", "railway", "sawmill", "tannery", "vineyard", "windmill",
)  # fmt: skip


def history(first: int, seconds: float, stories: int = 40, every: float = 1.0) -> list[Enriched | Engagement]:
    """So many unconnected stories, one in three of them passed on once or twice."""
    made: list[Enriched | Engagement] = []
    for number in range(stories):
        noun = _SMALL_NEWS[number % len(_SMALL_NEWS)]
        text = f"{noun}{number} opens{number} beside{number} {noun}{number * 7} tomorrow{number} in Velgrad #Velgrad"
        made.append(post(first + number, seconds + number * every, text))
        if number % 3 == 0:
            made.append(counted(first + number, seconds + number * every + 30, 1 + number % 2))
    return made


def updates(outs: Iterable[Out]) -> list[StoryUpdate]:
    return [out.message for out in outs if isinstance(out.message, StoryUpdate)]


def events(outs: Iterable[Out]) -> list[AlertEvent]:
    return [out.message for out in outs if isinstance(out.message, AlertEvent)]


def final_stories(outs: Iterable[Out]) -> dict[str, StoryUpdate]:
    """Each story at its last version."""
    final: dict[str, StoryUpdate] = {}
    for update in updates(outs):
        if update.id not in final or update.version >= final[update.id].version:
            final[update.id] = update
    return final


def merged(outs: Sequence[Out]) -> tuple[list[AlertEvent], dict[str, StoryUpdate], dict[str, set[str]]]:
    """What a store would hold: alert events once each, stories at their last version, members of all versions."""
    known: dict[str, AlertEvent] = {}
    for event in events(outs):
        assert known.setdefault(event.id, event) == event, "an event's id must stand for one event"
    members: dict[str, set[str]] = {}
    for update in updates(outs):
        members.setdefault(update.id, set()).update(map(repr, update.members))
    stories = {name: _bare(update) for name, update in final_stories(outs).items()}
    return list(known.values()), stories, members


def _bare(update: StoryUpdate) -> StoryUpdate:
    from msgspec.structs import replace

    return replace(update, members=())
