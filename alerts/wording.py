"""Numbers and states in the words that every reader of an alert sees: terminal, Slack and desk say the same thing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from alerts.quoting import clean, clipped, isolated
from secondsource.contracts.acts import Act, ActKind, Verdict
from secondsource.contracts.messages import (
    AlertEvent,
    Corroboration,
    Earlier,
    Finding,
    Forecast,
    Origin,
    Reason,
    Region,
    Spread,
    StoryUpdate,
    Transform,
)
from secondsource.contracts.reuse import area

KINDS = {
    "opened": "Open",
    "updated": "Updated",
    "escalated": "Escalated",
    "corroborated": "Recalled",
    "contested": "Contested",
    "expired": "Over",
}

KIND_SENTENCES = {
    "opened": "It spreads without independent confirmation.",
    "updated": "It still spreads without independent confirmation.",
    "escalated": "It spreads much further, or more speaks for looking at it, without independent confirmation.",
    "corroborated": "More than one independent origin now asserts it.",
    "contested": "It spreads without independent confirmation, and is disputed.",
    "expired": "Its story is over: no new post came for as long as its watch waits, it goes on in an older story, or "
    "the watch has more stories than can be followed.",
}

_CONFIRMED = "It spreads. Independent origins assert it; why it is looked at all the same stands beside it."
_DISPUTED = "It spreads, and is disputed."
_CONFIRMED_AND_DISPUTED = "More than one independent origin now asserts it; it is disputed, too."

_BESIDE: dict[Corroboration, str] = {"contested": ", contested", "unknown": ", and a collector was blind"}

_WIDEST = 30  # times its lower end, beyond which an interval says nothing

STANCES = {"asserts": "asserts it", "denies": "disputes it", "asks": "asks about it", "comments": "comments on it"}

#: What analysts do about an alert, and the verdicts they dismiss it with.
ACTS: dict[ActKind, str] = {
    "acknowledged": "Acknowledged",
    "snoozed": "Snoozed",
    "dismissed": "Dismissed",
    "reopened": "Reopened",
}
VERDICTS: dict[Verdict, str] = {
    "useful": "worth waking somebody",
    "known": "right, and we knew",
    "noise": "nothing for us",
}

#: What stands where a post's words, or its author's name, stood before it was taken down.
REMOVED = "[removed at the source]"
EDITED = "edited since it was first posted"

TIES = {
    "first": "first post of the story",
    "repost": "reposts",
    "quote": "quotes",
    "reply": "replies to",
    "text": "has the same text as",
    "media": "has the same picture as",
    "link": "has the same link as",
    "words": "uses the same words as",
    "meaning": "means the same, as a model judges, as",
    "left": "was in this story, and is in another now",
}


def says(event: AlertEvent) -> str:
    """What a step of an alert comes to, in a sentence that is true of its story as it stands."""
    if event.kind in {"opened", "updated", "escalated"}:
        return {"multi-origin": _CONFIRMED, "contested": _DISPUTED}.get(event.story.state, KIND_SENTENCES[event.kind])
    if event.kind == "corroborated" and event.story.disputes:
        return _CONFIRMED_AND_DISPUTED
    return _DISPUTED if event.kind == "contested" else KIND_SENTENCES[event.kind]


def rules(finding: Finding) -> str:
    """The rules an alert stands for, the gravest first: "recycled media, uncorroborated spike"."""
    return ", ".join(clipped(rule.replace("_", " "), 60) for rule in finding.rules or (finding.rule,))


def kin(event: AlertEvent) -> str:
    """How many other alerts it is kin to: "2 related alerts"; "" for none."""
    return count(len(event.related), "related alert") if event.related else ""


def number(value: float) -> str:
    """1234 → "1,234"; fractions keep one decimal: 1234.56 → "1,234.6", 2.0 → "2"."""
    text = f"{value:,.1f}"
    return text.removesuffix(".0")


def rate(value: float) -> str:
    """How many a day: as `number`, but what is rare is not told as never: "0.04", "under 0.01"."""
    if value == 0 or value >= 0.1:
        return number(value)
    return f"{value:.2f}" if value >= 0.01 else "under 0.01"


def count(value: int, one: str, many: str = "") -> str:
    """A count with its noun: "1 post", "2 posts"."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """The two largest units: "40 s", "38 min", "2 h 05 min", "3 d 4 h", "2 y 40 d"."""
    whole = max(0, int(seconds))
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if whole < 60:
        return f"{whole} s"
    if hours < 1:
        return f"{minutes} min"
    if days < 1:
        return f"{hours} h {minutes % 60:02d} min"
    if days < 365:
        return f"{days} d {hours % 24} h"
    return f"{days // 365} y {days % 365} d"


def moment(at: datetime) -> str:
    """To the minute: "2016-12-13 14:05 UTC". All times of our messages are UTC."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def chance(surprise: float) -> str:
    """A tail probability as a person says it, to two digits: 0.00041 → "1 in 2,400"."""
    if surprise <= 1e-9:
        return "less than 1 in 1,000,000,000"
    return f"1 in {int(float(f'{1 / surprise:.2g}')):,}"


