"""What a line of X's filtered stream says, and whose it is. Pure: bytes and a time in, messages out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

import msgspec

from ingest.collectors.x.rules import watch_of_tag
from ingest.formats.reading import EARLIEST, Part, Span, without_nul
from ingest.formats.x_v2 import (
    PLATFORM,
    Envelope,
    Id,
    Included,
    MatchingRule,
    Problem,
    Terms,
    Tweet,
    decode,
    decode_tweet,
    first_byte,
    included,
    posts_of,
)
from ingest.matching import Matcher
from secondsource.contracts.errors import BadRecord
from secondsource.contracts.messages import EDITED, Message, Post, Takedown

TOLERANCE = timedelta(minutes=5)


class MappedLine(NamedTuple):
    """`kind`: posts; a problem X reports; nobody's (a rule of another program brought it); or a type not known.

    `note` says of a problem or an unknown type what it was, in its keys, never its content. `posts` and `profiles` are
    the ids of all that came with it, which X charges for, whoever's they are.
    """

    kind: Literal["posts", "problem", "nobody's", "unknown"]
    messages: Sequence[Message] = ()
    note: str = ""
    posts: Sequence[str] = ()
    profiles: Sequence[str] = ()


class Ownership(NamedTuple):
    """`by_rule` names the watches of a rule by its id and by its tag; `matcher` decides where X does not say."""

    by_rule: Mapping[str, tuple[str, ...]]
    matcher: Matcher
    names: frozenset[str]

    def watches(self, rules: Sequence[MatchingRule] | None, part: Part) -> tuple[str, ...]:
        """Of the post, from the rules that brought it: by tag, else by rule id, else by its words."""
        found: dict[str, None] = {}
        silent = not rules
        for rule in rules or ():
            told = self.by_rule.get(rule.tag or "") or self.by_rule.get(str(rule.id))
            if told is None:
                named = watch_of_tag(rule.tag or "")
                told = (named,) if named in self.names else None
            if told is not None:
                found.update(dict.fromkeys(told))
            elif not rule.tag:
                silent = True
        main = part.messages[-1]
        if not found and silent and isinstance(main, Post):
            return self.matcher.watches(main, part.context)
        return tuple(found)


class _Event(msgspec.Struct, gc=False):
    """`data` of messages that are no posts (compliance events), by their key."""

    delete: msgspec.Raw = msgspec.Raw()
    withheld: msgspec.Raw = msgspec.Raw()
    drop: msgspec.Raw = msgspec.Raw()
    undrop: msgspec.Raw = msgspec.Raw()
    tweet_edit: msgspec.Raw = msgspec.Raw()


_event = msgspec.json.Decoder(_Event)
_keys = msgspec.json.Decoder(dict[str, msgspec.Raw])


def replaced(post: Post, history: Sequence[Id], now: datetime) -> list[Takedown]:
    """Of the versions that came before this one: each has an id of its own, and words that were taken back."""
    versions = [f"{PLATFORM}:{id_}" for id_ in history]
    before = versions[: versions.index(post.uid)] if post.uid in versions else []
    return [
        Takedown(
            uid=old,
            observed_at=now,
            collector=post.collector,
            watches=post.watches,
            reason=f"{EDITED}: its author replaced it by {post.uid}",
        )
        for old in before
    ]


def to_posts(
    payload: bytes, now: datetime, collector: str, owners: Ownership, *, ahead: timedelta = timedelta(0)
) -> MappedLine:
    """One line, observed at `now`. Originals of reposts and quoted posts come before the post itself; after it go the
    versions that it replaces.

    `ahead` is how far X's clock is ahead of ours: what X dates after our own now need not lie in the future.

    Raises:
        BadRecord: truncated, not JSON, no id, a time that cannot be.
    """
    payload = without_nul(payload)
    envelope = decode(payload)
    if first_byte(envelope.data) != b"{":
        return _notice(payload, envelope)
    terms = Terms(collector, Span(EARLIEST, now + ahead + TOLERANCE), now)
    try:
        tweet = decode_tweet(envelope.data)
    except BadRecord:
        kind = _event_kind(envelope.data)
        if kind:
            return MappedLine("unknown", note=f"data.{kind}")
        raise
    beside = included(envelope.includes)
    posts, profiles = charged(tweet, beside)
    part = posts_of(tweet, beside, terms)
    watches = owners.watches(envelope.matching_rules, part)
    if not watches:
        return MappedLine("nobody's", posts=posts, profiles=profiles)
    messages: list[Message] = [msgspec.structs.replace(message, watches=watches) for message in part.messages]
    main = messages[-1]
    if isinstance(main, Post):
        messages += replaced(main, tweet.edit_history_tweet_ids or tweet.edit_history_post_ids or (), now)
    return MappedLine("posts", messages, posts=posts, profiles=profiles)


def charged(tweet: Tweet, beside: Included) -> tuple[list[str], list[str]]:
    """Ids of the posts and profiles in one line."""
    return [str(tweet.id), *map(str, beside.tweets)], [str(id_) for id_ in beside.users]


def disconnect(problems: Sequence[Problem]) -> str:
    """Why X is about to close the stream; "" where it is not."""
    return next((one.said for one in problems if one.disconnect_type or "disconnect" in (one.type or "")), "")


def _notice(payload: bytes, envelope: Envelope) -> MappedLine:
    if envelope.errors:
        return MappedLine("problem", note=disconnect(envelope.errors) or envelope.errors[0].said)
    if first_byte(envelope.data):
        raise BadRecord("expected `data` to be an object")
    return MappedLine("unknown", note=", ".join(sorted(_keys.decode(payload))) or "an empty object")


def _event_kind(data: msgspec.Raw) -> str:
    try:
        event = _event.decode(data)
    except msgspec.DecodeError:
        return ""
    return next((name for name in event.__struct_fields__ if first_byte(getattr(event, name))), "")


def latest_id(messages: Sequence[Message], before: str) -> str:
    """The highest post id so far: ids rise with time."""
    last = next((message for message in reversed(messages) if isinstance(message, Post)), None)
    if last is None:
        return before
    id_ = last.uid.partition(":")[2]
    return id_ if id_.isdigit() and int(id_) > int(before or 0) else before
