"""Taking what a removed post said out of what quoted it. Pure functions; the laws hold in any order of arrival."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from msgspec.structs import replace

from secondsource.contracts.messages import AlertEvent, Earlier, Finding, Origin, StoryUpdate

REMOVED: Final = "[removed at the source]"
_RECOGNISED: Final = 24  #: characters in common with the beginning of a text that make a quotation of it


def without(text: str, quoted: str) -> str:
    """The text with `[removed at the source]` for each quotation, whole or cut short after 24 characters or more."""
    beginning = quoted[:_RECOGNISED]
    if not beginning.strip() or quoted == REMOVED:
        return text
    if len(beginning) < _RECOGNISED:  # a short text is only recognised where it is all there is
        return REMOVED if text == quoted else text
    parts, start = [], 0
    while (at := text.find(beginning, start)) >= 0:
        end = at + len(beginning)
        while end < len(text) and end - at < len(quoted) and text[end] == quoted[end - at]:
            end += 1
        parts += [text[start:at], REMOVED]
        start = end
    return "".join([*parts, text[start:]])


def origins(of: tuple[Origin, ...], gone: Collection[str]) -> tuple[Origin, ...]:
    return tuple(replace(origin, first_handle=REMOVED) if origin.first_uid in gone else origin for origin in of)


def story(update: StoryUpdate, gone: Collection[str]) -> StoryUpdate:
    """The story without the words, the author and the membership of the posts that are gone."""
    return replace(
        update,
        claim=REMOVED if update.claim_uid in gone else update.claim,
        origins=origins(update.origins, gone),
        members=tuple(member for member in update.members if member.uid not in gone),
    )


def _earlier(sighting: Earlier, gone: Collection[str]) -> Earlier:
    return replace(sighting, caption=REMOVED, handle=REMOVED, url="") if sighting.source in gone else sighting


def event(alert: AlertEvent, gone: Collection[str]) -> AlertEvent:
    """The alert without what the posts that are gone said, also where its sentences quote it."""
    texts = {earlier.caption for earlier in alert.finding.earlier if earlier.source in gone}
    if alert.story.claim_uid in gone:
        texts.add(alert.story.claim)

    def clean(text: str) -> str:
        for quoted in sorted(texts, key=len, reverse=True):
            text = without(text, quoted)
        return text

    found = alert.finding
    finding = Finding(
        rule=found.rule,
        headline=clean(found.headline),
        reasons=tuple(replace(r, value=clean(r.value), sentence=clean(r.sentence)) for r in found.reasons),
        clears=clean(found.clears),
        earlier=tuple(_earlier(sighting, gone) for sighting in found.earlier),
    )
    return replace(alert, story=story(alert.story, gone), finding=finding)


def quoted_by_story(update: StoryUpdate) -> set[str]:
    """Posts whose words or author the story's row shows."""
    return {update.claim_uid, *(origin.first_uid for origin in update.origins)} - {""}


def quoted_by_event(alert: AlertEvent) -> set[str]:
    """Posts whose words, author or membership the event's body shows."""
    members = {member.uid for member in alert.story.members}
    return quoted_by_story(alert.story) | members | {sighting.source for sighting in alert.finding.earlier}
