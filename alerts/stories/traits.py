"""What of a post may be found in others."""

from __future__ import annotations

from typing import NamedTuple

from alerts.earlier.pictures import Match

#: Pictures of a post that are looked at.
MOST_PICTURES = 8


class Traits(NamedTuple):
    """`exact`: digest of its normalised text; `representative`: of the near-copies it belongs to, `likeness` in percent
    (0.0 where it is the same); `passing`: most of the post is not of it, so that it makes the post a copy only where
    something else shows that both are of one story; `longer`: it says more than that; `apart`: the same of
    another place. `kin`: representatives with which it has many words in a row in common, though it copies none of
    them. `line`: what it begins or ends with, if other posts that say something else do as well. Pictures with their
    row and distance; links with their digest. `checked`: pages that
    its reviews say the claim appeared on, which lead to a story but make nobody a copy.
    """

    exact: int = 0
    representative: int = 0
    likeness: float = 0.0
    passing: bool = False
    longer: bool = False
    apart: bool = False
    kin: tuple[int, ...] = ()
    line: str = ""
    pictures: tuple[Match, ...] = ()
    links: tuple[tuple[int, str], ...] = ()
    checked: tuple[tuple[int, str], ...] = ()
