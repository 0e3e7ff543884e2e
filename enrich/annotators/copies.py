"""What copies of a text have in common: an exact digest, and anchors that a part of it has as well."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from enrich.annotator import Tags
from enrich.annotators.anchors import anchored
from enrich.memo import Memo
from secondsource.contracts.copied import copied_text
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


def sketch_texts(texts: Sequence[str]) -> list[Sketch]:
    """The sketch of each text. Texts of fewer than eight words have no bands: too much is like them."""
    return sketch_copied([copied_text(text) for text in texts])


def sketch_copied(texts: Sequence[str]) -> list[Sketch]:
    """As `sketch_texts`, of texts already reduced to what a copy keeps (`copied_text`)."""
    return [Sketch(exact=_digest(found.letters), bands=found.anchors, words=found.words) for found in anchored(texts)]


def _digest(letters: bytes) -> str:
    return blake2b(letters, digest_size=12).hexdigest() if letters else ""
