"""Taking what a removed post said out of what quoted it. Pure functions; the laws hold in any order of arrival."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Final

from msgspec.structs import replace

from secondsource.contracts.excerpts import excerpt
from secondsource.contracts.messages import AlertEvent, Earlier, Origin, StoryUpdate

REMOVED: Final = "[removed at the source]"
_IN_A_NAME: Final = re.compile(r"\w")
_RECOGNISED: Final = 24  #: shown characters in common with the beginning of a text that make a quotation of it


def without(text: str, quoted: str) -> str:
    """The text with `[removed at the source]` for each quotation.

    Found whole or cut short after 24 characters or more, and whatever was done to its spaces, accents and hidden
    characters before it was shown. Shorter texts are common words: those only where “nothing else” is quoted.
    """
    shown, said = _shown(text), "".join(quoted[i] for i in _shown(quoted))
    if not said or quoted == REMOVED:
        return text
    letters = "".join(text[i] for i in shown)
    head, parts, done, start = said[:_RECOGNISED], [], 0, 0
    while (at := letters.find(head, start)) >= 0:
        end = at + len(head)
        while end < len(letters) and end - at < len(said) and letters[end] == said[end - at]:
            end += 1
        start = at + 1
        if len(head) == _RECOGNISED or _stands_alone(letters, at, end):
            parts += [text[done : shown[at]], REMOVED]
            done = shown[end - 1] + 1
            start = end
    return "".join([*parts, text[done:]])


def without_any(text: str, quoted: Collection[str]) -> str:
    """The text without any of these quotations, the longest first."""
    for said in sorted(quoted, key=len, reverse=True):
        text = without(text, said)
    return text


def without_name(text: str, name: str) -> str:
    """The text with `[removed at the source]` for each "@name", whole or cut short, as it may have been shown."""
    shown = [i for i in _shown(text) if text[i] not in "“”"]
    said = "@" + "".join(name[i] for i in _shown(name) if name[i] not in "“”").lstrip("@")
    if said == "@" or name == REMOVED:
        return text
    letters = "".join(text[i] for i in shown)
    parts, done, start = [], 0, 0
    while (at := letters.find("@", start)) >= 0:
        end = start = at + 1
        while end < len(letters) and end - at < len(said) and letters[end] == said[end - at]:
            end += 1
        after = shown[end - 1] + 1
        whole = end - at == len(said) and not _IN_A_NAME.match(text, after)
        if whole or (end - at >= _RECOGNISED and letters[end : end + 1] == "…"):
            parts += [text[done : shown[at]], REMOVED]
            done, start = after, end
    return "".join([*parts, text[done:]])


def _shown(text: str) -> list[int]:
    """Where the characters stand that any way of showing a text keeps: not spaces, accents or hidden ones."""
    return [i for i, character in enumerate(text) if unicodedata.category(character)[0] not in "CMZ"]


def _stands_alone(letters: str, at: int, end: int) -> bool:
    before, after = letters[at - 1 : at], letters[end : end + 1]
    return (before, after) in {("", ""), ("“", "”")}


def origins(of: tuple[Origin, ...], gone: Collection[str]) -> tuple[Origin, ...]:
    return tuple(replace(origin, first_handle=REMOVED) if origin.first_uid in gone else origin for origin in of)


def story(update: StoryUpdate, gone: Collection[str]) -> StoryUpdate:
    """The story without the words, the author and the membership of the posts that are gone."""
    removed = update.claim_uid in gone
    return replace(
        update,
        claim=REMOVED if removed else update.claim,
        claim_edited=update.claim_edited and not removed,
        origins=origins(update.origins, gone),
        members=tuple(
            replace(member, evidence="") if member.to in gone else member
            for member in update.members
            if member.uid not in gone
        ),
    )


def _earlier(sighting: Earlier, gone: Collection[str]) -> Earlier:
    if sighting.source not in gone:
        return sighting
    return replace(sighting, caption=REMOVED, handle=REMOVED, url="", named=())


def event(alert: AlertEvent, gone: Collection[str]) -> AlertEvent:
    """The alert without what the posts that are gone said and who wrote them, also where its sentences say so.

    A sentence that names a post that is gone goes as a whole.
    """
    if not gone:
        return alert
    found, quoted = alert.finding, alert.story
    seen = [earlier for earlier in found.earlier if earlier.source in gone]
    texts = {earlier.caption for earlier in seen} | ({quoted.claim} if quoted.claim_uid in gone else set())
    first = {origin.first_handle for origin in quoted.origins if origin.first_uid in gone}
    names = sorted(first | {earlier.handle for earlier in seen}, key=len, reverse=True)
    by_uid = re.compile("|".join(rf"(?<!\w){re.escape(uid)}(?!\w)" for uid in sorted(gone)) or r"(?!)")

    def clean(text: str) -> str:
        if by_uid.search(text):
            return REMOVED
        text = without_any(text, texts)
        for name in names:
            text = without_name(text, name)
        return text

    finding = replace(
        found,
        headline=clean(found.headline),
        reasons=tuple(replace(r, value=clean(r.value), sentence=clean(r.sentence)) for r in found.reasons),
        clears=clean(found.clears),
        earlier=tuple(_earlier(sighting, gone) for sighting in found.earlier),
        checks=tuple(check for check in found.checks if check.source not in gone),
    )
    return replace(alert, story=story(quoted, gone), finding=finding)


def reworded(alert: AlertEvent, texts: Mapping[str, str]) -> AlertEvent:
    """The alert with what these posts say now, where it quotes other words of theirs: they were edited."""
    gone = edited_away(alert, texts)
    if not gone:
        return alert
    found, quoted = alert.finding, alert.story
    claim = _now(quoted.claim, texts.get(quoted.claim_uid))
    finding = replace(
        found,
        headline=without_any(found.headline, gone),
        reasons=tuple(
            replace(r, value=without_any(r.value, gone), sentence=without_any(r.sentence, gone)) for r in found.reasons
        ),
        clears=without_any(found.clears, gone),
        earlier=tuple(replace(seen, caption=_now(seen.caption, texts.get(seen.source))) for seen in found.earlier),
    )
    edited = quoted.claim_edited or claim != quoted.claim
    return replace(alert, story=replace(quoted, claim=claim, claim_edited=edited), finding=finding)


def edited_away(alert: AlertEvent, texts: Mapping[str, str]) -> set[str]:
    """What the alert quotes of these posts that they say no more."""
    quoted = [(alert.story.claim, alert.story.claim_uid)]
    quoted += [(seen.caption, seen.source) for seen in alert.finding.earlier]
    return {words for words, uid in quoted if _now(words, texts.get(uid)) != words}


def _now(words: str, text: str | None) -> str:
    """What is quoted of a text; the words themselves where they are its beginning, or nothing is known of it."""
    if text is None or words == REMOVED or text.startswith(words.rstrip("…").rstrip()):
        return words
    return excerpt(text)


def quoted_by_story(update: StoryUpdate) -> set[str]:
    """Posts whose words or author the story's row shows."""
    return {update.claim_uid, *(origin.first_uid for origin in update.origins)} - {""}


def tied_by_story(update: StoryUpdate) -> set[str]:
    """Posts whose words the evidence of its members' ties may show."""
    return {member.to for member in update.members} - {""}


def quoted_by_event(alert: AlertEvent) -> set[str]:
    """Posts whose words, author or membership the event's body shows."""
    return shown_by_event(alert) | {member.uid for member in alert.story.members}


def shown_by_event(alert: AlertEvent) -> set[str]:
    """Posts whose words or author whoever reads the alert sees."""
    shown = {sighting.source for sighting in alert.finding.earlier} | {check.source for check in alert.finding.checks}
    return quoted_by_story(alert.story) | shown
