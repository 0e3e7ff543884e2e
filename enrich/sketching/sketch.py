"""The sketch of a text: its exact digest, its anchors, how many words it has."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from enrich.sketching.anchors import anchored
from secondsource.contracts.copied import copied_text
from secondsource.contracts.messages import Sketch


def sketch_texts(texts: Sequence[str]) -> list[Sketch]:
    """The sketch of each text. Texts of fewer than eight words have no bands: too much is like them."""
    return sketch_copied([copied_text(text) for text in texts])


def sketch_copied(texts: Sequence[str]) -> list[Sketch]:
    """As `sketch_texts`, of texts already reduced to what a copy keeps (`copied_text`)."""
    return [Sketch(exact=_digest(found.letters), bands=found.anchors, words=found.words) for found in anchored(texts)]


def _digest(letters: bytes) -> str:
    return blake2b(letters, digest_size=12).hexdigest() if letters else ""