def spread(of: Spread) -> str:
    """How far, against what: "482 interactions in 38 min, 21 expected", or that there is too little history."""
    seen = f"{count(of.interactions, 'interaction')} in {duration(of.age_seconds)}"
    if of.state == "insufficient data":
        history = count(of.history, "earlier story", "earlier stories")
        return f"{seen}; insufficient data to say what to expect ({history})"
    return f"{seen}, {number(of.expected)} expected"


def foretold(of: Spread) -> Forecast | None:
    """Its forecast, while that is further than it has gone, and no wider than says something."""
    ahead = of.forecast
    if ahead is None or ahead.at_seconds <= of.age_seconds or ahead.high <= of.interactions:
        return None
    return ahead if ahead.high <= _WIDEST * max(ahead.low, 1.0) else None


def odds(of: Spread) -> str:
    """How rare that spread is; "" where it was not measured."""
    if of.state == "insufficient data":
        return ""
    return f"chance of that much: {chance(of.surprise)}, from {count(of.history, 'earlier story', 'earlier stories')}"


def sources(story: StoryUpdate) -> str:
    """How many origins it has, always, and the state beside it: "1 origin, contested", "2.4 independent origins"."""
    return in_all(story.independent, len(story.origins)) + _BESIDE.get(story.state, "")


def in_all(independent: float, origins: int = 1) -> str:
    """Origins by their weight: "no origin", "1 origin", "1 origin (weight 0.5)", "2.4 independent origins"; and where
    several weigh no more than one, how many: "2 origins (weight 1)".
    """
    told = number(independent)
    if independent <= 0:
        return "no origin"
    if independent <= 1:
        of_weight = f" (weight {told})" if told != "1" or origins > 1 else ""
        return count(max(1, origins), "origin") + of_weight
    return f"{told} independent origins"


def origins(story: StoryUpdate) -> str:
    """From whom: "1 origin, contested; 57 posts by 49 accounts; 2 origins dispute it"."""
    size = f"{count(story.posts, 'post')} by {count(story.accounts, 'account')}"
    disputes = f"; {disputed(story)}" if story.disputes else ""
    return f"{sources(story)}; {size}{disputes}"


def disputed(story: StoryUpdate) -> str:
    """By how many: "1 origin disputes it". Each may have many posts."""
    return count(story.disputes, "origin disputes it", "origins dispute it")


#: Reasons that speak against the rest of them.
_AGAINST = frozenset({"disputes", "coverage"})


def reasons(finding: Finding, most: int) -> list[Reason]:
    """What it was flagged for. Where only the first `most` are shown, what speaks against it is among them."""
    places = sorted(range(len(finding.reasons)), key=lambda place: finding.reasons[place].name not in _AGAINST)
    return [finding.reasons[place] for place in (*sorted(places[:most]), *places[most:])]


def handle(name: str) -> str:
    """An account as "@name", cleaned; the at sign once. A name of several words, such as a page has, stands between
    quotation marks, or it could go on with numbers of its own: "@ana: 900 posts by 900 accounts; @ben".
    """
    shown = clipped(re.sub("[“”]", "", name), 60).lstrip("@")
    if not clean(shown) or shown == REMOVED:
        return shown or "unknown account"
    return isolated(f"“@{shown}”" if " " in shown else f"@{shown}")


