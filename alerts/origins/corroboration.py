"""How well a story is corroborated, in one word."""

from __future__ import annotations

from typing import NamedTuple

from secondsource.contracts.messages import Corroboration


class Support(NamedTuple):
    """Who asserts a story and who disputes it. `blind`: a collector its watch relies on saw nothing for part of its
    time.
    """

    asserting_posts: int
    independent: float
    disputes: int
    blind: bool


def state(support: Support, required: float) -> Corroboration:
    """The first that holds:

    contested: at least one dispute has an origin of its own (origins of disputes are found like those of assertions).
    multi-origin: N_eff reaches what the watch requires.
    unknown: it does not, but a collector was blind, so the missing origin may only have gone unseen.
    none: at most one post asserts it, nobody repeats it.
    single-origin: all who assert it trace back to fewer origins than the watch requires.
    """
    if support.disputes:
        return "contested"
    if support.independent >= required:
        return "multi-origin"
    if support.blind:
        return "unknown"
    return "single-origin" if support.asserting_posts > 1 else "none"
