"""What a picture's earlier lives say of a story: since when, how long before, and what was named then and is named now.

Stated, never judged: a picture may rightly be shown again, and two names may mean one place.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from alerts.earlier import file_claims
from alerts.rules.evidence import StoryEvidence
from alerts.wording import (
    apart,
    count,
    handle,
    how_it_matches,
    named,
    quoted,
    seen_by,
    seen_on,
    seen_when,
)
from secondsource.contracts.messages import Earlier, Reason


def first_seen(evidence: StoryEvidence) -> str:
    """For the headline: "picture first seen 2014-03-02, 2 y 9 mo before"; "" where it was not seen before."""
    if not evidence.earlier:
        return ""
    earliest = evidence.earlier[0]
    return f"picture first seen {seen_on(earliest)}, {apart(earliest, evidence.opened_at)} before"


def reasons(evidence: StoryEvidence) -> list[Reason]:
    """A line for each earlier sighting, oldest first; then what was named, and which pictures were not looked up."""
    lines = [_sighting(seen, evidence.opened_at) for seen in evidence.earlier]
    other = elsewhere(evidence.earlier, evidence.named)
    if other is not None:
        lines.append(_then_and_now(other, evidence.named))
    lines += file_claims.reasons(evidence.claimed, evidence.opened_at)
    if evidence.everywhere:
        pictures = count(len(evidence.everywhere), "of its pictures is", "of its pictures are")
        since = min(each.since for each in evidence.everywhere)
        posts = max(each.posts for each in evidence.everywhere)
        ties, is_ = ("It ties", "is") if len(evidence.everywhere) == 1 else ("They tie", "are")
        lines.append(
            Reason(
                name="seen everywhere",
                value=str(len(evidence.everywhere)),
                sentence=f"{pictures} seen everywhere: shown since {since:%Y-%m-%d} by {posts} posts or more that have "
                "nothing in common, as a logo, a stock picture or a template is. "
                f"{ties} no posts together and {is_} not counted as seen before.",
            )
        )
    if evidence.unread:
        pictures = count(evidence.unread, "of its pictures", "of its pictures")
        were = "it was" if evidence.unread == 1 else "they were"
        lines.append(
            Reason(
                name="pictures not looked at",
                value=str(evidence.unread),
                sentence=f"{pictures} could not be fetched or read: whether {were} seen before is not known.",
            )
        )
    return lines


def elsewhere(earlier: Sequence[Earlier], now: Sequence[str]) -> Earlier | None:
    """The earliest sighting whose words name places or events, if the story names others and none of these."""
    named_then = next((seen for seen in earlier if seen.named), None)
    if named_then is None or not now or set(named_then.named) & set(now):
        return None
    return named_then


def _sighting(seen: Earlier, opened_at: datetime) -> Reason:
    if seen.dated_by and not seen.handle:
        where = f"in {seen.source}"
    else:
        where = f"by {handle(seen.handle)}" + (f" ({seen.source})" if seen.source else "")
    words = f", with the words {quoted(seen.caption, 280)}" if seen.caption.strip() else ""
    how = how_it_matches(seen)
    differs = f"; {how}" if how else ""
    when = f"{seen_when(seen)}, {apart(seen, opened_at)} before"
    return Reason(
        name="earlier sighting",
        value=seen_on(seen),
        sentence=f"Its picture was seen on {when}, {seen_by(seen)}{where}{words}{differs}.",
    )


def _then_and_now(seen: Earlier, now: Sequence[str]) -> Reason:
    then = named(seen.named)
    return Reason(
        name="then and now",
        value=f"{then} / {named(now)}",
        sentence=f"Then named {then} ({seen_on(seen)}, {seen.source}), now named {named(now)}: "
        "the words of then and of now name no place or event in common.",
    )
