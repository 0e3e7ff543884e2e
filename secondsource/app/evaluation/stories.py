"""Which posts tell the same story, through the annotators and the story book that the pipeline uses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from alerts.stories.book import StoryBook
from alerts.text.embedding import Meanings
from alerts.text.understanding import Understanding
from enrich.annotators import CopyAnnotator, EntityAnnotator, LanguageAnnotator
from secondsource.app.evaluation.entities import entity_annotator
from secondsource.app.evaluation.lines import Line, Lines, id_of, text_of, write
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import Account, Enriched, Language, Post, Stance
from secondsource.contracts.watch import Thresholds, Watch

_TOGETHER = 500  # lines that are tagged at a time
_START = datetime(2000, 1, 1, tzinfo=UTC)
_WATCH = "eval"


class _Given(NamedTuple):
    post: Post
    language: Language | None


def judge_stories(
    lines: Lines,
    out: TextIO,
    *,
    story_hours: float = 72.0,
    gazetteers: Sequence[Path] = (),
    understanding: Understanding | None = None,
) -> None:
    """From {"id", "text", "at"?, …} to {"id", "story", "tie", "to", "evidence"}, in the order of the times.

    "story" is the id of the story's first post. Where a post shows that two stories are one, {"story", "merged_into",
    "by"} comes before its own line. Without "at" a post comes a second after the one before. Of lines with one id the
    first is taken, and the others are told of.
    """
    watch = Watch(name=_WATCH, any_of=(_WATCH,), thresholds=Thresholds(story_hours=story_hours))
    book = StoryBook(watch, meanings=None if understanding is None else Meanings(understanding))
    entities = entity_annotator(gazetteers)
    for enriched in _enriched(sorted(_given(lines), key=lambda one: (one.post.observed_at, one.post.uid)), entities):
        post, at = enriched.post, enriched.post.observed_at.timestamp()
        while (over := book.over(at)) is not None or (over := book.crowded_out()) is not None:
            book.end(over)
        story = book.take(enriched, at)
        for merged in book.merged:
            names = {"story": merged.story.frame.first_uid, "merged_into": merged.into.frame.first_uid}
            write(out, {**names, "by": post.uid})
        member = story.fresh[-1]
        write(out, {
            "id": post.uid, "story": story.frame.first_uid, "tie": member.tie, "to": member.to,
            "evidence": member.evidence,
        })  # fmt: skip


def _given(lines: Lines) -> Iterator[_Given]:
    last = _START
    taken: dict[str, int] = {}
    for number, line in lines:
        try:
            given = _read(line, last)
        except BadRecord as error:
            lines.tell(number, str(error))
            continue
        first = taken.setdefault(given.post.uid, number)
        if first != number:
            lines.tell(number, f"id: {given.post.uid:.40} is that of line {first}")
            continue
        last = given.post.observed_at
        yield given


def _read(line: Line, last: datetime) -> _Given:
    uid = id_of(line)
    at = _moment(line["at"]) if line.get("at") is not None else _after(last)
    author = _name(line, "author") or uid
    language = line.get("language")
    post = Post(
        uid=uid, platform=_WATCH, author=Account(uid=author, handle=author), text=text_of(line), created_at=at,
        observed_at=at, collector=_WATCH, watches=(_WATCH,), repost_of=_name(line, "repost_of"),
        quote_of=_name(line, "quote_of"), reply_to=_name(line, "reply_to"), links=_links(line),
    )  # fmt: skip
    return _Given(post, Language(code=language, confidence=1.0) if isinstance(language, str) else None)


def _name(line: Line, key: str) -> str:
    return "" if line.get(key) is None or line[key] == "" else id_of(line, key)


def _links(line: Line) -> tuple[str, ...]:
    links: Any = line.get("links") or ()
    if not isinstance(links, list | tuple) or not all(isinstance(link, str) for link in links):
        msg = "links: expected a list of addresses"
        raise BadRecord(msg)
    return tuple(links)


def _after(last: datetime) -> datetime:
    try:
        return last + timedelta(seconds=1)
    except OverflowError as error:
        raise BadRecord("at: expected a time, for nothing comes after the last moment of the year 9999") from error


def _moment(at: object) -> datetime:
    """ISO 8601, or seconds since 1970."""
    try:
        if isinstance(at, int | float) and not isinstance(at, bool):
            return datetime.fromtimestamp(at, UTC)
        if isinstance(at, str):
            moment = datetime.fromisoformat(at)
            return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        pass
    msg = f"at: expected ISO 8601 or seconds since 1970, got {at!r}"
    raise BadRecord(msg)


def _enriched(given: Iterable[_Given], entities: EntityAnnotator) -> Iterator[Enriched]:
    languages = LanguageAnnotator()
    copies = CopyAnnotator()
    each = iter(given)
    while batch := list(islice(each, _TOGETHER)):
        posts: Sequence[Post] = [one.post for one in batch]
        found = iter(languages.identify_all([(one.post.text, "") for one in batch if one.language is None]))
        told = [one.language or next(found) for one in batch]
        named, sketches = entities.annotate(posts, {"language": told}), copies.annotate(posts, {})
        for post, language, names, sketch in zip(posts, told, named, sketches, strict=True):
            yield Enriched(
                watch=_WATCH,
                post=post,
                language=language,
                entities=names,
                sketch=sketch,
                stance=Stance(label="asserts"),
            )
