"""What a watch's whole past leads to expect, fitted from what is stored.

Counted is as the alerts do (`alerts.spread.surprise.Tally`): of each post of a story the larger of what was seen and
what its platform reported, an account once. A story that opens with a repost began before it was seen, and is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

from secondsource.contracts.baselines import AGES, CLASSES, ONE_AGE, AtAge, Baseline, Usual
from store.database.tables import accounts, engagement, posts, stories, story_posts
from store.database.views import post_watches
from store.store import Store

#: Fewer stories lead to expect nothing.
FEWEST = 30
_OF_AN_ACCOUNT = 3  # stories, at least, for it to be told of by itself
_ACCOUNT_LAST = 100
_MOST_ACCOUNTS = 5_000
_PASSES_ON = ("repost", "quote", "text", "media", "link")
_NAMES_A_POST = ("repost", "quote")
_COPIES = ""  # what copies are counted under that name no post


def fit(
    store: Store, watch: str, since: datetime, until: datetime, number: Callable[[str], int], fitted_at: datetime
) -> Baseline | None:
    """From stories that opened from `since` to just before `until`; None where they are too few.

    It is to hold from `until` on, unless it is said otherwise. `number` stands for an account's uid.

    Raises:
        SourceAway: the database did not answer.
    """
    with store.database.reading() as connection:
        past = _past(connection, watch, since, until)
    if len(past.stories) < FEWEST:
        return None
    reached = [past.reached(age) for age in AGES]
    then = past.stories.loc[reached[ONE_AGE].index].assign(reached=reached[ONE_AGE])
    bounds = _bounds(past.stories)
    return Baseline(
        watch=watch,
        version=0,
        applies_from=until,
        fitted_at=fitted_at,
        data_from=since,
        data_until=until,
        posts=past.posts,
        ages=tuple(map(_at_age, reached)),
        bounds=bounds,
        classes=_classes(then, bounds) if bounds else (),
        accounts=_accounts(then, number),
    )


def opened(store: Store, watch: str, since: datetime, until: datetime) -> int:
    """How many stories there are to go by.

    Raises:
        SourceAway: the database did not answer.
    """
    with store.database.reading() as connection:
        return len(_past(connection, watch, since, until).stories)


class _Past(NamedTuple):
    """`stories` by name: opened_at, account, followers. `acts` and `reports` by story, post and age in seconds."""

    stories: pd.DataFrame
    acts: pd.DataFrame
    reports: pd.DataFrame
    until: datetime
    posts: int

    def reached(self, age: float) -> pd.Series[int]:
        """Interactions at this age of each story that has come to it."""
        old_enough = self.stories.index[self.stories["opened_at"] <= pd.Timestamp(self.until - timedelta(seconds=age))]
        seen = self.acts[self.acts["age"] <= age].groupby(["story", "post"]).size()
        said = self.reports[self.reports["age"] <= age].groupby(["story", "post"])["interactions"].max()
        larger = pd.concat([seen, said], axis=1).fillna(0).max(axis=1)
        return larger.groupby(level="story").sum().reindex(old_enough, fill_value=0).astype("int64")


def _past(connection: Connection, watch: str, since: datetime, until: datetime) -> _Past:
    members = _frame(connection, _members(watch, since, until))
    loose = _frame(connection, _loose(watch, since, until))
    members = members.sort_values(["story", "observed_at", "uid"], kind="stable")
    first = members.drop_duplicates("story").set_index("story")
    opened = first["observed_at"]
    members["age"] = _age(members, opened)
    fresh = first[first["repost_of"] == ""]
    members = members[members["story"].isin(fresh.index)]
    columns = ["observed_at", "account_uid", "followers"]
    both = pd.concat([fresh[columns], loose.set_index("uid")[columns]]) if len(loose) else fresh[columns]
    both = both.rename(columns={"observed_at": "opened_at", "account_uid": "account"})
    counts = _frame(connection, _counts(watch, since, until))
    counts["age"] = _age(counts, opened)
    return _Past(both.sort_values("opened_at", kind="stable"), _acts(members, first), counts, until, len(members))


def _acts(members: pd.DataFrame, first: pd.DataFrame) -> pd.DataFrame:
    """Who passed on what: of each account its first act in a story, and none of who opened it."""
    others = members["account_uid"] != members["story"].map(first["account_uid"])
    acts = members[(members["stance"] == "asserts") & members["tie"].isin(_PASSES_ON) & others]
    acts = acts.drop_duplicates(["story", "account_uid"])
    return acts.assign(post=acts["tied_to"].where(acts["tie"].isin(_NAMES_A_POST), _COPIES))[["story", "post", "age"]]


def _members(watch: str, since: datetime, until: datetime) -> Select[Any]:
    s, m, p = stories.c, story_posts.c, posts.c
    return (
        select(
            m.story, m.uid, m.stance, m.tie, m.tied_to, p.account_uid, p.observed_at, p.repost_of, accounts.c.followers
        )
        .join(stories, s.id == m.story)
        .join(posts, p.uid == m.uid)
        .outerjoin(accounts, accounts.c.uid == p.account_uid)
        .where(s.watch == watch, s.merged_into == "", s.opened_at >= since, s.opened_at < until, p.observed_at < until)
    )  # fmt: skip


def _loose(watch: str, since: datetime, until: datetime) -> Select[Any]:
    """Posts that nobody answered or repeated: each was a story by itself."""
    w, p = post_watches.c, posts.c
    told = select(story_posts.c.uid).join(stories, stories.c.id == story_posts.c.story).where(stories.c.watch == watch)
    return (
        select(p.uid, p.account_uid, p.observed_at, accounts.c.followers)
        .join(post_watches, and_(w.uid == p.uid, w.watch == watch))
        .outerjoin(accounts, accounts.c.uid == p.account_uid)
        .where(p.repost_of == "", p.observed_at >= since, p.observed_at < until, p.uid.not_in(told))
    )


def _counts(watch: str, since: datetime, until: datetime) -> Select[Any]:
    """What platforms said of posts of stories, and when; a repost's counts are its original's."""
    s, m, p, e = stories.c, story_posts.c, posts.c, engagement.c
    ours = and_(s.watch == watch, s.merged_into == "", s.opened_at >= since, s.opened_at < until)
    told = and_(ours, m.stance == "asserts", p.repost_of == "")
    members = select(m.story, m.uid).join(stories, s.id == m.story).join(posts, p.uid == m.uid).where(told).subquery()
    snapshots = (
        select(e.uid, e.observed_at, *_interactions(e))
        .union_all(select(p.uid, p.counts_at.label("observed_at"), *_interactions(p)).where(p.counts_at.is_not(None)))
        .subquery()
    )
    return (
        select(members.c.story, members.c.uid.label("post"), snapshots.c.observed_at, snapshots.c.interactions)
        .join(snapshots, snapshots.c.uid == members.c.uid)
        .where(snapshots.c.observed_at < until)
    )


def _interactions(of: Any) -> tuple[ColumnElement[int]]:
    counted = (of.reposts, of.quotes, of.replies)
    return (
        (func.coalesce(counted[0], 0) + func.coalesce(counted[1], 0) + func.coalesce(counted[2], 0)).label(
            "interactions"
        ),
    )


def _frame(connection: Connection, query: Select[Any]) -> pd.DataFrame:
    rows = connection.execute(query).all()
    frame = pd.DataFrame(rows, columns=[column.name for column in query.selected_columns])
    frame["observed_at"] = pd.to_datetime(frame["observed_at"], utc=True)
    if "followers" in frame:
        frame["followers"] = frame["followers"].astype("float64")  # not told: NaN
    return frame


def _age(frame: pd.DataFrame, opened: pd.Series[Any]) -> pd.Series[float]:
    """Seconds since the row's story opened."""
    return (frame["observed_at"] - opened.reindex(frame["story"]).set_axis(frame.index)).dt.total_seconds()


