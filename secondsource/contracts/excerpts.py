"""What is quoted of a post that is too long to be quoted whole."""

from __future__ import annotations

from typing import Final

QUOTED: Final = 280  #: characters of a post that are shown
KEPT: Final = QUOTED + 1  #: characters that are kept for it: one more tells whether the text goes on


def excerpt(text: str) -> str:
    """The text; of one with more than `QUOTED` characters the beginning, and "…" for the rest."""
    return text if len(text) <= QUOTED else text[: QUOTED - 1].rstrip() + "…"
