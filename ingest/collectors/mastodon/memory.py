"""What was sent of Mastodon: the same status comes from every instance, by another id and with other counts."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime

import msgspec

from ingest.formats.mastodon import home_of
from secondsource.contracts.messages import Counts, Engagement, Message, Post, Takedown


class _Sent:
    """`home`: its counts are its own instance's. `gone`: it was taken down and must not come back."""

    __slots__ = ("counts", "edited_at", "gone", "home", "watches")

    def __init__(self, watches: tuple[str, ...], edited_at: datetime | None) -> None:
        self.watches = watches
        self.edited_at = edited_at
        self.counts: Counts | None = None
        self.home = self.gone = False


class Sent:
    """The last `most` posts by uid and by each instance's id, the longest untouched forgotten first."""

    def __init__(self, collector: str, most: int) -> None:
        self._collector, self._most = collector, most
        self._posts: OrderedDict[str, _Sent] = OrderedDict()
        self._uids: OrderedDict[tuple[str, str], str] = OrderedDict()

    def __contains__(self, uid: str) -> bool:
        return uid in self._posts

    def __len__(self) -> int:
        return len(self._posts)

    def watches(self, uid: str) -> tuple[str, ...]:
        known = self._posts.get(uid)
        return () if known is None or known.gone else known.watches

    def uid(self, host: str, id_: str) -> str:
        """Of what an instance calls by this id; "" where it is not known."""
        return self._uids.get((host, id_), "")

    def stored(self, uid: str, watches: tuple[str, ...]) -> None:
        """It was sent before this process began, in which wording is not known."""
        self._keep(uid, _Sent(watches, None))

    def seen(self, host: str, id_: str, post: Post, edited_at: datetime | None) -> Message | None:
        """What there is to send of a post that an instance shows: itself, its new wording, new counts, or nothing.

        The instance it was written on knows its counts; any other knows of what it has seen itself, so that among
        those the highest count is the nearest.
        """
        known = self._posts.get(post.uid)
        self._uids[host, id_] = post.uid
        self._uids.move_to_end((host, id_))
        while len(self._uids) > 2 * self._most:
            self._uids.popitem(last=False)
        if known is None:
            known = _Sent(post.watches, edited_at)
            known.counts, known.home = post.counts, home_of(post.uid) == host
            self._keep(post.uid, known)
            return post
        self._posts.move_to_end(post.uid)
        if known.gone:
            return None
        risen = self._count(known, post, at_home=home_of(post.uid) == host)
        watches = tuple(dict.fromkeys((*known.watches, *post.watches)))
        edited = edited_at is not None and (known.edited_at is None or edited_at > known.edited_at)
        if edited or watches != known.watches:
            known.watches, known.edited_at = watches, edited_at or known.edited_at
            return msgspec.structs.replace(post, watches=watches, counts=known.counts)
        if risen and known.counts is not None:
            return Engagement(
                uid=post.uid,
                observed_at=post.observed_at,
                collector=self._collector,
                watches=known.watches,
                counts=known.counts,
            )
        return None

    def gone(self, uid: str, at: datetime, reason: str) -> list[Takedown]:
        """The takedown of what was sent and is not gone already."""
        known = self._posts.get(uid)
        if known is None or known.gone:
            return []
        known.gone = True
        return [
            Takedown(uid=uid, observed_at=at, collector=self._collector, watches=known.watches, reason=reason[:300])
        ]

    def _keep(self, uid: str, sent: _Sent) -> None:
        self._posts[uid] = sent
        while len(self._posts) > self._most:
            self._posts.popitem(last=False)

    def _count(self, known: _Sent, post: Post, *, at_home: bool) -> bool:
        """Whether it is better known now how often it was passed on."""
        if post.counts is None or (known.home and not at_home):
            return False
        before = known.counts
        known.home = at_home
        known.counts = post.counts if at_home or before is None else _highest(before, post.counts)
        return known.counts != before and before is not None


def _highest(one: Counts, other: Counts) -> Counts:
    def most(left: int | None, right: int | None) -> int | None:
        return max(left, right) if left is not None and right is not None else right if left is None else left

    return Counts(
        reposts=most(one.reposts, other.reposts),
        quotes=most(one.quotes, other.quotes),
        replies=most(one.replies, other.replies),
        likes=most(one.likes, other.likes),
        views=most(one.views, other.views),
    )
