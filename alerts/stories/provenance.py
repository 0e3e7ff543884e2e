"""Where a post has it from: what ties it to its source, whose text it carries, and what shows that."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from alerts.memory.digests import digest
from alerts.origins.registry import Listed
from alerts.stories.kept import Note
from alerts.stories.story import Story
from alerts.stories.ties import Tied
from alerts.stories.tokens import (
    account_token,
    by_hand_token,
    cluster_token,
    credit_token,
    link_token,
    owner_token,
    picture_token,
    post_token,
    text_token,
)
from alerts.stories.traits import Traits
from alerts.wording import TIES
from secondsource.contracts.messages import Enriched, Post, StanceLabel

_FEWEST_SHARED_WORDS = 3  # two posts of one story with the same few words may still have said them each by itself
_SHARED = frozenset(token(0) & 7 for token in (cluster_token, picture_token, link_token))
_FEWEST_HASHTAGS = 3
_CLUSTER = cluster_token(0)


def tokens_of(
    story: Story, enriched: Enriched, key: int, account: int, stance: StanceLabel, traits: Traits, whose: str
) -> tuple[int, ...]:
    """What ties a post to its source: the post it passes on, its author, its text, its pictures, its links. `whose`
    words it passes on by hand: a handle, "" for its own.

    Only posts of one side are ever compared by them. Who disputes a post, a picture or a page by showing it copies
    nobody.
    """
    post = enriched.post
    tokens = [] if post.repost_of else [post_token(key)]
    passed_on = post.repost_of or post.quote_of
    if passed_on:
        target = digest(passed_on)
        original = story.notes.get(target)
        if original is None and (post.repost_of or stance != "denies"):
            tokens.append(post_token(target))
        elif original is not None and (original.stance == "denies") == (stance == "denies"):
            tokens.append(original.tokens[0])
        else:
            passed_on = ""
    if not passed_on:
        tokens += [account_token(account), *_by_hand(story, enriched.post, stance, whose)]
    if post.edit_of:
        tokens.append(post_token(digest(post.edit_of)))
    if traits.exact and enriched.sketch.words >= _FEWEST_SHARED_WORDS:
        tokens.append(text_token(traits.exact))
    if traits.representative:
        tokens += _clusters(story, traits.representative)
    for kin in traits.kin:
        tokens += _clusters(story, kin)
    if stance != "denies":
        tokens += [picture_token(match.row.number) for match in traits.pictures if match.row.telling]
        tokens += [link_token(link) for link, _ in traits.links]
    return tuple(dict.fromkeys(tokens))


def _by_hand(story: Story, post: Post, stance: StanceLabel, whose: str) -> list[int]:
    """What ties those who write "RT @ana: …" to each other, whatever they pass on of hers, and to what she posts."""
    token = by_hand_token(post.platform, whose or post.author.handle)
    if story.ties_by(token, stance):
        return [token]
    return [token, *map(account_token, story.accounts_behind(token))] if whose else []


def _clusters(story: Story, representative: int) -> list[int]:
    """The near-copies of a text, and those that this text was found to be one of, which may take another side."""
    note = story.notes.get(story.places.get(representative, 0))
    first = () if note is None else (token for token in note.tokens if token & 7 == _CLUSTER)
    return [*islice(first, 1), cluster_token(representative)]


def shared(note: Note, hashtags: Sequence[str]) -> list[int]:
    """What of a post others may share: its text and near-copies, pictures, pages, and hashtags if three or more."""
    tokens = [token for token in note.tokens if token & 7 in _SHARED]
    if len(hashtags) >= _FEWEST_HASHTAGS:
        tokens.append(text_token(digest(f"hashtags {' '.join(hashtags).casefold()}")))
    return tokens


def tokens_behind(source: Listed | None) -> tuple[int, ...]:
    """Who owns a source, and the credit that makes outlets its carriers."""
    if source is None:
        return ()
    owner = owner_token(digest(f"owner {source.owner}"))
    return (owner, credit_token(digest(source.credit))) if source.credit else (owner,)


def doubt(enriched: Enriched, tied: Tied, credited: tuple[str, ...]) -> int:
    """How often the weight of an origin that this post begins is halved: see `origins`. Whose text it carries, and says
    so, it has not from hearsay.
    """
    second_hand = enriched.stance.attributed_to not in ("", *credited) and not enriched.post.repost_of
    return (tied.tie == "reply") + second_hand + (not tied.sure)


def evidence(
    tied: Tied, credited: tuple[str, ...], heard: str, source: Listed | None, also: list[Tied], disowned: str
) -> str:
    """What shows the tie; what of the watch it says that this is not; what else ties it to other parts of the story;
    and the agency or owner through which outlets of the story become one origin.
    """
    denial = f"says that this is not {disowned}" if disowned else ""
    others = (f"and {TIES[one.tie]} a post that began another story, now part of this one" for one in also)
    whose = (*(f"credits {agency}" for agency in credited[:1]), f"says to have it from {heard}" if heard else "")
    behind = (*whose, source.evidence() if source else "")
    return "; ".join(filter(None, (tied.evidence, denial, *others, *behind)))