def middle_mean(values: pd.Series[int]) -> float:
    """The mean of the middle half; 0 for none."""
    ranked = values.sort_values()
    cut = len(ranked) // 4
    middle = ranked.iloc[cut : len(ranked) - cut]
    return round(float(middle.mean()), 6) if len(middle) else 0.0


def dispersion(values: pd.Series[int]) -> float:
    """α by the method of moments, the outermost 5 % on each side brought in; 0 where there is no more than chance."""
    if len(values) < 2:
        return 0.0
    ranked = values.sort_values()
    cut = len(ranked) // 20
    inner = ranked.clip(ranked.iloc[cut], ranked.iloc[len(ranked) - 1 - cut])
    mean, variance = float(inner.mean()), float(inner.var())
    return round(max(0.0, (variance - mean) / (mean * mean)), 6) if mean > 0 else 0.0


def _at_age(values: pd.Series[int]) -> AtAge:
    return AtAge(mean=middle_mean(values), dispersion=dispersion(values), history=len(values))


def _bounds(told: pd.DataFrame) -> tuple[int, ...]:
    """Followers between the deciles of accounts; () where they are not known."""
    known = told.dropna(subset=["followers"]).drop_duplicates("account")["followers"]
    if len(known) < FEWEST:
        return ()
    return tuple(int(bound) for bound in known.quantile([place / CLASSES for place in range(1, CLASSES)]))


def _classes(then: pd.DataFrame, bounds: Sequence[int]) -> tuple[Usual, ...]:
    known = then.dropna(subset=["followers"])
    place = np.searchsorted(bounds, known["followers"], side="right")
    by_place = [known.loc[place == one, "reached"] for one in range(CLASSES)]
    return tuple(_usual(values) for values in by_place)


def _accounts(then: pd.DataFrame, number: Callable[[str], int]) -> dict[int, Usual]:
    """Of those of whom most is known."""
    often = then["account"].value_counts()
    often = often[often >= _OF_AN_ACCOUNT].sort_index().sort_values(ascending=False, kind="stable")
    kept = then[then["account"].isin(often.index[:_MOST_ACCOUNTS])]
    usual = {
        number(str(name)): _usual(values.tail(_ACCOUNT_LAST)) for name, values in kept.groupby("account")["reached"]
    }
    return dict(sorted(usual.items()))


def _usual(values: pd.Series[int]) -> Usual:
    return Usual(posts=len(values), mean=middle_mean(values))
