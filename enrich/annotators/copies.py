"""The sketch of a post: what its copies have in common with it (`enrich.sketching`)."""

from __future__ import annotations

from collections.abc import Sequence

from enrich.annotator import Tags
from enrich.memo import Memo
from enrich.sketching.sketch import sketch_texts
from secondsource.contracts.messages import Post, Sketch

_REMEMBERED_LENGTH = 1_000


class CopyAnnotator:
    """The sketch of each post's text; equal in every process and on every machine."""

    fills = "sketch"

    def __init__(self, *, remembered: int = 4_096) -> None:
        self._memo: Memo[str, Sketch] = Memo(remembered)

    def annotate(self, posts: Sequence[Post], tags: Tags) -> list[Sketch]:  # noqa: ARG002 -- the text alone decides
        return self._memo.all_of([post.text for post in posts], sketch_texts, kept=_is_short)


def _is_short(text: str) -> bool:
    return len(text) <= _REMEMBERED_LENGTH