def origin(of: Origin) -> str:
    size = f"{count(of.posts, 'post')} by {count(of.accounts, 'account')}"
    return f"{handle(of.first_handle)} from {moment(of.first_at)}: {size}"


def earlier(sighting: Earlier, most: int = 160, now: datetime | None = None) -> str:
    """When, how long before, who, where, words then: "2014-03-02 14:05 UTC, 2 y before, @name in archive: “…”"."""
    words = f": {quoted(sighting.caption, most)}" if clean(sighting.caption) else ""
    who = f"{handle(sighting.handle)} " if clean(sighting.handle) or not sighting.dated_by else ""
    before = f"{apart(sighting, now)} before, " if now is not None else ""
    then = f" (then named {named(sighting.named)})" if sighting.named else ""
    where = f"{seen_by(sighting)}{who}in {isolated(clipped(sighting.source, 60))}"
    return f"{seen_when(sighting)}, {before}{where}{words}{then}"


def apart(sighting: Earlier, now: datetime) -> str:
    """How long before, in the two largest units: "2 y 9 mo", "3 mo 4 d", "5 h 02 min".

    "at least …" where no more than the day, month or year of the sighting is known.
    """
    at_least = "at least " if sighting.dated_by.partition(", ")[2] else ""
    return at_least + span(sighting.seen_at, now)


def span(then: datetime, now: datetime) -> str:
    """In the two largest units: "2 y 9 mo", "3 mo", "5 h 02 min"."""
    months = (now.year - then.year) * 12 + now.month - then.month
    months -= (now.day, now.time()) < (then.day, then.time())
    if months < 1:
        return duration((now - then).total_seconds())
    if months >= 12:
        rest = f" {months % 12} mo" if months % 12 else ""
        return f"{months // 12} y{rest}"
    return f"{months} mo"


def named(names: Sequence[str], most: int = 4) -> str:
    """Ids of places and events as names: "Ostrava Brod, Velgrad"."""
    shown = [_name(name) for name in names[:most]]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return isolated(", ".join(shown) + more)


def _name(of: str) -> str:
    name = of.rpartition(":")[2]
    words = name.replace("-", " ") if name.islower() else name
    return clipped(words.title() if words.islower() else words, 60)


def seen_by(sighting: Earlier) -> str:
    """What kind of source it is, where it is no post: "in a fact-check, "."""
    return {"fact-check": "in a fact-check, ", "feed": "in an outlet's feed, "}.get(sighting.seen_in, "")


def how_it_matches(sighting: Earlier) -> str:
    """In what it differs: "6 of 256 bits differ"; "" where it is the same file."""
    if sighting.kind == "features":
        share = round(100 * area(sighting.region))
        part = f"{share} % of it is in this one" if share < 100 else "all of it is in this one"
        return f"{part} ({sighting.inliers} places fit, confidence {sighting.confidence:.0%})"
    if sighting.kind == "clip":
        moments = count(sighting.inliers, "moment agrees", "moments agree")
        return f"{stretches(sighting.seconds)} ({moments}, confidence {sighting.confidence:.0%})"
    if sighting.kind == "text":
        return "another picture that reads the same"
    differs = f"{sighting.distance} of 256 bits differ" if sighting.distance else ""
    how = laid(sighting.region, sighting.transform)
    if how:
        return how + (f"; {differs}" if differs else "")
    if sighting.kind == "hash" and not differs:
        return "another file that looks the same"
    return differs


