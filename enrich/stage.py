"""Posts become enriched posts, one for each watch; what else comes along is passed on to where they go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from enrich.annotator import Annotator
from secondsource.contracts.errors import BadConfiguration, BadRecord
from secondsource.contracts.messages import (
    LONGEST_ID,
    Coverage,
    Engagement,
    Enriched,
    Message,
    Post,
    Takedown,
    Tick,
)
from secondsource.contracts.stage import Out, Record
from secondsource.contracts.topics import ENRICHED, POSTS

_FIELDS = ("language", "entities", "pictures", "sketch", "stance")


class EnrichStage:
    """Runs the annotators in their order over the posts of a batch. Order of messages is kept exactly.

    Raises:
        BadConfiguration: a field of `Enriched` without an annotator, or with two.
    """

    name = "enrich"
    inlet = (POSTS,)

    def __init__(self, annotators: Iterable[Annotator]) -> None:
        self._annotators = tuple(annotators)
        given = [annotator.fills for annotator in self._annotators]
        if sorted(given) != sorted(_FIELDS):
            msg = f"expected one annotator for each of {', '.join(_FIELDS)}; got {', '.join(given) or 'none'}"
            raise BadConfiguration(msg)

    def handle(self, batch: Sequence[Record]) -> list[Out]:
        for record in batch:  # before anything is fetched for a batch that will be handled again one by one
            _check(record.message)
        posts = [record.message for record in batch if isinstance(record.message, Post)]
        tags: dict[str, Sequence[Any]] = {}
        for annotator in self._annotators:
            tags[annotator.fills] = annotator.annotate(posts, tags)
        rows = zip(*(tags[field] for field in _FIELDS), strict=True)
        outs: list[Out] = []
        for record in batch:
            message = record.message
            if isinstance(message, Post):
                language, entities, pictures, sketch, stance = next(rows)
                outs.extend(
                    Out(
                        ENRICHED,
                        watch,
                        Enriched(
                            watch=watch,
                            post=message,
                            language=language,
                            entities=entities,
                            pictures=pictures,
                            sketch=sketch,
                            stance=stance,
                        ),
                    )
                    for watch in dict.fromkeys(message.watches)
                )
            else:
                outs.extend(_pass_on(record))
        return outs


def _check(message: Message) -> None:
    """What no later stage could keep must not get as far as a story."""
    for at in _times(message):
        if at.tzinfo is None:  # each machine would take it for another moment
            msg = f"expected a time with its zone, came {at.isoformat()}: collectors add the zone before they send"
            raise BadRecord(msg)
    if isinstance(message, Post | Engagement | Takedown):
        ids = (
            (message.uid, message.author.uid, message.repost_of or "-") if isinstance(message, Post) else (message.uid,)
        )
        for uid in ids:
            if not 0 < len(uid) <= LONGEST_ID:
                msg = f"expected an id of 1 to {LONGEST_ID} characters, came {len(uid)}: {uid[:40]!r}"
                raise BadRecord(msg)
    if isinstance(message, Post | Engagement):
        if not message.watches:
            msg = (
                f"{message.uid} belongs to no watch: expected at least one name in `watches`; collect it under a watch"
            )
            raise BadRecord(msg)
    elif not isinstance(message, Takedown | Coverage | Tick):
        kind = type(message).__name__
        msg = f"expected a post, engagement, takedown, coverage or tick on `{POSTS}`, got {kind}"
        raise BadRecord(msg)


def _times(message: Message) -> tuple[datetime, ...]:
    if isinstance(message, Post):
        return message.observed_at, message.created_at
    if isinstance(message, Engagement | Takedown):
        return (message.observed_at,)
    if isinstance(message, Coverage):
        return message.start, message.end
    return (message.at,) if isinstance(message, Tick) else ()


def _pass_on(record: Record) -> list[Out]:
    message = record.message
    if isinstance(message, Engagement | Takedown) and message.watches:
        return [Out(ENRICHED, watch, message) for watch in dict.fromkeys(message.watches)]
    if isinstance(message, Tick):
        message = msgspec.structs.replace(message, lane=record.partition, lanes=record.partitions)
    # A takedown that does not know its watches goes everywhere: a deletion must never be lost.
    return [Out(ENRICHED, None, message)]
