"""What the store hands to those who look at a story."""

from __future__ import annotations

from typing import NamedTuple

from secondsource.contracts.messages import Post, StanceLabel


class StoryPost(NamedTuple):
    """A post of a story as the evidence page shows it. `cue` is the words that told its stance ("UN said"), if any."""

    post: Post
    stance: StanceLabel
    tie: str
    tied_to: str
    evidence: str
    cue: str = ""