def laid(region: Region, transform: Transform) -> str:
    """How a picture that looks like another lies in it: "the same picture, mirrored, on 44 % of this one", "30 % of the
    earlier picture is all of this one"; "" where it lies as it did.

    `region` of the earlier one is seen in this one, at the places to which `transform` takes it (see `Reuse`).
    """
    a, b, _, d, e, _ = transform
    quarter = abs(b * d) > abs(a * e)
    mirrored = a * e < b * d
    upside_down = a > 0 > e if mirrored else a < 0 and e < 0
    turned = "turned by 90°" if quarter else "turned by 180°" if upside_down else ""
    ways = " and ".join(way for way in (turned, "mirrored" if mirrored else "") if way)
    there = area(region)
    here = abs(a * e - b * d) * there
    on = "all of this one" if here >= _ALL else f"{100 * here:.0f} % of this one"
    if there < _ALL:
        return f"{100 * there:.0f} % of the earlier picture is {on}" + (f", {ways}" if ways else "")
    if here < _ALL:
        return f"the same picture, {ways}, on {on}" if ways else f"the same picture on {on}"
    return f"the same picture, {ways}" if ways else ""


def stretches(seconds: Sequence[tuple[float, float, float, float]], most: int = 3) -> str:
    """Which seconds of the other clip are in this one: "seconds 12–40 of it are seconds 0–28 of this one"."""
    told = [f"seconds {there:.0f}–{until:.0f} of it are seconds {here:.0f}–{end:.0f} of this one"
            for here, end, there, until in seconds[:most]]  # fmt: skip
    more = [count(len(seconds) - most, "further stretch", "further stretches")] if len(seconds) > most else []
    return ", ".join([*told, *more]) or "the same film"


_ALL = 0.97  #: of a picture is all of it, to the eye
_GIVEN = {"month": 7, "year": 4}  #: characters of an ISO date


def seen_on(sighting: Earlier) -> str:
    """The day, or the month or year where no more is known: "2014-03-02", "1994-07"."""
    return sighting.seen_at.isoformat()[: _GIVEN.get(sighting.dated_by.partition(", ")[2], 10)]


def seen_when(sighting: Earlier) -> str:
    """No more of the date than is known, and what tells it: "2014-03-02 (date by the importer)"."""
    by, _, given = sighting.dated_by.partition(", ")
    if not by:
        return moment(sighting.seen_at)
    teller = {"importer": "the importer", "exif": "the picture's EXIF", "file name": "the file's name"}.get(by, by)
    return f"{seen_on(sighting) if given else moment(sighting.seen_at)} (date by {clipped(teller, 60)})"


def quoted(text: str, most: int) -> str:
    """The writer's words between quotation marks, cleaned and cut."""
    return isolated(f"“{clipped(text, most)}”")


def claim(story: StoryUpdate, most: int) -> str:
    """The claim between quotation marks; and that they are not the words it was first posted in, where they are not."""
    return quoted(story.claim, most) + (f" ({EDITED})" if story.claim_edited else "")


def headline(event: AlertEvent, most: int = 200) -> str:
    return isolated(clipped(event.finding.headline, most))


def act(of: Act) -> str:
    """What was done, by whom and when: "Snoozed until 2026-03-02 15:00 UTC by ana, 2026-03-02 14:00 UTC"."""
    return f"{doing(of)}, {moment(of.at)}"


def doing(of: Act) -> str:
    """What was done, and by whom: "Dismissed as noise by ana"."""
    until = f" until {moment(of.until)}" if of.until is not None else ""
    verdict = f" as {of.verdict}" if of.verdict else ""
    who = isolated(clipped(of.by, 80)) or "somebody"
    return f"{ACTS[of.kind]}{verdict}{until} by {who}"


def shares(of: Sequence[tuple[str, int]], most: int = 5) -> str:
    """Names with their counts: "en 41, ar 12, not told 3"."""
    shown = [f"{isolated(clipped(_UNTOLD.get(name, name), 30))} {size:,}" for name, size in of[:most]]
    return ", ".join(shown) + (f" and {len(of) - most} more" if len(of) > most else "")


_UNTOLD = {"und": "not told", "": "not told"}


def summary(event: AlertEvent) -> str:
    """An alert in one line, for a notification or a log: "Open: headline (velgrad). 482 interactions …"."""
    story = event.story
    return (
        f"{KINDS[event.kind]}: {headline(event)} ({isolated(clipped(event.watch, 60))}). "
        f"{spread(story.spread)}; {sources(story)}."
    )
