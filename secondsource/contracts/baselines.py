"""What the store's whole past leads a watch to expect, in versions: fitted by `store`, read by `alerts`."""

from __future__ import annotations

from datetime import datetime

import msgspec

from secondsource.contracts.messages import Struct

#: Ages, in seconds, at which a story's interactions are compared: 1, 5, 15 min, 1, 4, 12, 24, 48 h.
AGES = (60.0, 300.0, 900.0, 3_600.0, 14_400.0, 43_200.0, 86_400.0, 172_800.0)
#: Which of them accounts, and classes of followers, are compared at.
ONE_AGE = 3
CLASSES = 10  #: of accounts, by their followers


class AtAge(Struct, frozen=True, kw_only=True):
    """Of `history` posts: the mean of the middle half of their interactions, and their dispersion α."""

    mean: float
    dispersion: float
    history: int


class Usual(Struct, frozen=True, kw_only=True):
    """What `posts` of one account, or of one class, came to at the one age: the mean of their middle half."""

    posts: int
    mean: float


class Baseline(Struct, frozen=True, kw_only=True):
    """One watch's baseline. It holds from event time `applies_from` on, until the next one does.

    `ages` go with `AGES`. `bounds` are the nine follower counts between the deciles of accounts, rising, and `classes`
    the ten deciles, those with fewest followers first. `accounts` go by the number that stands for their uid.
    """

    watch: str
    version: int
    applies_from: datetime
    fitted_at: datetime
    data_from: datetime
    data_until: datetime
    posts: int
    ages: tuple[AtAge, ...]
    bounds: tuple[int, ...] = ()
    classes: tuple[Usual, ...] = ()
    accounts: dict[int, Usual] = msgspec.field(default_factory=dict)
